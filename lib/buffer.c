#include "buffer.h"

#include <stdbool.h>
#include <stdlib.h>

enum hd_error
hd_buffer_open(struct hd_buffer *buffer)
{
	*buffer = (struct hd_buffer){.out = NULL};
	buffer->out = open_memstream(&buffer->text, &buffer->length);
	return buffer->out == NULL ? HD_NO_MEMORY : HD_OK;
}

enum hd_error
hd_buffer_close(struct hd_buffer *buffer, enum hd_error error)
{
	/* glibc's fclose tells of its own flush only. */
	const bool written = fflush(buffer->out) == 0 && ferror(buffer->out) == 0;

	if ((fclose(buffer->out) != 0 || !written) && error == HD_OK)
		error = HD_NO_MEMORY;
	buffer->out = NULL;
	if (error != HD_OK) {
		free(buffer->text);
		buffer->text = NULL;
		buffer->length = 0;
	}
	return error;
}
