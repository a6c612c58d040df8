/*
 * zone_json - the DNS records of an installation as JSON, for providers' forms
 *
 * Apart from zone, as not everything that prints records needs json-c.
 */
#ifndef HD_ZONE_JSON_H
#define HD_ZONE_JSON_H

#include "error.h"
#include "zone.h"

struct json_object;

/*
 * hd_zone_json - an array with an object for each record
 *
 * Each has name (absolute, with the final dot), type, ttl and data (as in a
 * zone file); an MX record priority and target, a TLSA record usage, selector,
 * matching_type and certificate (hexadecimal), as forms ask for them apart.
 * HD_OK: *json is the caller's, for json_object_put. HD_INVALID: an address is
 * none (logged). HD_NO_MEMORY.
 */
enum hd_error hd_zone_json(const struct hd_zone *zone, struct json_object **json);

#endif
