#include "postconf.h"

#include <string.h>
#include <strings.h>

#include "log.h"
#include "program.h"

enum hd_error
hd_postconf_list_load(const char *folder, const char *option, struct hd_postconf_list *list)
{
	const char *const own[] = {"postconf", option, NULL};
	const char *const other[] = {"postconf", "-c", folder, option, NULL};
	const char *const *argv = folder == NULL ? own : other;
	const struct hd_program program = {.argv = argv, .timeout = HD_PROGRAM_TIMEOUT};
	struct hd_program_result result;
	enum hd_error error = hd_program_run(&program, &result);

	memset(list, 0, sizeof(*list));
	if (error != HD_OK)
		return error;
	if (result.status != 0) {
		hd_program_log(&program, &result);
		hd_program_result_clear(&result);
		return HD_CONFIG;
	}
	for (size_t i = 0; i < result.output_size; i++) {
		if (result.output[i] == '\n')
			result.output[i] = '\0';
	}
	list->lines = result.output;
	list->size = result.output_size;
	result.output = NULL; /* the list's now */
	hd_program_result_clear(&result);
	return HD_OK;
}

enum hd_error
hd_postconf_load(const char *folder, struct hd_postconf *conf)
{
	enum hd_error error;

	memset(conf, 0, sizeof(*conf));
	error = hd_postconf_list_load(folder, NULL, &conf->all);
	if (error == HD_OK)
		error = hd_postconf_list_load(folder, "-n", &conf->set);
	if (error == HD_OK)
		error = hd_postconf_list_load(folder, "-x", &conf->expanded);
	if (error != HD_OK)
		hd_postconf_clear(conf);
	return error;
}

void
hd_postconf_list_clear(struct hd_postconf_list *list)
{
	struct hd_program_result result = {.output = list->lines};

	hd_program_result_clear(&result);
	memset(list, 0, sizeof(*list));
}

void
hd_postconf_clear(struct hd_postconf *conf)
{
	hd_postconf_list_clear(&conf->all);
	hd_postconf_list_clear(&conf->set);
	hd_postconf_list_clear(&conf->expanded);
}

const char *
hd_postconf_list_find(const struct hd_postconf_list *list, const char *name)
{
	size_t length = strlen(name);

	for (size_t at = 0; at < list->size; at += strlen(list->lines + at) + 1) {
		const char *line = list->lines + at;

		if (strncmp(line, name, length) != 0 || strncmp(line + length, " =", 2) != 0)
			continue;
		line += length + 2;
		return line + strspn(line, " ");
	}
	return NULL;
}

const char *
hd_postconf_get(const struct hd_postconf *conf, const char *name)
{
	const char *value = hd_postconf_list_find(&conf->all, name);

	return value == NULL ? "" : value;
}

const char *
hd_postconf_set(const struct hd_postconf *conf, const char *name)
{
	return hd_postconf_list_find(&conf->set, name);
}

const char *
hd_postconf_expanded(const struct hd_postconf *conf, const char *name)
{
	const char *value = hd_postconf_list_find(&conf->expanded, name);

	return value == NULL ? "" : value;
}

bool
hd_postconf_yes(const struct hd_postconf *conf, const char *name)
{
	return strcasecmp(hd_postconf_expanded(conf, name), "yes") == 0;
}
