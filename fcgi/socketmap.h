/*
 * socketmap - the protocol of Postfix's look-ups: socketmap_table(5)
 *
 * Requests and replies are netstrings, "LENGTH:PAYLOAD,". A request's payload
 * is "MAP KEY", a reply's is a status word and a text. Nothing here reads,
 * writes or keeps anything.
 */
#ifndef HD_SOCKETMAP_H
#define HD_SOCKETMAP_H

#include <stddef.h>

enum {
	/*
	 * Postfix's longest address has 2048 bytes (line_length_limit), so this is
	 * enough for whatever it may ask.
	 */
	HD_SOCKETMAP_PAYLOAD_MAX = 4096,
	HD_SOCKETMAP_REQUEST_MAX = HD_SOCKETMAP_PAYLOAD_MAX + 6, /* "4096:" and "," */
	HD_SOCKETMAP_REPLY_MAX = 128
};

enum hd_socketmap_parsed {
	HD_SOCKETMAP_PARTIAL,  /* right so far */
	HD_SOCKETMAP_REQUEST,  /* a whole request */
	HD_SOCKETMAP_MALFORMED /* nothing that could follow makes it right */
};

/* Texts are borrowed from what was parsed, not terminated, and of any bytes. */
struct hd_socketmap_request {
	const char *map;
	size_t map_length;
	const char *key; /* NULL: there is no space, so no key */
	size_t key_length;
	size_t size; /* of the whole netstring, in bytes */
};

enum hd_socketmap_status {
	HD_SOCKETMAP_OK,
	HD_SOCKETMAP_NOTFOUND,
	HD_SOCKETMAP_TEMP,
	HD_SOCKETMAP_PERM,
	HD_SOCKETMAP_STATUS_COUNT
};

/*
 * hd_socketmap_parse - the request that bytes begin with
 *
 * What may follow it is not looked at. *request is set with
 * HD_SOCKETMAP_REQUEST only. A request that does not fit into
 * HD_SOCKETMAP_REQUEST_MAX bytes is malformed as soon as that is known.
 */
enum hd_socketmap_parsed hd_socketmap_parse(
    const char *bytes, size_t length, struct hd_socketmap_request *request);

/*
 * hd_socketmap_reply - a reply as a netstring; how many bytes, not terminated
 *
 * text: the result, or what is wrong; "" for HD_SOCKETMAP_NOTFOUND. 0: it does
 * not fit.
 */
size_t hd_socketmap_reply(
    enum hd_socketmap_status status, const char *text, char reply[HD_SOCKETMAP_REPLY_MAX]);

#endif
