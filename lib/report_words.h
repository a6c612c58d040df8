/*
 * report_words - what a report means, in English sentences
 *
 * The words of the page (www/lang/en.js), for a terminal. Delivery proves that
 * DANE is not enforced, never that nothing is looked at; that a message did not
 * arrive is weaker evidence, and the words say so.
 */
#ifndef HD_REPORT_WORDS_H
#define HD_REPORT_WORDS_H

#include "report.h"

/* Plain ASCII, static storage. */
struct hd_report_words {
	const char *title; /* begins in lower case, no full stop: it can stand behind "So far: " */
	const char *observed;
	const char *proves;
	const char *limits; /* what it does not prove */
	const char *next;   /* what to do */
};

/*
 * hd_report_words - the words for a test's result
 *
 * They hold as of now: unless the report is final whoever prints them says "so
 * far". report: made of this test.
 */
const struct hd_report_words *hd_report_words(
    const struct hd_test *test, const struct hd_report *report);

#endif
