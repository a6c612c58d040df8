/*
 * sqlite_test - rows of the database as a struct hd_test
 *
 * For the SQLite back end only.
 */
#ifndef HD_SQLITE_TEST_H
#define HD_SQLITE_TEST_H

#include <stddef.h>

#include "sqlite_statement.h"

/*
 * hd_sqlite_copy_text - a column as a string; NULL is ""
 *
 * A text that does not fit into size bytes was not written by us: it is cut.
 */
void hd_sqlite_copy_text(sqlite3_stmt *row, int column, char *to, size_t size);

/* hd_sqlite_read_test - hd_store_test_get, on a connection that is ready */
enum hd_error hd_sqlite_read_test(
    struct hd_sqlite *sqlite, const char *alias, int64_t expired, struct hd_test *test);

#endif
