/* Tests and deliveries: what is kept, what is refused, what is gone. */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_support.h"

#define ALIAS   "k5d3m2q7xw4b6n2a"
#define OTHER   "aaaaaaaaaaaaaaaa"
#define CREATED INT64_C(1795446000000)

enum { MANY = 100000 }; /* a limit that is not reached */

static void
created_is_got(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	struct hd_test test;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, MANY), HD_OK);
	memset(&test, 0xff, sizeof(test));
	check_int("get", hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	check_text("its alias", test.alias, ALIAS);
	check_int("its time", test.created, CREATED);
	for (int i = 0; i < HD_PROBE_COUNT; i++)
		check_true("nothing is delivered", !test.deliveries[i].delivered);
	check_int("unknown", hd_store_test_get(store, OTHER, 0, &test), HD_NONE);
	check_int("an alias in upper case is not put into lower case here",
	    hd_store_test_get(store, "K5D3M2Q7XW4B6N2A", 0, &test), HD_NONE);
	check_int("a pattern is no alias", hd_store_test_get(store, "%", 0, &test), HD_NONE);
	check_int("nor is a beginning", hd_store_test_get(store, "k5d3", 0, &test), HD_NONE);
	check_int("nor is SQL", hd_store_test_get(store, "' OR 1 --", 0, &test), HD_NONE);
	check_int("nor is nothing", hd_store_test_get(store, "", 0, &test), HD_NONE);
	hd_store_close(store);
}

static void
taken_alias_is_refused(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	struct hd_test test;
	int64_t count;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, MANY), HD_OK);
	check_int("again", hd_store_test_create(store, ALIAS, CREATED + 1, MANY), HD_EXISTS);
	check_int("also when the first has expired by now",
	    hd_store_test_create(store, ALIAS, CREATED * 2, MANY), HD_EXISTS);
	check_int("get", hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	check_int("nothing was changed", test.created, CREATED);
	check_int("count", hd_store_count(store, &count), HD_OK);
	check_int("it counts once", count, 1);
	hd_store_close(store);
}

static void
limit_is_kept(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);

	(void)state;
	create_tests(store, 0, 2, CREATED);
	check_int("the last one", hd_store_test_create(store, ALIAS, CREATED, 3), HD_OK);
	check_int(
	    "one too many", hd_store_test_create(store, "zzzzzzzzzzzzzzzz", CREATED, 3), HD_FULL);
	check_int("a limit that was lowered",
	    hd_store_test_create(store, "zzzzzzzzzzzzzzzz", CREATED, 1), HD_FULL);
	check_int("delete one", hd_store_test_delete(store, ALIAS, 0), HD_OK);
	check_int("then there is room", hd_store_test_create(store, "zzzzzzzzzzzzzzzz", CREATED, 3),
	    HD_OK);
	hd_store_close(store);
	check_sound(path);
	check_int("three", raw_number(path, "SELECT count(*) FROM tests"), 3);
}

static const char *const bad_aliases[] = {"", "short", "k5d3m2q7xw4b6n2aa", "K5D3M2Q7XW4B6N2A",
    "k5d3m2q7xw4b6n20", "k5d3m2q7xw4b6n2%", "k5d3m2q7 w4b6n2a"};

static void
database_refuses_what_is_no_alias(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	int64_t count;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad_aliases); i++) {
		check_int(bad_aliases[i],
		    hd_store_test_create(store, bad_aliases[i], CREATED, MANY), HD_STORE);
		check_logged(bad_aliases[i], HD_LOG_ERROR, "CHECK constraint failed");
	}
	check_int("count", hd_store_count(store, &count), HD_OK);
	check_int("nothing came in", count, 0);
	hd_store_close(store);
}

static void
expired_tests_are_none(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	struct hd_evidence tls = evidence(HD_TRANSPORT_TLS, "mail");
	struct hd_test test;
	int64_t count;

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, MANY), HD_OK);
	check_int("live up to its last millisecond",
	    hd_store_test_get(store, ALIAS, CREATED - 1, &test), HD_OK);
	check_int("expired: get", hd_store_test_get(store, ALIAS, CREATED, &test), HD_NONE);
	check_int("expired: record",
	    hd_store_delivery_record(store, ALIAS, CREATED, HD_PROBE_DO, CREATED + 1, &tls),
	    HD_NONE);
	check_int("expired: delete", hd_store_test_delete(store, ALIAS, CREATED), HD_NONE);
	check_int("unknown: record",
	    hd_store_delivery_record(store, OTHER, 0, HD_PROBE_DO, CREATED, &tls), HD_NONE);
	check_int("unknown: delete", hd_store_test_delete(store, OTHER, 0), HD_NONE);
	check_int("it is still there", hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	check_true("without a delivery", !test.deliveries[HD_PROBE_DO].delivered);
	check_int("count", hd_store_count(store, &count), HD_OK);
	check_int("until it is purged it counts", count, 1);
	hd_store_close(store);
}

/* A first message and a repeat to the same probe: which of them is shown afterwards. */
static const struct {
	const char *claim;
	enum hd_transport first;
	enum hd_transport repeat;
	enum hd_transport transport;
	const char *helo;
} repeats[] = {
    {"TLS again changes nothing", HD_TRANSPORT_TLS, HD_TRANSPORT_TLS, HD_TRANSPORT_TLS, "first"},
    {"the first in the clear replaces TLS", HD_TRANSPORT_TLS, HD_TRANSPORT_CLEAR,
	HD_TRANSPORT_CLEAR, "repeat"},
    {"unknown after TLS changes nothing", HD_TRANSPORT_TLS, HD_TRANSPORT_UNKNOWN, HD_TRANSPORT_TLS,
	"first"},
    {"TLS after clear changes nothing", HD_TRANSPORT_CLEAR, HD_TRANSPORT_TLS, HD_TRANSPORT_CLEAR,
	"first"},
    {"clear again changes nothing", HD_TRANSPORT_CLEAR, HD_TRANSPORT_CLEAR, HD_TRANSPORT_CLEAR,
	"first"},
    {"unknown after clear changes nothing", HD_TRANSPORT_CLEAR, HD_TRANSPORT_UNKNOWN,
	HD_TRANSPORT_CLEAR, "first"},
    {"TLS after unknown changes nothing", HD_TRANSPORT_UNKNOWN, HD_TRANSPORT_TLS,
	HD_TRANSPORT_UNKNOWN, "first"},
    {"clear after unknown changes nothing", HD_TRANSPORT_UNKNOWN, HD_TRANSPORT_CLEAR,
	HD_TRANSPORT_UNKNOWN, "first"},
    {"unknown again changes nothing", HD_TRANSPORT_UNKNOWN, HD_TRANSPORT_UNKNOWN,
	HD_TRANSPORT_UNKNOWN, "first"},
};

static void
check_delivery(const char *claim, struct hd_store *store, const char *alias,
    enum hd_transport transport, const char *helo)
{
	const bool tls = transport == HD_TRANSPORT_TLS;
	struct hd_test test;
	const struct hd_delivery *delivery = &test.deliveries[HD_PROBE_DONT];

	check_int(claim, hd_store_test_get(store, alias, 0, &test), HD_OK);
	check_true(claim, delivery->delivered);
	check_int("the first one's time stays", delivery->received, CREATED + 1000);
	check_int(claim, delivery->evidence.transport, transport);
	check_text(claim, delivery->evidence.client_helo, helo);
	check_text(claim, delivery->evidence.tls_protocol, tls ? "TLSv1.3" : "");
	check_text(claim, delivery->evidence.tls_cipher, tls ? "TLS_AES_256_GCM_SHA384" : "");
	check_text(claim, delivery->evidence.client_address, "192.0.2.1");
	check_true("other probes have none",
	    !test.deliveries[HD_PROBE_DO].delivered && !test.deliveries[HD_PROBE_WRONG].delivered);
}

static void
repeats_change_nothing_but_tls_to_clear(void **state)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);

	(void)state;
	for (unsigned i = 0; i < COUNT_OF(repeats); i++) {
		struct hd_evidence first = evidence(repeats[i].first, "first");
		struct hd_evidence repeat = evidence(repeats[i].repeat, "repeat");
		char alias[HD_ALIAS_SIZE];

		create_tests(store, i, 1, CREATED);
		numbered_alias(i, alias);
		check_int("the first",
		    hd_store_delivery_record(
			store, alias, 0, HD_PROBE_DONT, CREATED + 1000, &first),
		    HD_OK);
		check_delivery("the first counts", store, alias, repeats[i].first, "first");
		check_int("the repeat",
		    hd_store_delivery_record(
			store, alias, 0, HD_PROBE_DONT, CREATED + 2000, &repeat),
		    HD_OK);
		check_delivery(
		    repeats[i].claim, store, alias, repeats[i].transport, repeats[i].helo);
	}
	hd_store_close(store);
	check_sound(path);
}

static void
clear_evidence_stays_clear(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	struct hd_evidence tls = evidence(HD_TRANSPORT_TLS, "tls");
	struct hd_evidence clear = evidence(HD_TRANSPORT_CLEAR, "clear");
	struct hd_evidence again = evidence(HD_TRANSPORT_CLEAR, "again");

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, MANY), HD_OK);
	check_int("TLS",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DONT, CREATED + 1000, &tls), HD_OK);
	check_int("clear",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DONT, CREATED + 2000, &clear),
	    HD_OK);
	check_int("clear again",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DONT, CREATED + 3000, &again),
	    HD_OK);
	check_int("TLS again",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DONT, CREATED + 4000, &tls), HD_OK);
	check_delivery(
	    "the first in the clear is shown", store, ALIAS, HD_TRANSPORT_CLEAR, "clear");
	hd_store_close(store);
}

static void
evidence_comes_back_as_it_was(void **state)
{
	struct hd_store *store = new_store(temp_path("a.db"));
	struct hd_evidence full = {.transport = HD_TRANSPORT_TLS}, empty = full;
	struct hd_test test;

	(void)state;
	memset(full.tls_protocol, 'p', HD_TLS_PROTOCOL_SIZE - 1);
	memset(full.tls_cipher, 'c', HD_TLS_CIPHER_SIZE - 1);
	memset(full.client_address, 'f', HD_CLIENT_ADDRESS_SIZE - 1);
	memset(full.client_helo, '\'', HD_CLIENT_HELO_SIZE - 1);
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, MANY), HD_OK);
	check_int("the longest texts",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DO, CREATED, &full), HD_OK);
	check_int("no texts",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_WRONG, CREATED + 5, &empty), HD_OK);
	check_int("get", hd_store_test_get(store, ALIAS, 0, &test), HD_OK);
	check_true("the longest texts are whole",
	    memcmp(&test.deliveries[HD_PROBE_DO].evidence, &full, sizeof(full)) == 0);
	check_true("no texts are empty texts",
	    memcmp(&test.deliveries[HD_PROBE_WRONG].evidence, &empty, sizeof(empty)) == 0);
	check_int("each has its time", test.deliveries[HD_PROBE_WRONG].received, CREATED + 5);
	hd_store_close(store);
}

static void
view_results_is_the_original_table(void **state)
{
	static const char row[] = "SELECT alias || ' ' || firstreceived || ' ' || \"do\" || dont ||"
				  " wrong FROM results WHERE alias = '" ALIAS "'";
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);
	struct hd_evidence clear = evidence(HD_TRANSPORT_CLEAR, "mail");

	(void)state;
	check_int("create", hd_store_test_create(store, ALIAS, CREATED, MANY), HD_OK);
	check_int("never NULL, and 0 while nothing is there",
	    raw_number(path, "SELECT \"do\" = 0 AND dont = 0 AND wrong = 0 FROM results"), 1);
	check_int("no time yet", raw_number(path, "SELECT firstreceived IS NULL FROM results"), 1);
	check_int(
	    "dont", hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DONT, 700, &clear), HD_OK);
	check_raw_text("1 for what is there", path, row, ALIAS " 700 010");
	check_int("do, with an earlier time",
	    hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_DO, 600, &clear), HD_OK);
	check_raw_text("the time is that of the first record", path, row, ALIAS " 700 110");
	check_int(
	    "wrong", hd_store_delivery_record(store, ALIAS, 0, HD_PROBE_WRONG, 800, &clear), HD_OK);
	check_raw_text("all", path, row, ALIAS " 700 111");
	hd_store_close(store);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(created_is_got),
	    UNIT_TEST(taken_alias_is_refused),
	    UNIT_TEST(limit_is_kept),
	    UNIT_TEST(database_refuses_what_is_no_alias),
	    UNIT_TEST(expired_tests_are_none),
	    UNIT_TEST(repeats_change_nothing_but_tls_to_clear),
	    UNIT_TEST(clear_evidence_stays_clear),
	    UNIT_TEST(evidence_comes_back_as_it_was),
	    UNIT_TEST(view_results_is_the_original_table),
	};

	return RUN_TESTS(tests);
}
