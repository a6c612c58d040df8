/*
 * postfix_view - a Postfix as it is set up: parameters, services, maps
 *
 * By Postfix's own commands; nothing of it is changed.
 */
#ifndef HD_POSTFIX_VIEW_H
#define HD_POSTFIX_VIEW_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "postconf.h"

enum { HD_POSTFIX_SERVICE_SIZE = 128 };

struct hd_postfix_view {
	const char *folder; /* of main.cf; NULL: Postfix's own. Borrowed */
	struct hd_postconf parameters;
	struct hd_postconf_list overrides;     /* of master.cf: SERVICE/TYPE/NAME */
	char service[HD_POSTFIX_SERVICE_SIZE]; /* what takes mail: "smtp/inet"; "": nothing does */
	bool screened;                         /* by postscreen(8) first */
};

/*
 * hd_postfix_view_load - read all of it
 *
 * *view: for hd_postfix_view_clear, whatever is returned. HD_NONE: there is no
 * Postfix here. HD_CONFIG: its configuration cannot be read (logged). HD_IO,
 * HD_NO_MEMORY (logged).
 */
enum hd_error hd_postfix_view_load(const char *folder, struct hd_postfix_view *view);

/* hd_postfix_view_clear - release what it holds; all zero is allowed */
void hd_postfix_view_clear(struct hd_postfix_view *view);

/*
 * hd_postfix_view_get - a parameter as it applies to who takes mail from outside
 *
 * What master.cf says of that service goes first. expanded: with its $names
 * replaced, as far as it is main.cf's. Never NULL, "" for an unknown one.
 */
const char *hd_postfix_view_get(
    const struct hd_postfix_view *view, const char *name, bool expanded);

/*
 * hd_postfix_map_query - what a key has in a list of maps
 *
 * tool: "postmap" or "postalias". maps: as in main.cf. HD_OK: *value is the
 * caller's to free, without its newline. HD_NONE: in none of them. HD_CONFIG: a map
 * cannot be read; why is logged. HD_IO, HD_NO_MEMORY (logged).
 */
enum hd_error hd_postfix_map_query(const struct hd_postfix_view *view, const char *tool,
    const char *key, const char *maps, char **value);

#endif
