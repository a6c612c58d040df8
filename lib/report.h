/*
 * report - what a test's deliveries mean: outcomes and verdict
 *
 * A pure function of the deliveries, the clock and two durations. The table of
 * README, the reasons from RFC 7672, section 2.2 (a client that finds secure
 * TLSA records must not deliver without a match, nor without TLS).
 */
#ifndef HD_REPORT_H
#define HD_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "store.h"

enum hd_outcome { HD_OUTCOME_WAITING, HD_OUTCOME_DELIVERED, HD_OUTCOME_NOT_DELIVERED };

enum hd_result {
	HD_RESULT_WAITING,   /* nothing has arrived */
	HD_RESULT_RUNNING,   /* something has, or was offered; the rest has not had its time */
	HD_RESULT_DANE,      /* the sender verifies DANE, if the message to "wrong" was sent */
	HD_RESULT_DANE_ONLY, /* delivers to DANE domains only, or one was never sent */
	HD_RESULT_BROKEN,    /* cannot deliver to a correct DANE domain, or it was never sent */
	HD_RESULT_NO_DANE,   /* DANE is not enforced */
	HD_RESULT_NO_TLS,    /* not even TLS is used where DANE demands it */
	HD_RESULT_COUNT
};

enum hd_pass { HD_PASS_OPEN, HD_PASS_YES, HD_PASS_NO };

struct hd_report {
	struct {
		enum hd_outcome outcome;
		enum hd_pass pass;
	} probes[HD_PROBE_COUNT];
	enum hd_result result;
	bool final;   /* waiting longer is not expected to change anything */
	bool arrived; /* something has; the next three are set then only */
	int64_t first_received;
	int64_t counts_at; /* from here on a missing message counts as not delivered */
	int64_t final_at;
	int64_t expires;
	int poll_after; /* seconds */
};

/*
 * hd_report_make - judge a test
 *
 * now: the wall clock; before the last delivery (it was set back) it counts as
 * the moment of that delivery. config gives grace, settle and retention; the
 * first two count from the last delivery or, if that was later, from the
 * service's start. A message that was offered to "wrong" and has not come keeps
 * the result at HD_RESULT_RUNNING, as long as it takes.
 */
void hd_report_make(const struct hd_test *test, int64_t now, const struct hd_config *config,
    struct hd_report *report);

/*
 * hd_offered_in_vain - whether a message was offered to a probe and has not come
 *
 * A client got as far as RCPT at "wrong", which one that enforces DANE does not:
 * the message was broken off half way, or waits in our queue.
 */
bool hd_offered_in_vain(const struct hd_test *test, enum hd_probe_id probe);

/* The words of the API: "dane-only", "not-delivered". Static storage. */
const char *hd_result_name(enum hd_result result);
const char *hd_outcome_name(enum hd_outcome outcome);

#endif
