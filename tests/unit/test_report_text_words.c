/* The report as text: what other hosts said of themselves, and several of them. */
#include "report_text.h"

#include <stdlib.h>
#include <string.h>

#include "report_support.h"
#include "support.h"

static const struct {
	const char *claim;
	struct hd_evidence evidence;
	const char *wanted;
} deliveries[] = {
    {"TLS without details", {HD_TRANSPORT_TLS, "", "", "192.0.2.1", "a"},
	"  Encryption TLS, version unknown, cipher unknown\n  From       192.0.2.1 (a)\n"},
    {"no cipher", {HD_TRANSPORT_TLS, "TLSv1.2", "", "192.0.2.1", "a"},
	"  Encryption TLSv1.2, cipher unknown\n"},
    {"in the clear, whatever else is set", {HD_TRANSPORT_CLEAR, "TLSv1.3", "X", "", ""},
	"  Encryption without TLS\n  From       unknown address (no name known)\n"},
    {"not known", {HD_TRANSPORT_UNKNOWN, "", "", "2001:db8::1", ""},
	"  Encryption unknown whether TLS was used\n"
	"  From       2001:db8::1 (no name known)\n"},
    {"escape sequences in the name", {HD_TRANSPORT_CLEAR, "", "", "", "\x1b[2J\x07\x9b"},
	"(?[2J?"
	"?)\n"},
    {"lines in the name", {HD_TRANSPORT_CLEAR, "", "", "", "a\r\nVerdict\tdane, final"},
	"(a??Verdict?dane, final)\n"},
    {"UTF-8 in the name", {HD_TRANSPORT_CLEAR, "", "", "", "\xc3\xa4.example"}, "(??.example)\n"},
    {"a format in the name", {HD_TRANSPORT_CLEAR, "", "", "", "%s%n%1$s"}, "(%s%n%1$s)\n"},
    {"escape sequences elsewhere", {HD_TRANSPORT_TLS, "\x1b[1m", "\x1b]0;x", "\x1b", "a"},
	"  Encryption ?[1m, ?]0;x\n  From       ? (a)\n"},
};

static void
words_of_other_hosts_are_printable(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(deliveries); i++) {
		struct hd_test test = test_of("--t");
		char *text;

		test.deliveries[HD_PROBE_WRONG].evidence = deliveries[i].evidence;
		text = text_of(&test, MINUTE, DOMAIN);
		check_form(deliveries[i].claim, text, true);
		check_has(deliveries[i].claim, text, deliveries[i].wanted);
		free(text);
	}
}

static void
the_longest_words_fit(void **state)
{
	static const char fill[] = {'h', ' ', '"', '\\', '\xff', '\n'};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(fill); i++) {
		struct hd_test test = test_of("ttt");
		char *text, *end;
		size_t shown = 0;

		for (unsigned id = 0; id < HD_PROBE_COUNT; id++) {
			struct hd_evidence *evidence = &test.deliveries[id].evidence;

			memset(evidence->client_helo, fill[i], HD_CLIENT_HELO_SIZE - 1);
			memset(evidence->client_address, fill[i], HD_CLIENT_ADDRESS_SIZE - 1);
			memset(evidence->tls_cipher, fill[i], HD_TLS_CIPHER_SIZE - 1);
			memset(evidence->tls_protocol, fill[i], HD_TLS_PROTOCOL_SIZE - 1);
		}
		text = text_of(&test, MINUTE, DOMAIN);
		check_form("long words", text, true);
		end = strstr(strstr(text, "  From  ") + 8 + HD_CLIENT_ADDRESS_SIZE, "\n\n");
		assert_non_null(end);
		for (char *at = strstr(text, "  From  ") + 8; at < end; at++)
			shown += *at == 'h';
		if (fill[i] == 'h')
			check_int("all of it is there", (int64_t)shown,
			    HD_CLIENT_HELO_SIZE - 1 + HD_CLIENT_ADDRESS_SIZE - 1);
		free(text);
	}
}

static void
addresses_are_never_broken(void **state)
{
	const struct hd_test test = test_of("---");
	char domain[HD_DOMAIN_SIZE], wanted[512];
	char *text;

	(void)state;
	memset(domain, 'd', sizeof(domain) - 1);
	domain[sizeof(domain) - 1] = '\0';
	text = text_of(&test, 0, domain);
	(void)snprintf(wanted, sizeof(wanted), "\n  " ALIAS "@wrong.%s\n", domain);
	check_has("the longest domain", text, wanted);
	free(text);

	domain[48] = '\0';
	text = text_of(&test, 0, domain);
	check_form("all that fits", text, false);
	free(text);
}

static const struct {
	const char *claim;
	const char *addresses[2];
	const char *names[2];
	bool mixed;
} clients[] = {
    {"the same twice", {"192.0.2.1", "192.0.2.1"}, {"a", "a"}, false},
    {"two addresses", {"192.0.2.1", "192.0.2.2"}, {"a", "a"}, true},
    {"two IPv6 addresses", {"2001:db8::1", "2001:db8::2"}, {"a", "a"}, true},
    {"both addresses of a server", {"192.0.2.1", "2001:db8::1"}, {"a", "a"}, false},
    {"its name in upper case", {"192.0.2.1", "2001:db8::1"}, {"A.x", "a.X"}, false},
    {"two names", {"192.0.2.1", "192.0.2.1"}, {"a", "b"}, true},
    {"two addresses, no names", {"192.0.2.1", "192.0.2.2"}, {"", ""}, true},
    {"no address is no other address", {"192.0.2.1", ""}, {"a", "a"}, false},
    {"no name is no other name", {"192.0.2.1", "192.0.2.1"}, {"a", ""}, false},
    {"nothing is known", {"", ""}, {"", ""}, false},
};

static void
several_servers_are_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		struct hd_test test = test_of("t-t");
		char *text;

		for (unsigned j = 0; j < 2; j++) {
			struct hd_evidence *evidence =
			    &test.deliveries[j == 0 ? HD_PROBE_DO : HD_PROBE_WRONG].evidence;

			strcpy(evidence->client_address, clients[i].addresses[j]);
			strcpy(evidence->client_helo, clients[i].names[j]);
		}
		/* What did not arrive is no server. */
		strcpy(test.deliveries[HD_PROBE_DONT].evidence.client_address, "192.0.2.99");
		text = text_of(&test, MINUTE, DOMAIN);
		check_form(clients[i].claim, text, true);
		check_int(clients[i].claim,
		    strstr(text, "The messages came from different servers") != NULL,
		    clients[i].mixed);
		free(text);
	}
}

static void
arrivals_far_apart_are_told(void **state)
{
	static const struct {
		int64_t apart;
		bool told;
	} rows[] = {{0, false}, {15 * MINUTE - 1, false}, {15 * MINUTE, true}, {5 * HOUR, true}};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hd_test test = test_of("tt-");
		char *text;

		/* The second arrived first. */
		test.deliveries[HD_PROBE_DO].received =
		    test.deliveries[HD_PROBE_DONT].received + rows[i].apart;
		text = text_of(&test, 8 * HOUR, DOMAIN);
		check_int("told", strstr(text, "15 minutes or more apart") != NULL, rows[i].told);
		free(text);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(words_of_other_hosts_are_printable),
	    UNIT_TEST(the_longest_words_fit),
	    UNIT_TEST(addresses_are_never_broken),
	    UNIT_TEST(several_servers_are_told),
	    UNIT_TEST(arrivals_far_apart_are_told),
	};

	return RUN_TESTS(tests);
}
