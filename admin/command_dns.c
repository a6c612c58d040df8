#include <json_object.h>
#include <string.h>

#include "cert.h"
#include "command.h"
#include "log.h"
#include "option.h"
#include "zone.h"
#include "zone_json.h"

static enum hd_error
print_bind(FILE *out, const struct hd_zone *zone)
{
	return hd_zone_write(out, zone, HD_ZONE_BIND);
}

static enum hd_error
print_generic(FILE *out, const struct hd_zone *zone)
{
	return hd_zone_write(out, zone, HD_ZONE_GENERIC);
}

static enum hd_error
print_json(FILE *out, const struct hd_zone *zone)
{
	const int style = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_object *json;
	const char *text;
	enum hd_error error = hd_zone_json(zone, &json);

	if (error == HD_OK) {
		text = json_object_to_json_string_ext(json, style);
		if (text == NULL)
			error = HD_NO_MEMORY;
		else
			(void)fprintf(out, "%s\n", text);
		(void)json_object_put(json);
	}
	if (error == HD_NO_MEMORY)
		hd_error("dns: out of memory");
	if (error == HD_OK) /* JSON has no comments to say it in */
		hd_info("dns: all of these records must be in a zone that is signed with DNSSEC, "
			"as only signatures prove that a record is right, or that there is none");
	return error;
}

static const struct {
	const char *name;
	enum hd_error (*print)(FILE *out, const struct hd_zone *zone);
} formats[] = {
    {"bind", print_bind},
    {"generic", print_generic},
    {"json", print_json},
};

enum { FORMAT_COUNT = sizeof(formats) / sizeof(formats[0]) };

/* find_format - its index, or FORMAT_COUNT (logged) */
static size_t
find_format(const char *name)
{
	size_t i = 0;

	while (i < FORMAT_COUNT && strcmp(formats[i].name, name) != 0)
		i++;
	if (i == FORMAT_COUNT)
		hd_error("--format %s: there is no such format, only bind, generic and json", name);
	return i;
}

enum hd_error
hd_command_dns(struct hd_call *call)
{
	struct hd_cert_digests digests;
	struct hd_zone zone = {
	    .domain = call->config.domain,
	    .ipv4 = call->options[DNS_IPV4],
	    .ipv6 = call->options[DNS_IPV6],
	    .digests = &digests,
	};
	size_t format = find_format(call->options[DNS_FORMAT]);
	enum hd_error error;

	if (format == FORMAT_COUNT)
		return HD_INVALID;
	if (zone.ipv4 == NULL) {
		hd_error("dns: --ipv4 is missing");
		return HD_INVALID;
	}
	error = hd_option_number("ttl", call->options[DNS_TTL], 0, HD_ZONE_TTL_MAX, &zone.ttl);
	if (error == HD_OK)
		error = hd_cert_load(call->options[DNS_DIR], call->config.domain, &digests);
	if (error == HD_OK)
		error = formats[format].print(call->out, &zone);
	return error;
}
