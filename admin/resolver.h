/*
 * resolver - DNS look-ups that are validated here, by libunbound
 *
 * Whatever is between us and the zone is not believed: signatures are checked
 * from the trust anchor down.
 */
#ifndef HD_RESOLVER_H
#define HD_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

enum {
	HD_RESOLVER_NAME_SIZE = 256,
	HD_RESOLVER_RECORDS = 8,       /* of one look-up that are kept */
	HD_RESOLVER_RECORD_SIZE = 256, /* bytes of a record that are kept */
	HD_RESOLVER_WHY_SIZE = 300,
	HD_RESOLVER_SERVER_SIZE = 64
};

/* IANA's numbers */
enum hd_dns_type {
	HD_DNS_A = 1,
	HD_DNS_CNAME = 5,
	HD_DNS_SOA = 6,
	HD_DNS_MX = 15,
	HD_DNS_TXT = 16,
	HD_DNS_AAAA = 28,
	HD_DNS_DS = 43,
	HD_DNS_DNSKEY = 48,
	HD_DNS_TLSA = 52
};

enum hd_lookup_outcome {
	HD_LOOKUP_UNASKED, /* could not ask: no answer, or the resolver cannot get one */
	HD_LOOKUP_FOUND,
	HD_LOOKUP_NONE, /* proven only if also secure */
	HD_LOOKUP_BOGUS /* there is an answer, but it does not validate */
};

struct hd_lookup {
	char name[HD_RESOLVER_NAME_SIZE]; /* the question: absolute, without the final dot */
	enum hd_dns_type type;
	enum hd_lookup_outcome outcome;
	bool answered;                  /* an answer has come, or word that there will be none */
	bool secure;                    /* with FOUND and NONE: signed and validated */
	char why[HD_RESOLVER_WHY_SIZE]; /* with UNASKED and BOGUS: the reason */
	size_t count; /* records there are; at most HD_RESOLVER_RECORDS are kept */
	struct hd_record {
		size_t length; /* of the whole record */
		unsigned char data[HD_RESOLVER_RECORD_SIZE];
	} records[HD_RESOLVER_RECORDS];
};

struct hd_resolver_options {
	const char
	    *server; /* ADDR or ADDR@PORT; "": that of /etc/resolv.conf; NULL: full recursion */
	const char *anchor; /* file of the trust anchor: DNSKEY or DS records */
};

/*
 * hd_resolver_ask - make a number of look-ups, all at the same time
 *
 * Fills in what is asked for, count of them; each is HD_LOOKUP_UNASKED that
 * has no answer after so many milliseconds. HD_CONFIG: the trust anchor or
 * server cannot be used (logged). HD_NO_MEMORY. HD_IO: libunbound does not
 * start (logged).
 */
enum hd_error hd_resolver_ask(const struct hd_resolver_options *options, struct hd_lookup *lookups,
    size_t count, int timeout);

/*
 * hd_resolver_server - check ADDR[@PORT] and bring it into libunbound's form
 *
 * HD_INVALID: it is none (logged).
 */
enum hd_error hd_resolver_server(const char *text, char server[HD_RESOLVER_SERVER_SIZE]);

#endif
