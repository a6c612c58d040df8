/*
 * clients - the connections of the alias socket
 *
 * Postfix keeps its connections open for long, and may have many of them: so
 * they wait in one epoll(7) set, and any number of threads ask it for the next
 * request. Nobody waits for a client:
 *
 * - what has been sent of a request is kept until the rest comes; one that is
 *   not whole after HD_CLIENT_PATIENCE closes its connection;
 * - a client gets one request answered in its turn, then it is others' turn;
 * - one that does not read its replies is closed when they back up;
 * - HD_CLIENTS_MAX connections at a time; for one more the longest idle is closed.
 *
 * The set outlives the threads that a reload replaces: no connection is lost.
 */
#ifndef HD_CLIENTS_H
#define HD_CLIENTS_H

#include "error.h"
#include "socketmap.h"

enum {
	HD_CLIENTS_MAX = 512,
	HD_CLIENT_PATIENCE = 10000, /* milliseconds */
	HD_CLIENTS_WAKE = 200       /* milliseconds: how long hd_clients_next waits at most */
};

struct hd_clients;
struct hd_client;

/*
 * hd_clients_open - accept from a listening socket
 *
 * listener: does not block; borrowed. *clients is the caller's, for
 * hd_clients_close. HD_NO_MEMORY, HD_IO: logged.
 */
enum hd_error hd_clients_open(int listener, struct hd_clients **clients);

/* hd_clients_close - close all connections; no thread may be in here; NULL is allowed */
void hd_clients_close(struct hd_clients *clients);

/*
 * hd_clients_next - the next request, or NULL after a moment
 *
 * The client is the caller's alone until hd_clients_reply; *request is borrowed
 * until then.
 */
struct hd_client *hd_clients_next(struct hd_clients *clients, struct hd_socketmap_request *request);

/* hd_clients_reply - answer the request that hd_clients_next gave; length 0: close */
void hd_clients_reply(
    struct hd_clients *clients, struct hd_client *client, const char *reply, size_t length);

#endif
