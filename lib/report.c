#include "report.h"

static const char *const result_names[HD_RESULT_COUNT] = {
    [HD_RESULT_WAITING] = "waiting",
    [HD_RESULT_RUNNING] = "running",
    [HD_RESULT_DANE] = "dane",
    [HD_RESULT_DANE_ONLY] = "dane-only",
    [HD_RESULT_BROKEN] = "broken",
    [HD_RESULT_NO_DANE] = "no-dane",
    [HD_RESULT_NO_TLS] = "no-tls",
};

static const char *const outcome_names[] = {
    [HD_OUTCOME_WAITING] = "waiting",
    [HD_OUTCOME_DELIVERED] = "delivered",
    [HD_OUTCOME_NOT_DELIVERED] = "not-delivered",
};

const char *
hd_result_name(enum hd_result result)
{
	return result_names[result];
}

const char *
hd_outcome_name(enum hd_outcome outcome)
{
	return outcome_names[outcome];
}

static bool
in_the_clear(const struct hd_delivery *delivery)
{
	return delivery->delivered && delivery->evidence.transport == HD_TRANSPORT_CLEAR;
}

static bool
all_in_the_clear(const struct hd_test *test)
{
	static const enum hd_probe_id deciding[] = {HD_PROBE_DO, HD_PROBE_DONT, HD_PROBE_WRONG};

	for (unsigned i = 0; i < sizeof(deciding) / sizeof(deciding[0]); i++) {
		const struct hd_delivery *delivery = &test->deliveries[deciding[i]];

		if (delivery->delivered && !in_the_clear(delivery))
			return false;
	}
	return true;
}

bool
hd_offered_in_vain(const struct hd_test *test, enum hd_probe_id probe)
{
	return test->offered[probe] != 0 && !test->deliveries[probe].delivered;
}

/* README's table, row by row; grace: whether it has passed. */
static enum hd_result
judge(const struct hd_test *test, bool grace, bool *final_at_once)
{
	const struct hd_delivery *d = test->deliveries;

	*final_at_once = true;
	if (d[HD_PROBE_WRONG].delivered)
		return all_in_the_clear(test) ? HD_RESULT_NO_TLS : HD_RESULT_NO_DANE;
	if (in_the_clear(&d[HD_PROBE_DO]))
		return HD_RESULT_NO_TLS;

	*final_at_once = false;
	if (hd_offered_in_vain(test, HD_PROBE_WRONG))
		return HD_RESULT_RUNNING;
	if (!d[HD_PROBE_DO].delivered && !d[HD_PROBE_DONT].delivered)
		return HD_RESULT_WAITING;
	if (!grace)
		return HD_RESULT_RUNNING;
	if (!d[HD_PROBE_DONT].delivered)
		return HD_RESULT_DANE_ONLY;
	return d[HD_PROBE_DO].delivered ? HD_RESULT_DANE : HD_RESULT_BROKEN;
}

/* The first and the last of the probes' first arrivals; false: nothing has arrived. */
static bool
arrivals(const struct hd_test *test, int64_t *first, int64_t *last)
{
	bool any = false;

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		const struct hd_delivery *delivery = &test->deliveries[i];

		if (!delivery->delivered)
			continue;
		if (!any || delivery->received < *first)
			*first = delivery->received;
		if (!any || delivery->received > *last)
			*last = delivery->received;
		any = true;
	}
	return any;
}

static void
judge_probes(const struct hd_test *test, bool grace, struct hd_report *report)
{
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		bool delivered = test->deliveries[i].delivered;

		if (delivered)
			report->probes[i].outcome = HD_OUTCOME_DELIVERED;
		else if (grace && !hd_offered_in_vain(test, (enum hd_probe_id)i))
			report->probes[i].outcome = HD_OUTCOME_NOT_DELIVERED;
		else
			report->probes[i].outcome = HD_OUTCOME_WAITING;

		report->probes[i].pass = HD_PASS_OPEN;
		if (delivered ||
		    (report->final && report->probes[i].outcome == HD_OUTCOME_NOT_DELIVERED))
			report->probes[i].pass =
			    delivered == hd_probes[i].expect_delivered ? HD_PASS_YES : HD_PASS_NO;
	}
}

/*
 * How soon it is worth asking again: often while messages are on their way,
 * seldom when only a retry of the sender can still bring one. Never past the
 * next change that time alone brings.
 */
static int
poll_after(const struct hd_test *test, int64_t now, const struct hd_report *report)
{
	static const int allowed[] = {60, 15, 5, 2, 1};
	const int64_t age = now - test->created;
	int64_t next = report->expires;
	int wish;

	if (report->final)
		wish = 60;
	else if (report->arrived && now < report->final_at)
		wish = now < report->counts_at ? 1 : 5;
	else
		wish = age < 15 * 60 * 1000 ? 2 : 15;

	if (report->arrived && now < report->counts_at)
		next = report->counts_at;
	else if (report->arrived && now < report->final_at)
		next = report->final_at;
	if (next > report->expires)
		next = report->expires;
	for (unsigned i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (allowed[i] <= wish && now + allowed[i] * 1000 <= next)
			return allowed[i];
	}
	return 1;
}

void
hd_report_make(const struct hd_test *test, int64_t now, const struct hd_config *config,
    struct hd_report *report)
{
	int64_t last = 0, since;
	bool grace, final_at_once;

	*report = (struct hd_report){.expires = test->created + config->retention};
	report->arrived = arrivals(test, &report->first_received, &last);
	if (report->arrived) {
		/* While the service was away Postfix told senders to try again. */
		since = test->service_started > last ? test->service_started : last;
		report->counts_at = since + config->grace;
		report->final_at = since + config->settle;
	}
	grace = report->arrived && now >= report->counts_at;
	report->result = judge(test, grace, &final_at_once);
	/* A probe outside the verdict may have a message while the three have none. */
	if (report->result == HD_RESULT_WAITING)
		grace = false;
	report->final = final_at_once ||
			(grace && report->result != HD_RESULT_RUNNING && now >= report->final_at);
	judge_probes(test, grace, report);
	report->poll_after = poll_after(test, now, report);
}
