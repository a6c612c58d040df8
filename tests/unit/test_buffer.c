/* A text that grows as it is written. */
#include "buffer.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

static void
all_that_was_written_is_there(void **state)
{
	enum { LINES = 100000 };
	struct hd_buffer buffer;

	(void)state;
	check_int("it opens", hd_buffer_open(&buffer), HD_OK);
	for (int i = 0; i < LINES; i++)
		(void)fprintf(buffer.out, "%09d\n", i);
	check_int("it closes", hd_buffer_close(&buffer, HD_OK), HD_OK);
	check_int("its length", (int64_t)buffer.length, INT64_C(10) * LINES);
	check_text("its end", buffer.text + buffer.length - 10, "000099999\n");
	free(buffer.text);
}

static void
nothing_is_an_empty_text(void **state)
{
	struct hd_buffer buffer;

	(void)state;
	check_int("it opens", hd_buffer_open(&buffer), HD_OK);
	check_int("it closes", hd_buffer_close(&buffer, HD_OK), HD_OK);
	check_int("no length", (int64_t)buffer.length, 0);
	check_text("no text", buffer.text, "");
	free(buffer.text);
}

static void
an_error_leaves_no_text(void **state)
{
	struct hd_buffer buffer;

	(void)state;
	check_int("it opens", hd_buffer_open(&buffer), HD_OK);
	(void)fputs("half of it", buffer.out);
	check_int("the writer's error", hd_buffer_close(&buffer, HD_STORE), HD_STORE);
	check_true("no text", buffer.text == NULL && buffer.length == 0);
}

/* break_it - let all that is written be in vain, as without memory; at_once: not at the end only */
static void
break_it(struct hd_buffer *buffer, bool at_once)
{
	assert_int_equal(fclose(buffer->out), 0);
	free(buffer->text);
	*buffer = (struct hd_buffer){.out = fopen("/dev/full", "w")};
	assert_non_null(buffer->out);
	if (at_once)
		assert_int_equal(setvbuf(buffer->out, NULL, _IONBF, 0), 0);
}

static void
a_failure_to_write_is_found(void **state)
{
	static const struct {
		const char *claim;
		bool at_once;
		enum hd_error error, wanted;
	} rows[] = {
	    {"at the end", false, HD_OK, HD_NO_MEMORY},
	    {"before", true, HD_OK, HD_NO_MEMORY},
	    {"what went wrong before counts", false, HD_BUSY, HD_BUSY},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hd_buffer buffer;

		check_int("it opens", hd_buffer_open(&buffer), HD_OK);
		break_it(&buffer, rows[i].at_once);
		(void)fputs("a line\n", buffer.out);
		check_int(rows[i].claim, hd_buffer_close(&buffer, rows[i].error), rows[i].wanted);
		check_true("no text", buffer.text == NULL && buffer.length == 0);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(all_that_was_written_is_there),
	    UNIT_TEST(nothing_is_an_empty_text),
	    UNIT_TEST(an_error_leaves_no_text),
	    UNIT_TEST(a_failure_to_write_is_found),
	};

	return RUN_TESTS(tests);
}
