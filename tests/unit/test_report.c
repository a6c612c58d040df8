/* README's table of verdicts, for all 64 combinations, at every moment that matters. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "support.h"

#define CREATED INT64_C(1795446000000)
#define GRACE   INT64_C(15000)
#define SETTLE  INT64_C(1800000)
#define DAY     INT64_C(86400000)

static const struct hd_config config = {.retention = DAY, .grace = GRACE, .settle = SETTLE};

/* How a message came to a probe: '-' not at all, 't' TLS, 'c' in the clear, 'u' unknown. */
static const char ways[] = {'-', 't', 'c', 'u'};

enum finality { NEVER, AT_SETTLE, AT_ONCE };

/*
 * The table of README, first match counts. '-': no; 'y': yes, however; 'c': in
 * the clear; 'k': in the clear or not at all; '*': any.
 */
static const struct {
	const char *pattern; /* do, dont, wrong */
	enum hd_result before_grace;
	enum hd_result from_grace;
	enum finality final;
} verdicts[] = {
    {"---", HD_RESULT_WAITING, HD_RESULT_WAITING, NEVER},
    {"kkc", HD_RESULT_NO_TLS, HD_RESULT_NO_TLS, AT_ONCE},
    {"**y", HD_RESULT_NO_DANE, HD_RESULT_NO_DANE, AT_ONCE},
    {"c*-", HD_RESULT_NO_TLS, HD_RESULT_NO_TLS, AT_ONCE},
    {"yy-", HD_RESULT_RUNNING, HD_RESULT_DANE, AT_SETTLE},
    {"y--", HD_RESULT_RUNNING, HD_RESULT_DANE_ONLY, AT_SETTLE},
    {"-y-", HD_RESULT_RUNNING, HD_RESULT_BROKEN, AT_SETTLE},
};

static const bool expect_delivered[HD_PROBE_COUNT] = {
    [HD_PROBE_DO] = true,
    [HD_PROBE_DONT] = true,
    [HD_PROBE_WRONG] = false,
};

static void
deliver(struct hd_test *test, enum hd_probe_id probe, char way, int64_t received)
{
	struct hd_delivery *delivery = &test->deliveries[probe];

	delivery->delivered = way != '-';
	delivery->received = received;
	delivery->evidence.transport = way == 't'   ? HD_TRANSPORT_TLS
				       : way == 'c' ? HD_TRANSPORT_CLEAR
						    : HD_TRANSPORT_UNKNOWN;
}

/* make_test - "t-c": do over TLS, dont missing, wrong in the clear, at these times */
static struct hd_test
make_test(const char *how, int64_t at_do, int64_t at_dont, int64_t at_wrong)
{
	struct hd_test test = {.alias = "k5d3m2q7xw4b6n2a", .created = CREATED};

	deliver(&test, HD_PROBE_DO, how[0], at_do);
	deliver(&test, HD_PROBE_DONT, how[1], at_dont);
	deliver(&test, HD_PROBE_WRONG, how[2], at_wrong);
	return test;
}

static bool
matches(const char *how, const char *pattern)
{
	for (int i = 0; i < 3; i++) {
		bool match = pattern[i] == '*' || pattern[i] == how[i] ||
			     (pattern[i] == 'y' && how[i] != '-') ||
			     (pattern[i] == 'k' && (how[i] == '-' || how[i] == 'c'));

		if (!match)
			return false;
	}
	return true;
}

static bool
is_allowed_poll(int seconds)
{
	return seconds == 1 || seconds == 2 || seconds == 5 || seconds == 15 || seconds == 60;
}

/* poll_after ends before each change to come, unless that is less than a second away */
static void
check_poll(const char *claim, const struct hd_report *report, int64_t now)
{
	const int64_t changes[] = {report->expires, report->arrived ? report->counts_at : 0,
	    report->arrived ? report->final_at : 0};

	check_true(claim, is_allowed_poll(report->poll_after));
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		if (changes[i] > now && report->poll_after > 1)
			check_true(claim, now + report->poll_after * 1000 <= changes[i]);
	}
}

static void
check_probes(const char *claim, const struct hd_report *report, const char *how, bool grace)
{
	for (int i = 0; i < HD_PROBE_COUNT; i++) {
		enum hd_outcome outcome = how[i] != '-' ? HD_OUTCOME_DELIVERED
					  : grace       ? HD_OUTCOME_NOT_DELIVERED
							: HD_OUTCOME_WAITING;
		bool open = outcome == HD_OUTCOME_WAITING ||
			    (outcome == HD_OUTCOME_NOT_DELIVERED && !report->final);
		bool as_expected = (outcome == HD_OUTCOME_DELIVERED) == expect_delivered[i];

		check_int(claim, report->probes[i].outcome, outcome);
		check_int(claim, report->probes[i].pass,
		    open          ? HD_PASS_OPEN
		    : as_expected ? HD_PASS_YES
				  : HD_PASS_NO);
	}
}

/* One combination at one moment, counted from the last arrival. */
static void
check_moment(
    const char *how, const struct hd_test *test, int64_t first, int64_t last, int64_t after)
{
	const bool any = strcmp(how, "---") != 0;
	const bool grace = any && after >= GRACE, settle = any && after >= SETTLE;
	struct hd_report report;
	char claim[64];
	size_t row = 0;

	(void)snprintf(claim, sizeof(claim), "do dont wrong %s, %lld ms after the last", how,
	    (long long)after);
	while (!matches(how, verdicts[row].pattern))
		row++;
	memset(&report, 0xff, sizeof(report));
	hd_report_make(test, last + after, &config, &report);
	check_text(claim, hd_result_name(report.result),
	    hd_result_name(grace ? verdicts[row].from_grace : verdicts[row].before_grace));
	check_int(claim, report.final,
	    verdicts[row].final == AT_ONCE || (verdicts[row].final == AT_SETTLE && settle));
	check_probes(claim, &report, how, grace);
	check_int(claim, report.arrived, any);
	check_int(claim, report.expires, CREATED + DAY);
	if (any) {
		check_int(claim, report.first_received, first);
		check_int(claim, report.counts_at, last + GRACE);
		check_int(claim, report.final_at, last + SETTLE);
	}
	check_poll(claim, &report, last + after);
}

static const int64_t moments[] = {-DAY, -1, 0, 1, GRACE - 1000, GRACE - 1, GRACE, GRACE + 1,
    SETTLE - 1000, SETTLE - 1, SETTLE, SETTLE + 1, DAY / 2};

/* The combination with its messages arriving in one of six orders. */
static void
check_order(const char *how, const int64_t at[HD_PROBE_COUNT])
{
	const struct hd_test test = make_test(how, at[0], at[1], at[2]);
	int64_t first = INT64_MAX, last = INT64_MIN;

	for (int i = 0; i < HD_PROBE_COUNT; i++) {
		if (how[i] == '-')
			continue;
		first = at[i] < first ? at[i] : first;
		last = at[i] > last ? at[i] : last;
	}
	if (first == INT64_MAX)
		first = last = CREATED;
	for (size_t i = 0; i < COUNT_OF(moments); i++)
		check_moment(how, &test, first, last, moments[i]);
}

static void
whole_truth_table(void **state)
{
	static const int64_t orders[][HD_PROBE_COUNT] = {{1000, 2000, 63000}, {1000, 63000, 2000},
	    {2000, 1000, 63000}, {2000, 63000, 1000}, {63000, 1000, 2000}, {63000, 2000, 1000},
	    {5000, 5000, 5000}};

	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		const char how[] = {ways[i / 16], ways[i / 4 % 4], ways[i % 4], '\0'};

		for (size_t j = 0; j < COUNT_OF(orders); j++) {
			const int64_t at[] = {
			    CREATED + orders[j][0], CREATED + orders[j][1], CREATED + orders[j][2]};

			check_order(how, at);
		}
	}
}

struct step {
	const char *claim;
	const char *how;
	int64_t at[HD_PROBE_COUNT]; /* after creation */
	int64_t now;                /* after creation */
	const char *result;
	bool final;
};

static const struct step late[] = {
    {"do came, grace has passed", "t--", {1000}, 1000 + GRACE, "dane-only", false},
    {"then dont: everything begins anew", "tt-", {1000, 20000}, 20000, "running", false},
    {"and its grace passes", "tt-", {1000, 20000}, 20000 + GRACE, "dane", false},
    {"do came, settle has passed", "t--", {1000}, 1000 + SETTLE, "dane-only", true},
    {"then dont: no longer final", "tt-", {1000, 2000000}, 2000000, "running", false},
    {"until grace", "tt-", {1000, 2000000}, 2000000 + GRACE - 1, "running", false},
    {"dane, so far", "tt-", {1000, 2000000}, 2000000 + SETTLE - 1, "dane", false},
    {"dane, final", "tt-", {1000, 2000000}, 2000000 + SETTLE, "dane", true},
    {"then wrong, hours later: still counts", "ttt", {1000, 2000000, 9000000}, 9000000, "no-dane",
	true},
    {"dont came, final", "-t-", {0, 1000}, 1000 + SETTLE, "broken", true},
    {"then do in the clear", "ct-", {5000000, 1000}, 5000000, "no-tls", true},
    {"wrong came in the clear: no-tls", "--c", {0, 0, 1000}, 1000, "no-tls", true},
    {"then do over TLS: no-dane", "t-c", {2000, 0, 1000}, 2000, "no-dane", true},
    {"a clear repeat at do after TLS", "ct-", {1000, 1500}, 2000, "no-tls", true},
};

static void
late_arrivals_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(late); i++) {
		const struct step *step = &late[i];
		struct hd_test test = make_test(
		    step->how, CREATED + step->at[0], CREATED + step->at[1], CREATED + step->at[2]);
		struct hd_report report;

		hd_report_make(&test, CREATED + step->now, &config, &report);
		check_text(step->claim, hd_result_name(report.result), step->result);
		check_int(step->claim, report.final, step->final);
	}
}

static void
unknown_transport_never_is_no_tls(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		const char how[] = {ways[i / 16], ways[i / 4 % 4], ways[i % 4], '\0'};
		struct hd_test test = make_test(how, CREATED, CREATED, CREATED);
		struct hd_report report;

		if (strchr(how, 'c') != NULL)
			continue;
		for (size_t j = 0; j < COUNT_OF(moments); j++) {
			hd_report_make(&test, CREATED + moments[j], &config, &report);
			check_true(how, report.result != HD_RESULT_NO_TLS);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(whole_truth_table),
	    UNIT_TEST(late_arrivals_count),
	    UNIT_TEST(unknown_transport_never_is_no_tls),
	};

	return RUN_TESTS(tests);
}
