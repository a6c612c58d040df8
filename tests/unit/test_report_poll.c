/* How soon a page should ask again, the words of the API, and odd durations. */
#include "report.h"

#include <stdio.h>

#include "support.h"

#define CREATED INT64_C(1795446000000)
#define SECOND  INT64_C(1000)
#define MINUTE  (60 * SECOND)
#define HOUR    (60 * MINUTE)
#define NONE    INT64_C(-1)

/* Times are counted from the test's creation; retention is 24 hours. */
static const struct {
	const char *claim;
	int64_t at_do; /* NONE: has not arrived */
	int64_t at_wrong;
	int64_t grace;
	int64_t settle;
	int64_t now;
	int poll_after;
} polls[] = {
    {"new: someone is about to send", NONE, NONE, 15 * SECOND, 30 * MINUTE, 0, 2},
    {"a quarter of an hour later: hardly", NONE, NONE, 15 * SECOND, 30 * MINUTE, 15 * MINUTE, 15},
    {"just before", NONE, NONE, 15 * SECOND, 30 * MINUTE, 15 * MINUTE - 1, 2},
    {"the others are on their way", SECOND, NONE, 15 * SECOND, 30 * MINUTE, 2 * SECOND, 1},
    {"a retry may come", SECOND, NONE, 15 * SECOND, 30 * MINUTE, MINUTE, 5},
    {"final", SECOND, NONE, 15 * SECOND, 30 * MINUTE, HOUR, 60},
    {"final at once, but outcomes change at grace", SECOND, SECOND, 15 * SECOND, 30 * MINUTE,
	SECOND, 15},
    {"14.999 s before that", SECOND, SECOND, 15 * SECOND, 30 * MINUTE, SECOND + 1, 5},
    {"4.999 s before that", SECOND, SECOND, 15 * SECOND, 30 * MINUTE, 11 * SECOND + 1, 2},
    {"1.999 s before that", SECOND, SECOND, 15 * SECOND, 30 * MINUTE, 14 * SECOND + 1, 1},
    {"1 ms before that: the smallest there is", SECOND, SECOND, 15 * SECOND, 30 * MINUTE,
	16 * SECOND - 1, 1},
    {"5 s before the verdict is final", SECOND, NONE, 15 * SECOND, 30 * MINUTE,
	30 * MINUTE - 4 * SECOND, 5},
    {"4.999 s before", SECOND, NONE, 15 * SECOND, 30 * MINUTE, 30 * MINUTE - 4 * SECOND + 1, 2},
    {"a minute before it expires, empty", NONE, NONE, 15 * SECOND, 30 * MINUTE, 24 * HOUR - MINUTE,
	15},
    {"14 s before it expires, empty", NONE, NONE, 15 * SECOND, 30 * MINUTE, 24 * HOUR - 14 * SECOND,
	5},
    {"3 s before it expires, final", SECOND, NONE, 15 * SECOND, 30 * MINUTE, 24 * HOUR - 3 * SECOND,
	2},
    {"1 ms before it expires", SECOND, NONE, 15 * SECOND, 30 * MINUTE, 24 * HOUR - 1, 1},
    {"it expires before the verdict is final", 24 * HOUR - 15 * MINUTE, NONE, 15 * SECOND,
	30 * MINUTE, 24 * HOUR - 2 * SECOND, 2},
    {"it expires before grace ends, final at once", SECOND, SECOND, 24 * HOUR, 24 * HOUR,
	24 * HOUR - 10 * SECOND, 5},
    {"it has expired", SECOND, SECOND, 15 * SECOND, 30 * MINUTE, 24 * HOUR, 1},
    {"long ago", NONE, NONE, 15 * SECOND, 30 * MINUTE, 48 * HOUR, 1},
    {"the clock was set back before creation", NONE, NONE, 15 * SECOND, 30 * MINUTE, -HOUR, 2},
    {"the clock was set back before arrival", HOUR, NONE, 15 * SECOND, 30 * MINUTE, 0, 1},
};

static struct hd_test
make_test(int64_t at_do, int64_t at_wrong)
{
	struct hd_test test = {.created = CREATED};

	if (at_do != NONE)
		test.deliveries[HD_PROBE_DO] =
		    (struct hd_delivery){true, CREATED + at_do, {.transport = HD_TRANSPORT_TLS}};
	if (at_wrong != NONE)
		test.deliveries[HD_PROBE_WRONG] =
		    (struct hd_delivery){true, CREATED + at_wrong, {.transport = HD_TRANSPORT_TLS}};
	return test;
}

static void
polls_follow_what_is_to_come(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(polls); i++) {
		const struct hd_config config = {
		    .retention = 24 * HOUR, .grace = polls[i].grace, .settle = polls[i].settle};
		struct hd_test test = make_test(polls[i].at_do, polls[i].at_wrong);
		struct hd_report report;

		hd_report_make(&test, CREATED + polls[i].now, &config, &report);
		check_int(polls[i].claim, report.poll_after, polls[i].poll_after);
	}
}

/* Every moment of a short test's life, a tenth of a second apart. */
static void
no_poll_reaches_past_a_change(void **state)
{
	const struct hd_config config = {
	    .retention = 3 * MINUTE, .grace = 15 * SECOND, .settle = 2 * MINUTE};
	struct hd_report report;

	(void)state;
	for (int64_t arrival = 0; arrival < 3 * MINUTE; arrival += 20 * SECOND + 7) {
		for (int wrong = 0; wrong <= 1; wrong++) {
			struct hd_test test = make_test(arrival, wrong != 0 ? arrival : NONE);

			for (int64_t now = arrival; now < 3 * MINUTE; now += 100) {
				const int64_t changes[] = {
				    arrival + 15 * SECOND, arrival + 2 * MINUTE, 3 * MINUTE};

				hd_report_make(&test, CREATED + now, &config, &report);
				for (size_t i = 0; i < COUNT_OF(changes); i++)
					check_true("not past grace, settle or expiry",
					    changes[i] <= now || report.poll_after == 1 ||
						now + report.poll_after * SECOND <= changes[i]);
			}
		}
	}
}

static void
grace_may_equal_settle(void **state)
{
	const struct hd_config config = {.retention = HOUR, .grace = MINUTE, .settle = MINUTE};
	struct hd_test test = make_test(0, NONE);
	struct hd_report report;

	(void)state;
	hd_report_make(&test, CREATED + MINUTE - 1, &config, &report);
	check_int("running up to then", report.result, HD_RESULT_RUNNING);
	check_true("and not final", !report.final);
	hd_report_make(&test, CREATED + MINUTE, &config, &report);
	check_int("then judged", report.result, HD_RESULT_DANE_ONLY);
	check_true("and final", report.final);
	check_int("and what is missing has failed", report.probes[HD_PROBE_DONT].pass, HD_PASS_NO);
	check_int("or passed", report.probes[HD_PROBE_WRONG].pass, HD_PASS_YES);
}

static void
words_are_those_of_the_api(void **state)
{
	(void)state;
	check_text("waiting", hd_result_name(HD_RESULT_WAITING), "waiting");
	check_text("running", hd_result_name(HD_RESULT_RUNNING), "running");
	check_text("dane", hd_result_name(HD_RESULT_DANE), "dane");
	check_text("dane-only", hd_result_name(HD_RESULT_DANE_ONLY), "dane-only");
	check_text("broken", hd_result_name(HD_RESULT_BROKEN), "broken");
	check_text("no-dane", hd_result_name(HD_RESULT_NO_DANE), "no-dane");
	check_text("no-tls", hd_result_name(HD_RESULT_NO_TLS), "no-tls");
	check_text("waiting", hd_outcome_name(HD_OUTCOME_WAITING), "waiting");
	check_text("delivered", hd_outcome_name(HD_OUTCOME_DELIVERED), "delivered");
	check_text("not-delivered", hd_outcome_name(HD_OUTCOME_NOT_DELIVERED), "not-delivered");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(polls_follow_what_is_to_come),
	    UNIT_TEST(no_poll_reaches_past_a_change),
	    UNIT_TEST(grace_may_equal_settle),
	    UNIT_TEST(words_are_those_of_the_api),
	};

	return RUN_TESTS(tests);
}
