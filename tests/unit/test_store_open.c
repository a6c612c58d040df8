/* Opening a store: what is made, what is refused, and that nothing is made by accident. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"
#include "store_support.h"

#define ALIAS   "k5d3m2q7xw4b6n2a"
#define CREATED INT64_C(1795446000000)

static const enum hd_store_access all_access[] = {HD_STORE_USE, HD_STORE_MIGRATE, HD_STORE_CREATE};
static const enum hd_store_access no_creating[] = {HD_STORE_USE, HD_STORE_MIGRATE};

/* check_open - opening gives this error, and an error leaves no handle */
static void
check_open(const char *claim, const char *path, enum hd_store_access access, enum hd_error wanted)
{
	struct hd_store *store;

	memset(&store, 'x', sizeof(store));
	check_int(claim, try_open(path, access, SHORT_WAIT, &store), wanted);
	check_true("a handle exactly when it is open", (store != NULL) == (wanted == HD_OK));
	hd_store_close(store);
}

static void
created_database_is_tight(void **state)
{
	const char *path = temp_path("a.db");
	mode_t mask = umask(0);
	struct stat status, folder;
	size_t length;
	char *bytes;

	(void)state;
	check_open("a new one", path, HD_STORE_CREATE, HD_OK);
	(void)umask(mask);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(stat(temp_dir(), &folder), 0);
	check_int("nobody else may read it", status.st_mode & 07777, 0600);
	check_int("it has the owner of its folder", status.st_uid, folder.st_uid);
	check_int("it says that it is ours", raw_number(path, "PRAGMA application_id"), 0x4844414E);
	check_int("and its version", raw_number(path, "PRAGMA user_version"), 2);
	check_raw_text("with a write-ahead log", path, "PRAGMA journal_mode", "wal");
	bytes = read_file(path, &length);
	check_true("it is one of SQLite", strcmp(bytes, "SQLite format 3") == 0);
	free(bytes);
	check_sound(path);
}

static void
created_database_belongs_to_its_folders_owner(void **state)
{
	const char *path = temp_path("a.db");
	struct stat status;

	(void)state;
	if (geteuid() == 0)
		assert_int_equal(chown(temp_dir(), 65534, 65534), 0);
	check_open("a new one", path, HD_STORE_CREATE, HD_OK);
	assert_int_equal(stat(path, &status), 0);
	check_int("not to root", status.st_uid, geteuid() == 0 ? 65534 : geteuid());
}

static void
existing_database_stays_as_it_is(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);
	struct hd_test test;

	(void)state;
	check_int("create a test", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	check_open("creating while it is in use", path, HD_STORE_CREATE, HD_OK);
	hd_store_close(store);
	for (size_t i = 0; i < COUNT_OF(all_access); i++)
		check_open("opening it again, each way", path, all_access[i], HD_OK);
	store = open_store(path, HD_STORE_USE);
	check_int("the test is still there", hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	hd_store_close(store);
	check_sound(path);
}

static void
missing_database_is_not_made(void **state)
{
	const char *path = temp_path("a.db"), *deep = temp_path("no/such/folder/a.db");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(no_creating); i++) {
		check_open("missing", path, no_creating[i], HD_STORE);
		check_logged("and says why", HD_LOG_ERROR, "unable to open database file");
		check_logged("and what to do", HD_LOG_ERROR, "havedane init");
		check_int("and makes none", access(path, F_OK), -1);
	}
	check_open("a missing folder", deep, HD_STORE_CREATE, HD_STORE);
	check_logged("and says why", HD_LOG_ERROR, "No such file or directory");
	check_open("a folder", temp_dir(), HD_STORE_USE, HD_STORE);
	drop_log();
	check_open("a folder, to create", temp_dir(), HD_STORE_CREATE, HD_STORE);
	drop_log();
}

static void
empty_file_is_only_filled_by_create(void **state)
{
	const char *path = write_file("a.db", "", 0);
	struct stat status;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(no_creating); i++) {
		check_open("empty", path, no_creating[i], HD_SCHEMA);
		check_logged("and says what to do", HD_LOG_ERROR, "havedane init");
		assert_int_equal(stat(path, &status), 0);
		check_int("and leaves it empty", status.st_size, 0);
	}
	check_open("to create", path, HD_STORE_CREATE, HD_OK);
	check_open("then it can be used", path, HD_STORE_USE, HD_OK);
	check_sound(path);
}

static void
what_is_no_database_is_refused(void **state)
{
	static const char text[] = "This is a file of somebody else, and it stays as it is.\n";
	char big[20000];

	(void)state;
	memset(big, 'x', sizeof(big));
	for (size_t i = 0; i < COUNT_OF(all_access); i++) {
		const char *small = write_file("small", text, sizeof(text) - 1);
		const char *large = write_file("large", big, sizeof(big));
		size_t length;
		char *bytes;

		check_open("a text", small, all_access[i], HD_STORE);
		check_logged("a text", HD_LOG_ERROR, "file is not a database");
		check_open("larger than a page", large, all_access[i], HD_STORE);
		check_logged("larger than a page", HD_LOG_ERROR, "file is not a database");
		bytes = read_file(small, &length);
		check_text("it is left alone", bytes, text);
		free(bytes);
	}
}

/* Databases that are not of this version of ours, by what makes them so. */
static const struct {
	const char *claim;
	const char *sql; /* on a database just created */
	const char *message;
} versions[] = {
    {"newer", "PRAGMA user_version = 3", "upgrade them"},
    {"much newer", "PRAGMA user_version = 2147483647", "upgrade them"},
    {"ours without a version", "PRAGMA user_version = 0", "has no version"},
    {"ours with a negative version", "PRAGMA user_version = -1", "has no version"},
    {"somebody else's of the same version", "PRAGMA application_id = 42",
	"is not a database of HaveDANE"},
    {"nobody's of the same version", "PRAGMA application_id = 0", "is not a database of HaveDANE"},
    {"nobody's, with tables, without a version",
	"PRAGMA application_id = 0; PRAGMA user_version = 0", "is not a database of HaveDANE"},
};

static void
other_versions_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(versions); i++) {
		char name[16];
		const char *path;

		(void)snprintf(name, sizeof(name), "%zu.db", i);
		path = temp_path(name);
		hd_store_close(new_store(path));
		raw_run(path, versions[i].sql);
		for (size_t j = 0; j < COUNT_OF(all_access); j++) {
			check_open(versions[i].claim, path, all_access[j], HD_SCHEMA);
			check_logged(versions[i].claim, HD_LOG_ERROR, versions[i].message);
		}
		check_int("nothing was added",
		    raw_number(path, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'"), 5);
	}
}

/* overwrite - destroy everything behind the first page of a database */
static void
overwrite(const char *path)
{
	size_t length;
	char *bytes = read_file(path, &length);
	FILE *file = fopen(path, "r+e");

	check_true("there are pages to damage", length > 3 * 4096);
	memset(bytes + 4096, 0xff, length - 4096);
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	free(bytes);
}

static void
damage_is_found(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);
	struct hd_test test;
	char alias[HD_ALIAS_SIZE];

	(void)state;
	create_tests(store, 0, 300, CREATED);
	hd_store_close(store);
	overwrite(path);
	check_open("init finds damage", path, HD_STORE_CREATE, HD_STORE);
	drop_log();
	store = open_store(path, HD_STORE_USE); /* the first page is whole */
	numbered_alias(1, alias);
	check_int("damage is no HD_NONE", hd_store_test_get(store, alias, 0, &test), HD_STORE);
	check_logged("and says so", HD_LOG_ERROR, "malformed");
	hd_store_close(store);
}

static void
wrong_index_is_found(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);

	(void)state;
	create_tests(store, 0, 3, CREATED);
	hd_store_close(store);
	/* The index now lacks what it should have: an empty one in its place. */
	raw_run(path, "PRAGMA writable_schema = ON;"
		      "CREATE TABLE other (created INTEGER); CREATE INDEX i ON other (created);"
		      "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema"
		      " WHERE name = 'i') WHERE name = 'tests_created';"
		      "DELETE FROM sqlite_schema WHERE name = 'i'");
	check_open("init finds it", path, HD_STORE_CREATE, HD_STORE);
	check_logged("and says so", HD_LOG_ERROR, "is damaged: ");
}

static void
other_back_ends_are_refused(void **state)
{
	struct hd_store_options options = {
	    .backend = HD_BACKEND_POSTGRESQL, .path = temp_path("a.db"), .access = HD_STORE_CREATE};
	struct hd_store *store = NULL;

	(void)state;
	check_int("not in this build", hd_store_open(&options, &store), HD_CONFIG);
	check_logged("and says so", HD_LOG_ERROR, "postgresql is not in this build");
	check_true("no handle", store == NULL);
	check_int("and no file", access(options.path, F_OK), -1);
	hd_store_close(NULL); /* is allowed */
}

static void
creating_waits_for_the_lock(void **state)
{
	const char *path = temp_path("a.db");
	sqlite3 *holder = raw_open(path);

	(void)state;
	raw_exec(holder, "PRAGMA journal_mode = WAL; BEGIN IMMEDIATE");
	check_open("somebody holds it", path, HD_STORE_CREATE, HD_BUSY);
	check_logged("and says so", HD_LOG_WARNING, "the store is locked");
	raw_exec(holder, "ROLLBACK");
	check_open("then it is made", path, HD_STORE_CREATE, HD_OK);
	assert_int_equal(sqlite3_close(holder), SQLITE_OK);
	check_sound(path);
}

struct attempt {
	const char *path;
	enum hd_store_access access;
	const char *message;
};

/* 0 when it is refused with this message */
static int
attempt_open(void *argument)
{
	const struct attempt *attempt = argument;
	struct hd_store *store = NULL;

	if (try_open(attempt->path, attempt->access, SHORT_WAIT, &store) != HD_STORE)
		return 1;
	return was_logged(HD_LOG_ERROR, attempt->message) ? 0 : 2;
}

static int
open_as_nobody(const char *path, enum hd_store_access access, const char *message)
{
	struct attempt attempt = {path, access, message};

	return run_child(attempt_open, &attempt);
}

static void
database_without_write_access_is_refused(void **state)
{
	const char *path = temp_path("a.db");

	(void)state;
	hd_store_close(new_store(path));
	/* As a file that is there can be read, but no log be made beside it. */
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(chmod(temp_dir(), 0555), 0);
	check_int("read only", open_as_nobody(path, HD_STORE_USE, "this user may not write"), 0);
	check_int("read only, to create",
	    open_as_nobody(path, HD_STORE_CREATE, "this user may not write"), 0);
	check_int("a folder without write access",
	    open_as_nobody(temp_path("b.db"), HD_STORE_CREATE, "Permission denied"), 0);
	assert_int_equal(chmod(path, 0), 0);
	check_int(
	    "no access", open_as_nobody(path, HD_STORE_USE, "unable to open database file"), 0);
	assert_int_equal(chmod(temp_dir(), 0700), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(created_database_is_tight),
	    UNIT_TEST(created_database_belongs_to_its_folders_owner),
	    UNIT_TEST(existing_database_stays_as_it_is),
	    UNIT_TEST(missing_database_is_not_made),
	    UNIT_TEST(empty_file_is_only_filled_by_create),
	    UNIT_TEST(what_is_no_database_is_refused),
	    UNIT_TEST(other_versions_are_refused),
	    UNIT_TEST(damage_is_found),
	    UNIT_TEST(wrong_index_is_found),
	    UNIT_TEST(other_back_ends_are_refused),
	    UNIT_TEST(creating_waits_for_the_lock),
	    UNIT_TEST(database_without_write_access_is_refused),
	};

	return RUN_TESTS(tests);
}
