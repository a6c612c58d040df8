/*
 * metrics - what the service counts of itself, and GET /metrics
 *
 * The counters belong to the process: a reload does not touch them, a restart
 * begins at 0. Any thread may count; nothing waits for anything.
 */
#ifndef HD_METRICS_H
#define HD_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "report.h"
#include "store.h"

enum hd_metric {
	HD_METRIC_TESTS_CREATED,
	HD_METRIC_TESTS_PURGED,
	HD_METRIC_PURGE_OK,
	HD_METRIC_PURGE_ERROR,
	HD_METRIC_LOOKUP_OK,
	HD_METRIC_LOOKUP_NOTFOUND,
	HD_METRIC_LOOKUP_TEMP,
	HD_METRIC_LOOKUP_PERM,
	HD_METRIC_OFFERS,
	HD_METRIC_VERDICTS, /* the first of one for each hd_result */
	HD_METRIC_COUNT = HD_METRIC_VERDICTS + HD_RESULT_COUNT
};

/* A request: its route's number in the table of api.c, or any larger number. */
enum { HD_METRICS_ROUTES = 8 };

/* hd_metrics_started - remember when the process started */
void hd_metrics_started(int64_t now);

/* hd_metrics_add - count */
void hd_metrics_add(enum hd_metric metric, uint64_t number);

/*
 * hd_metrics_request - count a request that was answered
 *
 * method: NULL when there was none. status: of the table in response.c.
 * duration: nanoseconds.
 */
void hd_metrics_request(size_t route, const char *method, int status, int64_t duration);

/* The name of a route, by its number; NULL: there is none of that number. */
typedef const char *hd_route_name(size_t route);

/*
 * hd_metrics_text - all of it in Prometheus's text format, 0.0.4
 *
 * What is not counted here is asked of the store. HD_OK: the caller frees
 * *text. HD_NO_MEMORY, or what the store says.
 */
enum hd_error hd_metrics_text(
    struct hd_store *store, hd_route_name *route_name, char **text, size_t *length);

#endif
