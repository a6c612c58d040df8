/*
 * response - an answer of the API, built whole before a byte of it is sent
 */
#ifndef HD_RESPONSE_H
#define HD_RESPONSE_H

#include <fcgiapp.h>
#include <stdbool.h>
#include <stddef.h>

#include "alias.h"
#include "error.h"
#include "etag.h"

struct json_object;

enum { HD_STATUS_COUNT = 10 }; /* how many statuses an answer can have */

struct hd_response {
	int status;               /* of the table in response.c */
	const char *content_type; /* NULL: no body */
	const char *body;         /* borrowed from json or text, or static */
	size_t length;
	struct json_object *json;     /* owned */
	char *text;                   /* owned */
	char location[HD_ALIAS_SIZE]; /* an alias; "": no Location */
	char etag[HD_ETAG_SIZE];      /* "": none */
	const char *allow;            /* static; NULL: none */
	bool vary;                    /* the answer depends on Accept */
	int retry_after;              /* seconds; 0: none */
};

/* hd_response_init - an empty answer; hd_response_clear releases what it came to own */
void hd_response_init(struct hd_response *response);
void hd_response_clear(struct hd_response *response);

/*
 * hd_response_json - answer with a JSON body
 *
 * json becomes the response's, also on an error. HD_NO_MEMORY: the response is
 * left as it was.
 */
enum hd_error hd_response_json(struct hd_response *response, int status, struct json_object *json);

/* hd_response_text - answer with a text of any media type, which becomes the response's */
void hd_response_text(
    struct hd_response *response, int status, const char *type, char *text, size_t length);

/* hd_response_problem - answer with an error, RFC 9457; detail is for people, static
 * storage; without memory it becomes 503 */
void hd_response_problem(struct hd_response *response, int status, const char *detail);

/* hd_response_error - the problem that an error of the library is to a client */
void hd_response_error(struct hd_response *response, enum hd_error error);

/* hd_response_status_index - a status's number in the table; hd_response_status - the reverse */
size_t hd_response_status_index(int status);
int hd_response_status(size_t index);

/* hd_response_send - write it, without the body after HEAD; false: the client is gone */
bool hd_response_send(const struct hd_response *response, bool head, FCGX_Stream *out);

#endif
