/*
 * setup_state - what "havedane setup" must remember to be able to take it back
 *
 * A file of root's, written before what it tells of is done.
 */
#ifndef HD_SETUP_STATE_H
#define HD_SETUP_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"
#include "postfix_setting.h"

#define HD_SETUP_STATE HD_SYSCONFDIR "/havedane/setup.state"

/* A parameter of Postfix that setup changes. */
struct hd_setup_parameter {
	char *name;
	char *former; /* its value before; NULL: main.cf had none */
	char *ours;   /* its value since */
	char *items;  /* for a list that was added to: what was added; otherwise NULL */
};

struct hd_setup_state {
	bool pending; /* changes are under way: services may not have been reloaded yet */
	struct hd_setup_parameter parameters[HD_POSTFIX_SETTINGS_MAX];
	size_t count;
};

/*
 * hd_setup_state_load - read the file
 *
 * HD_OK: *state is the caller's to clear. HD_NONE: there is no file, *state is
 * empty. HD_CONFIG: it is damaged, or somebody else than root can write to it
 * (logged). HD_IO, HD_NO_MEMORY (logged).
 */
enum hd_error hd_setup_state_load(struct hd_setup_state *state);

/* hd_setup_state_save - write the file, so that it is there whatever happens next; HD_IO,
 * HD_NO_MEMORY (logged) */
enum hd_error hd_setup_state_save(const struct hd_setup_state *state);

/* hd_setup_state_clear - release what it holds */
void hd_setup_state_clear(struct hd_setup_state *state);

/* hd_setup_state_find - NULL: setup has not changed it */
struct hd_setup_parameter *hd_setup_state_find(struct hd_setup_state *state, const char *name);

/*
 * hd_setup_state_put - remember a parameter, in place of what is remembered of that name
 *
 * All texts are copied. HD_NO_MEMORY (logged), also when there are too many.
 */
enum hd_error hd_setup_state_put(
    struct hd_setup_state *state, const struct hd_setup_parameter *parameter);

#endif
