/* Postfix's lists: items, blanks, braces; adding to a list and taking out of it. */
#include <stdlib.h>
#include <string.h>

#include "admin/postfix_setting.h"
#include "support.h"

#define SNI "inline:{ {a.test = /k, /p} {b.test = /k, /p} }"

static void
test_items(void **state)
{
	static const struct {
		const char *claim;
		const char *list;
		const char *items; /* each followed by "|" */
	} rows[] = {
	    {"nothing", "", ""},
	    {"nothing but separators", " ,\t, \n", ""},
	    {"one", "hash:/etc/aliases", "hash:/etc/aliases|"},
	    {"commas", "a,b,c", "a|b|c|"},
	    {"blanks", "a b\tc", "a|b|c|"},
	    {"both, and an empty one, as Debian has it", "$myhostname, vm, , localhost",
		"$myhostname|vm|localhost|"},
	    {"several lines", "a,\n\tb\n\tc\n", "a|b|c|"},
	    {"braces hold together", "a, pipemap:{regexp:/f, proxy:x} b",
		"a|pipemap:{regexp:/f, proxy:x}|b|"},
	    {"braces in braces", SNI ",x", SNI "|x|"},
	    {"a brace that is not closed takes the rest", "a {b, c", "a|{b, c|"},
	    {"a brace too many", "a} b, c", "a}|b|c|"},
	    {"macros with braces", "${x?{a b}:{c}} d", "${x?{a b}:{c}}|d|"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const char *list = rows[i].list, *item;
		char items[256] = "";
		size_t length, used = 0;

		while (hd_postfix_list_next(&list, &item, &length))
			used += (size_t)snprintf(
			    items + used, sizeof(items) - used, "%.*s|", (int)length, item);
		check_text(rows[i].claim, items, rows[i].items);
	}
}

static void
test_add(void **state)
{
	static const struct {
		const char *claim;
		const char *list, *items;
		const char *sum; /* NULL: it has them */
	} rows[] = {
	    {"to nothing", "", "a", "a"},
	    {"to blanks", "  ", "a", "a"},
	    {"one", "a", "b", "a, b"},
	    {"several", "a", "b c,d", "a, b, c, d"},
	    {"the list stays as it was written", "a,b  c", "d", "a,b  c, d"},
	    {"a comma at its end", "a, ", "b", "a, b"},
	    {"only what is missing", "c a", "a b c d", "c a, b, d"},
	    {"references stay", "$virtual_maps", "b", "$virtual_maps, b"},
	    {"braces", "a", SNI, "a, " SNI},
	    {"the beginning of a name is none", "hash:/etc/aliases2", "hash:/etc/aliases",
		"hash:/etc/aliases2, hash:/etc/aliases"},
	    {"there", "a b", "b", NULL},
	    {"all there, in another order", "c,b,a", "a b c", NULL},
	    {"there, with other blanks", "inline:{\t{a.test = /k,  /p}\n{b.test = /k, /p} }", SNI,
		NULL},
	    {"no items", "a", " , ", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *sum;

		check_int(rows[i].claim, hd_postfix_list_add(rows[i].list, rows[i].items, &sum),
		    rows[i].sum == NULL ? HD_EXISTS : HD_OK);
		check_text(rows[i].claim, sum, rows[i].sum);
		free(sum);
	}
}

static void
test_remove(void **state)
{
	static const struct {
		const char *claim;
		const char *list, *items;
		const char *rest; /* NULL: it has none of them */
	} rows[] = {
	    {"the only one", "a", "a", ""},
	    {"all", "a, b", "b a", ""},
	    {"the last", "a, b", "b", "a"},
	    {"the first", "a, b c", "a", "b, c"},
	    {"each time it is there", "a b a", "a", "b"},
	    {"braces", "x, " SNI, SNI, "x"},
	    {"some of them", "a b", "b c", "a"},
	    {"not there", "a b", "c", NULL},
	    {"from nothing", "", "a", NULL},
	    {"no items", "a", "", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *rest;

		check_int(rows[i].claim, hd_postfix_list_remove(rows[i].list, rows[i].items, &rest),
		    rows[i].rest == NULL ? HD_NONE : HD_OK);
		check_text(rows[i].claim, rest, rows[i].rest);
		free(rest);
	}
}

static void
test_same_value(void **state)
{
	static const struct {
		const char *claim;
		const char *one, *other;
		bool same;
	} rows[] = {
	    {"nothing", "", "", true},
	    {"nothing and blanks", "", " \n", true},
	    {"equal", "a b", "a b", true},
	    {"kinds of blanks", "a\n\tb", "a b", true},
	    {"blanks at the ends", " a ", "a", true},
	    {"a blank that is missing", "a b", "ab", false},
	    {"a blank too many", "ab", "a b", false},
	    {"letter case", "A", "a", false},
	    {"the beginning", "ab", "a", false},
	    {"the beginning, the other way", "a", "ab", false},
	    {"something and nothing", "a", "", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_int(
		    rows[i].claim, hd_postfix_same_value(rows[i].one, rows[i].other), rows[i].same);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_items),
	    UNIT_TEST(test_add),
	    UNIT_TEST(test_remove),
	    UNIT_TEST(test_same_value),
	};

	return RUN_TESTS(tests);
}
