/* The configuration: made once, never overwritten. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config_value.h"
#include "log.h"
#include "setup.h"

#define CONF_DIR     HD_SYSCONFDIR "/havedane"
#define ALIAS_SOCKET HD_RUNSTATEDIR "/havedane/alias.sock"

static enum hd_error
check_domain(const char *domain)
{
	const struct hd_value_limits limits = {HD_DOMAIN_SIZE, 0, 0};
	char parsed[HD_DOMAIN_SIZE];
	const char *wrong = hd_value_parse(HD_VALUE_DOMAIN, domain, &limits, parsed);

	if (wrong == NULL)
		return HD_OK;
	hd_error("--domain %s: %s", domain, wrong);
	return HD_INVALID;
}

/* print_config - a configuration for a new installation; the rest of the keys have defaults */
static char *
print_config(const struct hd_setup *setup, size_t *size)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, size);

	if (out == NULL)
		return NULL;
	(void)fprintf(out,
	    "; HaveDANE's configuration, made by \"havedane setup\". See havedane.conf(5).\n"
	    "\n"
	    "[service]\n"
	    "domain = %s\n"
	    "\n"
	    "; Sockets that the service makes itself, where systemd does not.\n"
	    "[fastcgi]\n"
	    "group = %s\n",
	    setup->domain, hd_setup_web_group());
	if (!setup->catch_all)
		(void)fprintf(out,
		    "\n"
		    "; Here Postfix asks which aliases are live.\n"
		    "[postfix]\n"
		    "socket = " ALIAS_SOCKET "\n"
		    "group = %s\n",
		    HD_SETUP_MAIL_GROUP);
	if (fclose(out) != 0) {
		free(text);
		text = NULL;
	}
	return text;
}

/* load_unwritten - the configuration that will be written, or, in a dry run, would be */
static enum hd_error
load_unwritten(struct hd_setup *setup, const char *text, size_t size)
{
	char path[] = "/tmp/havedane-setup-XXXXXX";
	int fd = mkstemp(path);
	enum hd_error error = HD_IO;

	if (fd >= 0 && write(fd, text, size) == (ssize_t)size)
		error = hd_config_load(path, &setup->config);
	else
		hd_error("%s: cannot write: %s", path, strerror(errno));
	if (fd >= 0) {
		(void)close(fd);
		(void)unlink(path);
	}
	return error;
}

static enum hd_error
no_memory(const struct hd_setup *setup)
{
	hd_error("%s: %s", setup->conf, hd_strerror(HD_NO_MEMORY));
	return HD_NO_MEMORY;
}

static enum hd_error
plan_config(struct hd_setup *setup)
{
	enum hd_error error;
	char *text;
	size_t size;

	if (setup->domain == NULL) {
		hd_error("%s is not there yet, so --domain is needed: the domain whose subdomains "
			 "will be the probes",
		    setup->conf);
		return HD_INVALID;
	}
	error = check_domain(setup->domain);
	if (error != HD_OK)
		return error;
	text = print_config(setup, &size);
	if (text == NULL)
		return no_memory(setup);
	error = load_unwritten(setup, text, size);
	free(text);
	return error;
}

static enum hd_error
check_config(const struct hd_setup *setup)
{
	const struct hd_value_limits limits = {HD_DOMAIN_SIZE, 0, 0};
	char domain[HD_DOMAIN_SIZE];

	if (setup->domain == NULL)
		return HD_OK;
	if (hd_value_parse(HD_VALUE_DOMAIN, setup->domain, &limits, domain) != NULL)
		return check_domain(setup->domain);
	if (strcmp(domain, setup->config.domain) == 0)
		return HD_OK;
	hd_error("%s is for %s, not for %s: setup does not overwrite it. Change it by hand, and "
		 "remove the keys and certificates, which are for the old domain too",
	    setup->conf, setup->config.domain, setup->domain);
	return HD_CONFIG;
}

static bool
is_there(const struct hd_setup *setup)
{
	struct stat status;

	return stat(setup->conf, &status) == 0 || errno != ENOENT;
}

enum hd_error
hd_setup_config(struct hd_setup *setup)
{
	enum hd_error error;

	if (is_there(setup)) {
		error = hd_config_load(setup->conf, &setup->config);
		if (error == HD_OK)
			error = check_config(setup);
	} else
		error = plan_config(setup);
	if (error == HD_OK)
		error = hd_postfix_source_init(
		    &setup->source, &setup->config, setup->conf, HD_POSTFIX_TLS, HD_POSTFIX_MAPS);
	if (error == HD_OK && !setup->catch_all && setup->source.catch_all)
		hd_setup_note(setup,
		    "[postfix] socket is not set in %s: mail for any alias will be taken, and "
		    "dropped when it is for none. To refuse it, set "
		    "socket = " ALIAS_SOCKET " and group = %s there",
		    setup->conf, HD_SETUP_MAIL_GROUP);
	setup->source.catch_all = setup->source.catch_all || setup->catch_all;
	return error;
}

enum hd_error
hd_setup_config_write(struct hd_setup *setup)
{
	const struct hd_setup_owner folder = hd_setup_owner_root(0755);
	/* It may come to hold the password of a database. */
	const struct hd_setup_owner owner = hd_setup_owner_group(setup, 0640);
	struct stat status;
	enum hd_error error = HD_OK;
	char *text;
	size_t size;

	if (stat(CONF_DIR, &status) != 0)
		error = hd_setup_folder(setup, CONF_DIR, &folder);
	if (error != HD_OK || is_there(setup))
		return error;
	text = print_config(setup, &size);
	if (text == NULL)
		return no_memory(setup);
	error = hd_setup_file(setup, setup->conf, text, size, &owner);
	free(text);
	return error;
}

/* A database that nobody configured is where the default has it. */
enum hd_error
hd_setup_remove_config(struct hd_setup *setup)
{
	(void)snprintf(setup->config.store_path, sizeof(setup->config.store_path),
	    HD_LOCALSTATEDIR "/lib/havedane/havedane.db");
	if (!setup->purge || !is_there(setup))
		return HD_OK;
	return hd_config_load(setup->conf, &setup->config);
}
