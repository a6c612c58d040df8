/*
 * sqlite_statement - a connection and its statements, run by number
 *
 * For the SQLite back end only. Statements are prepared once, at their first
 * use, from one table. A connection that has met damage, or whose file is no
 * longer the one at its path, is opened anew by hd_sqlite_ready.
 */
#ifndef HD_SQLITE_STATEMENT_H
#define HD_SQLITE_STATEMENT_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "error.h"
#include "store.h"

enum hd_sqlite_statement {
	BEGIN,
	COMMIT,
	ROLLBACK,
	TEST_CREATE,
	TEST_EXISTS,
	TEST_GET,
	TEST_ARRIVED,
	TEST_DELETE,
	DELIVERY_RECORD,
	OFFER_EXISTS,
	OFFER_RECORD,
	STARTED,
	EXPIRED,
	PURGE,
	COUNT,
	STATISTICS,
	STATEMENT_COUNT
};

struct hd_sqlite {
	struct hd_store_options options; /* its path is the next member */
	char path[HD_PATH_SIZE];
	sqlite3 *db;                             /* NULL: to be opened anew */
	struct stat file;                        /* which file that is */
	bool broken;                             /* what it has read and keeps may be garbage */
	sqlite3_stmt *prepared[STATEMENT_COUNT]; /* NULL until first used */
};

/* A value for a named parameter: a text (NULL: SQL's NULL), or a number. */
struct hd_binding {
	const char *name;
	const char *text;
	int64_t number;
	bool is_number;
};

#define TEXT(name, value)             \
	{                             \
		name, value, 0, false \
	}
#define NUMBER(name, value)             \
	{                               \
		name, NULL, value, true \
	}
#define BIND(...)                            \
	(const struct hd_binding[])          \
	{                                    \
		__VA_ARGS__,                 \
		{                            \
			NULL, NULL, 0, false \
		}                            \
	}
#define NOTHING ((const struct hd_binding *)NULL)

/*
 * hd_sqlite_connect - open the store's file, as hd_store_open says
 *
 * sqlite: all zero. Nothing is left to release on an error.
 */
enum hd_error hd_sqlite_connect(struct hd_sqlite *sqlite, const struct hd_store_options *options);

/* hd_sqlite_disconnect - release it; allowed at any time */
void hd_sqlite_disconnect(struct hd_sqlite *sqlite);

/*
 * hd_sqlite_ready - before each operation: see that the connection is good
 *
 * HD_STORE: the file is gone, or another one that cannot be used (logged).
 */
enum hd_error hd_sqlite_ready(struct hd_sqlite *sqlite);

/*
 * hd_sqlite_same_file - after a commit: whether it went into the file that is at the path
 *
 * HD_STORE: that one is gone, or another (logged); nobody will ever find what was written.
 */
enum hd_error hd_sqlite_same_file(const struct hd_sqlite *sqlite);

/*
 * hd_sqlite_start - prepare and bind; bindings: up to one without a name, or NOTHING
 *
 * After HD_OK the caller steps, and then resets in any case. Texts are
 * borrowed until then.
 */
enum hd_error hd_sqlite_start(
    struct hd_sqlite *sqlite, enum hd_sqlite_statement id, const struct hd_binding *bindings);

/* hd_sqlite_step - HD_OK: a row, in prepared[id]; HD_NONE: no more */
enum hd_error hd_sqlite_step(struct hd_sqlite *sqlite, enum hd_sqlite_statement id);

/* hd_sqlite_reset - let go of the rows and of the bound texts */
void hd_sqlite_reset(struct hd_sqlite *sqlite, enum hd_sqlite_statement id);

/*
 * hd_sqlite_run - all of that, for a statement without rows, or with one number
 *
 * number: of the first row, or NULL. HD_NONE: a query without a row.
 */
enum hd_error hd_sqlite_run(struct hd_sqlite *sqlite, enum hd_sqlite_statement id,
    const struct hd_binding *bindings, int64_t *number);

#endif
