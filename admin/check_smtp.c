/* check: what port 25 presents, and whether the TLSA records match it */
#include <string.h>

#include "check.h"
#include "check_log.h"
#include "tlsa_set.h"

enum { CONNECT_TIMEOUT = 3 * 1000, IPS_MAX = 2 * HD_RESOLVER_RECORDS }; /* milliseconds; of all */

/* What is known of an address; it is asked about once for each probe, unless it is dead. */
struct place {
	struct hd_ip ip;
	enum hd_smtp_outcome outcome;
};

struct visit {
	struct hd_check *check;
	struct place places[IPS_MAX];
	size_t count;
	bool seen; /* whether certificate is set: the first that was presented */
	unsigned char certificate[HD_CERT_DIGEST_SIZE];
	char first[HD_CHECK_SUBJECT_SIZE]; /* where */
	bool same;
};

/* Indexed by hd_smtp_outcome. */
static const struct {
	enum hd_check_status status;
	const char *id;
	const char *mend; /* "%s": the address */
} outcomes[] = {
    [HD_SMTP_TLS] = {HD_CHECK_OK, "smtp.starttls", ""},
    [HD_SMTP_UNREACHABLE] = {HD_CHECK_UNKNOWN, "smtp.connect",
	"providers may block port 25, or this host lacks the address family; from elsewhere: "
	"openssl s_client -starttls smtp -connect"},
    [HD_SMTP_REFUSED] = {HD_CHECK_FAILURE, "smtp.connect",
	"postfix start; inet_interfaces and master.cf must have smtpd listen at"},
    [HD_SMTP_UNFRIENDLY] = {HD_CHECK_FAILURE, "smtp.connect", "see Postfix's log about"},
    [HD_SMTP_NO_STARTTLS] = {HD_CHECK_FAILURE, "smtp.starttls",
	"postconf -e smtpd_tls_security_level=may && postfix reload; at"},
    [HD_SMTP_NO_TLS] = {HD_CHECK_FAILURE, "smtp.starttls",
	"see smtpd_tls_chain_files, and Postfix's log about"},
    [HD_SMTP_OWN_TROUBLE] = {HD_CHECK_UNKNOWN, "smtp.connect", ""},
};

static void
report_place(struct visit *visit, const struct place *place, const struct hd_smtp_answer *answer)
{
	struct hd_check_list *list = &visit->check->list;
	const enum hd_smtp_outcome outcome = answer->outcome;

	if (outcome == HD_SMTP_TLS || outcome == HD_SMTP_NO_STARTTLS || outcome == HD_SMTP_NO_TLS)
		hd_check_list_add(
		    list, HD_CHECK_OK, "smtp.connect", place->ip.text, "port 25 answers");
	hd_check_list_add(list, outcomes[outcome].status, outcomes[outcome].id, place->ip.text,
	    "%s%s", outcome == HD_SMTP_UNREACHABLE ? "port 25 cannot be checked from here: " : "",
	    outcome == HD_SMTP_TLS ? "offered, and it works" : answer->detail);
	if (outcomes[outcome].mend[0] != '\0')
		hd_check_list_mend(list, "%s %s%s%s%s", outcomes[outcome].mend,
		    place->ip.family == AF_INET6 ? "[" : "", place->ip.text,
		    place->ip.family == AF_INET6 ? "]" : "",
		    outcome == HD_SMTP_UNREACHABLE ? ":25" : "");
}

/* find_place - the entry of an address; a new one has HD_SMTP_OWN_TROUBLE, NULL: too many */
static struct place *
find_place(struct visit *visit, const struct hd_ip *ip)
{
	for (size_t i = 0; i < visit->count; i++) {
		if (strcmp(visit->places[i].ip.text, ip->text) == 0)
			return &visit->places[i];
	}
	if (visit->count == IPS_MAX)
		return NULL;
	visit->places[visit->count] = (struct place){*ip, HD_SMTP_OWN_TROUBLE};
	return &visit->places[visit->count++];
}

/* ask - one session; the first at an address is reported. Whether there was TLS. */
static bool
ask(struct visit *visit, const struct hd_ip *ip, const char *host,
    const struct hd_tlsa_rdata *record, struct hd_smtp_answer *answer)
{
	const struct hd_smtp_question question = {ip, host, record, CONNECT_TIMEOUT};
	const size_t known = visit->count;
	struct place *place = find_place(visit, ip);
	const bool is_new = visit->count > known;

	if (place == NULL || (!is_new && place->outcome != HD_SMTP_TLS))
		return false;
	hd_smtp_ask(&question, answer);
	if (is_new || answer->outcome != HD_SMTP_TLS)
		report_place(visit, place, answer);
	place->outcome = answer->outcome;
	return answer->outcome == HD_SMTP_TLS;
}

/* The control: apart from their TLSA records all probes are the same to a sender. */
static void
compare(struct visit *visit, const char *where, const struct hd_smtp_answer *answer)
{
	if (!visit->seen) {
		visit->seen = visit->same = true;
		memcpy(visit->certificate, answer->certificate, sizeof(visit->certificate));
		(void)snprintf(visit->first, sizeof(visit->first), "%s", where);
	} else if (memcmp(visit->certificate, answer->certificate, sizeof(visit->certificate)) !=
		   0) {
		visit->same = false;
		hd_check_list_add(&visit->check->list, HD_CHECK_FAILURE, "smtp.same", where,
		    "presents another certificate than %s", visit->first);
		hd_check_list_mend(&visit->check->list,
		    "the same certificate for all probes: see tls_server_sni_maps and "
		    "smtpd_tls_chain_files; postfix reload");
	}
}

/* judge - one record alone, as a sender might know only its usage */
static bool
judge(struct visit *visit, const char *where, const struct hd_record *record,
    const struct hd_smtp_answer *answer, bool right)
{
	struct hd_check_list *list = &visit->check->list;
	char name[HD_TLSA_SHORT_SIZE];

	if (answer->matches == right)
		return true;
	hd_tlsa_short(record, name);
	if (right) {
		hd_check_list_add(list, HD_CHECK_FAILURE, "smtp.dane", where,
		    "%s does not match what is presented: %s", name, answer->why_not);
		hd_check_list_mend(list,
		    "is the certificate in use that is published? postfix reload; "
		    "havedane dns");
	} else {
		hd_check_list_add(list, HD_CHECK_FAILURE, "smtp.dane", where,
		    "%s matches what is presented; it must not", name);
		hd_check_list_mend(list, "publish the TLSA record that \"havedane dns\" prints");
	}
	return false;
}

/* verify - each record of a probe by itself, at one address */
static void
verify(struct visit *visit, const struct hd_lookup *tlsa, const struct hd_ip *ip, const char *host,
    bool right)
{
	char where[HD_CHECK_SUBJECT_SIZE];
	struct hd_smtp_answer answer;
	size_t good = 0, tried = 0;

	(void)snprintf(where, sizeof(where), "%s[%s]", host, ip->text);
	for (size_t i = 0; i < tlsa->count && i < HD_RESOLVER_RECORDS; i++) {
		const struct hd_record *record = &tlsa->records[i];
		const struct hd_tlsa_rdata rdata = {record->data, record->length};

		/* What cannot be right is tlsa.form's; data that was cut cannot be tried. */
		if (hd_tlsa_flaw(record) != NULL || record->length > sizeof(record->data))
			continue;
		if (!ask(visit, ip, host, &rdata, &answer))
			return;
		if (tried++ == 0)
			compare(visit, where, &answer);
		good += judge(visit, where, record, &answer, right) ? 1 : 0;
	}
	if (tried > 0 && good == tried)
		hd_check_list_add(&visit->check->list, HD_CHECK_OK, "smtp.dane", where, "%s",
		    right ? "each TLSA record matches what is presented"
			  : "the TLSA record does not match what is presented, as it must be");
}

static void
visit_ip(struct visit *visit, enum hd_probe_id probe, const struct hd_ip *ip)
{
	const struct hd_lookup *tlsa = &visit->check->dns[probe][HD_ASK_TLSA];
	char host[HD_CHECK_HOST_SIZE], where[HD_CHECK_SUBJECT_SIZE];
	struct hd_smtp_answer answer;

	hd_check_host(visit->check, probe, host);
	(void)snprintf(where, sizeof(where), "%s[%s]", host, ip->text);
	if (hd_probes[probe].tlsa != HD_TLSA_NONE && tlsa->outcome == HD_LOOKUP_FOUND)
		verify(visit, tlsa, ip, host, hd_probes[probe].tlsa == HD_TLSA_RIGHT);
	else if (ask(visit, ip, host, NULL, &answer))
		compare(visit, where, &answer);
}

static void
visit_probe(struct visit *visit, enum hd_probe_id probe)
{
	static const enum hd_dns_question kinds[] = {HD_ASK_A, HD_ASK_AAAA};

	for (size_t kind = 0; kind < 2; kind++) {
		const struct hd_lookup *addresses = &visit->check->dns[probe][kinds[kind]];

		for (size_t i = 0; i < addresses->count; i++) {
			struct hd_ip ip;

			if (hd_check_ip(addresses, i, &ip))
				visit_ip(visit, probe, &ip);
		}
	}
}

void
hd_check_smtp(struct hd_check *check)
{
	struct visit visit = {.check = check};
	size_t reached = 0;

	if (!hd_check_dns_learn(check))
		return;
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++)
		visit_probe(&visit, (enum hd_probe_id)i);
	for (size_t i = 0; i < visit.count; i++)
		reached += visit.places[i].outcome == HD_SMTP_TLS ? 1 : 0;
	if (visit.count == 0)
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "smtp.connect",
		    check->config.domain, "no address is known, see dns.address");
	else if (reached == 0)
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "smtp.dane", check->config.domain,
		    "no server could be asked, see smtp.connect");
	else if (visit.same)
		hd_check_list_add(&check->list, HD_CHECK_OK, "smtp.same", check->config.domain,
		    "the same certificate at all probes and addresses");
}
