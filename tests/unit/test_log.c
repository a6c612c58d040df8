/* A log line is one line, whatever goes into it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support.h"

static enum hd_log_level last_level;
static char last_text[4096];

static void
keep_last(enum hd_log_level level, const char *message)
{
	last_level = level;
	(void)snprintf(last_text, sizeof(last_text), "%s", message);
	errno = EBADF; /* as a sink that writes may */
}

static void
levels_are_kept(void **state)
{
	(void)state;
	hd_log_to(keep_last);
	hd_error("no %s", "disk");
	check_int("hd_error is an error", last_level, HD_LOG_ERROR);
	check_text("the format is followed", last_text, "no disk");
	hd_warning("%d odd", 2);
	check_int("hd_warning is a warning", last_level, HD_LOG_WARNING);
	check_text("the format is followed", last_text, "2 odd");
	hd_info("%s", "");
	check_int("hd_info is an event", last_level, HD_LOG_INFO);
	check_text("an empty line is allowed", last_text, "");
}

static const struct {
	const char *claim;
	const char *input;
	const char *line;
} neutralised[] = {
    {"printable ASCII stays", " !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~",
	" !\"#$%&'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~"},
    {"a newline cannot begin a second line", "a\nhavedane: forged", "a?havedane: forged"},
    {"nor can a carriage return hide the line", "a\rb", "a?b"},
    {"tab", "a\tb", "a?b"},
    {"escape sequences do not reach a terminal", "\033[2Jb", "?[2Jb"},
    {"bell and delete", "\a\177", "??"},
    {"8-bit control characters",
	"\x9b"
	"1m",
	"?1m"},
    {"UTF-8 is not ASCII", "\xc3\xa4", "??"},
    {"a byte of all ones", "\xff", "?"},
    {"a format in the input is not followed", "%s%n%d", "%s%n%d"},
};

static void
control_characters_are_neutralised(void **state)
{
	(void)state;
	hd_log_to(keep_last);
	for (size_t i = 0; i < COUNT_OF(neutralised); i++) {
		hd_error("%s", neutralised[i].input);
		check_text(neutralised[i].claim, last_text, neutralised[i].line);
	}
}

static void
every_byte_comes_out_printable(void **state)
{
	(void)state;
	hd_log_to(keep_last);
	for (int byte = 1; byte < 256; byte++) {
		hd_info("%c", byte);
		check_int("one byte in, one out", (int)strlen(last_text), 1);
		check_true("and it is printable", last_text[0] >= ' ' && last_text[0] <= '~');
	}
}

static void
overlong_lines_are_cut(void **state)
{
	enum { LONG = 100000 };
	char *text = malloc(LONG + 1);

	(void)state;
	assert_non_null(text);
	memset(text, 'x', LONG);
	text[LONG] = '\0';
	hd_log_to(keep_last);
	hd_warning("begin %s end", text);
	free(text);
	check_int("to a kilobyte", (int)strlen(last_text), 1023);
	check_true("the beginning stays", strncmp(last_text, "begin xxx", 9) == 0);
}

static void
errno_is_preserved(void **state)
{
	(void)state;
	hd_log_to(keep_last);
	errno = ENOSPC;
	hd_error("x");
	check_int("over an error", errno, ENOSPC);
	hd_warning("x");
	check_int("over a warning", errno, ENOSPC);
	hd_info("x");
	check_int("over an event", errno, ENOSPC);
}

/* what_stderr_gets - what write_lines writes to stderr, as the caller's to free */
static char *
what_stderr_gets(void (*write_lines)(void))
{
	const char *path = temp_path("stderr");
	int saved = dup(STDERR_FILENO);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t length;

	assert_true(saved >= 0 && fd >= 0);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	write_lines();
	(void)fflush(stderr);
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
	(void)close(fd);
	(void)close(saved);
	return read_file(path, &length);
}

static void
write_one_of_each(void)
{
	hd_log_to_stderr("tester");
	hd_error("one");
	hd_warning("two\nthree");
	hd_info("four");
}

static void
stderr_lines_name_program_and_level(void **state)
{
	char *got = what_stderr_gets(write_one_of_each);

	(void)state;
	check_text("program, level unless it is an event, message", got,
	    "tester: error: one\ntester: warning: two?three\ntester: four\n");
	free(got);
}

static void *
write_hundred(void *letter)
{
	const char *word = letter;

	for (int i = 0; i < 100; i++)
		hd_info("%s", word);
	return NULL;
}

static void
write_from_four_threads(void)
{
	static char words[4][9] = {"aaaaaaaa", "bbbbbbbb", "cccccccc", "dddddddd"};
	pthread_t threads[4];

	hd_log_to_stderr("t");
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_hundred, words[i]), 0);
	for (size_t i = 0; i < COUNT_OF(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
}

static void
lines_of_threads_do_not_mix(void **state)
{
	char *got = what_stderr_gets(write_from_four_threads);
	unsigned count = 0;

	(void)state;
	for (char *line = strtok(got, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		count++;
		check_int("a whole line", (int)strlen(line), 11);
		check_int("of one thread", (int)strspn(line + 3, (char[]){line[3], '\0'}), 8);
	}
	check_int("none is lost", count, 400);
	free(got);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(levels_are_kept),
	    UNIT_TEST(control_characters_are_neutralised),
	    UNIT_TEST(every_byte_comes_out_printable),
	    UNIT_TEST(overlong_lines_are_cut),
	    UNIT_TEST(errno_is_preserved),
	    UNIT_TEST(stderr_lines_name_program_and_level),
	    UNIT_TEST(lines_of_threads_do_not_mix),
	};

	return RUN_TESTS(tests);
}
