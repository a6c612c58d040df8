/*
 * lookup_pool - the threads that answer Postfix, all with one configuration
 *
 * Each has a handle to the store of its own. Two pools may serve the same
 * clients, as they do while a reload replaces one by the other.
 */
#ifndef HD_LOOKUP_POOL_H
#define HD_LOOKUP_POOL_H

#include "clients.h"
#include "config.h"
#include "error.h"

struct hd_lookup_pool;

/*
 * hd_lookup_pool_start - start answering the clients' requests
 *
 * config and clients are borrowed until the pool is stopped. *pool is the
 * caller's, for hd_lookup_pool_stop. Returns what hd_store_open does,
 * HD_NO_MEMORY, or HD_IO; logged, and nothing is left running.
 */
enum hd_error hd_lookup_pool_start(
    const struct hd_config *config, struct hd_clients *clients, struct hd_lookup_pool **pool);

/* hd_lookup_pool_stop - finish the look-ups in hand and end all threads; NULL is allowed */
void hd_lookup_pool_stop(struct hd_lookup_pool *pool);

#endif
