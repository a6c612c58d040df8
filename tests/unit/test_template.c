/* Templates: placeholders, lines repeated for each probe, and what is wrong with a file. */
#include "admin/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

static const struct hd_template_value values[] = {
    {"domain", "havedane.test"},
    {"empty", ""},
    {"tricky", "%{domain} $x %s"},
};

/* expand - *text is the caller's to free */
static enum hd_error
expand(const char *file, char **text)
{
	size_t size;
	FILE *out = open_memstream(text, &size);
	enum hd_error error;

	assert_non_null(out);
	error = hd_template_expand(file, values, COUNT_OF(values), out);
	assert_int_equal(fclose(out), 0);
	return error;
}

static void
test_expanded(void **state)
{
	static const struct {
		const char *claim;
		const char *template;
		const char *expanded;
	} rows[] = {
	    {"an empty file", "", ""},
	    {"nothing to replace", "a = b\n\n# c\n", "a = b\n\n# c\n"},
	    {"one", "at %{domain}.\n", "at havedane.test.\n"},
	    {"several, side by side", "%{domain}%{empty}%{domain}\n",
		"havedane.testhavedane.test\n"},
	    {"a line for each probe", "x\n@%{probe}.%{domain} %{probe}\ny\n",
		"x\n@do.havedane.test do\n@dont.havedane.test dont\n@wrong.havedane.test "
		"wrong\ny\n"},
	    {"values are not expanded again", "%{tricky}\n", "%{domain} $x %s\n"},
	    {"Postfix's own signs stay", "$a ${b} %s %d 100% } %\n", "$a ${b} %s %d 100% } %\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text;

		check_int(rows[i].claim,
		    expand(write_file("t", rows[i].template, strlen(rows[i].template)), &text),
		    HD_OK);
		check_text(rows[i].claim, text, rows[i].expanded);
		free(text);
	}
}

static void
test_refused(void **state)
{
	static const struct {
		const char *claim;
		const char *template;
		const char *logged;
	} rows[] = {
	    {"unknown", "a\nb\n%{nothing}\n", "t:3: unknown placeholder %{nothing}"},
	    {"letter case", "%{Domain}\n", "t:1: unknown placeholder %{Domain}"},
	    {"the beginning of a name", "%{dom}\n", "t:1: unknown placeholder %{dom}"},
	    {"more than a name", "%{domains}\n", "t:1: unknown placeholder %{domains}"},
	    {"blanks", "%{ domain }\n", "t:1: unknown placeholder %{ domain }"},
	    {"no name", "%{}\n", "t:1: unknown placeholder %{}"},
	    {"beside a probe", "a\n%{probe} %{nothing}\n", "t:2: unknown placeholder"},
	    {"not closed", "%{domain\n}\n", "t:1: \"%{\" without \"}\""},
	    {"not closed after one that is", "%{domain} %{\n", "t:1: \"%{\" without \"}\""},
	    {"cut off", "a\nb", "t:2: the line"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		char *text;

		check_int(rows[i].claim,
		    expand(write_file("t", rows[i].template, strlen(rows[i].template)), &text),
		    HD_CONFIG);
		check_logged(rows[i].claim, HD_LOG_ERROR, rows[i].logged);
		free(text);
	}
}

static void
test_line_length(void **state)
{
	char line[HD_TEMPLATE_LINE_MAX + 2];
	char *text;

	(void)state;
	memset(line, 'x', sizeof(line));
	line[HD_TEMPLATE_LINE_MAX - 1] = '\n';
	check_int("the longest", expand(write_file("t", line, HD_TEMPLATE_LINE_MAX), &text), HD_OK);
	check_int("is whole", (int64_t)strlen(text), HD_TEMPLATE_LINE_MAX);
	free(text);

	line[HD_TEMPLATE_LINE_MAX - 1] = 'x';
	line[HD_TEMPLATE_LINE_MAX] = '\n';
	check_int(
	    "one more", expand(write_file("t", line, HD_TEMPLATE_LINE_MAX + 1), &text), HD_CONFIG);
	check_logged("one more", HD_LOG_ERROR, "t:1: the line is longer than 1024 bytes");
	free(text);
}

static void
test_nul_byte(void **state)
{
	static const char bytes[] = "a\nb\0c\nd\n";
	char *text;

	(void)state;
	check_int("refused", expand(write_file("t", bytes, sizeof(bytes) - 1), &text), HD_CONFIG);
	check_logged("with its line", HD_LOG_ERROR, "t:2: the line");
	free(text);
}

static void
test_no_file(void **state)
{
	char *text;

	(void)state;
	check_int("missing", expand(temp_path("none"), &text), HD_CONFIG);
	check_logged("missing", HD_LOG_ERROR, "none: cannot open the template: No such file");
	free(text);
	check_int("a folder", expand(temp_dir(), &text), HD_IO);
	check_logged("a folder", HD_LOG_ERROR, "cannot read the template: Is a directory");
	free(text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_expanded),
	    UNIT_TEST(test_refused),
	    UNIT_TEST(test_line_length),
	    UNIT_TEST(test_nul_byte),
	    UNIT_TEST(test_no_file),
	};

	return RUN_TESTS(tests);
}
