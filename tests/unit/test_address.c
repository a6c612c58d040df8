/* Which recipient addresses are ours, and what a client's address is. */
#include "address.h"

#include <stdlib.h>
#include <string.h>

#include "support.h"

#define ALIAS  "k5d3m2q7xw4b6n2a"
#define DOMAIN "havedane.net"

static const struct {
	const char *claim;
	const char *address;
	enum hd_probe_id probe;
} ours[] = {
    {"do", ALIAS "@do.havedane.net", HD_PROBE_DO},
    {"dont", ALIAS "@dont.havedane.net", HD_PROBE_DONT},
    {"wrong", ALIAS "@wrong.havedane.net", HD_PROBE_WRONG},
    {"letter case of the alias", "K5D3m2q7XW4B6N2A@do.havedane.net", HD_PROBE_DO},
    {"letter case of the domain", ALIAS "@DO.HaveDANE.net", HD_PROBE_DO},
    {"an extension", ALIAS "+x@wrong.havedane.net", HD_PROBE_WRONG},
    {"an empty extension", ALIAS "+@do.havedane.net", HD_PROBE_DO},
    {"several plus signs", ALIAS "+a+b++@do.havedane.net", HD_PROBE_DO},
    {"odd characters in the extension", ALIAS "+\xff ;$(id)'@do.havedane.net", HD_PROBE_DO},
    {"a dot at the end", ALIAS "@wrong.havedane.net.", HD_PROBE_WRONG},
    {"split at the last @: an @ in the extension", ALIAS "+a@b@do.havedane.net", HD_PROBE_DO},
};

static void
our_addresses_are_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ours); i++) {
		char alias[HD_ALIAS_SIZE] = "";
		enum hd_probe_id probe = HD_PROBE_COUNT;

		check_true(ours[i].claim, hd_address_parse(ours[i].address, DOMAIN, alias, &probe));
		check_text(ours[i].claim, alias, ALIAS);
		check_int(ours[i].claim, probe, ours[i].probe);
	}
}

static const struct {
	const char *claim;
	const char *address;
} not_ours[] = {
    {"nothing", ""},
    {"no @", ALIAS ".do.havedane.net"},
    {"an alias alone", ALIAS},
    {"only an @", "@"},
    {"no domain", ALIAS "@"},
    {"empty local part", "@do.havedane.net"},
    {"an extension alone", "+x@do.havedane.net"},
    {"the alias as extension", "x+" ALIAS "@do.havedane.net"},
    {"an @ in the local part", ALIAS "@x@do.havedane.net"},
    {"two @ in a row", ALIAS "@@do.havedane.net"},
    {"ours is not the last domain", ALIAS "@do.havedane.net@example.org"},
    {"another domain", ALIAS "@do.example.org"},
    {"a domain that ends like ours", ALIAS "@do.nothavedane.net"},
    {"a domain below ours is not ours", ALIAS "@do.havedane.net.example.org"},
    {"the base domain itself", ALIAS "@havedane.net"},
    {"an unknown probe", ALIAS "@maybe.havedane.net"},
    {"a host below a probe", ALIAS "@x.do.havedane.net"},
    {"an empty probe", ALIAS "@.havedane.net"},
    {"only part of a probe's name", ALIAS "@d.havedane.net"},
    {"more than a probe's name", ALIAS "@dowrong.havedane.net"},
    {"two probes", ALIAS "@do.wrong.havedane.net"},
    {"two dots at the end", ALIAS "@do.havedane.net.."},
    {"more behind the dot", ALIAS "@do.havedane.net.x"},
    {"only a dot behind the probe", ALIAS "@do.."},
    {"part of the domain and a dot", ALIAS "@do.havedane."},
    {"two dots", ALIAS "@do..havedane.net"},
    {"a probe without the domain", ALIAS "@do"},
    {"a probe, a dot and no domain", ALIAS "@do."},
    {"15 characters", "k5d3m2q7xw4b6n2@do.havedane.net"},
    {"17 characters", ALIAS "a@do.havedane.net"},
    {"0 is not in base32", "k5d3m2q7xw4b6n20@do.havedane.net"},
    {"1 is not in base32", "k5d3m2q7xw4b6n21@do.havedane.net"},
    {"8 is not in base32", "k5d3m2q7xw4b6n28@do.havedane.net"},
    {"9 is not in base32", "k5d3m2q7xw4b6n29@do.havedane.net"},
    {"quoted", "\"" ALIAS "\"@do.havedane.net"},
    {"in angle brackets", "<" ALIAS "@do.havedane.net>"},
    {"a blank in front", " " ALIAS "@do.havedane.net"},
    {"a blank behind", ALIAS "@do.havedane.net "},
    {"a newline behind", ALIAS "@do.havedane.net\n"},
    {"as Postfix gives odd characters", "a_b__id_@do.havedane.net"},
    {"the long s is no s", ALIAS "@do.havedane.net\xc5\xbf"},
};

static void
other_addresses_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(not_ours); i++) {
		char *address = exact_copy(not_ours[i].address, strlen(not_ours[i].address) + 1);
		char alias[HD_ALIAS_SIZE];
		enum hd_probe_id probe;

		check_true(not_ours[i].claim, !hd_address_parse(address, DOMAIN, alias, &probe));
		free(address);
	}
}

static void
huge_addresses_are_survived(void **state)
{
	enum { HUGE_LENGTH = 10000 };
	static const char tail[] = "@do.havedane.net";
	char *address = malloc(HUGE_LENGTH + sizeof(tail));
	char alias[HD_ALIAS_SIZE];
	enum hd_probe_id probe;

	(void)state;
	assert_non_null(address);
	memset(address, 'a', HUGE_LENGTH);
	memcpy(address + HUGE_LENGTH, tail, sizeof(tail));
	check_true("10 kB of letters", !hd_address_parse(address, DOMAIN, alias, &probe));
	memset(address, '@', HUGE_LENGTH);
	check_true("10 kB of @", !hd_address_parse(address, DOMAIN, alias, &probe));
	memset(address, '.', HUGE_LENGTH + sizeof(tail) - 1);
	address[0] = '@';
	check_true("10 kB of dots", !hd_address_parse(address, DOMAIN, alias, &probe));
	memcpy(address, ALIAS "+", 17);
	memset(address + 17, 'x', HUGE_LENGTH - 17);
	memcpy(address + HUGE_LENGTH, tail, sizeof(tail));
	check_true("a huge extension is ignored as a small one",
	    hd_address_parse(address, DOMAIN, alias, &probe));
	check_text("and the alias is right", alias, ALIAS);
	free(address);
}

static const struct {
	const char *claim;
	const char *client;
	const char *address; /* "": none */
} clients[] = {
    {"IPv4", "192.0.2.24", "192.0.2.24"},
    {"IPv6 with Postfix's prefix", "IPv6:2001:db8:25::21", "2001:db8:25::21"},
    {"IPv6 without it", "2001:db8:25::21", "2001:db8:25::21"},
    {"the prefix in another letter case", "ipv6:2001:db8::1", "2001:db8::1"},
    {"upper case digits are put into lower case", "IPv6:2001:DB8::A", "2001:db8::a"},
    {"zeros are shortened", "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
    {"the longest form", "2001:db8:ffff:ffff:ffff:ffff:255.255.255.255",
	"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
    {"IPv4 inside IPv6", "IPv6:::ffff:192.0.2.1", "::ffff:192.0.2.1"},
    {"not set", NULL, ""},
    {"nothing", "", ""},
    {"a prefix alone", "IPv6:", ""},
    {"a prefix before IPv4", "IPv6:192.0.2.1", ""},
    {"the prefix twice", "IPv6:IPv6:2001:db8::1", ""},
    {"a scope id", "IPv6:fe80::1%eth0", ""},
    {"a host name", "mail.example.org", ""},
    {"Postfix's word for none", "unknown", ""},
    {"in brackets", "[192.0.2.1]", ""},
    {"a port", "192.0.2.1:25", ""},
    {"a blank behind", "192.0.2.1 ", ""},
    {"three numbers", "192.0.2", ""},
    {"a number too large", "192.0.2.256", ""},
    {"a leading zero, octal to some", "192.0.2.010", ""},
    {"hexadecimal", "0xc0000201", ""},
    {"nine groups", "1:2:3:4:5:6:7:8:9", ""},
    {"two gaps", "2001::db8::1", ""},
    {"script", "<script>alert(1)</script>", ""},
};

static void
client_addresses_are_checked(void **state)
{
	char *address = malloc(HD_CLIENT_ADDRESS_SIZE); /* ASan sees a byte too far */

	(void)state;
	assert_non_null(address);
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		memset(address, 'x', HD_CLIENT_ADDRESS_SIZE);
		hd_client_address_parse(clients[i].client, address);
		check_text(clients[i].claim, address, clients[i].address);
	}
	free(address);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(our_addresses_are_taken),
	    UNIT_TEST(other_addresses_are_refused),
	    UNIT_TEST(huge_addresses_are_survived),
	    UNIT_TEST(client_addresses_are_checked),
	};

	return RUN_TESTS(tests);
}
