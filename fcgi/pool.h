/*
 * pool - the worker threads, all with one configuration
 *
 * Each has a handle to the store of its own. A pool is started whole or not at
 * all, so that a reload can start the new one beside the old.
 */
#ifndef HD_POOL_H
#define HD_POOL_H

#include "config.h"
#include "error.h"

struct hd_pool;

/*
 * hd_pool_start - start config's number of threads, accepting from listener
 *
 * listener: a listening socket whose accept(2) wakes up now and then
 * (hd_listeners_open); borrowed, as is config, until the pool is stopped. The
 * store's schema must be this version's. *pool is the caller's, for hd_pool_stop.
 * Returns what hd_store_open does, HD_NO_MEMORY, or HD_IO; logged, and nothing
 * is left running.
 */
enum hd_error hd_pool_start(const struct hd_config *config, int listener, struct hd_pool **pool);

/* hd_pool_stop - finish the requests in hand and end all threads; NULL is allowed */
void hd_pool_stop(struct hd_pool *pool);

#endif
