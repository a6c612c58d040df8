#include "postfix_setting.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"

/* Lists of the second part that may hold something of the sysadmin's; those of the first all may. */
static const char *const more_lists[] = {"header_checks"};

/* What is known while the lines of main.cf go by. */
struct reader {
	struct hd_postfix_settings *settings;
	unsigned line;
	unsigned part; /* 0: before the first */
	char *comment;
	size_t comment_length;
	bool open; /* a line that is indented goes on with the last setting */
};

static enum hd_error
wrong(const struct reader *reader, const char *what)
{
	hd_error("the template of main.cf, line %u when filled in: %s", reader->line, what);
	return HD_CONFIG;
}

/* append - to a text of our own; blanks at its end and at the end of what comes are dropped */
static enum hd_error
append(char **text, const char *separator, const char *more, size_t length)
{
	size_t old = *text == NULL ? 0 : strlen(*text);
	size_t room = old + strlen(separator) + length + 1;
	char *longer = realloc(*text, room);

	if (longer == NULL)
		return HD_NO_MEMORY;
	*text = longer;
	(void)snprintf(
	    longer + old, room - old, "%s%.*s", old == 0 ? "" : separator, (int)length, more);
	return HD_OK;
}

static bool
is_list(const struct reader *reader, const char *name)
{
	if (reader->part == 1)
		return true;
	for (size_t i = 0; i < sizeof(more_lists) / sizeof(more_lists[0]); i++) {
		if (strcmp(name, more_lists[i]) == 0)
			return true;
	}
	return false;
}

/* trim - text without blanks at either end */
static const char *
trim(const char *text, size_t *length)
{
	while (isspace((unsigned char)*text) != 0)
		text++;
	*length = strlen(text);
	while (*length > 0 && isspace((unsigned char)text[*length - 1]) != 0)
		(*length)--;
	return text;
}

static enum hd_error
read_setting(struct reader *reader, const char *line)
{
	const char *equals = strchr(line, '='), *value;
	struct hd_postfix_setting *row;
	size_t name_length = strspn(line, "abcdefghijklmnopqrstuvwxyz0123456789_"), length;
	enum hd_error error;

	if (name_length == 0 || equals == NULL ||
	    strspn(line + name_length, " ") != (size_t)(equals - line) - name_length)
		return wrong(reader, "this is no setting");
	if (reader->part == 0)
		return wrong(reader, "a setting before the first part (###)");
	if (reader->settings->count == HD_POSTFIX_SETTINGS_MAX)
		return wrong(reader, "too many settings");
	row = &reader->settings->rows[reader->settings->count++];
	value = trim(equals + 1, &length);
	error = append(&row->name, "", line, name_length);
	if (error == HD_OK)
		error = append(&row->value, "", value, length);
	if (error == HD_OK)
		error = append(&row->comment, "", reader->comment == NULL ? "" : reader->comment,
		    reader->comment_length);
	if (error == HD_OK) {
		row->needed = reader->part == 1;
		row->added = is_list(reader, row->name);
		reader->open = true;
	}
	return error;
}

static void
drop_comment(struct reader *reader)
{
	free(reader->comment);
	reader->comment = NULL;
	reader->comment_length = 0;
}

static enum hd_error
read_comment(struct reader *reader, const char *line)
{
	enum hd_error error;

	line += line[1] == ' ' ? 2 : 1;
	error = append(&reader->comment, "", line, strlen(line));
	if (error == HD_OK)
		reader->comment_length = strlen(reader->comment);
	return error;
}

static enum hd_error
read_line(struct reader *reader, const char *line)
{
	struct hd_postfix_settings *settings = reader->settings;
	size_t length;

	reader->line++;
	if (strncmp(line, "###", 3) == 0) {
		drop_comment(reader);
		reader->open = false;
		reader->part++;
		return HD_OK;
	}
	if (line[0] == '#')
		return read_comment(reader, line);
	if (line[0] == '\n') {
		drop_comment(reader);
		reader->open = false;
		return HD_OK;
	}
	if (isspace((unsigned char)line[0]) == 0)
		return read_setting(reader, line);
	if (!reader->open)
		return wrong(reader, "it is indented, but goes on with nothing");
	line = trim(line, &length);
	return append(&settings->rows[settings->count - 1].value, " ", line, length);
}

static enum hd_error
read_settings(FILE *in, struct hd_postfix_settings *settings)
{
	struct reader reader = {.settings = settings};
	char line[4 * 1024]; /* a template's line with its placeholders filled in */
	enum hd_error error = HD_OK;

	while (error == HD_OK && fgets(line, sizeof(line), in) != NULL) {
		if (strchr(line, '\n') == NULL)
			error = wrong(&reader, "too long");
		else
			error = read_line(&reader, line);
	}
	drop_comment(&reader);
	return error;
}

enum hd_error
hd_postfix_settings_load(
    const struct hd_postfix_source *source, struct hd_postfix_settings *settings)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size), *in = NULL;
	enum hd_error error = HD_NO_MEMORY;

	memset(settings, 0, sizeof(*settings));
	if (out != NULL) {
		error = hd_postfix_part_write(source, "main.cf", true, out);
		if (fclose(out) != 0 && error == HD_OK)
			error = HD_NO_MEMORY;
	}
	if (error == HD_OK) {
		in = fmemopen(text, size, "r");
		error = in == NULL ? HD_NO_MEMORY : read_settings(in, settings);
	}
	if (in != NULL)
		(void)fclose(in);
	free(text);
	if (error == HD_NO_MEMORY)
		hd_error("Postfix's settings: %s", hd_strerror(error));
	if (error != HD_OK)
		hd_postfix_settings_clear(settings);
	return error;
}

void
hd_postfix_settings_clear(struct hd_postfix_settings *settings)
{
	for (size_t i = 0; i < settings->count; i++) {
		free(settings->rows[i].name);
		free(settings->rows[i].value);
		free(settings->rows[i].comment);
	}
	memset(settings, 0, sizeof(*settings));
}

const struct hd_postfix_setting *
hd_postfix_settings_find(const struct hd_postfix_settings *settings, const char *name)
{
	for (size_t i = 0; i < settings->count; i++) {
		if (strcmp(settings->rows[i].name, name) == 0)
			return &settings->rows[i];
	}
	return NULL;
}
