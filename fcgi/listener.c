#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

enum {
	FIRST_INHERITED = 3, /* SD_LISTEN_FDS_START */
	ACCEPT_WAKE = 200000 /* microseconds: how often an idle thread looks whether to stop */
};

static bool
is_listening(int fd)
{
	int listening = 0;
	socklen_t size = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening != 0;
}

/* prepare - accept(2) shall block, but not for ever */
static enum hd_error
prepare(int fd)
{
	const struct timeval wake = {.tv_usec = ACCEPT_WAKE};
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0 && fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wake, sizeof(wake)) == 0)
		return HD_OK;
	hd_error("cannot prepare the socket: %s", strerror(errno));
	return HD_IO;
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

/* from_systemd - HD_NONE: nothing was passed to this process */
static enum hd_error
from_systemd(int *fd)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	const char *names = getenv("LISTEN_FDNAMES");
	char own_pid[32];

	(void)snprintf(own_pid, sizeof(own_pid), "%ld", (long)getpid());
	if (pid == NULL || fds == NULL || strcmp(pid, own_pid) != 0)
		return HD_NONE;
	/* One digit will do: we know two names. */
	if (fds[0] < '1' || fds[0] > '9' || fds[1] != '\0') {
		hd_error("LISTEN_FDS is \"%s\"; expected 1 to 9", fds);
		return HD_CONFIG;
	}
	*fd = named(names == NULL ? "" : names, "fcgi", fds[0] - '0');
	if (*fd < 0 || !is_listening(*fd)) {
		hd_error("LISTEN_FDNAMES names no listening socket \"fcgi\"");
		return HD_CONFIG;
	}
	return HD_OK;
}

/* make_way - see that nothing is at path: a dead socket is removed */
static enum hd_error
make_way(const struct sockaddr_un *address)
{
	const char *path = address->sun_path;
	struct stat status;
	enum hd_error error = HD_IO;
	int fd;

	if (lstat(path, &status) != 0) {
		if (errno == ENOENT)
			return HD_OK;
		hd_error("%s: %s", path, strerror(errno));
		return HD_IO;
	}
	if (!S_ISSOCK(status.st_mode)) {
		hd_error("%s: is there and is no socket", path);
		return HD_CONFIG;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		hd_error("%s: cannot make a socket: %s", path, strerror(errno));
		return HD_IO;
	}
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN)
		hd_error("%s: a service is running there already", path);
	else if (errno != ECONNREFUSED)
		hd_error("%s: cannot tell whether somebody answers: %s", path, strerror(errno));
	else if (unlink(path) != 0)
		hd_error("%s: cannot remove the dead socket: %s", path, strerror(errno));
	else
		error = HD_OK;
	(void)close(fd);
	return error;
}

static enum hd_error
give_to_group(const char *path, const char *name)
{
	const struct group *group;

	if (name[0] == '\0')
		return HD_OK;
	errno = 0;
	group = getgrnam(name);
	if (group == NULL) {
		hd_error("[fastcgi] group: %s: %s", name,
		    errno == 0 ? "there is no such group" : strerror(errno));
		return HD_CONFIG;
	}
	if (chown(path, (uid_t)-1, group->gr_gid) != 0) {
		hd_error("%s: cannot give it to group %s: %s (the service's user must be in it)",
		    path, name, strerror(errno));
		return HD_CONFIG;
	}
	return HD_OK;
}

/* bind_to - until it is complete the socket is closed to all but us */
static enum hd_error
bind_to(int fd, const struct sockaddr_un *address, const char *group)
{
	const char *path = address->sun_path;
	enum hd_error error;
	mode_t saved = umask(0177);
	int result = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int reason = errno;

	(void)umask(saved);
	if (result != 0) {
		hd_error("%s: cannot make the socket: %s", path, strerror(reason));
		return HD_IO;
	}
	error = give_to_group(path, group);
	if (error == HD_OK && (chmod(path, 0660) != 0 || listen(fd, SOMAXCONN) != 0)) {
		hd_error("%s: cannot open the socket to others: %s", path, strerror(errno));
		error = HD_IO;
	}
	if (error != HD_OK)
		(void)unlink(path);
	return error;
}

static enum hd_error
make(const char *path, const char *group, struct hd_listener *listener)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	enum hd_error error;

	if (strlen(path) >= sizeof(address.sun_path) || strlen(path) >= sizeof(listener->path)) {
		hd_error("%s: the path is too long for a socket", path);
		return HD_CONFIG;
	}
	strcpy(address.sun_path, path);
	error = make_way(&address);
	if (error != HD_OK)
		return error;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener->fd < 0) {
		hd_error("%s: cannot make a socket: %s", path, strerror(errno));
		return HD_IO;
	}
	error = bind_to(listener->fd, &address, group);
	if (error == HD_OK)
		strcpy(listener->path, path);
	return error;
}

enum hd_error
hd_listener_open(const char *path, const struct hd_config *config, struct hd_listener *listener)
{
	enum hd_error error = HD_NONE;

	*listener = (struct hd_listener){.fd = -1};
	if (path != NULL)
		error = make(path, config->fastcgi_group, listener);
	else
		error = from_systemd(&listener->fd);
	if (error == HD_NONE && is_listening(STDIN_FILENO)) {
		listener->fd = STDIN_FILENO;
		error = HD_OK;
	}
	if (error == HD_NONE)
		error = make(config->fastcgi_socket, config->fastcgi_group, listener);
	if (error == HD_OK)
		error = prepare(listener->fd);
	if (error != HD_OK)
		hd_listener_close(listener);
	return error;
}

void
hd_listener_close(struct hd_listener *listener)
{
	if (listener->path[0] != '\0')
		(void)unlink(listener->path);
	if (listener->fd >= 0)
		(void)close(listener->fd);
	*listener = (struct hd_listener){.fd = -1};
}
