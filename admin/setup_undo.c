/* What was at a path before it was changed, so that it can be put back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "setup.h"

enum { TARGET_SIZE = 1024 };

struct hd_setup_undo {
	struct hd_setup_undo *older;
	char *path;
	bool there;
	mode_t type; /* as S_IFMT has it */
	struct hd_setup_owner owner;
	char *bytes; /* of a file; or the target of a link */
	size_t size;
};

static void
free_undo(struct hd_setup_undo *undo)
{
	if (undo == NULL)
		return;
	free(undo->path);
	free(undo->bytes);
	free(undo);
}

static enum hd_error
no_memory(const char *path)
{
	hd_error("%s: %s", path, hd_strerror(HD_NO_MEMORY));
	return HD_NO_MEMORY;
}

static enum hd_error
read_link(struct hd_setup_undo *undo)
{
	ssize_t length;

	undo->bytes = calloc(1, TARGET_SIZE);
	if (undo->bytes == NULL)
		return no_memory(undo->path);
	length = readlink(undo->path, undo->bytes, TARGET_SIZE - 1);
	if (length >= 0)
		return HD_OK;
	hd_error("cannot read the link %s: %s", undo->path, strerror(errno));
	return HD_IO;
}

static enum hd_error
look(struct hd_setup_undo *undo)
{
	struct stat status;

	if (lstat(undo->path, &status) != 0) {
		if (errno == ENOENT)
			return HD_OK;
		hd_error("cannot look at %s: %s", undo->path, strerror(errno));
		return HD_IO;
	}
	undo->there = true;
	undo->type = status.st_mode & S_IFMT;
	undo->owner = (struct hd_setup_owner){status.st_mode & 07777, status.st_uid, status.st_gid};
	if (S_ISREG(status.st_mode))
		return hd_setup_read_own(undo->path, &undo->bytes, &undo->size, &undo->owner);
	return S_ISLNK(status.st_mode) ? read_link(undo) : HD_OK;
}

static enum hd_error
push(struct hd_setup *setup, const char *path)
{
	struct hd_setup_undo *undo = calloc(1, sizeof(*undo));
	enum hd_error error;

	if (undo == NULL || (undo->path = strdup(path)) == NULL) {
		free_undo(undo);
		return no_memory(path);
	}
	error = look(undo);
	if (error != HD_OK) {
		free_undo(undo);
		return error;
	}
	undo->older = setup->undo;
	setup->undo = undo;
	return HD_OK;
}

enum hd_error
hd_setup_undo_remember(struct hd_setup *setup, const char *path)
{
	enum hd_error error = HD_OK;

	if (!setup->undo_on)
		return HD_OK;
	if (setup->undo == NULL) {
		error = push(setup, HD_SETUP_STATE);
		setup->state.pending = true;
		if (error == HD_OK)
			error = hd_setup_state_save(&setup->state);
	}
	return error == HD_OK ? push(setup, path) : error;
}

static struct hd_setup_undo *
take_newest(struct hd_setup *setup)
{
	struct hd_setup_undo *undo = setup->undo;

	if (undo != NULL)
		setup->undo = undo->older;
	return undo;
}

void
hd_setup_undo_start(struct hd_setup *setup)
{
	setup->undo_on = !setup->dry_run;
}

void
hd_setup_undo_stop(struct hd_setup *setup)
{
	struct hd_setup_undo *undo;

	setup->undo_on = false;
	while ((undo = take_newest(setup)) != NULL)
		free_undo(undo);
}

static bool
put_back(const struct hd_setup_undo *undo)
{
	if (!undo->there)
		return remove(undo->path) == 0 || errno == ENOENT;
	if (S_ISREG(undo->type))
		return hd_setup_write(undo->path, undo->bytes, undo->size, &undo->owner) == HD_OK;
	if (S_ISLNK(undo->type))
		return symlink(undo->bytes, undo->path) == 0 || errno == EEXIST;
	return S_ISDIR(undo->type) && hd_setup_own_folder(undo->path, &undo->owner);
}

enum hd_error
hd_setup_undo_all(struct hd_setup *setup)
{
	struct hd_setup_undo *undo;
	enum hd_error error = HD_OK;

	while ((undo = take_newest(setup)) != NULL) {
		if (put_back(undo))
			hd_setup_note(setup, "%s is again as it was", undo->path);
		else {
			hd_error("cannot put back %s: %s", undo->path, strerror(errno));
			error = HD_IO;
		}
		free_undo(undo);
	}
	return error;
}
