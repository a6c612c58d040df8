/*
 * zone - the DNS records of an installation, in BIND's format (RFC 1035, section 5)
 */
#ifndef HD_ZONE_H
#define HD_ZONE_H

#include <stdio.h>

#include "cert.h"
#include "error.h"

enum { HD_ZONE_TTL = 300, HD_ZONE_TTL_MAX = 2147483647 }; /* seconds; RFC 2181, section 8 */

struct hd_zone {
	const char *domain; /* as hd_config has it */
	const char *ipv4;   /* of the mail server */
	const char *ipv6;   /* NULL: it has none */
	int ttl;
	const struct hd_cert_digests *digests; /* of the certificates that it shows */
};

/*
 * hd_zone_write - print the records of all probes
 *
 * Names are absolute, TTL and class explicit, so that they fit into any zone
 * file. Comments say what the sysadmin must know. out: flushed at the end.
 * HD_INVALID: an address is none (logged), nothing was printed. HD_IO: out
 * does not take it (logged).
 */
enum hd_error hd_zone_write(FILE *out, const struct hd_zone *zone);

#endif
