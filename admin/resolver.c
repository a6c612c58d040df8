#include "resolver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unbound.h>
#include <unistd.h>

#include "clock.h"
#include "config_value.h"
#include "log.h"

enum { CLASS_IN = 1, RCODE_NOERROR = 0, RCODE_NXDOMAIN = 3 };

enum hd_error
hd_resolver_server(const char *text, char server[HD_RESOLVER_SERVER_SIZE])
{
	const struct hd_value_limits limits = {sizeof(int64_t), 1, 65535};
	const char *at = strchr(text, '@');
	const size_t length = at == NULL ? strlen(text) : (size_t)(at - text);
	char address[INET6_ADDRSTRLEN];
	unsigned char binary[sizeof(struct in6_addr)];
	int64_t port = 53;

	if (length < sizeof(address)) {
		memcpy(address, text, length);
		address[length] = '\0';
		if ((inet_pton(AF_INET, address, binary) == 1 ||
			inet_pton(AF_INET6, address, binary) == 1) &&
		    (at == NULL ||
			hd_value_parse(HD_VALUE_NUMBER, at + 1, &limits, &port) == NULL)) {
			(void)snprintf(
			    server, HD_RESOLVER_SERVER_SIZE, "%s@%d", address, (int)port);
			return HD_OK;
		}
	}
	hd_error("--resolver %s: must be an IP address, or one with @PORT", text);
	return HD_INVALID;
}

static enum hd_error
failed(const char *what, int code)
{
	hd_error("%s: %s", what, ub_strerror(code));
	return code == UB_NOMEM ? HD_NO_MEMORY : HD_IO;
}

/* libunbound would only say "syntax error", and not before the first look-up */
static enum hd_error
set_anchor(struct ub_ctx *context, const char *file)
{
	int code;

	if (access(file, R_OK) != 0) {
		hd_error("%s: cannot read the trust anchor: %s", file, strerror(errno));
		return HD_CONFIG;
	}
	code = ub_ctx_add_ta_file(context, file);
	return code == 0 ? HD_OK : failed(file, code);
}

static enum hd_error
set_server(struct ub_ctx *context, const char *server)
{
	int code = 0;

	if (server == NULL)
		return HD_OK;
	if (server[0] == '\0')
		code = ub_ctx_resolvconf(context, NULL);
	else
		code = ub_ctx_set_fwd(context, server);
	return code == 0 ? HD_OK : failed(server[0] == '\0' ? "/etc/resolv.conf" : server, code);
}

static enum hd_error
configure(struct ub_ctx *context, const struct hd_resolver_options *options)
{
	enum hd_error error;
	int code;

	(void)ub_ctx_debugout(context, NULL);
	/* A thread, not a process: nothing is left behind. */
	code = ub_ctx_async(context, 1);
	/* The resolver of a mail server that verifies DANE is mostly on the same host. */
	if (code == 0)
		code = ub_ctx_set_option(context, "do-not-query-localhost:", "no");
	if (code != 0)
		return failed("libunbound", code);
	error = set_anchor(context, options->anchor);
	if (error == HD_OK)
		error = set_server(context, options->server);
	if (error != HD_OK)
		return error;
	/*
	 * "test." would be answered with NXDOMAIN (RFC 6761), also where a
	 * resolver knows it. This comes last, as it makes all that is set final.
	 */
	code = ub_ctx_zone_remove(context, "test.");
	return code == 0 ? HD_OK : failed(options->anchor, code);
}

static void
take_records(struct hd_lookup *lookup, const struct ub_result *result)
{
	for (; result->data[lookup->count] != NULL; lookup->count++) {
		const size_t length = (size_t)result->len[lookup->count];
		struct hd_record *record = &lookup->records[lookup->count];

		if (lookup->count >= HD_RESOLVER_RECORDS)
			continue;
		record->length = length;
		memcpy(record->data, result->data[lookup->count],
		    length < sizeof(record->data) ? length : sizeof(record->data));
	}
}

static void
take_answer(void *mine, int code, struct ub_result *result)
{
	struct hd_lookup *lookup = mine;
	const char *why = "";

	lookup->answered = true;
	if (code != 0)
		why = ub_strerror(code);
	else if (result->bogus != 0) {
		lookup->outcome = HD_LOOKUP_BOGUS;
		why = result->why_bogus == NULL ? "no reason given" : result->why_bogus;
	} else if (result->rcode != RCODE_NOERROR && result->rcode != RCODE_NXDOMAIN)
		why = result->rcode == 2 ? "SERVFAIL: its name servers give no good answer"
					 : "the name server refuses to answer";
	else {
		lookup->outcome = result->havedata != 0 ? HD_LOOKUP_FOUND : HD_LOOKUP_NONE;
		lookup->secure = result->secure != 0;
		take_records(lookup, result);
	}
	(void)snprintf(lookup->why, sizeof(lookup->why), "%s", why);
	ub_resolve_free(result);
}

static enum hd_error
send_questions(struct ub_ctx *context, struct hd_lookup *lookups, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct hd_lookup *lookup = &lookups[i];
		int code;

		lookup->outcome = HD_LOOKUP_UNASKED;
		lookup->answered = false;
		lookup->secure = false;
		lookup->count = 0;
		strcpy(lookup->why, "no answer in time");
		code = ub_resolve_async(
		    context, lookup->name, (int)lookup->type, CLASS_IN, lookup, take_answer, NULL);
		if (code != 0)
			return failed(lookup->name, code);
	}
	return HD_OK;
}

static size_t
count_open(const struct hd_lookup *lookups, size_t count)
{
	size_t open = 0;

	for (size_t i = 0; i < count; i++)
		open += lookups[i].answered ? 0 : 1;
	return open;
}

static enum hd_error
collect(struct ub_ctx *context, struct hd_lookup *lookups, size_t count, int timeout)
{
	const int64_t deadline = hd_time_monotonic() + timeout;
	struct pollfd ready = {.fd = ub_fd(context), .events = POLLIN};

	while (count_open(lookups, count) > 0) {
		const int64_t left = deadline - hd_time_monotonic();
		int code = 0;

		if (left <= 0)
			break;
		if (poll(&ready, 1, (int)left) > 0)
			code = ub_process(context);
		if (code != 0)
			return failed("libunbound", code);
	}
	return HD_OK;
}

enum hd_error
hd_resolver_ask(
    const struct hd_resolver_options *options, struct hd_lookup *lookups, size_t count, int timeout)
{
	struct ub_ctx *context = ub_ctx_create();
	enum hd_error error;

	if (context == NULL) {
		hd_error("libunbound does not start: out of memory?");
		return HD_NO_MEMORY;
	}
	error = configure(context, options);
	if (error == HD_OK)
		error = send_questions(context, lookups, count);
	if (error == HD_OK)
		error = collect(context, lookups, count, timeout);
	/* Ends the thread too: no answer comes any more. */
	ub_ctx_delete(context);
	return error;
}
