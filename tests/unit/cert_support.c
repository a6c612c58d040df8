#include "cert_support.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "support.h"

const char *const names[FILE_COUNT] = {
    HD_CERT_CA_KEY, HD_CERT_CA, HD_CERT_SERVER_KEY, HD_CERT_SERVER};

void
join(char path[PATH_SIZE], const char *dir, const char *name)
{
	assert_true(snprintf(path, PATH_SIZE, "%s/%s", dir, name) < PATH_SIZE);
}

const char *
new_set(const char *name)
{
	const char *dir = temp_path(name);

	check_int("a new set", hd_cert_create(dir, DOMAIN, DAYS), HD_OK);
	return dir;
}

unsigned
count_files(const char *dir)
{
	unsigned count = 0;
	struct dirent *entry;
	DIR *stream = opendir(dir);

	assert_non_null(stream);
	while ((entry = readdir(stream)) != NULL)
		count += entry->d_name[0] != '.';
	(void)closedir(stream);
	return count;
}

/* read_certificate - the index-th of a file, the caller's to free; NULL: there is none */
X509 *
read_certificate(const char *dir, const char *name, unsigned index)
{
	char path[PATH_SIZE];
	X509 *certificate = NULL;
	FILE *file;

	join(path, dir, name);
	file = fopen(path, "re");
	assert_non_null(file);
	for (unsigned i = 0; i <= index; i++) {
		X509_free(certificate);
		certificate = PEM_read_X509(file, NULL, NULL, NULL);
	}
	(void)fclose(file);
	return certificate;
}
