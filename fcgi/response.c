#include "response.h"

#include <json_object.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

static const struct {
	int status;
	const char *title;
} titles[HD_STATUS_COUNT] = {
    {200, "OK"}, {201, "Created"}, {204, "No Content"}, {304, "Not Modified"}, {400, "Bad Request"},
    {404, "Not Found"}, {405, "Method Not Allowed"}, {413, "Content Too Large"},
    {503, "Service Unavailable"},
    {500, "Internal Server Error"}, /* last: what is not here counts as this */
};

enum { HEADER_SIZE = 1024 };

size_t
hd_response_status_index(int status)
{
	size_t i = 0;

	while (i < HD_STATUS_COUNT - 1 && titles[i].status != status)
		i++;
	return i;
}

int
hd_response_status(size_t index)
{
	return titles[index].status;
}

static const char *
title_of(int status)
{
	return titles[hd_response_status_index(status)].title;
}

void
hd_response_init(struct hd_response *response)
{
	*response = (struct hd_response){.status = 500};
}

void
hd_response_clear(struct hd_response *response)
{
	(void)json_object_put(response->json);
	free(response->text);
	hd_response_init(response);
}

static enum hd_error
set_body(struct hd_response *response, int status, const char *type, struct json_object *json)
{
	size_t length = 0;
	const char *body = json_object_to_json_string_length(
	    json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &length);

	if (body == NULL) {
		(void)json_object_put(json);
		return HD_NO_MEMORY;
	}
	(void)json_object_put(response->json);
	free(response->text);
	response->text = NULL;
	response->json = json;
	response->status = status;
	response->content_type = type;
	response->body = body;
	response->length = length;
	return HD_OK;
}

enum hd_error
hd_response_json(struct hd_response *response, int status, struct json_object *json)
{
	return set_body(response, status, "application/json", json);
}

void
hd_response_text(
    struct hd_response *response, int status, const char *type, char *text, size_t length)
{
	hd_response_clear(response);
	response->status = status;
	response->content_type = type;
	response->text = text;
	response->body = text;
	response->length = length;
}

static bool
add(struct json_object *object, const char *name, struct json_object *value)
{
	if (value != NULL && json_object_object_add(object, name, value) == 0)
		return true;
	(void)json_object_put(value);
	return false;
}

void
hd_response_problem(struct hd_response *response, int status, const char *detail)
{
	static const char type[] = "application/problem+json";
	static const char fallback[] =
	    "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,"
	    "\"detail\":\"Out of memory.\"}";
	struct json_object *json = json_object_new_object();

	if (json != NULL && add(json, "type", json_object_new_string("about:blank")) &&
	    add(json, "title", json_object_new_string(title_of(status))) &&
	    add(json, "status", json_object_new_int(status)) &&
	    add(json, "detail", json_object_new_string(detail))) {
		if (set_body(response, status, type, json) == HD_OK)
			return;
	} else
		(void)json_object_put(json);
	response->status = 503;
	response->content_type = type;
	response->body = fallback;
	response->length = sizeof(fallback) - 1;
	response->retry_after = 5;
}

void
hd_response_error(struct hd_response *response, enum hd_error error)
{
	static const struct {
		int status;
		int retry_after;
		const char *detail;
	} problems[HD_ERROR_COUNT] = {
	    [HD_NONE] = {404, 0, "There is no such test, or it has expired."},
	    [HD_FULL] = {503, 60, "There are as many tests as this server takes; try again later."},
	    [HD_NO_MEMORY] = {503, 5, "Out of memory; try again."},
	    [HD_CRYPTO] = {503, 5, "This server has a problem; try again."},
	    [HD_EXISTS] = {503, 5, "This server has a problem; try again."},
	};
	static const char trouble[] = "The store cannot be reached; try again.";
	bool known = problems[error].status != 0;

	if (error == HD_NO_MEMORY)
		hd_error("a request failed: out of memory");
	hd_response_problem(response, known ? problems[error].status : 503,
	    known ? problems[error].detail : trouble);
	response->retry_after = known ? problems[error].retry_after : 5;
}

struct header {
	char text[HEADER_SIZE];
	size_t length;
	bool overflow;
};

__attribute__((format(printf, 2, 3))) static void
append(struct header *header, const char *format, ...)
{
	const size_t left = sizeof(header->text) - header->length;
	va_list args;
	int written;

	va_start(args, format);
	written = vsnprintf(header->text + header->length, left, format, args);
	va_end(args);
	if (written < 0 || (size_t)written >= left)
		header->overflow = true;
	else
		header->length += (size_t)written;
}

bool
hd_response_send(const struct hd_response *response, bool head, FCGX_Stream *out)
{
	struct header header = {.length = 0};

	append(&header, "Status: %d %s\r\n", response->status, title_of(response->status));
	append(&header, "Cache-Control: no-store\r\n");
	append(&header, "X-Content-Type-Options: nosniff\r\n");
	if (response->location[0] != '\0')
		append(&header, "Location: /api/tests/%s\r\n", response->location);
	if (response->etag[0] != '\0')
		append(&header, "ETag: %s\r\n", response->etag);
	if (response->allow != NULL)
		append(&header, "Allow: %s\r\n", response->allow);
	if (response->vary)
		append(&header, "Vary: Accept\r\n");
	if (response->retry_after > 0)
		append(&header, "Retry-After: %d\r\n", response->retry_after);
	if (response->content_type != NULL)
		append(&header, "Content-Type: %s\r\nContent-Length: %zu\r\n",
		    response->content_type, response->length);
	append(&header, "\r\n");
	/* The texts above are ours and bounded. */
	if (header.overflow || response->length > INT_MAX ||
	    FCGX_PutStr(header.text, (int)header.length, out) < 0)
		return false;
	if (head || response->content_type == NULL)
		return true;
	return FCGX_PutStr(response->body, (int)response->length, out) >= 0;
}
