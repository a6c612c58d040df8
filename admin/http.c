#include "http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "config_value.h"
#include "wire.h"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, REQUEST_SIZE = 1024 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* take_port - ":PORT" or nothing */
static bool
take_port(const char *text, in_port_t *port)
{
	const struct hd_value_limits limits = {sizeof(int64_t), 1, 65535};
	int64_t number = HTTP_PORT;

	if (text[0] != '\0' &&
	    (text[0] != ':' || hd_value_parse(HD_VALUE_NUMBER, text + 1, &limits, &number) != NULL))
		return false;
	*port = htons((uint16_t)number);
	return true;
}

static bool
parse(const char *server, union address *address, socklen_t *length)
{
	const bool brackets = server[0] == '[';
	const char *start = brackets ? server + 1 : server;
	const char *colon = strchr(start, ':');
	size_t size = brackets ? strcspn(start, "]") : strcspn(start, ":");
	char text[INET6_ADDRSTRLEN];
	in_port_t port;

	/* IPv6 without brackets has several colons, and no port. */
	if (!brackets && colon != NULL && strchr(colon + 1, ':') != NULL)
		size = strlen(start);
	if (size >= sizeof(text) || (brackets && start[size] != ']') ||
	    !take_port(start + size + (brackets ? 1 : 0), &port))
		return false;
	memcpy(text, start, size);
	text[size] = '\0';
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &address->v4.sin_addr) == 1) {
		address->v4.sin_family = AF_INET;
		address->v4.sin_port = port;
		*length = sizeof(address->v4);
		return true;
	}
	address->v6.sin6_family = AF_INET6;
	address->v6.sin6_port = port;
	*length = sizeof(address->v6);
	return inet_pton(AF_INET6, text, &address->v6.sin6_addr) == 1;
}

bool
hd_http_server_is_valid(const char *server)
{
	union address address;
	socklen_t length;

	return parse(server, &address, &length);
}

static bool
start_tls(struct hd_wire *wire, const char *host)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	SSL *ssl = context == NULL ? NULL : SSL_new(context);
	bool good = ssl != NULL && hd_wire_name(ssl, host);

	if (good)
		good = hd_wire_tls(wire, ssl) == HD_WIRE_OK;
	else
		SSL_free(ssl);
	SSL_CTX_free(context);
	ERR_clear_error();
	return good;
}

/* take_answer - until the server closes, or there is enough of it */
static bool
take_answer(struct hd_wire *wire, struct hd_http_answer *answer)
{
	enum hd_wire_result result = HD_WIRE_OK;
	size_t length = 0, some;

	while (result == HD_WIRE_OK && length + 1 < sizeof(answer->text)) {
		result = hd_wire_read(
		    wire, answer->text + length, sizeof(answer->text) - 1 - length, &some);
		if (result == HD_WIRE_OK)
			length += some;
	}
	answer->text[length] = '\0';
	answer->body = strstr(answer->text, "\r\n\r\n");
	return answer->body != NULL;
}

static void
judge(struct hd_http_answer *answer)
{
	const char *digits = answer->text + strlen("HTTP/1.1 ");

	if (strncmp(answer->text, "HTTP/1.", strlen("HTTP/1.")) != 0 ||
	    strspn(digits, "0123456789") != 3) {
		(void)snprintf(answer->reason, sizeof(answer->reason), "what it says is not HTTP");
		return;
	}
	answer->status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
	answer->body += strlen("\r\n\r\n");
}

static void
get(const struct hd_http_question *question, const union address *address, socklen_t length,
    struct hd_http_answer *answer)
{
	struct hd_wire wire;
	char request[REQUEST_SIZE];
	bool good = hd_wire_open(&wire, &address->any, length, question->timeout) == HD_WIRE_OK;

	answer->status = 0;
	(void)snprintf(request, sizeof(request),
	    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: havedane check\r\n"
	    "Connection: close\r\n\r\n",
	    question->path, question->host);
	if (good && answer->tls)
		good = start_tls(&wire, question->host);
	good = good && hd_wire_write(&wire, request, strlen(request)) == HD_WIRE_OK &&
	       take_answer(&wire, answer);
	if (good)
		judge(answer);
	else
		(void)snprintf(answer->reason, sizeof(answer->reason), "no answer%s: %s",
		    answer->tls ? " by https" : "",
		    wire.reason[0] == '\0' ? "it says too much" : wire.reason);
	hd_wire_close(&wire);
}

void
hd_http_get(const struct hd_http_question *question, struct hd_http_answer *answer)
{
	union address address;
	socklen_t length;
	char target[512];

	answer->status = 0;
	answer->tls = false;
	answer->text[0] = '\0';
	answer->body = answer->text;
	if (!parse(question->server, &address, &length)) {
		(void)snprintf(answer->reason, sizeof(answer->reason), "this is no address");
		return;
	}
	get(question, &address, length, answer);
	if (answer->status / 100 == 3 &&
	    hd_http_header(answer, "Location", target, sizeof(target)) &&
	    strncasecmp(target, "https://", strlen("https://")) == 0) {
		/* sin6_port is at the same place. */
		address.v4.sin_port = htons(HTTPS_PORT);
		answer->tls = true;
		get(question, &address, length, answer);
	}
}

bool
hd_http_header(const struct hd_http_answer *answer, const char *name, char *value, size_t size)
{
	const size_t length = strlen(name);
	const char *line = strstr(answer->text, "\r\n");

	while (line != NULL && strncmp(line, "\r\n\r\n", 4) != 0) {
		line += 2;
		if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
			const char *start = line + length + 1;

			start += strspn(start, " \t");
			if (strcspn(start, "\r\n") >= size)
				return false;
			(void)snprintf(value, size, "%.*s", (int)strcspn(start, "\r\n"), start);
			return true;
		}
		line = strstr(line, "\r\n");
	}
	return false;
}
