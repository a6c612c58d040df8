/* Certificates that are damaged, incomplete or not ours: each is refused, and nothing is changed. */
#include "cert.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cert_support.h"
#include "support.h"

static void
copy(const char *from_dir, const char *from, const char *to_dir, const char *to)
{
	char source[PATH_SIZE], target[PATH_SIZE];
	size_t length;
	char *bytes;
	FILE *file;

	join(source, from_dir, from);
	join(target, to_dir, to);
	bytes = read_file(source, &length);
	file = fopen(target, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
	free(bytes);
}

/* copy_set - a new folder with the four files of another */
static void
copy_set(const char *from, const char *to)
{
	assert_int_equal(mkdir(to, 0700), 0);
	for (size_t i = 0; i < FILE_COUNT; i++)
		copy(from, names[i], to, names[i]);
}

/* What a fault does to a sound set; other is another such set. */
typedef void fault(const char *dir, const char *other);

static void
remove_it(const char *dir, const char *name)
{
	char path[PATH_SIZE];

	join(path, dir, name);
	assert_int_equal(unlink(path), 0);
}

static void
put(const char *dir, const char *name, const char *text)
{
	char path[PATH_SIZE];
	FILE *file;

	join(path, dir, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* put_chain - server.pem from the certificates of two files */
static void
put_chain(const char *dir, X509 *first, X509 *second)
{
	char path[PATH_SIZE];
	FILE *file;

	join(path, dir, HD_CERT_SERVER);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(PEM_write_X509(file, first), 1);
	if (second != NULL)
		assert_int_equal(PEM_write_X509(file, second), 1);
	assert_int_equal(fclose(file), 0);
	X509_free(second);
	X509_free(first);
}

static void
no_chain(const char *dir, const char *other)
{
	(void)other;
	remove_it(dir, HD_CERT_SERVER);
}

static void
no_key(const char *dir, const char *other)
{
	(void)other;
	remove_it(dir, HD_CERT_SERVER_KEY);
}

static void
empty_chain(const char *dir, const char *other)
{
	(void)other;
	put(dir, HD_CERT_SERVER, "");
}

static void
garbage_chain(const char *dir, const char *other)
{
	(void)other;
	put(dir, HD_CERT_SERVER,
	    "-----BEGIN CERTIFICATE-----\nMIIBgarbage\n-----END CERTIFICATE-----\n");
}

static void
chain_is_folder(const char *dir, const char *other)
{
	char path[PATH_SIZE];

	(void)other;
	remove_it(dir, HD_CERT_SERVER);
	join(path, dir, HD_CERT_SERVER);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
leaf_alone(const char *dir, const char *other)
{
	(void)other;
	put_chain(dir, read_certificate(dir, HD_CERT_SERVER, 0), NULL);
}

static void
ca_first(const char *dir, const char *other)
{
	(void)other;
	put_chain(
	    dir, read_certificate(dir, HD_CERT_CA, 0), read_certificate(dir, HD_CERT_SERVER, 0));
}

static void
other_ca_in_chain(const char *dir, const char *other)
{
	put_chain(
	    dir, read_certificate(dir, HD_CERT_SERVER, 0), read_certificate(other, HD_CERT_CA, 0));
}

static void
leaf_twice(const char *dir, const char *other)
{
	(void)other;
	put_chain(dir, read_certificate(dir, HD_CERT_SERVER, 0),
	    read_certificate(dir, HD_CERT_SERVER, 0));
}

/* All names and key identifiers are right; only the signature tells. */
static void
leaf_forged(const char *dir, const char *other)
{
	X509 *leaf = read_certificate(dir, HD_CERT_SERVER, 0), *forged;
	unsigned char *der = NULL;
	const unsigned char *start;
	int length = i2d_X509(leaf, &der);

	(void)other;
	assert_true(length > 0);
	der[length - 1] ^= 1;
	start = der;
	forged = d2i_X509(NULL, &start, length);
	assert_non_null(forged);
	put_chain(dir, forged, read_certificate(dir, HD_CERT_CA, 0));
	OPENSSL_free(der);
	X509_free(leaf);
}

static void
other_key(const char *dir, const char *other)
{
	copy(other, HD_CERT_SERVER_KEY, dir, HD_CERT_SERVER_KEY);
}

static void
garbage_key(const char *dir, const char *other)
{
	(void)other;
	put(dir, HD_CERT_SERVER_KEY, "not a key\n");
}

/* test_admin.py sees to it that nobody is asked for the passphrase. */
static void
key_with_passphrase(const char *dir, const char *other)
{
	static const char passphrase[] = "secret";
	char path[PATH_SIZE];
	EVP_PKEY *key = EVP_RSA_gen(2048);
	FILE *file;

	(void)other;
	assert_non_null(key);
	join(path, dir, HD_CERT_SERVER_KEY);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_int_equal(PEM_write_PKCS8PrivateKey(file, key, EVP_aes_256_cbc(), passphrase,
			     (int)strlen(passphrase), NULL, NULL),
	    1);
	assert_int_equal(fclose(file), 0);
	EVP_PKEY_free(key);
}

static void
other_ca(const char *dir, const char *other)
{
	copy(other, HD_CERT_CA, dir, HD_CERT_CA);
}

static void
other_ca_key(const char *dir, const char *other)
{
	copy(other, HD_CERT_CA_KEY, dir, HD_CERT_CA_KEY);
}

static void
no_ca_key(const char *dir, const char *other)
{
	(void)other;
	remove_it(dir, HD_CERT_CA_KEY);
}

static void
no_ca(const char *dir, const char *other)
{
	(void)other;
	remove_it(dir, HD_CERT_CA);
}

static void
only_half_written(const char *dir, const char *other)
{
	char path[PATH_SIZE], temporary[PATH_SIZE];

	(void)other;
	for (size_t i = 1; i < FILE_COUNT; i++)
		remove_it(dir, names[i]);
	join(path, dir, HD_CERT_CA_KEY);
	join(temporary, dir, HD_CERT_CA_KEY ".tmp");
	assert_int_equal(rename(path, temporary), 0);
}

static void
no_fault(const char *dir, const char *other)
{
	(void)dir;
	(void)other;
}

static void
test_faults(void **state)
{
	static const struct {
		const char *claim;
		fault *make;
		enum hd_error load;
		const char *load_logs; /* its first line */
		enum hd_error create;
		const char *create_logs;
	} rows[] = {
	    {"a sound set", no_fault, HD_OK, NULL, HD_EXISTS, NULL},
	    {"no server.pem", no_chain, HD_CONFIG, "server.pem: is missing", HD_CONFIG,
		"ca.key, ca.pem, server.key there, but not server.pem"},
	    {"no server.key", no_key, HD_CONFIG, "server.key: is missing", HD_CONFIG,
		"there, but not server.key"},
	    {"no ca.key", no_ca_key, HD_OK, NULL, HD_CONFIG, "there, but not ca.key"},
	    {"no ca.pem", no_ca, HD_OK, NULL, HD_CONFIG, "there, but not ca.pem"},
	    {"left by an interrupted run", only_half_written, HD_CONFIG, "server.pem: is missing",
		HD_CONFIG, "ca.key.tmp there, but not ca.key, ca.pem, server.key, server.pem"},
	    {"empty server.pem", empty_chain, HD_CONFIG, "server.pem: there is no certificate",
		HD_CONFIG, "server.pem: there is no certificate"},
	    {"damaged server.pem", garbage_chain, HD_CONFIG, "server.pem: there is no certificate",
		HD_CONFIG, "server.pem: there is no certificate"},
	    {"server.pem is a folder", chain_is_folder, HD_CONFIG, "server.pem", HD_CONFIG,
		"server.pem"},
	    {"no CA in server.pem", leaf_alone, HD_CONFIG, "no second certificate", HD_CONFIG,
		"no second certificate"},
	    {"the CA first in it", ca_first, HD_CONFIG, "server.key: is not the key", HD_CONFIG,
		"server.key: is not the key"},
	    {"another CA of that name in it", other_ca_in_chain, HD_CONFIG, "did not issue",
		HD_CONFIG, "did not issue"},
	    {"the leaf twice", leaf_twice, HD_CONFIG, "did not issue", HD_CONFIG, "did not issue"},
	    {"a forged leaf", leaf_forged, HD_CONFIG, "did not issue", HD_CONFIG, "did not issue"},
	    {"another key", other_key, HD_CONFIG, "server.key: is not the key", HD_CONFIG,
		"server.key: is not the key"},
	    {"a key that is none", garbage_key, HD_CONFIG, "server.key: there is no private key",
		HD_CONFIG, "server.key: there is no private key"},
	    {"a key with a passphrase", key_with_passphrase, HD_CONFIG,
		"no private key without a passphrase", HD_CONFIG,
		"no private key without a passphrase"},
	    {"another ca.pem", other_ca, HD_OK, NULL, HD_CONFIG, "ca.pem: is not the second"},
	    {"another ca.key", other_ca_key, HD_OK, NULL, HD_CONFIG, "ca.key: is not the key"},
	};
	const char *sound = new_set("sound"), *other = new_set("other");

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct hd_cert_digests digests;
		char dir[PATH_SIZE], number[16];
		unsigned files;

		(void)snprintf(number, sizeof(number), "%zu", i);
		join(dir, temp_dir(), number);
		copy_set(sound, dir);
		rows[i].make(dir, other);
		files = count_files(dir);

		check_int(rows[i].claim, hd_cert_load(dir, DOMAIN, &digests), rows[i].load);
		if (rows[i].load_logs != NULL)
			check_logged(rows[i].claim, HD_LOG_ERROR, rows[i].load_logs);
		drop_log();
		check_int(rows[i].claim, hd_cert_create(dir, DOMAIN, DAYS), rows[i].create);
		if (rows[i].create_logs != NULL)
			check_logged(rows[i].claim, HD_LOG_ERROR, rows[i].create_logs);
		drop_log();
		check_int(rows[i].claim, count_files(dir), files);
	}
}

static void
test_other_domain(void **state)
{
	const char *dir = new_set("tls");
	struct hd_cert_digests digests;

	(void)state;
	check_int("not for it", hd_cert_load(dir, "other.test", &digests), HD_CONFIG);
	check_logged("says so", HD_LOG_ERROR, "is not for do.other.test");
	check_int("nor a label more", hd_cert_load(dir, "x." DOMAIN, &digests), HD_CONFIG);
	check_logged("says so", HD_LOG_ERROR, "is not for do.x.havedane.test");
	check_int("not sound either", hd_cert_create(dir, "other.test", DAYS), HD_CONFIG);
	check_logged("says so", HD_LOG_ERROR, "is not for do.other.test");
}

static void
test_no_folder(void **state)
{
	const char *none = temp_path("none"), *deep = temp_path("none/tls");
	const char *file = write_file("file", "", 0);
	struct hd_cert_digests digests;

	(void)state;
	check_int("missing", hd_cert_load(none, DOMAIN, &digests), HD_CONFIG);
	check_logged("missing", HD_LOG_ERROR, "none: is missing");
	check_int("a file", hd_cert_load(file, DOMAIN, &digests), HD_IO);
	check_logged("a file", HD_LOG_ERROR, "file: cannot open the folder: Not a directory");
	check_int("a file", hd_cert_create(file, DOMAIN, DAYS), HD_IO);
	check_logged("a file", HD_LOG_ERROR, "file: cannot open the folder: Not a directory");
	check_int("no parent", hd_cert_create(deep, DOMAIN, DAYS), HD_IO);
	check_logged("no parent", HD_LOG_ERROR, "tls: cannot make the folder: No such file");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(test_faults),
	    UNIT_TEST(test_other_domain),
	    UNIT_TEST(test_no_folder),
	};

	return RUN_TESTS(tests);
}
