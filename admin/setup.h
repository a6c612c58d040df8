/*
 * setup - "havedane setup": puts an installation in place, and takes it away
 *
 * It is a table of steps (setup.c). A step finds out what differs from what is
 * wanted and makes it so by the changes below, each of which, in a dry run, is
 * only told. What is right already is left alone, so that a second run changes
 * nothing, and one after an interruption does the rest.
 */
#ifndef HD_SETUP_H
#define HD_SETUP_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "config.h"
#include "error.h"
#include "postconf.h"
#include "postfix_part.h"
#include "setup_state.h"

#define HD_SETUP_USER       "havedane"
#define HD_SETUP_MAIL_GROUP HD_POSTFIX_GROUP

/* What a change does; setup.c has the words for it. */
enum hd_setup_verb {
	HD_SETUP_MAKE,
	HD_SETUP_WRITE,
	HD_SETUP_SET,
	HD_SETUP_INDEX,
	HD_SETUP_REMOVE,
	HD_SETUP_ENABLE,
	HD_SETUP_DISABLE,
	HD_SETUP_START,
	HD_SETUP_RELOAD,
	HD_SETUP_VERB_COUNT
};

struct hd_setup_undo;

struct hd_setup {
	/* what was asked for */
	const char *conf; /* the configuration's path */
	const char *domain, *ipv4, *ipv6;
	const char *tls_certificate, *tls_key; /* of the site, both or neither */
	bool catch_all, limits, dry_run, purge;
	FILE *out;

	/* what is known */
	bool systemd;    /* it runs here */
	bool user_known; /* havedane is there; in a dry run it need not be */
	uid_t uid;
	gid_t gid;
	struct hd_config config;
	struct hd_postfix_source source;
	struct hd_postconf postconf; /* as it was before this run */
	char main_cf[HD_PATH_SIZE];
	struct hd_postfix_settings settings; /* as we want them */
	bool others;                         /* this Postfix serves others, too */
	bool certificate;                    /* it has one that is not ours */
	unsigned left;                       /* parameters that could not be given back */
	struct hd_setup_state state;

	/* what happens */
	const char *step;      /* its name */
	unsigned step_changes; /* made (or told) by this step */
	unsigned step_notes;
	unsigned changes;
	bool undo_on;
	struct hd_setup_undo *undo; /* newest first */
};

/* A step. HD_OK, or an error that was logged: then files go back, and the command ends. */
typedef enum hd_error hd_setup_step(struct hd_setup *setup);

hd_setup_step hd_setup_config;        /* reads it, or makes one up; changes nothing */
hd_setup_step hd_setup_postfix_check; /* whether we can go on; changes nothing */
hd_setup_step hd_setup_user;
hd_setup_step hd_setup_config_write;
hd_setup_step hd_setup_store;
hd_setup_step hd_setup_certificates;
hd_setup_step hd_setup_sockets;
hd_setup_step hd_setup_maps;
hd_setup_step hd_setup_postfix;
hd_setup_step hd_setup_nginx;
hd_setup_step hd_setup_verify; /* before anything is reloaded; changes nothing */
hd_setup_step hd_setup_service;
hd_setup_step hd_setup_reload;

hd_setup_step hd_setup_remove_config; /* reads it, if it is there */
hd_setup_step hd_setup_remove_queue;  /* what Postfix would bounce; stops, or deletes it */
hd_setup_step hd_setup_remove_service;
hd_setup_step hd_setup_remove_postfix;
hd_setup_step hd_setup_remove_nginx;
hd_setup_step hd_setup_remove_reload;
hd_setup_step hd_setup_remove_maps;
hd_setup_step hd_setup_remove_sockets;
hd_setup_step hd_setup_remove_data; /* only when asked to purge; so is the user */
hd_setup_step hd_setup_remove_user;
hd_setup_step hd_setup_remove_state;

/* hd_setup_web_group - the web server's group, "" when none is known (setup_user.c) */
const char *hd_setup_web_group(void);

/* --- telling (setup.c) */

/* hd_setup_changed - a change was made, or would be in a dry run: prints a line and counts it */
void hd_setup_changed(struct hd_setup *setup, enum hd_setup_verb verb, const char *what, ...)
    __attribute__((format(printf, 3, 4)));

/* hd_setup_note - a line that is no change */
void hd_setup_note(struct hd_setup *setup, const char *what, ...)
    __attribute__((format(printf, 2, 3)));

/* --- changes of files (setup_file.c). All log what fails, with HD_IO or HD_NO_MEMORY. */

struct hd_setup_owner {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Who a file is for: root's, root's with the group havedane, havedane's */
struct hd_setup_owner hd_setup_owner_root(mode_t mode);
struct hd_setup_owner hd_setup_owner_group(const struct hd_setup *setup, mode_t mode);
struct hd_setup_owner hd_setup_owner_ours(const struct hd_setup *setup, mode_t mode);

/* hd_setup_folder - a folder with that owner and mode; its parent must be there */
enum hd_error hd_setup_folder(
    struct hd_setup *setup, const char *path, const struct hd_setup_owner *owner);

/* hd_setup_file - a file with these bytes, owner and mode: written beside it, synced, renamed */
enum hd_error hd_setup_file(struct hd_setup *setup, const char *path, const char *bytes,
    size_t size, const struct hd_setup_owner *owner);

/* hd_setup_link - a symbolic link */
enum hd_error hd_setup_link(struct hd_setup *setup, const char *path, const char *target);

/* hd_setup_delete - a file or a link; one that is not there is fine */
enum hd_error hd_setup_delete(struct hd_setup *setup, const char *path);

/* hd_setup_delete_folder - if nothing is left in it */
enum hd_error hd_setup_delete_folder(struct hd_setup *setup, const char *path);

/* hd_setup_sync_folder - of a path, so that its new name is on the disk; false: errno says why */
bool hd_setup_sync_folder(const char *path);

/*
 * hd_setup_write - the same as hd_setup_file without a word, also in a dry run
 *
 * For what is nobody's setting: the state file.
 */
enum hd_error hd_setup_write(
    const char *path, const char *bytes, size_t size, const struct hd_setup_owner *owner);

/*
 * hd_setup_read - all of a file of somebody's, who may have made a link of it
 *
 * HD_OK: *bytes is the caller's to free, with a NUL behind it. HD_NONE: there
 * is none. HD_IO, HD_NO_MEMORY (logged), also when it is larger than a MiB.
 */
enum hd_error hd_setup_read(const char *path, char **bytes, size_t *size);

/*
 * hd_setup_read_own - the same for a file that setup has made: links are not followed
 *
 * *owner: of what was read, also if a name has changed hands since. HD_CONFIG:
 * it is no file (logged).
 */
enum hd_error hd_setup_read_own(
    const char *path, char **bytes, size_t *size, struct hd_setup_owner *owner);

/*
 * hd_setup_own_descriptor - give what is open to an owner
 *
 * The mode comes last: a change of the owner drops some of its bits. False:
 * errno says why.
 */
bool hd_setup_own_descriptor(int fd, const struct hd_setup_owner *owner);

/* hd_setup_own_folder - the same for the folder at a path, which may not be a link */
bool hd_setup_own_folder(const char *path, const struct hd_setup_owner *owner);

/* --- Postfix */

#define HD_SETUP_BACKUP ".before-havedane" /* behind the name of main.cf */

/* hd_setup_has_others - find out, and tell, whether this Postfix serves others (setup_others.c) */
void hd_setup_has_others(struct hd_setup *setup);

/* hd_setup_postfix_open - learn how Postfix is set up; HD_CONFIG: it is not (logged); HD_IO,
 * HD_NO_MEMORY */
enum hd_error hd_setup_postfix_open(struct hd_setup *setup);

/* hd_setup_master_check - what stands in the way in master.cf, or in main.cf and overrides of it:
 * HD_CONFIG (logged); HD_IO, HD_NO_MEMORY (setup_master.c) */
enum hd_error hd_setup_master_check(struct hd_setup *setup);

/* --- going back (setup_undo.c) */

/* hd_setup_undo_start, hd_setup_undo_stop - in between, what is changed can be put back; in a dry
 * run there is nothing to put back */
void hd_setup_undo_start(struct hd_setup *setup);
void hd_setup_undo_stop(struct hd_setup *setup);

/*
 * hd_setup_undo_remember - what is at a path now, which is about to be changed
 *
 * The first change sets "pending" in the state file.
 */
enum hd_error hd_setup_undo_remember(struct hd_setup *setup, const char *path);

/* hd_setup_undo_all - put back what is remembered, newest first; tells what it does. HD_IO: not all */
enum hd_error hd_setup_undo_all(struct hd_setup *setup);

/* --- programs (setup_run.c) */

/*
 * hd_setup_run - run a program that must succeed; what it says is logged when it does not
 *
 * argv: ends in NULL. HD_CONFIG: it failed. HD_NONE: there is no such program (not logged). HD_IO,
 * HD_NO_MEMORY.
 */
enum hd_error hd_setup_run(const char *const *argv);

/* hd_setup_ask - a program's exit status, -1 if it could not be run; silent */
int hd_setup_ask(const char *const *argv);

/* hd_setup_has - whether there is such a program */
bool hd_setup_has(const char *program);

#endif
