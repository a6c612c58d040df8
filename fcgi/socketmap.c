#include "socketmap.h"

#include <stdio.h>
#include <string.h>

/*
 * parse_length - the digits and the colon of a netstring
 *
 * *header: how many bytes they are.
 */
static enum hd_socketmap_parsed
parse_length(const char *bytes, size_t length, size_t *payload, size_t *header)
{
	size_t i = 0;

	*payload = 0;
	for (; i < length && bytes[i] >= '0' && bytes[i] <= '9'; i++) {
		if (i > 0 && *payload == 0)
			return HD_SOCKETMAP_MALFORMED; /* a leading zero */
		*payload = *payload * 10 + (size_t)(bytes[i] - '0');
		if (*payload > HD_SOCKETMAP_PAYLOAD_MAX)
			return HD_SOCKETMAP_MALFORMED;
	}
	if (i == length)
		return HD_SOCKETMAP_PARTIAL;
	if (i == 0 || bytes[i] != ':')
		return HD_SOCKETMAP_MALFORMED;
	*header = i + 1;
	return HD_SOCKETMAP_REQUEST;
}

enum hd_socketmap_parsed
hd_socketmap_parse(const char *bytes, size_t length, struct hd_socketmap_request *request)
{
	size_t payload, header;
	const char *start, *space;
	enum hd_socketmap_parsed parsed = parse_length(bytes, length, &payload, &header);

	if (parsed != HD_SOCKETMAP_REQUEST)
		return parsed;
	if (length - header <= payload)
		return HD_SOCKETMAP_PARTIAL;
	start = bytes + header;
	if (start[payload] != ',')
		return HD_SOCKETMAP_MALFORMED;
	space = memchr(start, ' ', payload);
	request->map = start;
	request->map_length = space == NULL ? payload : (size_t)(space - start);
	request->key = space == NULL ? NULL : space + 1;
	request->key_length = space == NULL ? 0 : payload - request->map_length - 1;
	request->size = header + payload + 1;
	return HD_SOCKETMAP_REQUEST;
}

size_t
hd_socketmap_reply(
    enum hd_socketmap_status status, const char *text, char reply[HD_SOCKETMAP_REPLY_MAX])
{
	static const char *const words[HD_SOCKETMAP_STATUS_COUNT] = {
	    [HD_SOCKETMAP_OK] = "OK",
	    [HD_SOCKETMAP_NOTFOUND] = "NOTFOUND",
	    [HD_SOCKETMAP_TEMP] = "TEMP",
	    [HD_SOCKETMAP_PERM] = "PERM",
	};
	const size_t length = strlen(words[status]) + 1 + strlen(text);
	int written =
	    snprintf(reply, HD_SOCKETMAP_REPLY_MAX, "%zu:%s %s,", length, words[status], text);

	return written > 0 && written < HD_SOCKETMAP_REPLY_MAX ? (size_t)written : 0;
}
