#include "setup_plan.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"

void
hd_setup_plan_clear(struct hd_setup_plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		free(plan->rows[i].value);
	plan->count = 0;
}

static enum hd_error
no_memory(void)
{
	hd_error("postconf: %s", hd_strerror(HD_NO_MEMORY));
	return HD_NO_MEMORY;
}

/* edit - one run of postconf: "-e NAME=VALUE..." or "-X NAME..." */
static enum hd_error
edit(const struct hd_setup_plan *plan, const char *option, bool with_value)
{
	char *arguments[HD_POSTFIX_SETTINGS_MAX] = {NULL};
	const char *argv[HD_POSTFIX_SETTINGS_MAX + 3] = {"postconf", option};
	enum hd_error error = HD_OK;
	size_t count = 0;

	for (size_t i = 0; i < plan->count; i++) {
		const char *value = plan->rows[i].value;
		size_t size = strlen(plan->rows[i].name) + (value == NULL ? 0 : strlen(value)) + 2;

		if ((value != NULL) != with_value)
			continue;
		arguments[count] = malloc(size);
		if (arguments[count] == NULL) {
			error = no_memory();
			break;
		}
		(void)snprintf(arguments[count], size, "%s%s%s", plan->rows[i].name,
		    with_value ? "=" : "", with_value ? value : "");
		argv[2 + count] = arguments[count];
		count++;
	}
	if (error == HD_OK && count > 0)
		error = hd_setup_run(argv);
	for (size_t i = 0; i < count; i++)
		free(arguments[i]);
	return error;
}

static void
tell(struct hd_setup *setup, const char *name, const char *value)
{
	const char *former = hd_postconf_set(&setup->postconf, name);

	if (value == NULL)
		hd_setup_changed(setup, HD_SETUP_REMOVE, "%s from main.cf (was: %s)", name,
		    former == NULL ? "" : former);
	else if (former == NULL)
		hd_setup_changed(setup, HD_SETUP_SET, "%s = %s (was not set)", name, value);
	else
		hd_setup_changed(setup, HD_SETUP_SET, "%s = %s (was: %s)", name, value, former);
}

enum hd_error
hd_setup_plan_edit(struct hd_setup *setup, const struct hd_setup_plan *plan)
{
	enum hd_error error = HD_OK;

	if (plan->count > 0 && !setup->dry_run) {
		error = hd_setup_undo_remember(setup, setup->main_cf);
		if (error == HD_OK)
			error = edit(plan, "-e", true);
		if (error == HD_OK)
			error = edit(plan, "-X", false);
	}
	for (size_t i = 0; error == HD_OK && i < plan->count; i++)
		tell(setup, plan->rows[i].name, plan->rows[i].value);
	return error;
}
