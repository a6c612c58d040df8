#include "address.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* is_domain - letter case and one final dot aside, which Postfix passes on (RFC 1034, section 3.1) */
static bool
is_domain(const char *name, const char *domain)
{
	const size_t length = strlen(domain);

	return strncasecmp(name, domain, length) == 0 &&
	       (name[length] == '\0' || strcmp(name + length, ".") == 0);
}

bool
hd_address_parse(
    const char *address, const char *domain, char alias[HD_ALIAS_SIZE], enum hd_probe_id *probe)
{
	const char *at = strrchr(address, '@');
	const char *mail_domain, *dot, *plus;

	if (at == NULL)
		return false;
	mail_domain = at + 1;
	dot = strchr(mail_domain, '.');
	if (dot == NULL || !is_domain(dot + 1, domain))
		return false;
	plus = memchr(address, '+', (size_t)(at - address));
	return hd_probe_find(mail_domain, (size_t)(dot - mail_domain), probe) &&
	       hd_alias_parse(address, (size_t)((plus == NULL ? at : plus) - address), alias);
}

void
hd_client_address_parse(const char *client, char address[HD_CLIENT_ADDRESS_SIZE])
{
	static const char prefix[] = "IPv6:";
	unsigned char binary[sizeof(struct in6_addr)];
	int family;

	address[0] = '\0';
	if (client == NULL)
		return;
	family = strchr(client, ':') == NULL ? AF_INET : AF_INET6;
	if (strncasecmp(client, prefix, sizeof(prefix) - 1) == 0)
		client += sizeof(prefix) - 1;
	if (inet_pton(family, client, binary) != 1 ||
	    inet_ntop(family, binary, address, HD_CLIENT_ADDRESS_SIZE) == NULL)
		address[0] = '\0';
}
