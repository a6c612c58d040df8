/* Which form of a test a client prefers, by its Accept field. */
#include "fcgi/accept.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

struct row {
	const char *claim;
	const char *field;
};

static const struct row text[] = {
    {"text/plain", "text/plain"},
    {"any text", "text/*"},
    {"any letter case", "TEXT/Plain"},
    {"any text, in upper case", "TEXT/*"},
    {"blanks around", " \ttext/plain\t "},
    {"empty elements", ",, ,text/plain, ,"},
    {"beside what we have not", "text/html, text/plain"},
    {"before what we have not", "text/plain, application/xml"},
    {"its only parameter", "text/plain;charset=utf-8"},
    {"in any letter case", "text/plain; CharSet=UTF-8"},
    {"quoted", "text/plain; charset=\"utf-8\""},
    {"a parameter and a weight", "text/plain;charset=utf-8;q=0.3"},
    {"a weight before the parameter", "text/plain;q=0.3;charset=utf-8"},
    {"empty parameters", "text/plain; ; ;;q=1;"},
    {"a weight for nothing else", "text/plain;q=0.001"},
    {"the smaller weight for JSON", "application/json;q=0.8, text/plain;q=0.9"},
    {"by the third decimal", "application/json;q=0.998, text/plain;q=0.999"},
    {"by 1 against less", "text/plain, application/json;q=0.999"},
    {"by 1.000 against less", "application/json;q=0.999, text/plain;q=1.000"},
    {"one decimal against three", "application/json;q=0.499, text/plain;q=0.5"},
    {"q in upper case", "application/json;Q=0.5, text/plain"},
    {"blanks around q", "application/json ; q=0.5 , text/plain"},
    {"JSON only among all", "text/plain, */*;q=0.9"},
    {"text of any kind, before all", "text/*, */*;q=0.1"},
    {"text of any kind, before applications", "application/*;q=0.5, text/*;q=0.6"},
    {"JSON is not acceptable", "application/json;q=0, */*"},
    {"no application is acceptable", "*/*, application/*;q=0"},
    {"JSON is less than other applications", "application/json;q=0.1, application/*, text/*;q=0.5"},
    {"specific before general, whatever the order", "text/*;q=0.1, text/plain, */*;q=0.5"},
    {"and with the lower weight for all", "*/*;q=0.1, text/*;q=0.2"},
    {"a range with a parameter is more specific",
	"text/plain;q=0.1, text/plain;charset=utf-8;q=0.9, application/json;q=0.5"},
    {"twice: the better one", "text/plain;q=0.1, application/json;q=0.5, text/plain;q=0.9"},
    {"a comma in quotes", "text/html;x=\"a,application/json\", text/plain"},
    {"a quote in quotes", "text/html;x=\"\\\",application/json;y=\\\"\", text/plain"},
    {"garbage before", "x, text/plain"},
    {"garbage after", "text/plain, ///;;=,\"\""},
    {"a quote without end, after", "text/plain, text/html;x=\"application/json"},
    {"malformed JSON", "application/json;q=2, text/plain;q=0.1"},
    {"JSON of another kind", "application/json;version=2, text/plain;q=0.1"},
    {"something more than JSON", "application/jsonx, application/problem+json, text/plain;q=0.1"},
};

static const struct row json[] = {
    {"no field", NULL},
    {"an empty one", ""},
    {"blanks", "  \t"},
    {"commas", ",,, ,"},
    {"anything", "*/*"},
    {"anything, less so", "*/*;q=0.1"},
    {"JSON", "application/json"},
    {"any application", "application/*"},
    {"both", "text/plain, application/json"},
    {"both, with the same weight", "text/plain;q=0.5, application/json;q=0.5"},
    {"both, written in different ways", "text/plain;q=0.50, application/json;q=0.5"},
    {"both, as all of their kind", "text/*, application/*"},
    {"text, and everything", "text/plain, */*"},
    {"as scripts ask", "application/json, text/plain, */*"},
    {"as browsers ask",
	"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,"
	"*/*;q=0.8,application/signed-exchange;v=b3;q=0.7"},
    {"JSON with a parameter that is no matter", "application/json;charset=utf-8, text/plain;q=0.9"},
    {"text with its parameter is less",
	"text/plain;q=0.9, text/plain;charset=utf-8;q=0.1, application/json;q=0.5"},
    {"the smaller weight for text", "text/plain;q=0.8, application/json;q=0.9"},
    {"text is not acceptable", "text/plain;q=0"},
    {"in any of the forms of nothing", "text/plain;q=0."},
    {"with one decimal", "text/plain;q=0.0"},
    {"with three", "text/plain;q=0.000"},
    {"text is not acceptable, all is", "text/plain;q=0, */*"},
    {"plain text is not acceptable, others are", "text/*, text/plain;q=0"},
    {"no text is acceptable", "text/*;q=0, */*;q=0.1"},
    {"nothing is acceptable", "*/*;q=0"},
    {"neither is", "text/plain;q=0, application/json;q=0"},
    {"neither is there", "image/png, text/html"},

    {"no slash", "text"},
    {"no slash, with a weight", "plain;q=1"},
    {"a star alone", "*"},
    {"no subtype", "text/"},
    {"no type", "/plain"},
    {"a slash", "/"},
    {"any type, plain", "*/plain"},
    {"any type, plain, rather than JSON", "*/plain, application/json;q=0.5"},
    {"a part of a type", "tex/plain"},
    {"a part of a subtype", "text/plai"},
    {"more than a type", "texts/plain"},
    {"more than a subtype", "text/plain2"},
    {"a suffix", "text/plain+x"},
    {"a star behind", "text/plain*"},
    {"a star before", "text/*plain"},
    {"two slashes", "text//plain"},
    {"a third part", "text/plain/x"},
    {"blanks around the slash", "text / plain"},
    {"two words", "text/plain text/plain"},
    {"in quotes", "\"text/plain\""},
    {"in brackets", "<text/plain>"},
    {"separated by semicolons", "text/html;text/plain"},
    {"encoded", "text%2Fplain"},
    {"not ASCII", "text/plain\xc3\xa4"},
    {"a control character", "text/plain\x01"},
    {"a line break", "text/plain\r\n"},

    {"a foreign parameter", "text/plain;format=flowed"},
    {"a foreign charset", "text/plain;charset=utf-16"},
    {"beginning like ours", "text/plain;charset=utf-80"},
    {"less than ours", "text/plain;charset=utf"},
    {"a foreign parameter beside ours", "text/plain;charset=utf-8;format=flowed"},
    {"a foreign parameter beside a weight", "text/plain;format=flowed;q=1"},
    {"a parameter without value", "text/plain;charset"},
    {"with an empty value", "text/plain;charset="},
    {"without name", "text/plain;=utf-8"},
    {"with blanks around =", "text/plain;charset = utf-8"},
    {"a quote without end", "text/plain;charset=\"utf-8"},
    {"ending in a backslash", "text/plain;charset=\"utf-8\\"},
    {"a quote with something behind", "text/plain;charset=\"utf-8\"x"},

    {"q without value", "text/plain;q"},
    {"q with an empty value", "text/plain;q="},
    {"q above 1", "text/plain;q=1.001"},
    {"q of 2", "text/plain;q=2"},
    {"q of 10", "text/plain;q=10"},
    {"q below 0", "text/plain;q=-1"},
    {"q with a sign", "text/plain;q=+1"},
    {"q with four decimals", "text/plain;q=0.1234"},
    {"q without digit before the point", "text/plain;q=.5"},
    {"q with two points", "text/plain;q=0.5."},
    {"q with a comma", "text/plain;q=0,5"},
    {"q with a leading zero", "text/plain;q=01"},
    {"q with an exponent", "text/plain;q=1e0"},
    {"q with a letter", "text/plain;q=0.x"},
    {"q of words", "text/plain;q=high"},
    {"blanks around q's =", "text/plain;q =1"},
    {"q twice", "text/plain;q=1;q=1"},
    {"q alone", ";q=1"},
};

static void
check_rows(const struct row *rows, size_t count, bool wanted)
{
	for (size_t i = 0; i < count; i++) {
		char *field = rows[i].field == NULL
				  ? NULL
				  : exact_copy(rows[i].field, strlen(rows[i].field) + 1);

		check_int(rows[i].claim, hd_accept_text(field), wanted);
		free(field);
	}
}

static void
text_where_it_is_preferred(void **state)
{
	(void)state;
	check_rows(text, COUNT_OF(text), true);
}

static void
else_json(void **state)
{
	(void)state;
	check_rows(json, COUNT_OF(json), false);
}

/* repeat - before, then a piece so many times, then after; the caller frees */
static char *
repeat(const char *before, const char *piece, size_t times, const char *after)
{
	const size_t length = strlen(piece);
	char *field = malloc(strlen(before) + times * length + strlen(after) + 1);
	char *at = field;

	assert_non_null(field);
	at = stpcpy(at, before);
	for (size_t i = 0; i < times; i++)
		at = stpcpy(at, piece);
	(void)stpcpy(at, after);
	return field;
}

static void
endless_fields_come_to_an_end(void **state)
{
	static const struct {
		const char *claim;
		const char *before, *piece, *after;
		bool text;
	} rows[] = {
	    {"ranges", "", "text/html,", "text/plain", true},
	    {"commas", "", ",", "text/plain", true},
	    {"blanks", "", " ", "text/plain", true},
	    {"garbage", "", "\\\"(", ",text/plain", false},
	    {"a type", "", "t", "ext/plain", false},
	    {"a subtype", "text/", "p", "lain", false},
	    {"parameters", "text/plain", ";charset=utf-8", "", true},
	    {"weights", "text/plain", ";q=1", "", false},
	    {"decimals", "text/plain;q=0.", "1", "", false},
	    {"zeros", "text/plain;q=", "0", "", false},
	    {"semicolons", "text/plain", ";", "", true},
	    {"quotes", "text/plain;x=", "\"", "", false},
	    {"quoted", "text/plain;charset=\"", "\\u", "\"", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *field = repeat(rows[i].before, rows[i].piece, 200000, rows[i].after);

		check_int(rows[i].claim, hd_accept_text(field), rows[i].text);
		free(field);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(text_where_it_is_preferred),
	    UNIT_TEST(else_json),
	    UNIT_TEST(endless_fields_come_to_an_end),
	};

	return RUN_TESTS(tests);
}
