/*
 * check_report - what "havedane check" has found: a list of points, as text or JSON
 *
 * A point has a stable id ("dns.mx"), a subject (what it was found of; several
 * points may share an id), a status, a message in plain words, and, unless all
 * is well, the command or record that mends it. Text from other hosts may be
 * in it: what is not printable ASCII is shown as '?'.
 */
#ifndef HD_CHECK_REPORT_H
#define HD_CHECK_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "error.h"

enum hd_check_status {
	HD_CHECK_OK,
	HD_CHECK_WARNING, /* it works, but ought to be looked at */
	HD_CHECK_FAILURE,
	HD_CHECK_UNKNOWN, /* cannot be told from here, or not before something else is mended */
	HD_CHECK_STATUS_COUNT
};

enum {
	HD_CHECK_SUBJECT_SIZE = 320,
	HD_CHECK_TEXT_SIZE = 600 /* of a message, and of what mends it; the rest is cut */
};

struct hd_check_point {
	const char *id; /* static storage */
	enum hd_check_status status;
	char subject[HD_CHECK_SUBJECT_SIZE];
	char message[HD_CHECK_TEXT_SIZE];
	char mend[HD_CHECK_TEXT_SIZE]; /* "": nothing to do, or it cannot be said */
};

/* All zero is an empty list. */
struct hd_check_list {
	struct hd_check_point *points;
	size_t count;
	bool no_memory; /* there were more */
};

/* hd_check_list_add - a new point */
void hd_check_list_add(struct hd_check_list *list, enum hd_check_status status, const char *id,
    const char *subject, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* hd_check_list_mend - how to mend the point that was added last */
void hd_check_list_mend(struct hd_check_list *list, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* hd_check_list_count - how many points have this status */
size_t hd_check_list_count(const struct hd_check_list *list, enum hd_check_status status);

/* hd_check_list_text - one line per point, and a summary; errors of out are the caller's to find */
void hd_check_list_text(const struct hd_check_list *list, FILE *out);

/* hd_check_list_json - the same for programs; HD_NO_MEMORY */
enum hd_error hd_check_list_json(const struct hd_check_list *list, FILE *out);

/* hd_check_list_clear - release what is in a list */
void hd_check_list_clear(struct hd_check_list *list);

#endif
