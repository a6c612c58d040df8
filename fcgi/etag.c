#include "etag.h"

#include <openssl/evp.h>
#include <string.h>

#include "crypto_log.h"

enum hd_error
hd_etag_make(const char *body, size_t length, char etag[HD_ETAG_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	char *to = etag;

	if (EVP_Digest(body, length, digest, NULL, EVP_sha256(), NULL) != 1)
		return hd_crypto_failed("EVP_Digest");
	*to++ = '"';
	for (size_t i = 0; i < (HD_ETAG_SIZE - 3) / 2; i++) {
		*to++ = hex[digest[i] >> 4];
		*to++ = hex[digest[i] & 15];
	}
	*to++ = '"';
	*to = '\0';
	return HD_OK;
}

bool
hd_etag_matches(const char *field, const char *etag)
{
	const size_t length = strlen(etag);
	const char *p = field;

	if (p == NULL)
		return false;
	p += strspn(p, " \t");
	if (*p == '*')
		return p[1 + strspn(p + 1, " \t")] == '\0';
	for (;;) {
		const char *end;

		p += strspn(p, " \t,");
		if (strncmp(p, "W/", 2) == 0)
			p += 2;
		if (*p != '"' || (end = strchr(p + 1, '"')) == NULL)
			return false;
		end++;
		if ((size_t)(end - p) == length && memcmp(p, etag, length) == 0)
			return true;
		p = end + strspn(end, " \t");
		if (*p != ',')
			return false;
	}
}
