#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "log.h"
#include "postfix_part.h"

static enum hd_error
print_part(const struct hd_call *call, const struct hd_postfix_source *source, const char *name)
{
	enum hd_error error = hd_postfix_part_write(source, name, false, call->out);

	if (error != HD_NONE)
		return error;
	hd_error("postfix: there is no \"%s\", only main.cf, virtual, aliases and probes", name);
	return HD_INVALID;
}

/* is_printed - of the two ways to find an address only the one that main.cf names is of use */
static bool
is_printed(const struct hd_postfix_source *source, const char *name)
{
	return strcmp(name, source->catch_all ? "probes" : "virtual") != 0;
}

static enum hd_error
print_parts(const struct hd_call *call, const struct hd_postfix_source *source)
{
	enum hd_error error = HD_OK;

	if (call->operand_count > 0)
		return print_part(call, source, call->operands[0]);
	for (const char *const *part = hd_postfix_parts; error == HD_OK && *part != NULL; part++) {
		if (!is_printed(source, *part))
			continue;
		if (part > hd_postfix_parts)
			(void)fputc('\n', call->out);
		error = print_part(call, source, *part);
	}
	return error;
}

enum hd_error
hd_command_postfix(struct hd_call *call)
{
	/* The hook runs in the queue's folder. */
	char *conf = realpath(call->conf, NULL);
	struct hd_postfix_source source;
	enum hd_error error;

	if (conf == NULL) {
		hd_error("%s: %s", call->conf, strerror(errno));
		return HD_CONFIG;
	}
	error = hd_postfix_source_init(
	    &source, &call->config, conf, call->options[POSTFIX_TLS], call->options[POSTFIX_MAPS]);
	if (call->options[POSTFIX_CATCH_ALL] != NULL)
		source.catch_all = true;
	if (error == HD_OK)
		error = print_parts(call, &source);
	free(conf);
	return error;
}
