/*
 * route - which handler serves a request: the table is in api.c
 *
 * Paths are compared byte for byte, without decoding.
 */
#ifndef HD_ROUTE_H
#define HD_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "alias.h"
#include "config.h"
#include "response.h"
#include "store.h"

/* What a handler works with: the worker's own. */
struct hd_api {
	const struct hd_config *config;
	struct hd_store *store;
};

struct hd_request {
	const char *method;        /* NULL when the web server sent none */
	const char *uri;           /* REQUEST_URI, undecoded, query included; or NULL */
	const char *accept;        /* or NULL */
	const char *if_none_match; /* or NULL */
	char alias[HD_ALIAS_SIZE]; /* from the path; "" on routes without one */
};

typedef void hd_handler(
    const struct hd_api *api, const struct hd_request *request, struct hd_response *response);

enum { HD_ROUTE_METHODS = 3 };

struct hd_route {
	const char *path; /* of which a last segment "*" is an alias */
	const char *allow;
	bool negotiated; /* what is answered depends on Accept */
	struct {
		const char *method; /* NULL: no more */
		hd_handler *handler;
	} methods[HD_ROUTE_METHODS];
};

/* hd_route_match - the number of the route that a path, up to "?", belongs to; count: of none */
size_t hd_route_match(const struct hd_route *routes, size_t count, const char *uri);

/*
 * hd_route_find - the handler for a request's method and path
 *
 * Fills request->alias. NULL: *response has the error (400, 404, 405).
 */
hd_handler *hd_route_find(const struct hd_route *routes, size_t count, struct hd_request *request,
    struct hd_response *response);

#endif
