/* TLSA records as they are found: their form, and how they differ from ours. */
#include "admin/tlsa_set.h"

#include <string.h>

#include "support.h"

/* record - usage, selector, matching type, and length bytes of a value */
static struct hd_record
record(unsigned usage, unsigned selector, unsigned matching, size_t length, unsigned char value)
{
	struct hd_record made = {.length = 3 + length};

	made.data[0] = (unsigned char)usage;
	made.data[1] = (unsigned char)selector;
	made.data[2] = (unsigned char)matching;
	memset(
	    made.data + 3, value, length < sizeof(made.data) - 3 ? length : sizeof(made.data) - 3);
	return made;
}

static void
test_flaws(void **state)
{
	static const struct {
		const char *claim;
		unsigned usage, selector, matching;
		size_t length;
		const char *flaw;
	} rows[] = {
	    {"DANE-EE, key, SHA-256", 3, 1, 1, 32, NULL},
	    {"DANE-TA, certificate, SHA-512", 2, 0, 2, 64, NULL},
	    {"a whole key", 3, 1, 0, 91, NULL},
	    {"a whole certificate, longer than what is kept", 3, 0, 0, 900, NULL},
	    {"PKIX-TA is a usage", 0, 0, 1, 32, NULL},
	    {"no data", 3, 1, 1, 0, "it has no data"},
	    {"SHA-256 too short", 3, 1, 1, 31, "its data is not 32 bytes, as SHA-256 is"},
	    {"SHA-256 too long", 3, 1, 1, 33, "its data is not 32 bytes, as SHA-256 is"},
	    {"3 bytes, which crashes senders", 3, 1, 1, 3,
		"its data is not 32 bytes, as SHA-256 is"},
	    {"SHA-512 as long as SHA-256", 3, 1, 2, 32, "its data is not 64 bytes, as SHA-512 is"},
	    {"usage 4", 4, 1, 1, 32, "there is no such usage"},
	    {"selector 2", 3, 2, 1, 32, "there is no such selector"},
	    {"matching type 3", 3, 1, 3, 32, "there is no such matching type"},
	    {"all of them 255", 255, 255, 255, 32, "there is no such usage"},
	};
	struct hd_record shorter = {.length = 2};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct hd_record made =
		    record(rows[i].usage, rows[i].selector, rows[i].matching, rows[i].length, 0xab);

		check_text(rows[i].claim, hd_tlsa_flaw(&made), rows[i].flaw);
	}
	check_text("less than a head", hd_tlsa_flaw(&shorter), "it has no data");
}

static void
test_short(void **state)
{
	static const struct {
		const char *claim;
		unsigned usage;
		size_t length;
		const char *text;
	} rows[] = {
	    {"of the usual length", 3, 32, "3 1 1 abababab..."},
	    {"all there is", 3, 4, "3 1 1 abababab"},
	    {"little", 2, 1, "2 1 1 ab"},
	    {"nothing", 3, 0, "3 1 1 "},
	    {"a long number", 255, 32, "255 1 1 abababab..."},
	};
	struct hd_record shorter = {.length = 1};
	char text[HD_TLSA_SHORT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct hd_record made = record(rows[i].usage, 1, 1, rows[i].length, 0xab);

		hd_tlsa_short(&made, text);
		check_text(rows[i].claim, text, rows[i].text);
	}
	hd_tlsa_short(&shorter, text);
	check_text("none", text, "(no record)");
}

#define LEAF 0xaa
#define CA   0xbb
#define ELSE 0xcc

static void
test_differences(void **state)
{
	static const struct {
		const char *claim;
		struct {
			unsigned usage;
			unsigned char value; /* 0: no record */
		} found[3];
		const char *text; /* "": none */
	} rows[] = {
	    {"the same", {{3, LEAF}, {2, CA}}, ""},
	    {"in another order", {{2, CA}, {3, LEAF}}, ""},
	    {"one is missing", {{2, CA}}, "missing: 3 1 1 aaaaaaaa..."},
	    {"one too many", {{3, LEAF}, {2, CA}, {3, ELSE}}, "not ours: 3 1 1 cccccccc..."},
	    {"another one", {{3, ELSE}, {2, CA}},
		"missing: 3 1 1 aaaaaaaa..., not ours: 3 1 1 cccccccc..."},
	    {"usages exchanged", {{2, LEAF}, {3, CA}},
		"missing: 3 1 1 aaaaaaaa..., missing: 2 1 1 bbbbbbbb..., not ours: 2 1 1 "
		"aaaaaaaa..., not ours: 3 1 1 bbbbbbbb..."},
	    {"none", {{0, 0}}, "missing: 3 1 1 aaaaaaaa..., missing: 2 1 1 bbbbbbbb..."},
	};
	struct hd_tlsa wanted[2] = {
	    {.usage = 3, .selector = 1, .matching = 1}, {.usage = 2, .selector = 1, .matching = 1}};
	static struct hd_lookup found;
	char text[HD_TLSA_SET_TEXT_SIZE];

	(void)state;
	memset(wanted[0].data, LEAF, sizeof(wanted[0].data));
	memset(wanted[1].data, CA, sizeof(wanted[1].data));
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		found.count = 0;
		for (size_t j = 0; j < 3 && rows[i].found[j].value != 0; j++)
			found.records[found.count++] =
			    record(rows[i].found[j].usage, 1, 1, 32, rows[i].found[j].value);
		check_int(rows[i].claim, hd_tlsa_differences(&found, wanted, 2, text),
		    rows[i].text[0] == '\0');
		check_text(rows[i].claim, text, rows[i].text);
	}
}

/* More than are kept: what is not seen is not taken for right. */
static void
test_more_than_are_kept(void **state)
{
	struct hd_tlsa wanted = {.usage = 3, .selector = 1, .matching = 1};
	static struct hd_lookup found;
	char text[HD_TLSA_SET_TEXT_SIZE];

	(void)state;
	memset(wanted.data, LEAF, sizeof(wanted.data));
	for (size_t i = 0; i < HD_RESOLVER_RECORDS; i++)
		found.records[i] = record(3, 1, 1, 32, LEAF);
	found.count = HD_RESOLVER_RECORDS + 1;
	check_true("not the same", !hd_tlsa_differences(&found, &wanted, 1, text));
	for (size_t i = 0; i < HD_RESOLVER_RECORDS; i++)
		found.records[i] = record(3, 1, 1, 200, ELSE);
	check_true("a text that fits", !hd_tlsa_differences(&found, &wanted, 1, text));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_flaws),
	    UNIT_TEST(test_short),
	    UNIT_TEST(test_differences),
	    UNIT_TEST(test_more_than_are_kept),
	};

	return RUN_TESTS(tests);
}
