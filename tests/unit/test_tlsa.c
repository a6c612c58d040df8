/* TLSA records from digests: which, and as what text. */
#include "tlsa.h"

#include <string.h>

#include "support.h"

/* Digests whose bytes are 00 01 02 ... and a0 a1 a2 ... */
static struct hd_cert_digests
digests(void)
{
	struct hd_cert_digests made;

	for (unsigned i = 0; i < HD_CERT_DIGEST_SIZE; i++) {
		made.leaf[i] = (unsigned char)i;
		made.ca[i] = (unsigned char)(0xa0 + i);
	}
	return made;
}

#define LEAF  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define CA    "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
#define WRONG "fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0efeeedecebeae9e8e7e6e5e4e3e2e1e0"

static void
test_records(void **state)
{
	static const struct {
		const char *claim;
		enum hd_tlsa_setup setup;
		size_t count;
		const char *texts[HD_TLSA_MAX];
	} rows[] = {
	    {"right: leaf and CA", HD_TLSA_RIGHT, 2, {"3 1 1 " LEAF, "2 1 1 " CA}},
	    {"wrong: usage 3 alone", HD_TLSA_WRONG, 1, {"3 1 1 " WRONG}},
	    {"none: nothing", HD_TLSA_NONE, 0, {NULL}},
	    {"no such set-up: nothing", (enum hd_tlsa_setup)99, 0, {NULL}},
	};
	const struct hd_cert_digests known = digests();

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hd_tlsa records[HD_TLSA_MAX];
		char text[HD_TLSA_TEXT_SIZE];
		size_t count = hd_tlsa_make(rows[i].setup, &known, records);

		check_int(rows[i].claim, (int64_t)count, (int64_t)rows[i].count);
		for (size_t j = 0; j < count; j++) {
			hd_tlsa_format(&records[j], text);
			check_text(rows[i].claim, text, rows[i].texts[j]);
		}
	}
}

/* Whatever the digests are, also all zeros or all ones. */
static void
test_wrong_never_matches(void **state)
{
	static const unsigned char fills[] = {0x00, 0x0f, 0x55, 0x7f, 0x80, 0xff};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(fills); i++) {
		struct hd_cert_digests known;
		struct hd_tlsa records[HD_TLSA_MAX];

		memset(&known, fills[i], sizeof(known));
		check_int("one record", (int64_t)hd_tlsa_make(HD_TLSA_WRONG, &known, records), 1);
		for (size_t j = 0; j < HD_CERT_DIGEST_SIZE; j++) {
			check_true("no byte is the leaf's", records[0].data[j] != known.leaf[j]);
			check_true("no byte is the CA's", records[0].data[j] != known.ca[j]);
		}
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_records),
	    UNIT_TEST(test_wrong_never_matches),
	};

	return RUN_TESTS(tests);
}
