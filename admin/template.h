/*
 * template - files with placeholders, "%{name}"
 *
 * A line with %{probe} in it is repeated for each probe. Postfix itself uses
 * $name, ${name} and %s, so these need no escaping.
 */
#ifndef HD_TEMPLATE_H
#define HD_TEMPLATE_H

#include <stddef.h>
#include <stdio.h>

#include "error.h"

enum { HD_TEMPLATE_LINE_MAX = 1024 }; /* bytes of a line in the file */

struct hd_template_value {
	const char *name; /* "probe" is taken */
	const char *value;
};

/*
 * hd_template_expand - print a file with its placeholders replaced
 *
 * file: its path; what is wrong with it is logged with the line. values: count
 * of them. out: its errors are the caller's to find (ferror). HD_CONFIG: the
 * file is missing, or wrong; part of it has been printed. HD_IO.
 */
enum hd_error hd_template_expand(
    const char *file, const struct hd_template_value *values, size_t count, FILE *out);

#endif
