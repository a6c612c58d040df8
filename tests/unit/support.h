/*
 * support - what the unit tests share: cmocka, claims, the log, a temporary folder
 *
 * Every test runs between hd_test_setup and hd_test_teardown (the UNIT_TEST
 * macro sees to it). What is logged is recorded; a warning or an error that no
 * check_logged() has taken fails the test, for it was not expected.
 *
 * cmocka 1.1.5 prints "not ok ... # SKIP" for skip(), which automake's TAP
 * driver takes for a failure: do not use it.
 */
#ifndef HD_TEST_SUPPORT_H
#define HD_TEST_SUPPORT_H

/* cmocka.h needs these four before it, and is not written for our warnings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wundef"
#include <cmocka.h>
#pragma GCC diagnostic pop

#include <stdbool.h>

#include "alias.h"
#include "log.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define UNIT_TEST(function) \
	cmocka_unit_test_setup_teardown(function, hd_test_setup, hd_test_teardown)

#define RUN_TESTS(tests) cmocka_run_group_tests((tests), NULL, NULL)

int hd_test_setup(void **state);
int hd_test_teardown(void **state);

/*
 * Assertions that say which row of a table failed: claim is what should hold.
 * A text may be NULL, and then equals NULL only.
 */
#define check_true(claim, truth)       hd_check_true(__FILE__, __LINE__, claim, truth)
#define check_int(claim, got, wanted)  hd_check_int(__FILE__, __LINE__, claim, got, wanted)
#define check_text(claim, got, wanted) hd_check_text(__FILE__, __LINE__, claim, got, wanted)

/* check_logged - the oldest line not yet taken is of this level and has this text in it; takes it */
#define check_logged(claim, level, text) hd_check_logged(__FILE__, __LINE__, claim, level, text)

/* check_log_quiet - nothing but info lines are left untaken; takes those */
#define check_log_quiet(claim) hd_check_log_quiet(__FILE__, __LINE__, claim)

void hd_check_true(const char *file, int line, const char *claim, bool truth);
void hd_check_int(const char *file, int line, const char *claim, int64_t got, int64_t wanted);
void hd_check_text(
    const char *file, int line, const char *claim, const char *got, const char *wanted);
void hd_check_logged(
    const char *file, int line, const char *claim, enum hd_log_level level, const char *text);
void hd_check_log_quiet(const char *file, int line, const char *claim);

/* was_logged - the same as a question; for a child process, which must not use check_...() */
bool was_logged(enum hd_log_level level, const char *text);

/*
 * run_child - run a function in a child process, as nobody when we are root
 *
 * Returns what it returns (0 to 99), or more when the child died. A failing
 * check in it would go on in cmocka's loop, as a second copy of us: it answers
 * by its result.
 */
int run_child(int (*function)(void *argument), void *argument);

/* drop_log - take all lines, whatever they are: for tests of something else */
void drop_log(void);

/* temp_dir - this test's own folder, made at the first call, removed after the test */
const char *temp_dir(void);

/* temp_path - a path in that folder; valid until the test ends */
const char *temp_path(const char *name);

/* write_file - a file in that folder with exactly these bytes; its path, as temp_path */
const char *write_file(const char *name, const void *bytes, size_t length);

/* read_file - all bytes of a file and a final NUL; the caller frees */
char *read_file(const char *path, size_t *length);

/* exact_copy - length bytes in a block of exactly that size, so that ASan sees a byte too far */
char *exact_copy(const void *bytes, size_t length);

/* numbered_alias - a valid alias, another one for each number */
void numbered_alias(unsigned number, char alias[HD_ALIAS_SIZE]);

#endif
