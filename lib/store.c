/* The dispatch from the interface to the back end that a handle was opened with. */
#include "store.h"

#include <stddef.h>

#include "log.h"
#include "store_backend.h"

static const struct hd_store_backend *const backends[] = {
    [HD_BACKEND_SQLITE] = &hd_store_sqlite,
    [HD_BACKEND_POSTGRESQL] = NULL,
};

const char *
hd_transport_name(enum hd_transport transport)
{
	static const char *const names[HD_TRANSPORT_COUNT] = {
	    [HD_TRANSPORT_UNKNOWN] = "unknown",
	    [HD_TRANSPORT_CLEAR] = "clear",
	    [HD_TRANSPORT_TLS] = "tls",
	};

	return names[transport];
}

enum hd_error
hd_store_open(const struct hd_store_options *options, struct hd_store **store)
{
	const struct hd_store_backend *backend = backends[options->backend];

	*store = NULL;
	if (backend == NULL) {
		hd_error("[store] backend: postgresql is not in this build; use sqlite");
		return HD_CONFIG;
	}
	return backend->open(options, store);
}

void
hd_store_close(struct hd_store *store)
{
	if (store != NULL)
		store->backend->close(store);
}

enum hd_error
hd_store_test_create(struct hd_store *store, const char *alias, int64_t created, int64_t limit)
{
	return store->backend->test_create(store, alias, created, limit);
}

enum hd_error
hd_store_test_get(struct hd_store *store, const char *alias, int64_t expired, struct hd_test *test)
{
	return store->backend->test_get(store, alias, expired, test);
}

enum hd_error
hd_store_test_exists(struct hd_store *store, const char *alias, int64_t expired)
{
	return store->backend->test_exists(store, alias, expired);
}

enum hd_error
hd_store_offer_record(struct hd_store *store, const char *alias, int64_t expired,
    enum hd_probe_id probe, int64_t offered, bool *first)
{
	return store->backend->offer_record(store, alias, expired, probe, offered, first);
}

enum hd_error
hd_store_started(struct hd_store *store, int64_t started)
{
	return store->backend->started(store, started);
}

enum hd_error
hd_store_delivery_record(struct hd_store *store, const char *alias, int64_t expired,
    enum hd_probe_id probe, int64_t received, const struct hd_evidence *evidence)
{
	return store->backend->delivery_record(store, alias, expired, probe, received, evidence);
}

enum hd_error
hd_store_test_delete(struct hd_store *store, const char *alias, int64_t expired)
{
	return store->backend->test_delete(store, alias, expired);
}

enum hd_error
hd_store_purge(
    struct hd_store *store, int64_t expired, hd_store_purged *each, void *context, int64_t *purged)
{
	return store->backend->purge(store, expired, each, context, purged);
}

enum hd_error
hd_store_count(struct hd_store *store, int64_t *count)
{
	return store->backend->count(store, count);
}

enum hd_error
hd_store_statistics(struct hd_store *store, hd_store_statistic *each, void *context)
{
	return store->backend->statistics(store, each, context);
}
