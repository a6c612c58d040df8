/*
 * etag - entity tags, RFC 9110, sections 8.8.3 and 13.1.2
 */
#ifndef HD_ETAG_H
#define HD_ETAG_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum { HD_ETAG_SIZE = 1 + 32 + 1 + 1 }; /* quoted, 128 bits in hexadecimal, NUL */

/* hd_etag_make - the strong entity tag of a body, quotes included; HD_CRYPTO */
enum hd_error hd_etag_make(const char *body, size_t length, char etag[HD_ETAG_SIZE]);

/*
 * hd_etag_matches - whether an If-None-Match field has etag
 *
 * field: NULL, "*", or a list; compared weakly (nginx's gzip makes strong tags
 * weak). A list that is malformed from some point on matches up to there.
 */
bool hd_etag_matches(const char *field, const char *etag);

#endif
