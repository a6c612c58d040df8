/*
 * cert_issue - new keys and certificates, in memory
 *
 * For cert_create.c, which keeps them in files.
 */
#ifndef HD_CERT_ISSUE_H
#define HD_CERT_ISSUE_H

#include <openssl/types.h>

#include "error.h"

struct hd_cert_set {
	EVP_PKEY *ca_key;
	X509 *ca; /* self-signed */
	EVP_PKEY *server_key;
	X509 *server; /* issued by ca, for each probe's host name */
};

/*
 * hd_cert_issue - a new certificate authority, and a server certificate of it
 *
 * RSA and SHA-256 (every sender's TLS can do these), random serial numbers,
 * valid from a day ago (clocks differ) for days. The profile is RFC 5280's.
 * *set is the caller's, for hd_cert_set_clear. HD_CRYPTO: logged, *set is
 * empty.
 */
enum hd_error hd_cert_issue(const char *domain, int days, struct hd_cert_set *set);

/* hd_cert_set_clear - release what is in a set; an empty one is allowed */
void hd_cert_set_clear(struct hd_cert_set *set);

#endif
