/*
 * http - get one page, as a browser would, of a server that may be wrong
 */
#ifndef HD_HTTP_H
#define HD_HTTP_H

#include <stdbool.h>
#include <stddef.h>

enum { HD_HTTP_ANSWER_SIZE = 32 * 1024, HD_HTTP_REASON_SIZE = 240 };

struct hd_http_question {
	const char *server; /* ADDRESS[:PORT], [ADDRESS]:PORT for IPv6; port 80 if none is given */
	const char *host;   /* the site's name */
	const char *path;
	int timeout; /* milliseconds, for each connection */
};

struct hd_http_answer {
	int status; /* 0: there is no answer, reason says why */
	bool tls;   /* by https, where http only leads there */
	char reason[HD_HTTP_REASON_SIZE];
	char text[HD_HTTP_ANSWER_SIZE]; /* header and beginning of the body */
	const char *body;               /* in text */
};

/*
 * hd_http_get - always fills *answer
 *
 * A redirection to https of the same name is followed, at port 443 of the same
 * address. The certificate there does not matter: it is for browsers, and they
 * will say.
 */
void hd_http_get(const struct hd_http_question *question, struct hd_http_answer *answer);

/*
 * hd_http_header - the value of a header (any letter case), the first of its name
 *
 * false: there is none, or it does not fit.
 */
bool hd_http_header(
    const struct hd_http_answer *answer, const char *name, char *value, size_t size);

/* hd_http_server_is_valid - whether a text is ADDRESS[:PORT] */
bool hd_http_server_is_valid(const char *server);

#endif
