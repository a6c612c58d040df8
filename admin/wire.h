/*
 * wire - a connection to a server, in the clear or with TLS, with a deadline
 *
 * For "check", which talks to servers that may be down, slow or wrong: nothing
 * here waits past the deadline, and what went wrong is told, not logged.
 */
#ifndef HD_WIRE_H
#define HD_WIRE_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum hd_wire_result {
	HD_WIRE_OK,
	HD_WIRE_CLOSED,      /* the other side has closed it */
	HD_WIRE_REFUSED,     /* nobody listens there */
	HD_WIRE_UNREACHABLE, /* no answer in time, or no way there: says nothing about the server */
	HD_WIRE_TIMEOUT,     /* connected, but silent for too long */
	HD_WIRE_FAILED       /* any other trouble */
};

enum { HD_WIRE_REASON_SIZE = 200 };

struct hd_wire {
	int fd; /* -1: none */
	SSL *ssl;
	int64_t deadline;                 /* monotonic, milliseconds */
	char reason[HD_WIRE_REASON_SIZE]; /* of the last result that was not HD_WIRE_OK */
};

/*
 * hd_wire_open - connect to an address
 *
 * timeout: milliseconds for all that will happen on this connection. Always
 * fills *wire, for hd_wire_close.
 */
enum hd_wire_result hd_wire_open(
    struct hd_wire *wire, const struct sockaddr *address, socklen_t length, int timeout);

/* hd_wire_open_unix - the same for a unix socket; HD_WIRE_FAILED also when path is too long */
enum hd_wire_result hd_wire_open_unix(struct hd_wire *wire, const char *path, int timeout);

/* hd_wire_name - SNI: what SSL_set_tlsext_host_name does, whose macro drops a const */
bool hd_wire_name(SSL *ssl, const char *host);

/*
 * hd_wire_tls - the TLS handshake
 *
 * ssl: ready to connect but for its socket; from now on the wire's, whatever
 * comes of it. A wrong certificate is a failure only if ssl is told to verify.
 */
enum hd_wire_result hd_wire_tls(struct hd_wire *wire, SSL *ssl);

/* hd_wire_write - send all of it */
enum hd_wire_result hd_wire_write(struct hd_wire *wire, const char *data, size_t length);

/* hd_wire_read - what is there, at least one byte and at most size; *length: how many */
enum hd_wire_result hd_wire_read(struct hd_wire *wire, char *data, size_t size, size_t *length);

/* hd_wire_close - release what hd_wire_open has filled */
void hd_wire_close(struct hd_wire *wire);

#endif
