/* The report as text, verdict by verdict, and its form. */
#include "report_text.h"

#include <stdlib.h>
#include <string.h>

#include "report_support.h"
#include "support.h"

#define SEND     "Send one message to all of these addresses"
#define AWAITED  "Still to arrive"
#define TO(name) " " ALIAS "@" name "." DOMAIN " "
#define TIMES                                                                              \
	"counts as not delivered (refused, if it was sent) from 2026-11-23 15:00:26 UTC; " \
	"final from 2026-11-23 15:30:11 UTC if nothing more arrives."
#define SETTLED "This verdict is final"
#define WEAKER  "A message that does not arrive is weaker evidence than one that does."
#define LIKE    "as expected of a server that verifies DANE"
#define UNLIKE  "which is not what a server that verifies DANE does"

static const struct {
	const char *claim;
	const char *came; /* see test_of */
	int64_t now;
	bool final;
	const char *has[8];
	const char *lacks[5];
} verdicts[] = {
    {"nothing", "---", 0, false,
	{"Verdict waiting, so far", "So far: nothing has arrived.", SEND, TO("do"), TO("dont"),
	    TO("wrong"), "Expect a complaint", "Nothing about DANE."},
	{AWAITED, "UTC;", LIKE, UNLIKE, "verifies DANE."}},
    {"nothing, for long", "---", 23 * HOUR, false, {"So far: nothing has arrived.", SEND}, {NULL}},

    {"two, within grace", "tt-", 12 * SECOND, false,
	{"Verdict running, so far", "So far: mail is arriving", AWAITED, TO("wrong"), TIMES,
	    "Nothing yet: it is the missing ones that tell.", "delivered, so far " LIKE,
	    "Outcome waiting"},
	{SEND, "sending server verifies DANE", "delivered, as expected", UNLIKE}},
    {"one, within grace", "-c-", 12 * SECOND, false,
	{"Verdict running, so far", AWAITED, TO("do"), TO("wrong"), "Expect a complaint"},
	{SEND, UNLIKE}},

    {"dane, not yet final", "tt-", MINUTE, false,
	{"Verdict dane, so far",
	    "So far: the sending server verifies DANE, provided that the message to \"wrong\" was "
	    "sent.",
	    TIMES, WEAKER, "the verdict holds provided it was", "Outcome not delivered so far",
	    "delivered, so far " LIKE},
	{SETTLED, AWAITED, "The sending server verifies DANE", "delivered, as expected", UNLIKE}},
    {"dane, final", "tt-", HOUR, true,
	{"Verdict dane, final",
	    "The sending server verifies DANE, provided that the message to \"wrong\" was sent.",
	    SETTLED, WEAKER, "the verdict holds provided it was", "not delivered, " LIKE,
	    "A server that verifies DANE (RFC 7672) does just this."},
	{AWAITED, SEND, UNLIKE, "if nothing more arrives"}},
    {"dane, where TLS is not known", "uu-", HOUR, true,
	{"Verdict dane, final", "Whether the message to \"do\" came over TLS",
	    "delivered; whether over TLS, as a server that verifies DANE does, is not known"},
	{NULL}},

    {"dane-only, not yet final", "t--", MINUTE, false,
	{"Verdict dane-only, so far", "So far: only the domain with correct TLSA records has got",
	    "from 2026-11-23 15:00:25 UTC", "nothing to compare \"wrong\" with", WEAKER,
	    "Outcome not delivered so far"},
	{SETTLED, AWAITED, "sending server verifies DANE"}},
    {"dane-only, final", "t--", HOUR, true,
	{"Verdict dane-only, final", "Only the domain with correct TLSA records has got", SETTLED,
	    WEAKER, "not delivered, " UNLIKE, "not delivered, " LIKE},
	{"sending server verifies DANE"}},

    {"broken, not yet final", "-t-", MINUTE, false,
	{"Verdict broken, so far", "So far: the domain with correct TLSA records has not got",
	    TIMES, WEAKER, "If the message to \"do\" was sent", "Outcome not delivered so far"},
	{SETTLED, AWAITED}},
    {"broken, final", "-t-", HOUR, true,
	{"Verdict broken, final", "The domain with correct TLSA records has not got", SETTLED,
	    WEAKER, "not delivered, " UNLIKE},
	{NULL}},

    {"no-dane, all arrived", "ttt", MINUTE, true,
	{"Verdict no-dane, final", "The sending server does not enforce DANE.", SETTLED,
	    "This one delivery settles it.",
	    "That TLSA records are not looked at: it may check them, and deliver all the same.",
	    "delivered, " UNLIKE, "start a new test"},
	{AWAITED, "weaker", "does not verify", "not checked", "Expect a complaint"}},
    {"no-dane at once, the rest awaited", "--t", 12 * SECOND, true,
	{"Verdict no-dane, final", SETTLED, AWAITED, TO("do"), TO("dont"), "Outcome waiting"},
	{SEND, "Expect a complaint", "Addresses"}},
    {"no-dane, though do came in the clear", "ctt", MINUTE, true,
	{"Verdict no-dane, final", "delivered, but without TLS, " UNLIKE}, {NULL}},

    {"no-tls, all in the clear", "ccc", MINUTE, true,
	{"Verdict no-tls, final", "The sending server delivers without TLS where DANE demands TLS.",
	    SETTLED, "That DANE is not enforced", "delivered, but without TLS, " UNLIKE,
	    "delivered, " UNLIKE, "Encryption without TLS"},
	{"weaker", "not checked"}},
    {"no-tls by do alone", "c--", HOUR, true,
	{"Verdict no-tls, final", "delivered, but without TLS, " UNLIKE},
	{"delivered, as expected of a server that verifies DANE Received"}},

    {"offered, and nothing else", "--o", MINUTE, false,
	{"Verdict running, so far", "So far: the message to \"wrong\" was offered", AWAITED,
	    TO("do"), "The verdict stays open until that message arrives.",
	    "waiting: a server offered the message on 2026-11-23 15:00:05 UTC, " UNLIKE,
	    "Nothing for certain, as it was not delivered."},
	{SEND, "Expect a complaint", "if nothing more arrives"}},
    {"offered, for long", "tto", 23 * HOUR, false,
	{"Verdict running, so far", "The verdict stays open until that message arrives.", UNLIKE},
	{"verifies DANE, provided", AWAITED, "if nothing more arrives", SETTLED}},
};

static void
verdict_by_verdict(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(verdicts); i++) {
		const struct hd_test test = test_of(verdicts[i].came);
		char *text = text_of(&test, verdicts[i].now, DOMAIN);
		char *line = flat(text);

		check_form(verdicts[i].claim, text, verdicts[i].final);
		for (size_t j = 0; j < COUNT_OF(verdicts[i].has) && verdicts[i].has[j]; j++)
			check_has(verdicts[i].claim, line, verdicts[i].has[j]);
		for (size_t j = 0; j < COUNT_OF(verdicts[i].lacks) && verdicts[i].lacks[j]; j++)
			check_lacks(verdicts[i].claim, line, verdicts[i].lacks[j]);
		free(line);
		free(text);
	}
}

/* Whatever was delivered how, or offered, at moments that make a difference. */
static void
every_report_is_in_form(void **state)
{
	static const char how[] = "tcuo-";
	static const int64_t moments[] = {0, 12 * SECOND, MINUTE, HOUR, 24 * HOUR - SECOND};
	char came[HD_PROBE_COUNT + 1] = "";

	(void)state;
	for (unsigned n = 0; n < 5 * 5 * 5 * COUNT_OF(moments); n++) {
		const int64_t now = moments[n / 125];
		struct hd_config config = {
		    .retention = 24 * HOUR, .grace = 15 * SECOND, .settle = 30 * MINUTE};
		struct hd_report report;
		struct hd_test test;
		char *text, *line;

		came[0] = how[n % 5];
		came[1] = how[n / 5 % 5];
		came[2] = how[n / 25 % 5];
		test = test_of(came);
		hd_report_make(&test, CREATED + now, &config, &report);
		text = text_of(&test, now, DOMAIN);
		check_form(came, text, report.final);
		check_has(came, text, hd_result_name(report.result));
		check_has(came, text, "The last hop is what is tested");
		check_has(came, text, "RFC 7672");
		check_has(came, text, "rfc-editor.org/rfc/rfc7672");
		check_has(came, text, "https://internet.nl/");
		check_has(came, text, DOMAIN "/#" ALIAS "\n");
		check_has(came, text, DOMAIN "/t/" ALIAS "\n");
		line = flat(text);
		if (report.result == HD_RESULT_DANE)
			check_has(came, line, "provided that the message to \"wrong\" was sent");
		else
			check_lacks(came, line, "server verifies DANE, provided");
		free(line);
		free(text);
	}
}

static void
a_report_to_the_letter(void **state)
{
	struct hd_test test = test_of("tt-");
	char *text = text_of(&test, HOUR, DOMAIN);

	(void)state;
	check_has("the head", text,
	    "HaveDANE: does your mail server verify DANE when it sends mail?\n\n"
	    "Alias        " ALIAS "\n"
	    "Created      2026-11-23 15:00:00 UTC\n"
	    "Expires      2026-11-24 15:00:00 UTC\n"
	    "Page         " DOMAIN "/#" ALIAS "\n"
	    "This report  " DOMAIN "/t/" ALIAS "\n"
	    "Verdict      dane, final\n\n"
	    "Verdict\n-------\n\n");
	check_has("a probe", text,
	    "do: " ALIAS "@do." DOMAIN "\n"
	    "  Set-up     signed zone, TLSA records that match our certificate\n"
	    "  Expected   a server that verifies DANE delivers\n"
	    "  Outcome    delivered, as expected of a server that verifies DANE\n"
	    "  Received   2026-11-23 15:00:10 UTC\n"
	    "  Encryption TLSv1.3, TLS_AES_256_GCM_SHA384\n"
	    "  From       192.0.2.1 (mail.example.org)\n\n");
	check_has("another", text, "  Set-up     signed zone, no TLSA records\n");
	check_has("one that was not delivered", text,
	    "wrong: " ALIAS "@wrong." DOMAIN "\n"
	    "  Set-up     signed zone, a TLSA record that does not match\n"
	    "  Expected   a server that verifies DANE does not deliver\n"
	    "  Outcome    not delivered, as expected of a server that verifies DANE\n\n");
	free(text);
}

static void
it_changes_with_the_test_only(void **state)
{
	static const struct {
		const char *came;
		int64_t from, to;
	} rows[] = {{"---", 0, 23 * HOUR}, {"tt-", 12 * SECOND, 25 * SECOND},
	    {"tt-", 27 * SECOND, 30 * MINUTE}, {"tt-", 31 * MINUTE, 23 * HOUR},
	    {"tto", MINUTE, 23 * HOUR}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct hd_test test = test_of(rows[i].came);
		char *before = text_of(&test, rows[i].from, DOMAIN);
		char *after = text_of(&test, rows[i].to, DOMAIN);

		check_text("time passes", after, before);
		free(before);
		free(after);
	}
}

static void
a_test_that_expires_before_it_is_final(void **state)
{
	struct hd_test test = test_of("tt-");
	char *text, *line;

	(void)state;
	test.deliveries[HD_PROBE_DONT].received = CREATED + 24 * HOUR - MINUTE;
	text = text_of(&test, 24 * HOUR - SECOND, DOMAIN);
	line = flat(text);
	check_has("that is said", line,
	    "final from 2026-11-24 15:29:00 UTC if nothing more arrives, but the test expires "
	    "before.");
	free(line);
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(verdict_by_verdict),
	    UNIT_TEST(every_report_is_in_form),
	    UNIT_TEST(a_report_to_the_letter),
	    UNIT_TEST(it_changes_with_the_test_only),
	    UNIT_TEST(a_test_that_expires_before_it_is_final),
	};

	return RUN_TESTS(tests);
}
