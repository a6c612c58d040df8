/*
 * housekeeping - what the service does to its store besides serving it
 */
#ifndef HD_HOUSEKEEPING_H
#define HD_HOUSEKEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"

struct hd_housekeeping;

/*
 * hd_housekeeping_open - a handle to the store; its schema is migrated
 *
 * To be opened before all others. config is borrowed until it is closed.
 * *housekeeping is the caller's, for hd_housekeeping_close. Returns what
 * hd_store_open does, or HD_NO_MEMORY; logged.
 */
enum hd_error hd_housekeeping_open(
    const struct hd_config *config, struct hd_housekeeping **housekeeping);

/* hd_housekeeping_close - NULL is allowed */
void hd_housekeeping_close(struct hd_housekeeping *housekeeping);

/* hd_housekeeping_started - record that the service starts; what hd_store_started returns */
enum hd_error hd_housekeeping_started(struct hd_housekeeping *housekeeping);

/* hd_housekeeping_settle - record the offers that are owed, if any; to be called every second or so */
void hd_housekeeping_settle(struct hd_housekeeping *housekeeping);

/*
 * hd_housekeeping_purge - delete a batch of expired tests, and count their verdicts
 *
 * True: there may be more; the run goes on with the next call. What went wrong
 * is logged, and ends the run.
 */
bool hd_housekeeping_purge(struct hd_housekeeping *housekeeping);

#endif
