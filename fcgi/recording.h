/*
 * recording - whether offers can be recorded at present
 *
 * When one cannot, Postfix tells its client to try again, and nothing tells
 * afterwards that it was there: the message's absence would look like a
 * refusal. So from then on no test is shown, until the store takes writes
 * again; then waiting begins anew for all tests, as at the service's start.
 *
 * One state for the whole process; any thread may call these.
 */
#ifndef HD_RECORDING_H
#define HD_RECORDING_H

#include <stdbool.h>

/* hd_recording_failed - an offer could not be recorded */
void hd_recording_failed(void);

/* hd_recording_works - whether waiting has begun anew since the last failure */
bool hd_recording_works(void);

/* hd_recording_failures - how many there were; for hd_recording_resumed */
unsigned hd_recording_failures(void);

/* hd_recording_resumed - hd_store_started has recorded a moment after so many failures */
void hd_recording_resumed(unsigned failures);

#endif
