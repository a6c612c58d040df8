/*
 * api - the HTTP API: the table of routes and what each does
 */
#ifndef HD_API_H
#define HD_API_H

#include "route.h"

enum { HD_BODY_MAX = 64 * 1024 }; /* bytes; of any request */

/* hd_api_answer - serve one request; the response is always complete */
void hd_api_answer(
    const struct hd_api *api, struct hd_request *request, struct hd_response *response);

/* hd_api_route - the number of the route that a URI (or NULL) is at; of none: beyond the table */
size_t hd_api_route(const char *uri);

/* hd_api_negotiated - whether what is answered at a URI (or NULL) depends on Accept */
bool hd_api_negotiated(const char *uri);

#endif
