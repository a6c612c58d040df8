/*
 * postfix_part - the files that Postfix needs from us, made of templates
 *
 * Their names: main.cf (settings), aliases (what runs the hook), probes and
 * virtual (which addresses are ours: by asking the service, or all of them).
 */
#ifndef HD_POSTFIX_PART_H
#define HD_POSTFIX_PART_H

#include <stdbool.h>
#include <stdio.h>

#include "config.h"
#include "error.h"

#define HD_POSTFIX_TEMPLATES HD_PKGDATADIR "/postfix"
#define HD_POSTFIX_TLS       HD_SYSCONFDIR "/havedane/tls"
#define HD_POSTFIX_MAPS      HD_SYSCONFDIR "/havedane/postfix"
#define HD_POSTFIX_HOOK      HD_HOOKDIR "/havedane-hook"

/* What the templates are filled with. All is borrowed. */
struct hd_postfix_source {
	const struct hd_config *config;
	const char *conf; /* its path, absolute: the hook runs elsewhere */
	const char *templates;
	const char *tls;
	const char *maps;
	bool catch_all; /* take mail for any alias, instead of asking the service */
};

/* hd_postfix_parts - the names, in the order in which they are printed; NULL ends them */
extern const char *const hd_postfix_parts[];

/*
 * hd_postfix_source_init - fill *source, with catch_all where the configuration asks for it
 *
 * Without a [postfix] socket there is no service to ask. HD_INVALID: a path
 * has signs in it that Postfix would take for something else (logged).
 */
enum hd_error hd_postfix_source_init(struct hd_postfix_source *source,
    const struct hd_config *config, const char *conf, const char *tls, const char *maps);

/*
 * hd_postfix_part_write - print a part
 *
 * added: settings that are added to lists are only what we add, without what
 * the system has there by default. HD_NONE: no part has that name. HD_CONFIG:
 * its template is missing or wrong (logged), HD_IO; part of it was printed.
 */
enum hd_error hd_postfix_part_write(
    const struct hd_postfix_source *source, const char *name, bool added, FILE *out);

#endif
