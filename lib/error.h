/*
 * error - the outcomes a library function can have
 *
 * Every function that can fail returns one of these; details (what failed, on
 * what, and what to do) go to the log where the trouble is seen, once.
 * "None" never shares a value with "could not ask".
 */
#ifndef HD_ERROR_H
#define HD_ERROR_H

enum hd_error {
	HD_OK = 0,    /* done, or found */
	HD_NONE,      /* asked, and there is none */
	HD_EXISTS,    /* there already, nothing was changed */
	HD_FULL,      /* a configured limit is reached */
	HD_INVALID,   /* the input is not of the right form */
	HD_CONFIG,    /* the configuration is missing or wrong */
	HD_BUSY,      /* somebody holds the lock; try again */
	HD_STORE,     /* the store is missing, damaged or out of reach */
	HD_SCHEMA,    /* the store is not ours, or of another version */
	HD_IO,        /* a system call failed */
	HD_NO_MEMORY, /* out of memory */
	HD_CRYPTO,    /* OpenSSL failed */
	HD_ERROR_COUNT
};

/*
 * hd_strerror - a short text for an error, lower case, without a full stop
 *
 * Never NULL; static storage. A value outside the enum gives "unknown error".
 */
const char *hd_strerror(enum hd_error error);

/*
 * hd_error_exit_code - the exit status of a command that ended so (sysexits.h)
 *
 * HD_OK is 0 and HD_NONE is 1, as with grep(1). The hook does not use this:
 * its exit codes are a contract of their own.
 */
int hd_error_exit_code(enum hd_error error);

#endif
