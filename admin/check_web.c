/* check: the service's socket, the page and the API, as nginx serves them */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "check.h"
#include "check_log.h"
#include "http.h"
#include "wire.h"

#define SITE HD_PKGDATADIR "/nginx/havedane.conf"
#define TLS  HD_PKGDATADIR "/nginx/havedane-tls.conf" /* the same by https, with one header more */
#define INC  HD_PKGDATADIR "/nginx/havedane.inc"      /* what they have in common */

enum { TIMEOUT = 5 * 1000, LINE_SIZE = 1024, HEADER_SIZE = 512 };

struct header {
	const char *name;
	const char *value;
};

/* The page's, by "expires". */
static const struct header caching = {"Cache-Control", "no-cache"};

/* The API's own answers bring these along. */
static const struct header api_headers[] = {
    {"Content-Type", "application/json"},
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
};

void
hd_check_socket(struct hd_check *check, const char *id, const char *path, const char *group)
{
	struct hd_check_list *list = &check->list;
	const struct group *owner;
	struct stat status;

	if (stat(path, &status) != 0) {
		hd_check_list_add(list, HD_CHECK_FAILURE, id, path, "%s", strerror(errno));
		hd_check_list_mend(list, "systemctl restart havedane-fcgi (and its sockets)");
		return;
	}
	owner = getgrgid(status.st_gid);
	if (!S_ISSOCK(status.st_mode)) {
		hd_check_list_add(list, HD_CHECK_FAILURE, id, path, "is no socket");
		hd_check_list_mend(list, "move it away, and restart havedane-fcgi");
	} else if ((status.st_mode & 0777) != 0660) {
		hd_check_list_add(list, HD_CHECK_FAILURE, id, path, "mode %04o, not 0660",
		    (unsigned)(status.st_mode & 0777));
		hd_check_list_mend(list, "chmod 0660 %s, or restart the service", path);
	} else if (group[0] != '\0' && (owner == NULL || strcmp(owner->gr_name, group) != 0)) {
		hd_check_list_add(list, HD_CHECK_FAILURE, id, path, "its group is %s, not %s",
		    owner == NULL ? "unknown" : owner->gr_name, group);
		hd_check_list_mend(list, "chgrp %s %s, or restart the service", group, path);
	} else
		hd_check_list_add(list, HD_CHECK_OK, id, path, "mode 0660, group %s",
		    owner == NULL ? "unknown" : owner->gr_name);
}

/* says_something - whether the service answers FCGI_GET_VALUES, which asks for no page (FastCGI 1.0, 4.1) */
static bool
says_something(struct hd_wire *wire)
{
	static const unsigned char question[] = {1, 9, 0, 0, 0, 17, 7, 0, 15, 0, 'F', 'C', 'G', 'I',
	    '_', 'M', 'P', 'X', 'S', '_', 'C', 'O', 'N', 'N', 'S', 0, 0, 0, 0, 0, 0, 0};
	enum { GET_VALUES_RESULT = 10, HEADER = 8 };
	char answer[HEADER];
	size_t length = 0, some = 1;

	if (hd_wire_write(wire, (const char *)question, sizeof(question)) != HD_WIRE_OK)
		return false;
	while (length < sizeof(answer) && some > 0) {
		if (hd_wire_read(wire, answer + length, sizeof(answer) - length, &some) !=
		    HD_WIRE_OK)
			return false;
		length += some;
	}
	return length == sizeof(answer) && answer[0] == 1 && answer[1] == GET_VALUES_RESULT;
}

static void
check_answers(struct hd_check *check)
{
	const char *path = check->config.fastcgi_socket;
	struct hd_wire wire;

	if (hd_wire_open_unix(&wire, path, TIMEOUT) == HD_WIRE_OK && says_something(&wire))
		hd_check_list_add(&check->list, HD_CHECK_OK, "web.service", path, "answers");
	else {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "web.service", path,
		    "the service does not answer%s%s", wire.reason[0] == '\0' ? "" : ": ",
		    wire.reason);
		hd_check_list_mend(
		    &check->list, "systemctl restart havedane-fcgi; journalctl -u havedane-fcgi");
	}
	hd_wire_close(&wire);
}

/* get - a page of ours; false when there is none (reported) */
static bool
get(struct hd_check *check, const char *id, const char *path, struct hd_http_answer *answer)
{
	const struct hd_http_question question = {check->web, check->config.domain, path, TIMEOUT};
	struct hd_check_list *list = &check->list;
	char subject[HD_CHECK_SUBJECT_SIZE];

	(void)snprintf(
	    subject, sizeof(subject), "%s (http://%s%s)", check->web, check->config.domain, path);
	hd_http_get(&question, answer);
	if (answer->status == 200)
		return true;
	if (answer->status == 0) {
		hd_check_list_add(list, HD_CHECK_FAILURE, id, subject, "%s", answer->reason);
		hd_check_list_mend(
		    list, "nginx -t && systemctl restart nginx, or give --web ADDR:PORT");
	} else {
		hd_check_list_add(list, HD_CHECK_FAILURE, id, subject, "status %d", answer->status);
		hd_check_list_mend(list,
		    answer->status >= 500 ? "systemctl restart havedane-fcgi; see nginx's error log"
					  : "is " SITE " in use, with server_name %s?",
		    check->config.domain);
	}
	return false;
}

/* check_header - that an answer has it, as it should be; otherwise that is a failure, or a warning */
static bool
check_header(struct hd_check *check, enum hd_check_status status,
    const struct hd_http_answer *answer, const char *path, const struct header *wanted)
{
	char value[HEADER_SIZE];
	const bool there = hd_http_header(answer, wanted->name, value, sizeof(value));

	if (there && strcmp(value, wanted->value) == 0)
		return true;
	if (there)
		hd_check_list_add(
		    &check->list, status, "web.header", path, "%s is \"%s\"", wanted->name, value);
	else
		hd_check_list_add(
		    &check->list, status, "web.header", path, "%s is missing", wanted->name);
	hd_check_list_mend(&check->list,
	    "make nginx's site as %s, or: add_header %s \"%s\" always; then: nginx -s reload",
	    answer->tls ? TLS : SITE, wanted->name, wanted->value);
	return false;
}

static bool
starts_with(const char *line, const char *directive)
{
	return strncmp(line + strspn(line, " \t"), directive, strlen(directive)) == 0;
}

/* take_header - of an add_header line, which is cut into pieces; false: it is none */
static bool
take_header(char *line, struct header *header)
{
	static const char directive[] = "add_header ";
	char *name, *quote, *end;

	if (!starts_with(line, directive))
		return false;
	name = line + strspn(line, " \t") + strlen(directive);
	quote = strstr(name, " \"");
	end = quote == NULL ? NULL : strchr(quote + 2, '"');
	if (end == NULL)
		return false;
	*quote = *end = '\0';
	*header = (struct header){name, quote + 2};
	return true;
}

/* check_file - the page's headers in a file that we install for nginx, which is the only list of
 * them, up to its first location; returns how many are as they should be, adds all to *count */
static size_t
check_file(struct hd_check *check, const char *file, enum hd_check_status status,
    const struct hd_http_answer *answer, size_t *count)
{
	char line[LINE_SIZE];
	struct header wanted;
	size_t good = 0;
	FILE *site = fopen(file, "re");

	if (site == NULL) {
		hd_check_list_add(&check->list, HD_CHECK_UNKNOWN, "web.header", "/", "%s: %s", file,
		    strerror(errno));
		(*count)++;
		return 0;
	}
	while (fgets(line, sizeof(line), site) != NULL && !starts_with(line, "location ")) {
		if (!take_header(line, &wanted))
			continue;
		(*count)++;
		good += check_header(check, status, answer, "/", &wanted) ? 1 : 0;
	}
	(void)fclose(site); /* only read from */
	return good;
}

static void
check_page_headers(struct hd_check *check, const struct hd_http_answer *answer)
{
	size_t count = 1, good = 0;

	good += check_header(check, HD_CHECK_FAILURE, answer, "/", &caching) ? 1 : 0;
	good += check_file(check, INC, HD_CHECK_FAILURE, answer, &count);
	/* A site that got its certificate otherwise, from certbot say, is safe without. */
	if (answer->tls)
		good += check_file(check, TLS, HD_CHECK_WARNING, answer, &count);
	if (good == count)
		hd_check_list_add(&check->list, HD_CHECK_OK, "web.header", "/",
		    "all %zu headers are there", count);
}

static void
check_page(struct hd_check *check)
{
	struct hd_http_answer *answer = malloc(sizeof(*answer));

	if (answer == NULL || !get(check, "web.page", "/", answer)) {
		free(answer);
		return;
	}
	if (strstr(answer->body, "havedane.js") == NULL) {
		hd_check_list_add(&check->list, HD_CHECK_FAILURE, "web.page", check->web,
		    "serves some page, but not ours");
		hd_check_list_mend(
		    &check->list, "is " SITE " in use, with server_name %s?", check->config.domain);
	} else {
		hd_check_list_add(&check->list, HD_CHECK_OK, "web.page", check->web,
		    "serves the page%s", answer->tls ? ", by https" : "");
		check_page_headers(check, answer);
	}
	free(answer);
}

static void
check_api(struct hd_check *check)
{
	static const char path[] = "/api/health";
	struct hd_http_answer *answer = malloc(sizeof(*answer));
	bool good = true;

	if (answer == NULL || !get(check, "web.api", path, answer)) {
		free(answer);
		return;
	}
	for (size_t i = 0; i < sizeof(api_headers) / sizeof(api_headers[0]); i++)
		good = check_header(check, HD_CHECK_FAILURE, answer, path, &api_headers[i]) && good;
	if (good)
		hd_check_list_add(
		    &check->list, HD_CHECK_OK, "web.api", check->web, "the API is well");
	free(answer);
}

void
hd_check_web(struct hd_check *check)
{
	hd_check_socket(
	    check, "web.socket", check->config.fastcgi_socket, check->config.fastcgi_group);
	check_answers(check);
	check_page(check);
	check_api(check);
}
