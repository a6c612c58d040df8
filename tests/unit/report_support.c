#include "report_support.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "report_text.h"
#include "support.h"

static const struct hd_config config = {
    .retention = 24 * HOUR, .grace = 15 * SECOND, .settle = 30 * MINUTE};

struct hd_test
test_of(const char *came)
{
	struct hd_test test = {.alias = ALIAS, .created = CREATED};

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		struct hd_delivery *delivery = &test.deliveries[i];

		if (came[i] == 'o')
			test.offered[i] = CREATED + 5 * SECOND;
		if (came[i] == 'o' || came[i] == '-')
			continue;
		*delivery = (struct hd_delivery){true, CREATED + (10 + (int)i) * SECOND,
		    {HD_TRANSPORT_UNKNOWN, "", "", "192.0.2.1", "mail.example.org"}};
		if (came[i] == 'c')
			delivery->evidence.transport = HD_TRANSPORT_CLEAR;
		if (came[i] == 't') {
			delivery->evidence.transport = HD_TRANSPORT_TLS;
			strcpy(delivery->evidence.tls_protocol, "TLSv1.3");
			strcpy(delivery->evidence.tls_cipher, "TLS_AES_256_GCM_SHA384");
		}
	}
	return test;
}

char *
text_of(const struct hd_test *test, int64_t now, const char *domain)
{
	struct hd_buffer buffer;
	struct hd_report report;

	hd_report_make(test, CREATED + now, &config, &report);
	assert_int_equal(hd_buffer_open(&buffer), HD_OK);
	hd_report_text(buffer.out, test, &report, domain);
	assert_int_equal(hd_buffer_close(&buffer, HD_OK), HD_OK);
	return buffer.text;
}

void
check_form(const char *claim, const char *text, bool final)
{
	const char *end;

	for (const char *line = text; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		if (end == NULL)
			fail_msg("%s: the last line does not end", claim);
		if (end - line > 80)
			fail_msg("%s: too long: %.*s", claim, (int)(end - line), line);
		if (end > line && end[-1] == ' ')
			fail_msg("%s: blanks at the end: %.*s", claim, (int)(end - line), line);
		if (end == line && (end[1] == '\n' || end[1] == '\0'))
			fail_msg("%s: an empty line too many", claim);
		for (const char *at = line; at < end; at++) {
			if (*at < ' ' || *at > '~')
				fail_msg("%s: not printable: %.*s", claim, (int)(end - line), line);
		}
	}
	check_int(claim, strstr(text, "so far") != NULL, !final);
	check_int(claim, strstr(text, "So far: ") != NULL, !final);
	check_int(claim, strstr(text, "What we observed so far:") != NULL, !final);
	check_int(claim, strstr(text, "What that proves so far:") != NULL, !final);
	check_int(claim, strstr(text, "What it does not prove so far:") != NULL, !final);
	check_int(claim, strstr(text, ", final\n") != NULL, final);
}

char *
flat(const char *text)
{
	char *copy = malloc(strlen(text) + 1);
	char *to = copy;

	assert_non_null(copy);
	for (; *text != '\0'; text++) {
		const char c = *text == '\n' ? ' ' : *text;

		if (c != ' ' || to == copy || to[-1] != ' ')
			*to++ = c;
	}
	*to = '\0';
	return copy;
}

void
check_has(const char *claim, const char *text, const char *wanted)
{
	if (strstr(text, wanted) == NULL)
		fail_msg("%s: \"%s\" is not in: %s", claim, wanted, text);
}

void
check_lacks(const char *claim, const char *text, const char *unwanted)
{
	if (strstr(text, unwanted) != NULL)
		fail_msg("%s: \"%s\" is in: %s", claim, unwanted, text);
}
