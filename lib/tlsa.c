#include "tlsa.h"

#include <stdio.h>
#include <string.h>

enum { DANE_TA = 2, DANE_EE = 3, SPKI = 1, SHA2_256 = 1 }; /* RFC 7218 */

static struct hd_tlsa
record(unsigned usage, const unsigned char digest[HD_CERT_DIGEST_SIZE])
{
	struct hd_tlsa new = {.usage = usage, .selector = SPKI, .matching = SHA2_256};

	memcpy(new.data, digest, sizeof(new.data));
	return new;
}

size_t
hd_tlsa_make(enum hd_tlsa_setup setup, const struct hd_cert_digests *digests,
    struct hd_tlsa records[HD_TLSA_MAX])
{
	switch (setup) {
	case HD_TLSA_RIGHT:
		records[0] = record(DANE_EE, digests->leaf);
		records[1] = record(DANE_TA, digests->ca);
		return 2;
	case HD_TLSA_WRONG:
		/* Alone: a sender that ignores usage 2 would find no usable record, and deliver. */
		records[0] = record(DANE_EE, digests->leaf);
		for (size_t i = 0; i < sizeof(records[0].data); i++)
			records[0].data[i] ^= 0xff;
		return 1;
	case HD_TLSA_NONE:
		break;
	}
	return 0;
}

void
hd_tlsa_format_data(const struct hd_tlsa *record, char text[2 * HD_CERT_DIGEST_SIZE + 1])
{
	static const char digits[] = "0123456789abcdef";
	char *p = text;

	for (size_t i = 0; i < sizeof(record->data); i++) {
		*p++ = digits[record->data[i] >> 4];
		*p++ = digits[record->data[i] & 0xf];
	}
	*p = '\0';
}

void
hd_tlsa_format(const struct hd_tlsa *record, char text[HD_TLSA_TEXT_SIZE])
{
	char data[2 * HD_CERT_DIGEST_SIZE + 1];

	hd_tlsa_format_data(record, data);
	(void)snprintf(text, HD_TLSA_TEXT_SIZE, "%u %u %u %s", record->usage & 0xff,
	    record->selector & 0xff, record->matching & 0xff, data);
}

void
hd_tlsa_format_generic(const struct hd_tlsa *record, char text[HD_TLSA_GENERIC_SIZE])
{
	char data[2 * HD_CERT_DIGEST_SIZE + 1];

	hd_tlsa_format_data(record, data);
	(void)snprintf(text, HD_TLSA_GENERIC_SIZE, "TYPE52 \\# %zu %02x%02x%02x%s",
	    3 + sizeof(record->data), record->usage & 0xff, record->selector & 0xff,
	    record->matching & 0xff, data);
}
