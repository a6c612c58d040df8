#include "clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

int64_t
hd_time_now(void)
{
	struct timespec now;

	/* CLOCK_REALTIME with a valid pointer cannot fail (clock_gettime(2)). */
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t
hd_time_monotonic(void)
{
	struct timespec now;

	/* CLOCK_MONOTONIC with a valid pointer cannot fail (clock_gettime(2)). */
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
hd_time_format(int64_t time, char text[HD_TIME_SIZE])
{
	int64_t seconds = time / 1000;
	struct tm calendar;
	time_t t;

	if (time % 1000 < 0)
		seconds--;
	t = (time_t)seconds;
	/* RFC 3339 has years of four digits. */
	if (gmtime_r(&t, &calendar) == NULL || calendar.tm_year < -1900 ||
	    calendar.tm_year > 9999 - 1900) {
		strcpy(text, "?");
		return;
	}
	(void)snprintf(text, HD_TIME_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ",
	    calendar.tm_year + 1900, calendar.tm_mon + 1, calendar.tm_mday, calendar.tm_hour,
	    calendar.tm_min, calendar.tm_sec);
}
