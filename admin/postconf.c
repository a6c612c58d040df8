#include "postconf.h"

#include <string.h>
#include <strings.h>

#include "log.h"
#include "program.h"

enum { ARGUMENTS_MAX = 4 + 2 * HD_POSTCONF_OVER_MAX };

enum hd_error
hd_postconf_list_load(const char *folder, const char *option, struct hd_postconf_list *list)
{
	static const char *const nothing[] = {NULL};

	return hd_postconf_list_load_over(folder, option, nothing, list);
}

/* fill - the arguments; false: there are too many */
static bool
fill(const char *argv[ARGUMENTS_MAX + 1], const char *folder, const char *option,
    const char *const *over)
{
	size_t count = 0;

	argv[count++] = "postconf";
	if (folder != NULL) {
		argv[count++] = "-c";
		argv[count++] = folder;
	}
	if (option != NULL)
		argv[count++] = option;
	for (; *over != NULL && count + 2 <= ARGUMENTS_MAX; over++) {
		argv[count++] = "-o";
		argv[count++] = *over;
	}
	argv[count] = NULL;
	return *over == NULL;
}

enum hd_error
hd_postconf_list_load_over(
    const char *folder, const char *option, const char *const *over, struct hd_postconf_list *list)
{
	const char *argv[ARGUMENTS_MAX + 1];
	const struct hd_program program = {.argv = argv, .timeout = HD_PROGRAM_TIMEOUT};
	struct hd_program_result result;
	enum hd_error error;

	memset(list, 0, sizeof(*list));
	if (!fill(argv, folder, option, over)) {
		hd_error("postconf: more than %d parameters are laid over", HD_POSTCONF_OVER_MAX);
		return HD_CONFIG;
	}
	error = hd_program_run(&program, &result);
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
