/* Entity tags of answers, and what an If-None-Match field matches. */
#include "fcgi/etag.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

#define TAG "\"0123456789abcdef0123456789abcdef\""

static const struct {
	const char *claim;
	const char *field;
	bool matches;
} fields[] = {
    {"the tag itself", TAG, true},
    {"a weak one: compared weakly", "W/" TAG, true},
    {"blanks around", " \t" TAG "\t ", true},
    {"any", "*", true},
    {"any, blanks around", " \t* ", true},
    {"first of a list", TAG ", \"x\"", true},
    {"last of a list", "\"x\", W/\"y\", " TAG, true},
    {"in the middle, no blanks", "\"x\"," TAG ",\"y\"", true},
    {"blanks before the commas", "\"x\" ,\t" TAG " , \"y\"", true},
    {"empty elements", ",, ," TAG ",,", true},
    {"an empty tag before", "\"\", " TAG, true},
    {"a comma inside another tag", "\"a,b\", " TAG, true},
    {"a backslash does not escape", "\"x\\\", " TAG, true},
    {"what follows is malformed", TAG " x", true},

    {"no field", NULL, false},
    {"empty", "", false},
    {"blanks", " \t ", false},
    {"commas", ",,,", false},
    {"another tag", "\"x\"", false},
    {"another weak tag", "W/\"x\"", false},
    {"the tag without quotes", "0123456789abcdef0123456789abcdef", false},
    {"one quote at the start", "\"0123456789abcdef0123456789abcdef", false},
    {"one quote at the end", "0123456789abcdef0123456789abcdef\"", false},
    {"the tag is its beginning only", "\"0123456789abcdef0123456789abcdef0\"", false},
    {"it is the beginning of the tag only", "\"0123456789abcdef0123456789abcde\"", false},
    {"the tag is its end only", "\"x0123456789abcdef0123456789abcdef\"", false},
    {"upper case: another tag", "\"0123456789ABCDEF0123456789ABCDEF\"", false},
    {"w/ in lower case is nothing", "w/" TAG, false},
    {"W/ twice", "W/W/" TAG, false},
    {"W/ and a blank", "W/ " TAG, false},
    {"W without its slash", "W" TAG, false},
    {"W/ alone", "W/", false},
    {"the start of W/", "W", false},
    {"a quote alone", "\"", false},
    {"W/ and a quote", "W/\"", false},
    {"any and more", "*, \"x\"", false},
    {"any, twice", "**", false},
    {"any in a list is none", "\"x\", *", false},
    {"no comma between", "\"x\" " TAG, false},
    {"something malformed first", "x, " TAG, false},
    {"an unclosed one first", "\"x, 0123456789abcdef0123456789abcdef\"", false},
};

/* Each in a block of exactly its size, so that a byte read too far is seen. */
static void
fields_match_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		const char *field = fields[i].field;
		char *copy = field == NULL ? NULL : exact_copy(field, strlen(field) + 1);

		check_true(fields[i].claim, hd_etag_matches(copy, TAG) == fields[i].matches);
		free(copy);
	}
}

static void
long_lists_are_searched(void **state)
{
	static const char element[] = "W/\"x\", ";
	enum { ELEMENTS = 2000 };
	char *list = calloc(1, ELEMENTS * (sizeof(element) - 1) + sizeof(TAG));

	(void)state;
	assert_non_null(list);
	for (size_t i = 0; i < ELEMENTS; i++)
		memcpy(list + i * (sizeof(element) - 1), element, sizeof(element) - 1);
	check_true("not in it", !hd_etag_matches(list, TAG));
	memcpy(list + ELEMENTS * (sizeof(element) - 1), TAG, sizeof(TAG));
	check_true("the last of many", hd_etag_matches(list, TAG));
	free(list);
}

static void
tags_are_made_of_the_body(void **state)
{
	static const struct {
		const char *claim;
		const char *body;
		size_t length;
		const char *tag; /* of sha256sum(1), the first 128 bits */
	} bodies[] = {
	    {"empty", "", 0, "\"e3b0c44298fc1c149afbf4c8996fb924\""},
	    {"abc", "abc", 3, "\"ba7816bf8f01cfea414140de5dae2223\""},
	    {"no further than its length", "abcdef", 3, "\"ba7816bf8f01cfea414140de5dae2223\""},
	    {"a NUL counts", "a\0b", 3, "\"59b271ae1bbcb1d31d41929817f4b16f\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bodies); i++) {
		char tag[HD_ETAG_SIZE];

		check_int(
		    bodies[i].claim, hd_etag_make(bodies[i].body, bodies[i].length, tag), HD_OK);
		check_text(bodies[i].claim, tag, bodies[i].tag);
		check_true("it matches itself", hd_etag_matches(tag, tag));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT_TEST(fields_match_or_not),
	    UNIT_TEST(long_lists_are_searched),
	    UNIT_TEST(tags_are_made_of_the_body),
	};

	return RUN_TESTS(tests);
}
