/*
 * store - tests and their deliveries, kept
 *
 * The interface knows nothing of the back end. A handle belongs to one thread
 * at a time; any number of handles, in any number of processes, may be open on
 * the same store. Trouble is logged where it is seen.
 *
 * "expired" is always the caller's: a test is live while created > expired.
 * Times: clock.h.
 */
#ifndef HD_STORE_H
#define HD_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "alias.h"
#include "config.h"
#include "error.h"
#include "probe.h"

enum hd_transport { HD_TRANSPORT_UNKNOWN, HD_TRANSPORT_CLEAR, HD_TRANSPORT_TLS };

enum { HD_TRANSPORT_COUNT = HD_TRANSPORT_TLS + 1 };

/* hd_transport_name - the word of the database and the API: "tls"; static storage */
const char *hd_transport_name(enum hd_transport transport);

enum {
	HD_TLS_PROTOCOL_SIZE = 32,
	HD_TLS_CIPHER_SIZE = 64,
	HD_CLIENT_ADDRESS_SIZE = 46, /* INET6_ADDRSTRLEN */
	HD_CLIENT_HELO_SIZE = 256
};

/* How a message came. Texts are printable ASCII; "" where nothing is known. */
struct hd_evidence {
	enum hd_transport transport;
	char tls_protocol[HD_TLS_PROTOCOL_SIZE]; /* only with HD_TRANSPORT_TLS */
	char tls_cipher[HD_TLS_CIPHER_SIZE];
	char client_address[HD_CLIENT_ADDRESS_SIZE]; /* IPv4 or IPv6, inet_ntop(3) form */
	char client_helo[HD_CLIENT_HELO_SIZE];
};

struct hd_delivery {
	bool delivered;   /* whether the rest is set */
	int64_t received; /* the first message's time */
	struct hd_evidence evidence;
};

/* A test and all that was recorded for it, as of one moment. Arrays are indexed by hd_probe_id. */
struct hd_test {
	char alias[HD_ALIAS_SIZE];
	int64_t created;
	int64_t service_started;         /* when the service last was; 0: never */
	int64_t offered[HD_PROBE_COUNT]; /* when a client first got as far as RCPT; 0: never */
	struct hd_delivery deliveries[HD_PROBE_COUNT];
};

/* What hd_store_open may do to the schema. */
enum hd_store_access {
	HD_STORE_USE,     /* nothing: missing, older or newer is an error */
	HD_STORE_MIGRATE, /* bring an older schema up to date */
	HD_STORE_CREATE   /* the same, and create what is missing */
};

struct hd_store_options {
	enum hd_backend backend;
	const char *path; /* SQLite: the database file; borrowed during open */
	enum hd_store_access access;
	bool durable; /* a write that returned HD_OK survives a power cut */
	int wait;     /* milliseconds to wait for a lock: of this process, then of all */
};

struct hd_store;

/*
 * hd_store_open - open a store
 *
 * HD_OK: *store is the caller's, for hd_store_close. HD_STORE: missing, not a
 * database, no access. HD_SCHEMA: not ours, or another version than access
 * allows. HD_BUSY, HD_NO_MEMORY. HD_CONFIG: no such back end in this build.
 */
enum hd_error hd_store_open(const struct hd_store_options *options, struct hd_store **store);

/* hd_store_close - release a handle; NULL is allowed */
void hd_store_close(struct hd_store *store);

/*
 * All that follow return HD_BUSY when the lock was not to be had in time,
 * HD_NO_MEMORY, or HD_STORE for any other trouble, besides what they say.
 */

/*
 * hd_store_test_create - a new test, without deliveries
 *
 * HD_EXISTS: the alias is taken. HD_FULL: there are limit tests already.
 */
enum hd_error hd_store_test_create(
    struct hd_store *store, const char *alias, int64_t created, int64_t limit);

/* hd_store_test_get - a live test with its deliveries, in one consistent read; HD_NONE */
enum hd_error hd_store_test_get(
    struct hd_store *store, const char *alias, int64_t expired, struct hd_test *test);

/*
 * hd_store_delivery_record - a message for alias reached a probe
 *
 * The first one counts. A repeat returns HD_OK and changes nothing, except
 * that one in the clear replaces evidence of TLS (the time stays). HD_NONE: no
 * such live test, nothing recorded.
 */
enum hd_error hd_store_delivery_record(struct hd_store *store, const char *alias, int64_t expired,
    enum hd_probe_id probe, int64_t received, const struct hd_evidence *evidence);

/* hd_store_test_exists - whether there is such a live test: HD_OK; HD_NONE */
enum hd_error hd_store_test_exists(struct hd_store *store, const char *alias, int64_t expired);

/*
 * hd_store_offer_record - a client got as far as RCPT for alias at a probe
 *
 * The first time counts; a repeat returns HD_OK, and needs no lock as it writes
 * nothing. *first: which it was, after HD_OK. HD_NONE: no such live test.
 */
enum hd_error hd_store_offer_record(struct hd_store *store, const char *alias, int64_t expired,
    enum hd_probe_id probe, int64_t offered, bool *first);

/* hd_store_started - the service starts now: part of every test from now on */
enum hd_error hd_store_started(struct hd_store *store, int64_t started);

/* hd_store_test_delete - a live test and all that was recorded for it; HD_NONE */
enum hd_error hd_store_test_delete(struct hd_store *store, const char *alias, int64_t expired);

enum { HD_STORE_PURGE_BATCH = 500 };

/* What hd_store_purge calls for each test that it has deleted, after the commit. */
typedef void hd_store_purged(const struct hd_test *test, void *context);

/*
 * hd_store_purge - delete a batch of the tests that were created at or before expired
 *
 * The oldest HD_STORE_PURGE_BATCH at most, so that others get the lock in
 * between: there may be more while *purged, their number, is that many. each:
 * called with each test as it was, or NULL.
 */
enum hd_error hd_store_purge(
    struct hd_store *store, int64_t expired, hd_store_purged *each, void *context, int64_t *purged);

/* hd_store_count - how many tests there are, expired ones not yet purged included */
enum hd_error hd_store_count(struct hd_store *store, int64_t *count);

/*
 * What hd_store_statistics calls for each kind of delivery that there is. Texts
 * as in the database, for this call only; tls_protocol is "" where it is not known.
 */
typedef void hd_store_statistic(const char *probe, const char *transport, const char *tls_protocol,
    int64_t count, void *context);

/* hd_store_statistics - count the deliveries of all tests, by kind; reads all of them */
enum hd_error hd_store_statistics(struct hd_store *store, hd_store_statistic *each, void *context);

#endif
