#include "metrics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "response.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND          INT64_C(1000000000)

struct family {
	const char *name;
	const char *type;
	const char *help;
};

static const struct family tests_created = {
    "havedane_tests_created_total", "counter", "Tests created since the service started."};
static const struct family tests_purged = {"havedane_tests_purged_total", "counter",
    "Expired tests that the service deleted since it started."};
static const struct family purge_runs = {"havedane_purge_runs_total", "counter",
    "Runs of the service's purge of expired tests since it started, by result."};
static const struct family lookups = {"havedane_alias_lookups_total", "counter",
    "Postfix's look-ups of recipients since the service started, by result."};
static const struct family offers = {"havedane_offers_total", "counter",
    "Messages offered to a probe where a verifying sender offers none, since the service started;"
    " the first of a test counts."};
static const struct family verdicts = {"havedane_verdicts_total", "counter",
    "Verdicts that tests had when they expired, counted as this service purges them, since it"
    " started."};
static const struct family build_info = {
    "havedane_build_info", "gauge", "The version, as a label; always 1."};
static const struct family start_time = {"process_start_time_seconds", "gauge",
    "When the service started, in seconds since the epoch: all counters are from then on."};
static const struct family tests_live = {"havedane_tests_live", "gauge",
    "Tests in the store now, expired ones that are not purged yet included; survives a restart."};
static const struct family deliveries = {"havedane_deliveries", "gauge",
    "Deliveries recorded for the tests in the store now; survives a restart."};
static const struct family requests = {"havedane_http_requests_total", "counter",
    "Requests answered since the service started, by pattern of the path; route \"other\" is all"
    " that is at no address of ours."};
static const struct family durations = {"havedane_http_request_duration_seconds", "histogram",
    "Time from the end of a request's parameters to the end of its answer, since the service"
    " started."};

/* The counters that are but a number, in the order in which they are told. */
static const struct {
	const struct family *family;
	const char *label; /* NULL: none */
	const char *value;
} counters[HD_METRIC_VERDICTS] = {
    [HD_METRIC_TESTS_CREATED] = {&tests_created, NULL, NULL},
    [HD_METRIC_TESTS_PURGED] = {&tests_purged, NULL, NULL},
    [HD_METRIC_PURGE_OK] = {&purge_runs, "result", "ok"},
    [HD_METRIC_PURGE_ERROR] = {&purge_runs, "result", "error"},
    [HD_METRIC_LOOKUP_OK] = {&lookups, "result", "ok"},
    [HD_METRIC_LOOKUP_NOTFOUND] = {&lookups, "result", "notfound"},
    [HD_METRIC_LOOKUP_TEMP] = {&lookups, "result", "temp"},
    [HD_METRIC_LOOKUP_PERM] = {&lookups, "result", "perm"},
    [HD_METRIC_OFFERS] = {&offers, NULL, NULL},
};

static const char *const methods[] = {"GET", "HEAD", "POST", "DELETE", "other"};

/* Upper bounds of the histogram: as a label, and in nanoseconds. */
static const struct {
	const char *label;
	int64_t bound;
} buckets[] = {
    {"0.0005", SECOND / 2000},
    {"0.001", SECOND / 1000},
    {"0.0025", SECOND / 400},
    {"0.005", SECOND / 200},
    {"0.01", SECOND / 100},
    {"0.025", SECOND / 40},
    {"0.05", SECOND / 20},
    {"0.1", SECOND / 10},
    {"0.25", SECOND / 4},
    {"0.5", SECOND / 2},
    {"1", SECOND},
    {"2.5", SECOND * 5 / 2},
    {"5", SECOND * 5},
    {"10", SECOND * 10},
    {"+Inf", INT64_MAX},
};

/* The last route is "other". */
static struct {
	int64_t started; /* set before there are threads */
	atomic_uint_fast64_t counters[HD_METRIC_COUNT];
	atomic_uint_fast64_t requests[HD_METRICS_ROUTES + 1][COUNT_OF(methods)][HD_STATUS_COUNT];
	atomic_uint_fast64_t buckets[COUNT_OF(buckets)];
	atomic_uint_fast64_t nanoseconds;
} state;

static void
add(atomic_uint_fast64_t *counter, uint64_t number)
{
	(void)atomic_fetch_add_explicit(counter, number, memory_order_relaxed);
}

static uint64_t
get(const atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void
hd_metrics_started(int64_t now)
{
	state.started = now;
}

void
hd_metrics_add(enum hd_metric metric, uint64_t number)
{
	add(&state.counters[metric], number);
}

void
hd_metrics_request(size_t route, const char *method, int status, int64_t duration)
{
	size_t m = 0, b = 0;

	if (route > HD_METRICS_ROUTES)
		route = HD_METRICS_ROUTES;
	while (m < COUNT_OF(methods) - 1 && (method == NULL || strcmp(methods[m], method) != 0))
		m++;
	while (duration > buckets[b].bound)
		b++;
	add(&state.requests[route][m][hd_response_status_index(status)], 1);
	add(&state.buckets[b], 1);
	add(&state.nanoseconds, (uint64_t)(duration > 0 ? duration : 0));
}

/* --- the text; the stream remembers a failure to write */

static void
put_family(FILE *out, const struct family *family)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name,
	    family->type);
}

/* put_label - before: "{" or ","; the value may be anything */
static void
put_label(FILE *out, char before, const char *name, const char *value)
{
	(void)fprintf(out, "%c%s=\"", before, name);
	for (; *value != '\0'; value++) {
		if (*value == '\n')
			(void)fputs("\\n", out);
		else {
			if (*value == '\\' || *value == '"')
				(void)fputc('\\', out);
			(void)fputc(*value, out);
		}
	}
	(void)fputc('"', out);
}

static void
put_counters(FILE *out)
{
	for (size_t i = 0; i < HD_METRIC_VERDICTS; i++) {
		const struct family *family = counters[i].family;

		if (i == 0 || family != counters[i - 1].family)
			put_family(out, family);
		(void)fputs(family->name, out);
		if (counters[i].label != NULL) {
			put_label(out, '{', counters[i].label, counters[i].value);
			(void)fputc('}', out);
		}
		(void)fprintf(out, " %" PRIu64 "\n", get(&state.counters[i]));
	}
	put_family(out, &verdicts);
	for (unsigned i = 0; i < HD_RESULT_COUNT; i++) {
		(void)fputs(verdicts.name, out);
		put_label(out, '{', "result", hd_result_name((enum hd_result)i));
		(void)fprintf(out, "} %" PRIu64 "\n", get(&state.counters[HD_METRIC_VERDICTS + i]));
	}
}

static void
put_requests(FILE *out, hd_route_name *route_name)
{
	put_family(out, &requests);
	for (size_t r = 0; r <= HD_METRICS_ROUTES; r++) {
		const char *route = r < HD_METRICS_ROUTES ? route_name(r) : NULL;

		for (size_t m = 0; m < COUNT_OF(methods); m++) {
			for (size_t s = 0; s < HD_STATUS_COUNT; s++) {
				const uint64_t number = get(&state.requests[r][m][s]);

				if (number == 0)
					continue;
				(void)fputs(requests.name, out);
				put_label(out, '{', "route", route == NULL ? "other" : route);
				put_label(out, ',', "method", methods[m]);
				(void)fprintf(out, ",status=\"%d\"} %" PRIu64 "\n",
				    hd_response_status(s), number);
			}
		}
	}
}

static void
put_durations(FILE *out)
{
	uint64_t sum = 0;
	const uint64_t nanoseconds = get(&state.nanoseconds);

	put_family(out, &durations);
	for (size_t i = 0; i < COUNT_OF(buckets); i++) {
		sum += get(&state.buckets[i]);
		(void)fprintf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", durations.name,
		    buckets[i].label, sum);
	}
	(void)fprintf(out, "%s_sum %" PRIu64 ".%09" PRIu64 "\n", durations.name,
	    nanoseconds / (uint64_t)SECOND, nanoseconds % (uint64_t)SECOND);
	(void)fprintf(out, "%s_count %" PRIu64 "\n", durations.name, sum);
}

static void
put_process(FILE *out)
{
	put_family(out, &build_info);
	(void)fprintf(out, "%s{version=\"" PACKAGE_VERSION "\"} 1\n", build_info.name);
	put_family(out, &start_time);
	(void)fprintf(out, "%s %" PRId64 ".%03d\n", start_time.name, state.started / 1000,
	    (int)(state.started % 1000));
}

/* put_deliveries - what hd_store_statistics tells, row by row */
static void
put_deliveries(const char *probe, const char *transport, const char *tls_protocol, int64_t count,
    void *context)
{
	FILE *out = context;

	(void)fputs(deliveries.name, out);
	put_label(out, '{', "probe", probe);
	put_label(out, ',', "transport", transport);
	put_label(out, ',', "tls_protocol", tls_protocol == NULL ? "" : tls_protocol);
	(void)fprintf(out, "} %" PRId64 "\n", count);
}

static enum hd_error
put_store(FILE *out, struct hd_store *store)
{
	int64_t count;
	enum hd_error error = hd_store_count(store, &count);

	if (error != HD_OK)
		return error;
	put_family(out, &tests_live);
	(void)fprintf(out, "%s %" PRId64 "\n", tests_live.name, count);
	put_family(out, &deliveries);
	return hd_store_statistics(store, put_deliveries, out);
}

enum hd_error
hd_metrics_text(struct hd_store *store, hd_route_name *route_name, char **text, size_t *length)
{
	struct hd_buffer buffer;
	enum hd_error error = hd_buffer_open(&buffer);

	if (error == HD_OK) {
		put_process(buffer.out);
		error = put_store(buffer.out, store);
		if (error == HD_OK) {
			put_counters(buffer.out);
			put_requests(buffer.out, route_name);
			put_durations(buffer.out);
		}
		error = hd_buffer_close(&buffer, error);
	}
	*text = buffer.text;
	*length = buffer.length;
	return error;
}
