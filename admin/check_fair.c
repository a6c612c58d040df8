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
	EMPTY,  /* fair is: nothing */
	ZERO,   /* fair is: 0 */
	NO,     /* fair is: no */
	IGNORE, /* fair is: ignore */
	CLEAN   /* fair is: a list without any of the words below */
};

static const struct {
	const char *name;
	enum rule rule;
	bool screen; /* only where postscreen(8) is in use */
	const char *why;
} parameters[] = {
    {"smtpd_milters", EMPTY, false, "a milter may refuse one message of three"},
    {"content_filter", EMPTY, false,
	"messages come back from a filter without the sender's Received line: TLS looks like none"},
    {"smtpd_proxy_filter", EMPTY, false,
	"messages come back from a filter without the sender's Received line: TLS looks like none"},
    {"smtpd_discard_ehlo_keyword_address_maps", EMPTY, false,
	"STARTTLS may be hidden from some clients"},
    {"smtpd_client_connection_rate_limit", ZERO, false, "a client's third connection may fail"},
    {"smtpd_client_message_rate_limit", ZERO, false, "a client's third message may fail"},
    {"smtpd_client_recipient_rate_limit", ZERO, false, "a client's third recipient may fail"},
    {"smtpd_client_new_tls_session_rate_limit", ZERO, false,
	"a client's third TLS session may fail"},
    {"smtpd_client_auth_rate_limit", ZERO, false, "a client may be refused"},
    {"smtpd_client_restrictions", CLEAN, false, NULL},
    {"smtpd_helo_restrictions", CLEAN, false, NULL},
    {"smtpd_sender_restrictions", CLEAN, false, NULL},
    {"smtpd_relay_restrictions", CLEAN, false, NULL},
    {"smtpd_recipient_restrictions", CLEAN, false, NULL},
    {"smtpd_data_restrictions", CLEAN, false, NULL},
    {"smtpd_end_of_data_restrictions", CLEAN, false, NULL},
    {"smtpd_etrn_restrictions", CLEAN, false, NULL},
    {"postscreen_dnsbl_sites", EMPTY, true, "a client's listing may change between messages"},
    {"postscreen_greet_action", IGNORE, true, "a client may be dropped at its first visit"},
    {"postscreen_pipelining_enable", NO, true,
	"a deep test turns away each client's first message"},
    {"postscreen_non_smtp_command_enable", NO, true,
	"a deep test turns away each client's first message"},
    {"postscreen_bare_newline_enable", NO, true,
	"a deep test turns away each client's first message"},
};

/* Of restriction lists; a word that ends in "_" is the beginning of several. */
static const struct {
	const char *word;
	const char *why;
} words[] = {
    {"check_policy_service", "a policy service (greylisting, quotas) may refuse one of three"},
    {"reject_rbl_client", "a client's listing may change between messages"},
    {"reject_rhsbl_", "a name's listing may change between messages"},
    {"reject_unverified_", "a verification may fail for one of three"},
    {"defer_if_", "a client may be turned away at first"},
    {"warn_if_reject", NULL}, /* what follows it does nothing */
};

static bool
is_word(const char *item, size_t length, const char *word)
{
	const size_t size = strlen(word);

	if (length < size || strncasecmp(item, word, size) != 0)
		return false;
	return word[size - 1] == '_' || length == size;
}

/* unfair_word - the first that is in a list, and why it is unfair; NULL: there is none */
static const char *
unfair_word(const char *list, const char **why)
{
	bool harmless = false;
	const char *item;
	size_t length;

	while (hd_postfix_list_next(&list, &item, &length)) {
		const char *found = NULL;

		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (!is_word(item, length, words[i].word))
				continue;
			found = words[i].word;
			*why = words[i].why;
		}
		if (found != NULL && *why != NULL && !harmless)
			return found;
		harmless = found != NULL && *why == NULL;
	}
	return NULL;
}

static bool
is_fair(enum rule rule, const char *value)
{
	switch (rule) {
	case EMPTY:
		return value[0] == '\0';
	case ZERO:
		return strcmp(value, "0") == 0;
	case NO:
		return strcasecmp(value, "no") == 0;
	case IGNORE:
		return strcasecmp(value, "ignore") == 0;
	case CLEAN:
		break;
	}
	return true;
}

/* check_list - a list of restrictions; also of a class, which other lists name */
static bool
check_list(struct hd_check *check, const char *name)
{
	const char *why = NULL;
	const char *word = unfair_word(hd_postfix_view_get(&check->view, name, true), &why);

	if (word == NULL)
		return true;
	hd_check_list_add(
	    &check->list, HD_CHECK_WARNING, "fair.client", name, "has %s: %s", word, why);
	hd_check_list_mend(
	    &check->list, "on a test server, take it out of %s; then: postfix reload", name);
	return false;
}

static bool
check_classes(struct hd_check *check)
{
	const char *classes = hd_postfix_view_get(&check->view, "smtpd_restriction_classes", true);
	const char *item;
	bool fair = true;
	size_t length;

	while (hd_postfix_list_next(&classes, &item, &length)) {
		char name[128];

		(void)snprintf(name, sizeof(name), "%.*s", (int)length, item);
		fair = check_list(check, name) && fair;
	}
	return fair;
}

static bool
check_parameter(struct hd_check *check, const char *name, enum rule rule, const char *why)
{
	const char *value = hd_postfix_view_get(&check->view, name, true);

	if (rule == CLEAN)
		return check_list(check, name);
	if (is_fair(rule, value))
		return true;
	hd_check_list_add(
	    &check->list, HD_CHECK_WARNING, "fair.client", name, "is \"%.80s\": %s", value, why);
	hd_check_list_mend(&check->list,
	    "on a test server: postconf -e '%s =%s' && postfix reload (or in master.cf)", name,
	    rule == EMPTY  ? ""
	    : rule == ZERO ? " 0"
	    : rule == NO   ? " no"
			   : " ignore");
	return false;
}

void
hd_check_fair(struct hd_check *check)
{
	bool fair = true;

	if (!hd_check_postfix_learn(check))
		return;
	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		/* An unknown one is of a Postfix that does not have it. */
		if ((parameters[i].screen && !check->view.screened) ||
		    hd_postconf_list_find(&check->view.parameters.all, parameters[i].name) == NULL)
			continue;
		fair = check_parameter(
			   check, parameters[i].name, parameters[i].rule, parameters[i].why) &&
		       fair;
	}
	fair = check_classes(check) && fair;
	if (fair)
		hd_check_list_add(&check->list, HD_CHECK_OK, "fair.client", "main.cf",
		    "nothing treats one message of a client otherwise than the next");
}
