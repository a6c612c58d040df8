/*
 * accept - which form of a test a client prefers: RFC 9110, section 12.5.1
 */
#ifndef HD_ACCEPT_H
#define HD_ACCEPT_H

#include <stdbool.h>

/*
 * hd_accept_text - whether an Accept field prefers text/plain to application/json
 *
 * field: NULL, or a list of media ranges with weights; the most specific range
 * that matches a type gives its weight. Ranges that are malformed, and those
 * with a parameter that our types do not have (they have charset=utf-8), match
 * nothing. JSON it is when both are equally good, or neither is acceptable.
 */
bool hd_accept_text(const char *field);

#endif
