/* Changes of files: each finds out first whether there is anything to change. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "setup.h"

enum { READ_MAX = 1024 * 1024, TARGET_SIZE = 1024 };

#define TEMPORARY ".havedane-new"

static const uid_t unknown = (uid_t)-1; /* of a user that a dry run has not made */

static enum hd_error
failed(const char *what, const char *path)
{
	hd_error("cannot %s %s: %s", what, path, strerror(errno));
	return HD_IO;
}

struct hd_setup_owner
hd_setup_owner_root(mode_t mode)
{
	return (struct hd_setup_owner){mode, 0, 0};
}

struct hd_setup_owner
hd_setup_owner_group(const struct hd_setup *setup, mode_t mode)
{
	return (struct hd_setup_owner){mode, 0, setup->user_known ? setup->gid : unknown};
}

struct hd_setup_owner
hd_setup_owner_ours(const struct hd_setup *setup, mode_t mode)
{
	if (!setup->user_known)
		return (struct hd_setup_owner){mode, unknown, unknown};
	return (struct hd_setup_owner){mode, setup->uid, setup->gid};
}

static bool
is_same_owner(const struct hd_setup_owner *one, const struct hd_setup_owner *other)
{
	return one->uid == other->uid && one->gid == other->gid && one->mode == other->mode;
}

bool
hd_setup_own_descriptor(int fd, const struct hd_setup_owner *owner)
{
	return fchown(fd, owner->uid, owner->gid) == 0 && fchmod(fd, owner->mode) == 0;
}

bool
hd_setup_own_folder(const char *path, const struct hd_setup_owner *owner)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool owned = fd >= 0 && hd_setup_own_descriptor(fd, owner);

	if (fd >= 0)
		(void)close(fd); /* only read from */
	return owned;
}

static bool
is_owned(const struct stat *status, const struct hd_setup_owner *owner)
{
	const struct hd_setup_owner found = {
	    status->st_mode & 07777, status->st_uid, status->st_gid};

	return is_same_owner(&found, owner);
}

enum hd_error
hd_setup_folder(struct hd_setup *setup, const char *path, const struct hd_setup_owner *owner)
{
	struct stat status;
	bool there = lstat(path, &status) == 0;
	enum hd_error error;

	if (there && !S_ISDIR(status.st_mode)) {
		hd_error("%s is in the way: it must be a folder", path);
		return HD_CONFIG;
	}
	if (there && is_owned(&status, owner))
		return HD_OK;
	error = hd_setup_undo_remember(setup, path);
	if (error != HD_OK)
		return error;
	if (!setup->dry_run) {
		if (!there && mkdir(path, 0700) != 0)
			return failed("make", path);
		if (!hd_setup_own_folder(path, owner))
			return failed("set the owner and mode of", path);
	}
	hd_setup_changed(setup, there ? HD_SETUP_SET : HD_SETUP_MAKE,
	    there ? "owner and mode of %s" : "the folder %s", path);
	return HD_OK;
}

/* read_all - and close it */
static enum hd_error
read_all(FILE *in, const char *path, char **bytes, size_t *size)
{
	enum hd_error error = HD_OK;

	*bytes = malloc(READ_MAX + 1);
	if (*bytes == NULL) {
		hd_error("%s: %s", path, hd_strerror(HD_NO_MEMORY));
		error = HD_NO_MEMORY;
	} else {
		*size = fread(*bytes, 1, READ_MAX + 1, in);
		if (ferror(in) != 0)
			error = failed("read", path);
		else if (*size > READ_MAX) {
			hd_error("%s is larger than %d bytes", path, READ_MAX);
			error = HD_IO;
		} else
			(*bytes)[*size] = '\0';
	}
	(void)fclose(in); /* only read from */
	if (error != HD_OK) {
		free(*bytes);
		*bytes = NULL;
	}
	return error;
}

enum hd_error
hd_setup_read(const char *path, char **bytes, size_t *size)
{
	FILE *in = fopen(path, "re");

	if (in == NULL)
		return errno == ENOENT ? HD_NONE : failed("open", path);
	return read_all(in, path, bytes, size);
}

enum hd_error
hd_setup_read_own(const char *path, char **bytes, size_t *size, struct hd_setup_owner *owner)
{
	/* Without blocking: what is there could be a pipe. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat status;
	FILE *in;

	if (fd < 0 && errno == ENOENT)
		return HD_NONE;
	if (fd < 0 && errno != ELOOP)
		return failed("open", path);
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		if (fd >= 0)
			(void)close(fd);
		hd_error("%s is in the way: it must be a file", path);
		return HD_CONFIG;
	}
	in = fdopen(fd, "r");
	if (in == NULL) {
		(void)close(fd);
		return failed("open", path);
	}
	*owner = (struct hd_setup_owner){status.st_mode & 07777, status.st_uid, status.st_gid};
	return read_all(in, path, bytes, size);
}

bool
hd_setup_sync_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[HD_PATH_SIZE];
	bool synced;
	int fd;

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return false;
	synced = fsync(fd) == 0;
	(void)close(fd);
	return synced;
}

static bool
fill(int fd, const char *bytes, size_t size, const struct hd_setup_owner *owner)
{
	for (size_t done = 0; done < size;) {
		ssize_t written = write(fd, bytes + done, size - done);

		if (written < 0)
			return false;
		done += (size_t)written;
	}
	return hd_setup_own_descriptor(fd, owner) && fsync(fd) == 0;
}

enum hd_error
hd_setup_write(const char *path, const char *bytes, size_t size, const struct hd_setup_owner *owner)
{
	char temporary[HD_PATH_SIZE + sizeof(TEMPORARY)];
	enum hd_error error = HD_OK;
	bool filled;
	int fd;

	(void)snprintf(temporary, sizeof(temporary), "%s" TEMPORARY, path);
	/* One that an interrupted run has left, or a link that somebody has put there. */
	if (unlink(temporary) != 0 && errno != ENOENT)
		return failed("replace", temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failed("make", temporary);
	filled = fill(fd, bytes, size, owner);
	if (!filled)
		error = failed("write", temporary);
	if (close(fd) != 0 && error == HD_OK)
		error = failed("write", temporary);
	if (error == HD_OK && rename(temporary, path) != 0)
		error = failed("rename to", path);
	if (error == HD_OK && !hd_setup_sync_folder(path))
		error = failed("sync the folder of", path);
	if (error != HD_OK)
		(void)unlink(temporary);
	return error;
}

/* compare - *same is set when a file has these bytes, owner and mode; *there when it exists */
static enum hd_error
compare(const char *path, const char *bytes, size_t size, const struct hd_setup_owner *owner,
    bool *there, bool *same)
{
	struct hd_setup_owner found_owner;
	char *found;
	size_t found_size;
	enum hd_error error;

	*there = *same = false;
	error = hd_setup_read_own(path, &found, &found_size, &found_owner);
	if (error != HD_OK)
		return error == HD_NONE ? HD_OK : error;
	*there = true;
	*same = is_same_owner(&found_owner, owner) && found_size == size &&
		memcmp(found, bytes, size) == 0;
	free(found);
	return HD_OK;
}

enum hd_error
hd_setup_file(struct hd_setup *setup, const char *path, const char *bytes, size_t size,
    const struct hd_setup_owner *owner)
{
	bool there, same;
	enum hd_error error = compare(path, bytes, size, owner, &there, &same);

	if (error != HD_OK || same)
		return error;
	error = hd_setup_undo_remember(setup, path);
	if (error == HD_OK && !setup->dry_run)
		error = hd_setup_write(path, bytes, size, owner);
	if (error == HD_OK)
		hd_setup_changed(setup, HD_SETUP_WRITE, "%s%s", path, there ? " anew" : "");
	return error;
}

enum hd_error
hd_setup_link(struct hd_setup *setup, const char *path, const char *target)
{
	char found[TARGET_SIZE];
	ssize_t length = readlink(path, found, sizeof(found) - 1);
	enum hd_error error;

	if (length >= 0) {
		found[length] = '\0';
		if (strcmp(found, target) == 0)
			return HD_OK;
	}
	if (length >= 0 || errno != ENOENT) {
		hd_error("%s is in the way: it must be a link to %s", path, target);
		return HD_CONFIG;
	}
	error = hd_setup_undo_remember(setup, path);
	if (error != HD_OK)
		return error;
	if (!setup->dry_run && symlink(target, path) != 0)
		return failed("make the link", path);
	hd_setup_changed(setup, HD_SETUP_MAKE, "the link %s", path);
	return HD_OK;
}

enum hd_error
hd_setup_delete(struct hd_setup *setup, const char *path)
{
	struct stat status;
	enum hd_error error;

	if (lstat(path, &status) != 0)
		return errno == ENOENT || errno == ENOTDIR ? HD_OK : failed("look at", path);
	error = hd_setup_undo_remember(setup, path);
	if (error != HD_OK)
		return error;
	if (!setup->dry_run && unlink(path) != 0)
		return failed("remove", path);
	hd_setup_changed(setup, HD_SETUP_REMOVE, "%s", path);
	return HD_OK;
}

enum hd_error
hd_setup_delete_folder(struct hd_setup *setup, const char *path)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT || errno == ENOTDIR ? HD_OK : failed("look at", path);
	if (!setup->dry_run && rmdir(path) != 0) {
		if (errno != ENOTEMPTY && errno != EEXIST)
			return failed("remove", path);
		hd_setup_note(setup, "%s stays: there is something else in it", path);
		return HD_OK;
	}
	hd_setup_changed(setup, HD_SETUP_REMOVE, "the folder %s", path);
	return HD_OK;
}
