/*
 * The maps that Postfix reads. The alias file is havedane's, as the owner of
 * its index decides whom the hook runs as. The others decide where other
 * people's mail goes: they are root's, and so is the folder, with the sticky
 * bit, so that havedane can make an index in it but not replace anything.
 */
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
index_map(struct hd_setup *setup, const struct map *map, const struct hd_setup_owner *owner)
{
	char source[PATH_SIZE], index[PATH_SIZE], name[PATH_SIZE + 8];
	struct stat source_status, index_status;
	bool there, current;
	enum hd_error error;

	map_path(source, map, "");
	map_path(index, map, ".db");
	there = stat(index, &index_status) == 0;
	current = there && stat(source, &source_status) == 0 &&
		  !is_older(&index_status, &source_status) && index_status.st_uid == owner->uid;
	if (current)
		return HD_OK;
	error = hd_setup_undo_remember(setup, index);
	if (error == HD_OK && !setup->dry_run) {
		/* Whose owner is somebody else: postalias could not write to it. */
		if (there && index_status.st_uid != owner->uid)
			(void)unlink(index);
		(void)snprintf(name, sizeof(name), "hash:%s", source);
		error = run_indexer(map->indexer, name);
	}
	if (error == HD_OK)
		hd_setup_changed(setup, HD_SETUP_INDEX, "%s", source);
	return error;
}

static enum hd_error
write_map(struct hd_setup *setup, const struct map *map, const struct hd_setup_owner *owner)
{
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
		error = hd_setup_file(setup, path, text, size, owner);
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
	const struct hd_setup_owner folder = hd_setup_owner_group(setup, 01775);
	enum hd_error error = hd_setup_folder(setup, HD_POSTFIX_MAPS, &folder);

	for (unsigned i = 0; error == HD_OK && i < MAP_COUNT; i++) {
		const struct hd_setup_owner owner =
		    maps[i].ours ? hd_setup_owner_ours(setup, 0644) : hd_setup_owner_root(0644);

		if (!is_wanted(setup, &maps[i]))
			continue;
		error = write_map(setup, &maps[i], &owner);
		if (error == HD_OK && maps[i].indexer != NULL)
			error = index_map(setup, &maps[i], &owner);
	}
	return error == HD_OK ? index_others(setup) : error;
}

enum hd_error
hd_setup_remove_maps(struct hd_setup *setup)
{
	static const char *const suffixes[] = {"", ".db"};
	enum hd_error error = HD_OK;
	char path[PATH_SIZE];

	for (unsigned i = 0; i < MAP_COUNT; i++) {
		for (unsigned j = 0; error == HD_OK && j < 2; j++) {
			map_path(path, &maps[i], suffixes[j]);
			error = hd_setup_delete(setup, path);
		}
	}
	return error == HD_OK ? hd_setup_delete_folder(setup, HD_POSTFIX_MAPS) : error;
}
