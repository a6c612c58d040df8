/*
 * dns_chain - why the answers of a zone are not secure
 */
#ifndef HD_DNS_CHAIN_H
#define HD_DNS_CHAIN_H

#include "resolver.h"

enum { HD_DNS_CHAIN_SIZE = 640 };

struct hd_dns_chain {
	char what[HD_DNS_CHAIN_SIZE]; /* "the zone example.net is not signed" */
	char mend[HD_DNS_CHAIN_SIZE];
};

/*
 * hd_dns_chain - look for the broken link between the trust anchor and a name
 *
 * name: one whose answers are neither secure nor bogus. Asks DNS, for at most
 * timeout milliseconds; always fills *chain.
 */
void hd_dns_chain(const struct hd_resolver_options *options, const char *name, int timeout,
    struct hd_dns_chain *chain);

#endif
