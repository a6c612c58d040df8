#include <json_object.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "log.h"
#include "received.h"
#include "report.h"
#include "report_json.h"
#include "report_text.h"

/* clean - printable ASCII only: these words are from other hosts, for somebody's terminal */
static void
clean(char *text, size_t size)
{
	char copy[HD_CLIENT_HELO_SIZE];

	hd_printable(copy, size < sizeof(copy) ? size : sizeof(copy), text, strlen(text));
	strcpy(text, copy);
}

static void
clean_evidence(struct hd_test *test)
{
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		struct hd_evidence *evidence = &test->deliveries[i].evidence;

		clean(evidence->tls_protocol, sizeof(evidence->tls_protocol));
		clean(evidence->tls_cipher, sizeof(evidence->tls_cipher));
		clean(evidence->client_address, sizeof(evidence->client_address));
		clean(evidence->client_helo, sizeof(evidence->client_helo));
	}
}

static enum hd_error
print_json(
    FILE *out, const struct hd_test *test, const struct hd_report *report, const char *domain)
{
	const int style = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_object *json;
	const char *text;
	enum hd_error error = hd_report_json(test, report, domain, &json);

	if (error == HD_OK) {
		text = json_object_to_json_string_ext(json, style);
		if (text == NULL)
			error = HD_NO_MEMORY;
		else
			(void)fprintf(out, "%s\n", text);
		(void)json_object_put(json);
	}
	if (error != HD_OK)
		hd_error("show: %s", hd_strerror(error));
	return error;
}

static enum hd_error
get(const struct hd_call *call, const char *alias, int64_t now, struct hd_test *test)
{
	struct hd_store *store;
	enum hd_error error = hd_command_open(call, HD_STORE_USE, &store);

	if (error != HD_OK)
		return error;
	error = hd_store_test_get(store, alias, now - call->config.retention, test);
	hd_store_close(store);
	if (error == HD_NONE)
		hd_error("%s: there is no such test, or it has expired", alias);
	return error;
}

enum hd_error
hd_command_show(struct hd_call *call)
{
	const char *operand = call->operands[0];
	const int64_t now = hd_time_now();
	char alias[HD_ALIAS_SIZE];
	struct hd_report report;
	struct hd_test test;
	enum hd_error error;

	if (!hd_alias_parse(operand, strlen(operand), alias)) {
		hd_error("\"%s\" is no alias: it has %d letters a to z and digits 2 to 7", operand,
		    HD_ALIAS_LENGTH);
		return HD_INVALID;
	}
	error = get(call, alias, now, &test);
	if (error != HD_OK)
		return error;
	hd_report_make(&test, now, &call->config, &report);
	if (call->options[SHOW_JSON] != NULL) {
		clean_evidence(&test);
		return print_json(call->out, &test, &report, call->config.domain);
	}
	hd_report_text(call->out, &test, &report, call->config.domain);
	return HD_OK;
}
