#include "smtp.h"

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "clock.h"
#include "wire.h"

enum { SMTP_PORT = 25, SESSION_TIMEOUT = 15 * 1000 /* milliseconds; some greet late */ };

/* A session: one question, its connection, and the last reply. */
struct session {
	const struct hd_smtp_question *question;
	struct hd_smtp_answer *answer;
	struct hd_wire wire;
	char reply[HD_SMTP_REPLY_SIZE];
};

static bool
is_code(const char *line)
{
	return line[0] >= '2' && line[0] <= '5' && isdigit((unsigned char)line[1]) != 0 &&
	       isdigit((unsigned char)line[2]) != 0;
}

int
hd_smtp_reply(const char *text)
{
	const char *line = text, *end;

	while ((end = strchr(line, '\n')) != NULL) {
		if (!is_code(line) || strchr("- \r\n", line[3]) == NULL)
			return -1;
		if (strncmp(line, text, 3) != 0)
			return -1;
		if (line[3] != '-')
			return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
		line = end + 1;
	}
	return 0;
}

bool
hd_smtp_offers(const char *reply, const char *keyword)
{
	const size_t length = strlen(keyword);
	const char *line = strchr(reply, '\n'); /* the first line is a greeting */

	for (; line != NULL && line[1] != '\0'; line = strchr(line + 1, '\n')) {
		const char *word = line + 1;

		if (strlen(word) < 4)
			return false;
		word += 4; /* "250-" */
		if (strncasecmp(word, keyword, length) == 0 &&
		    strchr(" \r\n", word[length]) != NULL)
			return true;
	}
	return false;
}

__attribute__((format(printf, 3, 4))) static bool
ends(struct session *session, enum hd_smtp_outcome outcome, const char *format, ...)
{
	va_list args;

	session->answer->outcome = outcome;
	va_start(args, format);
	(void)vsnprintf(session->answer->detail, sizeof(session->answer->detail), format, args);
	va_end(args);
	return false;
}

/* first_line - what a message shows of a reply */
static int
first_line(const char *reply)
{
	size_t length = strcspn(reply, "\r\n");

	return length > 120 ? 120 : (int)length;
}

/* read_reply - its code; 0: none (session->wire.reason), -1: what came is no reply */
static int
read_reply(struct session *session)
{
	size_t length = 0, some;
	int code = 0;

	session->reply[0] = '\0';
	while (code == 0) {
		if (length + 1 == sizeof(session->reply))
			return -1;
		if (hd_wire_read(&session->wire, session->reply + length,
			sizeof(session->reply) - 1 - length, &some) != HD_WIRE_OK)
			return 0;
		if (memchr(session->reply + length, '\0', some) != NULL)
			return -1;
		length += some;
		session->reply[length] = '\0';
		code = hd_smtp_reply(session->reply);
	}
	return code;
}

/* expect - a reply of this code, or the session ends so */
static bool
expect(struct session *session, int wanted, enum hd_smtp_outcome otherwise, const char *step)
{
	int code = read_reply(session);

	if (code == wanted)
		return true;
	if (code == 0)
		return ends(session, otherwise, "%s: %s", step, session->wire.reason);
	return ends(session, otherwise, "%s: it says \"%.*s\"", step, first_line(session->reply),
	    session->reply);
}

static bool
say(struct session *session, const char *command)
{
	if (hd_wire_write(&session->wire, command, strlen(command)) == HD_WIRE_OK)
		return true;
	return ends(session, HD_SMTP_UNFRIENDLY, "%s", session->wire.reason);
}

static bool
connects(struct session *session)
{
	const struct hd_ip *ip = session->question->ip;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(SMTP_PORT)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(SMTP_PORT)};
	const int timeout = session->question->timeout;
	enum hd_wire_result result;

	v4.sin_addr = ip->address.v4;
	v6.sin6_addr = ip->address.v6;
	if (ip->family == AF_INET6)
		result =
		    hd_wire_open(&session->wire, (const struct sockaddr *)&v6, sizeof(v6), timeout);
	else
		result =
		    hd_wire_open(&session->wire, (const struct sockaddr *)&v4, sizeof(v4), timeout);
	session->wire.deadline = hd_time_monotonic() + SESSION_TIMEOUT;
	if (result == HD_WIRE_OK)
		return true;
	return ends(session, result == HD_WIRE_REFUSED ? HD_SMTP_REFUSED : HD_SMTP_UNREACHABLE,
	    "%s", session->wire.reason);
}

static bool
greets(struct session *session)
{
	char name[256] = "localhost", ehlo[300];

	if (!expect(session, 220, HD_SMTP_UNFRIENDLY, "greeting"))
		return false;
	(void)snprintf(session->answer->detail, sizeof(session->answer->detail), "%.*s",
	    first_line(session->reply), session->reply);
	if (gethostname(name, sizeof(name)) != 0 || memchr(name, '\0', sizeof(name)) == NULL)
		strcpy(name, "localhost");
	(void)snprintf(ehlo, sizeof(ehlo), "EHLO %s\r\n", name);
	if (!say(session, ehlo) || !expect(session, 250, HD_SMTP_UNFRIENDLY, "EHLO"))
		return false;
	if (!hd_smtp_offers(session->reply, "STARTTLS"))
		return ends(session, HD_SMTP_NO_STARTTLS, "EHLO: STARTTLS is not offered");
	return say(session, "STARTTLS\r\n") && expect(session, 220, HD_SMTP_NO_TLS, "STARTTLS");
}

/*
 * prepare - a TLS session that verifies, but goes on if that fails
 *
 * For usage 3 neither names nor dates count (RFC 7672, section 3.1.1).
 */
static SSL *
prepare(const struct hd_smtp_question *question, SSL_CTX *context)
{
	const struct hd_tlsa_rdata *record = question->record;
	SSL *ssl;

	if (SSL_CTX_dane_enable(context) != 1)
		return NULL;
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	ssl = SSL_new(context);
	if (ssl == NULL)
		return NULL;
	if (record == NULL) {
		if (hd_wire_name(ssl, question->host))
			return ssl;
	} else if (SSL_dane_enable(ssl, question->host) == 1 && record->length > 3 &&
		   SSL_dane_tlsa_add(ssl, record->bytes[0], record->bytes[1], record->bytes[2],
		       record->bytes + 3, record->length - 3) == 1) {
		(void)SSL_dane_set_flags(ssl, DANE_FLAG_NO_DANE_EE_NAMECHECKS);
		return ssl;
	}
	SSL_free(ssl);
	return NULL;
}

static bool
take_certificate(struct session *session)
{
	struct hd_smtp_answer *answer = session->answer;
	X509 *leaf = SSL_get1_peer_certificate(session->wire.ssl);
	unsigned size = 0;
	bool taken = leaf != NULL &&
		     X509_digest(leaf, EVP_sha256(), answer->certificate, &size) == 1 &&
		     size == sizeof(answer->certificate);

	X509_free(leaf);
	return taken || ends(session, HD_SMTP_NO_TLS, "STARTTLS: no certificate is presented");
}

static bool
verifies(struct session *session, SSL_CTX *context)
{
	struct hd_smtp_answer *answer = session->answer;
	SSL *ssl = prepare(session->question, context);
	long result;

	if (ssl == NULL)
		return ends(session, HD_SMTP_OWN_TROUBLE, "OpenSSL cannot use the TLSA record");
	if (hd_wire_tls(&session->wire, ssl) != HD_WIRE_OK)
		return ends(session, HD_SMTP_NO_TLS, "STARTTLS: %s", session->wire.reason);
	if (!take_certificate(session))
		return false;
	answer->outcome = HD_SMTP_TLS;
	if (session->question->record != NULL) {
		result = SSL_get_verify_result(ssl);
		answer->matches =
		    result == X509_V_OK && SSL_get0_dane_authority(ssl, NULL, NULL) >= 0;
		answer->why_not = X509_verify_cert_error_string(result);
	}
	return true;
}

void
hd_smtp_ask(const struct hd_smtp_question *question, struct hd_smtp_answer *answer)
{
	struct session session = {.question = question, .answer = answer, .wire = {.fd = -1}};
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	*answer = (struct hd_smtp_answer){.outcome = HD_SMTP_OWN_TROUBLE, .why_not = ""};
	if (context == NULL)
		(void)ends(&session, HD_SMTP_OWN_TROUBLE, "OpenSSL: out of memory");
	else if (connects(&session) && greets(&session) && verifies(&session, context) &&
		 hd_wire_write(&session.wire, "QUIT\r\n", 6) == HD_WIRE_OK)
		/* The server is not left with a broken connection to log. */
		(void)read_reply(&session);
	hd_wire_close(&session.wire);
	SSL_CTX_free(context);
	ERR_clear_error();
}
