/* What is an alias, and that new ones are random. */
#include "alias.h"

#include <stdlib.h>
#include <string.h>

#include "alias_random.h"
#include "support.h"

#define SIXTEEN "k5d3m2q7xw4b6n2a"

static const struct {
	const char *claim;
	const char *text;
	size_t length;
	const char *alias; /* NULL: none */
} aliases[] = {
    {"README's example", SIXTEEN, 16, SIXTEEN},
    {"upper case is put into lower case", "K5D3M2Q7XW4B6N2A", 16, SIXTEEN},
    {"both ends of the alphabet", "az27AZ27az27AZ27", 16, "az27az27az27az27"},
    {"what follows the length is not looked at", SIXTEEN "+x@do", 16, SIXTEEN},
    {"nothing", "", 0, NULL},
    {"15 characters", "k5d3m2q7xw4b6n2", 15, NULL},
    {"17 characters", SIXTEEN "a", 17, NULL},
    {"32 characters", SIXTEEN SIXTEEN, 32, NULL},
    {"0 is not in base32", "k5d3m2q7xw4b6n20", 16, NULL},
    {"1 is not in base32", "15d3m2q7xw4b6n2a", 16, NULL},
    {"8 is not in base32", "k5d3m2q78w4b6n2a", 16, NULL},
    {"9 is not in base32", "k5d3m2q7xw4b6n29", 16, NULL},
    {"a blank", "k5d3m2q7 w4b6n2a", 16, NULL},
    {"a newline at the end", "k5d3m2q7xw4b6n2\n", 16, NULL},
    {"padding of base32", "k5d3m2q7xw4b6n2=", 16, NULL},
    {"between upper and lower case", "k5d3m2q7xw4b6n[`", 16, NULL},
    {"before and behind the digits", "k5d3m2q7xw4b6n/:", 16, NULL},
    {"before upper case, behind lower case", "k5d3m2q7xw4b6n@{", 16, NULL},
    {"8-bit characters", "k5d3m2q7xw4b6n\xc3\xa4", 16, NULL},
    {"a NUL inside", "k5d3m2q\0xw4b6n2a", 16, NULL},
    {"an SQL wildcard", "k5d3m2q7xw4b6n2%", 16, NULL},
};

static void
aliases_are_told_from_others(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(aliases); i++) {
		char *text = exact_copy(aliases[i].text, aliases[i].length);
		char alias[HD_ALIAS_SIZE] = "untouched";
		bool parsed = hd_alias_parse(text, aliases[i].length, alias);

		free(text);
		check_int(aliases[i].claim, parsed, aliases[i].alias != NULL);
		check_text(aliases[i].claim, alias, parsed ? aliases[i].alias : "untouched");
	}
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, HD_ALIAS_LENGTH);
}

/* 32,000 draws of a character among 32: 1,000 each, and 300 off is nine sigma. */
static void
check_evenly_used(char (*made)[HD_ALIAS_SIZE], unsigned count)
{
	unsigned used[128] = {0};
	const unsigned expected = count * HD_ALIAS_LENGTH / 32;

	for (unsigned i = 0; i < count; i++) {
		for (unsigned j = 0; j < HD_ALIAS_LENGTH; j++)
			used[(unsigned char)made[i][j]]++;
	}
	for (const char *c = "abcdefghijklmnopqrstuvwxyz234567"; *c != '\0'; c++)
		check_true("every character is used about as often",
		    used[(unsigned char)*c] > expected * 7 / 10 &&
			used[(unsigned char)*c] < expected * 13 / 10);
}

static void
new_ones_are_random(void **state)
{
	enum { MANY = 2000 };
	char(*made)[HD_ALIAS_SIZE] = malloc(sizeof(*made) * MANY);

	(void)state;
	assert_non_null(made);
	for (unsigned i = 0; i < MANY; i++) {
		char alias[HD_ALIAS_SIZE];

		check_int("randomness is to be had", hd_alias_random(made[i]), HD_OK);
		check_int("16 characters", (int)strlen(made[i]), HD_ALIAS_LENGTH);
		check_true("that are an alias", hd_alias_parse(made[i], 16, alias));
		check_text("in lower case", made[i], alias);
	}
	check_evenly_used(made, MANY);
	qsort(made, MANY, sizeof(*made), compare);
	for (unsigned i = 1; i < MANY; i++)
		check_true("no two are the same", strcmp(made[i - 1], made[i]) != 0);
	free(made);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(aliases_are_told_from_others),
	    UNIT_TEST(new_ones_are_random),
	};

	return RUN_TESTS(tests);
}
