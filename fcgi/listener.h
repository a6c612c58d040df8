/*
 * listener - the service's sockets: inherited, or made by us
 */
#ifndef HD_LISTENER_H
#define HD_LISTENER_H

#include <stdbool.h>

#include "config.h"
#include "error.h"
#include "unix_socket.h"

struct hd_listeners {
	struct hd_unix_socket fcgi;  /* for the web server */
	struct hd_unix_socket alias; /* for Postfix's look-ups; fd -1: there is none */
};

/*
 * hd_listeners_open - find or make the sockets to listen on
 *
 * path: from the command line, or NULL. fcgi, in this order: path; LISTEN_FDS
 * with the name "fcgi" (sd_listen_fds(3)); descriptor 0 if it is a listening
 * socket; the configuration's. alias: LISTEN_FDS with the name "alias", beside
 * path too; the configuration's; none. Sockets that we make are made as
 * hd_unix_socket_make says. The variables of LISTEN_FDS are taken out of the
 * environment. accept(2) on fcgi blocks for a fraction of a second at most, on
 * alias not at all.
 * HD_CONFIG, HD_IO: logged, and nothing is left open.
 */
enum hd_error hd_listeners_open(
    const char *path, const struct hd_config *config, struct hd_listeners *listeners);

/*
 * hd_listeners_differ - whether next would need other sockets of us than present got
 *
 * fixed: the fcgi socket's path is from the command line, whatever is configured.
 */
bool hd_listeners_differ(const struct hd_listeners *listeners, bool fixed,
    const struct hd_config *present, const struct hd_config *next);

/* hd_listeners_close - close them, and remove those that we made */
void hd_listeners_close(struct hd_listeners *listeners);

#endif
