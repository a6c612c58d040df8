/*
 * unix_socket - a listening socket of our own in the file system
 *
 * Two services that are started on one path at the same moment, or one that
 * stops while its successor starts, do not hurt each other: whoever makes or
 * removes a socket holds a lock file beside it, PATH.lock, meanwhile.
 */
#ifndef HD_UNIX_SOCKET_H
#define HD_UNIX_SOCKET_H

#include <sys/types.h>

#include "config.h"
#include "error.h"

struct hd_unix_socket {
	int fd;                         /* -1: none */
	char path[HD_SOCKET_PATH_SIZE]; /* of a socket we made; "" when inherited */
	dev_t device;                   /* which file that is */
	ino_t inode;
};

/*
 * hd_unix_socket_make - listen at a path
 *
 * Mode 0660; group: to give the socket to, "" for none; section: where the
 * configuration names that group, for messages. A dead socket in its place is
 * replaced, one that somebody answers is an error, as is anything else there.
 * HD_CONFIG, HD_IO: logged, nothing is left. The caller closes.
 */
enum hd_error hd_unix_socket_make(
    const char *path, const char *group, const char *section, struct hd_unix_socket *made);

/*
 * hd_unix_socket_close - close it, and remove it if we made it
 *
 * What has taken its place at the path stays. Allowed on one without fd.
 */
void hd_unix_socket_close(struct hd_unix_socket *made);

#endif
