#include "recording.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"

struct owed {
	char alias[HD_ALIAS_SIZE];
	enum hd_probe_id probe;
	int64_t offered;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* for all that follows */
static struct owed list[HD_RECORDING_MAX];               /* the oldest first */
static size_t count;
static bool trouble; /* since the first that was owed, until waiting has begun anew */

static bool
is_owed(const char *alias, enum hd_probe_id probe)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].probe == probe && strcmp(list[i].alias, alias) == 0)
			return true;
	}
	return false;
}

void
hd_recording_owe(const char *alias, enum hd_probe_id probe, int64_t offered)
{
	bool first;

	(void)pthread_mutex_lock(&lock);
	first = !trouble;
	trouble = true;
	if (count < HD_RECORDING_MAX && !is_owed(alias, probe)) {
		strcpy(list[count].alias, alias);
		list[count].probe = probe;
		list[count++].offered = offered;
	}
	(void)pthread_mutex_unlock(&lock);
	if (first)
		hd_error("an offer could not be recorded: no test is shown until it is");
}

bool
hd_recording_works(void)
{
	bool works;

	(void)pthread_mutex_lock(&lock);
	works = !trouble;
	(void)pthread_mutex_unlock(&lock);
	return works;
}

/* oldest - HD_NONE: nothing is owed */
static enum hd_error
oldest(struct owed *owed)
{
	enum hd_error error = HD_NONE;

	(void)pthread_mutex_lock(&lock);
	if (count > 0) {
		*owed = list[0];
		error = HD_OK;
	}
	(void)pthread_mutex_unlock(&lock);
	return error;
}

static void
forget_oldest(void)
{
	(void)pthread_mutex_lock(&lock);
	memmove(&list[0], &list[1], --count * sizeof(list[0]));
	(void)pthread_mutex_unlock(&lock);
}

/* end - the trouble is over, unless more is owed meanwhile */
static void
end(void)
{
	bool over;

	(void)pthread_mutex_lock(&lock);
	over = count == 0;
	if (over)
		trouble = false;
	(void)pthread_mutex_unlock(&lock);
	if (over)
		hd_info("offers are recorded again: waiting begins anew for all tests");
}

void
hd_recording_settle(struct hd_store *store, int64_t expired)
{
	struct owed owed;
	enum hd_error error;
	bool first;

	if (hd_recording_works())
		return;
	while ((error = oldest(&owed)) == HD_OK) {
		error = hd_store_offer_record(
		    store, owed.alias, expired, owed.probe, owed.offered, &first);
		if (error != HD_OK && error != HD_NONE)
			return;
		if (error == HD_OK && first)
			hd_metrics_add(HD_METRIC_OFFERS, 1);
		forget_oldest();
	}
	if (hd_store_started(store, hd_time_now()) == HD_OK)
		end();
}
