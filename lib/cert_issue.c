#include "cert_issue.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "config.h"
#include "crypto_log.h"
#include "probe.h"

enum {
	KEY_BITS = 2048,
	SERIAL_BITS = 159, /* the top one set: positive, and never over 20 octets (RFC 5280) */
	CN_MAX = 64,       /* ub-common-name, RFC 5280 */
	SAN_SIZE = HD_PROBE_COUNT * (int)(sizeof("DNS:.,") + HD_PROBE_NAME_MAX + HD_DOMAIN_SIZE) +
		   (int)sizeof("critical,"),
	EXTENSIONS_MAX = 6
};

struct extension {
	int nid;
	const char *value; /* as in x509v3_config(5) */
};

/* One certificate to be made. */
struct order {
	const char *cn; /* NULL: an empty subject */
	EVP_PKEY *key;  /* the subject's */
	X509 *issuer;   /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	time_t now;
	int days;
	struct extension extensions[EXTENSIONS_MAX]; /* up to the first without a value */
};

static enum hd_error
set_serial(X509 *certificate)
{
	BIGNUM *number = BN_new();
	enum hd_error error = HD_OK;

	if (number == NULL ||
	    BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
	    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) == NULL)
		error = hd_crypto_failed("making a serial number");
	BN_free(number);
	return error;
}

static enum hd_error
set_names(X509 *certificate, const struct order *order)
{
	X509_NAME *subject = X509_get_subject_name(certificate);
	X509 *issuer = order->issuer == NULL ? certificate : order->issuer;

	if (order->cn != NULL && X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC,
				     (const unsigned char *)order->cn, -1, -1, 0) != 1)
		return hd_crypto_failed("naming a certificate");
	if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1)
		return hd_crypto_failed("naming the issuer of a certificate");
	return HD_OK;
}

/* From 2050 on OpenSSL writes GeneralizedTime by itself (RFC 5280, section 4.1.2.5). */
static enum hd_error
set_validity(X509 *certificate, const struct order *order)
{
	time_t now = order->now;

	if (X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, &now) == NULL ||
	    X509_time_adj_ex(X509_getm_notAfter(certificate), order->days, 0, &now) == NULL)
		return hd_crypto_failed("setting the validity of a certificate");
	return HD_OK;
}

static enum hd_error
add_extensions(X509 *certificate, const struct order *order)
{
	X509V3_CTX context;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, order->issuer == NULL ? certificate : order->issuer, certificate,
	    NULL, NULL, 0);
	for (size_t i = 0; i < EXTENSIONS_MAX && order->extensions[i].value != NULL; i++) {
		const struct extension *row = &order->extensions[i];
		X509_EXTENSION *extension =
		    X509V3_EXT_nconf_nid(NULL, &context, row->nid, row->value);
		int added = extension == NULL ? 0 : X509_add_ext(certificate, extension, -1);

		X509_EXTENSION_free(extension); /* X509_add_ext made a copy */
		if (added != 1)
			return hd_crypto_failed("adding an extension to a certificate");
	}
	return HD_OK;
}

/* issue - *certificate is the caller's, NULL on an error */
static enum hd_error
issue(const struct order *order, X509 **certificate)
{
	enum hd_error error = HD_OK;
	X509 *new = X509_new();

	*certificate = NULL;
	if (new == NULL || X509_set_version(new, X509_VERSION_3) != 1 ||
	    X509_set_pubkey(new, order->key) != 1)
		error = hd_crypto_failed("making a certificate");
	if (error == HD_OK)
		error = set_serial(new);
	if (error == HD_OK)
		error = set_names(new, order);
	if (error == HD_OK)
		error = set_validity(new, order);
	if (error == HD_OK)
		error = add_extensions(new, order);
	if (error == HD_OK && X509_sign(new, order->issuer_key, EVP_sha256()) <= 0)
		error = hd_crypto_failed("signing a certificate");
	if (error == HD_OK)
		*certificate = new;
	else
		X509_free(new);
	return error;
}

/* "DNS:do.havedane.net,DNS:..."; critical when it is the certificate's only name */
static void
name_hosts(const char *domain, bool critical, char san[SAN_SIZE])
{
	const char *separator = critical ? "critical," : "";
	size_t length = 0;

	/* SAN_SIZE has room for every probe with the longest domain. */
	for (unsigned i = 0; i < HD_PROBE_COUNT && length < SAN_SIZE; i++) {
		length += (size_t)snprintf(san + length, SAN_SIZE - length, "%sDNS:%s.%s",
		    separator, hd_probes[i].name, domain);
		separator = ",";
	}
}

static enum hd_error
issue_ca(const char *domain, time_t now, int days, struct hd_cert_set *set)
{
	char cn[sizeof("HaveDANE CA of ") + HD_DOMAIN_SIZE];
	const struct order order = {
	    .cn = cn,
	    .key = set->ca_key,
	    .issuer_key = set->ca_key,
	    .now = now,
	    .days = days,
	    .extensions = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
		{NID_key_usage, "critical,keyCertSign,cRLSign"},
		{NID_subject_key_identifier, "hash"}},
	};

	/* An issuer must have a name; nothing depends on which. */
	if (snprintf(cn, sizeof(cn), "HaveDANE CA of %s", domain) > CN_MAX)
		strcpy(cn, "HaveDANE CA");
	return issue(&order, &set->ca);
}

static enum hd_error
issue_server(const char *domain, time_t now, int days, struct hd_cert_set *set)
{
	char cn[HD_PROBE_NAME_MAX + 1 + HD_DOMAIN_SIZE];
	char san[SAN_SIZE];
	const bool named = snprintf(cn, sizeof(cn), "%s.%s", hd_probes[0].name, domain) <= CN_MAX;
	const struct order order = {
	    .cn = named ? cn : NULL,
	    .key = set->server_key,
	    .issuer = set->ca,
	    .issuer_key = set->ca_key,
	    .now = now,
	    .days = days,
	    .extensions = {{NID_basic_constraints, "critical,CA:FALSE"},
		{NID_key_usage, "critical,digitalSignature,keyEncipherment"},
		{NID_ext_key_usage, "serverAuth"}, {NID_subject_key_identifier, "hash"},
		{NID_authority_key_identifier, "keyid:always"}, {NID_subject_alt_name, san}},
	};

	name_hosts(domain, !named, san);
	return issue(&order, &set->server);
}

enum hd_error
hd_cert_issue(const char *domain, int days, struct hd_cert_set *set)
{
	/* One moment for both, so that the leaf does not outlive its CA. */
	const time_t now = time(NULL);
	enum hd_error error = HD_OK;

	*set = (struct hd_cert_set){NULL, NULL, NULL, NULL};
	set->ca_key = EVP_RSA_gen(KEY_BITS);
	if (set->ca_key != NULL)
		set->server_key = EVP_RSA_gen(KEY_BITS);
	if (set->server_key == NULL)
		error = hd_crypto_failed("making a key");
	if (error == HD_OK)
		error = issue_ca(domain, now, days, set);
	if (error == HD_OK)
		error = issue_server(domain, now, days, set);
	if (error != HD_OK)
		hd_cert_set_clear(set);
	return error;
}

void
hd_cert_set_clear(struct hd_cert_set *set)
{
	X509_free(set->server);
	EVP_PKEY_free(set->server_key);
	X509_free(set->ca);
	EVP_PKEY_free(set->ca_key);
	*set = (struct hd_cert_set){NULL, NULL, NULL, NULL};
}
