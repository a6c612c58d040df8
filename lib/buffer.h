/*
 * buffer - a text that grows as it is written
 */
#ifndef HD_BUFFER_H
#define HD_BUFFER_H

#include <stddef.h>
#include <stdio.h>

#include "error.h"

struct hd_buffer {
	FILE *out; /* to write to */
	char *text;
	size_t length;
};

/*
 * hd_buffer_open - an empty text; hd_buffer_close ends it
 *
 * HD_NO_MEMORY: there is nothing to close.
 */
enum hd_error hd_buffer_open(struct hd_buffer *buffer);

/*
 * hd_buffer_close - HD_OK: all that was written is in buffer->text, NUL-terminated, the caller's
 * to free
 *
 * error: how the writing went otherwise; unless it is HD_OK it is returned.
 * HD_NO_MEMORY: something could not be written. After an error text is NULL.
 */
enum hd_error hd_buffer_close(struct hd_buffer *buffer, enum hd_error error);

#endif
