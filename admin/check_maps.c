/* check: Postfix's maps, from a probe's address to the hook */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alias_random.h"
#include "check.h"
#include "check_log.h"
#include "postfix_setting.h"

enum { PATH_SIZE = HD_PATH_SIZE + 32 };

/* What index a map of this type has; others are read as they are. */
static const struct {
	const char *type;
	const char *suffix;
} indexes[] = {{"hash", ".db"}, {"btree", ".db"}, {"lmdb", ".lmdb"}, {"cdb", ".cdb"}};

static bool
is_older(const struct stat *one, const struct stat *other)
{
	return one->st_mtim.tv_sec < other->st_mtim.tv_sec ||
	       (one->st_mtim.tv_sec == other->st_mtim.tv_sec &&
		   one->st_mtim.tv_nsec < other->st_mtim.tv_nsec);
}

/*
 * check_file - a source and the index that Postfix reads; true and *index when
 * both are there
 */
static bool
check_file(struct hd_check *check, const char *map, const char *tool, struct stat *index)
{
	struct hd_check_list *list = &check->list;
	const char *colon = strchr(map, ':'), *path = colon + 1, *suffix = "";
	char index_path[PATH_SIZE];
	struct stat source;

	for (size_t i = 0; i < sizeof(indexes) / sizeof(indexes[0]); i++) {
		if (strncmp(indexes[i].type, map, (size_t)(colon - map)) == 0 &&
		    indexes[i].type[colon - map] == '\0')
			suffix = indexes[i].suffix;
	}
	(void)snprintf(index_path, sizeof(index_path), "%s%s", path, suffix);
	if (stat(path, &source) != 0) {
		hd_check_list_add(list, HD_CHECK_FAILURE, "maps.file", path, "%s", strerror(errno));
		hd_check_list_mend(list, "havedane setup, or havedane postfix %s >%s",
		    strrchr(path, '/') + 1, path);
		return false;
	}
	if (stat(index_path, index) != 0) {
		hd_check_list_add(list, HD_CHECK_FAILURE, "maps.index", index_path,
		    "the index that Postfix reads: %s", strerror(errno));
		/* By hand it takes several steps, as the folder is root's: see "havedane postfix". */
		hd_check_list_mend(list, "havedane setup");
		return false;
	}
	if (is_older(index, &source)) {
		hd_check_list_add(list, HD_CHECK_FAILURE, "maps.index", index_path,
		    "is older than %s: Postfix does not see what has changed", path);
		hd_check_list_mend(list, "%s %s", tool, map);
	} else
		hd_check_list_add(list, HD_CHECK_OK, "maps.index", index_path,
		    suffix[0] == '\0' ? "is there" : "is there, newer than its source");
	return true;
}

static const char *
user_name(uid_t uid, char text[32])
{
	const struct passwd *user = getpwuid(uid);

	if (user == NULL)
		(void)snprintf(text, 32, "uid %u", (unsigned)uid);
	else
		(void)snprintf(text, 32, "%s", user->pw_name);
	return text;
}

/* Postfix runs the hook as the owner of the index, which postalias gives the owner of its source. */
static void
check_owner(struct hd_check *check, const struct stat *index)
{
	struct hd_check_list *list = &check->list;
	const uid_t wanted = hd_check_owner(check);
	struct stat source;
	char path[PATH_SIZE], name[32], wanted_name[32];

	(void)snprintf(path, sizeof(path), "%s/aliases", check->maps);
	if (stat(path, &source) != 0)
		return;
	(void)user_name(index->st_uid, name);
	(void)user_name(wanted, wanted_name);
	if (index->st_uid == wanted && source.st_uid == wanted && wanted != 0) {
		hd_check_list_add(list, HD_CHECK_OK, "maps.owner", path,
		    "source and index belong to %s: so the hook runs as %s", name, name);
		return;
	}
	if (index->st_uid != wanted || wanted == 0)
		hd_check_list_add(list, HD_CHECK_FAILURE, "maps.owner", path,
		    "its index belongs to %s: Postfix runs the hook as %s, not as %s", name,
		    index->st_uid == 0 ? "nobody" : name, wanted == 0 ? "havedane" : wanted_name);
	else
		hd_check_list_add(list, HD_CHECK_FAILURE, "maps.owner", path,
		    "belongs to %s: with the next postalias, so will its index, and then the hook "
		    "does not run as %s",
		    user_name(source.st_uid, name), wanted_name);
	hd_check_list_mend(list, "chown %s: %s %s.db && postalias hash:%s",
	    wanted == 0 ? "havedane" : wanted_name, path, path, path);
}

/*
 * expect - what a key must have in a list of maps; wanted NULL: nothing
 *
 * Whether it has. *broken: a map cannot be read.
 */
static bool
expect(struct hd_check *check, const char *key, const char *maps, const char *wanted, bool *broken)
{
	struct hd_check_list *list = &check->list;
	char *value = NULL;
	enum hd_error error = hd_postfix_map_query(&check->view, "postmap", key, maps, &value);
	bool good = false;

	if (error != HD_OK && error != HD_NONE) {
		*broken = true;
		hd_check_list_add(list, HD_CHECK_FAILURE, "maps.route", key,
		    "the look-up fails: %s", hd_check_log_take());
		hd_check_list_mend(list,
		    "is each of these maps there, and may Postfix read it? postmap -q %s '%s'", key,
		    maps);
	} else if (wanted == NULL ? error == HD_OK : error != HD_OK || strcmp(value, wanted) != 0) {
		hd_check_list_add(list, HD_CHECK_FAILURE, "maps.route", key,
		    "mail goes to \"%s\", not to \"%s\"", error == HD_OK ? value : "nobody",
		    wanted == NULL ? "the alias of the probe" : wanted);
		hd_check_list_mend(list, "see virtual_alias_maps: postmap -q %s '%s'", key, maps);
	} else
		good = true;
	free(value);
	return good;
}

/* is_domain - whether Postfix takes mail for the probe as for a virtual alias domain */
static bool
is_domain(struct hd_check *check, const char *host)
{
	const char *domains = hd_postfix_view_get(&check->view, "virtual_alias_domains", true);

	if (hd_postfix_list_has(domains, host, strlen(host)))
		return true;
	hd_check_list_add(&check->list, HD_CHECK_FAILURE, "maps.route", host,
	    "is not in virtual_alias_domains: Postfix does not take its mail");
	hd_check_list_mend(
	    &check->list, "see postfix.setting virtual_alias_domains (havedane check postfix)");
	return false;
}

/* is_routed - an address at the probe to its local alias, in the way that is set up */
static bool
is_routed(
    struct hd_check *check, const char *alias, const char *host, const char *local, bool *broken)
{
	const char *maps = hd_postfix_view_get(&check->view, "virtual_alias_maps", true);
	const bool catch_all = hd_check_postfix_catch_all(check);
	char address[HD_ALIAS_SIZE + 1 + HD_CHECK_HOST_SIZE], domain[1 + HD_CHECK_HOST_SIZE];
	char probes[PATH_SIZE];

	(void)snprintf(address, sizeof(address), "%s@%s", alias, host);
	(void)snprintf(domain, sizeof(domain), "@%s", host);
	/* An unknown alias has nothing of its own; by catch-all its domain's entry counts then. */
	if (!expect(check, address, maps, NULL, broken))
		return false;
	if (catch_all)
		return expect(check, domain, maps, local, broken);
	(void)snprintf(probes, sizeof(probes), "regexp:%s/probes", check->maps);
	return expect(check, address, probes, address, broken);
}

/* is_piped - the local alias to the hook */
static bool
is_piped(struct hd_check *check, const char *name, bool *broken)
{
	const char *maps = hd_postfix_view_get(&check->view, "alias_maps", true);
	struct hd_check_list *list = &check->list;
	char *value = NULL;
	enum hd_error error = hd_postfix_map_query(&check->view, "postalias", name, maps, &value);
	const bool piped = error == HD_OK && strstr(value, "havedane-hook") != NULL &&
			   value[strspn(value, "\" ")] == '|';

	*broken = error != HD_OK && error != HD_NONE;
	if (!piped) {
		hd_check_list_add(list, HD_CHECK_FAILURE, "maps.route", name,
		    "the local alias does not run the hook: %s",
		    error == HD_OK     ? value
		    : error == HD_NONE ? "it is in none of alias_maps"
				       : hd_check_log_take());
		hd_check_list_mend(list,
		    "havedane postfix aliases >%s/aliases && postalias "
		    "hash:%s/aliases",
		    check->maps, check->maps);
	}
	free(value);
	return piped;
}

/* check_route - of one probe; false when a map cannot be read: others would tell the same, slowly */
static bool
check_route(struct hd_check *check, enum hd_probe_id probe)
{
	bool broken = false;
	const char *name = hd_probes[probe].name;
	char host[HD_CHECK_HOST_SIZE], local[64], target[80], alias[HD_ALIAS_SIZE];

	hd_check_host(check, probe, host);
	(void)snprintf(local, sizeof(local), "havedane-%s", name);
	(void)snprintf(target, sizeof(target), "%s@localhost", local);
	if (hd_alias_random(alias) == HD_OK && is_domain(check, host) &&
	    is_routed(check, alias, host, target, &broken) && is_piped(check, local, &broken))
		hd_check_list_add(&check->list, HD_CHECK_OK, "maps.route", host,
		    "to %s, and that to the hook", local);
	return !broken;
}

void
hd_check_maps(struct hd_check *check)
{
	char map[PATH_SIZE];
	struct stat index;

	if (!hd_check_postfix_learn(check))
		return;
	hd_check_folder(check);
	(void)snprintf(map, sizeof(map), "hash:%s/aliases", check->maps);
	if (check_file(check, map, "postalias", &index))
		check_owner(check, &index);
	if (hd_check_postfix_catch_all(check))
		(void)snprintf(map, sizeof(map), "hash:%s/virtual", check->maps);
	else
		(void)snprintf(map, sizeof(map), "regexp:%s/probes", check->maps);
	(void)check_file(check, map, "postmap", &index);
	/* Through proxymap(8), as Postfix asks itself: it would wait for that. */
	if (geteuid() != 0) {
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "maps.route",
		    check->config.domain, "only root can ask Postfix where mail goes");
		return;
	}
	for (unsigned i = 0; i < HD_PROBE_COUNT && check_route(check, (enum hd_probe_id)i); i++)
		;
}
