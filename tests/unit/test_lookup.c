/* What Postfix is told of a recipient, and what a look-up leaves behind. */
#include "fcgi/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "store_support.h"
#include "support.h"

#define BYTES(text) text, sizeof(text) - 1
#define HOUR        INT64_C(3600000)

#define NOTFOUND "9:NOTFOUND ,"
#define PERM     "33:PERM the only map here is \"alias\","

static const char live[] = "aaaaaaaaaaaaaaaa", old[] = "bbbbbbbbbbbbbbbb";

static const struct hd_config config = {.domain = "havedane.test", .retention = 24 * HOUR};

static const struct {
	const char *claim;
	const char *bytes;
	size_t length;
	const char *reply;
} answers[] = {
    {"a live alias at do", BYTES("alias aaaaaaaaaaaaaaaa@do.havedane.test"),
	"24:OK havedane-do@localhost,"},
    {"at dont", BYTES("alias aaaaaaaaaaaaaaaa@dont.havedane.test"),
	"26:OK havedane-dont@localhost,"},
    {"at wrong", BYTES("alias aaaaaaaaaaaaaaaa@wrong.havedane.test"),
	"27:OK havedane-wrong@localhost,"},
    {"letter case", BYTES("alias AAAAAAAAaaaaaaaa@DO.HaveDANE.test"),
	"24:OK havedane-do@localhost,"},
    {"an extension", BYTES("alias aaaaaaaaaaaaaaaa+x+y@do.havedane.test"),
	"24:OK havedane-do@localhost,"},
    {"a final dot", BYTES("alias aaaaaaaaaaaaaaaa@do.havedane.test."),
	"24:OK havedane-do@localhost,"},

    {"an expired alias", BYTES("alias bbbbbbbbbbbbbbbb@do.havedane.test"), NOTFOUND},
    {"an expired alias at wrong", BYTES("alias bbbbbbbbbbbbbbbb@wrong.havedane.test"), NOTFOUND},
    {"an unknown alias", BYTES("alias cccccccccccccccc@do.havedane.test"), NOTFOUND},
    {"an unknown alias at wrong", BYTES("alias cccccccccccccccc@wrong.havedane.test"), NOTFOUND},
    {"no alias: 15 characters", BYTES("alias aaaaaaaaaaaaaaa@do.havedane.test"), NOTFOUND},
    {"no alias: 17 characters", BYTES("alias aaaaaaaaaaaaaaaaa@do.havedane.test"), NOTFOUND},
    {"no alias: a digit of none", BYTES("alias aaaaaaaaaaaaaaa1@do.havedane.test"), NOTFOUND},
    {"no alias: empty", BYTES("alias @do.havedane.test"), NOTFOUND},
    {"no alias: a quoted one", BYTES("alias \"aaaaaaaaaaaaaaaa\"@do.havedane.test"), NOTFOUND},
    {"no alias: postmaster", BYTES("alias postmaster@do.havedane.test"), NOTFOUND},
    {"no alias: a pattern", BYTES("alias %@do.havedane.test"), NOTFOUND},
    {"no probe", BYTES("alias aaaaaaaaaaaaaaaa@x.havedane.test"), NOTFOUND},
    {"the domain itself", BYTES("alias aaaaaaaaaaaaaaaa@havedane.test"), NOTFOUND},
    {"another domain", BYTES("alias aaaaaaaaaaaaaaaa@do.other.test"), NOTFOUND},
    {"more than the domain", BYTES("alias aaaaaaaaaaaaaaaa@do.havedane.test.x"), NOTFOUND},
    {"two final dots", BYTES("alias aaaaaaaaaaaaaaaa@do.havedane.test.."), NOTFOUND},
    {"a domain alone", BYTES("alias do.havedane.test"), NOTFOUND},
    {"an alias alone", BYTES("alias aaaaaaaaaaaaaaaa"), NOTFOUND},
    {"an empty key", BYTES("alias "), NOTFOUND},
    {"a space before", BYTES("alias  aaaaaaaaaaaaaaaa@do.havedane.test"), NOTFOUND},
    {"a space behind", BYTES("alias aaaaaaaaaaaaaaaa@do.havedane.test "), NOTFOUND},
    {"NUL behind the address", BYTES("alias aaaaaaaaaaaaaaaa@do.havedane.test\0"), NOTFOUND},
    {"NUL and more behind it", BYTES("alias aaaaaaaaaaaaaaaa@do.havedane.test\0x"), NOTFOUND},
    {"NUL before the address", BYTES("alias \0aaaaaaaaaaaaaaaa@do.havedane.test"), NOTFOUND},
    {"NUL in the address", BYTES("alias aaaaaaaa\0aaaaaaaa@do.havedane.test"), NOTFOUND},
    {"a newline", BYTES("alias aaaaaaaaaaaaaaaa@do.havedane.test\n"), NOTFOUND},

    {"another map", BYTES("virtual aaaaaaaaaaaaaaaa@do.havedane.test"), PERM},
    {"another letter case of the map", BYTES("ALIAS aaaaaaaaaaaaaaaa@do.havedane.test"), PERM},
    {"less than the map", BYTES("alia aaaaaaaaaaaaaaaa@do.havedane.test"), PERM},
    {"more than the map", BYTES("alias2 aaaaaaaaaaaaaaaa@do.havedane.test"), PERM},
    {"no map", BYTES(" aaaaaaaaaaaaaaaa@do.havedane.test"), PERM},
    {"no key", BYTES("alias"), PERM},
    {"a key alone", BYTES("aaaaaaaaaaaaaaaa@do.havedane.test"), PERM},
    {"nothing", BYTES(""), PERM},
};

/* ask - the reply to a payload; static storage */
static const char *
ask(const struct hd_lookup *lookup, const char *payload, size_t length)
{
	static char reply[HD_SOCKETMAP_REPLY_MAX + 1];
	const char *space = memchr(payload, ' ', length);
	const size_t map_length = space == NULL ? length : (size_t)(space - payload);
	char *block = exact_copy(payload, length);
	const struct hd_socketmap_request request = {
	    .map = block,
	    .map_length = map_length,
	    .key = space == NULL ? NULL : block + map_length + 1,
	    .key_length = space == NULL ? 0 : length - map_length - 1,
	};

	reply[hd_lookup_answer(lookup, &request, reply)] = '\0';
	free(block);
	return reply;
}

/* prepared - a store with a live test and an expired one */
static struct hd_store *
prepared(void)
{
	struct hd_store *store = new_store(temp_path("store.db"));
	const int64_t now = hd_time_now();

	check_int("live", hd_store_test_create(store, live, now - 23 * HOUR, 10), HD_OK);
	check_int("old", hd_store_test_create(store, old, now - 25 * HOUR, 10), HD_OK);
	return store;
}

static void
recipients_are_answered(void **state)
{
	struct hd_store *store = prepared();
	const struct hd_lookup lookup = {&config, store};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(answers); i++)
		check_text(answers[i].claim, ask(&lookup, answers[i].bytes, answers[i].length),
		    answers[i].reply);
	check_int("only the live one was offered",
	    raw_number(temp_path("store.db"), "SELECT count(*) FROM offers"), 1);
	hd_store_close(store);
	check_log_quiet("nothing is a warning");
}

static void
an_overlong_key_is_not_found(void **state)
{
	static const char address[] = "aaaaaaaaaaaaaaaa@do.havedane.test";
	struct hd_store *store = prepared();
	const struct hd_lookup lookup = {&config, store};
	char payload[HD_SOCKETMAP_PAYLOAD_MAX];

	(void)state;
	memset(payload, 'a', sizeof(payload));
	memcpy(payload, "alias ", 6);
	check_text("without a domain", ask(&lookup, payload, sizeof(payload)), NOTFOUND);
	memcpy(payload + sizeof(payload) - strlen(address), address, strlen(address));
	check_text("a long local part", ask(&lookup, payload, sizeof(payload)), NOTFOUND);
	hd_store_close(store);
}

static void
an_offer_is_recorded_and_logged_once(void **state)
{
	static const char payload[] = "alias aaaaaaaaaaaaaaaa@wrong.havedane.test";
	const char *path = temp_path("store.db");
	struct hd_store *store = prepared();
	const struct hd_lookup lookup = {&config, store};
	const int64_t before = hd_time_now();
	int64_t offered;

	(void)state;
	drop_log();
	(void)ask(&lookup, "alias aaaaaaaaaaaaaaaa@do.havedane.test", 39);
	(void)ask(&lookup, "alias aaaaaaaaaaaaaaaa@dont.havedane.test", 41);
	check_int("not where we expect mail", raw_number(path, "SELECT count(*) FROM offers"), 0);

	check_text("OK", ask(&lookup, payload, strlen(payload)), "27:OK havedane-wrong@localhost,");
	check_logged("its beginning only", HD_LOG_INFO, "offered: alias=aaaaaa... probe=wrong");
	offered = raw_number(path, "SELECT offered FROM offers WHERE alias = 'aaaaaaaaaaaaaaaa'"
				   " AND probe = 'wrong'");
	check_true("with its time", offered >= before && offered <= hd_time_now());

	raw_run(path, "UPDATE offers SET offered = 7");
	check_text(
	    "again", ask(&lookup, payload, strlen(payload)), "27:OK havedane-wrong@localhost,");
	check_int("the first counts", raw_number(path, "SELECT offered FROM offers"), 7);
	check_true("no second line", !was_logged(HD_LOG_INFO, "offered"));
	hd_store_close(store);
}

/* What neither changes the store nor needs to may not wait for somebody who does. */
static void
only_a_first_offer_needs_the_lock(void **state)
{
	static const char offer[] = "alias aaaaaaaaaaaaaaaa@wrong.havedane.test";
	struct hd_store *store = prepared();
	const struct hd_lookup lookup = {&config, store};
	sqlite3 *db = raw_open(temp_path("store.db"));

	(void)state;
	raw_exec(db, "BEGIN IMMEDIATE");
	check_text("a known one", ask(&lookup, "alias aaaaaaaaaaaaaaaa@do.havedane.test", 39),
	    "24:OK havedane-do@localhost,");
	check_text("an unknown one at wrong",
	    ask(&lookup, "alias cccccccccccccccc@wrong.havedane.test", 42), NOTFOUND);
	check_log_quiet("nobody waited");
	check_text("an offer that cannot be recorded", ask(&lookup, offer, strlen(offer)),
	    "33:TEMP the store cannot be used now,");
	drop_log();
	raw_exec(db, "ROLLBACK");
	check_text("right again at once", ask(&lookup, offer, strlen(offer)),
	    "27:OK havedane-wrong@localhost,");
	drop_log();
	raw_exec(db, "BEGIN IMMEDIATE");
	check_text(
	    "a repeat", ask(&lookup, offer, strlen(offer)), "27:OK havedane-wrong@localhost,");
	check_log_quiet("nobody waited");
	raw_exec(db, "ROLLBACK");
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	hd_store_close(store);
}

static void
a_store_that_cannot_be_asked(void **state)
{
	struct hd_store *store = prepared();
	const struct hd_lookup lookup = {&config, store};

	(void)state;
	raw_run(temp_path("store.db"), "DROP VIEW results; ALTER TABLE tests RENAME TO gone");
	check_text("TEMP at do", ask(&lookup, "alias aaaaaaaaaaaaaaaa@do.havedane.test", 39),
	    "33:TEMP the store cannot be used now,");
	check_text("TEMP at wrong", ask(&lookup, "alias cccccccccccccccc@wrong.havedane.test", 42),
	    "33:TEMP the store cannot be used now,");
	check_text("what is no address of ours needs no store",
	    ask(&lookup, "alias x@do.havedane.test", 24), NOTFOUND);
	drop_log();
	hd_store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT_TEST(recipients_are_answered),
	    UNIT_TEST(an_overlong_key_is_not_found),
	    UNIT_TEST(an_offer_is_recorded_and_logged_once),
	    UNIT_TEST(only_a_first_offer_needs_the_lock),
	    UNIT_TEST(a_store_that_cannot_be_asked),
	};

	return RUN_TESTS(tests);
}
