/* check: the database */
#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "check.h"
#include "check_log.h"

enum {
	SPACE_FEW = 200, /* megabytes: a warning */
	SPACE_NONE = 20,
	MEGABYTE = 1024 * 1024
};

static enum hd_error
count_tests(struct hd_store *store, void *context)
{
	return hd_store_count(store, context);
}

static void
check_open(struct hd_check *check, const struct stat *file)
{
	const char *path = check->config.store_path;
	struct hd_check_list *list = &check->list;
	int64_t count = 0;
	enum hd_error error;

	if (file->st_uid == 0) {
		hd_check_list_add(list, HD_CHECK_UNKNOWN, "store.open", path,
		    "belongs to root, and is not opened so, see store.owner");
		return;
	}
	error = hd_check_store_do(check, count_tests, &count);
	if (error == HD_CONFIG) {
		hd_check_list_add(
		    list, HD_CHECK_UNKNOWN, "store.open", path, "%s", hd_check_log_take());
		return;
	}
	if (error == HD_OK) {
		hd_check_list_add(list, HD_CHECK_OK, "store.open", path,
		    "opens, its schema is of this version, %lld %s", (long long)count,
		    count == 1 ? "test" : "tests");
		return;
	}
	hd_check_list_add(list, HD_CHECK_FAILURE, "store.open", path, "%s", hd_check_log_take());
	if (error == HD_SCHEMA)
		hd_check_list_mend(
		    list, "run programs of one version: install again, then restart havedane-fcgi");
	else if (error == HD_BUSY)
		hd_check_list_mend(list, "see who holds it: fuser -v %s", path);
	else
		hd_check_list_mend(list, "havedane -c %s init (or restore a backup)", check->conf);
}

static void
check_owner(struct hd_check *check, const struct stat *file, const struct stat *folder)
{
	const char *path = check->config.store_path;
	struct passwd *owner = getpwuid(file->st_uid);
	const char *name = owner == NULL ? "nobody known" : owner->pw_name;

	if (file->st_uid == 0 || file->st_uid != folder->st_uid) {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "store.owner", path,
		    "belongs to %s, not to the user that hook and service run as", name);
		hd_check_list_mend(&check->list,
		    "chown --recursive havedane:havedane %s (and "
		    "what is beside it: -wal, -shm)",
		    path);
	} else
		hd_check_list_add(
		    &check->list, HD_CHECK_OK, "store.owner", path, "belongs to %s", name);
}

static void
check_modes(struct hd_check *check, const struct stat *file, const struct stat *folder,
    const char *folder_path)
{
	const char *path = check->config.store_path;

	if ((file->st_mode & 077) != 0) {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "store.mode", path,
		    "mode %04o: others than its owner may %s it", (unsigned)(file->st_mode & 07777),
		    (file->st_mode & 022) != 0 ? "write" : "read");
		hd_check_list_mend(&check->list, "chmod 0600 %s", path);
	} else if ((file->st_mode & 0600) != 0600) {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "store.mode", path,
		    "mode %04o: its owner may not write it", (unsigned)(file->st_mode & 07777));
		hd_check_list_mend(&check->list, "chmod 0600 %s", path);
	} else
		hd_check_list_add(&check->list, HD_CHECK_OK, "store.mode", path, "mode 0600");
	/* SQLite makes files beside the database: the folder counts as much. */
	if ((folder->st_mode & 077) != 0) {
		hd_check_list_add(&check->list,
		    (folder->st_mode & 022) != 0 ? HD_CHECK_FAILURE : HD_CHECK_WARNING,
		    "store.folder", folder_path, "mode %04o: others than its owner may enter",
		    (unsigned)(folder->st_mode & 07777));
		hd_check_list_mend(&check->list, "chmod 0700 %s", folder_path);
	} else
		hd_check_list_add(&check->list, HD_CHECK_OK, "store.folder", folder_path,
		    "mode %04o", (unsigned)(folder->st_mode & 07777));
}

static void
check_space(struct hd_check *check, const char *folder)
{
	enum hd_check_status status = HD_CHECK_OK;
	struct statvfs space;
	unsigned long long free_space;

	if (statvfs(folder, &space) != 0) {
		hd_check_list_add(
		    &check->list, HD_CHECK_UNKNOWN, "store.space", folder, "%s", strerror(errno));
		return;
	}
	free_space = (unsigned long long)space.f_bavail * space.f_frsize / MEGABYTE;
	if (free_space < SPACE_FEW)
		status = free_space < SPACE_NONE ? HD_CHECK_FAILURE : HD_CHECK_WARNING;
	hd_check_list_add(&check->list, status, "store.space", folder, "%llu MB free", free_space);
	if (status != HD_CHECK_OK)
		hd_check_list_mend(&check->list, "make room on this file system: df -h %s", folder);
}

void
hd_check_store(struct hd_check *check)
{
	const char *path = check->config.store_path;
	char copy[HD_PATH_SIZE];
	const char *folder_path;
	struct stat file, folder;

	strcpy(copy, path);
	folder_path = dirname(copy);
	if (stat(folder_path, &folder) != 0 || stat(path, &file) != 0) {
		const int why = errno;

		hd_check_list_add(&check->list, why == EACCES ? HD_CHECK_UNKNOWN : HD_CHECK_FAILURE,
		    "store.open", path, "%s",
		    why == ENOENT ? "there is no database" : strerror(why));
		hd_check_list_mend(&check->list, "%s",
		    why == EACCES ? "run \"havedane check\" as root" : "havedane init");
		return;
	}
	check_open(check, &file);
	check_owner(check, &file, &folder);
	check_modes(check, &file, &folder, folder_path);
	check_space(check, folder_path);
}
