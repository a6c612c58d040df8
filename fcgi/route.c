#include "route.h"

#include <stdbool.h>
#include <string.h>

/*
 * match - whether a path is of a route's form
 *
 * *segment is what stands for "*", NULL on a route without one.
 */
static bool
match(const char *pattern, const char *path, size_t length, const char **segment)
{
	const size_t fixed = strcspn(pattern, "*");

	*segment = NULL;
	if (length < fixed || memcmp(pattern, path, fixed) != 0)
		return false;
	if (pattern[fixed] == '\0')
		return length == fixed;
	*segment = path + fixed;
	return length > fixed && memchr(*segment, '/', length - fixed) == NULL;
}

static hd_handler *
handler_of(const struct hd_route *route, const char *method)
{
	for (size_t i = 0; i < HD_ROUTE_METHODS && route->methods[i].method != NULL; i++) {
		if (strcmp(route->methods[i].method, method) == 0)
			return route->methods[i].handler;
	}
	return NULL;
}

/* find - the number of the route of a path, up to "?"; *segment as match sets it */
static size_t
find(const struct hd_route *routes, size_t count, const char *uri, const char **segment)
{
	const size_t length = strcspn(uri, "?");
	size_t i = 0;

	while (i < count && !match(routes[i].path, uri, length, segment))
		i++;
	return i;
}

size_t
hd_route_match(const struct hd_route *routes, size_t count, const char *uri)
{
	const char *segment;

	return uri == NULL ? count : find(routes, count, uri, &segment);
}

hd_handler *
hd_route_find(const struct hd_route *routes, size_t count, struct hd_request *request,
    struct hd_response *response)
{
	const char *path = request->uri, *segment = NULL;
	hd_handler *handler;
	size_t i;

	request->alias[0] = '\0';
	if (path == NULL || request->method == NULL) {
		hd_response_problem(response, 400, "The request has no method or no URI.");
		return NULL;
	}
	i = find(routes, count, path, &segment);
	if (i == count) {
		hd_response_problem(response, 404, "There is nothing at this address.");
		return NULL;
	}
	handler = handler_of(&routes[i], request->method);
	if (handler == NULL) {
		hd_response_problem(response, 405, "This resource has no such method.");
		response->allow = routes[i].allow;
		return NULL;
	}
	if (segment != NULL && !hd_alias_parse(segment, strcspn(segment, "?"), request->alias)) {
		hd_response_problem(
		    response, 400, "An alias has 16 characters, of a to z and 2 to 7.");
		return NULL;
	}
	return handler;
}
