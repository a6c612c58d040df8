/* The protocol of socketmap_table(5): which bytes are a request, and what a reply looks like. */
#include "fcgi/socketmap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

/* Bytes and their number, for those that have a NUL among them. */
#define BYTES(text) text, sizeof(text) - 1

static const struct {
	const char *claim;
	const char *bytes;
	size_t length;
	const char *map;
	const char *key; /* NULL: none */
	size_t key_length;
	size_t size;
} requests[] = {
    {"a request", BYTES("11:alias x@y.z,"), "alias", BYTES("x@y.z"), 15},
    {"what follows is not looked at", BYTES("7:alias x,garbage"), "alias", BYTES("x"), 10},
    {"another request follows", BYTES("7:alias x,7:alias y,"), "alias", BYTES("x"), 10},
    {"another map", BYTES("3:m k,"), "m", BYTES("k"), 6},
    {"letter case of the map", BYTES("7:ALIAS x,"), "ALIAS", BYTES("x"), 10},
    {"the key begins at the first space", BYTES("9:alias x y,"), "alias", BYTES("x y"), 12},
    {"a key that begins with a space", BYTES("8:alias  x,"), "alias", BYTES(" x"), 11},
    {"an empty key", BYTES("6:alias ,"), "alias", BYTES(""), 9},
    {"no map", BYTES("2: x,"), "", BYTES("x"), 5},
    {"a space alone", BYTES("1: ,"), "", BYTES(""), 4},
    {"no space, no key", BYTES("5:alias,"), "alias", NULL, 0, 8},
    {"nothing at all", BYTES("0:,"), "", NULL, 0, 3},
    {"NUL in the key", BYTES("9:alias x\0y,"), "alias", BYTES("x\0y"), 12},
    {"NUL as the key", BYTES("7:alias \0,"), "alias", BYTES("\0"), 10},
    {"commas in the key", BYTES("9:alias ,,,,"), "alias", BYTES(",,,"), 12},
    {"colons in the key", BYTES("9:alias 1:x,"), "alias", BYTES("1:x"), 12},
    {"newlines in the key", BYTES("8:alias \r\n,"), "alias", BYTES("\r\n"), 11},
    {"bytes that are no ASCII", BYTES("8:alias \xc3\xa4,"), "alias", BYTES("\xc3\xa4"), 11},
    {"two digits of length", BYTES("10:alias 1234,"), "alias", BYTES("1234"), 14},
};

static const struct {
	const char *claim;
	const char *bytes;
	size_t length;
} refusals[] = {
    {"no length", BYTES(":alias x,")},
    {"no number", BYTES("x")},
    {"a letter in the length", BYTES("1x:")},
    {"a space before the length", BYTES(" 7:alias x,")},
    {"a space behind the length", BYTES("7 :alias x,")},
    {"a plus sign", BYTES("+7:alias x,")},
    {"a negative length", BYTES("-1:x,")},
    {"a decimal point", BYTES("7.0:alias x,")},
    {"an exponent", BYTES("7e0:alias x,")},
    {"hexadecimal", BYTES("0x7:alias x,")},
    {"a leading zero", BYTES("07:alias x,")},
    {"a leading zero, nothing more yet", BYTES("07")},
    {"many zeros", BYTES("00000000000000000000000000000000:,")},
    {"two zeros", BYTES("00:,")},
    {"a byte longer than allowed", BYTES("4097:")},
    {"a byte longer than allowed, as soon as that is known", BYTES("4097")},
    {"65536", BYTES("65536:")},
    {"more than 32 bits", BYTES("4294967303:alias x,")},
    {"more than 64 bits", BYTES("18446744073709551623:alias x,")},
    {"a length without end", BYTES("99999999999999999999999999999999999999999999")},
    {"no comma", BYTES("7:alias x;")},
    {"the length is one too small", BYTES("6:alias x,")},
    {"the length is one too large", BYTES("8:alias x,7")},
    {"a NUL for a comma", BYTES("7:alias x\0")},
    {"a newline for a comma", BYTES("7:alias x\n")},
    {"a newline", BYTES("\n")},
    {"NUL", BYTES("\0")},
    {"the other way round", BYTES(",x alias:7")},
    {"HTTP", BYTES("GET / HTTP/1.1\r\n")},
    {"SMTP", BYTES("EHLO x\r\n")},
    {"the protocol of tcp_table(5)", BYTES("get x\n")},
    {"FastCGI", BYTES("\1\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0")},
    {"bytes that are no ASCII", BYTES("\xb2:x,")},
};

/* parse - in a block of exactly this size, so that a byte read too far is seen */
static enum hd_socketmap_parsed
parse(const char *bytes, size_t length, struct hd_socketmap_request *request, char **block)
{
	*block = exact_copy(bytes, length);
	return hd_socketmap_parse(*block, length, request);
}

static void
requests_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		const char *claim = requests[i].claim;
		struct hd_socketmap_request request;
		char *block;

		check_int(claim, parse(requests[i].bytes, requests[i].length, &request, &block),
		    HD_SOCKETMAP_REQUEST);
		check_int(claim, (int64_t)request.size, (int64_t)requests[i].size);
		check_int(claim, (int64_t)request.map_length, (int64_t)strlen(requests[i].map));
		check_true(claim, memcmp(request.map, requests[i].map, request.map_length) == 0);
		check_true(claim, (request.key == NULL) == (requests[i].key == NULL));
		check_int(claim, (int64_t)request.key_length, (int64_t)requests[i].key_length);
		check_true(claim, request.key == NULL || memcmp(request.key, requests[i].key,
							     request.key_length) == 0);
		free(block);
	}
}

static void
a_request_may_come_byte_by_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(requests); i++) {
		for (size_t length = 0; length < requests[i].size; length++) {
			struct hd_socketmap_request request;
			char *block;

			check_int(requests[i].claim,
			    parse(requests[i].bytes, length, &request, &block),
			    HD_SOCKETMAP_PARTIAL);
			free(block);
		}
	}
}

static void
others_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		struct hd_socketmap_request request;
		char *block;

		check_int(refusals[i].claim,
		    parse(refusals[i].bytes, refusals[i].length, &request, &block),
		    HD_SOCKETMAP_MALFORMED);
		free(block);
	}
}

static void
the_longest_request_fits(void **state)
{
	struct hd_socketmap_request request;
	char *bytes = malloc(HD_SOCKETMAP_REQUEST_MAX);

	(void)state;
	assert_non_null(bytes);
	memset(bytes, 'x', HD_SOCKETMAP_REQUEST_MAX);
	memcpy(bytes, "4096:alias ", 11);
	check_int("without its comma",
	    hd_socketmap_parse(bytes, HD_SOCKETMAP_REQUEST_MAX - 1, &request),
	    HD_SOCKETMAP_PARTIAL);
	check_int("with something else",
	    hd_socketmap_parse(bytes, HD_SOCKETMAP_REQUEST_MAX, &request), HD_SOCKETMAP_MALFORMED);
	bytes[HD_SOCKETMAP_REQUEST_MAX - 1] = ',';
	check_int("whole", hd_socketmap_parse(bytes, HD_SOCKETMAP_REQUEST_MAX, &request),
	    HD_SOCKETMAP_REQUEST);
	check_int("its size", (int64_t)request.size, HD_SOCKETMAP_REQUEST_MAX);
	check_int("its key", (int64_t)request.key_length, HD_SOCKETMAP_PAYLOAD_MAX - 6);
	free(bytes);
}

static const struct {
	enum hd_socketmap_status status;
	const char *text;
	const char *reply;
} replies[] = {
    {HD_SOCKETMAP_OK, "havedane-do@localhost", "24:OK havedane-do@localhost,"},
    {HD_SOCKETMAP_NOTFOUND, "", "9:NOTFOUND ,"},
    {HD_SOCKETMAP_TEMP, "try later", "14:TEMP try later,"},
    {HD_SOCKETMAP_PERM, "no", "7:PERM no,"},
};

static void
replies_are_netstrings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		char reply[HD_SOCKETMAP_REPLY_MAX + 1];
		size_t length = hd_socketmap_reply(replies[i].status, replies[i].text, reply);

		check_int(replies[i].reply, (int64_t)length, (int64_t)strlen(replies[i].reply));
		reply[length] = '\0';
		check_text(replies[i].reply, reply, replies[i].reply);
	}
}

static void
a_reply_that_does_not_fit_is_none(void **state)
{
	char text[HD_SOCKETMAP_REPLY_MAX + 1], reply[HD_SOCKETMAP_REPLY_MAX];

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	check_int("far too long", (int64_t)hd_socketmap_reply(HD_SOCKETMAP_TEMP, text, reply), 0);
	/* "123:TEMP " and "," and the NUL of snprintf(3) */
	text[HD_SOCKETMAP_REPLY_MAX - 10] = '\0';
	check_int(
	    "a byte too long", (int64_t)hd_socketmap_reply(HD_SOCKETMAP_TEMP, text, reply), 0);
	text[HD_SOCKETMAP_REPLY_MAX - 11] = '\0';
	check_int("as long as can be", (int64_t)hd_socketmap_reply(HD_SOCKETMAP_TEMP, text, reply),
	    HD_SOCKETMAP_REPLY_MAX - 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    UNIT_TEST(requests_are_understood),
	    UNIT_TEST(a_request_may_come_byte_by_byte),
	    UNIT_TEST(others_are_refused),
	    UNIT_TEST(the_longest_request_fits),
	    UNIT_TEST(replies_are_netstrings),
	    UNIT_TEST(a_reply_that_does_not_fit_is_none),
	};

	return RUN_TESTS(tests);
}
