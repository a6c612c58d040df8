/*
 * The maps that Postfix reads. The alias file and its index are havedane's, as
 * the owner of the index decides whom the hook runs as. The others decide
 * where other people's mail goes: they are root's, and so is the folder, so
 * that nobody else can put anything in place of them.
 *
 * An index is made aside, of a copy of root's, and then put in its place:
 * postalias would make it as the owner of its source, who may not write to the
 * folder, and through whatever link is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "setup.h"

static const struct map {
	const char *name;
	const char *indexer; /* NULL: it needs no index */
	bool ours;           /* the user havedane's */
	bool catch_all;      /* only with that, or only without; "aliases" is for both */
} maps[] = {
    {"aliases", "postalias", true, false},
    {"probes", NULL, false, false},
    {"virtual", "postmap", false, true},
};

enum { MAP_COUNT = sizeof(maps) / sizeof(maps[0]), PATH_SIZE = HD_PATH_SIZE + 16 };

#define INDEX     ".db"
#define NEW       ".new" /* the copy that an index is made of */
#define NEW_INDEX NEW INDEX

static bool
is_wanted(const struct hd_setup *setup, const struct map *map)
{
	return map->ours || map->catch_all == setup->source.catch_all;
}

static void
map_path(char path[PATH_SIZE], const struct map *map, const char *suffix)
{
	(void)snprintf(path, PATH_SIZE, HD_POSTFIX_MAPS "/%s%s", map->name, suffix);
}

static bool
is_older(const struct stat *one, const struct stat *other)
{
	if (one->st_mtim.tv_sec != other->st_mtim.tv_sec)
		return one->st_mtim.tv_sec < other->st_mtim.tv_sec;
	return one->st_mtim.tv_nsec < other->st_mtim.tv_nsec;
}

/* run_indexer - map: as in main.cf, such as hash:/etc/aliases */
static enum hd_error
run_indexer(const char *indexer, const char *map)
{
	const char *const argv[] = {indexer, map, NULL};
	enum hd_error error = hd_setup_run(argv);

	if (error != HD_NONE)
		return error;
	hd_error("there is no %s: install Postfix", indexer);
	return HD_CONFIG;
}

static enum hd_error
failed(const char *what, const char *path)
{
	hd_error("cannot %s %s: %s", what, path, strerror(errno));
	return HD_IO;
}

/* check_there - HD_OK: nothing is there, or a file of root's or havedane's */
static enum hd_error
check_there(const struct hd_setup *setup, const char *path)
{
	struct stat status;

	if (lstat(path, &status) != 0)
		return errno == ENOENT ? HD_OK : failed("look at", path);
	if (S_ISREG(status.st_mode) && status.st_nlink == 1 &&
	    (status.st_uid == 0 || (setup->user_known && status.st_uid == setup->uid)))
		return HD_OK;
	hd_error("%s is in the way: it must be a file, of root's or " HD_SETUP_USER
		 "'s, with no other name. If you do not know how it came there, somebody may have "
		 "got hold of the user " HD_SETUP_USER "; otherwise remove it",
	    path);
	return HD_CONFIG;
}

/* give_index - to its owner, so that it is on the disk before it has its name */
static enum hd_error
give_index(const char *path, const struct hd_setup_owner *owner)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool given = fd >= 0 && hd_setup_own_descriptor(fd, owner) && fsync(fd) == 0;

	if (fd >= 0)
		(void)close(fd); /* only read from */
	return given ? HD_OK : failed("set the owner and mode of", path);
}

/* make_index - aside, of this text, and put it in its place */
static enum hd_error
make_index(const struct map *map, const char *text, const struct hd_setup_owner *owner)
{
	const struct hd_setup_owner root = hd_setup_owner_root(0600);
	char copy[PATH_SIZE], made[PATH_SIZE], index[PATH_SIZE], name[PATH_SIZE + 8];
	enum hd_error error;

	map_path(copy, map, NEW);
	map_path(made, map, NEW_INDEX);
	map_path(index, map, INDEX);
	(void)snprintf(name, sizeof(name), "hash:%s", copy);
	/* One that an interrupted run has left. */
	if (unlink(made) != 0 && errno != ENOENT)
		return failed("remove", made);
	error = hd_setup_write(copy, text, strlen(text), &root);
	if (error == HD_OK)
		error = run_indexer(map->indexer, name);
	(void)unlink(copy);
	if (error == HD_OK)
		error = give_index(made, owner);
	if (error == HD_OK && rename(made, index) != 0)
		error = failed("rename to", index);
	if (error == HD_OK && !hd_setup_sync_folder(index))
		error = failed("sync the folder of", index);
	if (error != HD_OK)
		(void)unlink(made);
	return error;
}

static enum hd_error
index_map(struct hd_setup *setup, const struct map *map, const char *text,
    const struct hd_setup_owner *owner)
{
	char source[PATH_SIZE], index[PATH_SIZE];
	struct stat source_status, index_status;
	enum hd_error error;

	map_path(source, map, "");
	map_path(index, map, INDEX);
	if (lstat(index, &index_status) == 0 && lstat(source, &source_status) == 0 &&
	    !is_older(&index_status, &source_status) && index_status.st_uid == owner->uid)
		return HD_OK;
	error = hd_setup_undo_remember(setup, index);
	if (error == HD_OK && !setup->dry_run)
		error = make_index(map, text, owner);
	if (error == HD_OK)
		hd_setup_changed(setup, HD_SETUP_INDEX, "%s", source);
	return error;
}

/* check_map - what is there under its names, before anything is read from it or written to it */
static enum hd_error
check_map(const struct hd_setup *setup, const struct map *map)
{
	static const char *const suffixes[] = {"", INDEX};
	enum hd_error error = HD_OK;
	char path[PATH_SIZE];

	for (size_t i = 0; error == HD_OK && i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		map_path(path, map, suffixes[i]);
		error = check_there(setup, path);
	}
	return error;
}

static enum hd_error
write_map(struct hd_setup *setup, const struct map *map)
{
	const struct hd_setup_owner owner =
	    map->ours ? hd_setup_owner_ours(setup, 0644) : hd_setup_owner_root(0644);
	char path[PATH_SIZE], *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	enum hd_error error = HD_NO_MEMORY;

	if (out != NULL) {
		error = hd_postfix_part_write(&setup->source, map->name, false, out);
		if (fclose(out) != 0 && error == HD_OK)
			error = HD_NO_MEMORY;
	}
	if (error == HD_NO_MEMORY)
		hd_error("%s: %s", map->name, hd_strerror(error));
	map_path(path, map, "");
	if (error == HD_OK)
		error = hd_setup_file(setup, path, text, size, &owner);
	if (error == HD_OK && map->indexer != NULL)
		error = index_map(setup, map, text, &owner);
	free(text);
	return error;
}

/*
 * The system's own aliases: local(8) asks them about our aliases, too, and
 * while one of them has no index, it defers all mail.
 */
static enum hd_error
index_others(struct hd_setup *setup)
{
	static const char type[] = "hash:";
	const char *list = hd_postconf_expanded(&setup->postconf, "alias_maps"), *item;
	char map[PATH_SIZE], index[PATH_SIZE + 8];
	enum hd_error error = HD_OK;
	size_t length;

	while (error == HD_OK && hd_postfix_list_next(&list, &item, &length)) {
		if (length >= sizeof(map) || strncmp(item, type, strlen(type)) != 0)
			continue;
		(void)snprintf(map, sizeof(map), "%.*s", (int)length, item);
		(void)snprintf(index, sizeof(index), "%s.db", map + strlen(type));
		if (access(index, F_OK) == 0)
			continue;
		if (access(map + strlen(type), F_OK) != 0) {
			hd_error("Postfix's alias_maps has %s, and there is no such file: it would "
				 "defer all local mail, and so ours. Make the file, if only an "
				 "empty one",
			    map);
			return HD_CONFIG;
		}
		error = hd_setup_undo_remember(setup, index);
		if (error == HD_OK && !setup->dry_run)
			error = run_indexer("postalias", map);
		if (error == HD_OK)
			hd_setup_changed(setup, HD_SETUP_INDEX, "%s", map + strlen(type));
	}
	return error;
}

enum hd_error
hd_setup_maps(struct hd_setup *setup)
{
	/* First of all: from then on nobody else changes what is in it. */
	const struct hd_setup_owner folder = hd_setup_owner_root(0755);
	enum hd_error error = hd_setup_folder(setup, HD_POSTFIX_MAPS, &folder);

	for (unsigned i = 0; error == HD_OK && i < MAP_COUNT; i++) {
		if (!is_wanted(setup, &maps[i]))
			continue;
		error = check_map(setup, &maps[i]);
		if (error == HD_OK)
			error = write_map(setup, &maps[i]);
	}
	return error == HD_OK ? index_others(setup) : error;
}

enum hd_error
hd_setup_remove_maps(struct hd_setup *setup)
{
	static const char *const suffixes[] = {"", INDEX, NEW, NEW_INDEX};
	enum hd_error error = HD_OK;
	char path[PATH_SIZE];

	for (unsigned i = 0; i < MAP_COUNT; i++) {
		for (unsigned j = 0; error == HD_OK && j < sizeof(suffixes) / sizeof(suffixes[0]);
		     j++) {
			map_path(path, &maps[i], suffixes[j]);
			error = hd_setup_delete(setup, path);
		}
	}
	return error == HD_OK ? hd_setup_delete_folder(setup, HD_POSTFIX_MAPS) : error;
}
