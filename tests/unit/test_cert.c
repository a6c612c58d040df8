/* Keys and certificates: what is made, what is found sound, and what is refused. */
#include "cert.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cert_support.h"
#include "clock.h"
#include "probe.h"
#include "support.h"

static void
check_modes(const char *dir)
{
	static const mode_t modes[] = {0600, 0644, 0600, 0644};
	struct stat status;

	assert_int_equal(stat(dir, &status), 0);
	check_int("the folder's mode", status.st_mode & 07777, 0700);
	for (size_t i = 0; i < FILE_COUNT; i++) {
		char path[PATH_SIZE];

		join(path, dir, names[i]);
		assert_int_equal(stat(path, &status), 0);
		check_int(names[i], status.st_mode & 07777, (int64_t)modes[i]);
	}
	check_int("no other files", count_files(dir), FILE_COUNT);
}

static void
test_files(void **state)
{
	const char *dir = temp_path("tls");
	mode_t old = umask(0);
	enum hd_error error = hd_cert_create(dir, DOMAIN, DAYS);

	(void)state;
	(void)umask(old);
	check_int("made without a umask", error, HD_OK);
	check_modes(dir);
	dir = temp_path("tight");
	assert_int_equal(mkdir(dir, 0700), 0);
	old = umask(0177);
	error = hd_cert_create(dir, DOMAIN, DAYS);
	(void)umask(old);
	check_int("made with a tight one", error, HD_OK);
	check_modes(dir);
}

static void
test_profile(void **state)
{
	const char *dir = new_set("tls");
	X509 *ca = read_certificate(dir, HD_CERT_CA, 0);
	X509 *leaf = read_certificate(dir, HD_CERT_SERVER, 0);
	X509 *second = read_certificate(dir, HD_CERT_SERVER, 1);
	time_t soon = time(NULL) + (time_t)(DAYS - 1) * 86400;
	time_t late = time(NULL) + (time_t)(DAYS + 1) * 86400;

	(void)state;
	check_true("all there", ca != NULL && leaf != NULL && second != NULL);
	check_int("leaf, then CA", X509_cmp(ca, second), 0);
	check_true("the CA is one", X509_check_ca(ca) == 1);
	check_int("of no other CA", X509_get_pathlen(ca), 0);
	check_int("which signs", X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	check_true("the leaf is none", X509_check_ca(leaf) == 0);
	check_int("but a server", X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0), 1);
	check_int("issued by the CA", X509_check_issued(ca, leaf), X509_V_OK);
	check_true("RSA of 2048 bits or more", EVP_PKEY_get_bits(X509_get0_pubkey(leaf)) >= 2048);
	check_true("serial numbers differ",
	    ASN1_INTEGER_cmp(X509_get0_serialNumber(ca), X509_get0_serialNumber(leaf)) != 0);
	check_true("valid already", X509_cmp_current_time(X509_get0_notBefore(leaf)) < 0);
	check_true("as long as asked", X509_cmp_time(X509_get0_notAfter(leaf), &soon) > 0);
	check_true("and not longer", X509_cmp_time(X509_get0_notAfter(leaf), &late) < 0);
	check_int("after 2050", X509_get0_notAfter(leaf)->type, V_ASN1_GENERALIZEDTIME);
	check_true("not longer than the CA",
	    ASN1_TIME_compare(X509_get0_notAfter(leaf), X509_get0_notAfter(ca)) <= 0);
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		char host[64];

		(void)snprintf(host, sizeof(host), "%s." DOMAIN, hd_probes[i].name);
		check_int(host, X509_check_host(leaf, host, 0, 0, NULL), 1);
	}
	check_int("for no other host", X509_check_host(leaf, DOMAIN, 0, 0, NULL), 0);
	X509_free(second);
	X509_free(leaf);
	X509_free(ca);
}

/* The digests, by another way through OpenSSL than cert.c goes. */
static void
test_digests(void **state)
{
	const char *dir = new_set("tls");
	struct hd_cert_digests digests;

	(void)state;
	check_int("loaded", hd_cert_load(dir, DOMAIN, &digests), HD_OK);
	for (unsigned i = 0; i < 2; i++) {
		X509 *certificate = read_certificate(dir, HD_CERT_SERVER, i);
		unsigned char *der = NULL, digest[EVP_MAX_MD_SIZE];
		size_t size;
		int length = i2d_PUBKEY(X509_get0_pubkey(certificate), &der);

		assert_true(length > 0);
		assert_int_equal(
		    EVP_Q_digest(NULL, "SHA256", NULL, der, (size_t)length, digest, &size), 1);
		assert_int_equal(size, HD_CERT_DIGEST_SIZE);
		assert_memory_equal(digest, i == 0 ? digests.leaf : digests.ca, size);
		OPENSSL_free(der);
		X509_free(certificate);
	}
}

static void
test_never_overwritten(void **state)
{
	const char *dir = new_set("tls");
	struct hd_cert_digests before, after;

	(void)state;
	check_int("loaded", hd_cert_load(dir, DOMAIN, &before), HD_OK);
	check_int("a sound set", hd_cert_create(dir, DOMAIN, 1), HD_EXISTS);
	check_int("loaded again", hd_cert_load(dir, DOMAIN, &after), HD_OK);
	assert_memory_equal(&before, &after, sizeof(before));
}

/* A common name has 64 characters at most; a domain may have more. */
static void
test_long_domain(void **state)
{
	static const char label[] = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee.";
	const char *dir = temp_path("tls");
	struct hd_cert_digests digests;
	char domain[228];
	X509 *leaf;

	(void)state;
	(void)snprintf(
	    domain, sizeof(domain), "%s%s%s%sexample.example.example", label, label, label, label);
	check_int("made", hd_cert_create(dir, domain, DAYS), HD_OK);
	check_int("and sound", hd_cert_load(dir, domain, &digests), HD_OK);
	leaf = read_certificate(dir, HD_CERT_SERVER, 0);
	check_int("without a subject", X509_NAME_entry_count(X509_get_subject_name(leaf)), 0);
	check_true("so its other names are critical",
	    X509_EXTENSION_get_critical(
		X509_get_ext(leaf, X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1))) == 1);
	X509_free(leaf);
}

static void
test_days(void **state)
{
	static const int refused[] = {-1, 0, HD_CERT_DAYS_MAX + 1};
	const char *dir = temp_path("tls");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(refused); i++) {
		check_int("refused", hd_cert_create(dir, DOMAIN, refused[i]), HD_INVALID);
		check_logged("refused", HD_LOG_ERROR, "out of range (1 to 365250)");
		check_true("no folder is made", access(dir, F_OK) != 0);
	}
	check_int("the longest", hd_cert_create(dir, DOMAIN, HD_CERT_DAYS_MAX), HD_OK);
}

/* A disk that is full, as a limit on the size of files. */
static void
test_full_disk(void **state)
{
	const char *fresh = temp_path("fresh"), *there = temp_path("there");
	struct rlimit limit, tight;

	(void)state;
	assert_int_equal(mkdir(there, 0700), 0);
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	/* Room for every file but the longest, which comes last. */
	tight = limit;
	tight.rlim_cur = 1800;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	check_int("a new folder", hd_cert_create(fresh, DOMAIN, DAYS), HD_IO);
	check_int("one that was there", hd_cert_create(there, DOMAIN, DAYS), HD_IO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);

	check_logged("said so", HD_LOG_ERROR, "server.pem.tmp: cannot write it: File too large");
	check_logged("said so", HD_LOG_ERROR, "server.pem.tmp: cannot write it: File too large");
	check_true("the new one is gone", access(fresh, F_OK) != 0);
	check_int("the other one is empty", count_files(there), 0);
	check_int("afterwards it works", hd_cert_create(there, DOMAIN, DAYS), HD_OK);
}

/* rename_key_of - the CA's key in the place of the server's */
static int
rename_key_of(const char *dir)
{
	char from[PATH_SIZE], to[PATH_SIZE];

	join(from, dir, HD_CERT_CA_KEY);
	join(to, dir, HD_CERT_SERVER_KEY);
	return rename(from, to);
}

static void
test_facts(void **state)
{
	const int64_t day = INT64_C(24) * 60 * 60 * 1000, now = hd_time_now();
	const char *dir = temp_path("short");
	struct hd_cert_digests digests;
	struct hd_cert_facts facts;

	(void)state;
	check_int("made", hd_cert_create(dir, DOMAIN, 10), HD_OK);
	check_int("known", hd_cert_facts(dir, DOMAIN, &facts), HD_OK);
	check_true("valid since a day ago", facts.not_before <= now - day + 1000);
	check_true("and not for longer", facts.not_before > now - 2 * day);
	check_true("for ten days", facts.not_after > now + 9 * day);
	check_true("and no longer", facts.not_after <= now + 10 * day + 60 * 1000);
	for (size_t i = 0; i < HD_PROBE_COUNT; i++)
		check_true(hd_probes[i].name, facts.for_probe[i]);
	check_int("loaded", hd_cert_load(dir, DOMAIN, &digests), HD_OK);
	check_int("of the same keys", memcmp(&digests, &facts.digests, sizeof(digests)), 0);

	check_int("another domain is no error", hd_cert_facts(dir, "other.test", &facts), HD_OK);
	for (size_t i = 0; i < HD_PROBE_COUNT; i++)
		check_true(hd_probes[i].name, !facts.for_probe[i]);
	check_int("a key of another set is", rename_key_of(dir), 0);
	check_int("so", hd_cert_facts(dir, DOMAIN, &facts), HD_CONFIG);
	check_logged("and says which", HD_LOG_ERROR, "server.key: is not the key of server.pem");
	check_int("no folder", hd_cert_facts(temp_path("none"), DOMAIN, &facts), HD_CONFIG);
	check_logged("and says so", HD_LOG_ERROR, "is missing");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_files),
	    UNIT_TEST(test_profile),
	    UNIT_TEST(test_digests),
	    UNIT_TEST(test_never_overwritten),
	    UNIT_TEST(test_long_domain),
	    UNIT_TEST(test_days),
	    UNIT_TEST(test_full_disk),
	    UNIT_TEST(test_facts),
	};

	return RUN_TESTS(tests);
}
