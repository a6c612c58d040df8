#include "api.h"

#include <json_object.h>
#include <string.h>

#include "accept.h"
#include "alias_random.h"
#include "buffer.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "recording.h"
#include "report.h"
#include "report_json.h"
#include "report_text.h"

static int64_t
expired(const struct hd_api *api, int64_t now)
{
	return now - api->config->retention;
}

static enum hd_error
answer_text(const struct hd_api *api, const struct hd_test *test, const struct hd_report *report,
    int status, struct hd_response *response)
{
	struct hd_buffer buffer;
	enum hd_error error = hd_buffer_open(&buffer);

	if (error != HD_OK)
		return error;
	hd_report_text(buffer.out, test, report, api->config->domain);
	error = hd_buffer_close(&buffer, HD_OK);
	if (error == HD_OK)
		hd_response_text(
		    response, status, "text/plain; charset=utf-8", buffer.text, buffer.length);
	return error;
}

/* answer_test - a test as the body, as text or JSON */
static enum hd_error
answer_test(const struct hd_api *api, const struct hd_test *test, int64_t now, bool text,
    int status, struct hd_response *response)
{
	struct json_object *json;
	struct hd_report report;
	enum hd_error error;

	hd_report_make(test, now, api->config, &report);
	if (text)
		return answer_text(api, test, &report, status, response);
	error = hd_report_json(test, &report, api->config->domain, &json);
	if (error != HD_OK)
		return error;
	return hd_response_json(response, status, json);
}

static void
create_test(
    const struct hd_api *api, const struct hd_request *request, struct hd_response *response)
{
	struct hd_test test = {.created = hd_time_now()};
	enum hd_error error;
	int tries = 3; /* two equal aliases of 80 bits: random numbers are broken */

	do {
		error = hd_alias_random(test.alias);
		if (error == HD_OK)
			error = hd_store_test_create(
			    api->store, test.alias, test.created, api->config->limit);
	} while (error == HD_EXISTS && --tries > 0);
	if (error == HD_OK) {
		hd_metrics_add(HD_METRIC_TESTS_CREATED, 1);
		error = answer_test(
		    api, &test, test.created, hd_accept_text(request->accept), 201, response);
	}
	if (error == HD_FULL)
		hd_warning("no test created: limit=%lld is reached", (long long)api->config->limit);
	if (error == HD_OK)
		strcpy(response->location, test.alias);
	else
		hd_response_error(response, error);
}

static void
get(const struct hd_api *api, const struct hd_request *request, bool text,
    struct hd_response *response)
{
	const int64_t now = hd_time_now();
	struct hd_test test;
	enum hd_error error;

	/* While an offer is owed, its message's absence would look like a refusal. */
	error = hd_recording_works() ? HD_OK : HD_STORE;
	if (error == HD_OK)
		error = hd_store_test_get(api->store, request->alias, expired(api, now), &test);
	if (error == HD_OK)
		error = answer_test(api, &test, now, text, 200, response);
	if (error == HD_OK)
		error = hd_etag_make(response->body, response->length, response->etag);
	if (error != HD_OK) {
		hd_response_error(response, error);
		return;
	}
	if (hd_etag_matches(request->if_none_match, response->etag)) {
		response->status = 304;
		response->content_type = NULL;
	}
}

static void
get_test(const struct hd_api *api, const struct hd_request *request, struct hd_response *response)
{
	get(api, request, hd_accept_text(request->accept), response);
}

static void
get_report(const struct hd_api *api, const struct hd_request *request, struct hd_response *response)
{
	get(api, request, true, response);
}

static void
delete_test(
    const struct hd_api *api, const struct hd_request *request, struct hd_response *response)
{
	enum hd_error error =
	    hd_store_test_delete(api->store, request->alias, expired(api, hd_time_now()));

	if (error == HD_OK)
		response->status = 204;
	else
		hd_response_error(response, error);
}

static void
get_health(const struct hd_api *api, const struct hd_request *request, struct hd_response *response)
{
	struct json_object *json = NULL, *ok = NULL;
	enum hd_error error;
	int64_t count;

	(void)request;
	error = hd_recording_works() ? hd_store_count(api->store, &count) : HD_STORE;
	if (error == HD_OK) {
		json = json_object_new_object();
		ok = json_object_new_string("ok");
		if (json == NULL || ok == NULL || json_object_object_add(json, "status", ok) != 0) {
			(void)json_object_put(ok);
			(void)json_object_put(json);
			error = HD_NO_MEMORY;
		} else
			error = hd_response_json(response, 200, json);
	}
	if (error != HD_OK)
		hd_response_error(response, error);
}

static const char *route_name(size_t route);

static void
get_metrics(
    const struct hd_api *api, const struct hd_request *request, struct hd_response *response)
{
	enum hd_error error;
	size_t length;
	char *text;

	(void)request;
	error = hd_metrics_text(api->store, route_name, &text, &length);
	if (error == HD_OK)
		hd_response_text(response, 200, "text/plain; version=0.0.4", text, length);
	else
		hd_response_error(response, error);
}

static const struct hd_route routes[] = {
    {"/api/tests", "POST", true, {{"POST", create_test}}},
    {"/api/tests/*", "GET, HEAD, DELETE", true,
	{{"GET", get_test}, {"HEAD", get_test}, {"DELETE", delete_test}}},
    {"/t/*", "GET, HEAD", false, {{"GET", get_report}, {"HEAD", get_report}}},
    {"/api/health", "GET, HEAD", false, {{"GET", get_health}, {"HEAD", get_health}}},
    {"/metrics", "GET, HEAD", false, {{"GET", get_metrics}, {"HEAD", get_metrics}}},
};

enum { ROUTE_COUNT = sizeof(routes) / sizeof(routes[0]) };

_Static_assert((int)ROUTE_COUNT <= (int)HD_METRICS_ROUTES, "each route has its counters");

static const char *
route_name(size_t route)
{
	return route < ROUTE_COUNT ? routes[route].path : NULL;
}

size_t
hd_api_route(const char *uri)
{
	const size_t route = hd_route_match(routes, ROUTE_COUNT, uri);

	return route < ROUTE_COUNT ? route : HD_METRICS_ROUTES;
}

bool
hd_api_negotiated(const char *uri)
{
	const size_t route = hd_route_match(routes, ROUTE_COUNT, uri);

	return route < ROUTE_COUNT && routes[route].negotiated;
}

void
hd_api_answer(const struct hd_api *api, struct hd_request *request, struct hd_response *response)
{
	hd_handler *handler = hd_route_find(routes, ROUTE_COUNT, request, response);

	if (handler != NULL)
		handler(api, request, response);
}
