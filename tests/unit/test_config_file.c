/* The configuration file as a file: its lines, its sections, and files that are none. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config.h"
#include "support.h"

#define DOMAIN  "domain = havedane.net\n"
#define MINIMAL "[service]\n" DOMAIN

static const struct {
	const char *claim;
	const char *text;
	int64_t grace;
} accepted[] = {
    {"no newline at the end", MINIMAL "[test]\ngrace = 5s", 5000},
    {"CR LF", "[service]\r\ndomain = havedane.net\r\n[test]\r\ngrace = 5s\r\n", 5000},
    {"empty lines and comments",
	"\n; a\n# b\n\n[service]\n;grace = 1s\n" DOMAIN "\n\n# [x]\n[test]\n  # c\ngrace = 5s\n",
	5000},
    {"a comment behind a value", MINIMAL "[test] ; durations\ngrace = 5s ; not long\n", 5000},
    {"no blanks around =", MINIMAL "[test]\ngrace=5s\n", 5000},
    {"many blanks", MINIMAL "[test]\n\t grace \t = \t 5s \t \n", 5000},
    {"indented lines are keys of their own, no continuation",
	"[service]\n  domain = havedane.net\n  [test]\n    settle = 1h\n    grace = 5s\n", 5000},
    {"a section in two parts", "[test]\nsettle = 1h\n" MINIMAL "[test]\ngrace = 5s\n", 5000},
    {"an empty section that there is", "[test]\n" MINIMAL "[store]\n", 15000},
    {"a byte order mark", "\xef\xbb\xbf" MINIMAL, 15000},
    {"grace equal to settle, settle to retention",
	MINIMAL "[test]\ngrace = 1h\nsettle = 60m\nretention = 3600s\n", 3600000},
};

static void
forms_of_lines_are_accepted(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(accepted); i++) {
		struct hd_config config;
		const char *file =
		    write_file("havedane.conf", accepted[i].text, strlen(accepted[i].text));

		check_int(accepted[i].claim, hd_config_load(file, &config), HD_OK);
		check_text(accepted[i].claim, config.domain, "havedane.net");
		check_int(accepted[i].claim, config.grace, accepted[i].grace);
		check_log_quiet(accepted[i].claim);
	}
}

static void
check_refused(const char *claim, const char *file, unsigned line, const char *message)
{
	struct hd_config config, before;
	char expected[256];

	memset(&before, 'x', sizeof(before));
	config = before;
	check_int(claim, hd_config_load(file, &config), HD_CONFIG);
	check_true("config is untouched", memcmp(&config, &before, sizeof(config)) == 0);
	(void)snprintf(expected, sizeof(expected), "%s:%u: %s", file, line, message);
	check_logged(claim, HD_LOG_ERROR, expected);
	check_log_quiet("one error is enough");
}

static const struct {
	const char *claim;
	const char *text;
	unsigned line;
	const char *message;
} refused[] = {
    {"an empty file", "", 1, "[service] must set \"domain\""},
    {"only a newline", "\n", 1, "[service] must set \"domain\""},
    {"only a section", "[service]\n", 1, "[service] must set \"domain\""},
    {"all but the required key", "[test]\ngrace = 1s\n[service]\n", 3,
	"[service] must set \"domain\""},
    {"the required key in another section", "[store]\n" DOMAIN, 2, "[store] has no key \"domain\""},
    {"a key before any section", DOMAIN MINIMAL, 1, "[] has no key \"domain\""},
    {"an unknown key", MINIMAL "[test]\ngraze = 1s\n", 4, "[test] has no key \"graze\""},
    {"a key in another letter case", "[service]\nDomain = havedane.net\n", 2,
	"[service] has no key \"Domain\""},
    {"a key of another section", MINIMAL "[store]\nthreads = 1\n", 4,
	"[store] has no key \"threads\""},
    {"a key without a name", MINIMAL "= 5\n", 3, "[service] has no key \"\""},
    {"an unknown section", MINIMAL "\n[tests]\ngrace = 1s\n", 4, "[tests] is no section"},
    {"an empty unknown section", MINIMAL "\n\n[tests]\n", 5, "[tests] is no section"},
    {"an indented unknown section", MINIMAL "\t[tests]\n", 3, "[tests] is no section"},
    {"a section in another letter case", MINIMAL "[Test]\n", 3, "[Test] is no section"},
    {"blanks in a section", MINIMAL "[ test ]\n", 3, "[ test ] is no section"},
    {"the beginning of a section's name", "[serv]\n" MINIMAL, 1, "[serv] is no section"},
    {"a section without a name", MINIMAL "[]\n", 3, "[] is no section"},
    {"a section that nobody closes", MINIMAL "[test\ngrace = 1s\n", 3, ""},
    {"a key behind a section", MINIMAL "[test] grace = 1s\n", 3, ""},
    {"a key twice", MINIMAL "domain = example.org\n", 3, "\"domain\" is set on line 2 already"},
    {"a key twice with the same value", MINIMAL DOMAIN, 3, "\"domain\" is set on line 2 already"},
    {"a key twice, in two parts of a section", MINIMAL "[test]\ngrace = 1s\n[service]\n" DOMAIN, 6,
	"\"domain\" is set on line 2 already"},
    {"no =", MINIMAL "[test]\ngrace 5s\nsettle = 1h\n", 4, ""},
    {"no =, and then another error", MINIMAL "[test]\ngrace 5s\ngraze = 1s\n", 4, ""},
    {"a word", "havedane.net\n" MINIMAL, 1, ""},
    {"an indented word is no continuation", MINIMAL "  .example.org\n", 3, ""},
    {"the first of two errors", MINIMAL "[test]\ngrace = x\nsettle = y\n", 4, "grace = x: "},
    {"grace over settle", MINIMAL "[test]\ngrace = 2h\nsettle = 1h\n", 5,
	"grace is longer than settle"},
    {"in the other order", MINIMAL "[test]\nsettle = 1h\ngrace = 2h\n", 5,
	"grace is longer than settle"},
    {"grace over the default of settle", MINIMAL "[test]\ngrace = 31m\n", 4,
	"grace is longer than settle"},
    {"settle below the default of grace", MINIMAL "[test]\nsettle = 14s\n#\n", 4,
	"grace is longer than settle"},
    {"grace over settle by a second", MINIMAL "[test]\ngrace = 61s\nsettle = 1m\n", 5,
	"grace is longer than settle"},
    {"settle over retention", MINIMAL "[test]\nretention = 1h\nsettle = 61m\n", 5,
	"settle is longer than retention"},
    {"in the other order", MINIMAL "[test]\nsettle = 61m\nretention = 1h\n", 5,
	"settle is longer than retention"},
    {"retention below the default of settle", MINIMAL "[test]\nretention = 29m\n", 4,
	"settle is longer than retention"},
    {"lone CR is no newline", "[service]\rdomain = havedane.net\r", 1, ""},
};

static void
wrong_lines_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++)
		check_refused(refused[i].claim,
		    write_file("havedane.conf", refused[i].text, strlen(refused[i].text)),
		    refused[i].line, refused[i].message);
}

/* long_line - a file whose third line is a comment of so many bytes, without its newline */
static const char *
long_line(size_t bytes)
{
	static const char head[] = "[service]\n" DOMAIN;
	static const char tail[] = "\n[test]\ngrace = 5s\n";
	size_t length = sizeof(head) - 1;
	char *text = malloc(sizeof(head) + bytes + sizeof(tail));
	const char *path;

	assert_non_null(text);
	memcpy(text, head, length);
	memset(text + length, '#', bytes);
	length += bytes;
	memcpy(text + length, tail, sizeof(tail) - 1);
	length += sizeof(tail) - 1;
	path = write_file("havedane.conf", text, length);
	free(text);
	return path;
}

static void
overlong_lines_are_refused(void **state)
{
	struct hd_config config;

	(void)state;
	check_int(
	    "200 bytes, where inih splits lines", hd_config_load(long_line(200), &config), HD_OK);
	check_int("and what follows is read", config.grace, 5000);
	check_int("2046 bytes and the newline", hd_config_load(long_line(2046), &config), HD_OK);
	check_int("and what follows is read", config.grace, 5000);
	check_refused("2047 bytes", long_line(2047), 3, "the line is longer than 2047 bytes");
	check_refused("10,000 bytes", long_line(10000), 3, "the line is longer than 2047 bytes");
}

static void
large_files_are_refused(void **state)
{
	enum { LIMIT = 64 * 1024 };
	char *text = malloc(LIMIT + 1);
	struct hd_config config;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', LIMIT + 1);
	memcpy(text, MINIMAL, sizeof(MINIMAL) - 1);
	check_int("64 KiB", hd_config_load(write_file("a.conf", text, LIMIT), &config), HD_OK);
	check_refused("one byte more", write_file("b.conf", text, LIMIT + 1), 1,
	    "the file is larger than 65536 bytes");
	free(text);
}

static void
nul_bytes_are_refused(void **state)
{
	static const char inside[] = MINIMAL "[test]\ngrace = 1s\0\n";
	static const char at_the_end[] = MINIMAL "\0"; /* and one of the compiler's */

	(void)state;
	check_refused("NUL in a value: nothing may hide behind it",
	    write_file("a.conf", inside, sizeof(inside) - 1), 1, "the file has a NUL byte in it");
	check_refused("NUL at the end", write_file("b.conf", at_the_end, sizeof(at_the_end) - 1), 1,
	    "the file has a NUL byte in it");
}

static void
what_is_no_file_is_refused(void **state)
{
	const char *pipe_path = temp_path("pipe");

	(void)state;
	check_refused("a missing file", temp_path("missing.conf"), 1,
	    "cannot open the configuration: No such file or directory");
	check_refused("a folder", temp_dir(), 1, "is not a regular file");
	check_refused("a device", "/dev/null", 1, "is not a regular file");
	assert_int_equal(mkfifo(pipe_path, 0600), 0);
	check_refused(
	    "a pipe that nobody writes: it does not hang", pipe_path, 1, "is not a regular file");
}

static int
load_in_child(void *file)
{
	struct hd_config config;

	return hd_config_load(file, &config) == HD_CONFIG &&
		       was_logged(HD_LOG_ERROR, "cannot open the configuration: Permission denied")
		   ? 0
		   : 1;
}

/* root may read everything: somebody else has to try */
static void
unreadable_files_are_refused(void **state)
{
	char *file = strdup(write_file("havedane.conf", MINIMAL, sizeof(MINIMAL) - 1));

	(void)state;
	assert_non_null(file);
	assert_int_equal(chmod(file, 0), 0);
	assert_int_equal(chmod(temp_dir(), 0755), 0);
	check_int("a file without read access", run_child(load_in_child, file), 0);
	free(file);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(forms_of_lines_are_accepted),
	    UNIT_TEST(wrong_lines_are_named),
	    UNIT_TEST(overlong_lines_are_refused),
	    UNIT_TEST(large_files_are_refused),
	    UNIT_TEST(nul_bytes_are_refused),
	    UNIT_TEST(what_is_no_file_is_refused),
	    UNIT_TEST(unreadable_files_are_refused),
	};

	return RUN_TESTS(tests);
}
