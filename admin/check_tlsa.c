/* check: the TLSA records of the probes, as they are in DNS */
#include <string.h>

#include "check.h"
#include "check_log.h"
#include "tlsa_set.h"

static const char publish[] = "publish the TLSA records that \"havedane dns\" prints, no others";

/* is_well_formed - or report what is wrong, of each record */
static bool
is_well_formed(struct hd_check *check, const struct hd_lookup *tlsa)
{
	bool good = true;

	for (size_t i = 0; i < tlsa->count && i < HD_RESOLVER_RECORDS; i++) {
		const char *flaw = hd_tlsa_flaw(&tlsa->records[i]);
		char name[HD_TLSA_SHORT_SIZE];

		if (flaw == NULL)
			continue;
		good = false;
		hd_tlsa_short(&tlsa->records[i], name);
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "tlsa.form", tlsa->name,
		    "malformed: %s: %s", name, flaw);
		hd_check_list_mend(&check->list, "%s", publish);
	}
	return good;
}

static void
check_right(struct hd_check *check, const struct hd_lookup *tlsa)
{
	struct hd_tlsa wanted[HD_TLSA_MAX];
	char text[HD_TLSA_SET_TEXT_SIZE];
	size_t count;

	if (hd_check_cert_learn(check) != HD_OK) {
		(void)hd_check_log_take();
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "tlsa.records", tlsa->name,
		    "there are no certificates to compare them with, see cert.set");
		return;
	}
	count = hd_tlsa_make(HD_TLSA_RIGHT, &check->cert.digests, wanted);
	if (hd_tlsa_differences(tlsa, wanted, count, text)) {
		hd_check_list_add(&check->list, HD_CHECK_OK, "tlsa.records", tlsa->name,
		    "3 1 1 and 2 1 1, of these certificates");
		return;
	}
	hd_check_list_add(&check->list, HD_CHECK_FAILURE, "tlsa.records", tlsa->name,
	    "%s (certificates in %s)", text, check->tls);
	hd_check_list_mend(&check->list, "%s", publish);
}

/* What senders make of any other form differs (RFC 7672; see tlsa.h). */
static void
check_wrong(struct hd_check *check, const struct hd_lookup *tlsa)
{
	struct hd_tlsa right[HD_TLSA_MAX];
	char ours[HD_TLSA_SET_TEXT_SIZE];
	struct hd_check_list *list = &check->list;
	const bool known = hd_check_cert_learn(check) == HD_OK;

	(void)hd_check_log_take();
	if (tlsa->count != 1 || !hd_tlsa_is(&tlsa->records[0], 3, 1, 1))
		hd_check_list_add(list, HD_CHECK_FAILURE, "tlsa.records", tlsa->name,
		    "there must be one record, 3 1 1; there %s %zu",
		    tlsa->count == 1 ? "is" : "are", tlsa->count);
	else if (known && hd_tlsa_make(HD_TLSA_RIGHT, &check->cert.digests, right) > 0 &&
		 hd_tlsa_differences(tlsa, right, 1, ours))
		hd_check_list_add(list, HD_CHECK_FAILURE, "tlsa.records", tlsa->name,
		    "the record is right for the certificate; it must be wrong");
	else {
		hd_check_list_add(list, HD_CHECK_OK, "tlsa.records", tlsa->name,
		    "3 1 1 alone, of no certificate of ours");
		return;
	}
	hd_check_list_mend(list, "%s", publish);
}

static void
check_none(struct hd_check *check, const struct hd_lookup *tlsa, const struct hd_lookup *other)
{
	if (tlsa->outcome == HD_LOOKUP_NONE) {
		hd_check_list_add(&check->list, HD_CHECK_OK, "tlsa.records", tlsa->name,
		    "none, and that is proven");
		return;
	}
	hd_check_list_add(&check->list, HD_CHECK_FAILURE, "tlsa.records", tlsa->name,
	    "there must be none; there %s %zu%s", tlsa->count == 1 ? "is" : "are", tlsa->count,
	    other->outcome == HD_LOOKUP_FOUND ? ", from a wildcard" : "");
	hd_check_list_mend(&check->list, "remove %s from the zone",
	    other->outcome == HD_LOOKUP_FOUND ? "the wildcard above this name" : tlsa->name);
}

static void
check_probe(struct hd_check *check, enum hd_probe_id probe)
{
	const struct hd_lookup *tlsa = &check->dns[probe][HD_ASK_TLSA];
	const enum hd_tlsa_setup setup = hd_probes[probe].tlsa;
	struct hd_check_list *list = &check->list;

	if (!hd_check_answered(tlsa))
		hd_check_list_add(list, HD_CHECK_UNKNOWN, "tlsa.records", tlsa->name,
		    "there is nothing to judge, see dns.signed");
	else if (setup == HD_TLSA_NONE && (tlsa->secure || tlsa->outcome == HD_LOOKUP_FOUND))
		check_none(check, tlsa, &check->dns[probe][HD_ASK_TLSA_OTHER]);
	else if (!tlsa->secure) {
		hd_check_list_add(list, HD_CHECK_FAILURE, "tlsa.records", tlsa->name,
		    "not secure: %s",
		    setup == HD_TLSA_NONE ? "that there are none is not proven"
					  : "senders that verify DANE do not look at it");
		hd_check_list_mend(list, "see dns.signed");
	} else if (tlsa->outcome == HD_LOOKUP_NONE) {
		hd_check_list_add(list, HD_CHECK_FAILURE, "tlsa.records", tlsa->name,
		    "there are no TLSA records");
		hd_check_list_mend(list, "%s", publish);
	} else if (!is_well_formed(check, tlsa))
		return;
	else if (setup == HD_TLSA_RIGHT)
		check_right(check, tlsa);
	else
		check_wrong(check, tlsa);
}

void
hd_check_tlsa(struct hd_check *check)
{
	if (!hd_check_dns_learn(check))
		return;
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++)
		check_probe(check, (enum hd_probe_id)i);
}
