/* A handle that stays open while its database is damaged, replaced, removed, and put back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store.h"
#include "store_support.h"

#define ALIAS   "k5d3m2q7xw4b6n2a"
#define OTHER   "aaaaaaaaaaaaaaaa"
#define CREATED INT64_C(1795446000000)

static struct hd_store *
store_with_test(const char *path)
{
	struct hd_store *store = new_store(path);

	check_int("create a test", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	/* All of it in the one file, so that the file can be handled alone. */
	raw_run(path, "PRAGMA wal_checkpoint(TRUNCATE)");
	return store;
}

static enum hd_error
get(struct hd_store *store, const char *alias)
{
	struct hd_test test;

	return hd_store_test_get(store, alias, CREATED - 1, &test);
}

static void
overwrite(const char *path, const char *bytes, size_t length)
{
	FILE *file = fopen(path, "r+");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static void
damage_is_forgotten_once_it_is_mended(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = store_with_test(path);
	size_t length;
	char *sound = read_file(path, &length);
	char *garbage = malloc(length);

	(void)state;
	assert_non_null(garbage);
	memset(garbage, 'x', length);
	/* Opened after the last commit: nothing of the file is in its cache. */
	hd_store_close(store);
	store = open_store(path, HD_STORE_USE);
	overwrite(path, garbage, length);
	check_int("damaged", get(store, ALIAS), HD_STORE);
	check_int("still damaged", get(store, ALIAS), HD_STORE);
	overwrite(path, sound, length);
	check_int("mended", get(store, ALIAS), HD_OK);
	check_int("and writable", hd_store_test_create(store, OTHER, CREATED, 9), HD_OK);
	hd_store_close(store);
	free(garbage);
	free(sound);
	check_sound(path);
	drop_log();
}

static void
removed_database_takes_nothing(void **state)
{
	const char *path = temp_path("a.db"), *away = temp_path("away.db");
	const struct hd_evidence tls = evidence(HD_TRANSPORT_TLS, "mail.example.org");
	struct hd_store *store = store_with_test(path);
	int64_t count;

	(void)state;
	assert_int_equal(rename(path, away), 0);
	check_int("no test is made", hd_store_test_create(store, OTHER, CREATED, 9), HD_STORE);
	check_int("nothing is recorded",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DO, CREATED, &tls), HD_STORE);
	check_int("no test is found", get(store, ALIAS), HD_STORE);
	check_int("none is deleted", hd_store_test_delete(store, ALIAS, 0), HD_STORE);
	check_int("none is counted", hd_store_count(store, &count), HD_STORE);
	check_int("and no new file is made", access(path, F_OK), -1);
	assert_int_equal(rename(away, path), 0);
	check_int("put back, the test is there", get(store, ALIAS), HD_OK);
	check_int("what was refused is not", get(store, OTHER), HD_NONE);
	check_int("and it goes on",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DO, CREATED, &tls), HD_OK);
	hd_store_close(store);
	check_sound(path);
	drop_log();
}

static void
replaced_database_is_the_one_that_counts(void **state)
{
	const char *path = temp_path("a.db"), *next = temp_path("b.db");
	struct hd_store *store = store_with_test(path);

	(void)state;
	hd_store_close(new_store(next));
	assert_int_equal(rename(next, path), 0);
	check_int("the old one's test is gone", get(store, ALIAS), HD_NONE);
	check_int("a new one", hd_store_test_create(store, OTHER, CREATED, 9), HD_OK);
	hd_store_close(store);
	store = open_store(path, HD_STORE_USE);
	check_int("is where everybody looks", get(store, OTHER), HD_OK);
	hd_store_close(store);
	check_sound(path);
}

static void
copy_without_wal_gets_it_again(void **state)
{
	const char *path = temp_path("a.db"), *copy = temp_path("b.db");
	char sql[4200];

	(void)state;
	hd_store_close(store_with_test(path));
	(void)snprintf(sql, sizeof(sql), "VACUUM INTO '%s'", copy);
	raw_run(path, sql);
	check_raw_text("a copy", copy, "PRAGMA journal_mode", "delete");
	hd_store_close(open_store(copy, HD_STORE_MIGRATE));
	check_raw_text("after the service's start", copy, "PRAGMA journal_mode", "wal");
	check_sound(copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT_TEST(damage_is_forgotten_once_it_is_mended),
	    UNIT_TEST(removed_database_takes_nothing),
	    UNIT_TEST(replaced_database_is_the_one_that_counts),
	    UNIT_TEST(copy_without_wal_gets_it_again),
	};

	return RUN_TESTS(tests);
}
