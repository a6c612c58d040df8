/* Reading and checking the certificates' folder. */
#include "cert.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cert_folder.h"
#include "config.h"
#include "crypto_log.h"
#include "log.h"
#include "probe.h"

const struct hd_cert_file_row hd_cert_files[HD_CERT_FILE_COUNT] = {
    [HD_CERT_FILE_CA_KEY] = {HD_CERT_CA_KEY, HD_CERT_CA_KEY ".tmp", 0600},
    [HD_CERT_FILE_CA] = {HD_CERT_CA, HD_CERT_CA ".tmp", 0644},
    [HD_CERT_FILE_SERVER_KEY] = {HD_CERT_SERVER_KEY, HD_CERT_SERVER_KEY ".tmp", 0600},
    [HD_CERT_FILE_SERVER] = {HD_CERT_SERVER, HD_CERT_SERVER ".tmp", 0644},
};

enum { HOST_SIZE = HD_PROBE_NAME_MAX + 1 + HD_DOMAIN_SIZE };

/* What senders get to see, and its key. */
struct served {
	X509 *leaf;
	X509 *ca;
	EVP_PKEY *key;
};

enum hd_error
hd_cert_folder_failed(const struct hd_cert_folder *folder, const char *what, const char *file)
{
	hd_error("%s/%s: cannot %s: %s", folder->name, file, what, strerror(errno));
	return HD_IO;
}

/* Nobody is asked for a passphrase: Postfix could not ask either. */
static int
no_passphrase(char *buffer, int size, int writing, void *context)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

/* open_to_read - *stream is the caller's, for fclose */
static enum hd_error
open_to_read(const struct hd_cert_folder *folder, enum hd_cert_file file, FILE **stream)
{
	int fd = openat(folder->fd, hd_cert_files[file].name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*stream = NULL;
	if (fd < 0 && errno == ENOENT) {
		hd_error("%s/%s: is missing; \"havedane cert\" makes it", folder->name,
		    hd_cert_files[file].name);
		return HD_CONFIG;
	}
	if (fd >= 0)
		*stream = fdopen(fd, "r");
	if (*stream == NULL) {
		enum hd_error error =
		    hd_cert_folder_failed(folder, "open it", hd_cert_files[file].name);

		if (fd >= 0)
			(void)close(fd);
		return error;
	}
	return HD_OK;
}

static enum hd_error
not_pem(const struct hd_cert_folder *folder, enum hd_cert_file file, const char *wanted)
{
	hd_error("%s/%s: there is no %s in it", folder->name, hd_cert_files[file].name, wanted);
	(void)hd_crypto_failed("reading PEM");
	return HD_CONFIG;
}

static enum hd_error
read_key(const struct hd_cert_folder *folder, enum hd_cert_file file, EVP_PKEY **key)
{
	FILE *stream;
	enum hd_error error = open_to_read(folder, file, &stream);

	if (error != HD_OK)
		return error;
	*key = PEM_read_PrivateKey(stream, NULL, no_passphrase, NULL);
	if (*key == NULL)
		error = not_pem(folder, file, "private key without a passphrase");
	(void)fclose(stream); /* only read from */
	return error;
}

/* read_certificates - the first of a file, and its second where that is asked for */
static enum hd_error
read_certificates(
    const struct hd_cert_folder *folder, enum hd_cert_file file, X509 **first, X509 **second)
{
	FILE *stream;
	enum hd_error error = open_to_read(folder, file, &stream);

	if (error != HD_OK)
		return error;
	*first = PEM_read_X509(stream, NULL, no_passphrase, NULL);
	if (*first == NULL)
		error = not_pem(folder, file, "certificate");
	if (error == HD_OK && second != NULL) {
		*second = PEM_read_X509(stream, NULL, no_passphrase, NULL);
		if (*second == NULL)
			error = not_pem(folder, file, "second certificate, of the CA");
	}
	(void)fclose(stream); /* only read from */
	return error;
}

/* wrong - a fault in the set; what OpenSSL thinks of it adds nothing */
static enum hd_error
wrong(const struct hd_cert_folder *folder, enum hd_cert_file file, const char *what)
{
	hd_error("%s/%s: %s", folder->name, hd_cert_files[file].name, what);
	ERR_clear_error();
	return HD_CONFIG;
}

static bool
is_for(X509 *leaf, enum hd_probe_id probe, const char *domain, char host[HOST_SIZE])
{
	bool found;

	(void)snprintf(host, HOST_SIZE, "%s.%s", hd_probes[probe].name, domain);
	found = X509_check_host(leaf, host, 0, 0, NULL) == 1;
	ERR_clear_error();
	return found;
}

static enum hd_error
check_hosts(const struct hd_cert_folder *folder, X509 *leaf, const char *domain)
{
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		char host[HOST_SIZE];

		if (is_for(leaf, (enum hd_probe_id)i, domain, host))
			continue;
		hd_error("%s/%s: its certificate is not for %s; has the domain changed?",
		    folder->name, hd_cert_files[HD_CERT_FILE_SERVER].name, host);
		return HD_CONFIG;
	}
	return HD_OK;
}

static void
clear_served(struct served *served)
{
	EVP_PKEY_free(served->key);
	X509_free(served->ca);
	X509_free(served->leaf);
}

/* load - fills *served, for clear_served, also when it ends in an error */
static enum hd_error
load(const struct hd_cert_folder *folder, struct served *served)
{
	enum hd_error error;

	*served = (struct served){NULL, NULL, NULL};
	error = read_certificates(folder, HD_CERT_FILE_SERVER, &served->leaf, &served->ca);
	if (error == HD_OK)
		error = read_key(folder, HD_CERT_FILE_SERVER_KEY, &served->key);
	if (error != HD_OK)
		return error;
	if (X509_check_private_key(served->leaf, served->key) != 1)
		return wrong(folder, HD_CERT_FILE_SERVER_KEY, "is not the key of server.pem");
	if (X509_check_issued(served->ca, served->leaf) != X509_V_OK ||
	    X509_verify(served->leaf, X509_get0_pubkey(served->ca)) != 1)
		return wrong(
		    folder, HD_CERT_FILE_SERVER, "its second certificate did not issue the first");
	return HD_OK;
}

static enum hd_error
digest_key(const X509 *certificate, unsigned char digest[HD_CERT_DIGEST_SIZE])
{
	unsigned char *der = NULL;
	unsigned size = 0;
	int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
	enum hd_error error = HD_OK;

	if (length <= 0 ||
	    EVP_Digest(der, (size_t)length, digest, &size, EVP_sha256(), NULL) != 1 ||
	    size != HD_CERT_DIGEST_SIZE)
		error = hd_crypto_failed("the digest of a public key");
	OPENSSL_free(der);
	return error;
}

static enum hd_error
digest(const struct served *served, struct hd_cert_digests *digests)
{
	enum hd_error error = digest_key(served->leaf, digests->leaf);

	return error == HD_OK ? digest_key(served->ca, digests->ca) : error;
}

enum hd_error
hd_cert_folder_open(const char *name, struct hd_cert_folder *folder)
{
	*folder = (struct hd_cert_folder){.name = name};
	folder->fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd >= 0)
		return HD_OK;
	if (errno == ENOENT) {
		hd_error("%s: is missing; \"havedane cert\" makes it", name);
		return HD_CONFIG;
	}
	hd_error("%s: cannot open the folder: %s", name, strerror(errno));
	return HD_IO;
}

enum hd_error
hd_cert_load(const char *dir, const char *domain, struct hd_cert_digests *digests)
{
	struct hd_cert_digests found;
	struct hd_cert_folder folder;
	struct served served;
	enum hd_error error = hd_cert_folder_open(dir, &folder);

	if (error != HD_OK)
		return error;
	error = load(&folder, &served);
	if (error == HD_OK)
		error = check_hosts(&folder, served.leaf, domain);
	if (error == HD_OK)
		error = digest(&served, &found);
	if (error == HD_OK)
		*digests = found;
	clear_served(&served);
	(void)close(folder.fd);
	return error;
}

/* milliseconds - a certificate's time; false: it is none */
static bool
milliseconds(const ASN1_TIME *time, int64_t *result)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;
	bool known = epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1;

	ASN1_TIME_free(epoch);
	*result = ((int64_t)days * 24 * 60 * 60 + seconds) * 1000;
	return known;
}

static enum hd_error
learn(const struct served *served, const char *domain, struct hd_cert_facts *facts)
{
	int64_t ca_from, ca_to;
	char host[HOST_SIZE];

	if (!milliseconds(X509_get0_notBefore(served->leaf), &facts->not_before) ||
	    !milliseconds(X509_get0_notAfter(served->leaf), &facts->not_after) ||
	    !milliseconds(X509_get0_notBefore(served->ca), &ca_from) ||
	    !milliseconds(X509_get0_notAfter(served->ca), &ca_to))
		return hd_crypto_failed("reading a certificate's dates");
	if (ca_from > facts->not_before)
		facts->not_before = ca_from;
	if (ca_to < facts->not_after)
		facts->not_after = ca_to;
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++)
		facts->for_probe[i] = is_for(served->leaf, (enum hd_probe_id)i, domain, host);
	return digest(served, &facts->digests);
}

enum hd_error
hd_cert_facts(const char *dir, const char *domain, struct hd_cert_facts *facts)
{
	struct hd_cert_facts found;
	struct hd_cert_folder folder;
	struct served served;
	enum hd_error error = hd_cert_folder_open(dir, &folder);

	if (error != HD_OK)
		return error;
	error = load(&folder, &served);
	if (error == HD_OK)
		error = learn(&served, domain, &found);
	if (error == HD_OK)
		*facts = found;
	clear_served(&served);
	(void)close(folder.fd);
	return error;
}

enum hd_error
hd_cert_folder_check(const struct hd_cert_folder *folder, const char *domain)
{
	struct served served;
	EVP_PKEY *ca_key = NULL;
	X509 *ca = NULL;
	enum hd_error error = load(folder, &served);

	if (error == HD_OK)
		error = check_hosts(folder, served.leaf, domain);
	if (error == HD_OK)
		error = read_certificates(folder, HD_CERT_FILE_CA, &ca, NULL);
	if (error == HD_OK)
		error = read_key(folder, HD_CERT_FILE_CA_KEY, &ca_key);
	if (error == HD_OK && X509_cmp(ca, served.ca) != 0)
		error =
		    wrong(folder, HD_CERT_FILE_CA, "is not the second certificate of server.pem");
	if (error == HD_OK && X509_check_private_key(ca, ca_key) != 1)
		error = wrong(folder, HD_CERT_FILE_CA_KEY, "is not the key of ca.pem");
	EVP_PKEY_free(ca_key);
	X509_free(ca);
	clear_served(&served);
	return error;
}
