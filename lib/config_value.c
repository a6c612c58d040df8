#include "config_value.h"

#include <stdbool.h>
#include <string.h>

#include "config.h"

static const char *
parse_text(const char *text, const struct hd_value_limits *limits, void *field)
{
	if (strlen(text) >= limits->size)
		return "too long";
	strcpy(field, text);
	return NULL;
}

static const char *
parse_path(const char *text, const struct hd_value_limits *limits, void *field)
{
	if (text[0] != '/')
		return "not an absolute path";
	return parse_text(text, limits, field);
}

static const char *
parse_optional_path(const char *text, const struct hd_value_limits *limits, void *field)
{
	return text[0] == '\0' ? parse_text(text, limits, field) : parse_path(text, limits, field);
}

static bool
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Letters, digits and inner hyphens; labels of 1 to 63 (RFC 1123, section 2.1). */
static bool
is_host_name(const char *name)
{
	size_t label = 0, labels = 1;

	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '.') {
			if (label == 0 || p[-1] == '-')
				return false;
			label = 0;
			labels++;
			continue;
		}
		if (!is_letter_or_digit(*p) && (*p != '-' || label == 0))
			return false;
		if (++label > 63)
			return false;
	}
	return label > 0 && labels > 1 && name[strlen(name) - 1] != '-';
}

static const char *
parse_domain(const char *text, const struct hd_value_limits *limits, void *field)
{
	char name[HD_DOMAIN_SIZE];
	size_t length = strlen(text);

	if (length >= sizeof(name) || length >= limits->size)
		return "too long";
	for (size_t i = 0; i <= length; i++)
		name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
	if (!is_host_name(name))
		return "not a domain name, such as havedane.net";
	memcpy(field, name, length + 1);
	return NULL;
}

static const char *
parse_backend(const char *text, const struct hd_value_limits *limits, void *field)
{
	enum hd_backend backend;

	(void)limits;
	if (strcmp(text, "sqlite") == 0)
		backend = HD_BACKEND_SQLITE;
	else if (strcmp(text, "postgresql") == 0)
		backend = HD_BACKEND_POSTGRESQL;
	else
		return "neither sqlite nor postgresql";
	memcpy(field, &backend, sizeof(backend));
	return NULL;
}

/* At most ten digits: times any unit this cannot overflow. */
static const char *
parse_digits(const char *text, int64_t *number)
{
	const char *p = text;

	*number = 0;
	for (; *p >= '0' && *p <= '9' && p - text < 10; p++)
		*number = *number * 10 + (*p - '0');
	return p == text ? NULL : p;
}

static const char *
store_in_range(int64_t number, const struct hd_value_limits *limits, void *field)
{
	if (number < limits->min || number > limits->max)
		return "out of range";
	memcpy(field, &number, sizeof(number));
	return NULL;
}

static const char *
parse_number(const char *text, const struct hd_value_limits *limits, void *field)
{
	int64_t number;
	const char *end = parse_digits(text, &number);

	if (end == NULL || *end != '\0')
		return "not a whole number in range";
	return store_in_range(number, limits, field);
}

static const char *
parse_duration(const char *text, const struct hd_value_limits *limits, void *field)
{
	static const char units[] = "smhd";
	static const int64_t milliseconds[] = {1000, 60000, 3600000, 86400000};
	int64_t number;
	const char *unit, *end = parse_digits(text, &number);

	if (end == NULL || end[0] == '\0' || end[1] != '\0' ||
	    (unit = strchr(units, end[0])) == NULL)
		return "not a whole number with s, m, h or d";
	return store_in_range(number * milliseconds[unit - units], limits, field);
}

const char *
hd_value_parse(
    enum hd_value_type type, const char *text, const struct hd_value_limits *limits, void *field)
{
	static const char *(*const parsers[])(
	    const char *, const struct hd_value_limits *, void *) = {
	    [HD_VALUE_TEXT] = parse_text,
	    [HD_VALUE_PATH] = parse_path,
	    [HD_VALUE_OPTIONAL_PATH] = parse_optional_path,
	    [HD_VALUE_DOMAIN] = parse_domain,
	    [HD_VALUE_BACKEND] = parse_backend,
	    [HD_VALUE_NUMBER] = parse_number,
	    [HD_VALUE_DURATION] = parse_duration,
	};

	return parsers[type](text, limits, field);
}
