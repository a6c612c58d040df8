/*
 * listener - the service's socket: inherited, or made by us
 */
#ifndef HD_LISTENER_H
#define HD_LISTENER_H

#include "config.h"
#include "error.h"

struct hd_listener {
	int fd;
	char path[HD_SOCKET_PATH_SIZE]; /* of a socket we made; "" when inherited */
};

/*
 * hd_listener_open - find or make the socket to listen on
 *
 * path: from the command line, or NULL. In this order: path; LISTEN_FDS with
 * the name "fcgi" (sd_listen_fds(3)); descriptor 0 if it is a listening socket;
 * the configuration's. A socket that we make has mode 0660 and config's group;
 * a dead one in its place is replaced, one that somebody answers is an error.
 * HD_CONFIG, HD_IO: logged.
 */
enum hd_error hd_listener_open(
    const char *path, const struct hd_config *config, struct hd_listener *listener);

/* hd_listener_close - close it, and remove the socket that we made */
void hd_listener_close(struct hd_listener *listener);

#endif
