/*
 * The form (smtpd(8) of Postfix; the parts in brackets may be absent):
 *
 *   Received: from HELO (NAME [ADDRESS])
 *       [(using PROTOCOL with cipher CIPHER (...) ...)]
 *       [(comment) ...]
 *       by HOST (MAIL_NAME) with [UTF8][E]SMTP[S][A] id QUEUE_ID ...
 *
 * Postfix replaces blanks, parentheses and the like in HELO by '?', so each
 * part ends where it seems to; a client cannot write the next one.
 */
#include "received.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { LINE_SIZE = 4096 };

/* What is left to read of the unfolded line. */
struct cursor {
	const char *at;
};

void
hd_printable(char *to, size_t size, const char *from, size_t length)
{
	size_t i;

	for (i = 0; i < length && i + 1 < size; i++)
		to[i] = (char)(from[i] >= ' ' && from[i] <= '~' ? from[i] : '?');
	to[i] = '\0';
}

static bool
skip(struct cursor *cursor, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(cursor->at, text, length) != 0)
		return false;
	cursor->at += length;
	return true;
}

/* word - up to a blank or parenthesis; its length, 0 when there is none */
static size_t
word(struct cursor *cursor, const char **start)
{
	size_t length = strcspn(cursor->at, " ()");

	*start = cursor->at;
	cursor->at += length;
	return length;
}

/* comment - "(...)" with nested ones, and the blank behind it */
static bool
comment(struct cursor *cursor)
{
	const char *p = cursor->at;
	int depth = 0;

	if (*p != '(')
		return false;
	do {
		if (*p == '\0')
			return false;
		if (*p == '(')
			depth++;
		else if (*p == ')')
			depth--;
		p++;
	} while (depth > 0);
	cursor->at = p + (*p == ' ');
	return true;
}

/* with_protocol - "[UTF8][E]SMTP[S][A] id "; RFC 3848, RFC 6531 */
static bool
with_protocol(struct cursor *cursor, bool *tls)
{
	(void)skip(cursor, "UTF8");
	(void)skip(cursor, "E");
	if (!skip(cursor, "SMTP"))
		return false;
	*tls = skip(cursor, "S");
	(void)skip(cursor, "A");
	return skip(cursor, " id ");
}

static bool
copy_word(struct cursor *cursor, char *to, size_t size)
{
	const char *start;
	size_t length = word(cursor, &start);

	if (length == 0 || length >= size)
		return false;
	hd_printable(to, size, start, length);
	return true;
}

/* copy_queue_id - what Postfix calls the message; without it the line is as good */
static void
copy_queue_id(const char *at, char queue_id[HD_QUEUE_ID_SIZE])
{
	static const char characters[] =
	    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	size_t length = strspn(at, characters);

	if (length >= HD_QUEUE_ID_SIZE)
		length = 0;
	memcpy(queue_id, at, length);
	queue_id[length] = '\0';
}

/* parse_line - the unfolded line behind "Received: "; false: not of the form */
static bool
parse_line(const char *line, struct hd_evidence *found, char queue_id[HD_QUEUE_ID_SIZE])
{
	struct cursor cursor = {line};
	const char *helo, *host;
	bool tls, using_tls = false;
	size_t helo_length;

	if (!skip(&cursor, "from "))
		return false;
	helo_length = word(&cursor, &helo);
	if (helo_length == 0 || !skip(&cursor, " ") || !comment(&cursor))
		return false;
	hd_printable(found->client_helo, sizeof(found->client_helo), helo, helo_length);

	if (strncmp(cursor.at, "(using ", 7) == 0) {
		struct cursor details = {cursor.at + 7};

		if (!copy_word(&details, found->tls_protocol, sizeof(found->tls_protocol)) ||
		    !skip(&details, " with cipher ") ||
		    !copy_word(&details, found->tls_cipher, sizeof(found->tls_cipher)))
			return false;
		using_tls = true;
	}
	while (comment(&cursor))
		;
	if (!skip(&cursor, "by ") || word(&cursor, &host) == 0 || !skip(&cursor, " ") ||
	    !comment(&cursor) || !skip(&cursor, "with ") || !with_protocol(&cursor, &tls))
		return false;
	if (using_tls && !tls)
		return false;
	found->transport = tls ? HD_TRANSPORT_TLS : HD_TRANSPORT_CLEAR;
	copy_queue_id(cursor.at, queue_id);
	return true;
}

/*
 * next_line - one header line, without its line end; false at the end of the headers
 *
 * A line that the bound cuts off does not count.
 */
static bool
next_line(const char **at, const char *end, const char **line, size_t *length)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));

	if (newline == NULL)
		return false;
	*line = *at;
	*length = (size_t)(newline - *at);
	*at = newline + 1;
	if (*length > 0 && (*line)[*length - 1] == '\r')
		(*length)--;
	return *length > 0;
}

static bool
is_folded(const char *at, const char *end)
{
	return at < end && (*at == ' ' || *at == '\t');
}

/*
 * unfold - a field's body and its continuation lines as one line, blanks between
 *
 * Folding white space becomes one blank (RFC 5322, section 2.2.3). False when it
 * is too long or has a NUL, which Postfix never writes.
 */
static bool
unfold(const char *body, size_t length, const char *at, const char *end, char text[LINE_SIZE])
{
	size_t used = 0;

	for (;;) {
		while (length > 0 && (*body == ' ' || *body == '\t')) {
			body++;
			length--;
		}
		if (used + 1 + length >= LINE_SIZE || memchr(body, '\0', length) != NULL)
			return false;
		if (used > 0)
			text[used++] = ' ';
		memcpy(text + used, body, length);
		used += length;
		if (!is_folded(at, end))
			break;
		if (!next_line(&at, end, &body, &length))
			return false;
	}
	text[used] = '\0';
	return true;
}

void
hd_received_parse(const char *message, size_t length, struct hd_evidence *evidence,
    char queue_id[HD_QUEUE_ID_SIZE])
{
	static const char name[] = "Received:";
	const char *at = message, *end = message + length, *line;
	struct hd_evidence found = {0};
	char text[LINE_SIZE];
	size_t line_length;
	bool known = false;

	queue_id[0] = '\0';
	while (next_line(&at, end, &line, &line_length)) {
		if (line_length < sizeof(name) - 1 ||
		    strncasecmp(line, name, sizeof(name) - 1) != 0)
			continue;
		known = unfold(line + sizeof(name) - 1, line_length - (sizeof(name) - 1), at, end,
			    text) &&
			parse_line(text, &found, queue_id);
		break;
	}
	if (!known)
		memset(&found, 0, sizeof(found));
	evidence->transport = found.transport;
	strcpy(evidence->tls_protocol, found.tls_protocol);
	strcpy(evidence->tls_cipher, found.tls_cipher);
	strcpy(evidence->client_helo, found.client_helo);
}
