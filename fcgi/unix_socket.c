#include "unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "log.h"

enum { LOCK_PATH_SIZE = HD_SOCKET_PATH_SIZE + sizeof(".lock") };

static void
lock_path(const char *path, char name[LOCK_PATH_SIZE])
{
	(void)snprintf(name, LOCK_PATH_SIZE, "%s.lock", path);
}

/* is_at - whether this file is what is at a path */
static bool
is_at(const char *path, dev_t device, ino_t inode)
{
	struct stat there;

	return lstat(path, &there) == 0 && there.st_dev == device && there.st_ino == inode;
}

/*
 * lock - wait for the lock of a path; -1, logged
 *
 * Its holder removes the file: what we got may be no longer the one at its path.
 */
static int
lock(const char *path)
{
	char name[LOCK_PATH_SIZE];
	struct stat status;

	lock_path(path, name);
	for (;;) {
		int fd = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

		if (fd < 0 || flock(fd, LOCK_EX) != 0 || fstat(fd, &status) != 0) {
			hd_error(
			    "%s: cannot lock the place of the socket: %s", name, strerror(errno));
			if (fd >= 0)
				(void)close(fd);
			return -1;
		}
		if (is_at(name, status.st_dev, status.st_ino))
			return fd;
		(void)close(fd);
	}
}

static void
unlock(const char *path, int fd)
{
	char name[LOCK_PATH_SIZE];

	lock_path(path, name);
	(void)unlink(name);
	(void)close(fd);
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
give_to_group(const char *path, const char *name, const char *section)
{
	const struct group *group;

	if (name[0] == '\0')
		return HD_OK;
	errno = 0;
	group = getgrnam(name);
	if (group == NULL) {
		hd_error("[%s] group: %s: %s", section, name,
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
bind_to(int fd, const struct sockaddr_un *address, const char *group, const char *section)
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
	error = give_to_group(path, group, section);
	if (error == HD_OK && (chmod(path, 0660) != 0 || listen(fd, SOMAXCONN) != 0)) {
		hd_error("%s: cannot open the socket to others: %s", path, strerror(errno));
		error = HD_IO;
	}
	if (error != HD_OK)
		(void)unlink(path);
	return error;
}

/* make_locked - all of it; the caller closes made->fd, on an error too */
static enum hd_error
make_locked(const struct sockaddr_un *address, const char *group, const char *section,
    struct hd_unix_socket *made)
{
	struct stat status;
	enum hd_error error = make_way(address);

	if (error != HD_OK)
		return error;
	made->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (made->fd < 0) {
		hd_error("%s: cannot make a socket: %s", address->sun_path, strerror(errno));
		return HD_IO;
	}
	error = bind_to(made->fd, address, group, section);
	if (error != HD_OK)
		return error;
	if (lstat(address->sun_path, &status) != 0) {
		hd_error("%s: the socket is gone again: %s", address->sun_path, strerror(errno));
		return HD_IO;
	}
	made->device = status.st_dev;
	made->inode = status.st_ino;
	strcpy(made->path, address->sun_path);
	return HD_OK;
}

enum hd_error
hd_unix_socket_make(
    const char *path, const char *group, const char *section, struct hd_unix_socket *made)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	enum hd_error error;
	int locked;

	*made = (struct hd_unix_socket){.fd = -1};
	if (strlen(path) >= sizeof(address.sun_path) || strlen(path) >= sizeof(made->path)) {
		hd_error("%s: the path is too long for a socket", path);
		return HD_CONFIG;
	}
	strcpy(address.sun_path, path);
	locked = lock(path);
	if (locked < 0)
		return HD_IO;
	error = make_locked(&address, group, section, made);
	unlock(path, locked);
	if (error != HD_OK)
		hd_unix_socket_close(made);
	return error;
}

void
hd_unix_socket_close(struct hd_unix_socket *made)
{
	int locked = made->path[0] == '\0' ? -1 : lock(made->path);

	if (locked >= 0) {
		/* Our descriptor still holds the inode: its number is nobody else's. */
		if (is_at(made->path, made->device, made->inode))
			(void)unlink(made->path);
		unlock(made->path, locked);
	}
	if (made->fd >= 0)
		(void)close(made->fd);
	*made = (struct hd_unix_socket){.fd = -1};
}
