#include <json_object.h>
#include <string.h>

#include "clock.h"
#include "command.h"
#include "log.h"
#include "received.h"
#include "report.h"
#include "report_json.h"

static const char *const meanings[HD_RESULT_COUNT] = {
    [HD_RESULT_WAITING] = "nothing has arrived",
    [HD_RESULT_RUNNING] =
	"messages are arriving; a missing one has not had its time, or was offered",
    [HD_RESULT_DANE] = "the sender verifies DANE, provided that the message to \"wrong\" was sent",
    [HD_RESULT_DANE_ONLY] =
	"the sender delivers to DANE domains only, or the message to \"dont\" was never sent",
    [HD_RESULT_BROKEN] =
	"a correct DANE domain cannot be delivered to, or the message to \"do\" was never sent",
    [HD_RESULT_NO_DANE] = "the sender does not enforce DANE",
    [HD_RESULT_NO_TLS] = "the sender does not use TLS where DANE demands it",
};

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

static void
print_delivery(FILE *out, const struct hd_delivery *delivery)
{
	const struct hd_evidence *evidence = &delivery->evidence;
	char time[HD_TIME_SIZE];

	hd_time_format(delivery->received, time);
	(void)fprintf(out, "  %s", time);
	switch (evidence->transport) {
	case HD_TRANSPORT_TLS:
		(void)fprintf(out, "  %s %s",
		    evidence->tls_protocol[0] == '\0' ? "TLS" : evidence->tls_protocol,
		    evidence->tls_cipher);
		break;
	case HD_TRANSPORT_CLEAR:
		(void)fputs("  in the clear", out);
		break;
	case HD_TRANSPORT_UNKNOWN:
		(void)fputs("  TLS unknown", out);
		break;
	}
	(void)fprintf(out, "  from %s (%s)",
	    evidence->client_address[0] == '\0' ? "unknown" : evidence->client_address,
	    evidence->client_helo[0] == '\0' ? "no name" : evidence->client_helo);
}

static void
print_offer(FILE *out, int64_t offered)
{
	char time[HD_TIME_SIZE];

	hd_time_format(offered, time);
	(void)fprintf(out, "  offered %s, and not arrived", time);
}

static void
print_text(FILE *out, const struct hd_test *test, const struct hd_report *report)
{
	char created[HD_TIME_SIZE], expires[HD_TIME_SIZE];

	hd_time_format(test->created, created);
	hd_time_format(report->expires, expires);
	(void)fprintf(
	    out, "Alias    %s\nCreated  %s\nExpires  %s\n", test->alias, created, expires);
	(void)fprintf(out, "Verdict  %s%s: %s\n\n", hd_result_name(report->result),
	    report->final ? "" : ", so far", meanings[report->result]);
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		const bool more = test->deliveries[i].delivered || test->offered[i] != 0;

		/* Padded only where something follows. */
		(void)fprintf(out, "%-8s %-*s", hd_probes[i].name, more ? 13 : 0,
		    hd_outcome_name(report->probes[i].outcome));
		if (test->deliveries[i].delivered)
			print_delivery(out, &test->deliveries[i]);
		else if (more)
			print_offer(out, test->offered[i]);
		(void)fputc('\n', out);
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
	clean_evidence(&test);
	hd_report_make(&test, now, &call->config, &report);
	if (call->options[SHOW_JSON] != NULL)
		return print_json(call->out, &test, &report, call->config.domain);
	print_text(call->out, &test, &report);
	return HD_OK;
}
