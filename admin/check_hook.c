/* check: the hook, run as Postfix would run it, with nothing to record */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "alias_random.h"
#include "check.h"
#include "check_log.h"
#include "postfix_part.h"
#include "program.h"

enum {
	TIMEOUT = 40 * 1000, /* milliseconds; the hook itself waits 30 s for a lock */
	WORDS_MAX = 8,
	COMMAND_SIZE = 4096
};

static const char message[] = "Received: by havedane check\n\nNothing is recorded of this.\n";

/* What Postfix has in the alias file: the command, and whom it runs it as. */
struct hook {
	char command[COMMAND_SIZE]; /* cut up by argv */
	const char *argv[WORDS_MAX + 1];
	struct hd_program_user user;
	char user_name[64];
};

static void
report(struct hd_check *check, const char *id, const struct hook *hook, const char *what,
    const char *mend)
{
	hd_check_list_add(
	    &check->list, HD_CHECK_FAILURE, id, hook->argv[0], "as %s: %s", hook->user_name, what);
	hd_check_list_mend(&check->list, "%s", mend);
}

/* take_command - from an alias's value: "|COMMAND ARGUMENT..." */
static bool
take_command(struct hook *hook, const char *value)
{
	char *rest = NULL;
	size_t count = 0;

	value += strspn(value, "\" ");
	if (value[0] != '|' || strlen(value) >= sizeof(hook->command))
		return false;
	strcpy(hook->command, value + 1);
	hook->command[strcspn(hook->command, "\"")] = '\0';
	for (char *word = strtok_r(hook->command, " ", &rest); word != NULL && count < WORDS_MAX;
	     word = strtok_r(NULL, " ", &rest))
		hook->argv[count++] = word;
	hook->argv[count] = NULL;
	return count > 0;
}

/* look - at the alias file's index, which may be anything: its folder is not root's, always */
static bool
look(const struct hd_check *check, struct stat *index)
{
	char path[HD_PATH_SIZE + 32];
	bool seen;
	int fd;

	(void)snprintf(path, sizeof(path), "%s/aliases.db", check->maps);
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return false;
	seen = fstat(fd, index) == 0 && S_ISREG(index->st_mode);
	(void)close(fd);
	return seen;
}

/* is_same - whether nobody has touched it, or put another in its place */
static bool
is_same(const struct stat *one, const struct stat *other)
{
	return one->st_dev == other->st_dev && one->st_ino == other->st_ino &&
	       one->st_uid == other->st_uid && one->st_ctim.tv_sec == other->st_ctim.tv_sec &&
	       one->st_ctim.tv_nsec == other->st_ctim.tv_nsec;
}

/* take_user - the owner of the alias file's index; default_privs where that is root */
static bool
take_user(struct hd_check *check, struct hook *hook, const struct stat *index)
{
	const struct passwd *user;

	if (index->st_uid == 0)
		user = getpwnam(hd_postfix_view_get(&check->view, "default_privs", true));
	else
		user = getpwuid(index->st_uid);
	if (user == NULL)
		return false;
	hook->user = (struct hd_program_user){user->pw_uid, user->pw_gid};
	(void)snprintf(hook->user_name, sizeof(hook->user_name), "%s", user->pw_name);
	return true;
}

/*
 * find - what runs the hook, and as whom
 *
 * The index is looked at before and after it is asked: so the command is of
 * that file's owner.
 */
static bool
find(struct hd_check *check, struct hook *hook)
{
	char maps[HD_PATH_SIZE + 32], name[64], *value = NULL;
	struct stat before, after;
	bool found;

	/* Ours, whether or not alias_maps has it: that is for maps.route. */
	(void)snprintf(maps, sizeof(maps), "hash:%s/aliases", check->maps);
	(void)snprintf(name, sizeof(name), "havedane-%s", hd_probes[HD_PROBE_DO].name);
	found = look(check, &before) &&
		hd_postfix_map_query(&check->view, "postalias", name, maps, &value) == HD_OK &&
		look(check, &after) && is_same(&before, &after) && take_command(hook, value) &&
		take_user(check, hook, &after);
	free(value);
	if (!found)
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "hook.run", check->maps,
		    "no alias runs it, see maps.index and maps.route");
	return found;
}

/*
 * is_trusted - whether the hook may be tried
 *
 * What is in the alias file is said by its owner, who is not root: nothing but
 * our own hook is run, and as nobody but the user whom it is for.
 */
static bool
is_trusted(struct hd_check *check, const struct hook *hook)
{
	const uid_t wanted = hd_check_owner(check);

	if (strcmp(hook->argv[0], HD_POSTFIX_HOOK) != 0) {
		report(check, "hook.run", hook, "not tried, as it is not " HD_POSTFIX_HOOK,
		    "havedane setup");
		return false;
	}
	if (wanted == 0 || hook->user.uid != wanted) {
		report(check, "hook.run", hook,
		    "not tried, as the index of the alias file belongs to somebody else than the "
		    "database: the hook cannot use it",
		    "see maps.owner; havedane setup");
		return false;
	}
	return true;
}

/* run - as local(8) does, for a recipient; the exit status, or -1 (what is logged says why) */
static int
run(const struct hook *hook, const char *recipient)
{
	char original[16 + HD_ALIAS_SIZE + HD_CHECK_HOST_SIZE + 16];
	const char *const environment[] = {original, "CLIENT_ADDRESS=127.0.0.1", NULL};
	const struct hd_program program = {
	    .argv = hook->argv,
	    .environment = environment,
	    .input = message,
	    .input_size = sizeof(message) - 1,
	    .user = &hook->user,
	    .timeout = TIMEOUT,
	};
	struct hd_program_result result;
	enum hd_error error;
	int status;

	(void)snprintf(original, sizeof(original), "ORIGINAL_RECIPIENT=%s", recipient);
	error = hd_program_run(&program, &result);
	if (error == HD_NONE)
		errno = ENOENT;
	if (error != HD_OK)
		return -1;
	status = result.status;
	hd_program_result_clear(&result);
	return status;
}

/* A recipient that cannot be one of ours: the hook starts, reads its configuration, and drops it. */
static bool
check_run(struct hd_check *check, const struct hook *hook)
{
	char recipient[HD_CHECK_HOST_SIZE + 16], what[HD_CHECK_TEXT_SIZE];
	const char *cause;
	int status;

	(void)snprintf(recipient, sizeof(recipient), "check@%s.%s", hd_probes[HD_PROBE_DO].name,
	    check->config.domain);
	status = run(hook, recipient);
	if (status == 0) {
		hd_check_list_add(&check->list, HD_CHECK_OK, "hook.run", hook->argv[0],
		    "runs as %s, and reads its configuration", hook->user_name);
		return true;
	}
	cause = hd_check_log_take();
	if (status < 0)
		(void)snprintf(what, sizeof(what), "it does not start: %s",
		    cause[0] == '\0' ? "there is no such file" : cause);
	else if (status == EX_TEMPFAIL)
		(void)snprintf(what, sizeof(what), "it cannot read its configuration (exit 75)");
	else
		(void)snprintf(what, sizeof(what),
		    "it ends with %d, which Postfix takes for a bounce", status);
	report(check, "hook.run", hook, what,
	    status == EX_TEMPFAIL ? "see its log, and the modes of havedane.conf"
				  : "install it again: make install (mode 0755)");
	return false;
}

/*
 * A recipient that could be one of ours: the hook must ask the database, and
 * records nothing, as there is no such test.
 */
static void
check_store(struct hd_check *check, const struct hook *hook)
{
	char alias[HD_ALIAS_SIZE], recipient[HD_ALIAS_SIZE + 1 + HD_CHECK_HOST_SIZE];

	if (hd_alias_random(alias) != HD_OK)
		return;
	(void)snprintf(recipient, sizeof(recipient), "%s@%s.%s", alias, hd_probes[HD_PROBE_DO].name,
	    check->config.domain);
	if (run(hook, recipient) == 0)
		hd_check_list_add(&check->list, HD_CHECK_OK, "hook.store", hook->argv[0],
		    "as %s, it can ask the database", hook->user_name);
	else
		report(check, "hook.store", hook, "it cannot use the database: mail is deferred",
		    "see its log (facility mail), and the points of \"store\" and \"maps\"");
}

/* The hook, told of another configuration, would record elsewhere. */
static void
check_configuration(struct hd_check *check, const struct hook *hook)
{
	const char *given = HD_SYSCONFDIR "/havedane/havedane.conf";
	char *theirs, *ours = realpath(check->conf, NULL);

	for (size_t i = 1; i < WORDS_MAX && hook->argv[i] != NULL; i++) {
		if (strcmp(hook->argv[i - 1], "-c") == 0)
			given = hook->argv[i];
	}
	theirs = realpath(given, NULL);
	if (ours != NULL && theirs != NULL && strcmp(ours, theirs) == 0)
		hd_check_list_add(
		    &check->list, HD_CHECK_OK, "hook.config", hook->argv[0], "reads %s", theirs);
	else {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "hook.config", hook->argv[0],
		    "reads %s, not %s", given, check->conf);
		hd_check_list_mend(&check->list,
		    "havedane -c %s postfix aliases >%s/aliases && postalias hash:%s/aliases",
		    check->conf, check->maps, check->maps);
	}
	free(ours);
	free(theirs);
}

void
hd_check_hook(struct hd_check *check)
{
	struct hook hook;

	if (!hd_check_postfix_learn(check) || !find(check, &hook))
		return;
	check_configuration(check, &hook);
	if (geteuid() != 0)
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "hook.run", hook.argv[0],
		    "only root can run it as %s", hook.user_name);
	else if (is_trusted(check, &hook) && check_run(check, &hook))
		check_store(check, &hook);
}
