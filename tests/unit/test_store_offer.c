/* Offers, the service's start, and what the purge and the statistics tell of. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store_support.h"

#define ALIAS   "k5d3m2q7xw4b6n2a"
#define OTHER   "aaaaaaaaaaaaaaaa"
#define CREATED INT64_C(1795446000000)

static void
check_offered(const char *claim, struct hd_store *store, enum hd_probe_id probe, int64_t wanted)
{
	struct hd_test test;

	check_int(claim, hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	check_int(claim, test.offered[probe], wanted);
}

static void
first_offer_counts(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	bool first;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	check_offered("none yet", store, HD_PROBE_WRONG, 0);
	check_int("the first",
	    hd_store_offer_record(store, ALIAS, 0, HD_PROBE_WRONG, CREATED + 7, &first), HD_OK);
	check_int("a repeat",
	    hd_store_offer_record(store, ALIAS, 0, HD_PROBE_WRONG, CREATED + 9, &first), HD_OK);
	check_true("a repeat is none", !first);
	check_offered("the first time", store, HD_PROBE_WRONG, CREATED + 7);
	check_offered("of this probe alone", store, HD_PROBE_DO, 0);
	check_int("another probe",
	    hd_store_offer_record(store, ALIAS, 0, HD_PROBE_DO, CREATED + 8, &first), HD_OK);
	check_true("the first there", first);
	check_offered("has its own", store, HD_PROBE_DO, CREATED + 8);
	hd_store_close(store);
	check_int("two rows", raw_number(temp_path("a.db"), "SELECT count(*) FROM offers"), 2);
	check_int("an offer is no arrival",
	    raw_number(temp_path("a.db"), "SELECT firstreceived IS NULL FROM tests"), 1);
}

static void
only_live_tests_are_found(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	bool first;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	check_int("live", hd_store_test_exists(store, ALIAS, CREATED - 1), HD_OK);
	check_int("expired", hd_store_test_exists(store, ALIAS, CREATED), HD_NONE);
	check_int("unknown", hd_store_test_exists(store, OTHER, 0), HD_NONE);
	check_int("an offer, expired",
	    hd_store_offer_record(store, ALIAS, CREATED, HD_PROBE_WRONG, CREATED, &first), HD_NONE);
	check_int("an offer, unknown",
	    hd_store_offer_record(store, OTHER, 0, HD_PROBE_WRONG, CREATED, &first), HD_NONE);
	check_int("nothing was recorded",
	    raw_number(temp_path("a.db"), "SELECT count(*) FROM offers"), 0);
	check_int("an offer, live",
	    hd_store_offer_record(store, ALIAS, 0, HD_PROBE_WRONG, CREATED, &first), HD_OK);
	check_int("a repeat, expired",
	    hd_store_offer_record(store, ALIAS, CREATED, HD_PROBE_WRONG, CREATED, &first), HD_NONE);
	check_int("delete", hd_store_test_delete(store, ALIAS, 0), HD_OK);
	check_int("a repeat, deleted",
	    hd_store_offer_record(store, ALIAS, 0, HD_PROBE_WRONG, CREATED, &first), HD_NONE);
	hd_store_close(store);
	check_int("offers go with their test",
	    raw_number(temp_path("a.db"), "SELECT count(*) FROM offers"), 0);
}

static void
repeats_need_no_lock(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);
	sqlite3 *holder = raw_open(path);
	bool first;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	raw_exec(holder, "BEGIN IMMEDIATE");
	check_int("an unknown alias does not",
	    hd_store_offer_record(store, OTHER, 0, HD_PROBE_WRONG, CREATED, &first), HD_NONE);
	check_int("a first one does",
	    hd_store_offer_record(store, ALIAS, 0, HD_PROBE_WRONG, CREATED, &first), HD_BUSY);
	check_logged("and says so", HD_LOG_WARNING, "the store is locked");
	check_int("looking needs none", hd_store_test_exists(store, ALIAS, 0), HD_OK);
	check_int("nor what is unknown", hd_store_test_exists(store, OTHER, 0), HD_NONE);
	raw_exec(holder, "ROLLBACK");
	check_int(
	    "now", hd_store_offer_record(store, ALIAS, 0, HD_PROBE_WRONG, CREATED, &first), HD_OK);
	raw_exec(holder, "BEGIN IMMEDIATE");
	check_int("a repeat does not",
	    hd_store_offer_record(store, ALIAS, 0, HD_PROBE_WRONG, CREATED, &first), HD_OK);
	raw_exec(holder, "ROLLBACK");
	assert_int_equal(sqlite3_close(holder), SQLITE_OK);
	hd_store_close(store);
}

static void
lost_table_is_not_none(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);
	bool first;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	raw_run(path, "DROP TABLE offers; DROP TABLE service;");
	check_int("offer", hd_store_offer_record(store, ALIAS, 0, HD_PROBE_WRONG, CREATED, &first),
	    HD_STORE);
	check_logged("and says why", HD_LOG_ERROR, "no such table");
	check_int("start", hd_store_started(store, CREATED), HD_STORE);
	check_logged("and says why", HD_LOG_ERROR, "no such table");
	hd_store_close(store);
}

static void
every_test_knows_the_start(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	struct hd_test test;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	check_int("get", hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	check_int("never", test.service_started, 0);
	check_int("start", hd_store_started(store, CREATED + 5), HD_OK);
	check_int("a restart, the clock set back", hd_store_started(store, CREATED - 5), HD_OK);
	check_int("get", hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	check_int("the last one", test.service_started, CREATED - 5);
	check_int("one row", raw_number(temp_path("a.db"), "SELECT count(*) FROM service"), 1);
	raw_run(temp_path("a.db"), "DELETE FROM service");
	check_int("without its row: an error", hd_store_started(store, CREATED), HD_STORE);
	check_logged("and says so", HD_LOG_ERROR, "has not its one row");
	hd_store_close(store);
}

/* What a purge told of. */
struct seen {
	unsigned count;
	unsigned delivered;
	unsigned offered;
	int64_t last_created;
};

static void
see(const struct hd_test *test, void *context)
{
	struct seen *seen = context;

	check_true("the oldest first", test->created >= seen->last_created);
	seen->last_created = test->created;
	seen->count++;
	seen->delivered += test->deliveries[HD_PROBE_DO].delivered;
	seen->offered += test->offered[HD_PROBE_WRONG] != 0;
}

static void
purge_tells_what_it_deleted(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	struct hd_evidence tls = evidence(HD_TRANSPORT_TLS, "mail");
	struct seen seen = {0};
	char alias[HD_ALIAS_SIZE];
	int64_t purged;
	bool first;

	(void)state;
	create_tests(store, 0, HD_STORE_PURGE_BATCH + 2, CREATED);
	numbered_alias(3, alias);
	check_int("a delivery",
	    hd_store_delivery_record(store, alias, 0, HD_PROBE_DO, CREATED + 9, &tls), HD_OK);
	numbered_alias(4, alias);
	check_int("an offer",
	    hd_store_offer_record(store, alias, 0, HD_PROBE_WRONG, CREATED + 9, &first), HD_OK);
	check_int("purge", hd_store_purge(store, CREATED + 600, see, &seen, &purged), HD_OK);
	check_int("a batch", purged, HD_STORE_PURGE_BATCH);
	check_int("each is told of", seen.count, HD_STORE_PURGE_BATCH);
	check_int("with its delivery", seen.delivered, 1);
	check_int("with its offer", seen.offered, 1);
	check_int("the rest", hd_store_purge(store, CREATED + 500, see, &seen, &purged), HD_OK);
	check_int("but the one that is live", purged, 1);
	check_int("is told of", seen.count, HD_STORE_PURGE_BATCH + 1);
	check_int("nothing more", hd_store_purge(store, CREATED + 500, see, &seen, &purged), HD_OK);
	check_int("none", purged, 0);
	check_int("none is told of", seen.count, HD_STORE_PURGE_BATCH + 1);
	hd_store_close(store);
	check_sound(temp_path("a.db"));
}

static void
failed_purge_tells_nothing(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);
	sqlite3 *holder = raw_open(path);
	struct seen seen = {0};
	int64_t purged = -1;

	(void)state;
	create_tests(store, 0, 3, CREATED);
	raw_exec(holder, "BEGIN IMMEDIATE");
	check_int("locked", hd_store_purge(store, CREATED + 9, see, &seen, &purged), HD_BUSY);
	check_logged("and says so", HD_LOG_WARNING, "the store is locked");
	check_int("nothing", purged, 0);
	check_int("nothing is told of", seen.count, 0);
	assert_int_equal(sqlite3_close(holder), SQLITE_OK);
	raw_run(path, "DROP TABLE live");
	check_int("damaged", hd_store_purge(store, CREATED + 9, see, &seen, &purged), HD_STORE);
	check_logged("and says why", HD_LOG_ERROR, "no such table");
	check_int("nothing", purged, 0);
	check_int("nothing is told of", seen.count, 0);
	hd_store_close(store);
	check_int("all are there", raw_number(path, "SELECT count(*) FROM tests"), 3);
}

/* Kinds of deliveries as one line each, in order. */
static void
add_line(
    const char *probe, const char *transport, const char *protocol, int64_t count, void *context)
{
	char *text = context;
	size_t length = strlen(text);

	(void)snprintf(
	    text + length, 200 - length, "%s %s %s %d\n", probe, transport, protocol, (int)count);
}

static void
statistics_count_by_kind(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	struct hd_evidence tls = evidence(HD_TRANSPORT_TLS, "mail");
	struct hd_evidence clear = evidence(HD_TRANSPORT_CLEAR, "mail");
	struct hd_evidence bare = {.transport = HD_TRANSPORT_TLS};
	char text[200] = "";

	(void)state;
	check_int("nothing", hd_store_statistics(store, add_line, text), HD_OK);
	check_text("nothing", text, "");
	create_tests(store, 0, 3, CREATED);
	for (unsigned i = 0; i < 3; i++) {
		char alias[HD_ALIAS_SIZE];

		numbered_alias(i, alias);
		check_int("do",
		    hd_store_delivery_record(
			store, alias, 0, HD_PROBE_DO, CREATED, i == 2 ? &clear : &tls),
		    HD_OK);
	}
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, 9), HD_OK);
	check_int("wrong",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_WRONG, CREATED, &bare), HD_OK);
	check_int("count", hd_store_statistics(store, add_line, text), HD_OK);
	check_text("by kind", text, "do clear  1\ndo tls TLSv1.3 2\nwrong tls  1\n");
	raw_run(temp_path("a.db"), "DROP VIEW results; DROP TABLE deliveries;");
	check_int("damage is an error", hd_store_statistics(store, add_line, text), HD_STORE);
	check_logged("and says why", HD_LOG_ERROR, "no such table");
	hd_store_close(store);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(first_offer_counts),
	    UNIT_TEST(only_live_tests_are_found),
	    UNIT_TEST(repeats_need_no_lock),
	    UNIT_TEST(lost_table_is_not_none),
	    UNIT_TEST(every_test_knows_the_start),
	    UNIT_TEST(purge_tells_what_it_deleted),
	    UNIT_TEST(failed_purge_tells_nothing),
	    UNIT_TEST(statistics_count_by_kind),
	};

	return RUN_TESTS(tests);
}
