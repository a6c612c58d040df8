/*
 * probe - the mail domains under test: the one table of them
 *
 * Postfix set-up, DNS records, API and page are driven from it. A fourth probe
 * is one row in probe.c (and its documentation): it is recorded, shown and
 * published, while the verdict stays with the three named here.
 */
#ifndef HD_PROBE_H
#define HD_PROBE_H

#include <stdbool.h>
#include <stddef.h>

/* What is published at _25._tcp.PROBE.DOMAIN (RFC 7672, section 3.1) */
enum hd_tlsa_setup {
	HD_TLSA_NONE,  /* no records */
	HD_TLSA_RIGHT, /* 3 1 1 and 2 1 1, both of our certificates */
	HD_TLSA_WRONG, /* 3 1 1 alone, well-formed, matching nothing */
};

enum hd_probe_id { HD_PROBE_DO, HD_PROBE_DONT, HD_PROBE_WRONG, HD_PROBE_COUNT };

enum { HD_PROBE_NAME_MAX = 16 }; /* bytes, without the final NUL */

struct hd_probe {
	const char *name;        /* the first label of its mail domain, lower case */
	bool expect_delivered;   /* whether a sender that verifies DANE delivers */
	enum hd_tlsa_setup tlsa; /* what its TLSA records are like */
	const char *summary;     /* for comments in the zone */
};

/* Indexed by hd_probe_id. */
extern const struct hd_probe hd_probes[HD_PROBE_COUNT];

/*
 * hd_probe_find - the probe of a name
 *
 * name: not NUL-terminated, length bytes; letter case is ignored (RFC 4343).
 * Returns true and sets *id, or false when no probe has that name.
 */
bool hd_probe_find(const char *name, size_t length, enum hd_probe_id *id);

#endif
