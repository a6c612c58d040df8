/* Where setup cannot go on with a Postfix as it is, and why. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "log.h"
#include "probe.h"
#include "setup.h"

enum { NAME_SIZE = HD_DOMAIN_SIZE + HD_PROBE_NAME_MAX + 2, ITEM_SIZE = 1024 };

static const char *
expanded(const struct hd_setup *setup, const char *parameter)
{
	return hd_postconf_expanded(&setup->postconf, parameter);
}

static void
probe_domain(const struct hd_setup *setup, unsigned i, char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "%s.%s", hd_probes[i].name, setup->config.domain);
}

/* file_has - whether a file of patterns has this one */
static bool
file_has(const char *path, const char *name)
{
	char *text;
	size_t size;
	bool has;

	if (hd_setup_read(path, &text, &size) != HD_OK)
		return false;
	has = hd_postfix_list_has(text, name, strlen(name));
	free(text);
	return has;
}

/* lists - whether a list of domains, files and tables, as Postfix has them, has this one */
static bool
lists(const struct hd_setup *setup, const char *parameter, const char *name)
{
	const char *list = expanded(setup, parameter), *item;
	char text[ITEM_SIZE];
	size_t length;

	while (hd_postfix_list_next(&list, &item, &length)) {
		const char *const postmap[] = {"postmap", "-q", name, text, NULL};

		if (length >= sizeof(text))
			continue;
		(void)snprintf(text, sizeof(text), "%.*s", (int)length, item);
		if (strcasecmp(text, name) == 0 || (text[0] == '/' && file_has(text, name)) ||
		    (strchr(text, ':') != NULL && hd_setup_ask(postmap) == 0))
			return true;
	}
	return false;
}

/* --- each answers with HD_OK, or says what stands in the way */

static enum hd_error
check_destinations(struct hd_setup *setup)
{
	static const char *const parameters[] = {
	    "mydestination", "virtual_mailbox_domains", "relay_domains"};
	char name[NAME_SIZE];

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		probe_domain(setup, i, name);
		for (size_t j = 0; j < sizeof(parameters) / sizeof(parameters[0]); j++) {
			if (!lists(setup, parameters[j], name))
				continue;
			hd_error("%s is in Postfix's %s (%s): its mail would not go to the hook. "
				 "Take it out there",
			    name, parameters[j], hd_postconf_get(&setup->postconf, parameters[j]));
			return HD_CONFIG;
		}
	}
	return HD_OK;
}

/* Tables inside main.cf, with patterns in them, came with 3.7. */
static enum hd_error
check_version(struct hd_setup *setup)
{
	const char *version = expanded(setup, "mail_version");
	char *rest;
	long major = strtol(version, &rest, 10),
	     minor = *rest == '.' ? strtol(rest + 1, NULL, 10) : 0;

	if (major > 3 || (major == 3 && minor >= 7))
		return HD_OK;
	hd_error("this is Postfix %s; 3.7 or newer is needed", version);
	return HD_CONFIG;
}

static enum hd_error
check_host_name(struct hd_setup *setup)
{
	char name[NAME_SIZE];

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		probe_domain(setup, i, name);
		if (strcasecmp(expanded(setup, "myhostname"), name) != 0)
			continue;
		hd_error("Postfix's myhostname is %s, the name of a probe: Postfix would take that "
			 "probe's mail for its own. Give the host another name, such as mail.%s: "
			 "postconf -e myhostname=mail.%s",
		    name, setup->config.domain, setup->config.domain);
		return HD_CONFIG;
	}
	return HD_OK;
}

static enum hd_error
check_localhost(struct hd_setup *setup)
{
	if (lists(setup, "mydestination", "localhost"))
		return HD_OK;
	hd_error("localhost is not in Postfix's mydestination (%s), but our local aliases are "
		 "there: add it",
	    hd_postconf_get(&setup->postconf, "mydestination"));
	return HD_CONFIG;
}

static enum hd_error
check_local_transport(struct hd_setup *setup)
{
	const char *transport = expanded(setup, "local_transport");

	if (strcmp(transport, "local") == 0 || strncmp(transport, "local:", 6) == 0)
		return HD_OK;
	hd_error("Postfix's local_transport is %s: only local(8) runs the commands of alias files, "
		 "and so the hook. Take the line out of main.cf: postconf -X local_transport",
	    transport);
	return HD_CONFIG;
}

static enum hd_error
check_commands(struct hd_setup *setup)
{
	if (!hd_postfix_list_has(expanded(setup, "allow_mail_to_commands"), "alias", 5)) {
		hd_error(
		    "Postfix's allow_mail_to_commands (%s) lacks \"alias\": the hook would not "
		    "be run. Add it",
		    hd_postconf_get(&setup->postconf, "allow_mail_to_commands"));
		return HD_CONFIG;
	}
	return HD_OK;
}

/* What --limits would set has to be right without it, on a Postfix that serves others. */
static enum hd_error
check_others(struct hd_setup *setup)
{
	const char *level = expanded(setup, "smtpd_tls_security_level");

	if (!setup->others || setup->limits)
		return HD_OK;
	if (!hd_postconf_yes(&setup->postconf, "enable_original_recipient")) {
		hd_error("Postfix's enable_original_recipient is \"no\": the hook would not learn "
			 "which address a message was sent to. Set it, or run setup with --limits");
		return HD_CONFIG;
	}
	if (level[0] != '\0' ? strcasecmp(level, "none") == 0
			     : !hd_postconf_yes(&setup->postconf, "smtpd_use_tls")) {
		hd_error(
		    "Postfix offers no TLS (smtpd_tls_security_level): every sender would look "
		    "like one that does not use it. Set that to \"may\", with a certificate, or "
		    "run setup with --limits");
		return HD_CONFIG;
	}
	if (!setup->certificate && expanded(setup, "smtpd_tls_chain_files")[0] == '\0' &&
	    expanded(setup, "smtpd_tls_cert_file")[0] == '\0') {
		hd_error(
		    "Postfix has no certificate (smtpd_tls_chain_files), and so offers no TLS: "
		    "give it one, or run setup with --limits");
		return HD_CONFIG;
	}
	return HD_OK;
}

enum hd_error
hd_setup_postfix_check(struct hd_setup *setup)
{
	static hd_setup_step *const checks[] = {check_version, check_host_name, check_destinations,
	    check_localhost, check_local_transport, check_commands, hd_setup_master_check,
	    check_others};
	enum hd_error error = hd_setup_postfix_open(setup);

	if (error == HD_OK)
		error = hd_postfix_settings_load(&setup->source, &setup->settings);
	if (error != HD_OK)
		return error;
	hd_setup_has_others(setup);
	for (size_t i = 0; error == HD_OK && i < sizeof(checks) / sizeof(checks[0]); i++)
		error = checks[i](setup);
	if (error == HD_OK && expanded(setup, "content_filter")[0] != '\0')
		hd_warning(
		    "Postfix's content_filter is set: if it hands messages back by SMTP, every "
		    "sender looks like one that does not use TLS");
	if (error == HD_OK && strcmp(expanded(setup, "inet_interfaces"), "loopback-only") == 0)
		hd_warning(
		    "Postfix's inet_interfaces is loopback-only: no message can come in from "
		    "outside. Set it to \"all\" and restart Postfix");
	return error;
}
