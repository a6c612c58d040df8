#include "template.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "log.h"
#include "probe.h"

static const char probe_name[] = "probe";

struct template
{
	const char *file;
	unsigned line;
	const struct hd_template_value *values;
	size_t count;
	FILE *out;
};

/* placeholder - the next one in text and its name; NULL: there is no more */
static const char *
placeholder(const char *text, const char **name, size_t *length)
{
	const char *start = strstr(text, "%{");

	if (start != NULL) {
		*name = start + 2;
		*length = strcspn(*name, "}\n");
	}
	return start;
}

static bool
is_named(const char *name, size_t length, const char *wanted)
{
	return strlen(wanted) == length && memcmp(name, wanted, length) == 0;
}

/* has_probe - whether a line is one to repeat */
static bool
has_probe(const char *line)
{
	const char *name;
	size_t length;

	while (placeholder(line, &name, &length) != NULL) {
		if (is_named(name, length, probe_name))
			return true;
		line = name + length;
	}
	return false;
}

/* find - the value of a placeholder, NULL: unknown */
static const char *
find(const struct template *template, const char *name, size_t length, const char *probe)
{
	if (is_named(name, length, probe_name))
		return probe;
	for (size_t i = 0; i < template->count; i++) {
		if (is_named(name, length, template->values[i].name))
			return template->values[i].value;
	}
	return NULL;
}

static enum hd_error
expand_line(const struct template *template, const char *line, const char *probe)
{
	const char *start, *name, *value;
	size_t length;

	while ((start = placeholder(line, &name, &length)) != NULL) {
		if (name[length] != '}') {
			hd_error("%s:%u: \"%%{\" without \"}\"", template->file, template->line);
			return HD_CONFIG;
		}
		value = find(template, name, length, probe);
		if (value == NULL) {
			hd_error("%s:%u: unknown placeholder %%{%.*s}", template->file,
			    template->line, (int)length, name);
			return HD_CONFIG;
		}
		(void)fwrite(line, 1, (size_t)(start - line), template->out);
		(void)fputs(value, template->out);
		line = name + length + 1;
	}
	(void)fputs(line, template->out);
	return HD_OK;
}

static enum hd_error
expand(const struct template *template, const char *line)
{
	enum hd_error error = HD_OK;

	if (!has_probe(line))
		return expand_line(template, line, NULL);
	for (unsigned i = 0; error == HD_OK && i < HD_PROBE_COUNT; i++)
		error = expand_line(template, line, hd_probes[i].name);
	return error;
}

/* check_line - it must be whole: a longer one, or one with a NUL byte, looks cut */
static enum hd_error
check_line(const struct template *template, const char *line)
{
	size_t length = strlen(line);

	if (length > 0 && line[length - 1] == '\n')
		return HD_OK;
	hd_error("%s:%u: the line is longer than %d bytes, has a NUL byte, or no newline",
	    template->file, template->line, HD_TEMPLATE_LINE_MAX);
	return HD_CONFIG;
}

enum hd_error
hd_template_expand(
    const char *file, const struct hd_template_value *values, size_t count, FILE *out)
{
	struct template template = {file, 0, values, count, out};
	char line[HD_TEMPLATE_LINE_MAX + 1];
	enum hd_error error = HD_OK;
	FILE *in = fopen(file, "re");

	if (in == NULL) {
		hd_error("%s: cannot open the template: %s", file, strerror(errno));
		return HD_CONFIG;
	}
	while (error == HD_OK && fgets(line, sizeof(line), in) != NULL) {
		template.line++;
		error = check_line(&template, line);
		if (error == HD_OK)
			error = expand(&template, line);
	}
	if (error == HD_OK && ferror(in) != 0) {
		hd_error("%s: cannot read the template: %s", file, strerror(errno));
		error = HD_IO;
	}
	(void)fclose(in); /* only read from */
	return error;
}
