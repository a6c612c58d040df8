#include "postfix_part.h"

#include <stdint.h>
#include <string.h>

#include "log.h"
#include "probe.h"
#include "template.h"

enum {
	LIFETIME_SIZE = 16,
	PROBES_SIZE = HD_PROBE_COUNT * (HD_PROBE_NAME_MAX + 1),
	PATTERN_SIZE = 2 * HD_DOMAIN_SIZE,
	VIRTUAL_SIZE = HD_SOCKET_PATH_SIZE + HD_PATH_SIZE + 64
};

const char *const hd_postfix_parts[] = {"main.cf", "virtual", "aliases", "probes", NULL};

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

static const char *
alias_socket(const struct hd_config *config)
{
	return config->postfix_socket[0] != '\0' ? config->postfix_socket
						 : HD_RUNSTATEDIR "/havedane/alias.sock";
}

enum hd_error
hd_postfix_source_init(struct hd_postfix_source *source, const struct hd_config *config,
    const char *conf, const char *tls, const char *maps)
{
	const struct {
		const char *what, *path;
	} rows[] = {
	    {"--tls", tls},
	    {"--maps", maps},
	    {"-c", conf},
	    {"the hook", HD_POSTFIX_HOOK},
	    {"[postfix] socket", alias_socket(config)},
	};
	enum hd_error error = HD_OK;

	*source = (struct hd_postfix_source){
	    .config = config,
	    .conf = conf,
	    .templates = HD_POSTFIX_TEMPLATES,
	    .tls = tls,
	    .maps = maps,
	    .catch_all = config->postfix_socket[0] == '\0',
	};
	for (size_t i = 0; error == HD_OK && i < sizeof(rows) / sizeof(rows[0]); i++)
		error = check_path(rows[i].what, rows[i].path);
	return error;
}

/* Longer than any alias lives: no message comes back to its sender for our own trouble. */
static void
queue_lifetime(const struct hd_config *config, char text[LIFETIME_SIZE])
{
	const int64_t day = INT64_C(24) * 60 * 60 * 1000;

	(void)snprintf(text, LIFETIME_SIZE, "%dd", (int)((config->retention + day - 1) / day) + 1);
}

/* probe_names - for a regular expression: "do|dont|wrong" */
static void
probe_names(char text[PROBES_SIZE])
{
	size_t length = 0;

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++)
		length += (size_t)snprintf(text + length, PROBES_SIZE - length, "%s%s",
		    i == 0 ? "" : "|", hd_probes[i].name);
}

/* A domain consists of letters, digits, hyphens and dots (lib/config.c). */
static void
domain_pattern(const char *domain, char text[PATTERN_SIZE])
{
	for (; *domain != '\0'; domain++) {
		if (*domain == '.')
			*text++ = '\\';
		*text++ = *domain;
	}
	*text = '\0';
}

static void
virtual_map(const struct hd_postfix_source *source, char text[VIRTUAL_SIZE])
{
	if (source->catch_all)
		(void)snprintf(text, VIRTUAL_SIZE, "hash:%s/virtual", source->maps);
	else
		(void)snprintf(text, VIRTUAL_SIZE,
		    "pipemap:{regexp:%s/probes, proxy:socketmap:unix:%s:alias}", source->maps,
		    alias_socket(source->config));
}

enum hd_error
hd_postfix_part_write(
    const struct hd_postfix_source *source, const char *name, bool added, FILE *out)
{
	char lifetime[LIFETIME_SIZE], probes[PROBES_SIZE], pattern[PATTERN_SIZE];
	char virtual[VIRTUAL_SIZE], file[HD_PATH_SIZE];
	const struct hd_template_value values[] = {
	    {"domain", source->config->domain},
	    {"domain_pattern", pattern},
	    {"tls", source->tls},
	    {"maps", source->maps},
	    {"hook", HD_POSTFIX_HOOK},
	    {"conf", source->conf},
	    {"lifetime", lifetime},
	    {"probes", probes},
	    {"system_aliases", added ? "" : "hash:/etc/aliases, "},
	    {"virtual", virtual},
	    {"rcpt", source->catch_all ? "live or not, and the hook drops what is not"
				       : "while the alias is live. The service says so at RCPT"},
	};
	const char *const *part = hd_postfix_parts;

	while (*part != NULL && strcmp(*part, name) != 0)
		part++;
	if (*part == NULL)
		return HD_NONE;
	queue_lifetime(source->config, lifetime);
	probe_names(probes);
	domain_pattern(source->config->domain, pattern);
	virtual_map(source, virtual);
	(void)snprintf(file, sizeof(file), "%s/%s", source->templates, name);
	return hd_template_expand(file, values, sizeof(values) / sizeof(values[0]), out);
}
