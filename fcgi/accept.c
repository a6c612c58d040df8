#include "accept.h"

#include <string.h>
#include <strings.h>

enum { FORM_JSON, FORM_TEXT, FORM_COUNT };

enum { WEIGHT_MAX = 1000 }; /* weights have three decimals */

static const struct {
	const char *type;
	const char *subtype;
} forms[FORM_COUNT] = {
    [FORM_JSON] = {"application", "json"},
    [FORM_TEXT] = {"text", "plain"},
};

/* Part of the field; not NUL-terminated. */
struct word {
	const char *at;
	size_t length;
};

struct range {
	struct word type;
	struct word subtype;
	int parameters; /* besides the weight */
	bool foreign;   /* one of them is none of ours */
	int weight;     /* 0 to WEIGHT_MAX */
};

/* What is known of a form: the weight that the most specific range so far gives it. */
struct preference {
	int specificity; /* 0: no range */
	int weight;
};

static bool
equals(const struct word *word, const char *text)
{
	return word->length == strlen(text) && strncasecmp(word->at, text, word->length) == 0;
}

static const char *
skip_blanks(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/* take_token - RFC 9110, section 5.6.2; false: there is none */
static bool
take_token(const char **at, const char *end, struct word *word)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	word->at = *at;
	while (*at < end &&
	       ((**at >= 'a' && **at <= 'z') || (**at >= 'A' && **at <= 'Z') ||
		   (**at >= '0' && **at <= '9') || (**at != '\0' && strchr(others, **at) != NULL)))
		(*at)++;
	word->length = (size_t)(*at - word->at);
	return word->length > 0;
}

/* take_quoted - a quoted string, without its quotes; false: it does not end */
static bool
take_quoted(const char **at, const char *end, struct word *word)
{
	word->at = ++*at;
	while (*at < end && **at != '"') {
		if (**at == '\\')
			(*at)++;
		if (*at < end)
			(*at)++;
	}
	word->length = (size_t)(*at - word->at);
	return *at < end && *(*at)++ == '"';
}

/* parse_weight - "1", "0.5", "0.123"; -1: it is none */
static int
parse_weight(const struct word *word)
{
	int weight = 0, unit = WEIGHT_MAX;

	if (word->length < 1 || word->length > 5 || (word->at[0] != '0' && word->at[0] != '1') ||
	    (word->length > 1 && word->at[1] != '.'))
		return -1;
	for (size_t i = 0; i < word->length; i++) {
		if (i == 1)
			continue;
		if (word->at[i] < '0' || word->at[i] > '9')
			return -1;
		weight += (word->at[i] - '0') * unit;
		unit /= 10;
	}
	return weight <= WEIGHT_MAX ? weight : -1;
}

/* parse_parameters - up to the end; false: malformed, or two weights */
static bool
parse_parameters(const char *at, const char *end, struct range *range)
{
	bool weighted = false;

	for (at = skip_blanks(at, end); at < end; at = skip_blanks(at, end)) {
		struct word name, value;

		if (*at++ != ';')
			return false;
		at = skip_blanks(at, end);
		if (at == end || *at == ';')
			continue;
		if (!take_token(&at, end, &name) || at == end || *at++ != '=')
			return false;
		if (at < end && *at == '"' ? !take_quoted(&at, end, &value)
					   : !take_token(&at, end, &value))
			return false;
		if (equals(&name, "q")) {
			range->weight = parse_weight(&value);
			if (weighted || range->weight < 0)
				return false;
			weighted = true;
		} else {
			range->parameters++;
			if (!equals(&name, "charset") || !equals(&value, "utf-8"))
				range->foreign = true;
		}
	}
	return true;
}

/* parse_range - false: malformed */
static bool
parse_range(const char *at, const char *end, struct range *range)
{
	*range = (struct range){.weight = WEIGHT_MAX};
	return take_token(&at, end, &range->type) && at < end && *at++ == '/' &&
	       take_token(&at, end, &range->subtype) && parse_parameters(at, end, range) &&
	       (!equals(&range->type, "*") || equals(&range->subtype, "*"));
}

/* specificity - how well a range matches a form; 0: it does not */
static int
specificity(const struct range *range, unsigned form)
{
	if (range->foreign)
		return 0;
	if (equals(&range->type, forms[form].type)) {
		if (equals(&range->subtype, forms[form].subtype))
			return range->parameters > 0 ? 4 : 3;
		if (equals(&range->subtype, "*"))
			return 2;
	}
	return equals(&range->type, "*") ? 1 : 0;
}

/* end_of - of an element of a list: a comma outside of quotes, or the end */
static const char *
end_of(const char *at)
{
	bool quoted = false;

	for (; *at != '\0' && (quoted || *at != ','); at++) {
		if (*at == '"')
			quoted = !quoted;
		else if (quoted && *at == '\\' && at[1] != '\0')
			at++;
	}
	return at;
}

bool
hd_accept_text(const char *field)
{
	struct preference preferences[FORM_COUNT] = {{0, 0}};
	const char *end;

	if (field == NULL)
		return false;
	for (const char *at = field; *at != '\0'; at = *end == ',' ? end + 1 : end) {
		struct range range;

		end = end_of(at);
		if (!parse_range(skip_blanks(at, end), end, &range))
			continue;
		for (unsigned i = 0; i < FORM_COUNT; i++) {
			const int specific = specificity(&range, i);
			struct preference *known = &preferences[i];

			/* Of two that say the same of a type, the better one counts. */
			if (specific == 0 || specific < known->specificity ||
			    (specific == known->specificity && range.weight <= known->weight))
				continue;
			*known = (struct preference){specific, range.weight};
		}
	}
	return preferences[FORM_TEXT].weight > preferences[FORM_JSON].weight;
}
