#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "log.h"
#include "template.h"

#define TEMPLATE_DIR HD_PKGDATADIR "/postfix/"
#define HOOK         HD_HOOKDIR "/havedane-hook"

static const struct {
	const char *name;
	const char *template;
} parts[] = {
    {"main.cf", TEMPLATE_DIR "main.cf"},
    {"virtual", TEMPLATE_DIR "virtual"},
    {"aliases", TEMPLATE_DIR "aliases"},
};

enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };

/*
 * A path ends up in main.cf, where "$", "," and blanks mean something, and in
 * an alias's command, where quotes do and the shell may be asked: only what is
 * harmless in all of them is let in.
 */
static enum hd_error
check_path(const char *what, const char *path)
{
	static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789/._+-";

	if (path[0] != '/') {
		hd_error("%s: \"%s\" must be an absolute path", what, path);
		return HD_INVALID;
	}
	if (path[strspn(path, harmless)] != '\0') {
		hd_error("%s: \"%s\": Postfix may take only letters, digits and /._+- in it", what,
		    path);
		return HD_INVALID;
	}
	return HD_OK;
}

static enum hd_error
check_paths(const struct hd_call *call, const char *conf)
{
	enum hd_error error = check_path("--tls", call->options[POSTFIX_TLS]);

	if (error == HD_OK)
		error = check_path("--maps", call->options[POSTFIX_MAPS]);
	if (error == HD_OK)
		error = check_path("-c", conf);
	if (error == HD_OK)
		error = check_path("the hook", HOOK);
	return error;
}

/* Longer than any alias lives: no message comes back to its sender for our own trouble. */
static void
queue_lifetime(const struct hd_config *config, char *text, size_t size)
{
	const int64_t day = INT64_C(24) * 60 * 60 * 1000;

	(void)snprintf(text, size, "%dd", (int)((config->retention + day - 1) / day) + 1);
}

static enum hd_error
print_parts(const struct hd_call *call, const char *conf)
{
	const char *wanted = call->operand_count == 0 ? NULL : call->operands[0];
	char lifetime[16];
	const struct hd_template_value values[] = {
	    {"domain", call->config.domain},
	    {"tls", call->options[POSTFIX_TLS]},
	    {"maps", call->options[POSTFIX_MAPS]},
	    {"hook", HOOK},
	    {"conf", conf},
	    {"lifetime", lifetime},
	};
	enum hd_error error = HD_NONE;

	queue_lifetime(&call->config, lifetime, sizeof(lifetime));
	for (size_t i = 0; i < PART_COUNT; i++) {
		if (wanted != NULL && strcmp(wanted, parts[i].name) != 0)
			continue;
		if (wanted == NULL && i > 0)
			(void)fputc('\n', call->out);
		error = hd_template_expand(
		    parts[i].template, values, sizeof(values) / sizeof(values[0]), call->out);
		if (error != HD_OK)
			return error;
	}
	if (error == HD_NONE) {
		hd_error("postfix: there is no \"%s\", only main.cf, virtual and aliases", wanted);
		return HD_INVALID;
	}
	return error;
}

enum hd_error
hd_command_postfix(struct hd_call *call)
{
	/* The hook runs in the queue's folder. */
	char *conf = realpath(call->conf, NULL);
	enum hd_error error;

	if (conf == NULL) {
		hd_error("%s: %s", call->conf, strerror(errno));
		return HD_CONFIG;
	}
	error = check_paths(call, conf);
	if (error == HD_OK)
		error = print_parts(call, conf);
	free(conf);
	return error;
}
