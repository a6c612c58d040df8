#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "log.h"

enum {
	FIRST_INHERITED = 3, /* SD_LISTEN_FDS_START */
	ACCEPT_WAKE = 200000 /* microseconds: how often an idle thread looks whether to stop */
};

/* What systemd passed; fds are -1 where it did not. */
struct inherited {
	int fcgi;
	int alias;
};

static bool
is_listening(int fd)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

/* named - the descriptor that LISTEN_FDNAMES calls name, -1 for none */
static int
named(const char *names, const char *name, int count)
{
	for (int i = 0; i < count; i++) {
		size_t length = strcspn(names, ":");

		if (length == strlen(name) && strncmp(names, name, length) == 0)
			return FIRST_INHERITED + i;
		names += length + (names[length] == ':');
	}
	return -1;
}

/* take - what was passed to this process; HD_CONFIG when it cannot be understood */
static enum hd_error
take(struct inherited *inherited)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	char own_pid[32];
	int count;

	(void)snprintf(own_pid, sizeof(own_pid), "%ld", (long)getpid());
	if (pid == NULL || fds == NULL || strcmp(pid, own_pid) != 0)
		return HD_NONE;
	/* One digit will do: we know two names. */
	if (fds[0] < '1' || fds[0] > '9' || fds[1] != '\0') {
		hd_error("LISTEN_FDS is \"%s\"; expected 1 to 9", fds);
		return HD_CONFIG;
	}
	count = fds[0] - '0';
	for (int fd = FIRST_INHERITED; fd < FIRST_INHERITED + count; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	inherited->fcgi = named(names == NULL ? "" : names, "fcgi", count);
	inherited->alias = named(names == NULL ? "" : names, "alias", count);
	return HD_OK;
}

static enum hd_error
from_systemd(bool need_fcgi, struct inherited *inherited)
{
	enum hd_error error = take(inherited);

	/* They are for us, not for a program that we might start. */
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	if (error != HD_OK)
		return error == HD_NONE ? HD_OK : error;
	if (need_fcgi && (inherited->fcgi < 0 || !is_listening(inherited->fcgi))) {
		hd_error("LISTEN_FDNAMES names no listening socket \"fcgi\"");
		return HD_CONFIG;
	}
	if (inherited->alias >= 0 && !is_listening(inherited->alias)) {
		hd_error("what LISTEN_FDNAMES calls \"alias\" is no listening socket");
		return HD_CONFIG;
	}
	return HD_OK;
}

/* prepare - accept(2) shall block, but not for ever; or not at all */
static enum hd_error
prepare(int fd, bool block)
{
	const struct timeval wake = {.tv_usec = ACCEPT_WAKE};
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		flags = block ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
	if (flags >= 0 && fcntl(fd, F_SETFL, flags) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wake, sizeof(wake)) == 0)
		return HD_OK;
	hd_error("cannot prepare the socket: %s", strerror(errno));
	return HD_IO;
}

static enum hd_error
open_fcgi(const char *path, const struct hd_config *config, int inherited,
    struct hd_unix_socket *listener)
{
	enum hd_error error = HD_OK;

	if (path != NULL)
		error = hd_unix_socket_make(path, config->fastcgi_group, "fastcgi", listener);
	else if (inherited >= 0)
		listener->fd = inherited;
	else if (is_listening(STDIN_FILENO))
		listener->fd = STDIN_FILENO;
	else
		error = hd_unix_socket_make(
		    config->fastcgi_socket, config->fastcgi_group, "fastcgi", listener);
	return error == HD_OK ? prepare(listener->fd, true) : error;
}

static enum hd_error
open_alias(const struct hd_config *config, int inherited, struct hd_unix_socket *listener)
{
	enum hd_error error = HD_OK;

	if (inherited >= 0)
		listener->fd = inherited;
	else if (config->postfix_socket[0] != '\0')
		error = hd_unix_socket_make(
		    config->postfix_socket, config->postfix_group, "postfix", listener);
	else
		return HD_OK;
	return error == HD_OK ? prepare(listener->fd, false) : error;
}

enum hd_error
hd_listeners_open(const char *path, const struct hd_config *config, struct hd_listeners *listeners)
{
	struct inherited inherited = {.fcgi = -1, .alias = -1};
	enum hd_error error;

	*listeners = (struct hd_listeners){.fcgi = {.fd = -1}, .alias = {.fd = -1}};
	error = from_systemd(path == NULL, &inherited);
	if (error == HD_OK)
		error = open_fcgi(path, config, inherited.fcgi, &listeners->fcgi);
	if (error == HD_OK)
		error = open_alias(config, inherited.alias, &listeners->alias);
	if (error != HD_OK)
		hd_listeners_close(listeners);
	return error;
}

bool
hd_listeners_differ(const struct hd_listeners *listeners, bool fixed,
    const struct hd_config *present, const struct hd_config *next)
{
	if (listeners->fcgi.path[0] != '\0' &&
	    (strcmp(next->fastcgi_group, present->fastcgi_group) != 0 ||
		(!fixed && strcmp(next->fastcgi_socket, present->fastcgi_socket) != 0)))
		return true;
	/* The other one is ours unless it was inherited: not to have any was our doing, too. */
	if (listeners->alias.fd >= 0 && listeners->alias.path[0] == '\0')
		return false;
	if (strcmp(next->postfix_socket, present->postfix_socket) != 0)
		return true;
	return listeners->alias.fd >= 0 && strcmp(next->postfix_group, present->postfix_group) != 0;
}

void
hd_listeners_close(struct hd_listeners *listeners)
{
	hd_unix_socket_close(&listeners->alias);
	hd_unix_socket_close(&listeners->fcgi);
}
