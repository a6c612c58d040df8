/* What is deleted is gone, what has expired is purged, and a held lock is waited for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"
#include "store_support.h"

#define ALIAS   "k5d3m2q7xw4b6n2a"
#define OTHER   "zzzzzzzzzzzzzzzz"
#define CREATED INT64_C(1795446000000)

/* In no other byte of the file. */
#define MARK "visitor-who-wants-to-be-forgotten.example.org"

static void
deliver_everywhere(struct hd_store *store, const char *alias, const char *helo)
{
	struct hd_evidence clear = evidence(HD_TRANSPORT_CLEAR, helo);

	for (int i = 0; i < HD_PROBE_COUNT; i++)
		check_int("a delivery",
		    hd_store_delivery_record(
			store, alias, 0, (enum hd_probe_id)i, CREATED + i, &clear),
		    HD_OK);
}

static void
deleting_takes_deliveries_along(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);
	struct hd_test test;
	int64_t count;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	check_int("another", hd_store_test_create(store, OTHER, CREATED, 9), HD_OK);
	deliver_everywhere(store, ALIAS, "mail");
	deliver_everywhere(store, OTHER, "mail");
	check_int("delete", hd_store_test_delete(store, ALIAS, 0), HD_OK);
	check_int("it is gone", hd_store_test_get(store, ALIAS, 0, &test), HD_NONE);
	check_int("deleting it again", hd_store_test_delete(store, ALIAS, 0), HD_NONE);
	check_int("its deliveries are gone, those of the other are not",
	    raw_number(path, "SELECT count(*) FROM deliveries"), HD_PROBE_COUNT);
	check_int("the other is there", hd_store_test_get(store, OTHER, 0, &test), HD_OK);
	check_int("count", hd_store_count(store, &count), HD_OK);
	check_int("one", count, 1);
	check_int("the alias may be used again", hd_store_test_create(store, ALIAS, 5, 9), HD_OK);
	check_int("get", hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	check_true("without the old deliveries", !test.deliveries[HD_PROBE_DO].delivered);
	hd_store_close(store);
	check_sound(path);
}

static bool
file_has(const char *path, const char *text)
{
	size_t length;
	char *bytes = read_file(path, &length);
	bool found = memmem(bytes, length, text, strlen(text)) != NULL;

	free(bytes);
	return found;
}

static void
deleted_text_is_overwritten(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	check_int("another", hd_store_test_create(store, OTHER, CREATED, 9), HD_OK);
	deliver_everywhere(store, OTHER, "other");
	deliver_everywhere(store, ALIAS, MARK);
	hd_store_close(store); /* the log is written back into the file */
	check_true("what is recorded is in the file", file_has(path, MARK));
	store = open_store(path, HD_STORE_USE);
	check_int("delete", hd_store_test_delete(store, ALIAS, 0), HD_OK);
	hd_store_close(store);
	check_true("what is deleted is not", !file_has(path, MARK));
	check_true("nor the alias", !file_has(path, ALIAS));
	check_true("what is not deleted still is", file_has(path, OTHER));
}

/* Sizes of purges, around one batch of 500 and two. */
static const struct {
	const char *claim;
	unsigned expired;
	unsigned live;
} purges[] = {
    {"an empty database", 0, 0},
    {"nothing has expired", 0, 3},
    {"one of four", 1, 3},
    {"a batch less one", 499, 2},
    {"a batch", 500, 2},
    {"a batch and one", 501, 2},
    {"two batches", 1000, 2},
    {"two batches and some, and nothing is left", 1234, 0},
};

static void
expired_are_purged_in_batches(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(purges); i++) {
		char name[16];
		struct hd_store *store;
		int64_t purged = -1, count = -1;

		(void)snprintf(name, sizeof(name), "%zu.db", i);
		store = new_store(temp_path(name));
		create_tests(store, 0, purges[i].expired, CREATED - purges[i].expired + 1);
		create_tests(store, 10000, purges[i].live, CREATED + 1);
		for (unsigned left = purges[i].expired; left > 0; left -= (unsigned)purged) {
			check_int(purges[i].claim,
			    hd_store_purge(store, CREATED, NULL, NULL, &purged), HD_OK);
			check_int(purges[i].claim, purged,
			    left < HD_STORE_PURGE_BATCH ? left : HD_STORE_PURGE_BATCH);
		}
		check_int("count", hd_store_count(store, &count), HD_OK);
		check_int(purges[i].claim, count, purges[i].live);
		check_int("again", hd_store_purge(store, CREATED, NULL, NULL, &purged), HD_OK);
		check_int("nothing more to purge", purged, 0);
		hd_store_close(store);
		check_sound(temp_path(name));
		check_int("the live ones are there",
		    raw_number(temp_path(name), "SELECT count(*) FROM tests"), purges[i].live);
	}
}

static void
purging_takes_deliveries_along(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);
	int64_t purged;

	(void)state;
	check_int("an old one", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	check_int("a new one", hd_store_test_create(store, OTHER, CREATED + 1, 9), HD_OK);
	deliver_everywhere(store, ALIAS, MARK);
	deliver_everywhere(store, OTHER, "mail");
	check_int("purge", hd_store_purge(store, CREATED, NULL, NULL, &purged), HD_OK);
	check_int("one", purged, 1);
	hd_store_close(store);
	check_int("the deliveries of the new one are left",
	    raw_number(path, "SELECT count(*) FROM deliveries WHERE alias = '" OTHER "'"), 3);
	check_true("those of the old one are overwritten", !file_has(path, MARK));
	check_sound(path);
}

/* check_all_busy - every writer gives up, every reader goes on */
static void
check_all_busy(struct hd_store *store)
{
	struct hd_evidence tls = evidence(HD_TRANSPORT_TLS, "mail");
	struct hd_test test;
	int64_t purged = -1, count = -1;

	check_int("create", hd_store_test_create(store, OTHER, CREATED, 9), HD_BUSY);
	check_logged("and says so", HD_LOG_WARNING, "the store is locked");
	check_int("record", hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DO, CREATED, &tls),
	    HD_BUSY);
	check_logged("and says so", HD_LOG_WARNING, "the store is locked");
	check_int("delete", hd_store_test_delete(store, ALIAS, 0), HD_BUSY);
	check_logged("and says so", HD_LOG_WARNING, "the store is locked");
	check_int("purge", hd_store_purge(store, CREATED, NULL, NULL, &purged), HD_BUSY);
	check_logged("and says so", HD_LOG_WARNING, "the store is locked");
	check_int("nothing was purged", purged, 0);
	check_int("reading goes on", hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	check_int("counting, too", hd_store_count(store, &count), HD_OK);
	check_int("one", count, 1);
}

static void
held_lock_is_busy_and_passes(void **state)
{
	static const char *const locks[] = {"BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"};
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path), *second;
	struct hd_evidence tls = evidence(HD_TRANSPORT_TLS, "mail");
	sqlite3 *holder = raw_open(path);
	struct hd_test test;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	for (size_t i = 0; i < COUNT_OF(locks); i++) {
		raw_exec(holder, locks[i]);
		check_all_busy(store);
		second = open_store(path, HD_STORE_USE); /* opening only reads */
		check_all_busy(second);
		hd_store_close(second);
		raw_exec(holder, "ROLLBACK");
	}
	check_int("then record works",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DO, CREATED, &tls), HD_OK);
	check_int("then create works", hd_store_test_create(store, OTHER, CREATED, 9), HD_OK);
	check_int("get", hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	check_true("it is recorded", test.deliveries[HD_PROBE_DO].delivered);
	check_int("then delete works", hd_store_test_delete(store, OTHER, 0), HD_OK);
	assert_int_equal(sqlite3_close(holder), SQLITE_OK);
	hd_store_close(store);
	check_sound(path);
}

/* A database that is damaged while it is open: an error, not a wrong answer. */
static void
lost_table_is_an_error(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);
	struct hd_evidence tls = evidence(HD_TRANSPORT_TLS, "mail");
	struct hd_test test;
	int64_t number;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	raw_run(path, "DROP VIEW results; DROP TABLE deliveries; DROP TABLE live;");
	check_int("get is no HD_NONE", hd_store_test_get(store, ALIAS, 0, &test), HD_STORE);
	check_logged("and says why", HD_LOG_ERROR, "no such table");
	check_int("record is no HD_NONE",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DO, CREATED, &tls), HD_STORE);
	check_logged("and says why", HD_LOG_ERROR, "no such table");
	check_int("count", hd_store_count(store, &number), HD_STORE);
	check_logged("and says why", HD_LOG_ERROR, "no such table");
	check_int("create is no HD_FULL", hd_store_test_create(store, OTHER, CREATED, 9), HD_STORE);
	check_logged("and says why", HD_LOG_ERROR, "no such table");
	hd_store_close(store);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(deleting_takes_deliveries_along),
	    UNIT_TEST(deleted_text_is_overwritten),
	    UNIT_TEST(expired_are_purged_in_batches),
	    UNIT_TEST(purging_takes_deliveries_along),
	    UNIT_TEST(held_lock_is_busy_and_passes),
	    UNIT_TEST(lost_table_is_an_error),
	};

	return RUN_TESTS(tests);
}
