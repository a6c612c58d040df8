/* The parser of Received: and bytes that nobody would expect: cut, huge, binary. */
#include "received.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

#define TAIL " (unknown [192.0.2.24])\n\tby havedane.test (Postfix) with ESMTP id A;\n\tMon\n"
#define WHOLE                                                                        \
	"From a  Mon\nReturn-Path: <>\nReceived: from mail (unknown [192.0.2.24])\n" \
	"\t(using TLSv1.3 with cipher X (256/256 bits)\n\t key-exchange Y)\n"        \
	"\tby h (Postfix) with ESMTPS id A;\n\tMon\n\nbody\n"

/* parse - what the parser makes of exactly these bytes */
static struct hd_evidence
parse(const char *message, size_t length)
{
	struct hd_evidence evidence;
	char queue_id[HD_QUEUE_ID_SIZE];
	char *copy = exact_copy(message, length);

	memset(&evidence, 'x', sizeof(evidence));
	strcpy(evidence.client_address, "");
	hd_received_parse(copy, length, &evidence, queue_id);
	free(copy);
	return evidence;
}

static bool
is_terminated(const struct hd_evidence *evidence)
{
	return memchr(evidence->tls_protocol, '\0', HD_TLS_PROTOCOL_SIZE) != NULL &&
	       memchr(evidence->tls_cipher, '\0', HD_TLS_CIPHER_SIZE) != NULL &&
	       memchr(evidence->client_helo, '\0', HD_CLIENT_HELO_SIZE) != NULL;
}

static void
message_may_be_cut_anywhere(void **state)
{
	const size_t whole = sizeof(WHOLE) - 1;

	(void)state;
	for (size_t length = 0; length <= whole; length++) {
		struct hd_evidence evidence = parse(WHOLE, length);

		check_true("texts are terminated", is_terminated(&evidence));
		check_true("a part of the line is unknown or right, never in the clear",
		    evidence.transport != HD_TRANSPORT_CLEAR);
		if (evidence.transport == HD_TRANSPORT_UNKNOWN) {
			check_text("unknown: no protocol", evidence.tls_protocol, "");
			check_text("unknown: no cipher", evidence.tls_cipher, "");
			check_text("unknown: no HELO", evidence.client_helo, "");
		}
	}
	check_int("whole, it is TLS", parse(WHOLE, whole).transport, HD_TRANSPORT_TLS);
}

static void
any_byte_may_stand_anywhere(void **state)
{
	static const char bytes[] = {'\0', '\n', '\r', '(', ')', ' ', '\t', ':', '\x80', '\xff'};
	char message[] = WHOLE;

	(void)state;
	for (size_t i = 0; i < sizeof(message) - 1; i++) {
		for (size_t j = 0; j < sizeof(bytes); j++) {
			struct hd_evidence evidence;

			message[i] = bytes[j];
			evidence = parse(message, sizeof(message) - 1);
			check_true("texts are terminated", is_terminated(&evidence));
		}
		message[i] = WHOLE[i];
	}
}

/* with_helo - a message whose Received line has this HELO; *length is set, the caller frees */
static char *
with_helo(const char *helo, size_t helo_length, size_t *length)
{
	static const char head[] = "Received: from ";
	char *message = malloc(sizeof(head) + helo_length + sizeof(TAIL));
	char *end = message;

	assert_non_null(message);
	memcpy(end, head, sizeof(head) - 1);
	end += sizeof(head) - 1;
	memcpy(end, helo, helo_length);
	end += helo_length;
	memcpy(end, TAIL, sizeof(TAIL) - 1);
	end += sizeof(TAIL) - 1;
	*length = (size_t)(end - message);
	return message;
}

static struct hd_evidence
parse_helo(const char *helo, size_t helo_length)
{
	size_t length;
	char *message = with_helo(helo, helo_length, &length);
	struct hd_evidence evidence = parse(message, length);

	free(message);
	return evidence;
}

static void
long_helo_is_cut(void **state)
{
	static const size_t lengths[] = {1, 254, 255, 256, 257, 1000, 4000};
	char helo[4000];

	(void)state;
	memset(helo, 'h', sizeof(helo));
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		struct hd_evidence evidence = parse_helo(helo, lengths[i]);

		check_int("the rest of the line counts", evidence.transport, HD_TRANSPORT_CLEAR);
		check_int("at most 255 bytes are kept", (int)strlen(evidence.client_helo),
		    (int)(lengths[i] < 255 ? lengths[i] : 255));
	}
}

/* The parser holds one unfolded line: every length around the end of its buffer. */
static void
line_too_long_to_hold_proves_nothing(void **state)
{
	char helo[4200];
	int held = 0;

	(void)state;
	memset(helo, 'h', sizeof(helo));
	for (size_t length = 3900; length < sizeof(helo); length++) {
		struct hd_evidence evidence = parse_helo(helo, length);

		if (evidence.transport == HD_TRANSPORT_CLEAR)
			held++;
		else
			check_text("unknown: no HELO", evidence.client_helo, "");
		check_true("what is longer than one that is not held is not held, either",
		    held == (int)length - 3899 || evidence.transport == HD_TRANSPORT_UNKNOWN);
	}
	check_true("the end is in this range", held > 0 && held < 300);
}

static const struct {
	const char *claim;
	const char *helo;
	const char *kept;
} odd_helos[] = {
    {"control characters", "a\001b\033[2Jc\177", "a?b?[2Jc?"},
    {"8-bit characters", "m\xc3\xa4il\xff", "m??il?"},
    {"markup is kept as it is: who shows it escapes it", "<script>alert`1`</script>",
	"<script>alert`1`</script>"},
    {"quotes and backslash", "a\"b\\c'd", "a\"b\\c'd"},
    {"CR inside", "a\rb", "a?b"},
};

static void
odd_helo_is_made_printable(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(odd_helos); i++) {
		struct hd_evidence evidence =
		    parse_helo(odd_helos[i].helo, strlen(odd_helos[i].helo));

		check_int(odd_helos[i].claim, evidence.transport, HD_TRANSPORT_CLEAR);
		check_text(odd_helos[i].claim, evidence.client_helo, odd_helos[i].kept);
	}
	check_int(
	    "NUL: not a line of Postfix", parse_helo("a\0b", 3).transport, HD_TRANSPORT_UNKNOWN);
}

static void
huge_header_blocks_end_somewhere(void **state)
{
	enum { HUGE_SIZE = 4 * HD_HEADER_MAX };
	char *message = malloc(HUGE_SIZE);

	(void)state;
	assert_non_null(message);
	memset(message, 'x', HUGE_SIZE);
	check_int(
	    "one line without end", parse(message, HUGE_SIZE).transport, HD_TRANSPORT_UNKNOWN);
	memset(message, '\0', HUGE_SIZE);
	check_int("only NUL", parse(message, HUGE_SIZE).transport, HD_TRANSPORT_UNKNOWN);
	memset(message, '(', HUGE_SIZE);
	memcpy(message, "Received: from a ", 17);
	message[3000] = '\n';
	check_int("3,000 parentheses", parse(message, HUGE_SIZE).transport, HD_TRANSPORT_UNKNOWN);
	message[3000] = '(';
	message[HUGE_SIZE - 1] = '\n';
	check_int("a line of 64 kB", parse(message, HUGE_SIZE).transport, HD_TRANSPORT_UNKNOWN);
	for (int i = 0; i < HUGE_SIZE; i += 4)
		memcpy(message + i, i == 0 ? "R:x\n" : " xx\n", 4);
	check_int("16,000 folded lines", parse(message, HUGE_SIZE).transport, HD_TRANSPORT_UNKNOWN);
	memcpy(message, "Received: from a b\n", 19);
	check_int("16,000 folded lines of Received", parse(message, HUGE_SIZE).transport,
	    HD_TRANSPORT_UNKNOWN);
	free(message);
}

static void
ours_is_read_above_a_huge_block(void **state)
{
	char *message = malloc(HD_HEADER_MAX);
	struct hd_evidence evidence;

	(void)state;
	assert_non_null(message);
	memset(message, 'x', HD_HEADER_MAX);
	memcpy(message, WHOLE, sizeof(WHOLE) - 7); /* up to the body */
	evidence = parse(message, HD_HEADER_MAX);
	free(message);
	check_int("what follows does not matter", evidence.transport, HD_TRANSPORT_TLS);
	check_text("nor for the details", evidence.tls_protocol, "TLSv1.3");
}

static const struct {
	const char *claim;
	size_t size;
	const char *from;
	size_t length;
	const char *to;
} copies[] = {
    {"it fits", 4, "abc", 3, "abc"},
    {"it is cut", 3, "abc", 3, "ab"},
    {"room for the end only", 1, "abc", 3, ""},
    {"nothing to copy", 4, "", 0, ""},
    {"NUL is a byte as others", 4, "a\0b", 3, "a?b"},
    {"blank and tilde are printable", 4, " ~", 2, " ~"},
    {"what is next to them is not", 4, "\037\177\x80", 3, "???"},
};

static void
printable_copies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(copies); i++) {
		char *from = exact_copy(copies[i].from, copies[i].length);
		char *to = malloc(copies[i].size);

		assert_non_null(to);
		hd_printable(to, copies[i].size, from, copies[i].length);
		check_text(copies[i].claim, to, copies[i].to);
		free(to);
		free(from);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(message_may_be_cut_anywhere),
	    UNIT_TEST(any_byte_may_stand_anywhere),
	    UNIT_TEST(long_helo_is_cut),
	    UNIT_TEST(line_too_long_to_hold_proves_nothing),
	    UNIT_TEST(odd_helo_is_made_printable),
	    UNIT_TEST(huge_header_blocks_end_somewhere),
	    UNIT_TEST(ours_is_read_above_a_huge_block),
	    UNIT_TEST(printable_copies),
	};

	return RUN_TESTS(tests);
}
