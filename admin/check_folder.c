/* check: who may write to Postfix's maps, which decide where mail goes and what runs */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

enum { NAME_SIZE = 64 };

/* Those that belong to the user that the hook runs as: Postfix takes it from their owner. */
static bool
is_hooks(const char *name)
{
	return strcmp(name, "aliases") == 0 || strcmp(name, "aliases.db") == 0;
}

/* user_name - copied, as the next getpwuid(3) overwrites it */
static void
user_name(uid_t uid, const char *otherwise, char name[NAME_SIZE])
{
	const struct passwd *user = getpwuid(uid);

	(void)snprintf(name, NAME_SIZE, "%s", user == NULL ? otherwise : user->pw_name);
}

static void
report(struct hd_check *check, const char *path, const struct stat *status, bool hooks)
{
	char owner[NAME_SIZE], wanted[NAME_SIZE];

	user_name(status->st_uid, "nobody known", owner);
	user_name(hooks ? hd_check_owner(check) : 0, "root", wanted);
	hd_check_list_add(&check->list, HD_CHECK_FAILURE, "maps.folder", path,
	    "%s, of %s, mode %04o: others than root%s can change it",
	    S_ISLNK(status->st_mode) ? "a link" : "it is", owner,
	    (unsigned)(status->st_mode & 07777), hooks ? " and the hook's user" : "");
	hd_check_list_mend(&check->list, "havedane setup, or: chown -h %s:%s %s && chmod go-w %s",
	    wanted, wanted, path, path);
}

static bool
is_safe(struct hd_check *check, const struct stat *status, bool hooks)
{
	/* The mode of a link says nothing; root's own lead where root wants. */
	if (S_ISLNK(status->st_mode))
		return status->st_uid == 0;
	if ((status->st_mode & 022) != 0)
		return false;
	return status->st_uid == 0 || (hooks && status->st_uid == hd_check_owner(check));
}

/* check_files - whether all in the folder are safe */
static bool
check_files(struct hd_check *check, DIR *folder)
{
	const struct dirent *entry;
	bool safe = true;

	while ((entry = readdir(folder)) != NULL) {
		char path[HD_PATH_SIZE + sizeof(entry->d_name) + 2];
		struct stat status;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0 ||
		    is_safe(check, &status, is_hooks(entry->d_name)))
			continue;
		(void)snprintf(path, sizeof(path), "%s/%s", check->maps, entry->d_name);
		report(check, path, &status, is_hooks(entry->d_name));
		safe = false;
	}
	return safe;
}

void
hd_check_folder(struct hd_check *check)
{
	int fd = open(check->maps, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd < 0 ? NULL : fdopendir(fd);
	struct stat status;
	bool safe;

	if (folder == NULL || fstat(fd, &status) != 0) {
		hd_check_list_add(&check->list,
		    errno == ENOENT ? HD_CHECK_FAILURE : HD_CHECK_UNKNOWN, "maps.folder",
		    check->maps, "%s", strerror(errno));
		hd_check_list_mend(&check->list, "havedane setup");
		if (folder != NULL)
			(void)closedir(folder);
		else if (fd >= 0)
			(void)close(fd);
		return;
	}
	safe = is_safe(check, &status, false);
	if (!safe)
		report(check, check->maps, &status, false);
	safe = check_files(check, folder) && safe;
	if (safe)
		hd_check_list_add(&check->list, HD_CHECK_OK, "maps.folder", check->maps,
		    "only root can change the maps, and the hook's user the alias file");
	(void)closedir(folder);
}
