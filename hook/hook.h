/*
 * hook - record one delivery: the program that Postfix pipes each message to
 *
 * The contract with Postfix (local(8)): the message on standard input, the
 * envelope in the environment, nothing on standard output or error. Exit status
 * 0: recorded, or not ours to record. 75 (EX_TEMPFAIL): trouble of our own,
 * Postfix keeps the message and tries again. Nothing else: any other status
 * would bounce.
 */
#ifndef HD_HOOK_H
#define HD_HOOK_H

#include "config.h"

/* What the envelope says; strings are borrowed, NULL when not set. */
struct hd_envelope {
	const char *original_recipient;
	const char *recipient;
	const char *client_address;
	const char *client_helo;
};

/*
 * hd_hook_run - record the message on descriptor input
 *
 * Reads at most its first HD_HEADER_MAX bytes. Returns 0 or 75, see above.
 */
int hd_hook_run(const struct hd_config *config, const struct hd_envelope *envelope, int input);

/* hd_hook_main - the whole program: arguments, environment, configuration, deadline */
int hd_hook_main(int argc, char *const argv[]);

#endif
