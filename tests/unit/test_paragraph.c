/* Words in lines of 80 columns. */
#include "paragraph.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "support.h"

#define TEN    "abcdefghij"
#define THIRTY TEN TEN TEN
#define SIXTY  THIRTY THIRTY
#define BLANKS "                                                                      "

static const struct {
	const char *claim;
	const char *head;
	size_t indent;
	const char *text;
	const char *wanted;
} rows[] = {
    {"a word", "", 0, "word", "word\n"},
    {"words", "", 0, "a b", "a b\n"},
    {"blanks become one", "", 0, "  a   b  ", "a b\n"},
    {"behind a head", "Label  ", 7, "a b", "Label  a b\n"},
    {"80 columns fit", "", 0, SIXTY " " TEN "abcdefghi", SIXTY " " TEN "abcdefghi\n"},
    {"81 do not", "", 0, SIXTY " " TEN "abcdefghij", SIXTY "\n" TEN "abcdefghij\n"},
    {"nor with a head", "x", 0, SIXTY " " TEN "abcdefghi", "x" SIXTY "\n" TEN "abcdefghi\n"},
    {"other lines are indented", "1: ", 3, SIXTY " " THIRTY, "1: " SIXTY "\n   " THIRTY "\n"},
    {"a word of 80", "", 0, SIXTY TEN TEN, SIXTY TEN TEN "\n"},
    {"a word of 81 is broken, visibly", "", 0, SIXTY TEN TEN "k", SIXTY TEN "abcdefghi\\\njk\n"},
    {"behind another", "", 0, "x " SIXTY TEN TEN "k", "x\n" SIXTY TEN "abcdefghi\\\njk\n"},
    {"behind a head", "12", 2, SIXTY TEN TEN, "12" SIXTY TEN "abcdefg\\\n  hij\n"},
    {"words go on behind it", "", 0, SIXTY TEN TEN "k l", SIXTY TEN "abcdefghi\\\njk l\n"},
    {"a word of three lines", "", 70, SIXTY TEN TEN "klmnopqrstu",
	SIXTY TEN "abcdefghi\\\n" BLANKS "jklmnopqr\\\n" BLANKS "stu\n"},
    {"control characters", "", 0, "a\x1b[2Jb\r\nc\td\x7f", "a?[2Jb??c?d?\n"},
    {"what is not ASCII", "", 0, "\xc3\xa4\xff\x9b", "????\n"},
};

static void
words_are_put_into_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hd_buffer buffer;

		assert_int_equal(hd_buffer_open(&buffer), HD_OK);
		hd_paragraph_put(buffer.out, rows[i].head, rows[i].indent, rows[i].text);
		assert_int_equal(hd_buffer_close(&buffer, HD_OK), HD_OK);
		check_text(rows[i].claim, buffer.text, rows[i].wanted);
		free(buffer.text);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(words_are_put_into_lines),
	};

	return RUN_TESTS(tests);
}
