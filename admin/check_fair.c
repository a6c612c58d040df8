/*
 * check: what treats a client's messages unequally
 *
 * The answer that visitors get is which of their three messages arrived:
 * whatever may let in the first and refuse the third makes it wrong.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "postfix_setting.h"

enum rule {
	EMPTY,   /* fair is: nothing */
	ZERO,    /* fair is: 0 */
	NO,      /* fair is: no */
	YES,     /* fair is: yes */
	IGNORE,  /* fair is: ignore */
	LEAST,   /* fair is: the row's number, or more */
	WITHOUT, /* fair is: a list without the row's word */
	NARROW   /* fair is: a list of networks, none of which is all the world */
};

enum {
	SCREEN = 1 << HD_POSTFIX_SCREEN,
	TAKE = 1 << HD_POSTFIX_TAKE,
	CLEAN = 1 << HD_POSTFIX_CLEAN,
	ALL = 0 /* main.cf's, for no service in particular */
};

enum grade { SOME, GRAVE, ASKED /* grave, where the service is asked at RCPT */ };

static const char no_room[] = "a message may find no process that takes it";
static const char filters[] =
    "messages come back from a filter without the sender's Received line: TLS looks like none";
static const char deep[] = "a deep test turns away each client's first message";
static const char junk[] = "mail for anybody is taken, and bounced to whoever is named as sender";

static const struct row {
	const char *name;
	enum rule rule;
	unsigned roles;
	enum grade grade;
	const char *word; /* or a number */
	const char *why;
} rows[] = {
    {"smtpd_milters", EMPTY, TAKE, SOME, NULL, "a milter may refuse one message of three"},
    {"content_filter", EMPTY, TAKE | CLEAN, SOME, NULL, filters},
    {"smtpd_proxy_filter", EMPTY, TAKE, SOME, NULL, filters},
    {"smtpd_command_filter", EMPTY, TAKE, SOME, NULL,
	"what a sender says may become something else before it is looked at"},
    {"smtpd_discard_ehlo_keyword_address_maps", EMPTY, TAKE, SOME, NULL,
	"STARTTLS may be hidden from some clients"},
    {"smtpd_client_connection_rate_limit", ZERO, TAKE, SOME, NULL,
	"a client's third connection may fail"},
    {"smtpd_client_message_rate_limit", ZERO, TAKE, SOME, NULL,
	"a client's third message may fail"},
    {"smtpd_client_recipient_rate_limit", ZERO, TAKE, SOME, NULL,
	"a client's third recipient may fail"},
    {"smtpd_client_new_tls_session_rate_limit", ZERO, TAKE, SOME, NULL,
	"a client's third TLS session may fail"},
    {"smtpd_client_auth_rate_limit", ZERO, TAKE, SOME, NULL, "a client may be refused"},
    {"smtpd_hard_error_limit", LEAST, TAKE, SOME, "10",
	"one refused recipient may end a session that has others"},
    {"soft_bounce", NO, TAKE | CLEAN, SOME, NULL,
	"what is refused for good is only put off, and tried again for days"},
    {"smtpd_reject_unlisted_recipient", YES, TAKE, ASKED, NULL, junk},
    {"receive_override_options", WITHOUT, TAKE, GRAVE, "no_address_mappings",
	"addresses of the probes are not led to the hook, and mail for them is bounced"},
    {"receive_override_options", WITHOUT, TAKE, ASKED, "no_unknown_recipient_checks", junk},
    {"mynetworks", NARROW, TAKE, GRAVE, NULL, "anybody may send mail through this server"},
    {"defer_transports", WITHOUT, ALL, GRAVE, "local", "no message gets to the hook"},
    {"default_process_limit", LEAST, ALL, SOME, "20", no_room},
    {"postscreen_dnsbl_sites", EMPTY, SCREEN, SOME, NULL,
	"a client's listing may change between messages"},
    {"postscreen_greet_action", IGNORE, SCREEN, SOME, NULL,
	"a client may be dropped at its first visit"},
    {"postscreen_pipelining_enable", NO, SCREEN, SOME, NULL, deep},
    {"postscreen_non_smtp_command_enable", NO, SCREEN, SOME, NULL, deep},
    {"postscreen_bare_newline_enable", NO, SCREEN, SOME, NULL, deep},
};

/* What a rule's fair value is, for postconf -e; NULL: that depends. */
static const char *const fair_values[] = {[EMPTY] = "",
    [ZERO] = " 0",
    [NO] = " no",
    [YES] = " yes",
    [IGNORE] = " ignore",
    [LEAST] = NULL,
    [WITHOUT] = NULL,
    [NARROW] = NULL};

/* is_narrow - whether no network of a list has a prefix of no bits */
static bool
is_narrow(const char *list)
{
	const char *item;
	size_t length;

	while (hd_postfix_list_next(&list, &item, &length)) {
		if (length > 2 && item[0] != '!' && strncmp(item + length - 2, "/0", 2) == 0)
			return false;
	}
	return true;
}

static bool
is_fair(const struct row *row, const char *value)
{
	switch (row->rule) {
	case EMPTY:
		return value[0] == '\0';
	case ZERO:
		return strcmp(value, "0") == 0;
	case NO:
		return strcasecmp(value, "no") == 0;
	case YES:
		return strcasecmp(value, "yes") == 0;
	case IGNORE:
		return strcasecmp(value, "ignore") == 0;
	case LEAST:
		return strtol(value, NULL, 10) >= strtol(row->word, NULL, 10);
	case WITHOUT:
		return !hd_postfix_list_has(value, row->word, strlen(row->word));
	case NARROW:
		return is_narrow(value);
	}
	return true;
}

/* check_row - a parameter of a service (NULL: of main.cf); whether it is fair */
static bool
check_row(struct hd_check *check, const struct hd_postfix_service *service, const struct row *row)
{
	const char *value = hd_postfix_view_at(&check->view, service, row->name, true);
	const char *fair = fair_values[row->rule];
	const bool grave =
	    row->grade == GRAVE || (row->grade == ASKED && !hd_check_postfix_catch_all(check));

	if (is_fair(row, value))
		return true;
	hd_check_list_add(&check->list, grave ? HD_CHECK_FAILURE : HD_CHECK_WARNING, "fair.client",
	    row->name, "%s%sis \"%.80s\": %s", service == NULL ? "" : service->name,
	    service == NULL ? "" : ": ", value, row->why);
	if (service != NULL && hd_postfix_view_overrides(&check->view, service, row->name))
		hd_check_list_mend(&check->list, "postconf -PX '%s/%s' && postfix reload",
		    service->name, row->name);
	else if (fair != NULL)
		hd_check_list_mend(&check->list,
		    "on a test server: postconf -e '%s =%s' && postfix reload", row->name, fair);
	else if (row->rule == LEAST)
		hd_check_list_mend(&check->list,
		    "postconf -e '%s = %s' (or more) && postfix stop "
		    "&& postfix start",
		    row->name, row->word);
	else
		hd_check_list_mend(&check->list,
		    "in main.cf, take %s out of %s; then: postfix reload",
		    row->word == NULL ? "the network with /0" : row->word, row->name);
	return false;
}

/* check_rows - of a service; of main.cf: NULL */
static bool
check_rows(struct hd_check *check, const struct hd_postfix_service *service)
{
	bool fair = true;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		const bool of =
		    service == NULL ? row->roles == ALL : (row->roles & (1U << service->role)) != 0;

		/* An unknown one is of a Postfix that does not have it. */
		if (!of || !hd_postfix_view_knows(&check->view, row->name))
			continue;
		if (service != NULL && hd_postfix_view_repeats(&check->view, service, row->name))
			continue;
		/* What cleanup(8) has of main.cf, smtpd(8) has too. */
		if (service != NULL && service->role == HD_POSTFIX_CLEAN &&
		    !hd_postfix_view_overrides(&check->view, service, row->name))
			continue;
		fair = check_row(check, service, row) && fair;
	}
	return fair;
}

/* check_processes - how many clients a service can have at a time, by master.cf */
static bool
check_processes(struct hd_check *check, const struct hd_postfix_service *service)
{
	static const int least = 20;

	if (service->processes <= 0 || service->processes >= least)
		return true;
	hd_check_list_add(&check->list, HD_CHECK_WARNING, "fair.client", service->name,
	    "at most %d processes in master.cf: %s", service->processes, no_room);
	hd_check_list_mend(
	    &check->list, "postconf -F '%s/process_limit = -' && postfix reload", service->name);
	return false;
}

void
hd_check_fair(struct hd_check *check)
{
	bool fair;

	if (!hd_check_postfix_learn(check))
		return;
	fair = check_rows(check, NULL);
	for (size_t i = 0; i < check->view.count; i++) {
		const struct hd_postfix_service *service = &check->view.services[i];

		fair = check_rows(check, service) && fair;
		if (service->role == HD_POSTFIX_TAKE) {
			fair = check_processes(check, service) && fair;
			fair = hd_check_restrictions(check, service) && fair;
		}
		fair = hd_check_rewrite(check, service) && fair;
	}
	if (fair)
		hd_check_list_add(&check->list, HD_CHECK_OK, "fair.client", "main.cf",
		    "nothing treats one message of a client otherwise than the next");
}
