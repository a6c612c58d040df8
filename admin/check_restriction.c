/* check: lists of restrictions that may refuse one message of a client and not the next */
#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "postfix_setting.h"

enum { WORD_SIZE = 128 };

static const char *const lists[] = {
    "smtpd_client_restrictions",
    "smtpd_helo_restrictions",
    "smtpd_sender_restrictions",
    "smtpd_relay_restrictions",
    "smtpd_recipient_restrictions",
    "smtpd_data_restrictions",
    "smtpd_end_of_data_restrictions",
    "smtpd_etrn_restrictions",
};

/* Patterns of fnmatch(3), in lower case. */
static const struct {
	const char *word;
	const char *why;
} words[] = {
    {"check_policy_service", "a policy service (greylisting, quotas) may refuse one of three"},
    {"check_*_access", "a table may refuse one probe, client or sender, and nothing shows it"},
    {"reject_rbl_client", "a client's listing may change between messages"},
    {"reject_rhsbl_*", "a name's listing may change between messages"},
    {"reject_unknown_*", "a look-up in DNS may fail for one of three, or for some senders always"},
    {"reject_unverified_*", "a verification may fail for one of three"},
    {"defer_if_*", "a client may be turned away at first"},
    {"warn_if_reject", NULL}, /* what follows it does nothing */
};

/* find - the row of a restriction; -1: it is none of them */
static int
find(const char *item, size_t length)
{
	char word[WORD_SIZE];

	if (length >= sizeof(word))
		return -1;
	for (size_t i = 0; i <= length; i++)
		word[i] = i == length ? '\0' : (char)tolower((unsigned char)item[i]);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (fnmatch(words[i].word, word, 0) == 0)
			return (int)i;
	}
	return -1;
}

static void
report(struct hd_check *check, const struct hd_postfix_service *service, const char *name,
    const char *item, size_t length, const char *why)
{
	hd_check_list_add(&check->list, HD_CHECK_WARNING, "fair.client", name, "%s: has %.*s: %s",
	    service->name, (int)length, item, why);
	hd_check_list_mend(&check->list,
	    "on a test server, take it out of %s in %s; then: postfix reload", name,
	    hd_postfix_view_overrides(&check->view, service, name) ? "master.cf" : "main.cf");
}

/* check_list - a list of restrictions; also of a class, which other lists name */
static bool
check_list(struct hd_check *check, const struct hd_postfix_service *service, const char *name)
{
	const char *list = hd_postfix_view_at(&check->view, service, name, true), *item;
	bool harmless = false, fair = true;
	size_t length;

	if (hd_postfix_view_repeats(&check->view, service, name))
		return true;
	while (hd_postfix_list_next(&list, &item, &length)) {
		const int row = find(item, length);

		if (row >= 0 && words[row].why != NULL && !harmless) {
			report(check, service, name, item, length, words[row].why);
			fair = false;
		}
		harmless = row >= 0 && words[row].why == NULL;
	}
	return fair;
}

bool
hd_check_restrictions(struct hd_check *check, const struct hd_postfix_service *service)
{
	const char *classes =
	    hd_postfix_view_at(&check->view, service, "smtpd_restriction_classes", true);
	const char *item;
	bool fair = true;
	size_t length;

	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		fair = check_list(check, service, lists[i]) && fair;
	while (hd_postfix_list_next(&classes, &item, &length)) {
		char name[WORD_SIZE];

		(void)snprintf(name, sizeof(name), "%.*s", (int)length, item);
		fair = check_list(check, service, name) && fair;
	}
	return fair;
}
