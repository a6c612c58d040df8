#include "housekeeping.h"

#include <inttypes.h>
#include <stdlib.h>

#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "recording.h"
#include "report.h"
#include "store.h"

/*
 * Milliseconds, for each of two locks: this process's, then everybody's. What
 * does not get them is tried again, while signals and the watchdog wait for us.
 */
enum { STORE_WAIT = 2000 };

struct hd_housekeeping {
	const struct hd_config *config;
	struct hd_store *store;
	int64_t purged; /* in this run */
};

enum hd_error
hd_housekeeping_open(const struct hd_config *config, struct hd_housekeeping **result)
{
	const struct hd_store_options options = {
	    .backend = config->backend,
	    .path = config->store_path,
	    .access = HD_STORE_MIGRATE,
	    .wait = STORE_WAIT,
	};
	struct hd_housekeeping *housekeeping = calloc(1, sizeof(*housekeeping));
	enum hd_error error;

	*result = NULL;
	if (housekeeping == NULL) {
		hd_error("cannot open the store: out of memory");
		return HD_NO_MEMORY;
	}
	housekeeping->config = config;
	error = hd_store_open(&options, &housekeeping->store);
	if (error != HD_OK) {
		free(housekeeping);
		return error;
	}
	*result = housekeeping;
	return HD_OK;
}

static void
tell(struct hd_housekeeping *housekeeping)
{
	if (housekeeping->purged > 0)
		hd_info("purged: tests=%" PRId64, housekeeping->purged);
	housekeeping->purged = 0;
}

void
hd_housekeeping_close(struct hd_housekeeping *housekeeping)
{
	if (housekeeping == NULL)
		return;
	tell(housekeeping);
	hd_store_close(housekeeping->store);
	free(housekeeping);
}

enum hd_error
hd_housekeeping_started(struct hd_housekeeping *housekeeping)
{
	return hd_store_started(housekeeping->store, hd_time_now());
}

void
hd_housekeeping_settle(struct hd_housekeeping *housekeeping)
{
	hd_recording_settle(housekeeping->store, hd_time_now() - housekeeping->config->retention);
}

/* count_verdict - what a test had come to at its end */
static void
count_verdict(const struct hd_test *test, void *context)
{
	const struct hd_config *config = ((const struct hd_housekeeping *)context)->config;
	const int64_t expired = test->created + config->retention;
	struct hd_test judged = *test;
	struct hd_report report;

	/* A start since then makes no verdict provisional that was not so. */
	if (judged.service_started > expired)
		judged.service_started = 0;
	hd_report_make(&judged, expired, config, &report);
	hd_metrics_add((enum hd_metric)(HD_METRIC_VERDICTS + (unsigned)report.result), 1);
}

bool
hd_housekeeping_purge(struct hd_housekeeping *housekeeping)
{
	const int64_t expired = hd_time_now() - housekeeping->config->retention;
	int64_t purged;
	enum hd_error error;

	error = hd_store_purge(housekeeping->store, expired, count_verdict, housekeeping, &purged);
	hd_metrics_add(HD_METRIC_TESTS_PURGED, (uint64_t)purged);
	housekeeping->purged += purged;
	if (error == HD_OK && purged == HD_STORE_PURGE_BATCH)
		return true;
	tell(housekeeping);
	if (error != HD_OK)
		hd_warning("the purge of expired tests was cut short, and is tried again: %s",
		    hd_strerror(error));
	hd_metrics_add(error == HD_OK ? HD_METRIC_PURGE_OK : HD_METRIC_PURGE_ERROR, 1);
	return false;
}
