/* What is in Postfix's maps, by its own commands. */
#include "postfix_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "postfix_setting.h"
#include "program.h"

enum { ARGUMENTS_MAX = 40, TIMEOUT = 15 * 1000 }; /* milliseconds */

/* run - one of Postfix's commands; the first argument is its name. HD_NONE: there is none */
static enum hd_error
run(const char *folder, const char *const *arguments, struct hd_program_result *result)
{
	const char *argv[ARGUMENTS_MAX + 4];
	struct hd_program program = {.argv = argv, .timeout = TIMEOUT};
	size_t count = 0;

	argv[count++] = *arguments++;
	if (folder != NULL) {
		argv[count++] = "-c";
		argv[count++] = folder;
	}
	while (*arguments != NULL && count < ARGUMENTS_MAX + 3)
		argv[count++] = *arguments++;
	argv[count] = NULL;
	return hd_program_run(&program, result);
}

/* has_trouble - whether it says more than warnings: a map that is not in use may give these */
static bool
has_trouble(const struct hd_program_result *result)
{
	return strstr(result->errors, "fatal: ") != NULL ||
	       strstr(result->errors, "error: ") != NULL || result->status > 1;
}

/* complain - log what a command died of, else the first line that it says */
static enum hd_error
complain(const char *tool, const struct hd_program_result *result)
{
	static const char mark[] = "fatal: ";
	const char *fatal = strstr(result->errors, mark);
	const char *reason = fatal == NULL ? result->errors : fatal + strlen(mark);

	hd_error("%s: %.*s", tool, (int)strcspn(reason, "\n"),
	    reason[0] == '\0' ? "it fails, and does not say why" : reason);
	return HD_CONFIG;
}

/* take_maps - the items of a list as arguments, which point into copies; false: too many, or no memory */
static bool
take_maps(const char *maps, const char **arguments, size_t *count)
{
	const char *item;
	size_t length;

	while (hd_postfix_list_next(&maps, &item, &length)) {
		char *copy = *count < ARGUMENTS_MAX ? strndup(item, length) : NULL;

		if (copy == NULL)
			return false;
		arguments[(*count)++] = copy;
	}
	return true;
}

enum hd_error
hd_postfix_map_query(const struct hd_postfix_view *view, const char *tool, const char *key,
    const char *maps, char **value)
{
	const char *arguments[ARGUMENTS_MAX + 1] = {tool, "-q", key};
	size_t count = 3;
	struct hd_program_result result = {.output = NULL};
	enum hd_error error = HD_NO_MEMORY;

	*value = NULL;
	if (take_maps(maps, arguments, &count)) {
		arguments[count] = NULL;
		error = count == 3 ? HD_NONE : run(view->folder, arguments, &result);
	}
	if (error == HD_OK && result.status == 0) {
		result.output[strcspn(result.output, "\n")] = '\0';
		*value = result.output;
		result.output = NULL;
	} else if (error == HD_OK)
		error = has_trouble(&result) ? complain(tool, &result) : HD_NONE;
	for (size_t i = 3; i < count; i++) {
		char *copy;

		memcpy(&copy, &arguments[i], sizeof(copy)); /* ours, by take_maps */
		free(copy);
	}
	hd_program_result_clear(&result);
	return error;
}
