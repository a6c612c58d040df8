/* Where setup cannot go on with the services of Postfix's master.cf as they are, and why. */
#include <string.h>
#include <strings.h>

#include "log.h"
#include "setup.h"

/* is_port_25 - the service name of master.cf: "smtp", "25", or either behind an address */
static bool
is_port_25(const char *service, size_t length)
{
	for (size_t i = length; i > 0; i--) {
		if (service[i - 1] == ':') {
			service += i;
			length -= i;
			break;
		}
	}
	return (length == 4 && strncmp(service, "smtp", 4) == 0) ||
	       (length == 2 && strncmp(service, "25", 2) == 0);
}

/* has_server - whether a line of "postconf -M" is an SMTP server at port 25 */
static bool
has_server(const char *line)
{
	enum { SERVICE, TYPE, COMMAND = 7, FIELDS };
	const char *fields[FIELDS + 1] = {NULL};
	size_t lengths[FIELDS + 1] = {0};

	for (unsigned i = 0; i <= FIELDS; i++) {
		line += strspn(line, " \t");
		fields[i] = line;
		lengths[i] = strcspn(line, " \t");
		line += lengths[i];
	}
	if (lengths[TYPE] != 4 || strncmp(fields[TYPE], "inet", 4) != 0 ||
	    !is_port_25(fields[SERVICE], lengths[SERVICE]))
		return false;
	return (lengths[COMMAND] == 5 && strncmp(fields[COMMAND], "smtpd", 5) == 0) ||
	       (lengths[COMMAND] == 10 && strncmp(fields[COMMAND], "postscreen", 10) == 0);
}

static const char *
next_line(const struct hd_postconf_list *list, const char *line)
{
	line = line == NULL ? list->lines : line + strlen(line) + 1;
	return line < list->lines + list->size ? line : NULL;
}

static enum hd_error
check_server(void)
{
	struct hd_postconf_list list;
	enum hd_error error = hd_postconf_list_load(NULL, "-M", &list);
	bool found = false;

	if (error != HD_OK)
		return error == HD_NONE ? HD_CONFIG : error;
	for (const char *line = NULL; !found && (line = next_line(&list, line)) != NULL;)
		found = has_server(line);
	hd_postconf_list_clear(&list);
	if (found)
		return HD_OK;
	hd_error("Postfix's master.cf has no SMTP server at port 25 (\"smtp inet ... smtpd\"): no "
		 "message could come in. Add the line");
	return HD_CONFIG;
}

/* --- parameters that services have of their own ("-o"), as "postconf -P" gives them */

struct override {
	const char *service; /* its name, and a length */
	size_t service_length;
	const char *type;
	size_t type_length;
	const char *name; /* the parameter's */
	size_t name_length;
	const char *value;
};

/* parse - of a line such as "smtp/inet/smtpd_tls_security_level = may"; a service may be a path */
static bool
parse(const char *line, struct override *override)
{
	const char *equals = strstr(line, " ="), *name, *type;

	if (equals == NULL)
		return false;
	for (name = equals; name > line && name[-1] != '/'; name--)
		;
	if (name - line < 2)
		return false;
	for (type = name - 1; type > line && type[-1] != '/'; type--)
		;
	if (type == line)
		return false;
	*override = (struct override){line, (size_t)(type - 1 - line), type,
	    (size_t)(name - 1 - type), name, (size_t)(equals - name), equals + 2};
	override->value += strspn(override->value, " ");
	return true;
}

static bool
is(const char *text, size_t length, const char *other)
{
	return strlen(other) == length && strncmp(text, other, length) == 0;
}

/* is_server - it takes mail in at port 25, from the network or from postscreen */
static bool
is_server(const struct override *override)
{
	if (is(override->type, override->type_length, "inet"))
		return is_port_25(override->service, override->service_length);
	return is(override->type, override->type_length, "pass");
}

/* is_cleanup - it is where those put the mail that they take in */
static bool
is_cleanup(const struct hd_setup *setup, const struct hd_postconf_list *list,
    const struct override *override)
{
	struct override other;

	if (!is(override->type, override->type_length, "unix"))
		return false;
	if (is(override->service, override->service_length,
		hd_postconf_expanded(&setup->postconf, "cleanup_service_name")))
		return true;
	for (const char *line = NULL; (line = next_line(list, line)) != NULL;) {
		if (parse(line, &other) && is_server(&other) &&
		    is(other.name, other.name_length, "cleanup_service_name") &&
		    is(override->service, override->service_length, other.value))
			return true;
	}
	return false;
}

/* --- what addresses of the probes must go through, wherever it is set */

static bool
is_no(const char *value)
{
	return strcasecmp(value, "no") == 0;
}

static bool
maps_nothing(const char *value)
{
	return hd_postfix_list_has(value, "no_address_mappings", 19);
}

static bool
any(const char *value)
{
	(void)value;
	return true;
}

static const struct rule {
	const char *parameter;
	bool (*wrong)(const char *value);
	bool main_cf, server, cleanup; /* where it would do harm */
	const char *why;
} rules[] = {
    {"smtpd_reject_unlisted_recipient", is_no, true, true, false,
	"addresses of the probes that nobody has would be taken, and their mail be bounced to "
	"whoever is named as its sender"},
    {"receive_override_options", maps_nothing, true, true, false,
	"with no_address_mappings the probes' addresses would not be mapped to the hook's"},
    {"virtual_alias_maps", any, false, true, true,
	"the probes' addresses would not be mapped to the hook's, as ours are in main.cf"},
};

enum { RULE_COUNT = sizeof(rules) / sizeof(rules[0]) };

static enum hd_error
check_main_cf(const struct hd_setup *setup)
{
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		const char *value = hd_postconf_expanded(&setup->postconf, rules[i].parameter);

		if (!rules[i].main_cf || !rules[i].wrong(value))
			continue;
		hd_error("Postfix's %s is \"%s\": %s. Take it out of main.cf", rules[i].parameter,
		    value, rules[i].why);
		return HD_CONFIG;
	}
	return HD_OK;
}

static enum hd_error
check_override(const struct hd_setup *setup, const struct hd_postconf_list *list, const char *line)
{
	struct override override;

	if (!parse(line, &override))
		return HD_OK;
	for (unsigned i = 0; i < RULE_COUNT; i++) {
		const struct rule *rule = &rules[i];

		if (!is(override.name, override.name_length, rule->parameter) ||
		    !((rule->server && is_server(&override)) ||
			(rule->cleanup && is_cleanup(setup, list, &override))) ||
		    !rule->wrong(override.value))
			continue;
		hd_error("Postfix's master.cf has \"-o %s=%s\" for %.*s: %s. Take it out there",
		    rule->parameter, override.value, (int) override.service_length,
		    override.service, rule->why);
		return HD_CONFIG;
	}
	return HD_OK;
}

static enum hd_error
check_overrides(const struct hd_setup *setup)
{
	struct hd_postconf_list list;
	enum hd_error error = hd_postconf_list_load(NULL, "-Px", &list);

	if (error != HD_OK)
		return error == HD_NONE ? HD_CONFIG : error;
	for (const char *line = NULL; error == HD_OK && (line = next_line(&list, line)) != NULL;)
		error = check_override(setup, &list, line);
	hd_postconf_list_clear(&list);
	return error;
}

enum hd_error
hd_setup_master_check(struct hd_setup *setup)
{
	enum hd_error error = check_server();

	if (error == HD_OK)
		error = check_main_cf(setup);
	return error == HD_OK ? check_overrides(setup) : error;
}
