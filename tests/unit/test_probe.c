/* The table of probes is what README says. */
#include "probe.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

static void
table_is_that_of_design(void **state)
{
	(void)state;
	check_text("do", hd_probes[HD_PROBE_DO].name, "do");
	check_true("do: a verifying sender delivers", hd_probes[HD_PROBE_DO].expect_delivered);
	check_int("do: right records", hd_probes[HD_PROBE_DO].tlsa, HD_TLSA_RIGHT);
	check_text("dont", hd_probes[HD_PROBE_DONT].name, "dont");
	check_true("dont: it delivers, too", hd_probes[HD_PROBE_DONT].expect_delivered);
	check_int("dont: no records", hd_probes[HD_PROBE_DONT].tlsa, HD_TLSA_NONE);
	check_text("wrong", hd_probes[HD_PROBE_WRONG].name, "wrong");
	check_true("wrong: it does not deliver", !hd_probes[HD_PROBE_WRONG].expect_delivered);
	check_int("wrong: wrong records", hd_probes[HD_PROBE_WRONG].tlsa, HD_TLSA_WRONG);
}

static void
every_row_can_be_used(void **state)
{
	(void)state;
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		size_t length = strlen(hd_probes[i].name);
		enum hd_probe_id found = HD_PROBE_COUNT;

		check_true("a name of 1 to 16 bytes", length >= 1 && length <= HD_PROBE_NAME_MAX);
		check_int("lower-case letters, digits, hyphens",
		    (int)strspn(hd_probes[i].name, "abcdefghijklmnopqrstuvwxyz0123456789-"),
		    (int)length);
		check_true("a summary", hd_probes[i].summary[0] != '\0');
		check_true("found by its name", hd_probe_find(hd_probes[i].name, length, &found));
		check_int("and no other has it", found, i);
	}
}

static const struct {
	const char *claim;
	const char *name;
	int probe; /* -1: none */
} names[] = {
    {"as it is", "do", HD_PROBE_DO},
    {"upper case", "WRONG", HD_PROBE_WRONG},
    {"mixed case", "dOnT", HD_PROBE_DONT},
    {"nothing", "", -1},
    {"a beginning of a name", "d", -1},
    {"between two names", "don", -1},
    {"a name and more", "dontt", -1},
    {"a blank behind it", "do ", -1},
    {"a dot behind it", "do.", -1},
    {"apostrophe", "don't", -1},
    {"the base domain's label", "havedane", -1},
};

static void
names_are_found_or_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(names); i++) {
		size_t length = strlen(names[i].name);
		char *name = exact_copy(names[i].name, length);
		enum hd_probe_id id = HD_PROBE_COUNT;
		bool found = hd_probe_find(name, length, &id);

		free(name);
		check_int(names[i].claim, found ? (int)id : -1, names[i].probe);
		check_true("untouched when there is none", found || id == HD_PROBE_COUNT);
	}
}

static void
length_is_what_counts(void **state)
{
	enum hd_probe_id id = HD_PROBE_COUNT;

	(void)state;
	check_true("the first two bytes of more", hd_probe_find("do.havedane.net", 2, &id));
	check_int("are do", id, HD_PROBE_DO);
	check_true("a NUL inside is no end", !hd_probe_find("do\0x", 4, &id));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(table_is_that_of_design),
	    UNIT_TEST(every_row_can_be_used),
	    UNIT_TEST(names_are_found_or_not),
	    UNIT_TEST(length_is_what_counts),
	};

	return RUN_TESTS(tests);
}
