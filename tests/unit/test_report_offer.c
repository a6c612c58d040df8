/* A message that was offered and has not come, and a service that was away: no verdict before its time. */
#include "report.h"

#include <string.h>

#include "support.h"

#define CREATED INT64_C(1795446000000)
#define GRACE   INT64_C(15000)
#define SETTLE  INT64_C(1800000)
#define DAY     INT64_C(86400000)

static const struct hd_config config = {.retention = DAY, .grace = GRACE, .settle = SETTLE};

/* Times are milliseconds after creation; 0: never. "how" is do, dont, wrong: '-', 't' (TLS), 'c' (clear). */
struct row {
	const char *claim;
	const char *how; /* all arrived at 1000 */
	int64_t offered; /* at wrong */
	int64_t started;
	int64_t now;
	const char *result;
	bool final;
	const char *wrong;    /* its outcome */
	int64_t counts_after; /* counts_at; 0: nothing has arrived */
	int poll_after;
};

static const struct row rows[] = {
    /* The control: without an offer, the table of README. */
    {"no offer, grace", "tt-", 0, 0, 1000 + GRACE, "dane", false, "not-delivered", 1000 + GRACE, 5},
    {"no offer, settle", "tt-", 0, 0, 1000 + SETTLE, "dane", true, "not-delivered", 1000 + GRACE,
	60},
    /* Offered to wrong: never a verdict from its absence. */
    {"offered, nothing has come", "---", 500, 0, 600, "running", false, "waiting", 0, 2},
    {"offered, nothing has come, an hour later", "---", 500, 0, 3600000, "running", false,
	"waiting", 0, 15},
    {"offered, before grace", "tt-", 500, 0, 1500, "running", false, "waiting", 1000 + GRACE, 1},
    {"offered, at grace", "tt-", 500, 0, 1000 + GRACE, "running", false, "waiting", 1000 + GRACE,
	5},
    {"offered, at settle", "tt-", 500, 0, 1000 + SETTLE, "running", false, "waiting", 1000 + GRACE,
	15},
    {"offered, at the end of its life", "tt-", 500, 0, DAY - 20000, "running", false, "waiting",
	1000 + GRACE, 15},
    {"offered after settle: the verdict is taken back", "tt-", 2000000, 0, 2000001, "running",
	false, "waiting", 1000 + GRACE, 15},
    {"offered, only do has come", "t--", 500, 0, 1000 + GRACE, "running", false, "waiting",
	1000 + GRACE, 5},
    {"offered, only dont has come", "-t-", 500, 0, 1000 + GRACE, "running", false, "waiting",
	1000 + GRACE, 5},
    /* What settles it otherwise still does. */
    {"offered, and delivered", "ttt", 500, 0, 1000, "no-dane", true, "delivered", 1000 + GRACE, 15},
    {"offered, and delivered in the clear", "ccc", 500, 0, 1000, "no-tls", true, "delivered",
	1000 + GRACE, 15},
    {"offered, and do came in the clear", "c--", 500, 0, 1000, "no-tls", true, "waiting",
	1000 + GRACE, 15},
    /* The service's start. */
    {"started before the last delivery: no matter", "tt-", 0, 900, 1000 + GRACE, "dane", false,
	"not-delivered", 1000 + GRACE, 5},
    {"started after it: grace begins anew", "tt-", 0, 9000, 1000 + GRACE, "running", false,
	"waiting", 9000 + GRACE, 1},
    {"until it has passed", "tt-", 0, 9000, 9000 + GRACE - 1, "running", false, "waiting",
	9000 + GRACE, 1},
    {"and then counts", "tt-", 0, 9000, 9000 + GRACE, "dane", false, "not-delivered", 9000 + GRACE,
	5},
    {"settle, too", "tt-", 0, 9000, 1000 + SETTLE, "dane", false, "not-delivered", 9000 + GRACE, 5},
    {"and passes", "tt-", 0, 9000, 9000 + SETTLE, "dane", true, "not-delivered", 9000 + GRACE, 60},
    {"started after settle: not final any more", "tt-", 0, 2000000, 2000000 + GRACE, "dane", false,
	"not-delivered", 2000000 + GRACE, 5},
    {"started: a delivery at wrong stays final", "ttt", 0, 9000, 9001, "no-dane", true, "delivered",
	9000 + GRACE, 5},
    {"started: nothing has arrived, nothing counts", "---", 0, 9000, 9000 + SETTLE, "waiting",
	false, "waiting", 0, 15},
    {"started in the future (the clock was set back): waits", "tt-", 0, 90000, 60000, "running",
	false, "waiting", 90000 + GRACE, 1},
};

static int64_t
moment(int64_t after)
{
	return after == 0 ? 0 : CREATED + after;
}

static void
check_row(const struct row *row)
{
	struct hd_test test = {.alias = "k5d3m2q7xw4b6n2a",
	    .created = CREATED,
	    .service_started = moment(row->started),
	    .offered = {[HD_PROBE_WRONG] = moment(row->offered)}};
	struct hd_report report;

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		struct hd_delivery *delivery = &test.deliveries[i];

		delivery->delivered = row->how[i] != '-';
		delivery->received = CREATED + 1000;
		delivery->evidence.transport =
		    row->how[i] == 't' ? HD_TRANSPORT_TLS : HD_TRANSPORT_CLEAR;
	}
	hd_report_make(&test, CREATED + row->now, &config, &report);
	check_text(row->claim, hd_result_name(report.result), row->result);
	check_int(row->claim, report.final, row->final);
	check_text(row->claim, hd_outcome_name(report.probes[HD_PROBE_WRONG].outcome), row->wrong);
	if (strcmp(row->wrong, "waiting") == 0)
		check_int(row->claim, report.probes[HD_PROBE_WRONG].pass, HD_PASS_OPEN);
	check_int(row->claim, report.arrived ? report.counts_at : 0, moment(row->counts_after));
	if (report.arrived)
		check_int(row->claim, report.final_at - report.counts_at, SETTLE - GRACE);
	check_int(row->claim, report.poll_after, row->poll_after);
}

static void
absence_is_no_evidence_before_its_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_row(&rows[i]);
}

/* Whatever has come and whenever it is asked for: what was offered in vain is never called "dane". */
static void
an_offer_never_ends_in_dane(void **state)
{
	static const int64_t moments[] = {
	    0, 1000, GRACE, 1000 + GRACE, SETTLE, 1000 + SETTLE, DAY / 2, DAY, 2 * DAY};

	(void)state;
	for (unsigned ways = 0; ways < 9; ways++) {
		for (size_t i = 0; i < COUNT_OF(moments); i++) {
			struct hd_test test = {
			    .created = CREATED, .offered = {[HD_PROBE_WRONG] = CREATED + 1}};
			const unsigned how[] = {ways / 3, ways % 3};
			struct hd_report report;

			for (unsigned j = 0; j < COUNT_OF(how); j++) {
				test.deliveries[j].delivered = how[j] != 0;
				test.deliveries[j].received = CREATED + 1000;
				test.deliveries[j].evidence.transport = (enum hd_transport)how[j];
			}
			hd_report_make(&test, CREATED + moments[i], &config, &report);
			check_true(
			    "running, or no-tls at once", report.result == HD_RESULT_RUNNING ||
							      report.result == HD_RESULT_NO_TLS);
			check_int("only what is final at once is final", report.final,
			    report.result == HD_RESULT_NO_TLS);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(absence_is_no_evidence_before_its_time),
	    UNIT_TEST(an_offer_never_ends_in_dane),
	};

	return RUN_TESTS(tests);
}
