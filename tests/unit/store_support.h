/*
 * store_support - stores for the unit tests, and a connection of one's own to look inside
 */
#ifndef HD_TEST_STORE_SUPPORT_H
#define HD_TEST_STORE_SUPPORT_H

#include <sqlite3.h>

#include "store.h"
#include "support.h"

enum { SHORT_WAIT = 50, LONG_WAIT = 30000 }; /* milliseconds */

/* try_open - open a store; *store is NULL unless it is HD_OK */
enum hd_error try_open(
    const char *path, enum hd_store_access access, int wait, struct hd_store **store);

/* open_store - the same with SHORT_WAIT, and it must succeed; the caller closes */
struct hd_store *open_store(const char *path, enum hd_store_access access);

/* new_store - a new database at path, opened */
struct hd_store *new_store(const char *path);

/* create_tests - tests numbered from first on, one millisecond apart from created on */
void create_tests(struct hd_store *store, unsigned first, unsigned count, int64_t created);

/* evidence - transport and HELO of a message, TLS details when it is TLS */
struct hd_evidence evidence(enum hd_transport transport, const char *helo);

/* raw_open - a plain SQLite connection, which creates what is missing; the caller closes */
sqlite3 *raw_open(const char *path);

/* raw_exec - SQL on it that must succeed */
void raw_exec(sqlite3 *db, const char *sql);

/* raw_run - SQL on a connection of its own that must succeed */
void raw_run(const char *path, const char *sql);

/* raw_number - the one number that a query gives, on a connection of its own */
int64_t raw_number(const char *path, const char *sql);

/* check_raw_text - the one text that a query gives */
void check_raw_text(const char *claim, const char *path, const char *sql, const char *wanted);

/* check_sound - SQLite finds nothing wrong, and the kept number of tests is right */
void check_sound(const char *path);

#endif
