/* check: the names of the probes, without their TLSA records */
#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "check.h"
#include "check_log.h"

void
hd_check_host(const struct hd_check *check, enum hd_probe_id probe, char host[HD_CHECK_HOST_SIZE])
{
	(void)snprintf(
	    host, HD_CHECK_HOST_SIZE, "%s.%s", hd_probes[probe].name, check->config.domain);
}

bool
hd_check_answered(const struct hd_lookup *lookup)
{
	return lookup->outcome == HD_LOOKUP_FOUND || lookup->outcome == HD_LOOKUP_NONE;
}

bool
hd_check_ip(const struct hd_lookup *lookup, size_t index, struct hd_ip *ip)
{
	const size_t length = lookup->type == HD_DNS_A ? 4 : 16;

	*ip = (struct hd_ip){.family = lookup->type == HD_DNS_A ? AF_INET : AF_INET6};
	if (index >= HD_RESOLVER_RECORDS || lookup->records[index].length != length)
		return false;
	memcpy(&ip->address, lookup->records[index].data, length);
	return inet_ntop(ip->family, &ip->address, ip->text, sizeof(ip->text)) != NULL;
}

/* exchange - the host that an MX record names, without the final dot; false: it is damaged */
static bool
exchange(const struct hd_record *record, char host[HD_RESOLVER_NAME_SIZE])
{
	size_t at = 2, used = 0; /* after the preference */

	while (at < record->length && at < sizeof(record->data) && record->data[at] != 0) {
		const size_t label = record->data[at++];

		if (label > 63 || at + label > record->length ||
		    at + label > sizeof(record->data) || used + label + 2 > HD_RESOLVER_NAME_SIZE)
			return false;
		if (used > 0)
			host[used++] = '.';
		memcpy(host + used, record->data + at, label);
		used += label;
		at += label;
	}
	host[used] = '\0';
	return at < record->length && memchr(host, '\0', used) == NULL;
}

/* not_judged - report that there is no answer to judge; dns.signed says why */
static void
not_judged(struct hd_check *check, const char *id, const char *host, const struct hd_lookup *lookup)
{
	hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, id, host, "%s, see dns.signed",
	    lookup->outcome == HD_LOOKUP_BOGUS ? "the answer is bogus" : "there is no answer");
}

static void
check_mx(struct hd_check *check, const char *host, const struct hd_lookup *mx)
{
	char target[HD_RESOLVER_NAME_SIZE] = "";
	struct hd_check_list *list = &check->list;

	if (!hd_check_answered(mx)) {
		not_judged(check, "dns.mx", host, mx);
		return;
	}
	if (mx->outcome == HD_LOOKUP_NONE)
		hd_check_list_add(list, HD_CHECK_FAILURE, "dns.mx", host, "there is no MX record");
	else if (mx->count != 1)
		hd_check_list_add(list, HD_CHECK_FAILURE, "dns.mx", host,
		    "there are %zu MX records; mail could go elsewhere", mx->count);
	else if (!exchange(&mx->records[0], target) || strcasecmp(target, host) != 0)
		hd_check_list_add(list, HD_CHECK_FAILURE, "dns.mx", host,
		    "the MX record points at \"%s\", not at itself", target);
	else {
		hd_check_list_add(list, HD_CHECK_OK, "dns.mx", host, "MX is itself");
		return;
	}
	hd_check_list_mend(list, "publish alone: %s. MX 10 %s.", host, host);
}

/* addresses - a list of them as a text, "none" if there are none */
static void
addresses(const struct hd_lookup *lookup, char *text, size_t size)
{
	size_t used = 0;
	struct hd_ip ip;

	(void)snprintf(text, size, "none");
	for (size_t i = 0; i < lookup->count; i++) {
		int written;

		if (!hd_check_ip(lookup, i, &ip))
			continue;
		written = snprintf(text + used, size - used, "%s%s", used == 0 ? "" : " ", ip.text);
		if (written < 0 || (size_t)written >= size - used)
			return;
		used += (size_t)written;
	}
}

static void
check_address(struct hd_check *check, const char *host, const struct hd_lookup *a,
    const struct hd_lookup *aaaa)
{
	struct hd_check_list *list = &check->list;
	char v4[128], v6[256];

	if (!hd_check_answered(a) || !hd_check_answered(aaaa)) {
		not_judged(check, "dns.address", host, hd_check_answered(a) ? aaaa : a);
		return;
	}
	addresses(a, v4, sizeof(v4));
	addresses(aaaa, v6, sizeof(v6));
	if (a->outcome == HD_LOOKUP_NONE) {
		hd_check_list_add(
		    list, HD_CHECK_FAILURE, "dns.address", host, "there is no A record");
		hd_check_list_mend(list, "publish: %s. A and the address of this server", host);
	} else if (a->count > HD_RESOLVER_RECORDS || aaaa->count > HD_RESOLVER_RECORDS)
		hd_check_list_add(list, HD_CHECK_FAILURE, "dns.address", host,
		    "%zu A and %zu AAAA records: that is not one mail server", a->count,
		    aaaa->count);
	else
		hd_check_list_add(list, HD_CHECK_OK, "dns.address", host, "A %s, AAAA %s", v4, v6);
}

static bool
contains(const struct hd_lookup *lookup, const struct hd_record *record)
{
	for (size_t i = 0; i < lookup->count && i < HD_RESOLVER_RECORDS; i++) {
		if (lookup->records[i].length == record->length &&
		    memcmp(lookup->records[i].data, record->data, record->length) == 0)
			return true;
	}
	return false;
}

static bool
same_set(const struct hd_lookup *one, const struct hd_lookup *other)
{
	if (one->count != other->count)
		return false;
	for (size_t i = 0; i < one->count && i < HD_RESOLVER_RECORDS; i++) {
		/* 16 bytes at most are an address; what is longer is none. */
		if (one->records[i].length > 16 || !contains(other, &one->records[i]))
			return false;
	}
	return true;
}

/* All probes must be one server: only their TLSA records may differ. */
static void
check_equal(struct hd_check *check)
{
	static const enum hd_dns_question kinds[] = {HD_ASK_A, HD_ASK_AAAA};
	char host[HD_CHECK_HOST_SIZE], first[HD_CHECK_HOST_SIZE];
	bool equal = true, known = true;

	hd_check_host(check, HD_PROBE_DO, first);
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		hd_check_host(check, (enum hd_probe_id)i, host);
		for (size_t kind = 0; kind < 2; kind++) {
			const struct hd_lookup *mine = &check->dns[i][kinds[kind]];
			const struct hd_lookup *reference = &check->dns[HD_PROBE_DO][kinds[kind]];

			known = known && hd_check_answered(mine);
			if (!hd_check_answered(mine) || !hd_check_answered(reference) ||
			    same_set(mine, reference))
				continue;
			equal = false;
			hd_check_list_add(&check->list, HD_CHECK_FAILURE, "dns.equal", host,
			    "its %s records are not those of %s",
			    kinds[kind] == HD_ASK_A ? "A" : "AAAA", first);
			hd_check_list_mend(&check->list,
			    "publish the same addresses for all probes, see: havedane dns");
		}
	}
	if (equal && known)
		hd_check_list_add(&check->list, HD_CHECK_OK, "dns.equal", check->config.domain,
		    "all probes have the same addresses");
	else if (equal)
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "dns.equal", check->config.domain,
		    "not all addresses are known, see dns.signed");
}

/* all_answered - whether a question about every probe has something to judge */
static bool
all_answered(const struct hd_check *check, enum hd_dns_question question)
{
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		if (!hd_check_answered(&check->dns[i][question]))
			return false;
	}
	return true;
}

/* report_none - of the probes none has what it should not have, as far as is known */
static void
report_none(struct hd_check *check, const char *id, bool known, const char *what)
{
	hd_check_list_add(&check->list, known ? HD_CHECK_OK : HD_CHECK_UNKNOWN, id,
	    check->config.domain, "%s%s", what, known ? "" : ", as far as there are answers");
}

static void
check_cname(struct hd_check *check)
{
	bool none = true;

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		char host[HD_CHECK_HOST_SIZE];

		if (check->dns[i][HD_ASK_CNAME].outcome != HD_LOOKUP_FOUND)
			continue;
		none = false;
		hd_check_host(check, (enum hd_probe_id)i, host);
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "dns.cname", host,
		    "is a CNAME: senders would look for TLSA records elsewhere");
		hd_check_list_mend(
		    &check->list, "replace the CNAME by MX, A and AAAA records, see: havedane dns");
	}
	if (none)
		report_none(
		    check, "dns.cname", all_answered(check, HD_ASK_CNAME), "no probe is a CNAME");
}

/* is_policy - whether one of the TXT records announces an MTA-STS policy (RFC 8461, 3.1) */
static bool
is_policy(const struct hd_lookup *txt)
{
	static const char mark[] = "v=STSv1";

	for (size_t i = 0; i < txt->count && i < HD_RESOLVER_RECORDS; i++) {
		const struct hd_record *record = &txt->records[i];

		if (record->length > sizeof(mark) - 1 &&
		    memcmp(record->data + 1, mark, sizeof(mark) - 1) == 0)
			return true;
	}
	return false;
}

static void
check_sts(struct hd_check *check)
{
	bool none = true;

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		const bool policy = is_policy(&check->dns[i][HD_ASK_STS]);
		char host[HD_CHECK_HOST_SIZE];

		if (!policy && check->dns[i][HD_ASK_STS_HOST].outcome != HD_LOOKUP_FOUND)
			continue;
		none = false;
		hd_check_host(check, (enum hd_probe_id)i, host);
		hd_check_list_add(&check->list, policy ? HD_CHECK_FAILURE : HD_CHECK_WARNING,
		    "dns.mta-sts", host,
		    policy ? "has an MTA-STS policy: a sender that refuses by it looks like one "
			     "that verifies DANE"
			   : "there is a host mta-sts.%s, as for an MTA-STS policy",
		    host);
		hd_check_list_mend(
		    &check->list, "remove %s.%s", policy ? "_mta-sts" : "mta-sts", host);
	}
	if (none)
		report_none(check, "dns.mta-sts",
		    all_answered(check, HD_ASK_STS) && all_answered(check, HD_ASK_STS_HOST),
		    "no probe has an MTA-STS policy");
}

void
hd_check_dns(struct hd_check *check)
{
	if (!hd_check_dns_learn(check))
		return;
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		const struct hd_lookup *answers = check->dns[i];
		char host[HD_CHECK_HOST_SIZE];

		hd_check_host(check, (enum hd_probe_id)i, host);
		check_mx(check, host, &answers[HD_ASK_MX]);
		check_address(check, host, &answers[HD_ASK_A], &answers[HD_ASK_AAAA]);
	}
	check_equal(check);
	check_cname(check);
	check_sts(check);
}
