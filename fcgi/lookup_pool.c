#include "lookup_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "lookup.h"
#include "store.h"

enum {
	WORKERS = 4,
	/*
	 * Milliseconds. Waiting for the lock takes twice that at most, and Postfix's
	 * client waits as long: it shall hear "try again" soon, not hang.
	 */
	STORE_WAIT = 900
};

struct worker {
	struct hd_lookup_pool *pool;
	struct hd_store *store;
	pthread_t thread;
};

struct hd_lookup_pool {
	const struct hd_config *config;
	struct hd_clients *clients;
	atomic_bool stopping;
	size_t started; /* workers whose thread runs */
	struct worker workers[WORKERS];
};

static void *
work(void *argument)
{
	const struct worker *worker = argument;
	const struct hd_lookup_pool *pool = worker->pool;
	const struct hd_lookup lookup = {.config = pool->config, .store = worker->store};
	struct hd_socketmap_request request;
	char reply[HD_SOCKETMAP_REPLY_MAX];

	while (!atomic_load(&pool->stopping)) {
		struct hd_client *client = hd_clients_next(pool->clients, &request);

		if (client != NULL)
			hd_clients_reply(pool->clients, client, reply,
			    hd_lookup_answer(&lookup, &request, reply));
	}
	return NULL;
}

static enum hd_error
start_workers(struct hd_lookup_pool *pool)
{
	const struct hd_store_options options = {
	    .backend = pool->config->backend,
	    .path = pool->config->store_path,
	    .access = HD_STORE_USE,
	    .durable = true, /* once Postfix was told OK, the offer must not be forgotten */
	    .wait = STORE_WAIT,
	};
	enum hd_error error = HD_OK;

	for (size_t i = 0; error == HD_OK && i < WORKERS; i++) {
		pool->workers[i].pool = pool;
		error = hd_store_open(&options, &pool->workers[i].store);
	}
	while (error == HD_OK && pool->started < WORKERS) {
		struct worker *worker = &pool->workers[pool->started];
		int result = pthread_create(&worker->thread, NULL, work, worker);

		if (result != 0) {
			hd_error("cannot start a thread: %s", strerror(result));
			error = HD_IO;
		} else
			pool->started++;
	}
	return error;
}

enum hd_error
hd_lookup_pool_start(
    const struct hd_config *config, struct hd_clients *clients, struct hd_lookup_pool **result)
{
	struct hd_lookup_pool *pool = calloc(1, sizeof(*pool));
	enum hd_error error;

	*result = NULL;
	if (pool == NULL) {
		hd_error("cannot start the look-ups: out of memory");
		return HD_NO_MEMORY;
	}
	pool->config = config;
	pool->clients = clients;
	atomic_init(&pool->stopping, false);
	error = start_workers(pool);
	if (error != HD_OK) {
		hd_lookup_pool_stop(pool);
		return error;
	}
	*result = pool;
	return HD_OK;
}

void
hd_lookup_pool_stop(struct hd_lookup_pool *pool)
{
	if (pool == NULL)
		return;
	atomic_store(&pool->stopping, true);
	for (size_t i = 0; i < pool->started; i++)
		(void)pthread_join(pool->workers[i].thread, NULL);
	for (size_t i = 0; i < WORKERS; i++)
		hd_store_close(pool->workers[i].store);
	free(pool);
}
