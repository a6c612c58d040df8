/* Pages of web servers that are right, wrong, slow or gone. */
#include "admin/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support.h"

enum { TIMEOUT = 10 * 1000, SHORT = 200 }; /* milliseconds */

/* A server in a process of its own, which answers one client with a text and closes. */
struct server {
	pid_t pid;
	char name[32]; /* 127.0.0.1:PORT */
};

static void
serve(int listener, const char *answer, bool hang)
{
	char request[4096];
	int fd = accept(listener, NULL, NULL);

	(void)!read(fd, request, sizeof(request));
	(void)!write(fd, answer, strlen(answer));
	if (hang)
		(void)!read(fd, request, sizeof(request)); /* until the client goes */
	_exit(0);
}

static struct server
start(const char *answer, bool hang)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	struct server server;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	(void)snprintf(server.name, sizeof(server.name), "127.0.0.1:%d", ntohs(address.sin_port));
	server.pid = fork();
	assert_true(server.pid >= 0);
	if (server.pid == 0)
		serve(listener, answer, hang);
	(void)close(listener);
	return server;
}

static struct hd_http_answer answer;

static void
get(const char *server, int timeout)
{
	const struct hd_http_question question = {server, "x.test", "/", timeout};

	hd_http_get(&question, &answer);
}

static void
test_answers(void **state)
{
	static const struct {
		const char *claim;
		const char *answer;
		int status;
		const char *text; /* the body, or the reason */
	} rows[] = {
	    {"a page", "HTTP/1.1 200 OK\r\nA: b\r\n\r\nhello", 200, "hello"},
	    {"of HTTP 1.0", "HTTP/1.0 404 Not Found\r\n\r\n", 404, ""},
	    {"nothing", "", 0, "no answer: the other side closes the connection"},
	    {"half a header", "HTTP/1.1 200 OK\r\nA: b\r\n", 0,
		"no answer: the other side closes the connection"},
	    {"another protocol", "220 mail\r\n\r\n", 0, "what it says is not HTTP"},
	    {"no status", "HTTP/1.1 OK\r\n\r\n", 0, "what it says is not HTTP"},
	    {"a long status", "HTTP/1.1 2000 OK\r\n\r\n", 0, "what it says is not HTTP"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct server server = start(rows[i].answer, false);

		get(server.name, TIMEOUT);
		check_int(rows[i].claim, answer.status, rows[i].status);
		check_text(
		    rows[i].claim, rows[i].status == 0 ? answer.reason : answer.body, rows[i].text);
		check_int("it ended", waitpid(server.pid, NULL, 0), server.pid);
	}
}

static void
test_trouble(void **state)
{
	struct server server = start("HTTP/1.1 200", true);

	(void)state;
	get(server.name, SHORT);
	check_int("one that hangs", answer.status, 0);
	check_text("is not waited for", answer.reason, "no answer: no answer in time");
	check_int("it ended", waitpid(server.pid, NULL, 0), server.pid);
	get(server.name, TIMEOUT);
	check_text("one that is gone", answer.reason, "no answer: Connection refused");
	get("nowhere", TIMEOUT);
	check_text("no address", answer.reason, "this is no address");
}

static void
test_much(void **state)
{
	const size_t size = (size_t)2 * HD_HTTP_ANSWER_SIZE;
	static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
	char *text = malloc(size + 1);
	struct server server;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', size);
	text[size] = '\0';
	memcpy(text, head, strlen(head));
	server = start(text, false);
	get(server.name, TIMEOUT);
	check_int("a long page", answer.status, 200);
	check_int("its beginning", (int64_t)strlen(answer.body),
	    HD_HTTP_ANSWER_SIZE - 1 - (int64_t)strlen(head));
	check_int("it ended", waitpid(server.pid, NULL, 0), server.pid);
	memset(text, 'x', size);
	server = start(text, false);
	get(server.name, TIMEOUT);
	check_int("a header without an end", answer.status, 0);
	check_text("it says so", answer.reason, "no answer: it says too much");
	check_int("it ended", waitpid(server.pid, NULL, 0), server.pid);
	free(text);
}

static void
test_headers(void **state)
{
	static const struct {
		const char *claim;
		const char *name;
		const char *value; /* NULL: none */
	} rows[] = {
	    {"as it is", "Cache-Control", "no-store"},
	    {"in another case", "cache-control", "no-store"},
	    {"with a colon in it", "Location", "https://x.test/"},
	    {"the first of two", "Twice", "one"},
	    {"empty", "Empty", ""},
	    {"with blanks before it", "Blank", "b  c"},
	    {"not there", "X-Frame-Options", NULL},
	    {"the beginning of one", "Cache", NULL},
	    {"only in the body", "Body", NULL},
	    {"one that does not fit", "Long", NULL},
	};
	char value[32];

	(void)state;
	(void)snprintf(answer.text, sizeof(answer.text),
	    "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nLocation: https://x.test/\r\n"
	    "Twice: one\r\nTwice: two\r\nEmpty:\r\nBlank: \t b  c\r\n"
	    "Long: 0123456789012345678901234567890123456789\r\n\r\nBody: x\r\n");
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		bool there = hd_http_header(&answer, rows[i].name, value, sizeof(value));

		check_int(rows[i].claim, there, rows[i].value != NULL);
		if (there)
			check_text(rows[i].claim, value, rows[i].value);
	}
}

static void
test_servers(void **state)
{
	static const struct {
		const char *server;
		bool valid;
	} rows[] = {
	    {"127.0.0.1", true},
	    {"127.0.0.1:8080", true},
	    {"::1", true},
	    {"[::1]", true},
	    {"[::1]:8080", true},
	    {"localhost", false},
	    {"127.0.0.1:", false},
	    {"127.0.0.1:0", false},
	    {"127.0.0.1:65536", false},
	    {"127.0.0.1:80x", false},
	    {"[::1", false},
	    {"[::1]80", false},
	    {"::1]:80", false},
	    {":80", false},
	    {"", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_int(rows[i].server, hd_http_server_is_valid(rows[i].server), rows[i].valid);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_answers),
	    UNIT_TEST(test_trouble),
	    UNIT_TEST(test_much),
	    UNIT_TEST(test_headers),
	    UNIT_TEST(test_servers),
	};

	return RUN_TESTS(tests);
}
