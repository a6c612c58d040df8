#include "recording.h"

#include <stdatomic.h>

#include "log.h"

/* How many there were, and how many of them waiting has begun anew since. */
static atomic_uint failed, resumed;

void
hd_recording_failed(void)
{
	if (hd_recording_works())
		hd_error("an offer could not be recorded: no test is shown until one can be");
	atomic_fetch_add(&failed, 1);
}

bool
hd_recording_works(void)
{
	return atomic_load(&failed) == atomic_load(&resumed);
}

unsigned
hd_recording_failures(void)
{
	return atomic_load(&failed);
}

void
hd_recording_resumed(unsigned failures)
{
	atomic_store(&resumed, failures);
	if (hd_recording_works())
		hd_info("offers can be recorded again: waiting begins anew for all tests");
}
