/* check: asking DNS, and whether its answers can be believed */
#include <string.h>

#include "check.h"
#include "check_log.h"
#include "dns_chain.h"

enum { TIMEOUT = 15 * 1000, TRIAL_TIMEOUT = 6 * 1000, CHAIN_TIMEOUT = 8 * 1000 }; /* ms */

/* Indexed by hd_dns_question. */
static const struct {
	const char *prefix; /* of the name asked for, before the probe's */
	enum hd_dns_type type;
	const char *name; /* of what must be signed; NULL: does not matter */
} questions[HD_ASK_COUNT] = {
    [HD_ASK_MX] = {"", HD_DNS_MX, "MX"},
    [HD_ASK_A] = {"", HD_DNS_A, "A"},
    [HD_ASK_AAAA] = {"", HD_DNS_AAAA, "AAAA"},
    [HD_ASK_CNAME] = {"", HD_DNS_CNAME, NULL},
    [HD_ASK_TLSA] = {"_25._tcp.", HD_DNS_TLSA, "TLSA"},
    [HD_ASK_TLSA_OTHER] = {"_havedane._tcp.", HD_DNS_TLSA, NULL},
    [HD_ASK_STS] = {"_mta-sts.", HD_DNS_TXT, NULL},
    [HD_ASK_STS_HOST] = {"mta-sts.", HD_DNS_A, NULL},
};

static void
fill_questions(struct hd_check *check)
{
	for (unsigned probe = 0; probe < HD_PROBE_COUNT; probe++) {
		for (int i = 0; i < HD_ASK_COUNT; i++) {
			struct hd_lookup *lookup = &check->dns[probe][i];

			lookup->type = questions[i].type;
			(void)snprintf(lookup->name, sizeof(lookup->name), "%s%s.%s",
			    questions[i].prefix, hd_probes[probe].name, check->config.domain);
		}
	}
}

/* try - how the resolver does with one question */
static enum hd_error
try(const struct hd_check *check, const char *server, struct hd_lookup *trial)
{
	const struct hd_resolver_options options = {server, check->resolver.anchor};

	*trial = (struct hd_lookup){.type = HD_DNS_SOA};
	(void)snprintf(trial->name, sizeof(trial->name), "%s", check->config.domain);
	return hd_resolver_ask(&options, trial, 1, TRIAL_TIMEOUT);
}

/*
 * choose_resolver - the one that was given, else that of this host, unless it
 * gives no answers that could be validated; then the zone's own name servers
 */
static enum hd_error
choose_resolver(struct hd_check *check, struct hd_lookup *trial)
{
	struct hd_lookup other;
	enum hd_error error = try(check, check->resolver.server, trial);

	if (error != HD_OK || hd_check_answered(trial) || check->resolver.server[0] != '\0')
		return error;
	error = try(check, NULL, &other);
	if (error == HD_OK && hd_check_answered(&other)) {
		check->resolver.server = NULL;
		*trial = other;
	}
	return error;
}

/* Bogus is an answer, too: what of, is dns.signed's. */
static bool
report_resolver(struct hd_check *check, enum hd_error error, const struct hd_lookup *trial)
{
	const char *server = check->resolver.server;
	struct hd_check_list *list = &check->list;

	if (server == NULL)
		server = "the zone's name servers";
	else if (server[0] == '\0')
		server = "/etc/resolv.conf";
	if (error == HD_CONFIG) {
		hd_check_list_add(
		    list, HD_CHECK_FAILURE, "dns.resolver", server, "%s", hd_check_log_take());
		hd_check_list_mend(list, "apt install dns-root-data, or give --trust-anchor FILE");
		return false;
	}
	if (error != HD_OK || trial->outcome == HD_LOOKUP_UNASKED) {
		hd_check_list_add(list, HD_CHECK_FAILURE, "dns.resolver", server,
		    "cannot ask for %s: %s", trial->name,
		    error == HD_OK ? trial->why : hd_check_log_take());
		hd_check_list_mend(list, "name a DNS server that answers: --resolver ADDR");
		return false;
	}
	hd_check_list_add(list, HD_CHECK_OK, "dns.resolver", server,
	    "answers; validated here, from %s", check->resolver.anchor);
	return true;
}

/* kinds_of - the kinds of a probe's answers that are so, as a text; the first of them, or NULL */
static const struct hd_lookup *
kinds_of(const struct hd_lookup *answers, enum hd_lookup_outcome outcome, char *text, size_t size)
{
	const struct hd_lookup *first = NULL;

	text[0] = '\0';
	for (int i = 0; i < HD_ASK_COUNT; i++) {
		const struct hd_lookup *answer = &answers[i];
		/* FOUND stands for "insecure", found or not. */
		const bool so = outcome == HD_LOOKUP_FOUND
				    ? hd_check_answered(answer) && !answer->secure
				    : answer->outcome == outcome;
		const size_t used = strlen(text);

		if (questions[i].name == NULL || !so)
			continue;
		(void)snprintf(
		    text + used, size - used, "%s%s", first == NULL ? "" : ", ", questions[i].name);
		if (first == NULL)
			first = answer;
	}
	return first;
}

/* last: of the probe before, as they mostly share a zone */
static bool
check_probe(struct hd_check *check, enum hd_probe_id probe, struct hd_dns_chain *last)
{
	const struct hd_lookup *answers = check->dns[probe], *first;
	struct hd_dns_chain chain;
	char host[HD_CHECK_HOST_SIZE], kinds[64];
	bool sound = true;

	hd_check_host(check, probe, host);
	first = kinds_of(answers, HD_LOOKUP_BOGUS, kinds, sizeof(kinds));
	if (first != NULL) {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "dns.signed", host,
		    "bogus: %s: %s", kinds, first->why);
		hd_check_list_mend(&check->list,
		    "sign the zone anew, and compare its DS record with its keys: delv %s %s",
		    first->name, first->type == HD_DNS_TLSA ? "TLSA" : "MX");
		sound = false;
	}
	first = kinds_of(answers, HD_LOOKUP_UNASKED, kinds, sizeof(kinds));
	if (first != NULL) {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "dns.signed", host,
		    "no answer: %s: %s", kinds, first->why);
		hd_check_list_mend(&check->list, "see to the zone's name servers");
		sound = false;
	}
	first = kinds_of(answers, HD_LOOKUP_FOUND, kinds, sizeof(kinds));
	if (first != NULL) {
		hd_dns_chain(&check->resolver, host, CHAIN_TIMEOUT, &chain);
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "dns.signed", host, "%s: %s",
		    kinds, strcmp(chain.what, last->what) == 0 ? "the same" : chain.what);
		hd_check_list_mend(&check->list, "%s", chain.mend);
		*last = chain;
		sound = false;
	}
	return sound;
}

static void
check_signed(struct hd_check *check)
{
	struct hd_dns_chain chain = {"", ""};
	bool sound = true;

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++)
		sound = check_probe(check, (enum hd_probe_id)i, &chain) && sound;
	if (sound)
		hd_check_list_add(&check->list, HD_CHECK_OK, "dns.signed", check->config.domain,
		    "signed, and the signatures are good");
}

bool
hd_check_dns_learn(struct hd_check *check)
{
	struct hd_lookup trial;
	enum hd_error error;

	if (check->dns_asked)
		return check->dns_usable;
	check->dns_asked = true;
	fill_questions(check);
	error = choose_resolver(check, &trial);
	if (error == HD_OK && trial.outcome != HD_LOOKUP_UNASKED)
		error = hd_resolver_ask(
		    &check->resolver, check->dns[0], HD_PROBE_COUNT * HD_ASK_COUNT, TIMEOUT);
	check->dns_usable = report_resolver(check, error, &trial);
	if (check->dns_usable)
		check_signed(check);
	return check->dns_usable;
}
