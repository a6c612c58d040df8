/* What a configuration file may say, key by key. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define MINIMAL "[service]\ndomain = havedane.net\n"
#define SECOND  INT64_C(1000)
#define MINUTE  (60 * SECOND)
#define HOUR    (60 * MINUTE)
#define DAY     (24 * HOUR)

/* load - a configuration from a text; *config is all 'x' before */
static enum hd_error
load(const char *text, struct hd_config *config)
{
	memset(config, 'x', sizeof(*config));
	return hd_config_load(write_file("havedane.conf", text, strlen(text)), config);
}

/* check_refused - the text is wrong, logged with this line, and config is untouched */
static void
check_refused(const char *claim, const char *text, unsigned line, const char *message)
{
	struct hd_config config, before;
	char expected[64];

	memset(&before, 'x', sizeof(before));
	check_int(claim, load(text, &config), HD_CONFIG);
	check_true("config is untouched", memcmp(&config, &before, sizeof(config)) == 0);
	(void)snprintf(expected, sizeof(expected), "/havedane.conf:%u: %s", line, message);
	check_logged(claim, HD_LOG_ERROR, expected);
	check_log_quiet(claim);
}

static void
absent_keys_have_defaults(void **state)
{
	struct hd_config config;

	(void)state;
	check_int("the domain is enough", load(MINIMAL, &config), HD_OK);
	check_text("domain", config.domain, "havedane.net");
	check_int("backend", config.backend, HD_BACKEND_SQLITE);
	check_text("path", config.store_path, HD_LOCALSTATEDIR "/lib/havedane/havedane.db");
	check_text("conninfo", config.conninfo, "");
	check_text("fastcgi socket", config.fastcgi_socket, HD_RUNSTATEDIR "/havedane/fcgi.sock");
	check_int("threads", config.threads, 8);
	check_text("fastcgi group", config.fastcgi_group, "");
	check_text("postfix socket", config.postfix_socket, "");
	check_text("postfix group", config.postfix_group, "");
	check_int("retention", config.retention, 24 * HOUR);
	check_int("grace", config.grace, 15 * SECOND);
	check_int("settle", config.settle, 30 * MINUTE);
	check_int("limit", config.limit, 100000);
}

static void
every_key_is_set(void **state)
{
	struct hd_config config;

	(void)state;
	check_int("all of them",
	    load("[service]\ndomain = Example.ORG\n"
		 "[store]\nbackend = postgresql\npath = /a/b.db\nconninfo = host=db user=x\n"
		 "[fastcgi]\nsocket = /a/fcgi.sock\nthreads = 3\ngroup = www-data\n"
		 "[postfix]\nsocket = /a/alias.sock\ngroup = postfix\n"
		 "[test]\nretention = 2d\ngrace = 20s\nsettle = 45m\nlimit = 17\n",
		&config),
	    HD_OK);
	check_text("domain, in lower case", config.domain, "example.org");
	check_int("backend", config.backend, HD_BACKEND_POSTGRESQL);
	check_text("path", config.store_path, "/a/b.db");
	check_text("conninfo, with an = in it", config.conninfo, "host=db user=x");
	check_text("fastcgi socket", config.fastcgi_socket, "/a/fcgi.sock");
	check_int("threads", config.threads, 3);
	check_text("fastcgi group", config.fastcgi_group, "www-data");
	check_text("postfix socket", config.postfix_socket, "/a/alias.sock");
	check_text("postfix group", config.postfix_group, "postfix");
	check_int("retention", config.retention, 2 * DAY);
	check_int("grace", config.grace, 20 * SECOND);
	check_int("settle", config.settle, 45 * MINUTE);
	check_int("limit", config.limit, 17);
}

#define MEMBER(name) offsetof(struct hd_config, name)

/* Other durations are set so that only the value in question can be wrong. */
static const struct {
	const char *section;
	const char *key;
	const char *others;
	size_t member;
	struct {
		const char *text;
		int64_t number; /* in the member */
	} good[6];
	const char *bad[24];
} ranges[] = {
    {"fastcgi", "threads", "", MEMBER(threads), {{"1", 1}, {"256", 256}, {"007", 7}},
	{"0", "257", "-1", "+1", "1.5", "1e2", "0x10", "ten", "8 8", "8,", "9999999999",
	    "99999999999999999999", "4294967297", "18446744073709551617", "\xd9\xa3"}},
    {"test", "limit", "", MEMBER(limit), {{"1", 1}, {"10000000", 10000000}},
	{"0", "10000001", "-1", "1k", "1_000", "1000 tests", "18446744073709551617"}},
    {"test", "retention", "grace = 1s\nsettle = 1m\n", MEMBER(retention),
	{{"1m", MINUTE}, {"60s", MINUTE}, {"30d", 30 * DAY}, {"720h", 30 * DAY},
	    {"2592000s", 30 * DAY}, {"43200m", 30 * DAY}},
	{"59s", "0d", "31d", "2592001s", "43201m", "24", "h", "24H", "1d12h", "-1d", "+1d", "1.5d",
	    "24 h", "1w", "1M", "1ms", "h24", "9999999999d", "99999999999s",
	    "18446744073709551617s"}},
    {"test", "grace", "settle = 24h\n", MEMBER(grace),
	{{"1s", SECOND}, {"86400s", DAY}, {"24h", DAY}, {"1d", DAY}, {"1440m", DAY}},
	{"0s", "86401s", "25h", "2d", "500ms", "15", "-1s"}},
    {"test", "settle", "grace = 1s\n", MEMBER(settle),
	{{"1s", SECOND}, {"86400s", DAY}, {"24h", DAY}, {"1d", DAY}},
	{"0s", "86401s", "25h", "2d", "half an hour", "30", "-1s"}},
};

static void
numbers_are_in_range(void **state)
{
	struct hd_config config;
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ranges); i++) {
		for (size_t j = 0; j < COUNT_OF(ranges[i].good) && ranges[i].good[j].text; j++) {
			int64_t number;

			(void)snprintf(text, sizeof(text), MINIMAL "[%s]\n%s%s = %s\n",
			    ranges[i].section, ranges[i].others, ranges[i].key,
			    ranges[i].good[j].text);
			check_int(text, load(text, &config), HD_OK);
			memcpy(&number, (char *)&config + ranges[i].member, sizeof(number));
			check_int(text, number, ranges[i].good[j].number);
		}
	}
}

static void
numbers_out_of_range_are_refused(void **state)
{
	char text[512];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(ranges); i++) {
		for (size_t j = 0; j < COUNT_OF(ranges[i].bad) && ranges[i].bad[j]; j++) {
			/* The line before the last newline is the wrong one. */
			unsigned line = 4;

			for (const char *p = ranges[i].others; *p != '\0'; p++)
				line += *p == '\n';
			(void)snprintf(text, sizeof(text), MINIMAL "[%s]\n%s%s = %s\n# end\n",
			    ranges[i].section, ranges[i].others, ranges[i].key, ranges[i].bad[j]);
			check_refused(text, text, line, ranges[i].key);
		}
	}
}

#define LABEL_63 "abcdefghijklmnopqrstuvwxyz0123456789-bcdefghijklmnopqrstuvwxyz0"
/* 3 * 64 + 35 is 227 bytes, the longest there may be */
#define LONG_227 LABEL_63 "." LABEL_63 "." LABEL_63 ".bcdefghijklmnopqrstuvwxyz012345.net"

static const struct {
	const char *claim;
	const char *value;
	const char *domain; /* NULL: refused */
} domains[] = {
    {"two labels", "havedane.net", "havedane.net"},
    {"more labels", "a.b.c.d.example.org", "a.b.c.d.example.org"},
    {"upper case is put into lower case", "HaveDANE.Net", "havedane.net"},
    {"digits and inner hyphens", "4-2--1.example.org", "4-2--1.example.org"},
    {"an internationalised one", "xn--bcher-kva.example", "xn--bcher-kva.example"},
    {"a label of 63", LABEL_63 ".net", LABEL_63 ".net"},
    {"227 bytes", LONG_227, LONG_227},
    {"228 bytes", "a" LONG_227, NULL},
    {"300 bytes", LONG_227 "." LABEL_63, NULL},
    {"a label of 64", "a" LABEL_63 ".net", NULL},
    {"a last label of 64", "havedane.a" LABEL_63, NULL},
    {"no dot", "localhost", NULL},
    {"nothing", "", NULL},
    {"a dot alone", ".", NULL},
    {"a dot in front", ".havedane.net", NULL},
    {"a dot behind", "havedane.net.", NULL},
    {"two dots", "havedane..net", NULL},
    {"a hyphen in front", "-havedane.net", NULL},
    {"a hyphen behind", "havedane.net-", NULL},
    {"a hyphen before a dot", "havedane-.net", NULL},
    {"a hyphen behind a dot", "havedane.-net", NULL},
    {"only a hyphen between dots", "a.-.net", NULL},
    {"an underscore", "have_dane.net", NULL},
    {"a blank", "have dane.net", NULL},
    {"an @", "me@havedane.net", NULL},
    {"a slash", "havedane.net/", NULL},
    {"a port", "havedane.net:25", NULL},
    {"a wildcard", "*.havedane.net", NULL},
    {"quotes", "\"havedane.net\"", NULL},
    {"UTF-8",
	"b\xc3\xbc"
	"cher.example",
	NULL},
    {"latin-1",
	"b\xfc"
	"cher.example",
	NULL},
    {"control characters", "have\001dane.net", NULL},
};

static void
domain_is_a_host_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(domains); i++) {
		struct hd_config config;
		char text[512];

		(void)snprintf(
		    text, sizeof(text), "# first\n[service]\ndomain = %s\n", domains[i].value);
		if (domains[i].domain == NULL) {
			check_refused(domains[i].claim, text, 3, "domain = ");
			continue;
		}
		check_int(domains[i].claim, load(text, &config), HD_OK);
		check_text(domains[i].claim, config.domain, domains[i].domain);
	}
}

static const struct {
	const char *claim;
	const char *section;
	const char *key;
	const char *value;
	int length; /* the value is filled up with 'x' to this; 0: as it is */
	bool good;
} texts[] = {
    {"a path of 1023 bytes", "store", "path", "/", 1023, true},
    {"a path of 1024 bytes", "store", "path", "/", 1024, false},
    {"a relative path", "store", "path", "havedane.db", 0, false},
    {"a path that begins with a dot", "store", "path", "./havedane.db", 0, false},
    {"no path", "store", "path", "", 0, false},
    {"a URI", "store", "path", "file:/a?mode=memory", 0, false},
    {"a database in memory", "store", "path", ":memory:", 0, false},
    {"blanks in a path", "store", "path", "/a b/c", 0, true},
    {"conninfo of 1023 bytes", "store", "conninfo", "", 1023, true},
    {"conninfo of 1024 bytes", "store", "conninfo", "", 1024, false},
    {"an empty conninfo", "store", "conninfo", "", 0, true},
    {"backend in upper case", "store", "backend", "SQLite", 0, false},
    {"an unknown backend", "store", "backend", "mysql", 0, false},
    {"no backend", "store", "backend", "", 0, false},
    {"a socket of 107 bytes", "fastcgi", "socket", "/", 107, true},
    {"a socket of 108 bytes", "fastcgi", "socket", "/", 108, false},
    {"a relative socket", "fastcgi", "socket", "fcgi.sock", 0, false},
    {"a TCP socket", "fastcgi", "socket", "127.0.0.1:9000", 0, false},
    {"no socket", "fastcgi", "socket", "", 0, false},
    {"a group of 32 bytes", "fastcgi", "group", "", 32, true},
    {"a group of 33 bytes", "fastcgi", "group", "", 33, false},
    {"an empty group", "fastcgi", "group", "", 0, true},
    {"Postfix's socket of 107 bytes", "postfix", "socket", "/", 107, true},
    {"Postfix's socket of 108 bytes", "postfix", "socket", "/", 108, false},
    {"Postfix's socket empty: none", "postfix", "socket", "", 0, true},
    {"Postfix's socket relative", "postfix", "socket", "alias.sock", 0, false},
    {"Postfix's group of 33 bytes", "postfix", "group", "", 33, false},
};

static void
texts_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(texts); i++) {
		struct hd_config config;
		char value[1100], text[1200];

		memset(value, 'x', sizeof(value));
		memcpy(value, texts[i].value, strlen(texts[i].value));
		value[texts[i].length == 0 ? strlen(texts[i].value) : (size_t)texts[i].length] =
		    '\0';
		(void)snprintf(text, sizeof(text), MINIMAL "\n[%s]\n%s = %s\n", texts[i].section,
		    texts[i].key, value);
		if (texts[i].good)
			check_int(texts[i].claim, load(text, &config), HD_OK);
		else
			check_refused(texts[i].claim, text, 5, texts[i].key);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(absent_keys_have_defaults),
	    UNIT_TEST(every_key_is_set),
	    UNIT_TEST(numbers_are_in_range),
	    UNIT_TEST(numbers_out_of_range_are_refused),
	    UNIT_TEST(domain_is_a_host_name),
	    UNIT_TEST(texts_are_checked),
	};

	return RUN_TESTS(tests);
}
