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

enum { HD_POSTFIX_SERVICE_SIZE = 128, HD_POSTFIX_SERVICES_MAX = 32 };

/* What a service has to do with mail for the probes. */
enum hd_postfix_role {
	HD_POSTFIX_SCREEN, /* postscreen(8) at port 25 */
	HD_POSTFIX_TAKE,   /* smtpd(8) at port 25, or behind postscreen */
	HD_POSTFIX_CLEAN,  /* cleanup(8), to which such an smtpd hands messages */
	HD_POSTFIX_LOCAL   /* local(8) */
};

struct hd_postfix_service {
	enum hd_postfix_role role;
	char name[HD_POSTFIX_SERVICE_SIZE]; /* "smtp/inet" */
	int processes;                      /* at most; -1: default_process_limit, 0: any number */
	/* With its own parameters laid over main.cf's; empty, when it has none. */
	struct hd_postconf_list all, expanded;
};

struct hd_postfix_view {
	const char *folder; /* of main.cf; NULL: Postfix's own. Borrowed */
	struct hd_postconf parameters;
	struct hd_postconf_list overrides; /* of master.cf: SERVICE/TYPE/NAME */
	struct hd_postfix_service services[HD_POSTFIX_SERVICES_MAX];
	size_t count;
};

/*
 * hd_postfix_view_load - read all of it
 *
 * *view: for hd_postfix_view_clear, whatever is returned. HD_NONE: there is no
 * Postfix here. HD_CONFIG: its configuration cannot be read, or has more
 * services at port 25 than fit (logged). HD_IO, HD_NO_MEMORY (logged).
 */
enum hd_error hd_postfix_view_load(const char *folder, struct hd_postfix_view *view);

/* hd_postfix_view_clear - release what it holds; all zero is allowed */
void hd_postfix_view_clear(struct hd_postfix_view *view);

/*
 * hd_postfix_view_at - a parameter as it applies to a service
 *
 * service: NULL for main.cf alone. expanded: with its $names replaced. Never
 * NULL, "" for an unknown one.
 */
const char *hd_postfix_view_at(const struct hd_postfix_view *view,
    const struct hd_postfix_service *service, const char *name, bool expanded);

/* hd_postfix_view_get - as it applies to the first service that takes mail from outside */
const char *hd_postfix_view_get(
    const struct hd_postfix_view *view, const char *name, bool expanded);

/* hd_postfix_view_knows - whether this Postfix has such a parameter, or main.cf defines it */
bool hd_postfix_view_knows(const struct hd_postfix_view *view, const char *name);

/* hd_postfix_view_overrides - whether master.cf has a parameter for this service */
bool hd_postfix_view_overrides(
    const struct hd_postfix_view *view, const struct hd_postfix_service *service, const char *name);

/*
 * hd_postfix_view_repeats - whether a service has a parameter as one of its role before it
 *
 * So that what is wrong in main.cf is told once.
 */
bool hd_postfix_view_repeats(
    const struct hd_postfix_view *view, const struct hd_postfix_service *service, const char *name);

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
