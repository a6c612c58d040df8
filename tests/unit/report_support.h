/*
 * report_support - tests with this or that delivered, and their reports as text
 */
#ifndef HD_REPORT_SUPPORT_H
#define HD_REPORT_SUPPORT_H

#include "report.h"

#define CREATED INT64_C(1795446000000) /* 2026-11-23T15:00:00Z */
#define ALIAS   "k5d3m2q7xw4b6n2a"
#define DOMAIN  "havedane.net"
#define SECOND  INT64_C(1000)
#define MINUTE  (60 * SECOND)
#define HOUR    (60 * MINUTE)

/* test_of - what came to the probes: "t" TLS, "c" in the clear, "u" unknown, "o" offered, "-" no */
struct hd_test test_of(const char *came);

/* text_of - a test's report at a moment after CREATED; the caller frees */
char *text_of(const struct hd_test *test, int64_t now, const char *domain);

/*
 * check_form - what holds for every report: at most 80 columns of printable
 * ASCII, no blanks at the end of a line, no two empty lines; "so far" is there
 * exactly when the verdict is not final
 */
void check_form(const char *claim, const char *text, bool final);

/* flat - a text in one line, so that it can be searched whatever its lines; the caller frees */
char *flat(const char *text);

void check_has(const char *claim, const char *text, const char *wanted);
void check_lacks(const char *claim, const char *text, const char *unwanted);

#endif
