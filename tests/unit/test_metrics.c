/* The counters, and their text in Prometheus's format. */
#include "fcgi/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_support.h"
#include "support.h"

static const char *
route_name(size_t route)
{
	static const char *const names[] = {"/a", "/b/*"};

	return route < COUNT_OF(names) ? names[route] : NULL;
}

/* text_of - all metrics of a store; the caller frees */
static char *
text_of(struct hd_store *store)
{
	size_t length;
	char *text;

	check_int("there is a text", hd_metrics_text(store, route_name, &text, &length), HD_OK);
	assert_non_null(text);
	check_int("its length", (int64_t)length, (int64_t)strlen(text));
	check_text("its last byte", text + length - 1, "\n");
	return text;
}

/* has_line - whether this is a whole line of a text */
static bool
has_line(const char *text, const char *line)
{
	const size_t length = strlen(line);

	for (const char *p = text; (p = strstr(p, line)) != NULL; p++) {
		if ((p == text || p[-1] == '\n') && p[length] == '\n')
			return true;
	}
	return false;
}

#define check_line(text, line) check_true(line, has_line(text, line))

static void
all_counters_are_told_from_the_first(void **state)
{
	static const char *const lines[] = {
	    "havedane_build_info{version=\"" PACKAGE_VERSION "\"} 1",
	    "process_start_time_seconds 1795575456.045",
	    "havedane_tests_live 0",
	    "havedane_tests_created_total 0",
	    "havedane_tests_purged_total 0",
	    "havedane_purge_runs_total{result=\"ok\"} 0",
	    "havedane_purge_runs_total{result=\"error\"} 0",
	    "havedane_alias_lookups_total{result=\"ok\"} 0",
	    "havedane_alias_lookups_total{result=\"notfound\"} 0",
	    "havedane_alias_lookups_total{result=\"temp\"} 0",
	    "havedane_alias_lookups_total{result=\"perm\"} 0",
	    "havedane_offers_total 0",
	    "havedane_verdicts_total{result=\"dane\"} 0",
	    "havedane_verdicts_total{result=\"no-tls\"} 0",
	    "havedane_http_request_duration_seconds_bucket{le=\"+Inf\"} 0",
	    "havedane_http_request_duration_seconds_sum 0.000000000",
	    "havedane_http_request_duration_seconds_count 0",
	};
	struct hd_store *store = new_store(temp_path("store.db"));
	char *text;

	(void)state;
	hd_metrics_started(INT64_C(1795575456045));
	text = text_of(store);
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		check_line(text, lines[i]);
	for (unsigned i = 0; i < HD_RESULT_COUNT; i++) {
		char line[80];

		(void)snprintf(line, sizeof(line), "havedane_verdicts_total{result=\"%s\"} 0",
		    hd_result_name((enum hd_result)i));
		check_line(text, line);
	}
	free(text);
	hd_store_close(store);
}

/* Each counter is the line of its own name, and of no other. */
static void
what_is_counted_is_told(void **state)
{
	struct hd_store *store = new_store(temp_path("store.db"));
	char *text;

	(void)state;
	for (unsigned i = 0; i < HD_METRIC_COUNT; i++)
		hd_metrics_add((enum hd_metric)i, 100 + i);
	text = text_of(store);
	check_line(text, "havedane_tests_created_total 100");
	check_line(text, "havedane_tests_purged_total 101");
	check_line(text, "havedane_purge_runs_total{result=\"ok\"} 102");
	check_line(text, "havedane_purge_runs_total{result=\"error\"} 103");
	check_line(text, "havedane_alias_lookups_total{result=\"ok\"} 104");
	check_line(text, "havedane_alias_lookups_total{result=\"notfound\"} 105");
	check_line(text, "havedane_alias_lookups_total{result=\"temp\"} 106");
	check_line(text, "havedane_alias_lookups_total{result=\"perm\"} 107");
	check_line(text, "havedane_offers_total 108");
	check_line(text, "havedane_verdicts_total{result=\"waiting\"} 109");
	check_line(text, "havedane_verdicts_total{result=\"no-tls\"} 115");
	free(text);
	hd_store_close(store);
}

static void
requests_are_told_by_route(void **state)
{
	struct hd_store *store = new_store(temp_path("store.db"));
	char *text;

	(void)state;
	hd_metrics_request(0, "GET", 200, 400000);                 /* 0.4 ms */
	hd_metrics_request(0, "GET", 200, 500000);                 /* 0.5 ms, a bound */
	hd_metrics_request(1, "DELETE", 204, 500001);              /* a nanosecond more */
	hd_metrics_request(1, "PATCH", 405, INT64_C(20000000000)); /* 20 s */
	hd_metrics_request(2, "GET", 404, 0);                      /* a number without a name */
	hd_metrics_request(HD_METRICS_ROUTES, NULL, 400, -1);      /* time does not go back */
	hd_metrics_request(SIZE_MAX, "a\"b", 777, 1000000);        /* a status that we never have */
	text = text_of(store);
	check_line(
	    text, "havedane_http_requests_total{route=\"/a\",method=\"GET\",status=\"200\"} 2");
	check_line(text,
	    "havedane_http_requests_total{route=\"/b/*\",method=\"DELETE\",status=\"204\"} 1");
	check_line(
	    text, "havedane_http_requests_total{route=\"/b/*\",method=\"other\",status=\"405\"} 1");
	check_line(
	    text, "havedane_http_requests_total{route=\"other\",method=\"GET\",status=\"404\"} 1");
	check_line(text,
	    "havedane_http_requests_total{route=\"other\",method=\"other\",status=\"400\"} 1");
	check_line(text,
	    "havedane_http_requests_total{route=\"other\",method=\"other\",status=\"500\"} 1");
	check_line(text, "havedane_http_request_duration_seconds_bucket{le=\"0.0005\"} 4");
	check_line(text, "havedane_http_request_duration_seconds_bucket{le=\"0.001\"} 6");
	check_line(text, "havedane_http_request_duration_seconds_bucket{le=\"10\"} 6");
	check_line(text, "havedane_http_request_duration_seconds_bucket{le=\"+Inf\"} 7");
	check_line(text, "havedane_http_request_duration_seconds_count 7");
	check_line(text, "havedane_http_request_duration_seconds_sum 20.002400001");
	free(text);
	hd_store_close(store);
}

static void
labels_are_escaped(void **state)
{
	const char *path = temp_path("store.db");
	struct hd_store *store = new_store(path);
	struct hd_evidence odd = evidence(HD_TRANSPORT_TLS, "x");
	char alias[HD_ALIAS_SIZE], *text;

	(void)state;
	numbered_alias(1, alias);
	create_tests(store, 1, 1, 1000);
	strcpy(odd.tls_protocol, "T\"L\\S} 1\n#");
	check_int("TLS", hd_store_delivery_record(store, alias, 0, HD_PROBE_DO, 1001, &odd), HD_OK);
	odd = evidence(HD_TRANSPORT_CLEAR, "x");
	check_int(
	    "clear", hd_store_delivery_record(store, alias, 0, HD_PROBE_WRONG, 1002, &odd), HD_OK);
	text = text_of(store);
	check_line(text, "havedane_tests_live 1");
	check_line(text, "havedane_deliveries{probe=\"do\",transport=\"tls\","
			 "tls_protocol=\"T\\\"L\\\\S} 1\\n#\"} 1");
	check_line(
	    text, "havedane_deliveries{probe=\"wrong\",transport=\"clear\",tls_protocol=\"\"} 1");
	free(text);
	hd_store_close(store);
}

static void
a_store_that_cannot_be_asked(void **state)
{
	const char *path = temp_path("store.db");
	struct hd_store *store = new_store(path);
	size_t length;
	char *text;

	(void)state;
	raw_run(path, "DROP VIEW results; ALTER TABLE deliveries RENAME TO gone");
	check_int(
	    "no half of a text", hd_metrics_text(store, route_name, &text, &length), HD_STORE);
	check_true("nothing to free", text == NULL);
	drop_log();
	hd_store_close(store);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT_TEST(all_counters_are_told_from_the_first),
	    UNIT_TEST(what_is_counted_is_told),
	    UNIT_TEST(requests_are_told_by_route),
	    UNIT_TEST(labels_are_escaped),
	    UNIT_TEST(a_store_that_cannot_be_asked),
	};

	return RUN_TESTS(tests);
}
