/* Every error has a text and an exit status. */
#include "error.h"

#include <string.h>
#include <sysexits.h>

#include "support.h"

static const struct {
	const char *claim;
	enum hd_error error;
	int exit_code;
} table[] = {
    {"done is success", HD_OK, EX_OK},
    {"none is 1, as with grep(1)", HD_NONE, 1},
    {"what exists is not created", HD_EXISTS, EX_CANTCREAT},
    {"a limit passes", HD_FULL, EX_TEMPFAIL},
    {"wrong input is the caller's fault", HD_INVALID, EX_USAGE},
    {"wrong configuration", HD_CONFIG, EX_CONFIG},
    {"a lock passes", HD_BUSY, EX_TEMPFAIL},
    {"no store, no service", HD_STORE, EX_UNAVAILABLE},
    {"nor with a foreign store", HD_SCHEMA, EX_UNAVAILABLE},
    {"a system call failed", HD_IO, EX_IOERR},
    {"no memory", HD_NO_MEMORY, EX_OSERR},
    {"OpenSSL failed", HD_CRYPTO, EX_SOFTWARE},
};

static void
table_is_complete(void **state)
{
	(void)state;
	check_int("there is a row for each error", COUNT_OF(table), HD_ERROR_COUNT);
	for (size_t i = 0; i < COUNT_OF(table); i++) {
		check_int("rows are in the order of the enum", (int)table[i].error, (int)i);
		check_int(table[i].claim, hd_error_exit_code(table[i].error), table[i].exit_code);
	}
}

static void
texts_can_be_told_apart(void **state)
{
	(void)state;
	for (int i = 0; i < HD_ERROR_COUNT; i++) {
		const char *text = hd_strerror((enum hd_error)i);

		check_true("there is a text", text != NULL && text[0] != '\0');
		check_true(
		    "it is not the one for no error at all", strcmp(text, "unknown error") != 0);
		check_true("it ends without a full stop", text[strlen(text) - 1] != '.');
		for (int j = 0; j < i; j++)
			check_true("no other error has it",
			    strcmp(text, hd_strerror((enum hd_error)j)) != 0);
	}
}

static void
values_outside_are_survived(void **state)
{
	static const int outside[] = {-1, HD_ERROR_COUNT, HD_ERROR_COUNT + 1, 4096};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(outside); i++) {
		check_text(
		    "no error of ours", hd_strerror((enum hd_error)outside[i]), "unknown error");
		check_int("never taken for success", hd_error_exit_code((enum hd_error)outside[i]),
		    EX_SOFTWARE);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(table_is_complete),
	    UNIT_TEST(texts_can_be_told_apart),
	    UNIT_TEST(values_outside_are_survived),
	};

	return RUN_TESTS(tests);
}
