#include "clients.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

/* Milliseconds: how often somebody looks for what took too long, and how often we complain. */
enum { TICK = 1000, COMPLAINT = 60000 };

/* What epoll tells of the listening socket; of a client it is its key. */
#define LISTENER UINT64_MAX

struct hd_client {
	int fd;
	uint64_t key;   /* slot, and which of those that have had that slot */
	bool taken;     /* by a thread: all below is that thread's; else the lock's */
	int64_t active; /* when it came, or was last answered */
	int64_t began;  /* when the request in the buffer began; 0: the buffer is empty */
	size_t size;    /* of the request that is being answered */
	size_t length;
	char buffer[HD_SOCKETMAP_REQUEST_MAX];
};

struct hd_clients {
	int listener;
	int epoll;
	pthread_mutex_t lock; /* for all that follows */
	uint64_t numbered;
	int64_t next_tick;
	int64_t next_complaint;
	bool deaf; /* the listener is not watched until the next tick */
	struct hd_client *slots[HD_CLIENTS_MAX];
};

/*
 * watch - let the next event of a descriptor be told, once, to one thread
 *
 * For a client with the lock held: whoever is told finds it released.
 */
static bool
watch(struct hd_clients *clients, int operation, int fd, uint64_t key, uint32_t events)
{
	struct epoll_event event = {.events = events | EPOLLONESHOT, .data = {.u64 = key}};

	if (epoll_ctl(clients->epoll, operation, fd, &event) == 0)
		return true;
	hd_error("cannot watch a connection for look-ups: %s", strerror(errno));
	return false;
}

/* forget - close a connection and free its slot, with the lock held */
static void
forget(struct hd_clients *clients, struct hd_client *client)
{
	clients->slots[client->key % HD_CLIENTS_MAX] = NULL;
	(void)close(client->fd); /* it leaves the set by that */
	free(client);
}

static void
drop(struct hd_clients *clients, struct hd_client *client)
{
	(void)pthread_mutex_lock(&clients->lock);
	forget(clients, client);
	(void)pthread_mutex_unlock(&clients->lock);
}

/* release - wait for more of a client; events beside EPOLLIN make it its turn again */
static void
release(struct hd_clients *clients, struct hd_client *client, uint32_t events)
{
	(void)pthread_mutex_lock(&clients->lock);
	client->taken = false;
	if (!watch(clients, EPOLL_CTL_MOD, client->fd, client->key, EPOLLIN | events))
		forget(clients, client);
	(void)pthread_mutex_unlock(&clients->lock);
}

/* take - the client of an event; NULL: it was closed after that was told */
static struct hd_client *
take(struct hd_clients *clients, uint64_t key)
{
	struct hd_client *client;

	(void)pthread_mutex_lock(&clients->lock);
	client = clients->slots[key % HD_CLIENTS_MAX];
	if (client != NULL && client->key == key)
		client->taken = true;
	else
		client = NULL;
	(void)pthread_mutex_unlock(&clients->lock);
	return client;
}

/* make_room - close the longest idle client, with the lock held; its slot */
static size_t
make_room(struct hd_clients *clients, struct hd_client *idle)
{
	const size_t slot = idle->key % HD_CLIENTS_MAX;
	const int64_t time = hd_time_monotonic();

	if (time >= clients->next_complaint) {
		hd_warning("more than %d connections for look-ups: the longest idle are closed",
		    HD_CLIENTS_MAX);
		clients->next_complaint = time + COMPLAINT;
	}
	forget(clients, idle);
	return slot;
}

/* free_slot - with the lock held; when all are taken, the longest idle client goes */
static size_t
free_slot(struct hd_clients *clients)
{
	struct hd_client *idle = NULL;

	for (size_t i = 0; i < HD_CLIENTS_MAX; i++) {
		struct hd_client *client = clients->slots[i];

		if (client == NULL)
			return i;
		if (!client->taken && (idle == NULL || client->active < idle->active))
			idle = client;
	}
	/* With as many threads as clients all could be taken; there never are. */
	return idle == NULL ? HD_CLIENTS_MAX : make_room(clients, idle);
}

/* admit - a new connection; its descriptor is ours or closed */
static void
admit(struct hd_clients *clients, int fd)
{
	struct hd_client *client = calloc(1, sizeof(*client));
	size_t slot;

	if (client == NULL) {
		hd_error("cannot serve a connection for look-ups: out of memory");
		(void)close(fd);
		return;
	}
	(void)pthread_mutex_lock(&clients->lock);
	slot = free_slot(clients);
	client->fd = fd;
	client->key = ++clients->numbered * HD_CLIENTS_MAX + slot;
	client->active = hd_time_monotonic();
	if (slot < HD_CLIENTS_MAX && watch(clients, EPOLL_CTL_ADD, fd, client->key, EPOLLIN))
		clients->slots[slot] = client;
	else {
		(void)close(fd);
		free(client);
	}
	(void)pthread_mutex_unlock(&clients->lock);
}

static void
accept_one(struct hd_clients *clients)
{
	int fd = accept4(clients->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	bool pause = false;

	if (fd >= 0)
		admit(clients, fd);
	else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
		/* Out of descriptors or memory: it passes, but not at once. */
		hd_error("cannot accept a connection for look-ups: %s", strerror(errno));
		pause = true;
	}
	(void)pthread_mutex_lock(&clients->lock);
	clients->deaf =
	    pause || !watch(clients, EPOLL_CTL_MOD, clients->listener, LISTENER, EPOLLIN);
	(void)pthread_mutex_unlock(&clients->lock);
}

/* tick - once a second: close what takes too long, and listen again after trouble */
static void
tick(struct hd_clients *clients)
{
	const int64_t time = hd_time_monotonic();

	(void)pthread_mutex_lock(&clients->lock);
	if (time >= clients->next_tick) {
		clients->next_tick = time + TICK;
		for (size_t i = 0; i < HD_CLIENTS_MAX; i++) {
			struct hd_client *client = clients->slots[i];

			if (client != NULL && !client->taken && client->began != 0 &&
			    time - client->began >= HD_CLIENT_PATIENCE)
				forget(clients, client);
		}
		if (clients->deaf)
			clients->deaf =
			    !watch(clients, EPOLL_CTL_MOD, clients->listener, LISTENER, EPOLLIN);
	}
	(void)pthread_mutex_unlock(&clients->lock);
}

static enum hd_socketmap_parsed
parse(const struct hd_client *client, struct hd_socketmap_request *request)
{
	return hd_socketmap_parse(client->buffer, client->length, request);
}

/*
 * receive - what has come since; MALFORMED: the connection is of no use any more
 *
 * The buffer has room: had it none, it would hold a whole request, or none that
 * is right.
 */
static enum hd_socketmap_parsed
receive(struct hd_client *client, struct hd_socketmap_request *request)
{
	ssize_t got = recv(client->fd, client->buffer + client->length,
	    sizeof(client->buffer) - client->length, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return HD_SOCKETMAP_PARTIAL;
	if (got <= 0)
		return HD_SOCKETMAP_MALFORMED;
	if (client->length == 0)
		client->began = hd_time_monotonic();
	client->length += (size_t)got;
	return parse(client, request);
}

struct hd_client *
hd_clients_next(struct hd_clients *clients, struct hd_socketmap_request *request)
{
	struct epoll_event event;
	struct hd_client *client = NULL;
	enum hd_socketmap_parsed parsed;
	int count = epoll_wait(clients->epoll, &event, 1, HD_CLIENTS_WAKE);

	tick(clients);
	if (count != 1)
		return NULL;
	if (event.data.u64 == LISTENER) {
		accept_one(clients);
		return NULL;
	}
	client = take(clients, event.data.u64);
	if (client == NULL)
		return NULL;
	parsed = parse(client, request);
	if (parsed == HD_SOCKETMAP_PARTIAL)
		parsed = receive(client, request);
	switch (parsed) {
	case HD_SOCKETMAP_REQUEST:
		client->size = request->size;
		return client;
	case HD_SOCKETMAP_PARTIAL:
		release(clients, client, 0);
		return NULL;
	case HD_SOCKETMAP_MALFORMED:
	default:
		drop(clients, client);
		return NULL;
	}
}

void
hd_clients_reply(
    struct hd_clients *clients, struct hd_client *client, const char *reply, size_t length)
{
	struct hd_socketmap_request next;
	enum hd_socketmap_parsed parsed;

	if (length == 0 ||
	    send(client->fd, reply, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length) {
		drop(clients, client);
		return;
	}
	client->length -= client->size;
	memmove(client->buffer, client->buffer + client->size, client->length);
	client->active = hd_time_monotonic();
	client->began = client->length == 0 ? 0 : client->active;
	parsed = parse(client, &next);
	/* If another request is here, it is this client's turn again when it can be answered. */
	if (parsed == HD_SOCKETMAP_MALFORMED)
		drop(clients, client);
	else
		release(clients, client, parsed == HD_SOCKETMAP_REQUEST ? EPOLLOUT : 0);
}

enum hd_error
hd_clients_open(int listener, struct hd_clients **result)
{
	struct hd_clients *clients = calloc(1, sizeof(*clients));
	int reason;

	*result = NULL;
	if (clients == NULL) {
		hd_error("cannot serve look-ups: out of memory");
		return HD_NO_MEMORY;
	}
	clients->listener = listener;
	clients->epoll = epoll_create1(EPOLL_CLOEXEC);
	reason = clients->epoll < 0 ? errno : pthread_mutex_init(&clients->lock, NULL);
	if (reason != 0) {
		hd_error("cannot serve look-ups: %s", strerror(reason));
		if (clients->epoll >= 0)
			(void)close(clients->epoll);
		free(clients);
		return HD_IO;
	}
	if (!watch(clients, EPOLL_CTL_ADD, listener, LISTENER, EPOLLIN)) {
		hd_clients_close(clients);
		return HD_IO;
	}
	*result = clients;
	return HD_OK;
}

void
hd_clients_close(struct hd_clients *clients)
{
	if (clients == NULL)
		return;
	for (size_t i = 0; i < HD_CLIENTS_MAX; i++) {
		if (clients->slots[i] != NULL)
			forget(clients, clients->slots[i]);
	}
	(void)close(clients->epoll);
	(void)pthread_mutex_destroy(&clients->lock);
	free(clients);
}
