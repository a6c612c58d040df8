/*
 * program - run another program, without a shell, and see what it says
 *
 * It gets a clean environment (PATH, LC_ALL=C, and what the caller adds), the
 * root folder as its working directory, a process group of its own, no
 * descriptors of ours, and an input that ends.
 */
#ifndef HD_PROGRAM_H
#define HD_PROGRAM_H

#include <stddef.h>
#include <sys/types.h>

#include "error.h"

#define HD_PROGRAM_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

enum {
	HD_PROGRAM_OUTPUT_MAX = 1024 * 1024, /* bytes of standard output; more is an error */
	HD_PROGRAM_ERRORS_SIZE = 4096,       /* of standard error; the rest is dropped */
	HD_PROGRAM_TIMEOUT = 60 * 1000 /* milliseconds; for callers without a reason of their own */
};

struct hd_program_user {
	uid_t uid;
	gid_t gid; /* and no other group, as Postfix does it */
};

struct hd_program {
	const char *const *argv; /* NULL ends it; without a slash, argv[0] is looked for in PATH */
	const char *const *environment; /* "NAME=VALUE", NULL ends it; NULL: nothing to add */
	const char *input;              /* its standard input; NULL: none */
	size_t input_size;
	const struct hd_program_user *user; /* whom to run it as; NULL: as ourselves */
	int timeout; /* milliseconds until it is killed, its process group too */
};

struct hd_program_result {
	int status;   /* its exit status; 128 and the signal's number when one ended it */
	char *output; /* what it wrote to standard output, and a final NUL */
	size_t output_size;
	char errors[HD_PROGRAM_ERRORS_SIZE]; /* the beginning of its standard error, as a text */
};

/*
 * hd_program_run - run a program to its end
 *
 * HD_OK: it ended, whatever with; *result is the caller's to clear. What it
 * left running in the background may still hold its output: that is not
 * waited for. HD_NONE: there is no such program (not logged). HD_IO: it could
 * not be started, took too long or said too much (logged); it is dead.
 * HD_NO_MEMORY (logged). In all cases but HD_OK *result holds nothing.
 */
enum hd_error hd_program_run(const struct hd_program *program, struct hd_program_result *result);

/* hd_program_log - log what a program wrote to standard error (if nothing: its output), as errors */
void hd_program_log(const struct hd_program *program, const struct hd_program_result *result);

/* hd_program_result_clear - release what it holds */
void hd_program_result_clear(struct hd_program_result *result);

#endif
