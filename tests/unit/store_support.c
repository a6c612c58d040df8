#include "store_support.h"

#include <stdio.h>
#include <string.h>

enum hd_error
try_open(const char *path, enum hd_store_access access, int wait, struct hd_store **store)
{
	const struct hd_store_options options = {
	    .backend = HD_BACKEND_SQLITE, .path = path, .access = access, .wait = wait};

	return hd_store_open(&options, store);
}

struct hd_store *
open_store(const char *path, enum hd_store_access access)
{
	struct hd_store *store = NULL;

	check_int("the store opens", try_open(path, access, SHORT_WAIT, &store), HD_OK);
	assert_non_null(store);
	return store;
}

struct hd_store *
new_store(const char *path)
{
	return open_store(path, HD_STORE_CREATE);
}

void
create_tests(struct hd_store *store, unsigned first, unsigned count, int64_t created)
{
	for (unsigned i = 0; i < count; i++) {
		char alias[HD_ALIAS_SIZE];

		numbered_alias(first + i, alias);
		check_int("a test is created",
		    hd_store_test_create(store, alias, created + i, INT64_MAX), HD_OK);
	}
}

struct hd_evidence
evidence(enum hd_transport transport, const char *helo)
{
	struct hd_evidence made = {.transport = transport, .client_address = "192.0.2.1"};

	if (transport == HD_TRANSPORT_TLS) {
		strcpy(made.tls_protocol, "TLSv1.3");
		strcpy(made.tls_cipher, "TLS_AES_256_GCM_SHA384");
	}
	(void)snprintf(made.client_helo, sizeof(made.client_helo), "%s", helo);
	return made;
}

sqlite3 *
raw_open(const char *path)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_busy_timeout(db, LONG_WAIT), SQLITE_OK);
	return db;
}

void
raw_exec(sqlite3 *db, const char *sql)
{
	check_int(sql, sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

void
raw_run(const char *path, const char *sql)
{
	sqlite3 *db = raw_open(path);

	raw_exec(db, sql);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

int64_t
raw_number(const char *path, const char *sql)
{
	sqlite3 *db = raw_open(path);
	sqlite3_stmt *statement = NULL;
	int64_t number;

	check_int(sql, sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	check_int(sql, sqlite3_step(statement), SQLITE_ROW);
	check_int(sql, sqlite3_column_type(statement, 0), SQLITE_INTEGER);
	number = sqlite3_column_int64(statement, 0);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return number;
}

void
check_raw_text(const char *claim, const char *path, const char *sql, const char *wanted)
{
	sqlite3 *db = raw_open(path);
	sqlite3_stmt *statement = NULL;

	check_int(sql, sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
	check_int(sql, sqlite3_step(statement), SQLITE_ROW);
	check_text(claim, (const char *)sqlite3_column_text(statement, 0), wanted);
	assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void
check_sound(const char *path)
{
	check_raw_text("the database is sound", path, "PRAGMA integrity_check", "ok");
	check_int("the kept number of tests is right",
	    raw_number(path, "SELECT (SELECT tests FROM live) = (SELECT count(*) FROM tests)"), 1);
	check_int("no delivery without its test",
	    raw_number(path, "SELECT count(*) FROM deliveries WHERE alias NOT IN"
			     " (SELECT alias FROM tests)"),
	    0);
}
