#include "dns_chain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 10, KINDS = 3 }; /* names asked about, from the name itself upwards */
enum { KIND_SOA, KIND_DNSKEY, KIND_DS };

static const enum hd_dns_type kinds[KINDS] = {
    [KIND_SOA] = HD_DNS_SOA,
    [KIND_DNSKEY] = HD_DNS_DNSKEY,
    [KIND_DS] = HD_DNS_DS,
};

typedef struct hd_lookup level[KINDS];

/* fill - the questions about a name and those above it, the root excluded; how many names */
static size_t
fill(level *levels, const char *name)
{
	size_t count = 0;

	while (count < LEVELS && name != NULL && name[0] != '\0') {
		for (int kind = 0; kind < KINDS; kind++) {
			struct hd_lookup *lookup = &levels[count][kind];

			lookup->type = kinds[kind];
			(void)snprintf(lookup->name, sizeof(lookup->name), "%s", name);
		}
		count++;
		name = strchr(name, '.');
		if (name != NULL)
			name++;
	}
	return count;
}

static const char *
above(const char *zone)
{
	const char *dot = strchr(zone, '.');

	return dot == NULL ? "the root" : dot + 1;
}

/* The first zone that is not secure, from the top down, is where the chain ends. */
static void
explain(level *levels, size_t count, struct hd_dns_chain *chain)
{
	for (size_t i = count; i-- > 0;) {
		const char *zone = levels[i][KIND_SOA].name;

		if (levels[i][KIND_SOA].outcome != HD_LOOKUP_FOUND || levels[i][KIND_SOA].secure)
			continue;
		if (levels[i][KIND_DS].outcome == HD_LOOKUP_FOUND)
			break;
		if (levels[i][KIND_DNSKEY].outcome == HD_LOOKUP_FOUND) {
			(void)snprintf(chain->what, sizeof(chain->what),
			    "insecure delegation: the zone %s is signed, but %s has no DS record "
			    "of it",
			    zone, above(zone));
			(void)snprintf(chain->mend, sizeof(chain->mend),
			    "have the DS record of %s published in %s, by its registrar", zone,
			    above(zone));
		} else {
			(void)snprintf(chain->what, sizeof(chain->what),
			    "unsigned: the zone %s has no DNSSEC keys", zone);
			(void)snprintf(chain->mend, sizeof(chain->mend),
			    "sign %s, and have its DS record published in %s", zone, above(zone));
		}
		return;
	}
	(void)snprintf(chain->what, sizeof(chain->what),
	    "not secure: no chain of signatures leads from the trust anchor to %s",
	    levels[0][KIND_SOA].name);
	(void)snprintf(chain->mend, sizeof(chain->mend),
	    "see which link is missing: delv %s SOA (or dnsviz.net)", levels[0][KIND_SOA].name);
}

void
hd_dns_chain(const struct hd_resolver_options *options, const char *name, int timeout,
    struct hd_dns_chain *chain)
{
	level *levels = calloc(LEVELS, sizeof(*levels));
	size_t count;

	strcpy(chain->what, "not secure");
	strcpy(chain->mend, "sign the zone");
	if (levels == NULL)
		return;
	count = fill(levels, name);
	if (hd_resolver_ask(options, levels[0], count * KINDS, timeout) == HD_OK)
		explain(levels, count, chain);
	free(levels);
}
