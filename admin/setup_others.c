/*
 * Whether this Postfix serves others than us: then we add to its lists, and
 * leave all else to its sysadmin. What is ours already does not count.
 */
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "setup.h"

enum { NAME_SIZE = 256 };

static bool
is_name(const char *name, size_t length, const char *other)
{
	return strlen(other) == length && strncasecmp(name, other, length) == 0;
}

/* is_mailname - the name that Debian gives to a host's mail, which it puts into mydestination */
static bool
is_mailname(const char *name, size_t length)
{
	char *text;
	size_t size;
	bool is;

	if (hd_setup_read("/etc/mailname", &text, &size) != HD_OK)
		return false;
	text[strcspn(text, " \t\r\n")] = '\0';
	is = is_name(name, length, text);
	free(text);
	return is;
}

/* is_canonical - the full name of this host, as "hostname --fqdn" prints it */
static bool
is_canonical(const char *name, size_t length, const char *host)
{
	const struct addrinfo hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	bool is;

	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return false;
	is = found->ai_canonname != NULL && is_name(name, length, found->ai_canonname);
	freeaddrinfo(found);
	return is;
}

/*
 * is_own_name - whether a name is this host's, as distributions put it into mydestination
 *
 * That it begins like the host's does not make it so: mail.customer.example is
 * somebody else's than the host mail's.
 */
static bool
is_own_name(const struct hd_setup *setup, const char *name, size_t length)
{
	char host[NAME_SIZE] = "";

	(void)gethostname(host, sizeof(host) - 1);
	if (strncasecmp(name, "localhost", 9) == 0 && (length == 9 || name[9] == '.'))
		return true;
	/* A single label is nobody's domain. */
	if (memchr(name, '.', length) == NULL && memchr(name, ':', length) == NULL &&
	    memchr(name, '/', length) == NULL)
		return true;
	return is_name(name, length, hd_postconf_expanded(&setup->postconf, "myhostname")) ||
	       is_name(name, length, host) || is_mailname(name, length) ||
	       (host[0] != '\0' && is_canonical(name, length, host));
}

static bool
has_domains(struct hd_setup *setup, const char *parameter)
{
	const char *list = hd_postconf_expanded(&setup->postconf, parameter), *item;
	size_t length;

	while (hd_postfix_list_next(&list, &item, &length)) {
		if (!is_own_name(setup, item, length))
			return true;
	}
	return false;
}

/* has_items - something is there besides what we add */
static bool
has_items(struct hd_setup *setup, const char *parameter)
{
	const struct hd_postfix_setting *ours =
	    hd_postfix_settings_find(&setup->settings, parameter);
	const struct hd_setup_parameter *known = hd_setup_state_find(&setup->state, parameter);
	const char *list = hd_postconf_expanded(&setup->postconf, parameter), *item;
	size_t length;

	while (hd_postfix_list_next(&list, &item, &length)) {
		if (ours != NULL && hd_postfix_list_has(ours->value, item, length))
			continue;
		if (known != NULL && known->items != NULL &&
		    hd_postfix_list_has(known->items, item, length))
			continue;
		return true;
	}
	return false;
}

static bool
has_yes(struct hd_setup *setup, const char *parameter)
{
	return hd_postconf_yes(&setup->postconf, parameter);
}

/* has_certificate - one that is neither ours nor the one that Debian makes for every host */
static bool
has_certificate(struct hd_setup *setup, const char *parameter)
{
	const struct hd_postfix_setting *ours =
	    hd_postfix_settings_find(&setup->settings, "smtpd_tls_chain_files");
	const char *list = hd_postconf_expanded(&setup->postconf, parameter), *item;
	size_t length;

	while (hd_postfix_list_next(&list, &item, &length)) {
		if (hd_postfix_list_has(ours->value, item, length) || is_name(item, length, "none"))
			continue;
		if (strstr(item, "/ssl-cert-snakeoil.") == NULL) {
			setup->certificate = true;
			return true;
		}
	}
	return false;
}

/* What tells of others, when it is found in a parameter. */
static const struct {
	const char *parameter;
	bool (*found)(struct hd_setup *setup, const char *parameter);
} signs[] = {
    {"mydestination", has_domains},
    {"virtual_alias_domains", has_items},
    {"virtual_alias_maps", has_items},
    {"virtual_maps", has_items},
    {"virtual_mailbox_domains", has_items},
    {"virtual_mailbox_maps", has_items},
    {"relay_domains", has_domains},
    {"relayhost", has_items},
    {"sender_dependent_relayhost_maps", has_items},
    {"transport_maps", has_items},
    {"mailbox_transport", has_items},
    {"content_filter", has_items},
    {"smtpd_milters", has_items},
    {"smtpd_sasl_auth_enable", has_yes},
    {"smtpd_tls_chain_files", has_certificate},
    {"smtpd_tls_cert_file", has_certificate},
    {"smtpd_tls_eccert_file", has_certificate},
    {"smtpd_tls_dcert_file", has_certificate},
};

void
hd_setup_has_others(struct hd_setup *setup)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		const char *parameter = signs[i].parameter;

		/* Defaults are made of other parameters, or of nothing. */
		if (hd_postconf_set(&setup->postconf, parameter) == NULL ||
		    !signs[i].found(setup, parameter))
			continue;
		if (!setup->others)
			hd_setup_note(setup, "this Postfix serves others, too:");
		setup->others = true;
		hd_setup_note(
		    setup, "  %s = %s", parameter, hd_postconf_get(&setup->postconf, parameter));
	}
}
