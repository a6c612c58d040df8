/* Which handler a request gets, and which error when there is none. */
#include "fcgi/route.h"

#include <json_object.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define ALIAS "k5d3m2q7xw4b6n2a"

/* The routes under test: handlers that only are told apart. */
static void
list(const struct hd_api *api, const struct hd_request *request, struct hd_response *response)
{
	(void)api;
	(void)request;
	response->status = 200;
}

static void
show(const struct hd_api *api, const struct hd_request *request, struct hd_response *response)
{
	(void)api;
	(void)request;
	response->status = 201;
}

static void
drop(const struct hd_api *api, const struct hd_request *request, struct hd_response *response)
{
	(void)api;
	(void)request;
	response->status = 204;
}

static const struct hd_route routes[] = {
    {"/things", "GET", false, {{"GET", list}}},
    {"/things/*", "GET, HEAD, DELETE", true, {{"GET", show}, {"HEAD", show}, {"DELETE", drop}}},
};

static const struct {
	const char *claim;
	const char *method;
	const char *uri;
	hd_handler *handler;
	const char *alias;
} found[] = {
    {"a fixed path", "GET", "/things", list, ""},
    {"with a query", "GET", "/things?a=b", list, ""},
    {"with an empty query", "GET", "/things?", list, ""},
    {"a path with an alias", "GET", "/things/" ALIAS, show, ALIAS},
    {"another method, the same handler", "HEAD", "/things/" ALIAS, show, ALIAS},
    {"another method, another handler", "DELETE", "/things/" ALIAS, drop, ALIAS},
    {"an alias in upper case", "GET", "/things/K5D3M2Q7XW4B6N2A", show, ALIAS},
    {"an alias and a query", "GET", "/things/" ALIAS "?x", show, ALIAS},
    {"a slash in the query", "GET", "/things/" ALIAS "?x=/y", show, ALIAS},
    {"a second question mark", "GET", "/things/" ALIAS "??", show, ALIAS},
};

static const struct {
	const char *claim;
	const char *method;
	const char *uri;
	int status;
	const char *allow;
} errors[] = {
    {"no method", NULL, "/things", 400, NULL},
    {"no address", "GET", NULL, 400, NULL},
    {"neither", NULL, NULL, 400, NULL},

    {"a method it has not", "POST", "/things", 405, "GET"},
    {"no HEAD by itself", "HEAD", "/things", 405, "GET"},
    {"one beside three", "PUT", "/things/" ALIAS, 405, "GET, HEAD, DELETE"},
    {"methods have a letter case", "get", "/things", 405, "GET"},
    {"more than a method", "GETS", "/things", 405, "GET"},
    {"less than a method", "GE", "/things", 405, "GET"},
    {"an empty method", "", "/things", 405, "GET"},

    {"nothing", "GET", "", 404, NULL},
    {"a query alone", "GET", "?", 404, NULL},
    {"the root", "GET", "/", 404, NULL},
    {"less than the path", "GET", "/thing", 404, NULL},
    {"more than the path", "GET", "/thingss", 404, NULL},
    {"a slash behind", "GET", "/things/", 404, NULL},
    {"a slash behind, and a query", "GET", "/things/?" ALIAS, 404, NULL},
    {"two slashes behind", "GET", "/things//", 404, NULL},
    {"two slashes before", "GET", "//things", 404, NULL},
    {"two slashes between", "GET", "/things//" ALIAS, 404, NULL},
    {"a slash behind the alias", "GET", "/things/" ALIAS "/", 404, NULL},
    {"a segment behind the alias", "GET", "/things/" ALIAS "/x", 404, NULL},
    {"letter case of the path", "GET", "/Things", 404, NULL},
    {"no slash before", "GET", "things", 404, NULL},
    {"not decoded", "GET", "/%74hings", 404, NULL},
    {"a star is not a path", "GET", "*", 404, NULL},
    {"a fragment is no query", "GET", "/things#x", 404, NULL},

    {"15 characters", "GET", "/things/k5d3m2q7xw4b6n2", 400, NULL},
    {"17 characters", "GET", "/things/" ALIAS "a", 400, NULL},
    {"one character", "DELETE", "/things/x", 400, NULL},
    {"0 is none of base32", "GET", "/things/k5d3m2q7xw4b6n20", 400, NULL},
    {"1 is none of base32", "GET", "/things/k5d3m2q7xw4b6n21", 400, NULL},
    {"8 is none of base32", "GET", "/things/k5d3m2q7xw4b6n28", 400, NULL},
    {"9 is none of base32", "GET", "/things/k5d3m2q7xw4b6n29", 400, NULL},
    {"encoded", "GET", "/things/%6b5d3m2q7xw4b6n2a", 400, NULL},
    {"an alias cut short by a query", "GET", "/things/k5d3m2q7?xw4b6n2a", 400, NULL},
    {"the star itself", "GET", "/things/*", 400, NULL},
    {"dots", "GET", "/things/..", 400, NULL},
    {"UTF-8", "GET", "/things/k5d3m2q7xw4b6n\xc3\xa4", 400, NULL},
};

static char *
copy_of(const char *text)
{
	return text == NULL ? NULL : exact_copy(text, strlen(text) + 1);
}

static void
requests_find_their_handlers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(found); i++) {
		char *uri = copy_of(found[i].uri);
		struct hd_request request = {.method = found[i].method, .uri = uri};
		struct hd_response response;

		hd_response_init(&response);
		strcpy(request.alias, "left from before");
		check_true(found[i].claim, hd_route_find(routes, COUNT_OF(routes), &request,
					       &response) == found[i].handler);
		check_text(found[i].claim, request.alias, found[i].alias);
		check_true("nothing was answered yet", response.content_type == NULL);
		hd_response_clear(&response);
		free(uri);
	}
}

static void
others_get_an_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(errors); i++) {
		char *uri = copy_of(errors[i].uri);
		struct hd_request request = {.method = errors[i].method, .uri = uri};
		struct hd_response response;

		hd_response_init(&response);
		check_true(errors[i].claim,
		    hd_route_find(routes, COUNT_OF(routes), &request, &response) == NULL);
		check_int(errors[i].claim, response.status, errors[i].status);
		check_text(errors[i].claim, response.allow, errors[i].allow);
		check_text(errors[i].claim, response.content_type, "application/problem+json");
		check_int(
		    errors[i].claim, (int64_t)response.length, (int64_t)strlen(response.body));
		hd_response_clear(&response);
		free(uri);
	}
}

static void
no_routes_no_handler(void **state)
{
	struct hd_request request = {.method = "GET", .uri = "/things"};
	struct hd_response response;

	(void)state;
	hd_response_init(&response);
	check_true("none", hd_route_find(routes, 0, &request, &response) == NULL);
	check_int("none", response.status, 404);
	hd_response_clear(&response);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT_TEST(requests_find_their_handlers),
	    UNIT_TEST(others_get_an_error),
	    UNIT_TEST(no_routes_no_handler),
	};

	return RUN_TESTS(tests);
}
