/*
 * connection - one request on one accepted connection, with time limits
 *
 * libfcgi accepts by itself, without any time limit on what follows. Here the
 * connection is accepted by us and handed to libfcgi through fields that its
 * header calls private: this is the one file that touches them.
 */
#ifndef HD_CONNECTION_H
#define HD_CONNECTION_H

#include <fcgiapp.h>
#include <stdbool.h>

enum { HD_CONNECTION_TIMEOUT = 10 }; /* seconds, for each read and write */

/*
 * hd_connection_begin - read a request's parameters from a connection
 *
 * fd becomes the request's. True: the request can be served, and
 * hd_connection_end must follow. False: the client is gone, too slow, or does
 * not speak FastCGI; all is released.
 */
bool hd_connection_begin(FCGX_Request *request, int fd);

/* hd_connection_end - send what is left of the answer and close the connection */
void hd_connection_end(FCGX_Request *request);

/*
 * hd_connection_read_body - read and drop the request's body
 *
 * True: it was no longer than max, and all of what was announced came. False:
 * *too_large tells which.
 */
bool hd_connection_read_body(FCGX_Request *request, long max, bool *too_large);

#endif
