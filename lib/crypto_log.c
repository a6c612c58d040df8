#include "crypto_log.h"

#include <openssl/err.h>

#include "log.h"

enum hd_error
hd_crypto_failed(const char *what)
{
	char reason[256];
	unsigned long code = ERR_get_error();

	if (code == 0) {
		hd_error("%s failed; OpenSSL gives no reason", what);
		return HD_CRYPTO;
	}
	/* The first is the deepest cause; the others repeat it on the way up. */
	ERR_error_string_n(code, reason, sizeof(reason));
	hd_error("%s failed: %s", what, reason);
	ERR_clear_error();
	return HD_CRYPTO;
}
