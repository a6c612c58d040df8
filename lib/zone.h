/*
 * zone - the DNS records of an installation
 */
#ifndef HD_ZONE_H
#define HD_ZONE_H

#include <stdio.h>

#include "cert.h"
#include "config.h"
#include "error.h"
#include "probe.h"
#include "tlsa.h"

enum { HD_ZONE_TTL = 300, HD_ZONE_TTL_MAX = 2147483647 }; /* seconds; RFC 2181, section 8 */

enum {
	HD_ZONE_NAME_SIZE = sizeof("_25._tcp.") + HD_PROBE_NAME_MAX + 1 + HD_DOMAIN_SIZE + 1,
	HD_ZONE_DATA_SIZE = sizeof("10 ") + HD_ZONE_NAME_SIZE, /* MX, the longest */
};

struct hd_zone {
	const char *domain; /* as hd_config has it */
	const char *ipv4;   /* of the mail server */
	const char *ipv6;   /* NULL: it has none */
	int ttl;
	const struct hd_cert_digests *digests; /* of the certificates that it shows */
};

struct hd_zone_record {
	enum hd_probe_id probe;
	char name[HD_ZONE_NAME_SIZE]; /* absolute, with the final dot */
	const char *type;             /* MX, A, AAAA or TLSA */
	char data[HD_ZONE_DATA_SIZE]; /* as in a zone file */
	unsigned preference;          /* MX only */
	struct hd_tlsa tlsa;          /* TLSA only */
};

/* hd_zone_each - is called for each record; anything but HD_OK ends the walk */
typedef enum hd_error hd_zone_each(const struct hd_zone_record *record, void *context);

/*
 * hd_zone_walk - all records, probe by probe
 *
 * each gets context and a record that is good for the call only. HD_INVALID:
 * an address is none (logged), each was not called. Else what each returned.
 */
enum hd_error hd_zone_walk(const struct hd_zone *zone, hd_zone_each *each, void *context);

enum hd_zone_form {
	HD_ZONE_BIND,    /* a zone file (RFC 1035, section 5) */
	HD_ZONE_GENERIC, /* the same, but types that old software does not know as RFC 3597 has it */
};

/*
 * hd_zone_write - print the records of all probes
 *
 * Names are absolute, TTL and class explicit, so that they fit into any zone
 * file. Comments say what the sysadmin must know. out: flushed at the end.
 * HD_INVALID: an address is none (logged), nothing was printed. HD_IO: out
 * does not take it (logged).
 */
enum hd_error hd_zone_write(FILE *out, const struct hd_zone *zone, enum hd_zone_form form);

#endif
