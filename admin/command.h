/*
 * command - what a command of havedane is, and all of them
 */
#ifndef HD_COMMAND_H
#define HD_COMMAND_H

#include <stdbool.h>
#include <stdio.h>

#include "error.h"
#include "store.h"

enum { HD_OPTIONS_MAX = 10 }; /* of one command, besides --help */

/* What a command got, and where its result goes. */
struct hd_call {
	const char *conf; /* the configuration's file, as given */
	struct hd_config config;
	const char *options
	    [HD_OPTIONS_MAX]; /* values, in the order of the command's row; NULL: not given */
	char **operands;
	int operand_count;
	bool failed; /* the result, though printed, is bad news: exit status 1 */
	FILE *out;   /* see hd_command's at_once; an error of it is found at the end */
};

struct hd_option {
	const char *name;  /* NULL ends the list */
	const char *value; /* the default; NULL: none */
	bool takes_value;  /* otherwise its value is its name, when given */
};

struct hd_command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;   /* for the list of commands, one line */
	const char *help;      /* the rest; lines end in a newline */
	struct hd_option options[HD_OPTIONS_MAX + 1];
	int operands_min;
	int operands_max;
	/* out is standard output; otherwise it is printed, whole, when the command returns HD_OK */
	bool at_once;
	bool without_config; /* call->config is not loaded */
	/* HD_INVALID: wrong usage (logged); its help is pointed at */
	enum hd_error (*run)(struct hd_call *call);
};

/* The table (commands.c); the last row has no name. */
extern const struct hd_command hd_commands[];

/* Indices into hd_call's options: the order of the rows in the table. */
enum { CERT_DIR, CERT_DAYS };
enum { DNS_DIR, DNS_IPV4, DNS_IPV6, DNS_TTL, DNS_FORMAT };
enum { POSTFIX_TLS, POSTFIX_MAPS, POSTFIX_CATCH_ALL };
enum { SHOW_JSON };
enum { CHECK_JSON, CHECK_RESOLVER, CHECK_ANCHOR, CHECK_TLS, CHECK_MAPS, CHECK_POSTFIX, CHECK_WEB };
enum {
	SETUP_DOMAIN,
	SETUP_IPV4,
	SETUP_IPV6,
	SETUP_TLS_CERTIFICATE,
	SETUP_TLS_KEY,
	SETUP_CATCH_ALL,
	SETUP_LIMITS,
	SETUP_DRY_RUN,
	SETUP_REMOVE,
	SETUP_PURGE
};

enum hd_error hd_command_init(struct hd_call *call);
enum hd_error hd_command_cert(struct hd_call *call);
enum hd_error hd_command_dns(struct hd_call *call);
enum hd_error hd_command_postfix(struct hd_call *call);
enum hd_error hd_command_setup(struct hd_call *call);
enum hd_error hd_command_show(struct hd_call *call);
enum hd_error hd_command_purge(struct hd_call *call);
enum hd_error hd_command_check(struct hd_call *call);

/* hd_command_open - the store of the configuration; *store is the caller's, for hd_store_close */
enum hd_error hd_command_open(
    const struct hd_call *call, enum hd_store_access access, struct hd_store **store);

#endif
