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
#include "store_backend.h"

enum { PURGE_BATCH = 500 };

static const char *const transport_names[] = {
    [HD_TRANSPORT_UNKNOWN] = "unknown",
    [HD_TRANSPORT_CLEAR] = "clear",
    [HD_TRANSPORT_TLS] = "tls",
};

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

/* NULL is "". A text that does not fit was not written by us: it is cut. */
static void
copy_text(sqlite3_stmt *statement, int column, char *to, size_t size)
{
	const unsigned char *text = sqlite3_column_text(statement, column);
	size_t length = text == NULL ? 0 : strlen((const char *)text);

	if (length >= size)
		length = size - 1;
	if (length > 0)
		memcpy(to, text, length);
	to[length] = '\0';
}

static enum hd_transport
transport_from(const char *name)
{
	for (unsigned i = 0; i < sizeof(transport_names) / sizeof(transport_names[0]); i++) {
		if (strcmp(transport_names[i], name) == 0)
			return (enum hd_transport)i;
	}
	return HD_TRANSPORT_UNKNOWN;
}

/* Columns of TEST_GET from the probe on; a probe we do not know is passed over. */
static void
read_delivery(sqlite3_stmt *row, struct hd_test *test)
{
	char name[HD_PROBE_NAME_MAX + 1], transport[8];
	struct hd_delivery *delivery;
	enum hd_probe_id probe;

	copy_text(row, 1, name, sizeof(name));
	if (!hd_probe_find(name, strlen(name), &probe))
		return;
	delivery = &test->deliveries[probe];
	delivery->delivered = true;
	delivery->received = sqlite3_column_int64(row, 2);
	copy_text(row, 3, transport, sizeof(transport));
	delivery->evidence.transport = transport_from(transport);
	copy_text(row, 4, delivery->evidence.tls_protocol, HD_TLS_PROTOCOL_SIZE);
	copy_text(row, 5, delivery->evidence.tls_cipher, HD_TLS_CIPHER_SIZE);
	copy_text(row, 6, delivery->evidence.client_address, HD_CLIENT_ADDRESS_SIZE);
	copy_text(row, 7, delivery->evidence.client_helo, HD_CLIENT_HELO_SIZE);
}

static enum hd_error
test_get(struct hd_store *base, const char *alias, int64_t expired, struct hd_test *test)
{
	struct hd_sqlite *sqlite = self(base);
	enum hd_error error;
	bool found = false;

	memset(test, 0, sizeof(*test));
	error = hd_sqlite_ready(sqlite);
	if (error == HD_OK)
		error = hd_sqlite_start(
		    sqlite, TEST_GET, BIND(TEXT(":alias", alias), NUMBER(":expired", expired)));
	if (error != HD_OK)
		return error;
	while ((error = hd_sqlite_step(sqlite, TEST_GET)) == HD_OK) {
		found = true;
		test->created = sqlite3_column_int64(sqlite->prepared[TEST_GET], 0);
		read_delivery(sqlite->prepared[TEST_GET], test);
	}
	hd_sqlite_reset(sqlite, TEST_GET);
	if (error != HD_NONE)
		return error;
	strcpy(test->alias, alias);
	return found ? HD_OK : HD_NONE;
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
		TEXT(":transport", transport_names[evidence->transport]),
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

static enum hd_error
delivery_record(struct hd_store *base, const char *alias, int64_t expired, enum hd_probe_id probe,
    int64_t received, const struct hd_evidence *evidence)
{
	struct hd_sqlite *sqlite = self(base);
	enum hd_error error = writer_lock(sqlite);

	if (error != HD_OK)
		return error;
	error = hd_sqlite_run(sqlite, BEGIN, NOTHING, NULL);
	if (error == HD_OK) {
		error = record(sqlite, alias, expired, probe, received, evidence);
		if (error == HD_OK)
			error = hd_sqlite_run(sqlite, COMMIT, NOTHING, NULL);
		/* SQLite may have rolled back by itself (disk full, I/O error). */
		if (sqlite3_get_autocommit(sqlite->db) == 0)
			(void)hd_sqlite_run(sqlite, ROLLBACK, NOTHING, NULL);
	}
	writer_unlock();
	return error;
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

static enum hd_error
purge(struct hd_store *base, int64_t expired, int64_t *purged)
{
	enum hd_error error;
	int changes;

	*purged = 0;
	do {
		error = change(self(base), PURGE,
		    BIND(NUMBER(":expired", expired), NUMBER(":batch", PURGE_BATCH)), &changes);
		*purged += changes;
	} while (error == HD_OK && changes == PURGE_BATCH);
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
    .delivery_record = delivery_record,
    .test_delete = test_delete,
    .purge = purge,
    .count = count,
};
