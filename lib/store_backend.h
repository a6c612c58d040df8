/*
 * store_backend - what a back end of the store implements
 *
 * For store.c and the back ends only. A back end's handle begins with a struct
 * hd_store; each function keeps the promise of its namesake in store.h.
 */
#ifndef HD_STORE_BACKEND_H
#define HD_STORE_BACKEND_H

#include "store.h"

struct hd_store_backend {
	enum hd_error (*open)(const struct hd_store_options *options, struct hd_store **store);
	void (*close)(struct hd_store *store);
	enum hd_error (*test_create)(
	    struct hd_store *store, const char *alias, int64_t created, int64_t limit);
	enum hd_error (*test_get)(
	    struct hd_store *store, const char *alias, int64_t expired, struct hd_test *test);
	enum hd_error (*test_exists)(struct hd_store *store, const char *alias, int64_t expired);
	enum hd_error (*offer_record)(struct hd_store *store, const char *alias, int64_t expired,
	    enum hd_probe_id probe, int64_t offered, bool *first);
	enum hd_error (*started)(struct hd_store *store, int64_t started);
	enum hd_error (*delivery_record)(struct hd_store *store, const char *alias, int64_t expired,
	    enum hd_probe_id probe, int64_t received, const struct hd_evidence *evidence);
	enum hd_error (*test_delete)(struct hd_store *store, const char *alias, int64_t expired);
	enum hd_error (*purge)(struct hd_store *store, int64_t expired, hd_store_purged *each,
	    void *context, int64_t *purged);
	enum hd_error (*count)(struct hd_store *store, int64_t *count);
	enum hd_error (*statistics)(
	    struct hd_store *store, hd_store_statistic *each, void *context);
};

struct hd_store {
	const struct hd_store_backend *backend;
};

extern const struct hd_store_backend hd_store_sqlite;

#endif
