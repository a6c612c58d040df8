/* The user whom service and hook run as. */
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "log.h"
#include "setup.h"

/* The first of these groups that is there is the web server's: as configured, or others'. */
static const char *const web_groups[] = {HD_WEB_GROUP, "www-data", "nginx", "http"};

const char *
hd_setup_web_group(void)
{
	for (size_t i = 0; i < sizeof(web_groups) / sizeof(web_groups[0]); i++) {
		if (getgrnam(web_groups[i]) != NULL)
			return web_groups[i];
	}
	return "";
}

static bool
find_user(struct hd_setup *setup)
{
	const struct passwd *user = getpwnam(HD_SETUP_USER);

	setup->user_known = user != NULL;
	if (user != NULL) {
		setup->uid = user->pw_uid;
		setup->gid = user->pw_gid;
	}
	return setup->user_known;
}

static enum hd_error
make_user(const struct hd_setup *setup)
{
	static const char *const sysusers[] = {"systemd-sysusers", "--inline",
	    "u " HD_SETUP_USER " - HaveDANE /nonexistent /usr/sbin/nologin", NULL};
	static const char *const useradd[] = {"useradd", "--system", "--user-group",
	    "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin",
	    "--comment", "HaveDANE", HD_SETUP_USER, NULL};
	enum hd_error error = setup->systemd ? hd_setup_run(sysusers) : HD_NONE;

	if (error == HD_NONE)
		error = hd_setup_run(useradd);
	if (error == HD_NONE) {
		hd_error("there is neither systemd-sysusers nor useradd: make a system user \"%s\" "
			 "with a group of that name, and run setup again",
		    HD_SETUP_USER);
		error = HD_CONFIG;
	}
	return error;
}

static bool
is_member(const struct group *group)
{
	for (char *const *member = group->gr_mem; *member != NULL; member++) {
		if (strcmp(*member, HD_SETUP_USER) == 0)
			return true;
	}
	return false;
}

/* join - a group to which the service gives a socket that it makes itself; systemd does without */
static enum hd_error
join(struct hd_setup *setup, const char *name)
{
	const char *const usermod[] = {
	    "usermod", "--append", "--groups", name, HD_SETUP_USER, NULL};
	const struct group *group = getgrnam(name);
	enum hd_error error;

	if (setup->systemd || group == NULL || is_member(group))
		return HD_OK;
	error = setup->dry_run ? HD_OK : hd_setup_run(usermod);
	if (error == HD_OK)
		hd_setup_changed(setup, HD_SETUP_SET, HD_SETUP_USER " as a member of %s", name);
	return error == HD_NONE ? HD_CONFIG : error;
}

enum hd_error
hd_setup_user(struct hd_setup *setup)
{
	enum hd_error error = HD_OK;

	if (!find_user(setup)) {
		if (!setup->dry_run)
			error = make_user(setup);
		if (error != HD_OK)
			return error;
		hd_setup_changed(setup, HD_SETUP_MAKE, "the system user " HD_SETUP_USER);
		if (!setup->dry_run && !find_user(setup)) {
			hd_error("the user %s was made, but is not there", HD_SETUP_USER);
			return HD_CONFIG;
		}
	}
	error = join(setup, hd_setup_web_group());
	return error == HD_OK ? join(setup, HD_SETUP_MAIL_GROUP) : error;
}

enum hd_error
hd_setup_remove_user(struct hd_setup *setup)
{
	static const char *const userdel[] = {"userdel", HD_SETUP_USER, NULL};
	enum hd_error error;

	if (!setup->purge || !find_user(setup))
		return HD_OK;
	error = setup->dry_run ? HD_OK : hd_setup_run(userdel);
	if (error == HD_OK)
		hd_setup_changed(setup, HD_SETUP_REMOVE, "the user " HD_SETUP_USER);
	return error == HD_NONE ? HD_CONFIG : error;
}
