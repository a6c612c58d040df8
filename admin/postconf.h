/*
 * postconf - the parameters of a Postfix, as postconf(1) gives them
 */
#ifndef HD_POSTCONF_H
#define HD_POSTCONF_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum { HD_POSTCONF_OVER_MAX = 100 };

/* One answer of postconf: "NAME = VALUE" for each parameter, each ending in a NUL. */
struct hd_postconf_list {
	char *lines;
	size_t size;
};

struct hd_postconf {
	struct hd_postconf_list all;      /* every parameter, as main.cf or the default has it */
	struct hd_postconf_list set;      /* those that main.cf sets */
	struct hd_postconf_list expanded; /* every parameter, "$name" replaced */
};

/*
 * hd_postconf_list_load - what postconf prints with an option
 *
 * folder: of main.cf and master.cf; NULL: Postfix's own. option: NULL for
 * none. Results as of hd_postconf_load.
 */
enum hd_error hd_postconf_list_load(
    const char *folder, const char *option, struct hd_postconf_list *list);

/*
 * hd_postconf_list_load_over - the same, with parameters laid over main.cf
 *
 * over: "NAME=VALUE", as -o has them in master.cf; NULL ends it. HD_CONFIG also
 * when there are more than HD_POSTCONF_OVER_MAX (logged).
 */
enum hd_error hd_postconf_list_load_over(
    const char *folder, const char *option, const char *const *over, struct hd_postconf_list *list);

/* hd_postconf_list_clear - release what it holds; all zero is allowed */
void hd_postconf_list_clear(struct hd_postconf_list *list);

/* hd_postconf_list_find - the value of a name; NULL: it is not there */
const char *hd_postconf_list_find(const struct hd_postconf_list *list, const char *name);

/*
 * hd_postconf_load - ask postconf
 *
 * folder: as above. HD_OK: *conf is the caller's to clear. HD_NONE: there is no postconf.
 * HD_CONFIG: it finds something wrong, such as no main.cf (logged). HD_IO,
 * HD_NO_MEMORY (logged).
 */
enum hd_error hd_postconf_load(const char *folder, struct hd_postconf *conf);

/* hd_postconf_clear - release what it holds */
void hd_postconf_clear(struct hd_postconf *conf);

/* The value of a parameter, valid until the next clear. hd_postconf_set: NULL, if main.cf does not
 * set it. The others: "" for an unknown parameter. */
const char *hd_postconf_get(const struct hd_postconf *conf, const char *name);
const char *hd_postconf_set(const struct hd_postconf *conf, const char *name);
const char *hd_postconf_expanded(const struct hd_postconf *conf, const char *name);

/* hd_postconf_yes - whether a parameter of the yes or no kind is yes */
bool hd_postconf_yes(const struct hd_postconf *conf, const char *name);

#endif
