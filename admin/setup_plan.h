/*
 * setup_plan - the changes of main.cf in one run, made by postconf(1)
 */
#ifndef HD_SETUP_PLAN_H
#define HD_SETUP_PLAN_H

#include "setup.h"

/* The parameters to set, or to take out of main.cf (no value). */
struct hd_setup_plan {
	struct {
		const char *name; /* borrowed */
		char *value;      /* allocated; NULL: take it out */
	} rows[HD_POSTFIX_SETTINGS_MAX];
	size_t count;
};

/* hd_setup_plan_clear - release what it holds */
void hd_setup_plan_clear(struct hd_setup_plan *plan);

/*
 * hd_setup_plan_edit - change main.cf so, and tell of each parameter
 *
 * Postfix's own tool writes main.cf beside the old one and renames it. HD_CONFIG: it failed. HD_IO,
 * HD_NO_MEMORY (all logged).
 */
enum hd_error hd_setup_plan_edit(struct hd_setup *setup, const struct hd_setup_plan *plan);

#endif
