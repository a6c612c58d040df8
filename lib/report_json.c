#include "report_json.h"

#include <json_object.h>
#include <stdio.h>

#include "clock.h"

/*
 * add - give value to an object under name; the object owns it from then on
 *
 * json-c says NULL both for JSON's null and for "no memory", so null goes
 * through add_null. False: no memory, the value is released.
 */
static bool
add(struct json_object *object, const char *name, struct json_object *value)
{
	if (value == NULL)
		return false;
	if (json_object_object_add(object, name, value) != 0) {
		(void)json_object_put(value);
		return false;
	}
	return true;
}

static bool
add_null(struct json_object *object, const char *name)
{
	return json_object_object_add(object, name, NULL) == 0;
}

static bool
add_text(struct json_object *object, const char *name, const char *text)
{
	return add(object, name, json_object_new_string(text));
}

static bool
add_text_or_null(struct json_object *object, const char *name, const char *text)
{
	return text[0] == '\0' ? add_null(object, name) : add_text(object, name, text);
}

static bool
add_time(struct json_object *object, const char *name, int64_t time)
{
	char text[HD_TIME_SIZE];

	hd_time_format(time, text);
	return add_text(object, name, text);
}

static bool
add_time_or_null(struct json_object *object, const char *name, bool set, int64_t time)
{
	return set ? add_time(object, name, time) : add_null(object, name);
}

/* add_object - a new object inside another; borrowed, NULL: no memory */
static struct json_object *
add_object(struct json_object *object, const char *name)
{
	struct json_object *inner = json_object_new_object();

	return add(object, name, inner) ? inner : NULL;
}

static bool
add_tls(struct json_object *object, const struct hd_evidence *evidence)
{
	struct json_object *tls;

	if (evidence->transport != HD_TRANSPORT_TLS)
		return add_null(object, "tls");
	tls = add_object(object, "tls");
	return tls != NULL && add_text_or_null(tls, "protocol", evidence->tls_protocol) &&
	       add_text_or_null(tls, "cipher", evidence->tls_cipher);
}

static bool
add_client(struct json_object *object, const struct hd_evidence *evidence)
{
	struct json_object *client = add_object(object, "client");

	return client != NULL && add_text_or_null(client, "address", evidence->client_address) &&
	       add_text_or_null(client, "helo", evidence->client_helo);
}

static bool
add_delivery(struct json_object *object, const struct hd_delivery *delivery)
{
	struct json_object *json;

	if (!delivery->delivered)
		return add_null(object, "delivery");
	json = add_object(object, "delivery");
	return json != NULL && add_time(json, "received", delivery->received) &&
	       add_text(json, "transport", hd_transport_name(delivery->evidence.transport)) &&
	       add_tls(json, &delivery->evidence) && add_client(json, &delivery->evidence);
}

static bool
add_pass(struct json_object *object, enum hd_pass pass)
{
	if (pass == HD_PASS_OPEN)
		return add_null(object, "pass");
	return add(object, "pass", json_object_new_boolean(pass == HD_PASS_YES));
}

static bool
fill_probe(struct json_object *json, enum hd_probe_id id, const struct hd_test *test,
    const struct hd_report *report, const char *domain)
{
	const struct hd_probe *probe = &hd_probes[id];
	const enum hd_outcome expect =
	    probe->expect_delivered ? HD_OUTCOME_DELIVERED : HD_OUTCOME_NOT_DELIVERED;
	char address[HD_ALIAS_SIZE + HD_PROBE_NAME_MAX + 1 + HD_DOMAIN_SIZE];

	(void)snprintf(address, sizeof(address), "%s@%s.%s", test->alias, probe->name, domain);
	return add_text(json, "probe", probe->name) && add_text(json, "address", address) &&
	       add_text(json, "expect", hd_outcome_name(expect)) &&
	       add_text(json, "outcome", hd_outcome_name(report->probes[id].outcome)) &&
	       add_pass(json, report->probes[id].pass) &&
	       add_time_or_null(json, "offered", test->offered[id] != 0, test->offered[id]) &&
	       add_delivery(json, &test->deliveries[id]);
}

static bool
add_probes(struct json_object *object, const struct hd_test *test, const struct hd_report *report,
    const char *domain)
{
	struct json_object *list = json_object_new_array();

	if (!add(object, "probes", list))
		return false;
	for (unsigned id = 0; id < HD_PROBE_COUNT; id++) {
		struct json_object *json = json_object_new_object();

		if (json == NULL)
			return false;
		if (json_object_array_add(list, json) != 0) {
			(void)json_object_put(json);
			return false;
		}
		if (!fill_probe(json, (enum hd_probe_id)id, test, report, domain))
			return false;
	}
	return true;
}

static bool
add_verdict(struct json_object *object, const struct hd_report *report)
{
	struct json_object *verdict = add_object(object, "verdict");

	return verdict != NULL && add_text(verdict, "result", hd_result_name(report->result)) &&
	       add(verdict, "final", json_object_new_boolean(report->final));
}

enum hd_error
hd_report_json(const struct hd_test *test, const struct hd_report *report, const char *domain,
    struct json_object **json)
{
	struct json_object *object = json_object_new_object();

	*json = NULL;
	if (object == NULL)
		return HD_NO_MEMORY;
	if (add_text(object, "alias", test->alias) && add_time(object, "created", test->created) &&
	    add_time(object, "expires", report->expires) &&
	    add_time_or_null(object, "first_received", report->arrived, report->first_received) &&
	    add_time_or_null(object, "counts_at", report->arrived, report->counts_at) &&
	    add_time_or_null(object, "final_at", report->arrived, report->final_at) &&
	    add_verdict(object, report) && add_probes(object, test, report, domain) &&
	    add(object, "poll_after", json_object_new_int(report->poll_after))) {
		*json = object;
		return HD_OK;
	}
	(void)json_object_put(object);
	return HD_NO_MEMORY;
}
