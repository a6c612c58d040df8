/* Running other programs: what they get, what comes back, and how they can fail. */
#include "admin/program.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support.h"

enum { TIMEOUT = 20 * 1000 };

/* run - a shell script, as the program */
static enum hd_error
run(const char *script, const struct hd_program *more, struct hd_program_result *result)
{
	const char *const argv[] = {"sh", "-c", script, "sh", NULL};
	struct hd_program program = {.timeout = TIMEOUT};

	if (more != NULL)
		program = *more;
	program.argv = argv;
	return hd_program_run(&program, result);
}

static void
test_ends(void **state)
{
	static const struct {
		const char *claim;
		const char *script;
		int status;
		const char *output, *errors;
	} rows[] = {
	    {"silence", "exit 0", 0, "", ""},
	    {"its exit status", "exit 78", 78, "", ""},
	    {"both outputs, apart", "echo out; echo err >&2; exit 1", 1, "out\n", "err\n"},
	    {"a signal is 128 and its number", "kill -TERM $$", 128 + SIGTERM, "", ""},
	    {"output without a newline", "printf abc", 0, "abc", ""},
	    {"it starts in the root folder", "pwd", 0, "/\n", ""},
	    {"messages are not translated", "echo $LC_ALL", 0, "C\n", ""},
	    {"the path is ours", "echo $PATH", 0, HD_PROGRAM_PATH "\n", ""},
	    {"it gets nothing else of our environment", "echo \"<$HOME$HD_TEST>\"", 0, "<>\n", ""},
	    {"its input is empty", "cat", 0, "", ""},
	    {"none of our descriptors", "[ ! -e /dev/fd/9 ] && echo closed", 0, "closed\n", ""},
	    {"what it leaves in the background is not waited for", "sleep 60 & echo $(( 1 + 1 ))",
		0, "2\n", ""},
	    {"its output closed early", "exec >&- 2>&-; exit 3", 3, "", ""},
	};

	(void)state;
	assert_int_equal(setenv("HD_TEST", "secret", 1), 0);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hd_program_result result;

		check_int(rows[i].claim, run(rows[i].script, NULL, &result), HD_OK);
		check_int(rows[i].claim, result.status, rows[i].status);
		check_text(rows[i].claim, result.output, rows[i].output);
		check_text(rows[i].claim, result.errors, rows[i].errors);
		check_int(
		    rows[i].claim, (int64_t)result.output_size, (int64_t)strlen(rows[i].output));
		hd_program_result_clear(&result);
	}
}

static void
test_gets_what_it_is_given(void **state)
{
	static char large[300 * 1024];
	const char *const environment[] = {"A=1 $(id) ;", "B=", NULL};
	struct hd_program_result result;
	struct hd_program program = {.environment = environment, .timeout = TIMEOUT};

	(void)state;
	check_int("its environment", run("echo \"<$A> <$B>\"", &program, &result), HD_OK);
	check_text("as it is", result.output, "<1 $(id) ;> <>\n");
	hd_program_result_clear(&result);

	memset(large, 'x', sizeof(large));
	program.input = large;
	program.input_size = sizeof(large);
	check_int("its input", run("cat", &program, &result), HD_OK);
	check_int("is whole", (int64_t)result.output_size, sizeof(large));
	hd_program_result_clear(&result);
	check_int("input that it does not read", run("exit 5", &program, &result), HD_OK);
	check_int("harms nobody", result.status, 5);
	hd_program_result_clear(&result);
}

static void
test_arguments_are_not_for_a_shell(void **state)
{
	const char *const argv[] = {"printf", "%s|", "a b", "$HOME", "`id`;*", "", NULL};
	const struct hd_program program = {.argv = argv, .timeout = TIMEOUT};
	struct hd_program_result result;

	(void)state;
	check_int("run", hd_program_run(&program, &result), HD_OK);
	check_text("untouched", result.output, "a b|$HOME|`id`;*||");
	hd_program_result_clear(&result);
}

static void
test_as_another_user(void **state)
{
	const struct hd_program_user nobody = {65534, 65533};
	const struct hd_program program = {.user = &nobody, .timeout = TIMEOUT};
	struct hd_program_result result;

	(void)state;
	if (geteuid() == 0) {
		check_int("as root", run("id -u; id -G", &program, &result), HD_OK);
		check_text("with no other group", result.output, "65534\n65533\n");
		hd_program_result_clear(&result);
	} else {
		check_int("as somebody else", run("id", &program, &result), HD_IO);
		check_logged("says so", HD_LOG_ERROR, "sh: cannot run it: Operation not permitted");
	}
}

static void
test_no_program(void **state)
{
	const char *argv[] = {"havedane-no-such-program", NULL};
	const struct hd_program program = {.argv = argv, .timeout = TIMEOUT};
	struct hd_program_result result;

	(void)state;
	check_int("not in PATH", hd_program_run(&program, &result), HD_NONE);
	check_text("nothing is held", result.output, NULL);
	argv[0] = temp_path("none");
	check_int("not at its path", hd_program_run(&program, &result), HD_NONE);
	argv[0] = write_file("plain", "#!/bin/sh\n", 10);
	check_int("not executable", hd_program_run(&program, &result), HD_IO);
	check_logged("says which", HD_LOG_ERROR, "plain: cannot run it: Permission denied");
}

static void
test_too_much(void **state)
{
	const struct hd_program hasty = {.timeout = 200};
	struct hd_program_result result;

	(void)state;
	check_int("too long", run("echo $$; exec sleep 600", &hasty, &result), HD_IO);
	check_logged("too long", HD_LOG_ERROR, "sh: it did not end within 200 ms");
	check_int("children too", run("sleep 601 & wait", &hasty, &result), HD_IO);
	check_logged("children too", HD_LOG_ERROR, "sh: it did not end within 200 ms");
	check_int("output without an end", run("exec yes", NULL, &result), HD_IO);
	check_logged("output without an end", HD_LOG_ERROR, "prints more than 1048576 bytes");
	check_text("nothing is held", result.output, NULL);

	check_int("a megabyte", run("head -c 1048576 /dev/zero", NULL, &result), HD_OK);
	check_int("is not too much", (int64_t)result.output_size, HD_PROGRAM_OUTPUT_MAX);
	hd_program_result_clear(&result);
	check_int("errors", run("head -c 9000 /dev/zero >&2; echo x >&2", NULL, &result), HD_OK);
	check_int("are cut", (int64_t)strlen(result.errors), HD_PROGRAM_ERRORS_SIZE - 1);
	check_true("and are a text", result.errors[0] == '?');
	hd_program_result_clear(&result);
}

static void
test_with_children_ignored(void **state)
{
	struct hd_program_result result;

	(void)state;
	(void)signal(SIGCHLD, SIG_IGN);
	check_int("as some parents leave it", run("exit 4", NULL, &result), HD_OK);
	check_int("the status is known", result.status, 4);
	hd_program_result_clear(&result);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_ends),
	    UNIT_TEST(test_gets_what_it_is_given),
	    UNIT_TEST(test_arguments_are_not_for_a_shell),
	    UNIT_TEST(test_as_another_user),
	    UNIT_TEST(test_no_program),
	    UNIT_TEST(test_too_much),
	    UNIT_TEST(test_with_children_ignored),
	};

	return RUN_TESTS(tests);
}
