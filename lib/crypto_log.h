/*
 * crypto_log - report what OpenSSL has to say about a failed call
 */
#ifndef HD_CRYPTO_LOG_H
#define HD_CRYPTO_LOG_H

#include "error.h"

/*
 * hd_crypto_failed - log "WHAT: reason" and drain OpenSSL's error queue
 *
 * what: the call or step that failed. The queue may be empty: then the log
 * says so. Always returns HD_CRYPTO, for "return hd_crypto_failed(...)".
 */
enum hd_error hd_crypto_failed(const char *what);

#endif
