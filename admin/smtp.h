/*
 * smtp - look at a mail server as a sender that uses DANE sees it (RFC 7672)
 *
 * Connects, says EHLO and STARTTLS with SNI, verifies by OpenSSL's own DANE,
 * and leaves. No mail is sent.
 */
#ifndef HD_SMTP_H
#define HD_SMTP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

#include "cert.h"

enum { HD_SMTP_REPLY_SIZE = 4096, HD_SMTP_DETAIL_SIZE = 256 };

/* An address of either family; the port is told apart. */
struct hd_ip {
	int family; /* AF_INET or AF_INET6 */
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} address;
	char text[INET6_ADDRSTRLEN];
};

/* One TLSA record as it is in DNS: usage, selector, matching type, data. */
struct hd_tlsa_rdata {
	const unsigned char *bytes;
	size_t length;
};

struct hd_smtp_question {
	const struct hd_ip *ip;
	const char *host;                   /* the MX host: SNI, and the name to verify */
	const struct hd_tlsa_rdata *record; /* to verify with; NULL: nothing is verified */
	int timeout; /* milliseconds, for the connection; what follows has its own */
};

enum hd_smtp_outcome {
	HD_SMTP_TLS,         /* TLS is up; matches and certificate are set */
	HD_SMTP_UNREACHABLE, /* no connection, which may be due to where we are */
	HD_SMTP_REFUSED,     /* nobody listens there */
	HD_SMTP_UNFRIENDLY,  /* no greeting, or no EHLO */
	HD_SMTP_NO_STARTTLS, /* not offered */
	HD_SMTP_NO_TLS,      /* offered, but it fails */
	HD_SMTP_OWN_TROUBLE  /* on our side, such as no memory */
};

struct hd_smtp_answer {
	enum hd_smtp_outcome outcome;
	char detail[HD_SMTP_DETAIL_SIZE]; /* the greeting with HD_SMTP_TLS, else what went wrong */
	bool matches;                     /* the record is right for what is presented */
	const char *why_not;              /* OpenSSL's words; static storage */
	unsigned char certificate[HD_CERT_DIGEST_SIZE]; /* SHA-256 of the leaf, in DER */
};

/* hd_smtp_ask - ask one server; always fills *answer */
void hd_smtp_ask(const struct hd_smtp_question *question, struct hd_smtp_answer *answer);

/*
 * hd_smtp_reply - whether there is a whole reply (RFC 5321, section 4.2.1), and its code
 *
 * text: what has come so far. Returns the code, 0 when its last line is not
 * there yet, -1 when it is no reply.
 */
int hd_smtp_reply(const char *text);

/* hd_smtp_offers - whether a reply to EHLO has this keyword (any letter case) */
bool hd_smtp_offers(const char *reply, const char *keyword);

#endif
