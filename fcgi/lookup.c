#include "lookup.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "clock.h"
#include "log.h"
#include "metrics.h"
#include "recording.h"

static const char map_name[] = "alias";

enum {
	ADDRESS_SIZE = HD_ALIAS_SIZE + HD_PROBE_NAME_MAX + HD_DOMAIN_SIZE + 256, /* an extension */
	LOCAL_SIZE = sizeof("havedane-@localhost") + HD_PROBE_NAME_MAX
};

/* parse - alias and probe of a key; false: it is no address of ours */
static bool
parse(const struct hd_lookup *lookup, const struct hd_socketmap_request *request,
    char alias[HD_ALIAS_SIZE], enum hd_probe_id *probe)
{
	char address[ADDRESS_SIZE];

	if (request->key_length >= sizeof(address) ||
	    memchr(request->key, '\0', request->key_length) != NULL)
		return false;
	memcpy(address, request->key, request->key_length);
	address[request->key_length] = '\0';
	return hd_address_parse(address, lookup->config->domain, alias, probe);
}

/* offered - record that a message was offered where we expect none; HD_NONE: no such test */
static enum hd_error
offered(
    struct hd_store *store, const char *alias, int64_t now, int64_t expired, enum hd_probe_id probe)
{
	bool first;
	enum hd_error error = hd_store_offer_record(store, alias, expired, probe, now, &first);

	if (error == HD_OK && first) {
		hd_metrics_add(HD_METRIC_OFFERS, 1);
		hd_info("offered: alias=%.*s... probe=%s", HD_ALIAS_LOGGED, alias,
		    hd_probes[probe].name);
	}
	return error;
}

static enum hd_socketmap_status
find(const struct hd_lookup *lookup, const struct hd_socketmap_request *request,
    enum hd_probe_id *probe)
{
	const int64_t now = hd_time_now(), expired = now - lookup->config->retention;
	char alias[HD_ALIAS_SIZE];
	enum hd_error error;

	if (!parse(lookup, request, alias, probe))
		return HD_SOCKETMAP_NOTFOUND;
	if (hd_probes[*probe].expect_delivered)
		error = hd_store_test_exists(lookup->store, alias, expired);
	else {
		error = offered(lookup->store, alias, now, expired, *probe);
		if (error != HD_OK && error != HD_NONE)
			hd_recording_owe(alias, *probe, now);
	}
	if (error == HD_NONE)
		return HD_SOCKETMAP_NOTFOUND;
	return error == HD_OK ? HD_SOCKETMAP_OK : HD_SOCKETMAP_TEMP;
}

static bool
is_for_us(const struct hd_socketmap_request *request)
{
	return request->key != NULL && request->map_length == sizeof(map_name) - 1 &&
	       memcmp(request->map, map_name, request->map_length) == 0;
}

size_t
hd_lookup_answer(const struct hd_lookup *lookup, const struct hd_socketmap_request *request,
    char reply[HD_SOCKETMAP_REPLY_MAX])
{
	static const struct {
		enum hd_metric metric;
		const char *text;
	} answers[HD_SOCKETMAP_STATUS_COUNT] = {
	    [HD_SOCKETMAP_OK] = {HD_METRIC_LOOKUP_OK, NULL},
	    [HD_SOCKETMAP_NOTFOUND] = {HD_METRIC_LOOKUP_NOTFOUND, ""},
	    [HD_SOCKETMAP_TEMP] = {HD_METRIC_LOOKUP_TEMP, "the store cannot be used now"},
	    [HD_SOCKETMAP_PERM] = {HD_METRIC_LOOKUP_PERM, "the only map here is \"alias\""},
	};
	enum hd_socketmap_status status = HD_SOCKETMAP_PERM;
	enum hd_probe_id probe = HD_PROBE_COUNT;
	char local[LOCAL_SIZE];
	const char *text;

	if (is_for_us(request))
		status = find(lookup, request, &probe);
	text = answers[status].text;
	if (status == HD_SOCKETMAP_OK) {
		(void)snprintf(
		    local, sizeof(local), "havedane-%s@localhost", hd_probes[probe].name);
		text = local;
	}
	hd_metrics_add(answers[status].metric, 1);
	return hd_socketmap_reply(status, text, reply);
}
