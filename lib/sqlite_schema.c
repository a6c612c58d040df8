#include <stdbool.h>
#include <string.h>

#include "log.h"
#include "schema_sql.h"
#include "sqlite_db.h"

enum { APPLICATION_ID = 0x4844414E, SCHEMA_VERSION = 2, RETRY = 10 /* ms */ };

/* What brings version i to version i + 1. Each sets user_version itself, as the schema does. */
static const char *const migrations[SCHEMA_VERSION] = {
    [1] = hd_migrate_1_sql,
};

/* What a database says it is. */
struct identity {
	sqlite3_int64 objects; /* none: just created, or a creation that was cut short */
	sqlite3_int64 application;
	sqlite3_int64 version;
};

/*
 * The objects first: should somebody create the schema meanwhile, in its one
 * transaction, then it is still there to be seen in what follows.
 */
static enum hd_error
identify(sqlite3 *db, struct identity *identity)
{
	enum hd_error error;

	error = hd_sqlite_number(db, "SELECT count(*) FROM sqlite_schema", &identity->objects);
	if (error == HD_OK)
		error = hd_sqlite_number(db, "PRAGMA application_id", &identity->application);
	if (error == HD_OK)
		error = hd_sqlite_number(db, "PRAGMA user_version", &identity->version);
	return error;
}

/* HD_OK: ours and of this version. HD_NONE: *from is the version to start from. */
static enum hd_error
judge(sqlite3 *db, const struct hd_store_options *options, sqlite3_int64 *from)
{
	struct identity found = {0};
	enum hd_error error = identify(db, &found);
	bool empty;

	if (error != HD_OK)
		return error;
	if (found.application == APPLICATION_ID && found.version == SCHEMA_VERSION)
		return HD_OK;
	empty = found.objects == 0 && found.application == 0;
	*from = empty ? 0 : found.version;
	if (empty && options->access == HD_STORE_CREATE)
		return HD_NONE;
	if (empty)
		hd_error("%s: is empty; \"havedane init\" fills it", options->path);
	else if (found.application != APPLICATION_ID)
		hd_error("%s: is not a database of HaveDANE", options->path);
	else if (found.version > SCHEMA_VERSION)
		hd_error(
		    "%s: its schema is version %lld, newer than these programs (%d): upgrade them",
		    options->path, (long long)found.version, SCHEMA_VERSION);
	else if (found.version < 1)
		hd_error("%s: its schema has no version", options->path);
	else if (options->access == HD_STORE_USE)
		hd_error(
		    "%s: its schema is version %lld, these programs want %d: restart the service",
		    options->path, (long long)found.version, SCHEMA_VERSION);
	else
		return HD_NONE;
	return HD_SCHEMA;
}

static enum hd_error
migrate(sqlite3 *db, sqlite3_int64 from)
{
	enum hd_error error = HD_OK;

	for (; error == HD_OK && from < SCHEMA_VERSION; from++)
		error = hd_sqlite_exec(db, migrations[from]);
	return error;
}

/* Under the write lock, as two may start at the same time. */
static enum hd_error
upgrade(sqlite3 *db, const struct hd_store_options *options)
{
	sqlite3_int64 from = 0;
	enum hd_error error = hd_sqlite_exec(db, "BEGIN IMMEDIATE");

	if (error != HD_OK)
		return error;
	error = judge(db, options, &from);
	if (error == HD_NONE)
		error = from == 0 ? hd_sqlite_exec(db, hd_schema_sql) : migrate(db, from);
	if (error == HD_OK)
		error = hd_sqlite_exec(db, "COMMIT");
	/* Also after a COMMIT that failed; one that SQLite rolled back itself is none. */
	if (sqlite3_get_autocommit(db) == 0)
		(void)hd_sqlite_exec(db, "ROLLBACK");
	return error;
}

/* step_patiently - step, with a wait for a lock that SQLite itself refuses to wait for */
static int
step_patiently(sqlite3_stmt *statement, int wait)
{
	int code = sqlite3_step(statement);

	for (int waited = 0; (code & 0xff) == SQLITE_BUSY && waited < wait; waited += RETRY) {
		(void)sqlite3_reset(statement);
		(void)sqlite3_sleep(RETRY);
		code = sqlite3_step(statement);
	}
	return code;
}

/*
 * WAL is a property of the file; readers and the writer do not stop each other.
 * Several that switch at once are refused without a wait, as they would deadlock.
 */
static enum hd_error
switch_to_wal(sqlite3 *db, const struct hd_store_options *options)
{
	sqlite3_stmt *statement = NULL;
	enum hd_error error = HD_OK;
	const char *mode;
	int code = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = step_patiently(statement, options->wait);
	if (code != SQLITE_ROW)
		error = hd_sqlite_error(db, code, "PRAGMA journal_mode = WAL");
	else {
		mode = (const char *)sqlite3_column_text(statement, 0);
		if (mode == NULL || strcmp(mode, "wal") != 0) {
			hd_error(
			    "%s: this file system cannot have a write-ahead log", options->path);
			error = HD_STORE;
		}
	}
	(void)sqlite3_finalize(statement);
	return error;
}

static enum hd_error
check_sound(sqlite3 *db, const struct hd_store_options *options)
{
	sqlite3_stmt *statement = NULL;
	enum hd_error error = HD_OK;
	const char *found;
	int code = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code != SQLITE_ROW)
		error = hd_sqlite_error(db, code, "PRAGMA integrity_check");
	else {
		found = (const char *)sqlite3_column_text(statement, 0);
		if (found == NULL || strcmp(found, "ok") != 0) {
			hd_error("%s: is damaged: %s", options->path,
			    found == NULL ? "out of memory" : found);
			error = HD_STORE;
		}
	}
	(void)sqlite3_finalize(statement);
	return error;
}

enum hd_error
hd_sqlite_schema(sqlite3 *db, const struct hd_store_options *options)
{
	sqlite3_int64 from = 0;
	enum hd_error error = judge(db, options, &from);
	const bool incomplete = error == HD_NONE;

	if (error == HD_OK && options->access == HD_STORE_USE)
		return HD_OK;
	if (error == HD_OK && options->access == HD_STORE_CREATE)
		error = check_sound(db, options);
	/* Also one of ours that lost it: a copy made by VACUUM INTO has none. */
	if (error == HD_OK || incomplete)
		error = switch_to_wal(db, options);
	if (error == HD_OK && incomplete)
		error = upgrade(db, options);
	return error;
}
