/* What the hook does with a message: its exit status, and what is in the store then (test_hook.c: its log). */
#include "hook/hook.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "clock.h"
#include "config.h"
#include "received.h"
#include "store_support.h"

#define ALIAS  "k5d3m2q7xw4b6n2a"
#define OTHER  "a2b3c4d5e6f7g2h3"
#define DOMAIN "havedane.test"
#define TO_DO  ALIAS "@do." DOMAIN
#define HOUR   (INT64_C(3600) * 1000)

#define TLS_HEAD                                                                              \
	"From tester@sender.test  Mon Nov 23 15:15:20 2026\n"                                 \
	"Return-Path: <tester@sender.test>\n"                                                 \
	"Received: from mail.sender.test (unknown [192.0.2.21])\n"                            \
	"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n"                \
	"\t key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)\n" \
	"\t(No client certificate requested)\n"                                               \
	"\tby havedane.test (Postfix) with ESMTPS id A7926128461\n"                           \
	"\tfor <alias@do.havedane.test>; Mon, 23 Nov 2026 15:15:20 +0000 (UTC)\n"
#define CLEAR_HEAD                                                  \
	"Received: from submit.local (unknown [192.0.2.24])\n"      \
	"\tby havedane.test (Postfix) with ESMTP id 7F9F412845A;\n" \
	"\tMon, 23 Nov 2026 15:15:19 +0000 (UTC)\n"
#define TLS_MESSAGE   TLS_HEAD "Subject: secret\n\nHello.\n"
#define CLEAR_MESSAGE CLEAR_HEAD "Subject: secret\n\nHello.\n"
#define OTHER_MESSAGE "Subject: secret\n\nHello.\n"

static struct hd_config config;

/* set_up - a configuration, and a store in which there are two tests of this age */
static void
set_up(int64_t age)
{
	struct hd_store *store;

	memset(&config, 0, sizeof(config));
	strcpy(config.domain, DOMAIN);
	config.backend = HD_BACKEND_SQLITE;
	config.retention = HOUR;
	(void)snprintf(config.store_path, sizeof(config.store_path), "%s", temp_path("a.db"));
	store = new_store(config.store_path);
	check_int("a test", hd_store_test_create(store, ALIAS, hd_time_now() - age, 9), HD_OK);
	check_int("another", hd_store_test_create(store, OTHER, hd_time_now() - age, 9), HD_OK);
	hd_store_close(store);
}

static int
run_envelope(const struct hd_envelope *envelope, const void *message, size_t length)
{
	int input = open(write_file("message", message, length), O_RDONLY | O_CLOEXEC);
	int status;

	assert_true(input >= 0);
	status = hd_hook_run(&config, envelope, input);
	assert_int_equal(close(input), 0);
	return status;
}

static int
run(const char *recipient, const char *message)
{
	const struct hd_envelope envelope = {.original_recipient = recipient,
	    .recipient = "havedane-do@localhost",
	    .client_address = "192.0.2.21",
	    .client_helo = "helo.sender.test"};

	return run_envelope(&envelope, message, strlen(message));
}

static int64_t
recorded(void)
{
	return raw_number(config.store_path, "SELECT count(*) FROM deliveries");
}

static const struct {
	const char *recipient;
	enum hd_probe_id probe;
} ours[] = {
    {ALIAS "@do." DOMAIN, HD_PROBE_DO},
    {ALIAS "@dont." DOMAIN, HD_PROBE_DONT},
    {ALIAS "@wrong." DOMAIN, HD_PROBE_WRONG},
    {"K5D3M2Q7XW4B6N2A@WRONG.HaveDANE.Test", HD_PROBE_WRONG},
    {ALIAS "+x@do." DOMAIN, HD_PROBE_DO},
    {ALIAS "@wrong." DOMAIN ".", HD_PROBE_WRONG},
    {ALIAS "+" OTHER "@dont." DOMAIN "@do." DOMAIN, HD_PROBE_DO},
};

static void
ours_are_recorded(void **state)
{
	(void)state;
	set_up(0);
	for (size_t i = 0; i < COUNT_OF(ours); i++) {
		const char *probe = hd_probes[ours[i].probe].name;
		char query[128], line[64];

		raw_run(config.store_path, "DELETE FROM deliveries");
		check_int(ours[i].recipient, run(ours[i].recipient, TLS_MESSAGE), EX_OK);
		(void)snprintf(query, sizeof(query),
		    "SELECT count(*) FROM deliveries WHERE alias = '" ALIAS "' AND probe = '%s'",
		    probe);
		check_int(ours[i].recipient, raw_number(config.store_path, query), 1);
		check_int("and nothing else", recorded(), 1);
		(void)snprintf(line, sizeof(line), "recorded: alias=k5d3m2... probe=%s", probe);
		check_logged(ours[i].recipient, HD_LOG_INFO, line);
	}
	check_log_quiet("one line each");
}

static const char *const not_ours[] = {
    "@",
    ALIAS,
    ALIAS "@" DOMAIN,
    ALIAS "@does." DOMAIN,
    ALIAS "@do.example.org",
    ALIAS "@do." DOMAIN "..",
    ALIAS "@x@do." DOMAIN,
    ALIAS "a@do." DOMAIN,
    "k5d3m2q7xw4b6n2@do." DOMAIN,
    "k5d3m2q7xw4b6n21@do." DOMAIN,
    "+" ALIAS "@do." DOMAIN,
    "postmaster@do." DOMAIN,
    "havedane-do@localhost",
    "%s%n@%s.%n",
    "\xff\x80@do." DOMAIN,
};

static void
others_are_dropped_with_one_warning(void **state)
{
	(void)state;
	set_up(0);
	for (size_t i = 0; i < COUNT_OF(not_ours); i++) {
		check_int(not_ours[i], run(not_ours[i], TLS_MESSAGE), EX_OK);
		check_int(not_ours[i], recorded(), 0);
		check_logged(
		    not_ours[i], HD_LOG_WARNING, "dropped: the recipient is not ALIAS@PROBE");
		check_log_quiet(not_ours[i]);
	}
}

static const struct {
	const char *claim, *original, *recipient;
	int status;
	int64_t recorded;
} recipients[] = {
    {"the original one counts", TO_DO, "x@example.org", EX_OK, 1},
    {"also alone", TO_DO, NULL, EX_OK, 1},
    {"an empty one does not", "", TO_DO, EX_OK, 1},
    {"nor a missing one", NULL, TO_DO, EX_OK, 1},
    {"one that is not ours does", "x@example.org", TO_DO, EX_OK, 0},
    {"none", NULL, NULL, EX_TEMPFAIL, 0},
    {"both empty", "", "", EX_TEMPFAIL, 0},
    {"empty and missing", "", NULL, EX_TEMPFAIL, 0},
    {"missing and empty", NULL, "", EX_TEMPFAIL, 0},
};

static void
original_recipient_goes_first(void **state)
{
	(void)state;
	set_up(0);
	for (size_t i = 0; i < COUNT_OF(recipients); i++) {
		const struct hd_envelope envelope = {.original_recipient = recipients[i].original,
		    .recipient = recipients[i].recipient};

		raw_run(config.store_path, "DELETE FROM deliveries");
		check_int(recipients[i].claim,
		    run_envelope(&envelope, TLS_MESSAGE, strlen(TLS_MESSAGE)),
		    recipients[i].status);
		check_int(recipients[i].claim, recorded(), recipients[i].recorded);
		if (recipients[i].status != EX_OK)
			check_logged(recipients[i].claim, HD_LOG_ERROR, "ORIGINAL_RECIPIENT");
		drop_log();
	}
}

static const struct {
	const char *claim, *message, *address, *helo;
	const char *wanted; /* transport, protocol, cipher, address, HELO */
} evidences[] = {
    {"TLS", TLS_MESSAGE, "192.0.2.21", "x",
	"tls|TLSv1.3|TLS_AES_256_GCM_SHA384|192.0.2.21|mail.sender.test"},
    {"in the clear", CLEAR_MESSAGE, "192.0.2.24", "x", "clear|-|-|192.0.2.24|submit.local"},
    {"neither", OTHER_MESSAGE, "192.0.2.24", "h", "unknown|-|-|192.0.2.24|h"},
    {"forged below", CLEAR_HEAD TLS_MESSAGE, NULL, NULL, "clear|-|-|-|submit.local"},
    {"forged in the body", OTHER_MESSAGE TLS_MESSAGE, NULL, NULL, "unknown|-|-|-|-"},
    {"IPv6", OTHER_MESSAGE, "IPv6:2001:DB8:0::21", "", "unknown|-|-|2001:db8::21|-"},
    {"no address", OTHER_MESSAGE, "unknown", "", "unknown|-|-|-|-"},
    {"an odd HELO", OTHER_MESSAGE, "", "a\n\xe4%s~", "unknown|-|-|-|a??%s~"},
    {"an empty message", "", "192.0.2.1", "h", "unknown|-|-|192.0.2.1|h"},
    {"headers alone", TLS_HEAD, "", "", "tls|TLSv1.3|TLS_AES_256_GCM_SHA384|-|mail.sender.test"},
};

static void
evidence_is_recorded(void **state)
{
	(void)state;
	set_up(0);
	for (size_t i = 0; i < COUNT_OF(evidences); i++) {
		const struct hd_envelope envelope = {.original_recipient = TO_DO,
		    .client_address = evidences[i].address,
		    .client_helo = evidences[i].helo};

		raw_run(config.store_path, "DELETE FROM deliveries");
		check_int(evidences[i].claim,
		    run_envelope(&envelope, evidences[i].message, strlen(evidences[i].message)),
		    EX_OK);
		check_raw_text(evidences[i].claim, config.store_path,
		    "SELECT transport || '|' || ifnull(tls_protocol, '-') || '|'"
		    " || ifnull(tls_cipher, '-') || '|' || ifnull(client_address, '-') || '|'"
		    " || ifnull(client_helo, '-') FROM deliveries",
		    evidences[i].wanted);
	}
}

/* A Received line that ends with the bound counts, and one that goes beyond does not. */
static void
head_is_bounded(void **state)
{
	const size_t length = strlen(CLEAR_HEAD);
	char message[HD_HEADER_MAX + 1];
	const struct hd_envelope envelope = {.original_recipient = TO_DO};

	(void)state;
	set_up(0);
	for (size_t beyond = 0; beyond < 2; beyond++) {
		const size_t start = HD_HEADER_MAX + beyond - length;

		memset(message, 'x', sizeof(message));
		memcpy(message, "X-Long: ", 8);
		message[start - 1] = '\n';
		memcpy(message + start, CLEAR_HEAD, length);
		raw_run(config.store_path, "DELETE FROM deliveries");
		check_int(
		    "it is recorded", run_envelope(&envelope, message, start + length), EX_OK);
		check_raw_text("with the line or without", config.store_path,
		    "SELECT transport FROM deliveries", beyond == 0 ? "clear" : "unknown");
	}
}

static const struct {
	const char *claim, *recipient;
	int64_t age;
} unknowns[] = {
    {"never seen", "zzzzzzzzzzzzzzzz@do." DOMAIN, 0},
    {"just expired", TO_DO, HOUR + 1000},
    {"long expired", TO_DO, 1000 * HOUR},
};

static void
unknown_and_expired_are_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(unknowns); i++) {
		set_up(unknowns[i].age);
		check_int(unknowns[i].claim, run(unknowns[i].recipient, TLS_MESSAGE), EX_OK);
		check_int(unknowns[i].claim, recorded(), 0);
		check_logged(unknowns[i].claim, HD_LOG_INFO, "unknown or expired");
		assert_int_equal(unlink(config.store_path), 0);
	}
}

static void
repeat_in_the_clear_replaces_tls(void **state)
{
	static const char query[] = "SELECT transport || received FROM deliveries";

	(void)state;
	set_up(0);
	check_int("TLS", run(TO_DO, TLS_MESSAGE), EX_OK);
	raw_run(config.store_path, "UPDATE deliveries SET received = 7");
	check_int("nothing known", run(TO_DO, OTHER_MESSAGE), EX_OK);
	check_raw_text("changes nothing", config.store_path, query, "tls7");
	check_int("in the clear", run(TO_DO, CLEAR_MESSAGE), EX_OK);
	check_raw_text("replaces it, the time stays", config.store_path, query, "clear7");
	check_int("TLS again", run(TO_DO, TLS_MESSAGE), EX_OK);
	check_raw_text("changes nothing", config.store_path, query, "clear7");
}

/* Stores that cannot be used, by what makes them so; NULL: there is none. */
static const struct {
	const char *claim, *sql, *message;
} stores[] = {
    {"a newer schema", "PRAGMA user_version = 3", "newer"},
    {"an older schema", "PRAGMA user_version = 1", "restart the service"},
    {"no version", "PRAGMA user_version = 0", "no version"},
    {"somebody else's", "PRAGMA application_id = 42", "not a database of HaveDANE"},
    {"a table missing", "DROP TABLE deliveries", "no such table"},
    {"missing", NULL, "unable to open"},
};

static void
store_trouble_defers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(stores); i++) {
		set_up(0);
		if (stores[i].sql != NULL)
			raw_run(config.store_path, stores[i].sql);
		else
			assert_int_equal(unlink(config.store_path), 0);
		check_int(stores[i].claim, run(TO_DO, TLS_MESSAGE), EX_TEMPFAIL);
		check_logged(stores[i].claim, HD_LOG_ERROR, stores[i].message);
		if (stores[i].sql == NULL)
			check_logged(stores[i].claim, HD_LOG_ERROR, "havedane init");
		check_logged(stores[i].claim, HD_LOG_ERROR, "deferred: alias=k5d3m2... probe=do");
		check_log_quiet(stores[i].claim);
		(void)unlink(config.store_path);
	}
}

static void
other_files_defer(void **state)
{
	static const char text[] = "no database\n";

	(void)state;
	set_up(0);
	assert_string_equal(write_file("a.db", text, sizeof(text) - 1), config.store_path);
	check_int("a text", run(TO_DO, TLS_MESSAGE), EX_TEMPFAIL);
	check_logged("a text", HD_LOG_ERROR, "not a database");
	drop_log();
	(void)write_file("a.db", "", 0);
	check_int("an empty file", run(TO_DO, TLS_MESSAGE), EX_TEMPFAIL);
	check_logged("an empty file", HD_LOG_ERROR, "is empty");
	drop_log();
	config.backend = HD_BACKEND_POSTGRESQL;
	check_int("no such back end", run(TO_DO, TLS_MESSAGE), EX_TEMPFAIL);
	drop_log();
}

static void
unreadable_message_defers(void **state)
{
	const struct hd_envelope envelope = {.original_recipient = TO_DO};
	int folder, writing;

	(void)state;
	set_up(0);
	folder = open(temp_dir(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	writing = open(temp_path("output"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(folder >= 0 && writing >= 0);
	check_int("a folder", hd_hook_run(&config, &envelope, folder), EX_TEMPFAIL);
	check_logged("a folder", HD_LOG_ERROR, "cannot read the message");
	check_int("no descriptor", hd_hook_run(&config, &envelope, -1), EX_TEMPFAIL);
	check_logged("no descriptor", HD_LOG_ERROR, "cannot read the message");
	check_int("for writing", hd_hook_run(&config, &envelope, writing), EX_TEMPFAIL);
	check_logged("for writing", HD_LOG_ERROR, "cannot read the message");
	(void)close(folder);
	(void)close(writing);
	check_int("nothing is recorded", recorded(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT_TEST(ours_are_recorded),
	    UNIT_TEST(others_are_dropped_with_one_warning),
	    UNIT_TEST(original_recipient_goes_first),
	    UNIT_TEST(evidence_is_recorded),
	    UNIT_TEST(head_is_bounded),
	    UNIT_TEST(unknown_and_expired_are_dropped),
	    UNIT_TEST(repeat_in_the_clear_replaces_tls),
	    UNIT_TEST(store_trouble_defers),
	    UNIT_TEST(other_files_defer),
	    UNIT_TEST(unreadable_message_defers),
	};

	return RUN_TESTS(tests);
}
