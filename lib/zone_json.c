#include "zone_json.h"

#include <json_object.h>
#include <stdbool.h>
#include <string.h>

struct collector {
	struct json_object *array;
	int ttl;
};

/* add - give value to an object under name; false: no memory, the value is released */
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
add_text(struct json_object *object, const char *name, const char *text)
{
	return add(object, name, json_object_new_string(text));
}

static bool
add_number(struct json_object *object, const char *name, int64_t number)
{
	return add(object, name, json_object_new_int64(number));
}

static bool
add_mx(struct json_object *object, const struct hd_zone_record *record)
{
	/* Each probe is its own mail server. */
	return add_number(object, "priority", record->preference) &&
	       add_text(object, "target", record->name);
}

static bool
add_tlsa(struct json_object *object, const struct hd_zone_record *record)
{
	char data[2 * HD_CERT_DIGEST_SIZE + 1];

	hd_tlsa_format_data(&record->tlsa, data);
	return add_number(object, "usage", record->tlsa.usage) &&
	       add_number(object, "selector", record->tlsa.selector) &&
	       add_number(object, "matching_type", record->tlsa.matching) &&
	       add_text(object, "certificate", data);
}

static bool
fill(struct json_object *object, const struct hd_zone_record *record, int ttl)
{
	bool complete = add_text(object, "name", record->name) &&
			add_text(object, "type", record->type) && add_number(object, "ttl", ttl) &&
			add_text(object, "data", record->data);

	if (complete && strcmp(record->type, "MX") == 0)
		complete = add_mx(object, record);
	else if (complete && strcmp(record->type, "TLSA") == 0)
		complete = add_tlsa(object, record);
	return complete;
}

static enum hd_error
collect(const struct hd_zone_record *record, void *context)
{
	struct collector *collector = context;
	struct json_object *object = json_object_new_object();

	if (object == NULL)
		return HD_NO_MEMORY;
	if (!fill(object, record, collector->ttl) ||
	    json_object_array_add(collector->array, object) != 0) {
		(void)json_object_put(object);
		return HD_NO_MEMORY;
	}
	return HD_OK;
}

enum hd_error
hd_zone_json(const struct hd_zone *zone, struct json_object **json)
{
	struct collector collector = {json_object_new_array(), zone->ttl};
	enum hd_error error = HD_NO_MEMORY;

	if (collector.array != NULL)
		error = hd_zone_walk(zone, collect, &collector);
	if (error != HD_OK) {
		(void)json_object_put(collector.array);
		collector.array = NULL;
	}
	*json = collector.array;
	return error;
}
