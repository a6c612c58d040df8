/* check: the user that hook and service run as, and the store opened as that user */
#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "log.h"

enum { LOCK_WAIT = 2000 }; /* milliseconds */

/* look - at the database; false: it is no file that belongs to the owner of its folder */
static bool
look(const struct hd_check *check, struct stat *file)
{
	char copy[HD_PATH_SIZE];
	struct stat folder;

	strcpy(copy, check->config.store_path);
	return lstat(check->config.store_path, file) == 0 && S_ISREG(file->st_mode) &&
	       lstat(dirname(copy), &folder) == 0 && S_ISDIR(folder.st_mode) &&
	       file->st_uid == folder.st_uid && file->st_uid != 0;
}

uid_t
hd_check_owner(const struct hd_check *check)
{
	const struct passwd *user;
	struct stat file;

	if (look(check, &file))
		return file.st_uid;
	user = getpwnam("havedane");
	return user == NULL ? 0 : user->pw_uid;
}

static enum hd_error
open_and_work(const struct hd_check *check, hd_check_store_work *work, void *context)
{
	const struct hd_store_options options = {
	    .backend = check->config.backend,
	    .path = check->config.store_path,
	    .access = HD_STORE_USE,
	    .durable = true,
	    .wait = LOCK_WAIT,
	};
	struct hd_store *store = NULL;
	enum hd_error error = hd_store_open(&options, &store);

	if (error == HD_OK)
		error = work(store, context);
	hd_store_close(store);
	return error;
}

enum hd_error
hd_check_store_do(struct hd_check *check, hd_check_store_work *work, void *context)
{
	const bool change = geteuid() == 0;
	const gid_t group = getegid();
	struct stat file;
	enum hd_error error;

	if (!look(check, &file)) {
		hd_error("%s: is not opened, as it does not belong to its folder's owner",
		    check->config.store_path);
		return HD_CONFIG;
	}
	if (change && (setegid(file.st_gid) != 0 || seteuid(file.st_uid) != 0)) {
		hd_error("cannot become its owner: %s", strerror(errno));
		error = HD_IO;
	} else
		error = open_and_work(check, work, context);
	if (change && (seteuid(0) != 0 || setegid(group) != 0)) {
		hd_error("cannot become root again: %s", strerror(errno));
		error = HD_IO;
	}
	return error;
}
