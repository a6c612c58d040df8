#include "alias_random.h"

#include <openssl/rand.h>

#include "crypto_log.h"

enum hd_error
hd_alias_random(char alias[HD_ALIAS_SIZE])
{
	static const char base32[] = "abcdefghijklmnopqrstuvwxyz234567";
	unsigned char bytes[HD_ALIAS_LENGTH];

	/* Five bits of each byte are used: simpler than packing, and as random. */
	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return hd_crypto_failed("RAND_bytes");
	for (size_t i = 0; i < HD_ALIAS_LENGTH; i++)
		alias[i] = base32[bytes[i] & 31];
	alias[HD_ALIAS_LENGTH] = '\0';
	return HD_OK;
}
