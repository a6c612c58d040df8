/*
 * The hook's messages: one line for each delivery, and no alias in full in any,
 * as who knows it sees the test. What it records is tested by tests/system.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "hook/hook.h"
#include "store_support.h"

#define ALIAS "k5d3m2q7xw4b6n2a"

static const char *captured;

static void
capture(enum hd_log_level level, const char *message)
{
	static char all[4096];
	size_t used = captured == NULL ? 0 : strlen(all);

	(void)snprintf(all + used, sizeof(all) - used, "%s: %s\n",
	    level == HD_LOG_ERROR     ? "error"
	    : level == HD_LOG_WARNING ? "warning"
				      : "info",
	    message);
	captured = all;
}

/* run - the hook for a recipient, with an empty message; its log is in captured */
static int
run(const char *path, const char *original, const char *recipient)
{
	struct hd_config config = {.domain = "havedane.test", .retention = 60 * 1000};
	const struct hd_envelope envelope = {
	    .original_recipient = original,
	    .recipient = recipient,
	    .client_address = "192.0.2.1",
	    .client_helo = "mail.example.org",
	};
	int input = open("/dev/null", O_RDONLY);
	int status;

	assert_true(input >= 0);
	(void)snprintf(config.store_path, sizeof(config.store_path), "%s", path);
	captured = NULL;
	hd_log_to(capture);
	status = hd_hook_run(&config, &envelope, input);
	(void)close(input);
	return status;
}

static const char *
store_with_test(void)
{
	const char *path = temp_path("a.db");
	struct hd_store *store = new_store(path);

	check_int("a test", hd_store_test_create(store, ALIAS, hd_time_now(), 9), HD_OK);
	hd_store_close(store);
	return path;
}

static void
each_delivery_is_one_line(void **state)
{
	static const struct {
		const char *claim, *original, *recipient;
		int status;
		const char *line; /* the whole log */
	} rows[] = {
	    {"recorded", ALIAS "@do.havedane.test", NULL, 0,
		"info: recorded: alias=k5d3m2... probe=do queue_id=unknown\n"},
	    {"recorded, by RECIPIENT", "", "K5D3M2Q7XW4B6N2A+x@wrong.HaveDANE.test", 0,
		"info: recorded: alias=k5d3m2... probe=wrong queue_id=unknown\n"},
	    {"an alias nobody has", "aaaaaaaaaaaaaaaa@do.havedane.test", NULL, 0,
		"info: dropped: alias=aaaaaa... probe=do queue_id=unknown: unknown or expired\n"},
	    {"another domain", ALIAS "@example.org", NULL, 0,
		"warning: dropped: the recipient is not ALIAS@PROBE.havedane.test\n"},
	    {"another domain, ours in RECIPIENT", ALIAS "@example.org", ALIAS "@do.havedane.test",
		0, "warning: dropped: the recipient is not ALIAS@PROBE.havedane.test\n"},
	    {"an alias misspelt", "0" ALIAS "@do.havedane.test", NULL, 0,
		"warning: dropped: the recipient is not ALIAS@PROBE.havedane.test\n"},
	    {"no envelope", NULL, NULL, 75,
		"error: neither ORIGINAL_RECIPIENT nor RECIPIENT is set: not run by local(8)?\n"},
	    {"an empty envelope", "", "", 75,
		"error: neither ORIGINAL_RECIPIENT nor RECIPIENT is set: not run by local(8)?\n"},
	};
	const char *path = store_with_test();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_int(
		    rows[i].claim, run(path, rows[i].original, rows[i].recipient), rows[i].status);
		check_text(rows[i].claim, captured, rows[i].line);
	}
}

static void
trouble_is_explained_without_the_alias(void **state)
{
	const char *empty = write_file("empty.db", "", 0);
	const char *garbage = write_file("garbage.db", "certainly not a database", 24);
	const struct {
		const char *claim, *path, *part;
	} rows[] = {
	    {"no database", temp_path("none.db"), "\"havedane init\" makes one"},
	    {"an empty one", empty, "\"havedane init\" fills it"},
	    {"garbage", garbage, "garbage.db: "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		check_int(rows[i].claim, run(rows[i].path, ALIAS "@do.havedane.test", NULL), 75);
		check_true(rows[i].claim, strstr(captured, rows[i].part) != NULL);
		check_true("says what becomes of the message",
		    strstr(captured,
			"error: deferred: alias=k5d3m2... probe=do queue_id=unknown: ") != NULL);
		check_true("no alias", strstr(captured, ALIAS) == NULL);
	}
}

static void
unreadable_message_is_deferred(void **state)
{
	const struct hd_config config = {.domain = "havedane.test"};
	const struct hd_envelope envelope = {.original_recipient = ALIAS "@do.havedane.test"};

	(void)state;
	check_int("no input at all", hd_hook_run(&config, &envelope, -1), 75);
	check_logged("says so", HD_LOG_ERROR, "cannot read the message");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT_TEST(each_delivery_is_one_line),
	    UNIT_TEST(trouble_is_explained_without_the_alias),
	    UNIT_TEST(unreadable_message_is_deferred),
	};

	return RUN_TESTS(tests);
}
