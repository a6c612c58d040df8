/* Taking back what setup has made of Postfix. */
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "setup_plan.h"

/* former_value - HD_OK: *value is what to give back, NULL for nothing; HD_EXISTS: it is so already;
 * HD_NONE: it is not ours any more */
static enum hd_error
former_value(const struct hd_setup_parameter *parameter, const char *set, char **value)
{
	enum hd_error error;

	*value = NULL;
	if (set == NULL)
		return parameter->former == NULL ? HD_EXISTS : HD_NONE;
	if (hd_postfix_same_value(set, parameter->ours)) {
		if (parameter->former == NULL)
			return HD_OK;
		*value = strdup(parameter->former);
		return *value == NULL ? HD_NO_MEMORY : HD_OK;
	}
	if (parameter->former != NULL && hd_postfix_same_value(set, parameter->former))
		return HD_EXISTS;
	if (parameter->items == NULL)
		return HD_NONE;
	/* Somebody has added to the list, too: only what is ours goes. */
	error = hd_postfix_list_remove(set, parameter->items, value);
	if (error == HD_OK && (*value)[0] == '\0' && parameter->former == NULL) {
		free(*value);
		*value = NULL;
	}
	return error;
}

static enum hd_error
make_plan(struct hd_setup *setup, struct hd_setup_plan *plan)
{
	for (size_t i = 0; i < setup->state.count; i++) {
		const struct hd_setup_parameter *parameter = &setup->state.parameters[i];
		const char *set = hd_postconf_set(&setup->postconf, parameter->name);
		char *value;
		enum hd_error error = former_value(parameter, set, &value);

		if (error == HD_NO_MEMORY) {
			hd_error("%s: %s", parameter->name, hd_strerror(error));
			return error;
		}
		if (error == HD_OK) {
			plan->rows[plan->count].name = parameter->name;
			plan->rows[plan->count++].value = value;
		} else if (error == HD_NONE) {
			hd_setup_note(setup, "%s stays: it was changed since", parameter->name);
			setup->left++;
		}
	}
	return HD_OK;
}

enum hd_error
hd_setup_remove_postfix(struct hd_setup *setup)
{
	struct hd_setup_plan plan = {.count = 0};
	enum hd_error error = hd_setup_postfix_open(setup);

	if (error != HD_OK) {
		/* What is not there any more need not be given back. */
		if (error != HD_CONFIG)
			return error;
		hd_setup_note(setup, "without a configuration of Postfix there is none to restore");
		return HD_OK;
	}
	error = make_plan(setup, &plan);
	if (error == HD_OK)
		error = hd_setup_plan_edit(setup, &plan);
	hd_setup_plan_clear(&plan);
	return error;
}

enum hd_error
hd_setup_remove_state(struct hd_setup *setup)
{
	char backup[HD_PATH_SIZE + sizeof(HD_SETUP_BACKUP)];
	enum hd_error error = HD_OK;

	(void)snprintf(backup, sizeof(backup), "%s" HD_SETUP_BACKUP, setup->main_cf);
	if (setup->left > 0)
		hd_setup_note(setup, "%s stays, as not all of main.cf could be given back", backup);
	else if (setup->main_cf[0] != '\0')
		error = hd_setup_delete(setup, backup);
	if (error == HD_OK)
		error = hd_setup_delete(setup, HD_SETUP_STATE);
	if (error == HD_OK && setup->purge)
		error = hd_setup_delete_folder(setup, HD_SYSCONFDIR "/havedane");
	return error;
}
