/* Replies of mail servers, and the DNS server that --resolver names. */
#include "admin/smtp.h"

#include "admin/resolver.h"
#include "support.h"

static void
test_replies(void **state)
{
	static const struct {
		const char *claim;
		const char *text;
		int code; /* 0: not whole yet, -1: none */
	} rows[] = {
	    {"a greeting", "220 mail.example.test ESMTP\r\n", 220},
	    {"without a text", "250 \r\n", 250},
	    {"the code alone", "250\r\n", 250},
	    {"without a carriage return", "250 ok\n", 250},
	    {"several lines", "250-mail\r\n250-PIPELINING\r\n250 STARTTLS\r\n", 250},
	    {"a refusal", "554 5.7.1 no\r\n", 554},
	    {"nothing yet", "", 0},
	    {"half a line", "220 mail", 0},
	    {"a line of several", "250-mail\r\n", 0},
	    {"and half of the next", "250-mail\r\n250 STAR", 0},
	    {"another protocol", "HTTP/1.1 400 Bad Request\r\n", -1},
	    {"an empty line", "\r\n", -1},
	    {"a short code", "22 mail\r\n", -1},
	    {"a long code", "2200 mail\r\n", -1},
	    {"no such code", "620 mail\r\n", -1},
	    {"codes that differ", "250-mail\r\n251 else\r\n", -1},
	    {"a greeting of SSH", "SSH-2.0-OpenSSH\r\n", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_int(rows[i].claim, hd_smtp_reply(rows[i].text), rows[i].code);
}

static void
test_offers(void **state)
{
	static const struct {
		const char *claim;
		const char *reply;
		bool offers;
	} rows[] = {
	    {"the last", "250-mail\r\n250-SIZE 1\r\n250 STARTTLS\r\n", true},
	    {"in between", "250-mail\r\n250-STARTTLS\r\n250 SIZE 1\r\n", true},
	    {"in lower case", "250-mail\r\n250 starttls\r\n", true},
	    {"with something behind it", "250-mail\r\n250 STARTTLS x\r\n", true},
	    {"not there", "250-mail\r\n250 SIZE 1\r\n", false},
	    {"only the name of the server", "250 STARTTLS\r\n", false},
	    {"as the server's name of several lines", "250-STARTTLS\r\n250 SIZE\r\n", false},
	    {"the beginning of another", "250-mail\r\n250 STARTTLSX\r\n", false},
	    {"as a parameter", "250-mail\r\n250 X STARTTLS\r\n", false},
	    {"cut off", "250-mail\r\n250 START", false},
	    {"a short line", "250-mail\r\n25", false},
	    {"nothing", "", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_int(rows[i].claim, hd_smtp_offers(rows[i].reply, "STARTTLS"), rows[i].offers);
}

static void
test_servers(void **state)
{
	static const struct {
		const char *claim;
		const char *text;
		const char *server; /* NULL: refused */
	} rows[] = {
	    {"IPv4", "192.0.2.1", "192.0.2.1@53"},
	    {"with a port", "192.0.2.1@5353", "192.0.2.1@5353"},
	    {"IPv6", "2001:db8::1", "2001:db8::1@53"},
	    {"IPv6 with a port", "2001:db8::1@65535", "2001:db8::1@65535"},
	    {"a name", "dns.example.test", NULL},
	    {"nothing", "", NULL},
	    {"a port alone", "@53", NULL},
	    {"no port behind @", "192.0.2.1@", NULL},
	    {"port 0", "192.0.2.1@0", NULL},
	    {"a port too large", "192.0.2.1@65536", NULL},
	    {"no number", "192.0.2.1@dns", NULL},
	    {"two ports", "192.0.2.1@53@54", NULL},
	    {"a colon", "192.0.2.1:53", NULL},
	    {"blanks", " 192.0.2.1", NULL},
	    {"very long", "2001:0db8:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001", NULL},
	};
	char server[HD_RESOLVER_SERVER_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		enum hd_error error = hd_resolver_server(rows[i].text, server);

		check_int(rows[i].claim, error, rows[i].server == NULL ? HD_INVALID : HD_OK);
		if (rows[i].server != NULL)
			check_text(rows[i].claim, server, rows[i].server);
		else
			check_logged(rows[i].claim, HD_LOG_ERROR, "--resolver");
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_replies),
	    UNIT_TEST(test_offers),
	    UNIT_TEST(test_servers),
	};

	return RUN_TESTS(tests);
}
