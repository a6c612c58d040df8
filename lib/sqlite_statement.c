#include "sqlite_statement.h"

#include <errno.h>
#include <string.h>

#include "log.h"
#include "sqlite_db.h"

static const struct {
	const char *sql;
	int columns; /* of a result row */
} statements[STATEMENT_COUNT] = {
    [BEGIN] = {"BEGIN IMMEDIATE", 0},
    [COMMIT] = {"COMMIT", 0},
    [ROLLBACK] = {"ROLLBACK", 0},
    [TEST_CREATE] = {"INSERT INTO tests (alias, created)"
		     " SELECT :alias, :created FROM live WHERE tests < :limit"
		     " ON CONFLICT DO NOTHING",
	0},
    [TEST_EXISTS] = {"SELECT 1 FROM tests WHERE alias = :alias AND created > :expired", 1},
    /* A row for the test, one for each delivery, and one for each offer. */
    [TEST_GET] = {"SELECT t.created, s.started, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL"
		  " FROM tests t, service s WHERE t.alias = :alias AND t.created > :expired"
		  " UNION ALL SELECT t.created, s.started, d.probe, NULL, d.received, d.transport,"
		  " d.tls_protocol, d.tls_cipher, d.client_address, d.client_helo"
		  " FROM tests t JOIN deliveries d USING (alias), service s"
		  " WHERE t.alias = :alias AND t.created > :expired"
		  " UNION ALL SELECT t.created, s.started, o.probe, o.offered,"
		  " NULL, NULL, NULL, NULL, NULL, NULL"
		  " FROM tests t JOIN offers o USING (alias), service s"
		  " WHERE t.alias = :alias AND t.created > :expired",
	10},
    [TEST_ARRIVED] = {"UPDATE tests SET firstreceived = :received"
		      " WHERE alias = :alias AND firstreceived IS NULL",
	0},
    [TEST_DELETE] = {"DELETE FROM tests WHERE alias = :alias AND created > :expired", 0},
    [DELIVERY_RECORD] =
	{"INSERT INTO deliveries (alias, probe, received, transport, tls_protocol, tls_cipher,"
	 " client_address, client_helo) VALUES (:alias, :probe, :received, :transport,"
	 " :tls_protocol, :tls_cipher, :client_address, :client_helo)"
	 " ON CONFLICT (alias, probe) DO UPDATE SET transport = excluded.transport,"
	 " tls_protocol = NULL, tls_cipher = NULL, client_address = excluded.client_address,"
	 " client_helo = excluded.client_helo"
	 " WHERE excluded.transport = 'clear' AND deliveries.transport = 'tls'",
	    0},
    /* 0 or 1; no row without such a test. */
    [OFFER_EXISTS] = {"SELECT EXISTS (SELECT 1 FROM offers o"
		      " WHERE o.alias = t.alias AND o.probe = :probe)"
		      " FROM tests t WHERE t.alias = :alias AND t.created > :expired",
	1},
    [OFFER_RECORD] = {"INSERT INTO offers (alias, probe, offered)"
		      " SELECT alias, :probe, :offered FROM tests"
		      " WHERE alias = :alias AND created > :expired ON CONFLICT DO NOTHING",
	0},
    [STARTED] = {"UPDATE service SET started = :started", 0},
    /* Which tests PURGE deletes. */
    [EXPIRED] = {"SELECT alias FROM tests WHERE created <= :expired ORDER BY created, alias"
		 " LIMIT :batch",
	1},
    [PURGE] = {"DELETE FROM tests WHERE alias IN"
	       " (SELECT alias FROM tests WHERE created <= :expired ORDER BY created, alias"
	       " LIMIT :batch)",
	0},
    [COUNT] = {"SELECT tests FROM live", 1},
    [STATISTICS] = {"SELECT probe, transport, ifnull(tls_protocol, ''), count(*) FROM deliveries"
		    " GROUP BY 1, 2, 3",
	4},
};

/* failed - classify an error; damage is not to be forgotten, as the page cache keeps it */
static enum hd_error
failed(struct hd_sqlite *sqlite, int code, enum hd_sqlite_statement id)
{
	enum hd_error error = hd_sqlite_error(sqlite->db, code, statements[id].sql);

	if (error == HD_STORE)
		sqlite->broken = true;
	return error;
}

static enum hd_error
prepare(struct hd_sqlite *sqlite, enum hd_sqlite_statement id)
{
	const char *sql = statements[id].sql;
	int code;

	if (sqlite->prepared[id] != NULL)
		return HD_OK;
	code = sqlite3_prepare_v3(
	    sqlite->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &sqlite->prepared[id], NULL);
	if (code != SQLITE_OK)
		return failed(sqlite, code, id);
	if (sqlite3_column_count(sqlite->prepared[id]) != statements[id].columns) {
		hd_error("%s: has not the columns it should have", sql);
		(void)sqlite3_finalize(sqlite->prepared[id]);
		sqlite->prepared[id] = NULL;
		return HD_STORE;
	}
	return HD_OK;
}

static int
bind_one(sqlite3_stmt *statement, const struct hd_binding *binding)
{
	int index = sqlite3_bind_parameter_index(statement, binding->name);

	/* Index 0, a name not in the statement, gives SQLITE_RANGE. */
	if (binding->is_number)
		return sqlite3_bind_int64(statement, index, binding->number);
	if (binding->text == NULL)
		return sqlite3_bind_null(statement, index);
	/* The caller's text outlives the run: hd_sqlite_reset clears it. */
	return sqlite3_bind_text(statement, index, binding->text, -1, SQLITE_STATIC);
}

void
hd_sqlite_reset(struct hd_sqlite *sqlite, enum hd_sqlite_statement id)
{
	(void)sqlite3_reset(sqlite->prepared[id]); /* repeats the error of step */
	(void)sqlite3_clear_bindings(sqlite->prepared[id]);
}

enum hd_error
hd_sqlite_start(
    struct hd_sqlite *sqlite, enum hd_sqlite_statement id, const struct hd_binding *bindings)
{
	enum hd_error error = prepare(sqlite, id);

	for (; error == HD_OK && bindings != NULL && bindings->name != NULL; bindings++) {
		int code = bind_one(sqlite->prepared[id], bindings);

		if (code != SQLITE_OK) {
			error = failed(sqlite, code, id);
			hd_sqlite_reset(sqlite, id);
		}
	}
	return error;
}

enum hd_error
hd_sqlite_step(struct hd_sqlite *sqlite, enum hd_sqlite_statement id)
{
	int code = sqlite3_step(sqlite->prepared[id]);

	if (code == SQLITE_ROW)
		return HD_OK;
	if (code == SQLITE_DONE)
		return HD_NONE;
	return failed(sqlite, code, id);
}

enum hd_error
hd_sqlite_run(struct hd_sqlite *sqlite, enum hd_sqlite_statement id,
    const struct hd_binding *bindings, int64_t *number)
{
	enum hd_error error = hd_sqlite_start(sqlite, id, bindings);

	if (error != HD_OK)
		return error;
	error = hd_sqlite_step(sqlite, id);
	if (error == HD_OK && number != NULL)
		*number = sqlite3_column_int64(sqlite->prepared[id], 0);
	hd_sqlite_reset(sqlite, id);
	if (statements[id].columns == 0 && error == HD_NONE)
		return HD_OK;
	return error;
}

void
hd_sqlite_disconnect(struct hd_sqlite *sqlite)
{
	for (unsigned i = 0; i < STATEMENT_COUNT; i++) {
		(void)sqlite3_finalize(sqlite->prepared[i]);
		sqlite->prepared[i] = NULL;
	}
	/* Cannot be busy: every statement is finalized. */
	(void)sqlite3_close(sqlite->db);
	sqlite->db = NULL;
	sqlite->broken = false;
}

/* look - which file is at the path now */
static enum hd_error
look(const struct hd_sqlite *sqlite, struct stat *file)
{
	if (stat(sqlite->path, file) == 0)
		return HD_OK;
	hd_error("%s: %s", sqlite->path, strerror(errno));
	return HD_STORE;
}

static enum hd_error
connect_now(struct hd_sqlite *sqlite)
{
	enum hd_error error;

	/*
	 * Before it is opened: should it be replaced meanwhile, hd_sqlite_ready
	 * sees a difference and opens it anew, as it does after a creation.
	 */
	if (stat(sqlite->path, &sqlite->file) != 0)
		memset(&sqlite->file, 0, sizeof(sqlite->file));
	error = hd_sqlite_open(&sqlite->options, &sqlite->db);
	if (error == HD_OK)
		error = hd_sqlite_schema(sqlite->db, &sqlite->options);
	if (error != HD_OK)
		hd_sqlite_disconnect(sqlite);
	return error;
}

enum hd_error
hd_sqlite_connect(struct hd_sqlite *sqlite, const struct hd_store_options *options)
{
	enum hd_error error;

	if (strlen(options->path) >= sizeof(sqlite->path)) {
		hd_error("%s: the path is too long", options->path);
		return HD_STORE;
	}
	strcpy(sqlite->path, options->path);
	sqlite->options = *options;
	sqlite->options.path = sqlite->path;
	error = connect_now(sqlite);
	/* Nobody wants a database created or migrated by surprise later on. */
	sqlite->options.access = HD_STORE_USE;
	return error;
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

enum hd_error
hd_sqlite_ready(struct hd_sqlite *sqlite)
{
	struct stat now;
	enum hd_error error = look(sqlite, &now);

	if (error == HD_OK && sqlite->db != NULL && !sqlite->broken && is_same(&now, &sqlite->file))
		return HD_OK;
	hd_sqlite_disconnect(sqlite);
	return error == HD_OK ? connect_now(sqlite) : error;
}

enum hd_error
hd_sqlite_same_file(const struct hd_sqlite *sqlite)
{
	struct stat now;
	enum hd_error error = look(sqlite, &now);

	if (error == HD_OK && !is_same(&now, &sqlite->file)) {
		hd_error("%s: was replaced while it was written to", sqlite->path);
		error = HD_STORE;
	}
	return error;
}
