/*
 * The store in SQLite: operations and their transactions.
 *
 * Writers take the lock at the start of their transaction (BEGIN IMMEDIATE, or
 * a single statement that writes), so none is refused half way.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "log.h"
#include "sqlite_statement.h"
#include "sqlite_test.h"
#include "store_backend.h"

struct sqlite_store {
	struct hd_store base; /* first: callers hold a pointer to it */
	struct hd_sqlite sqlite;
};

/*
 * SQLite's lock is not fair: of many threads that poll for it, some starve, and
 * they starve other processes. So the threads of one process queue here, and
 * one of them at a time competes with the rest of the world.
 */
static pthread_mutex_t one_writer = PTHREAD_MUTEX_INITIALIZER;

static struct hd_sqlite *
self(struct hd_store *store)
{
	return &((struct sqlite_store *)store)->sqlite;
}

static void
writer_unlock(void)
{
	(void)pthread_mutex_unlock(&one_writer);
}

/* writer_lock - after HD_OK the connection is good, and writer_unlock must follow */
static enum hd_error
writer_lock(struct hd_sqlite *sqlite)
{
	struct timespec deadline;
	enum hd_error error;
	int result;

	(void)clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += sqlite->options.wait / 1000 + 1;
	result = pthread_mutex_timedlock(&one_writer, &deadline);
	if (result != 0) {
		hd_warning("waiting for this process's other writers: %s", strerror(result));
		return HD_BUSY;
	}
	error = hd_sqlite_ready(sqlite);
	if (error != HD_OK)
		writer_unlock();
	return error;
}

/* change - one statement that writes, as a transaction of its own */
static enum hd_error
change(struct hd_sqlite *sqlite, enum hd_sqlite_statement id, const struct hd_binding *bindings,
    int *changes)
{
	enum hd_error error = writer_lock(sqlite);

	if (error != HD_OK)
		return error;
	error = hd_sqlite_run(sqlite, id, bindings, NULL);
	*changes = error == HD_OK ? sqlite3_changes(sqlite->db) : 0;
	if (error == HD_OK)
		error = hd_sqlite_same_file(sqlite);
	writer_unlock();
	return error;
}

static enum hd_error
test_create(struct hd_store *base, const char *alias, int64_t created, int64_t limit)
{
	struct hd_sqlite *sqlite = self(base);
	int64_t count = 0;
	int changes;
	enum hd_error error;

	error = change(sqlite, TEST_CREATE,
	    BIND(TEXT(":alias", alias), NUMBER(":created", created), NUMBER(":limit", limit)),
	    &changes);
	if (error != HD_OK || changes == 1)
		return error;
	error = hd_sqlite_run(sqlite, COUNT, NOTHING, &count);
	if (error != HD_OK)
		return error == HD_NONE ? HD_STORE : error;
	return count >= limit ? HD_FULL : HD_EXISTS;
}

static enum hd_error
test_get(struct hd_store *base, const char *alias, int64_t expired, struct hd_test *test)
{
	struct hd_sqlite *sqlite = self(base);
	enum hd_error error = hd_sqlite_ready(sqlite);

	return error == HD_OK ? hd_sqlite_read_test(sqlite, alias, expired, test) : error;
}

static enum hd_error
test_exists(struct hd_store *base, const char *alias, int64_t expired)
{
	struct hd_sqlite *sqlite = self(base);
	enum hd_error error = hd_sqlite_ready(sqlite);

	if (error != HD_OK)
		return error;
	return hd_sqlite_run(
	    sqlite, TEST_EXISTS, BIND(TEXT(":alias", alias), NUMBER(":expired", expired)), NULL);
}

static enum hd_error
offer_record(struct hd_store *base, const char *alias, int64_t expired, enum hd_probe_id probe,
    int64_t offered, bool *first)
{
	const char *name = hd_probes[probe].name;
	struct hd_sqlite *sqlite = self(base);
	enum hd_error error = hd_sqlite_ready(sqlite);
	int64_t there = 0;
	int changes;

	*first = false;
	/* Without the write lock: neither a repeat nor an unknown alias shall wait for it. */
	if (error == HD_OK)
		error = hd_sqlite_run(sqlite, OFFER_EXISTS,
		    BIND(TEXT(":alias", alias), NUMBER(":expired", expired), TEXT(":probe", name)),
		    &there);
	if (error != HD_OK || there != 0)
		return error;
	error = change(sqlite, OFFER_RECORD,
	    BIND(TEXT(":alias", alias), NUMBER(":expired", expired), TEXT(":probe", name),
		NUMBER(":offered", offered)),
	    &changes);
	*first = error == HD_OK && changes == 1;
	if (error != HD_OK || *first)
		return error;
	/* It has just been deleted, or somebody else has recorded the same. */
	return test_exists(base, alias, expired);
}

static enum hd_error
started(struct hd_store *base, int64_t time)
{
	int changes;
	enum hd_error error = change(self(base), STARTED, BIND(NUMBER(":started", time)), &changes);

	if (error == HD_OK && changes != 1) {
		hd_error("%s: its table \"service\" has not its one row", self(base)->path);
		error = HD_STORE;
	}
	return error;
}

/* Inside the transaction of delivery_record. */
static enum hd_error
record(struct hd_sqlite *sqlite, const char *alias, int64_t expired, enum hd_probe_id probe,
    int64_t received, const struct hd_evidence *evidence)
{
#define OR_NULL(text) ((text)[0] == '\0' ? NULL : (text))
	const bool tls = evidence->transport == HD_TRANSPORT_TLS;
	enum hd_error error;

	error = hd_sqlite_run(
	    sqlite, TEST_EXISTS, BIND(TEXT(":alias", alias), NUMBER(":expired", expired)), NULL);
	if (error != HD_OK)
		return error;
	error = hd_sqlite_run(sqlite, DELIVERY_RECORD,
	    BIND(TEXT(":alias", alias), TEXT(":probe", hd_probes[probe].name),
		NUMBER(":received", received),
		TEXT(":transport", hd_transport_name(evidence->transport)),
		TEXT(":tls_protocol", tls ? OR_NULL(evidence->tls_protocol) : NULL),
		TEXT(":tls_cipher", tls ? OR_NULL(evidence->tls_cipher) : NULL),
		TEXT(":client_address", OR_NULL(evidence->client_address)),
		TEXT(":client_helo", OR_NULL(evidence->client_helo))),
	    NULL);
	if (error != HD_OK)
		return error;
	return hd_sqlite_run(
	    sqlite, TEST_ARRIVED, BIND(TEXT(":alias", alias), NUMBER(":received", received)), NULL);
#undef OR_NULL
}

/* begin - the write lock, and a transaction under it; after HD_OK end must follow */
static enum hd_error
begin(struct hd_sqlite *sqlite)
{
	enum hd_error error = writer_lock(sqlite);

	if (error != HD_OK)
		return error;
	error = hd_sqlite_run(sqlite, BEGIN, NOTHING, NULL);
	if (error != HD_OK)
		writer_unlock();
	return error;
}

/* end - commit if all went well so far, else roll back */
static enum hd_error
end(struct hd_sqlite *sqlite, enum hd_error error)
{
	if (error == HD_OK)
		error = hd_sqlite_run(sqlite, COMMIT, NOTHING, NULL);
	if (error == HD_OK)
		error = hd_sqlite_same_file(sqlite);
	/* SQLite may have rolled back by itself (disk full, I/O error). */
	if (sqlite3_get_autocommit(sqlite->db) == 0)
		(void)hd_sqlite_run(sqlite, ROLLBACK, NOTHING, NULL);
	writer_unlock();
	return error;
}

static enum hd_error
delivery_record(struct hd_store *base, const char *alias, int64_t expired, enum hd_probe_id probe,
    int64_t received, const struct hd_evidence *evidence)
{
	struct hd_sqlite *sqlite = self(base);
	enum hd_error error = begin(sqlite);

	if (error != HD_OK)
		return error;
	return end(sqlite, record(sqlite, alias, expired, probe, received, evidence));
}

static enum hd_error
test_delete(struct hd_store *base, const char *alias, int64_t expired)
{
	int changes;
	enum hd_error error;

	error = change(self(base), TEST_DELETE,
	    BIND(TEXT(":alias", alias), NUMBER(":expired", expired)), &changes);
	return error == HD_OK && changes == 0 ? HD_NONE : error;
}

/* A batch of tests that are about to be deleted. */
struct batch {
	size_t count;
	struct hd_test tests[HD_STORE_PURGE_BATCH];
};

static enum hd_error
read_expired(struct hd_sqlite *sqlite, int64_t expired, struct batch *batch)
{
	enum hd_error error = hd_sqlite_start(sqlite, EXPIRED,
	    BIND(NUMBER(":expired", expired), NUMBER(":batch", HD_STORE_PURGE_BATCH)));

	if (error != HD_OK)
		return error;
	while ((error = hd_sqlite_step(sqlite, EXPIRED)) == HD_OK &&
	       batch->count < HD_STORE_PURGE_BATCH) {
		char alias[HD_ALIAS_SIZE];

		hd_sqlite_copy_text(sqlite->prepared[EXPIRED], 0, alias, sizeof(alias));
		error =
		    hd_sqlite_read_test(sqlite, alias, INT64_MIN, &batch->tests[batch->count++]);
		if (error != HD_OK)
			break;
	}
	hd_sqlite_reset(sqlite, EXPIRED);
	return error == HD_NONE ? HD_OK : error;
}

static enum hd_error
purge(struct hd_store *base, int64_t expired, hd_store_purged *each, void *context, int64_t *purged)
{
	struct hd_sqlite *sqlite = self(base);
	struct batch *batch = NULL;
	enum hd_error error;
	int64_t changes = 0;

	*purged = 0;
	if (each != NULL && (batch = calloc(1, sizeof(*batch))) == NULL)
		return HD_NO_MEMORY;
	error = begin(sqlite);
	if (error != HD_OK)
		goto out;
	if (batch != NULL)
		error = read_expired(sqlite, expired, batch);
	if (error == HD_OK)
		error = hd_sqlite_run(sqlite, PURGE,
		    BIND(NUMBER(":expired", expired), NUMBER(":batch", HD_STORE_PURGE_BATCH)),
		    NULL);
	if (error == HD_OK)
		changes = sqlite3_changes(sqlite->db);
	error = end(sqlite, error);
	if (error != HD_OK)
		goto out;
	*purged = changes;
	for (size_t i = 0; batch != NULL && i < batch->count; i++)
		each(&batch->tests[i], context);
out:
	free(batch);
	return error;
}

static enum hd_error
count(struct hd_store *base, int64_t *number)
{
	struct hd_sqlite *sqlite = self(base);
	enum hd_error error = hd_sqlite_ready(sqlite);

	if (error == HD_OK)
		error = hd_sqlite_run(sqlite, COUNT, NOTHING, number);
	/* The table always has its one row. */
	return error == HD_NONE ? HD_STORE : error;
}

static enum hd_error
statistics(struct hd_store *base, hd_store_statistic *each, void *context)
{
	struct hd_sqlite *sqlite = self(base);
	enum hd_error error = hd_sqlite_ready(sqlite);

	if (error == HD_OK)
		error = hd_sqlite_start(sqlite, STATISTICS, NOTHING);
	if (error != HD_OK)
		return error;
	while ((error = hd_sqlite_step(sqlite, STATISTICS)) == HD_OK) {
		sqlite3_stmt *row = sqlite->prepared[STATISTICS];
		char probe[HD_PROBE_NAME_MAX + 1], transport[8], protocol[HD_TLS_PROTOCOL_SIZE];

		hd_sqlite_copy_text(row, 0, probe, sizeof(probe));
		hd_sqlite_copy_text(row, 1, transport, sizeof(transport));
		hd_sqlite_copy_text(row, 2, protocol, sizeof(protocol));
		each(probe, transport, protocol, sqlite3_column_int64(row, 3), context);
	}
	hd_sqlite_reset(sqlite, STATISTICS);
	return error == HD_NONE ? HD_OK : error;
}

static void
close_store(struct hd_store *base)
{
	hd_sqlite_disconnect(self(base));
	free(base);
}

static enum hd_error
open_store(const struct hd_store_options *options, struct hd_store **base)
{
	struct sqlite_store *store = calloc(1, sizeof(*store));
	enum hd_error error;

	if (store == NULL) {
		hd_error("%s: out of memory", options->path);
		return HD_NO_MEMORY;
	}
	store->base.backend = &hd_store_sqlite;
	error = hd_sqlite_connect(&store->sqlite, options);
	if (error != HD_OK) {
		free(store);
		return error;
	}
	*base = &store->base;
	return HD_OK;
}

const struct hd_store_backend hd_store_sqlite = {
    .open = open_store,
    .close = close_store,
    .test_create = test_create,
    .test_get = test_get,
    .test_exists = test_exists,
    .offer_record = offer_record,
    .started = started,
    .delivery_record = delivery_record,
    .test_delete = test_delete,
    .purge = purge,
    .count = count,
    .statistics = statistics,
};
