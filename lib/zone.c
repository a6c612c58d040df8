#include "zone.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "log.h"

enum { MX_PREFERENCE = 10 };

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

static enum hd_error
walk_address(struct hd_zone_record *record, const char *type, const char *address,
    hd_zone_each *each, void *context)
{
	if (address[0] == '\0')
		return HD_OK;
	record->type = type;
	(void)snprintf(record->data, sizeof(record->data), "%s", address);
	return each(record, context);
}

static enum hd_error
walk_tlsa(const struct hd_zone *zone, enum hd_probe_id id, hd_zone_each *each, void *context)
{
	struct hd_zone_record record = {.probe = id, .type = "TLSA"};
	struct hd_tlsa tlsa[HD_TLSA_MAX];
	size_t count = hd_tlsa_make(hd_probes[id].tlsa, zone->digests, tlsa);
	enum hd_error error = HD_OK;

	(void)snprintf(
	    record.name, sizeof(record.name), "_25._tcp.%s.%s.", hd_probes[id].name, zone->domain);
	for (size_t i = 0; error == HD_OK && i < count; i++) {
		char text[HD_TLSA_TEXT_SIZE];

		record.tlsa = tlsa[i];
		hd_tlsa_format(&tlsa[i], text);
		(void)snprintf(record.data, sizeof(record.data), "%s", text);
		error = each(&record, context);
	}
	return error;
}

static enum hd_error
walk_probe(const struct hd_zone *zone, const struct addresses *addresses, enum hd_probe_id id,
    hd_zone_each *each, void *context)
{
	struct hd_zone_record record = {.probe = id, .type = "MX", .preference = MX_PREFERENCE};
	enum hd_error error;

	(void)snprintf(
	    record.name, sizeof(record.name), "%s.%s.", hd_probes[id].name, zone->domain);
	/* Explicit, as not every sender is at ease with none (RFC 5321, section 5.1). */
	(void)snprintf(record.data, sizeof(record.data), "%u %s", record.preference, record.name);
	error = each(&record, context);
	if (error == HD_OK)
		error = walk_address(&record, "A", addresses->ipv4, each, context);
	if (error == HD_OK)
		error = walk_address(&record, "AAAA", addresses->ipv6, each, context);
	if (error == HD_OK)
		error = walk_tlsa(zone, id, each, context);
	return error;
}

enum hd_error
hd_zone_walk(const struct hd_zone *zone, hd_zone_each *each, void *context)
{
	struct addresses addresses = {"", ""};
	enum hd_error error;

	error = normalize(AF_INET, zone->ipv4, addresses.ipv4, sizeof(addresses.ipv4));
	if (error == HD_OK && zone->ipv6 != NULL)
		error = normalize(AF_INET6, zone->ipv6, addresses.ipv6, sizeof(addresses.ipv6));
	for (unsigned i = 0; error == HD_OK && i < HD_PROBE_COUNT; i++)
		error = walk_probe(zone, &addresses, (enum hd_probe_id)i, each, context);
	return error;
}

struct printer {
	FILE *out;
	const struct hd_zone *zone;
	enum hd_zone_form form;
	bool begun;             /* the head is printed */
	enum hd_probe_id probe; /* whose records are being printed */
	bool tlsa_remark;       /* what its TLSA records are like has been said */
};

static void
print_head(struct printer *printer)
{
	(void)fprintf(printer->out,
	    "; DNS records of the HaveDANE installation %s\n"
	    ";\n"
	    "; ALL of them must be in a zone that is signed with DNSSEC, also those of probes\n"
	    "; without TLSA records: that there are none must be provable. No name here may be a\n"
	    "; CNAME. Print them anew whenever the certificates change.\n"
	    ";\n"
	    "; DNSSEC signs a zone, so that everyone can check that a record is its owner's, or\n"
	    "; that there is none: in a zone without it no sender looks at TLSA records at all.\n",
	    printer->zone->domain);
}

static void
print_tlsa_remark(struct printer *printer)
{
	static const char *const remarks[] = {
	    [HD_TLSA_NONE] = "There must be nothing at this name or below it",
	    [HD_TLSA_RIGHT] = "The server's certificate and its CA",
	    [HD_TLSA_WRONG] = "Wrong ON PURPOSE, do not correct it",
	};
	const struct hd_probe *probe = &hd_probes[printer->probe];

	if (printer->tlsa_remark)
		return;
	(void)fprintf(printer->out, "; %s: _25._tcp.%s.%s.\n", remarks[probe->tlsa], probe->name,
	    printer->zone->domain);
	printer->tlsa_remark = true;
}

/* begin_probe - see that what stands before the first record of a probe is printed */
static void
begin_probe(struct printer *printer, enum hd_probe_id id)
{
	if (!printer->begun)
		print_head(printer);
	else if (printer->probe == id)
		return;
	else
		print_tlsa_remark(printer);
	printer->begun = true;
	printer->probe = id;
	printer->tlsa_remark = false;
	(void)fprintf(printer->out, "\n; %s: %s\n", hd_probes[id].name, hd_probes[id].summary);
}

static enum hd_error
print_record(const struct hd_zone_record *record, void *context)
{
	struct printer *printer = context;
	bool tlsa = strcmp(record->type, "TLSA") == 0;
	char generic[HD_TLSA_GENERIC_SIZE];

	begin_probe(printer, record->probe);
	if (tlsa)
		print_tlsa_remark(printer);
	(void)fprintf(printer->out, "%s %d IN ", record->name, printer->zone->ttl);
	if (tlsa && printer->form == HD_ZONE_GENERIC) {
		hd_tlsa_format_generic(&record->tlsa, generic);
		(void)fprintf(printer->out, "%s\n", generic);
	} else
		(void)fprintf(printer->out, "%s %s\n", record->type, record->data);
	return HD_OK;
}

enum hd_error
hd_zone_write(FILE *out, const struct hd_zone *zone, enum hd_zone_form form)
{
	struct printer printer = {.out = out, .zone = zone, .form = form};
	enum hd_error error = hd_zone_walk(zone, print_record, &printer);

	if (error != HD_OK)
		return error;
	print_tlsa_remark(&printer);
	/* A stream remembers: one check for all that was printed. */
	if (fflush(out) != 0 || ferror(out) != 0) {
		hd_error("cannot print the records: %s", strerror(errno));
		return HD_IO;
	}
	return HD_OK;
}
