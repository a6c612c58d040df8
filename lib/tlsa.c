#include "tlsa.h"

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
hd_tlsa_format(const struct hd_tlsa *record, char text[HD_TLSA_TEXT_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	char *p = text;

	*p++ = digits[record->usage & 0xf];
	*p++ = ' ';
	*p++ = digits[record->selector & 0xf];
	*p++ = ' ';
	*p++ = digits[record->matching & 0xf];
	*p++ = ' ';
	for (size_t i = 0; i < sizeof(record->data); i++) {
		*p++ = digits[record->data[i] >> 4];
		*p++ = digits[record->data[i] & 0xf];
	}
	*p = '\0';
}
