/* Times as RFC 3339 writes them. */
#include "clock.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support.h"

/* 9999-12-31T23:59:59Z, the last second that four digits of year can hold */
#define LAST_SECOND INT64_C(253402300799000)

static const struct {
	const char *claim;
	int64_t time;
	const char *text;
} formats[] = {
    {"the epoch", 0, "1970-01-01T00:00:00Z"},
    {"README's example", INT64_C(1795446000000), "2026-11-23T15:00:00Z"},
    {"a leap day", INT64_C(1709164800000), "2024-02-29T00:00:00Z"},
    {"no leap day in 2100", INT64_C(4107542400000), "2100-03-01T00:00:00Z"},
    {"beyond 32 bits of seconds", INT64_C(4294967296000), "2106-02-07T06:28:16Z"},
    {"part of a second is dropped", 1, "1970-01-01T00:00:00Z"},
    {"not rounded to the nearest", 999, "1970-01-01T00:00:00Z"},
    {"a whole second", 1000, "1970-01-01T00:00:01Z"},
    {"before the epoch: rounded down, too", -1, "1969-12-31T23:59:59Z"},
    {"a whole second before the epoch", -1000, "1969-12-31T23:59:59Z"},
    {"and one millisecond more", -1001, "1969-12-31T23:59:58Z"},
    {"the last second there is", LAST_SECOND, "9999-12-31T23:59:59Z"},
    {"its last millisecond", LAST_SECOND + 999, "9999-12-31T23:59:59Z"},
    {"year 10000 has no form in RFC 3339", LAST_SECOND + 1000, "?"},
    {"the largest number", INT64_MAX, "?"},
    {"the smallest number", INT64_MIN, "?"},
    {"a year before 0", INT64_C(-62198755200000), "?"},
};

static void
times_have_one_form(void **state)
{
	char *text = malloc(HD_TIME_SIZE); /* so that ASan sees a byte too far */

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < COUNT_OF(formats); i++) {
		hd_time_format(formats[i].time, text);
		check_text(formats[i].claim, text, formats[i].text);
	}
	free(text);
}

static void
time_zone_has_no_say(void **state)
{
	char text[HD_TIME_SIZE];

	(void)state;
	assert_int_equal(setenv("TZ", "Asia/Kathmandu", 1), 0);
	tzset();
	hd_time_format(0, text);
	assert_int_equal(unsetenv("TZ"), 0);
	tzset();
	check_text("it is UTC", text, "1970-01-01T00:00:00Z");
}

static void
now_is_in_milliseconds(void **state)
{
	int64_t before = (int64_t)time(NULL), now = hd_time_now(), after = (int64_t)time(NULL);

	(void)state;
	/* time(2) may lag behind clock_gettime(2) by a tick. */
	check_true("not before a moment ago", now / 1000 >= before);
	check_true("nor after a moment later", now / 1000 <= after + 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(times_have_one_form),
	    UNIT_TEST(time_zone_has_no_say),
	    UNIT_TEST(now_is_in_milliseconds),
	};

	return RUN_TESTS(tests);
}
