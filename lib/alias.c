#include "alias.h"

#include <string.h>

bool
hd_alias_parse(const char *text, size_t length, char alias[HD_ALIAS_SIZE])
{
	char lower[HD_ALIAS_SIZE];

	if (length != HD_ALIAS_LENGTH)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		/* Not tolower(3): the locale must not have a say. */
		if (c >= 'A' && c <= 'Z')
			c = (char)(c - 'A' + 'a');
		if (!(c >= 'a' && c <= 'z') && !(c >= '2' && c <= '7'))
			return false;
		lower[i] = c;
	}
	lower[length] = '\0';
	memcpy(alias, lower, sizeof(lower));
	return true;
}
