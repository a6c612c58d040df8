/*
 * check: whom port 25 takes mail for, asked by SMTP as a sender would
 *
 * What Postfix makes of all its parameters together nobody can tell but
 * Postfix. A test is made for it, and deleted; no message is sent.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alias_random.h"
#include "check.h"
#include "check_log.h"
#include "clock.h"
#include "postfix_setting.h"
#include "smtp_talk.h"

enum { CONNECT_TIMEOUT = 3 * 1000, IPS_MAX = 16, SHOWN = 200 }; /* milliseconds; -; bytes */

/* A conversation with one address, about a test that was made for it. */
struct visit {
	struct hd_check *check;
	const char *where;
	bool asked; /* catch-all is not in use */
	struct hd_smtp_talk talk;
	char alias[HD_ALIAS_SIZE];
	int64_t expired, limit;
	struct hd_test test;
};

static enum hd_error
create(struct hd_store *store, void *context)
{
	struct visit *visit = context;

	return hd_store_test_create(store, visit->alias, hd_time_now(), visit->limit);
}

static enum hd_error
get(struct hd_store *store, void *context)
{
	struct visit *visit = context;

	return hd_store_test_get(store, visit->alias, visit->expired, &visit->test);
}

static enum hd_error
delete_test(struct hd_store *store, void *context)
{
	const struct visit *visit = context;

	return hd_store_test_delete(store, visit->alias, visit->expired);
}

static void
recipient(
    const struct visit *visit, const char *alias, enum hd_probe_id probe, char *text, size_t size)
{
	char host[HD_CHECK_HOST_SIZE];

	hd_check_host(visit->check, probe, host);
	(void)snprintf(text, size, "%s@%s", alias, host);
}

static void
report(struct visit *visit, const char *id, const char *subject, const char *what, const char *mend)
{
	hd_check_list_add(&visit->check->list, HD_CHECK_FAILURE, id, visit->where,
	    "RCPT TO:<%s>: %s, which says \"%.*s\"", subject, what, SHOWN, visit->talk.reply);
	hd_check_list_mend(&visit->check->list, "%s", mend);
}

static void
report_live(struct visit *visit, const char *address, int code)
{
	static const char restrictions[] =
	    "postconf -x virtual_alias_domains virtual_alias_maps smtpd_recipient_restrictions "
	    "smtpd_relay_restrictions smtpd_sender_restrictions smtpd_client_restrictions "
	    "(check_*_access, reject_unknown_*), and postconf -P";

	if (code == 0)
		report(visit, "rcpt.live", address, "the server ends the conversation",
		    "postconf -x smtpd_hard_error_limit; see Postfix's log");
	else if (code < 500)
		report(visit, "rcpt.live", address,
		    "a live test's mail is put off by the server, and its sender would look like "
		    "one that refuses to deliver",
		    "does the service answer? systemctl status havedane-fcgi; is it refused by a "
		    "restriction? postconf -x smtpd_recipient_restrictions "
		    "smtpd_client_restrictions (check_*_access, reject_unknown_*), and postconf "
		    "-P");
	else
		report(visit, "rcpt.live", address,
		    "a live test's mail is refused by the server, and its sender would look like "
		    "one that refuses to deliver",
		    restrictions);
}

/* ask_live - mail for the test must be taken at each probe; whether the conversation can go on */
static bool
ask_live(struct visit *visit)
{
	bool good = true;

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		char address[HD_ALIAS_SIZE + 1 + HD_CHECK_HOST_SIZE];
		int code;

		recipient(visit, visit->alias, (enum hd_probe_id)i, address, sizeof(address));
		code = hd_smtp_talk_rcpt(&visit->talk, address);
		if (code == 250)
			continue;
		good = false;
		report_live(visit, address, code);
		if (code == 0 || code == 421)
			return false;
	}
	if (good)
		hd_check_list_add(&visit->check->list, HD_CHECK_OK, "rcpt.live", visit->where,
		    "mail for a live test is taken at each probe");
	return true;
}

/* check_offers - that RCPT has left its trace where a sender that verifies DANE never gets to it */
static void
check_offers(struct visit *visit)
{
	struct hd_check_list *list = &visit->check->list;
	const enum hd_error error = hd_check_store_do(visit->check, get, visit);
	bool good = true;

	if (error != HD_OK) {
		hd_check_list_add(list, HD_CHECK_UNKNOWN, "rcpt.offer", visit->where,
		    "the test cannot be read again: %s",
		    error == HD_NONE ? "it is gone" : hd_check_log_take());
		return;
	}
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		if (hd_probes[i].expect_delivered || visit->test.offered[i] != 0)
			continue;
		good = false;
		hd_check_list_add(list, HD_CHECK_FAILURE, "rcpt.offer", visit->where,
		    "at \"%s\" Postfix answers RCPT without asking the service: a message that "
		    "gets "
		    "lost then leaves no trace, and its sender would look like one that verifies "
		    "DANE",
		    hd_probes[i].name);
		hd_check_list_mend(list,
		    "what answers in place of the service? postconf -x recipient_canonical_maps "
		    "canonical_maps virtual_alias_maps smtpd_reject_unlisted_recipient; postconf "
		    "-P; if nothing does: journalctl -u havedane-fcgi");
	}
	if (good)
		hd_check_list_add(list, HD_CHECK_OK, "rcpt.offer", visit->where,
		    "the service records how far a sender gets that must not deliver");
}

/* ask_unknown - mail for nobody must be refused, for good and at once */
static bool
ask_unknown(struct visit *visit)
{
	static const char wanted[] = "550 5.1.1";
	bool good = true;
	char alias[HD_ALIAS_SIZE];

	if (hd_alias_random(alias) != HD_OK)
		return true;
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		char address[HD_ALIAS_SIZE + 1 + HD_CHECK_HOST_SIZE];
		int code;

		recipient(visit, alias, (enum hd_probe_id)i, address, sizeof(address));
		code = hd_smtp_talk_rcpt(&visit->talk, address);
		if (strncmp(visit->talk.reply, wanted, strlen(wanted)) == 0)
			continue;
		good = false;
		report(visit, "rcpt.unknown", address,
		    code == 0 ? "the server ends the conversation"
		    : code == 250
			? "mail for a test that does not exist is taken by the server"
			: "instead of 550 5.1.1, for a test that does not exist, there is "
			  "another answer of the server",
		    code == 0 || code == 421
			? "postconf -x smtpd_hard_error_limit (20 is Postfix's own); see Postfix's "
			  "log"
			: "postconf -x smtpd_reject_unlisted_recipient virtual_alias_maps "
			  "recipient_canonical_maps canonical_maps receive_override_options "
			  "soft_bounce unknown_virtual_alias_reject_code, and postconf -P");
		if (code == 0 || code == 421)
			return false;
	}
	if (good)
		hd_check_list_add(&visit->check->list, HD_CHECK_OK, "rcpt.unknown", visit->where,
		    "mail for a test that does not exist is refused at each probe");
	return true;
}

/*
 * others_may_not - whether smtpd_relay_restrictions refuse all but this host's own mail
 *
 * Of each service, as far as the list is a plain one.
 */
static bool
others_may_not(const struct hd_check *check)
{
	static const char *const skipped[] = {"permit_mynetworks", "permit_sasl_authenticated"};
	static const char mark[] = "reject_unauth_destination";

	for (size_t i = 0; i < check->view.count; i++) {
		const struct hd_postfix_service *service = &check->view.services[i];
		const char *list =
		    hd_postfix_view_at(&check->view, service, "smtpd_relay_restrictions", true);
		const char *item;
		size_t length;
		bool refused = service->role != HD_POSTFIX_TAKE;

		while (!refused && hd_postfix_list_next(&list, &item, &length)) {
			refused = length == strlen(mark) && strncmp(item, mark, length) == 0;
			if (refused || strncmp(item, "reject_", 7) == 0)
				continue;
			if (!hd_postfix_list_has(skipped[0], item, length) &&
			    !hd_postfix_list_has(skipped[1], item, length))
				return false;
		}
		if (!refused)
			return false;
	}
	return true;
}

/* ask_foreign - mail for others must be refused for good, or this is an open relay */
static void
ask_foreign(struct visit *visit)
{
	static const char foreign[] = "user@foreign.invalid";
	struct hd_check_list *list = &visit->check->list;
	const int code = hd_smtp_talk_rcpt(&visit->talk, foreign);

	if (code >= 500)
		hd_check_list_add(list, HD_CHECK_OK, "rcpt.relay", visit->where,
		    "mail for other domains is refused");
	else if (code == 250 && hd_smtp_talk_is_own(&visit->talk)) {
		const bool closed = others_may_not(visit->check);

		hd_check_list_add(list, closed ? HD_CHECK_OK : HD_CHECK_UNKNOWN, "rcpt.relay",
		    visit->where, "this host may send mail to other domains (mynetworks)%s",
		    closed ? "; others may not, by smtpd_relay_restrictions"
			   : ", and whether others may cannot be told from here");
		if (!closed)
			hd_check_list_mend(list,
			    "postconf -e 'smtpd_relay_restrictions = permit_mynetworks, "
			    "reject_unauth_destination' && postfix reload");
	} else
		report(visit, "rcpt.relay", foreign,
		    code == 250 ? "anybody may send mail to other domains through the server"
		    : code == 0 ? "the server ends the conversation"
				: "mail for other domains is not refused for good by the server",
		    "postconf -x smtpd_relay_restrictions (reject_unauth_destination), mynetworks, "
		    "relay_domains, smtpd_hard_error_limit, soft_bounce");
}

static void
ask_all(struct visit *visit)
{
	if (!ask_live(visit))
		return;
	if (visit->asked)
		check_offers(visit);
	if (visit->asked && !ask_unknown(visit))
		return;
	ask_foreign(visit);
}

/* with_test - ask, with a test that is there for as long as that takes */
static void
with_test(struct visit *visit)
{
	struct hd_check *check = visit->check;
	enum hd_error error = hd_alias_random(visit->alias);

	visit->expired = hd_time_now() - check->config.retention;
	visit->limit = check->config.limit;
	if (error == HD_OK)
		error = hd_check_store_do(check, create, visit);
	if (error != HD_OK) {
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "rcpt.live", visit->where,
		    "no test can be made to ask with: %s",
		    error == HD_FULL ? "there are as many as [test] limit allows"
				     : hd_check_log_take());
		return;
	}
	ask_all(visit);
	error = hd_check_store_do(check, delete_test, visit);
	if (error == HD_OK || error == HD_NONE)
		return;
	hd_check_list_add(&check->list, HD_CHECK_WARNING, "rcpt.live", visit->where,
	    "the test %s, made to ask with, cannot be deleted again: %s", visit->alias,
	    hd_check_log_take());
	hd_check_list_mend(&check->list, "nothing need be done: it expires like any other");
}

/* visit_ip - whether port 25 answered there */
static bool
visit_ip(struct hd_check *check, const struct hd_ip *ip)
{
	struct visit visit = {
	    .check = check, .where = ip->text, .asked = !hd_check_postfix_catch_all(check)};
	const enum hd_smtp_outcome outcome = hd_smtp_talk_start(&visit.talk, ip, CONNECT_TIMEOUT);
	bool answered = true;

	if (outcome == HD_SMTP_TLS)
		with_test(&visit);
	else if (outcome == HD_SMTP_UNFRIENDLY) {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "rcpt.connect", ip->text,
		    "port 25 does not let a sender begin: \"%.*s\"", SHOWN, visit.talk.reply);
		hd_check_list_mend(&check->list,
		    "see Postfix's log; postconf -x smtpd_client_restrictions "
		    "smtpd_helo_restrictions smtpd_sender_restrictions, and postconf -P");
	} else {
		answered = false;
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "rcpt.connect", ip->text,
		    "port 25 cannot be asked from here: %s", visit.talk.reply);
	}
	hd_smtp_talk_end(&visit.talk);
	return answered;
}

/* collect - the addresses that DNS has of the probes, each once; how many */
static size_t
collect(struct hd_check *check, struct hd_ip ips[IPS_MAX])
{
	static const enum hd_dns_question kinds[] = {HD_ASK_A, HD_ASK_AAAA};
	size_t count = 0;

	for (unsigned row = 0; row < 2 * HD_PROBE_COUNT; row++) {
		const struct hd_lookup *lookup = &check->dns[row / 2][kinds[row % 2]];

		for (size_t i = 0; i < lookup->count && count < IPS_MAX; i++) {
			size_t known = 0;

			if (!hd_check_ip(lookup, i, &ips[count]))
				continue;
			while (strcmp(ips[known].text, ips[count].text) != 0)
				known++;
			count += known == count ? 1 : 0;
		}
	}
	return count;
}

void
hd_check_rcpt(struct hd_check *check)
{
	struct hd_ip ips[IPS_MAX + 1], loopback = {.family = AF_INET, .text = "127.0.0.1"};
	size_t count = 0, answered = 0;

	if (!hd_check_postfix_learn(check))
		return;
	if (geteuid() != 0) {
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "rcpt.live", check->config.domain,
		    "only root can make a test to ask with");
		return;
	}
	if (hd_check_dns_learn(check))
		count = collect(check, ips);
	for (size_t i = 0; i < count; i++)
		answered += visit_ip(check, &ips[i]) ? 1 : 0;
	if (answered > 0)
		return;
	loopback.address.v4.s_addr = htonl(INADDR_LOOPBACK);
	hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "rcpt.connect", check->config.domain,
	    "none of its addresses in DNS can be asked from here: 127.0.0.1 is asked instead");
	(void)visit_ip(check, &loopback);
}
