#include "check_log.h"

#include <stdio.h>
#include <string.h>

#include "log.h"

/* A sink has no context; a command is one thread. */
static char kept[HD_CHECK_LOG_SIZE];
static char taken[HD_CHECK_LOG_SIZE];

static void
keep(enum hd_log_level level, const char *message)
{
	const size_t used = strlen(kept);

	if (level != HD_LOG_INFO)
		(void)snprintf(
		    kept + used, sizeof(kept) - used, "%s%s", used == 0 ? "" : "; ", message);
}

void
hd_check_log_start(void)
{
	kept[0] = '\0';
	hd_log_to(keep);
}

const char *
hd_check_log_take(void)
{
	strcpy(taken, kept);
	kept[0] = '\0';
	return taken;
}

void
hd_check_log_stop(void)
{
	hd_log_to_stderr("havedane");
}
