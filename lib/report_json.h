/*
 * report_json - a report in the JSON form of the API; apart, as only this needs json-c
 */
#ifndef HD_REPORT_JSON_H
#define HD_REPORT_JSON_H

#include "error.h"
#include "report.h"

struct json_object;

/*
 * hd_report_json - the object "test" of the HTTP API (README)
 *
 * *json is the caller's, for json_object_put(). HD_NO_MEMORY (*json is NULL).
 */
enum hd_error hd_report_json(const struct hd_test *test, const struct hd_report *report,
    const char *domain, struct json_object **json);

#endif
