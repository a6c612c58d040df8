/*
 * clock - time as the store and the API know it: milliseconds since the epoch, UTC
 */
#ifndef HD_CLOCK_H
#define HD_CLOCK_H

#include <stdint.h>

enum { HD_TIME_SIZE = 72 }; /* bytes for hd_time_format, with the final NUL */

/* hd_time_now - the wall clock; it may be set back between two calls */
int64_t hd_time_now(void);

/* hd_time_monotonic - milliseconds since some moment; for deadlines, as it is never set back */
int64_t hd_time_monotonic(void);

/*
 * hd_time_format - a time as RFC 3339 in UTC, whole seconds rounded down
 *
 * Gives "2026-11-23T15:00:00Z"; a time outside the years 0 to 9999 is "?".
 */
void hd_time_format(int64_t time, char text[HD_TIME_SIZE]);

#endif
