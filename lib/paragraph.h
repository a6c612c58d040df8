/*
 * paragraph - running text in lines that fit a terminal
 */
#ifndef HD_PARAGRAPH_H
#define HD_PARAGRAPH_H

#include <stddef.h>
#include <stdio.h>

enum { HD_PARAGRAPH_WIDTH = 80 }; /* columns */

/*
 * hd_paragraph_put - put words into lines
 *
 * head: begins the first line, as it is; well below the width. indent: what the
 * other lines begin with, in blanks. text: words between blanks, at least one;
 * what is not printable ASCII becomes '?'. A word that is longer than a line is
 * broken, and each of its parts but the last ends in a backslash. The stream
 * remembers a failure to write.
 */
void hd_paragraph_put(FILE *out, const char *head, size_t indent, const char *text);

#endif
