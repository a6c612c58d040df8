/*
 * alias - the syntax of a test's random name
 *
 * 16 characters of lower-case base32 (RFC 4648, section 6): 80 bits. Who knows
 * it sees the test, so it is a secret of its visitor: logs show the first six.
 */
#ifndef HD_ALIAS_H
#define HD_ALIAS_H

#include <stdbool.h>
#include <stddef.h>

enum { HD_ALIAS_LENGTH = 16, HD_ALIAS_SIZE = HD_ALIAS_LENGTH + 1, HD_ALIAS_LOGGED = 6 };

/*
 * hd_alias_parse - check an alias and put it into lower case
 *
 * text: length bytes, any letter case, need not be NUL-terminated.
 * Returns true and fills alias, or false (alias untouched) when it is none.
 */
bool hd_alias_parse(const char *text, size_t length, char alias[HD_ALIAS_SIZE]);

#endif
