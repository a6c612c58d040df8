/*
 * tlsa - the TLSA records of a probe (RFC 6698, RFC 7671)
 */
#ifndef HD_TLSA_H
#define HD_TLSA_H

#include <stddef.h>

#include "cert.h"
#include "probe.h"

enum {
	HD_TLSA_MAX = 2, /* records of one probe */
	HD_TLSA_TEXT_SIZE = sizeof("255 255 255 ") + 2 * HD_CERT_DIGEST_SIZE,
	HD_TLSA_GENERIC_SIZE = sizeof("TYPE52 \\# 35 010203") + 2 * HD_CERT_DIGEST_SIZE,
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

/* hd_tlsa_format_generic - type and data as RFC 3597 has it: "TYPE52 \# 35 0301018cb0..." */
void hd_tlsa_format_generic(const struct hd_tlsa *record, char text[HD_TLSA_GENERIC_SIZE]);

/* hd_tlsa_format_data - the data alone, in hexadecimal: "8cb0..." */
void hd_tlsa_format_data(const struct hd_tlsa *record, char text[2 * HD_CERT_DIGEST_SIZE + 1]);

#endif
