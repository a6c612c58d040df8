/*
 * recording - offers that could not be recorded yet
 *
 * When one cannot, Postfix tells its client to try again, and it may do so after
 * an hour: until then the message's absence would look like a refusal. So what
 * is owed is kept in memory, no test is shown while anything is, and it is
 * recorded as soon as the store takes writes again. Then waiting begins anew for
 * all tests, too, as at the service's start: mail was deferred meanwhile.
 *
 * One state for the whole process; any thread may call these, but only one
 * hd_recording_settle.
 */
#ifndef HD_RECORDING_H
#define HD_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "store.h"

/* More than these are forgotten; then only the wait that begins anew is left. */
enum { HD_RECORDING_MAX = 1024 };

/* hd_recording_owe - an offer that could not be recorded; whether there is such a test may be unknown */
void hd_recording_owe(const char *alias, enum hd_probe_id probe, int64_t offered);

/* hd_recording_works - whether nothing is owed */
bool hd_recording_works(void);

/*
 * hd_recording_settle - record what is owed, if anything is
 *
 * To be called every second or so; what fails is logged, and left for the next
 * time. expired: as in store.h.
 */
void hd_recording_settle(struct hd_store *store, int64_t expired);

#endif
