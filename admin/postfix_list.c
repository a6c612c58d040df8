/* Lists in Postfix's parameters. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postfix_setting.h"

static bool
is_blank(char c)
{
	return isspace((unsigned char)c) != 0;
}

bool
hd_postfix_list_next(const char **list, const char **item, size_t *length)
{
	const char *at = *list;
	int depth = 0;

	while (is_blank(*at) || *at == ',')
		at++;
	*item = at;
	for (; *at != '\0' && (depth > 0 || (!is_blank(*at) && *at != ',')); at++) {
		if (*at == '{')
			depth++;
		else if (*at == '}')
			depth--;
	}
	*length = (size_t)(at - *item);
	*list = at;
	return *length > 0;
}

/* same - as texts in which blanks of any kind and number are one, and none counts at the ends */
static bool
same(const char *one, size_t one_length, const char *other, size_t other_length)
{
	const char *one_end = one + one_length, *other_end = other + other_length;
	bool one_blank, other_blank, start = true;

	for (;; start = false) {
		one_blank = other_blank = false;
		for (; one < one_end && is_blank(*one); one++)
			one_blank = true;
		for (; other < other_end && is_blank(*other); other++)
			other_blank = true;
		if (one == one_end || other == other_end)
			return one == one_end && other == other_end;
		if ((!start && one_blank != other_blank) || *one != *other)
			return false;
		one++;
		other++;
	}
}

bool
hd_postfix_same_value(const char *one, const char *other)
{
	return same(one, strlen(one), other, strlen(other));
}

bool
hd_postfix_list_has(const char *list, const char *item, size_t length)
{
	const char *found;
	size_t found_length;

	while (hd_postfix_list_next(&list, &found, &found_length)) {
		if (same(found, found_length, item, length))
			return true;
	}
	return false;
}

/* finish - the text of a memory stream, or NULL when it did not fit into memory */
static char *
finish(FILE *out, char **text)
{
	bool complete = ferror(out) == 0;

	if (fclose(out) != 0 || !complete) {
		free(*text);
		*text = NULL;
	}
	return *text;
}

/* print_items - those of `items` that `others` has, or has not; returns how many */
static size_t
print_items(FILE *out, const char *items, const char *others, bool has, const char *separator)
{
	const char *item;
	size_t length, count = 0;

	while (hd_postfix_list_next(&items, &item, &length)) {
		if (hd_postfix_list_has(others, item, length) != has)
			continue;
		(void)fprintf(out, "%s%.*s", count == 0 ? separator : ", ", (int)length, item);
		count++;
	}
	return count;
}

enum hd_error
hd_postfix_list_add(const char *list, const char *items, char **sum)
{
	size_t size, length = strlen(list), added;
	FILE *out = open_memstream(sum, &size);

	if (out == NULL)
		return HD_NO_MEMORY;
	while (length > 0 && (is_blank(list[length - 1]) || list[length - 1] == ','))
		length--;
	(void)fprintf(out, "%.*s", (int)length, list);
	added = print_items(out, items, list, false, length == 0 ? "" : ", ");
	if (finish(out, sum) == NULL)
		return HD_NO_MEMORY;
	if (added > 0)
		return HD_OK;
	free(*sum);
	*sum = NULL;
	return HD_EXISTS;
}

enum hd_error
hd_postfix_list_remove(const char *list, const char *items, char **rest)
{
	size_t size, length, all = 0, kept;
	const char *at = list, *item;
	FILE *out = open_memstream(rest, &size);

	if (out == NULL)
		return HD_NO_MEMORY;
	while (hd_postfix_list_next(&at, &item, &length))
		all++;
	kept = print_items(out, list, items, false, "");
	if (finish(out, rest) == NULL)
		return HD_NO_MEMORY;
	if (kept < all)
		return HD_OK;
	free(*rest);
	*rest = NULL;
	return HD_NONE;
}

bool
hd_postfix_setting_holds(const struct hd_postfix_setting *setting, const char *value)
{
	const char *items = setting->value, *item;
	size_t length;

	if (!setting->added)
		return hd_postfix_same_value(value, setting->value);
	while (hd_postfix_list_next(&items, &item, &length)) {
		if (!hd_postfix_list_has(value, item, length))
			return false;
	}
	return true;
}
