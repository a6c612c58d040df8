#include "pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "api.h"
#include "connection.h"
#include "log.h"
#include "metrics.h"
#include "store.h"

enum {
	STORE_WAIT = 5000
}; /* milliseconds, for each of two locks: this process's, then everybody's */

struct worker {
	const struct hd_pool *pool;
	struct hd_store *store;
	pthread_t thread;
};

struct hd_pool {
	const struct hd_config *config;
	int listener;
	atomic_bool stopping;
	size_t started; /* workers whose thread runs */
	size_t count;
	struct worker workers[];
};

static int64_t
nanoseconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void
serve(const struct hd_api *api, FCGX_Request *request)
{
	struct hd_request http = {
	    .method = FCGX_GetParam("REQUEST_METHOD", request->envp),
	    .uri = FCGX_GetParam("REQUEST_URI", request->envp),
	    .accept = FCGX_GetParam("HTTP_ACCEPT", request->envp),
	    .if_none_match = FCGX_GetParam("HTTP_IF_NONE_MATCH", request->envp),
	};
	const int64_t began = nanoseconds();
	struct hd_response response;
	bool too_large;

	hd_response_init(&response);
	if (hd_connection_read_body(request, HD_BODY_MAX, &too_large))
		hd_api_answer(api, &http, &response);
	else if (too_large)
		hd_response_problem(&response, 413, "The body is larger than 64 KiB.");
	else
		hd_response_problem(&response, 400, "The body is shorter than was announced.");
	response.vary = hd_api_negotiated(http.uri);
	/* When this fails the client has gone; there is nobody to tell. */
	(void)hd_response_send(
	    &response, http.method != NULL && strcmp(http.method, "HEAD") == 0, request->out);
	hd_metrics_request(
	    hd_api_route(http.uri), http.method, response.status, nanoseconds() - began);
	hd_response_clear(&response);
}

/* Out of descriptors or memory: it passes, but not at once. */
static void
rest(int reason)
{
	const struct timespec pause = {.tv_nsec = 100000000};

	hd_error("cannot accept a connection: %s", strerror(reason));
	(void)nanosleep(&pause, NULL);
}

static void *
work(void *argument)
{
	const struct worker *worker = argument;
	const struct hd_pool *pool = worker->pool;
	const struct hd_api api = {.config = pool->config, .store = worker->store};
	FCGX_Request request;

	while (!atomic_load(&pool->stopping)) {
		int fd = accept(pool->listener, NULL, NULL);

		if (fd >= 0) {
			if (hd_connection_begin(&request, fd)) {
				serve(&api, &request);
				hd_connection_end(&request);
			}
		} else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			rest(errno);
	}
	return NULL;
}

static enum hd_error
open_store(const struct hd_config *config, struct hd_store **store)
{
	const struct hd_store_options options = {
	    .backend = config->backend,
	    .path = config->store_path,
	    .access = HD_STORE_USE,
	    .wait = STORE_WAIT,
	};

	return hd_store_open(&options, store);
}

static enum hd_error
start_workers(struct hd_pool *pool)
{
	enum hd_error error = HD_OK;

	for (size_t i = 0; error == HD_OK && i < pool->count; i++) {
		pool->workers[i].pool = pool;
		error = open_store(pool->config, &pool->workers[i].store);
	}
	while (error == HD_OK && pool->started < pool->count) {
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
hd_pool_start(const struct hd_config *config, int listener, struct hd_pool **result)
{
	const size_t count = (size_t)config->threads;
	struct hd_pool *pool = calloc(1, sizeof(*pool) + count * sizeof(pool->workers[0]));
	enum hd_error error;

	*result = NULL;
	if (pool == NULL) {
		hd_error("cannot start %zu threads: out of memory", count);
		return HD_NO_MEMORY;
	}
	pool->config = config;
	pool->listener = listener;
	pool->count = count;
	atomic_init(&pool->stopping, false);
	error = start_workers(pool);
	if (error != HD_OK) {
		hd_pool_stop(pool);
		return error;
	}
	*result = pool;
	return HD_OK;
}

void
hd_pool_stop(struct hd_pool *pool)
{
	if (pool == NULL)
		return;
	atomic_store(&pool->stopping, true);
	for (size_t i = 0; i < pool->started; i++)
		(void)pthread_join(pool->workers[i].thread, NULL);
	for (size_t i = 0; i < pool->count; i++)
		hd_store_close(pool->workers[i].store);
	free(pool);
}
