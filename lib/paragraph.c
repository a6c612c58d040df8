#include "paragraph.h"

#include <stdbool.h>
#include <string.h>

struct line {
	FILE *out;
	size_t indent;
	size_t column;
	bool has_word;
};

static void
new_line(struct line *line)
{
	(void)fprintf(line->out, "\n%*s", (int)line->indent, "");
	line->column = line->indent;
	line->has_word = false;
}

static void
put(struct line *line, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		(void)fputc(text[i] >= ' ' && text[i] <= '~' ? text[i] : '?', line->out);
	line->column += length;
	line->has_word = true;
}

static void
put_word(struct line *line, const char *word, size_t length)
{
	if (line->has_word) {
		if (line->column + 1 + length > HD_PARAGRAPH_WIDTH)
			new_line(line);
		else
			put(line, " ", 1);
	}
	while (line->column + length > HD_PARAGRAPH_WIDTH) {
		const size_t part = HD_PARAGRAPH_WIDTH - line->column - 1;

		put(line, word, part);
		put(line, "\\", 1);
		new_line(line);
		word += part;
		length -= part;
	}
	put(line, word, length);
}

void
hd_paragraph_put(FILE *out, const char *head, size_t indent, const char *text)
{
	struct line line = {.out = out, .indent = indent, .column = strlen(head)};

	(void)fputs(head, out);
	for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
		const size_t length = strcspn(text, " ");

		put_word(&line, text, length);
		text += length;
	}
	(void)fputc('\n', out);
}
