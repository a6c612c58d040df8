/* Parameters of Postfix: what differs from what we want, set in one go. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "setup_plan.h"

static enum hd_error
no_memory(const char *what)
{
	hd_error("%s: %s", what, hd_strerror(HD_NO_MEMORY));
	return HD_NO_MEMORY;
}

enum hd_error
hd_setup_postfix_open(struct hd_setup *setup)
{
	enum hd_error error = hd_postconf_load(NULL, &setup->postconf);

	if (error == HD_NONE) {
		hd_error("Postfix is not installed: apt install postfix");
		return HD_CONFIG;
	}
	if (error == HD_CONFIG)
		hd_info("Postfix has no usable configuration. If \"No configuration\" was chosen "
			"when it was installed: dpkg-reconfigure postfix, and choose \"Internet "
			"Site\"");
	if (error != HD_OK)
		return error;
	(void)snprintf(setup->main_cf, sizeof(setup->main_cf), "%s/main.cf",
	    hd_postconf_expanded(&setup->postconf, "config_directory"));
	return HD_OK;
}

/* --- what is wanted */

/* has_own_relay_rules - who may send through it is decided by more than we know of */
static bool
has_own_relay_rules(const struct hd_setup *setup)
{
	static const char known[] = "permit_mynetworks permit_sasl_authenticated "
				    "defer_unauth_destination reject_unauth_destination";
	const char *list = hd_postconf_expanded(&setup->postconf, "smtpd_relay_restrictions"),
		   *item;
	size_t length;

	while (hd_postfix_list_next(&list, &item, &length)) {
		if (!hd_postfix_list_has(known, item, length))
			return true;
	}
	return hd_postconf_yes(&setup->postconf, "smtpd_sasl_auth_enable");
}

/* is_wanted - on a Postfix that serves others, not even --limits may take something from them */
static bool
is_wanted(const struct hd_setup *setup, const struct hd_postfix_setting *setting)
{
	static const char *const certificate[] = {
	    "smtpd_tls_chain_files", "smtpd_tls_cert_file", "smtpd_tls_key_file"};

	if (!setup->others || setting->needed)
		return true;
	if (!setup->limits)
		return false;
	for (size_t i = 0; i < sizeof(certificate) / sizeof(certificate[0]); i++) {
		if (strcmp(setting->name, certificate[i]) == 0)
			return !setup->certificate;
	}
	return strcmp(setting->name, "smtpd_relay_restrictions") != 0 ||
	       !has_own_relay_rules(setup);
}

/* list_now - a list as it is, without items that we have added but do not want any more */
static enum hd_error
list_now(struct hd_setup *setup, const struct hd_postfix_setting *setting, char **list)
{
	const struct hd_setup_parameter *known = hd_setup_state_find(&setup->state, setting->name);
	const char *set = hd_postconf_set(&setup->postconf, setting->name);
	enum hd_error error = HD_NONE;

	/* A default that comes to nothing, such as $virtual_maps, need not be kept. */
	if (set == NULL) {
		set = hd_postconf_get(&setup->postconf, setting->name);
		if (hd_postconf_expanded(&setup->postconf, setting->name)[0] == '\0')
			set = "";
	}
	if (known != NULL && known->items != NULL &&
	    !hd_postfix_same_value(known->items, setting->value))
		error = hd_postfix_list_remove(set, known->items, list);
	if (error == HD_NONE)
		error = (*list = strdup(set)) == NULL ? HD_NO_MEMORY : HD_OK;
	return error;
}

/*
 * has_value - whether a parameter has it already, as it is written or by reference
 *
 * What depends on "stress" is another value whenever Postfix is under it.
 */
static bool
has_value(const struct hd_setup *setup, const struct hd_postfix_setting *setting)
{
	const char *written = hd_postconf_get(&setup->postconf, setting->name);

	return hd_postfix_same_value(written, setting->value) ||
	       (strstr(written, "stress") == NULL &&
		   hd_postfix_same_value(
		       hd_postconf_expanded(&setup->postconf, setting->name), setting->value));
}

/* wanted_value - HD_EXISTS: it is so already; otherwise *value is the caller's to free */
static enum hd_error
wanted_value(struct hd_setup *setup, const struct hd_postfix_setting *setting, char **value)
{
	char *list;
	enum hd_error error;

	if (!setting->added) {
		if (has_value(setup, setting))
			return HD_EXISTS;
		*value = strdup(setting->value);
		return *value == NULL ? HD_NO_MEMORY : HD_OK;
	}
	error = list_now(setup, setting, &list);
	if (error != HD_OK)
		return error;
	error = hd_postfix_list_add(list, setting->value, value);
	free(list);
	return error;
}

static enum hd_error
make_plan(struct hd_setup *setup, struct hd_setup_plan *plan)
{
	enum hd_error error = HD_OK;
	char *value;

	for (size_t i = 0; i < setup->settings.count; i++) {
		const struct hd_postfix_setting *setting = &setup->settings.rows[i];

		if (!is_wanted(setup, setting))
			continue;
		error = wanted_value(setup, setting, &value);
		if (error == HD_EXISTS)
			continue;
		if (error != HD_OK)
			return no_memory("Postfix's settings");
		plan->rows[plan->count].name = setting->name;
		plan->rows[plan->count++].value = value;
	}
	return HD_OK;
}

static void
print_rest(struct hd_setup *setup)
{
	bool title = false;

	for (size_t i = 0; i < setup->settings.count; i++) {
		const struct hd_postfix_setting *setting = &setup->settings.rows[i];
		const char *value = hd_postconf_get(&setup->postconf, setting->name);

		if (is_wanted(setup, setting) || hd_postfix_setting_holds(setting, value))
			continue;
		if (!title)
			hd_setup_note(
			    setup, setup->limits
				       ? "left as others need it:"
				       : "not set, as others are served (--limits sets what they "
					 "can do with; \"havedane postfix\" explains each):");
		title = true;
		hd_setup_note(setup, "  %s = %s", setting->name, setting->value);
	}
}

/* --- main.cf */

/* back_up - main.cf as it was before the first change of ours */
static enum hd_error
back_up(struct hd_setup *setup)
{
	char path[HD_PATH_SIZE + sizeof(HD_SETUP_BACKUP)], *bytes;
	struct hd_setup_owner owner;
	struct stat status;
	size_t size;
	enum hd_error error;

	(void)snprintf(path, sizeof(path), "%s" HD_SETUP_BACKUP, setup->main_cf);
	if (setup->state.count > 0 && stat(path, &status) == 0)
		return HD_OK;
	if (stat(setup->main_cf, &status) != 0)
		return HD_CONFIG;
	owner = (struct hd_setup_owner){status.st_mode & 07777, status.st_uid, status.st_gid};
	error = hd_setup_read(setup->main_cf, &bytes, &size);
	if (error != HD_OK)
		return error == HD_NONE ? HD_CONFIG : error;
	error = hd_setup_file(setup, path, bytes, size, &owner);
	free(bytes);
	return error;
}

/* remember - in the state file, before anything is changed */
static enum hd_error
remember(struct hd_setup *setup, const struct hd_setup_plan *plan)
{
	enum hd_error error = HD_OK;

	for (size_t i = 0; error == HD_OK && i < plan->count; i++) {
		const char *name = plan->rows[i].name;
		const struct hd_postfix_setting *setting =
		    hd_postfix_settings_find(&setup->settings, name);
		const struct hd_setup_parameter *known = hd_setup_state_find(&setup->state, name);
		const char *set = hd_postconf_set(&setup->postconf, name);
		bool still_ours =
		    known != NULL && set != NULL && hd_postfix_same_value(set, known->ours);
		struct hd_setup_parameter parameter = {
		    .name = setting->name,
		    .former = still_ours ? known->former : NULL,
		    .ours = plan->rows[i].value,
		    .items = setting->added ? setting->value : NULL,
		};
		char *copy = NULL;

		if (!still_ours && set != NULL) {
			copy = strdup(set);
			if (copy == NULL)
				return no_memory(name);
			parameter.former = copy;
		}
		error = hd_setup_state_put(&setup->state, &parameter);
		free(copy);
	}
	return error;
}

enum hd_error
hd_setup_postfix(struct hd_setup *setup)
{
	struct hd_setup_plan plan = {.count = 0};
	enum hd_error error = make_plan(setup, &plan);

	if (error == HD_OK && plan.count > 0)
		error = back_up(setup);
	if (error == HD_OK && plan.count > 0 && !setup->dry_run) {
		error = remember(setup, &plan);
		if (error == HD_OK)
			error = hd_setup_state_save(&setup->state);
	}
	if (error == HD_OK)
		error = hd_setup_plan_edit(setup, &plan);
	if (error == HD_OK && setup->others)
		print_rest(setup);
	hd_setup_plan_clear(&plan);
	return error;
}
