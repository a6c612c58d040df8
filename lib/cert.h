/*
 * cert - the certificate authority and the server certificate of an installation
 *
 * One certificate serves all probes; only their TLSA records differ. A test
 * server's certificates must not rot: TLSA records pin them, and nobody looks
 * at them again. Hence the long default validity.
 */
#ifndef HD_CERT_H
#define HD_CERT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "probe.h"

/* The files in the folder that hd_cert_create fills, all PEM. */
#define HD_CERT_CA_KEY     "ca.key"     /* 0600 */
#define HD_CERT_CA         "ca.pem"     /* 0644 */
#define HD_CERT_SERVER_KEY "server.key" /* 0600 */
#define HD_CERT_SERVER     "server.pem" /* 0644: leaf, then CA: "2 1 1" needs both */

enum { HD_CERT_DAYS = 36500, HD_CERT_DAYS_MAX = 365250, HD_CERT_DIGEST_SIZE = 32 };

/* SHA-256 of each SubjectPublicKeyInfo in DER: the data of "x 1 1" records (RFC 6698) */
struct hd_cert_digests {
	unsigned char leaf[HD_CERT_DIGEST_SIZE];
	unsigned char ca[HD_CERT_DIGEST_SIZE];
};

/*
 * hd_cert_create - make the four files, once
 *
 * dir: is made, mode 0700, if its parent is there. domain: as hd_config has
 * it; the leaf is for each probe's host name. days: validity from now, 1 to
 * HD_CERT_DAYS_MAX. Nothing is ever overwritten.
 *
 * HD_OK: made, and on disk. HD_EXISTS: all four are there and sound (as
 * hd_cert_load has it, and of this ca.pem); nothing was changed. HD_CONFIG:
 * some are there, or they do not belong together (logged; nothing was
 * changed). HD_INVALID (days), HD_IO, HD_CRYPTO: nothing of ours is left.
 */
enum hd_error hd_cert_create(const char *dir, const char *domain, int days);

/*
 * hd_cert_load - the digests of the certificates in dir
 *
 * They are those of server.pem, as that is what senders get to see. Checks
 * that server.key belongs to its first certificate, that the second issued the
 * first, and that the first is for each probe's host name below domain.
 * HD_CONFIG: missing or wrong (logged). HD_IO, HD_CRYPTO.
 */
enum hd_error hd_cert_load(const char *dir, const char *domain, struct hd_cert_digests *digests);

/* What is to be known of a set whose files belong together. Times: clock.h. */
struct hd_cert_facts {
	struct hd_cert_digests digests;
	int64_t not_before;             /* leaf and CA are both valid from here */
	int64_t not_after;              /* to here */
	bool for_probe[HD_PROBE_COUNT]; /* whether the leaf is for this probe's host name */
};

/*
 * hd_cert_facts - what the certificates in dir are like
 *
 * As hd_cert_load, but dates and names are told, not judged. HD_CONFIG: missing,
 * or they do not belong together (logged). HD_IO, HD_CRYPTO.
 */
enum hd_error hd_cert_facts(const char *dir, const char *domain, struct hd_cert_facts *facts);

#endif
