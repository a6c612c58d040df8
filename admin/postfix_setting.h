/*
 * postfix_setting - the Postfix parameters that HaveDANE wants
 *
 * They are read from the template of main.cf, which is the only list of them.
 */
#ifndef HD_POSTFIX_SETTING_H
#define HD_POSTFIX_SETTING_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "postfix_part.h"

enum { HD_POSTFIX_SETTINGS_MAX = 64 };

struct hd_postfix_setting {
	char *name;
	char *value;   /* one line; for a list that is added to: what we add */
	char *comment; /* what it is for, lines end in a newline; "" for none */
	bool needed;   /* on any Postfix; otherwise on a public test server only */
	bool added;    /* to what the list holds already; otherwise set */
};

struct hd_postfix_settings {
	struct hd_postfix_setting rows[HD_POSTFIX_SETTINGS_MAX];
	size_t count;
};

/*
 * hd_postfix_settings_load - all of them, in the template's order
 *
 * HD_OK: *settings is the caller's to clear. HD_CONFIG: the template is
 * missing or wrong (logged). HD_IO, HD_NO_MEMORY (logged).
 */
enum hd_error hd_postfix_settings_load(
    const struct hd_postfix_source *source, struct hd_postfix_settings *settings);

/* hd_postfix_settings_clear - release what it holds */
void hd_postfix_settings_clear(struct hd_postfix_settings *settings);

/* hd_postfix_settings_find - NULL: there is none of that name */
const struct hd_postfix_setting *hd_postfix_settings_find(
    const struct hd_postfix_settings *settings, const char *name);

/*
 * Postfix's lists: items between blanks and commas, braces hold together.
 */

/* hd_postfix_list_next - the next item at *list, which moves behind it; false: no more */
bool hd_postfix_list_next(const char **list, const char **item, size_t *length);

/* hd_postfix_list_has - whether an item of the list is this one; blanks do not count in braces */
bool hd_postfix_list_has(const char *list, const char *item, size_t length);

/*
 * hd_postfix_list_add - a list with those items behind its own that it lacks
 *
 * The list itself is not changed, so that it still reads as its owner wrote
 * it. HD_OK: *sum is the caller's to free. HD_EXISTS: it has them all (*sum is
 * NULL). HD_NO_MEMORY.
 */
enum hd_error hd_postfix_list_add(const char *list, const char *items, char **sum);

/*
 * hd_postfix_list_remove - a list without these items
 *
 * HD_OK: *rest is the caller's to free, "" when nothing is left. HD_NONE: it
 * has none of them (*rest is NULL). HD_NO_MEMORY.
 */
enum hd_error hd_postfix_list_remove(const char *list, const char *items, char **rest);

/* hd_postfix_same_value - whether Postfix takes both for the same: kinds of blanks do not count */
bool hd_postfix_same_value(const char *one, const char *other);

/* hd_postfix_setting_holds - whether a parameter's value, as postconf(1) gives it, is as we want it */
bool hd_postfix_setting_holds(const struct hd_postfix_setting *setting, const char *value);

#endif
