/*
 * alias_random - new aliases; apart from alias, as only this needs libcrypto
 */
#ifndef HD_ALIAS_RANDOM_H
#define HD_ALIAS_RANDOM_H

#include "alias.h"
#include "error.h"

/*
 * hd_alias_random - a new alias, 80 bits from RAND_bytes(3)
 *
 * Fills alias; HD_CRYPTO (logged) when OpenSSL has no randomness to give.
 */
enum hd_error hd_alias_random(char alias[HD_ALIAS_SIZE]);

#endif
