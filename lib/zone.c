#include "zone.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "config.h"
#include "log.h"
#include "probe.h"
#include "tlsa.h"

/* The addresses as inet_ntop(3) writes them; "" for none. */
struct addresses {
	char ipv4[INET_ADDRSTRLEN];
	char ipv6[INET6_ADDRSTRLEN];
};

static enum hd_error
normalize(int family, const char *text, char *address, socklen_t size)
{
	unsigned char binary[sizeof(struct in6_addr)];

	if (inet_pton(family, text, binary) != 1 ||
	    inet_ntop(family, binary, address, size) == NULL) {
		hd_error("\"%s\" is no %s address", text, family == AF_INET ? "IPv4" : "IPv6");
		return HD_INVALID;
	}
	return HD_OK;
}

static void
write_head(FILE *out, const struct hd_zone *zone)
{
	(void)fprintf(out,
	    "; DNS records of the HaveDANE installation %s\n"
	    ";\n"
	    "; ALL of them must be in a zone that is signed with DNSSEC, also those of probes\n"
	    "; without TLSA records: that there are none must be provable. No name here may be a\n"
	    "; CNAME. Print them anew whenever the certificates change.\n",
	    zone->domain);
}

static void
write_tlsa(FILE *out, const struct hd_zone *zone, const struct hd_probe *probe)
{
	static const char *const remarks[] = {
	    [HD_TLSA_NONE] = "There must be nothing at this name or below it",
	    [HD_TLSA_RIGHT] = "The server's certificate and its CA",
	    [HD_TLSA_WRONG] = "Wrong ON PURPOSE, do not correct it",
	};
	struct hd_tlsa records[HD_TLSA_MAX];
	size_t count = hd_tlsa_make(probe->tlsa, zone->digests, records);

	(void)fprintf(
	    out, "; %s: _25._tcp.%s.%s.\n", remarks[probe->tlsa], probe->name, zone->domain);
	for (size_t i = 0; i < count; i++) {
		char text[HD_TLSA_TEXT_SIZE];

		hd_tlsa_format(&records[i], text);
		(void)fprintf(out, "_25._tcp.%s.%s. %d IN TLSA %s\n", probe->name, zone->domain,
		    zone->ttl, text);
	}
}

static void
write_probe(FILE *out, const struct hd_zone *zone, const struct addresses *addresses,
    const struct hd_probe *probe)
{
	char host[HD_PROBE_NAME_MAX + 1 + HD_DOMAIN_SIZE];

	(void)snprintf(host, sizeof(host), "%s.%s", probe->name, zone->domain);
	(void)fprintf(out, "\n; %s: %s\n", probe->name, probe->summary);
	/* Explicit, as not every sender is at ease with none (RFC 5321, section 5.1). */
	(void)fprintf(out, "%s. %d IN MX 10 %s.\n", host, zone->ttl, host);
	(void)fprintf(out, "%s. %d IN A %s\n", host, zone->ttl, addresses->ipv4);
	if (addresses->ipv6[0] != '\0')
		(void)fprintf(out, "%s. %d IN AAAA %s\n", host, zone->ttl, addresses->ipv6);
	write_tlsa(out, zone, probe);
}

enum hd_error
hd_zone_write(FILE *out, const struct hd_zone *zone)
{
	struct addresses addresses = {"", ""};
	enum hd_error error;

	error = normalize(AF_INET, zone->ipv4, addresses.ipv4, sizeof(addresses.ipv4));
	if (error == HD_OK && zone->ipv6 != NULL)
		error = normalize(AF_INET6, zone->ipv6, addresses.ipv6, sizeof(addresses.ipv6));
	if (error != HD_OK)
		return error;

	write_head(out, zone);
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++)
		write_probe(out, zone, &addresses, &hd_probes[i]);
	/* A stream remembers: one check for all that was printed. */
	if (fflush(out) != 0 || ferror(out) != 0) {
		hd_error("cannot print the records: %s", strerror(errno));
		return HD_IO;
	}
	return HD_OK;
}
