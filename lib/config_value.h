/*
 * config_value - the values a configuration key can have
 */
#ifndef HD_CONFIG_VALUE_H
#define HD_CONFIG_VALUE_H

#include <stddef.h>
#include <stdint.h>

enum hd_value_type {
	HD_VALUE_TEXT,          /* char[]: anything, also nothing */
	HD_VALUE_PATH,          /* char[]: an absolute path */
	HD_VALUE_OPTIONAL_PATH, /* char[]: an absolute path or nothing */
	HD_VALUE_DOMAIN,        /* char[]: a host name of two labels or more, put into lower case */
	HD_VALUE_BACKEND,       /* enum hd_backend */
	HD_VALUE_NUMBER,        /* int64_t: decimal digits */
	HD_VALUE_DURATION       /* int64_t: digits and s, m, h or d; milliseconds */
};

struct hd_value_limits {
	size_t size; /* bytes of the field, a text's final NUL included */
	int64_t min; /* numbers and durations, in the field's unit */
	int64_t max;
};

/*
 * hd_value_parse - parse a value into a field of its type
 *
 * Returns NULL and writes the field, or what is wrong (static storage) and
 * leaves the field alone.
 */
const char *hd_value_parse(
    enum hd_value_type type, const char *text, const struct hd_value_limits *limits, void *field);

#endif
