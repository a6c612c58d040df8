/*
 * report_text - a report for people at a terminal: English, plain ASCII, 80 columns
 */
#ifndef HD_REPORT_TEXT_H
#define HD_REPORT_TEXT_H

#include <stdio.h>

#include "report.h"

/*
 * hd_report_text - print a test and what it means
 *
 * report: made of this test. The text changes with what was recorded and with
 * the verdict, not with the time of day. Words that came from other hosts are
 * made printable. Addresses of the test are never broken: with a domain of more
 * than 53 characters they make a line longer than 80 columns. The stream
 * remembers a failure to write.
 */
void hd_report_text(
    FILE *out, const struct hd_test *test, const struct hd_report *report, const char *domain);

#endif
