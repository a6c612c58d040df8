/*
 * sqlite_db - an SQLite connection as we want it: hardened, classified errors
 *
 * For the SQLite back end only. sqlite_db.c opens and configures,
 * sqlite_schema.c creates, checks and migrates, sqlite_statement.c runs
 * statements, store_sqlite.c puts them together to operations.
 */
#ifndef HD_SQLITE_DB_H
#define HD_SQLITE_DB_H

#include <sqlite3.h>

#include "error.h"
#include "store.h"

/*
 * hd_sqlite_error - classify a result code that is neither ROW nor DONE nor OK
 *
 * The one place that does. Logs "FILE: WHAT: reason"; db: NULL when it could not
 * be opened.
 */
enum hd_error hd_sqlite_error(sqlite3 *db, int code, const char *what);

/* hd_sqlite_exec - run SQL without results */
enum hd_error hd_sqlite_exec(sqlite3 *db, const char *sql);

/* hd_sqlite_number - the one number that a query (a PRAGMA) gives */
enum hd_error hd_sqlite_number(sqlite3 *db, const char *sql, sqlite3_int64 *number);

/*
 * hd_sqlite_open - connect and configure
 *
 * With HD_STORE_CREATE a missing file is made, mode 0600, owned (when made by
 * root) by the owner of its folder. HD_OK: *db is the caller's, for
 * sqlite3_close.
 */
enum hd_error hd_sqlite_open(const struct hd_store_options *options, sqlite3 **db);

/*
 * hd_sqlite_schema - see that the schema is there, ours and of this version
 *
 * Creates or migrates it if access allows. HD_SCHEMA otherwise, with a message
 * that says what to do. With HD_STORE_CREATE an existing database is also
 * checked for damage (HD_STORE).
 */
enum hd_error hd_sqlite_schema(sqlite3 *db, const struct hd_store_options *options);

#endif
