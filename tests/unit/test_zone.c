/* The zone records: the whole text, and what is refused. */
#include "zone.h"

#include <json_object.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config.h"
#include "support.h"
#include "zone_json.h"

static const struct hd_cert_digests known = {.leaf = {0x12, 0x34}, .ca = {0xab, 0xcd}};

#define ZEROS "000000000000000000000000000000000000000000000000000000000000"
#define ONES  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

/* write_zone - *text is the caller's to free */
static enum hd_error
write_zone(const struct hd_zone *zone, enum hd_zone_form form, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);
	enum hd_error error;

	assert_non_null(out);
	error = hd_zone_write(out, zone, form);
	assert_int_equal(fclose(out), 0);
	return error;
}

/* only_records - drop comments and empty lines, in place */
static void
only_records(char *text)
{
	char *to = text;

	for (char *line = text, *next; *line != '\0'; line = next) {
		size_t length = strcspn(line, "\n");

		next = line + length + (line[length] == '\n');
		if (length == 0 || line[0] == ';')
			continue;
		memmove(to, line, (size_t)(next - line));
		to += next - line;
	}
	*to = '\0';
}

static void
test_records(void **state)
{
	static const struct {
		const char *claim;
		struct hd_zone zone;
		const char *records;
	} rows[] = {
	    {"both families, addresses normalized",
		{"havedane.test", "192.0.2.1", "2001:DB8:0:0::1", 300, &known},
		"do.havedane.test. 300 IN MX 10 do.havedane.test.\n"
		"do.havedane.test. 300 IN A 192.0.2.1\n"
		"do.havedane.test. 300 IN AAAA 2001:db8::1\n"
		"_25._tcp.do.havedane.test. 300 IN TLSA 3 1 1 1234" ZEROS "\n"
		"_25._tcp.do.havedane.test. 300 IN TLSA 2 1 1 abcd" ZEROS "\n"
		"dont.havedane.test. 300 IN MX 10 dont.havedane.test.\n"
		"dont.havedane.test. 300 IN A 192.0.2.1\n"
		"dont.havedane.test. 300 IN AAAA 2001:db8::1\n"
		"wrong.havedane.test. 300 IN MX 10 wrong.havedane.test.\n"
		"wrong.havedane.test. 300 IN A 192.0.2.1\n"
		"wrong.havedane.test. 300 IN AAAA 2001:db8::1\n"
		"_25._tcp.wrong.havedane.test. 300 IN TLSA 3 1 1 edcb" ONES "\n"},
	    {"IPv4 only, another TTL", {"d.example", "198.51.100.7", NULL, 60, &known},
		"do.d.example. 60 IN MX 10 do.d.example.\n"
		"do.d.example. 60 IN A 198.51.100.7\n"
		"_25._tcp.do.d.example. 60 IN TLSA 3 1 1 1234" ZEROS "\n"
		"_25._tcp.do.d.example. 60 IN TLSA 2 1 1 abcd" ZEROS "\n"
		"dont.d.example. 60 IN MX 10 dont.d.example.\n"
		"dont.d.example. 60 IN A 198.51.100.7\n"
		"wrong.d.example. 60 IN MX 10 wrong.d.example.\n"
		"wrong.d.example. 60 IN A 198.51.100.7\n"
		"_25._tcp.wrong.d.example. 60 IN TLSA 3 1 1 edcb" ONES "\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text;

		check_int(rows[i].claim, write_zone(&rows[i].zone, HD_ZONE_BIND, &text), HD_OK);
		only_records(text);
		check_text(rows[i].claim, text, rows[i].records);
		free(text);
	}
}

/* RFC 3597, section 5: the number of the type, "\\#", the length in bytes, hexadecimal. */
static void
test_generic(void **state)
{
	const struct hd_zone zone = {"d.example", "192.0.2.1", NULL, 300, &known};
	char *text;

	(void)state;
	check_int("written", write_zone(&zone, HD_ZONE_GENERIC, &text), HD_OK);
	only_records(text);
	check_text("TLSA only differs", text,
	    "do.d.example. 300 IN MX 10 do.d.example.\n"
	    "do.d.example. 300 IN A 192.0.2.1\n"
	    "_25._tcp.do.d.example. 300 IN TYPE52 \\# 35 0301011234" ZEROS "\n"
	    "_25._tcp.do.d.example. 300 IN TYPE52 \\# 35 020101abcd" ZEROS "\n"
	    "dont.d.example. 300 IN MX 10 dont.d.example.\n"
	    "dont.d.example. 300 IN A 192.0.2.1\n"
	    "wrong.d.example. 300 IN MX 10 wrong.d.example.\n"
	    "wrong.d.example. 300 IN A 192.0.2.1\n"
	    "_25._tcp.wrong.d.example. 300 IN TYPE52 \\# 35 030101edcb" ONES "\n");
	free(text);
}

static void
test_json(void **state)
{
	static const char *const objects[] = {
	    "{\"name\":\"do.d.example.\",\"type\":\"MX\",\"ttl\":60,\"data\":\"10 do.d.example.\","
	    "\"priority\":10,\"target\":\"do.d.example.\"}",
	    "{\"name\":\"do.d.example.\",\"type\":\"A\",\"ttl\":60,\"data\":\"192.0.2.1\"}",
	    "{\"name\":\"do.d.example.\",\"type\":\"AAAA\",\"ttl\":60,\"data\":\"2001:db8::1\"}",
	    "{\"name\":\"_25._tcp.do.d.example.\",\"type\":\"TLSA\",\"ttl\":60,\"data\":\"3 1 1 "
	    "1234" ZEROS
	    "\",\"usage\":3,\"selector\":1,\"matching_type\":1,\"certificate\":\"1234" ZEROS "\"}",
	};
	const struct hd_zone zone = {"d.example", "192.0.2.1", "2001:DB8::1", 60, &known};
	struct json_object *json;

	(void)state;
	check_int("made", hd_zone_json(&zone, &json), HD_OK);
	check_int("an object for each record", (int64_t)json_object_array_length(json), 12);
	for (size_t i = 0; i < COUNT_OF(objects); i++)
		check_text(objects[i],
		    json_object_to_json_string_ext(json_object_array_get_idx(json, i),
			JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
		    objects[i]);
	(void)json_object_put(json);
}

static enum hd_error
stop_at_second(const struct hd_zone_record *record, void *context)
{
	int *calls = context;

	(void)record;
	return ++*calls == 2 ? HD_FULL : HD_OK;
}

static void
test_walk_ends_on_an_error(void **state)
{
	const struct hd_zone zone = {"d.example", "192.0.2.1", NULL, 60, &known};
	int calls = 0;

	(void)state;
	check_int("passed on", hd_zone_walk(&zone, stop_at_second, &calls), HD_FULL);
	check_int("and no further", calls, 2);
}

/* What the sysadmin must be told. */
static void
test_comments(void **state)
{
	static const char *const wanted[] = {
	    "; ALL of them must be in a zone that is signed with DNSSEC",
	    "; DNSSEC signs a zone, so that everyone can check",
	    "No name here may be a\n; CNAME.",
	    "; There must be nothing at this name or below it: _25._tcp.dont.havedane.test.\n",
	    "; Wrong ON PURPOSE, do not correct it: _25._tcp.wrong.havedane.test.\n",
	};
	const struct hd_zone zone = {"havedane.test", "192.0.2.1", NULL, 300, &known};
	char *text;

	(void)state;
	check_int("written", write_zone(&zone, HD_ZONE_BIND, &text), HD_OK);
	for (size_t i = 0; i < COUNT_OF(wanted); i++)
		check_true(wanted[i], strstr(text, wanted[i]) != NULL);
	free(text);
}

static void
test_longest_domain(void **state)
{
	char domain[HD_DOMAIN_SIZE];
	const struct hd_zone zone = {domain, "192.0.2.1", NULL, 300, &known};
	char *text, *line;

	(void)state;
	memset(domain, 'a', sizeof(domain) - 1);
	for (size_t i = 50; i < sizeof(domain) - 1; i += 50)
		domain[i] = '.';
	domain[sizeof(domain) - 1] = '\0';
	check_int("written", write_zone(&zone, HD_ZONE_BIND, &text), HD_OK);
	line = strstr(text, "\nwrong.");
	check_true("it is there", line != NULL);
	check_true("and whole", strncmp(line + strlen("\nwrong."), domain, strlen(domain)) == 0);
	free(text);
}

static void
test_refused_addresses(void **state)
{
	static const struct {
		const char *ipv4;
		const char *ipv6;
		const char *logged;
	} rows[] = {
	    {"", NULL, "\"\" is no IPv4 address"},
	    {"192.0.2", NULL, "\"192.0.2\" is no IPv4 address"},
	    {"192.0.2.256", NULL, "is no IPv4 address"},
	    {"192.0.2.01", NULL, "is no IPv4 address"},
	    {" 192.0.2.1", NULL, "is no IPv4 address"},
	    {"192.0.2.1\nx. IN A 192.0.2.2", NULL, "is no IPv4 address"},
	    {"2001:db8::1", NULL, "is no IPv4 address"},
	    {"mail.example", NULL, "is no IPv4 address"},
	    {"192.0.2.1", "", "\"\" is no IPv6 address"},
	    {"192.0.2.1", "192.0.2.1", "\"192.0.2.1\" is no IPv6 address"},
	    {"192.0.2.1", "[2001:db8::1]", "is no IPv6 address"},
	    {"192.0.2.1", "fe80::1%eth0", "is no IPv6 address"},
	    {"192.0.2.1", "2001:db8::1::2", "is no IPv6 address"},
	    {"192.0.2.1", "2001:db8::1/64", "is no IPv6 address"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		const struct hd_zone zone = {
		    "havedane.test", rows[i].ipv4, rows[i].ipv6, 300, &known};
		struct json_object *json;
		char *text;

		check_int(rows[i].logged, write_zone(&zone, HD_ZONE_BIND, &text), HD_INVALID);
		check_text(rows[i].logged, text, "");
		check_logged(rows[i].logged, HD_LOG_ERROR, rows[i].logged);
		free(text);

		check_int(rows[i].logged, hd_zone_json(&zone, &json), HD_INVALID);
		check_true(rows[i].logged, json == NULL);
		check_logged(rows[i].logged, HD_LOG_ERROR, rows[i].logged);
	}
}

static void
test_full_disk(void **state)
{
	const struct hd_zone zone = {"havedane.test", "192.0.2.1", NULL, 300, &known};
	FILE *out = fopen("/dev/full", "we");

	(void)state;
	assert_non_null(out);
	check_int("not taken for written", hd_zone_write(out, &zone, HD_ZONE_BIND), HD_IO);
	check_logged("said so", HD_LOG_ERROR, "cannot print the records");
	(void)fclose(out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_records),
	    UNIT_TEST(test_generic),
	    UNIT_TEST(test_json),
	    UNIT_TEST(test_walk_ends_on_an_error),
	    UNIT_TEST(test_comments),
	    UNIT_TEST(test_longest_domain),
	    UNIT_TEST(test_refused_addresses),
	    UNIT_TEST(test_full_disk),
	};

	return RUN_TESTS(tests);
}
