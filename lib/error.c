#include "error.h"

#include <stddef.h>
#include <sysexits.h>

static const struct {
	const char *text;
	int exit_code;
} errors[HD_ERROR_COUNT] = {
    [HD_OK] = {"ok", EX_OK},
    [HD_NONE] = {"there is none", 1},
    [HD_EXISTS] = {"exists already", EX_CANTCREAT},
    [HD_FULL] = {"a limit is reached", EX_TEMPFAIL},
    [HD_INVALID] = {"not of the right form", EX_USAGE},
    [HD_CONFIG] = {"wrong configuration", EX_CONFIG},
    [HD_BUSY] = {"the store is locked", EX_TEMPFAIL},
    [HD_STORE] = {"the store cannot be used", EX_UNAVAILABLE},
    [HD_SCHEMA] = {"the store is not of this version", EX_UNAVAILABLE},
    [HD_IO] = {"input/output error", EX_IOERR},
    [HD_NO_MEMORY] = {"out of memory", EX_OSERR},
    [HD_CRYPTO] = {"OpenSSL failed", EX_SOFTWARE},
};

const char *
hd_strerror(enum hd_error error)
{
	if ((unsigned)error >= HD_ERROR_COUNT || errors[error].text == NULL)
		return "unknown error";
	return errors[error].text;
}

int
hd_error_exit_code(enum hd_error error)
{
	if ((unsigned)error >= HD_ERROR_COUNT)
		return EX_SOFTWARE;
	return errors[error].exit_code;
}
