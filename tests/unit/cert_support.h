/*
 * cert_support - what the tests of certificates share
 */
#ifndef HD_TEST_CERT_SUPPORT_H
#define HD_TEST_CERT_SUPPORT_H

#include <openssl/types.h>

#include "cert.h"

#define DOMAIN "havedane.test"

enum { DAYS = 36500, PATH_SIZE = 1024, FILE_COUNT = 4 };

/* The files of a complete set. */
extern const char *const names[FILE_COUNT];

/* join - DIR/NAME */
void join(char path[PATH_SIZE], const char *dir, const char *name);

/* new_set - a new folder of this name, with a set in it; valid until the test ends */
const char *new_set(const char *name);

/* count_files - hidden ones do not count */
unsigned count_files(const char *dir);

/* read_certificate - the index-th of a file, for X509_free; NULL: there is none */
X509 *read_certificate(const char *dir, const char *name, unsigned index);

#endif
