/*
 * tlsa - the TLSA records of a probe (RFC 6698, RFC 7671)
 */
#ifndef HD_TLSA_H
#define HD_TLSA_H

#include <stddef.h>

#include "cert.h"
#include "probe.h"

enum {
	HD_TLSA_MAX = 2,                                     /* records of one probe */
	HD_TLSA_TEXT_SIZE = 6 + 2 * HD_CERT_DIGEST_SIZE + 1, /* with the final NUL */
};

struct hd_tlsa {
	unsigned usage; /* 2: DANE-TA, 3: DANE-EE; mail uses no others (RFC 7672, section 3.1.3) */
	unsigned selector; /* 1: SubjectPublicKeyInfo */
	unsigned matching; /* 1: SHA-256 */
	unsigned char data[HD_CERT_DIGEST_SIZE];
};

/*
 * hd_tlsa_make - the records to publish for one set-up
 *
 * HD_TLSA_RIGHT: "3 1 1" of the leaf and "2 1 1" of the CA. HD_TLSA_WRONG:
 * "3 1 1" alone, the complement of the leaf's digest: of the right size (short
 * data crashes some senders) and matching nothing. Returns their number.
 */
size_t hd_tlsa_make(enum hd_tlsa_setup setup, const struct hd_cert_digests *digests,
    struct hd_tlsa records[HD_TLSA_MAX]);

/* hd_tlsa_format - a record's data as in a zone file: "3 1 1 8cb0..." */
void hd_tlsa_format(const struct hd_tlsa *record, char text[HD_TLSA_TEXT_SIZE]);

#endif
