#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

enum { LINE_SIZE = 1024 };

static void stderr_sink(enum hd_log_level level, const char *message);

static hd_log_sink *current_sink = stderr_sink;
static const char *stderr_ident = "havedane";

static void
stderr_sink(enum hd_log_level level, const char *message)
{
	static const char *const prefix[] = {
	    [HD_LOG_ERROR] = "error: ",
	    [HD_LOG_WARNING] = "warning: ",
	    [HD_LOG_INFO] = "",
	};

	/* One call, so that lines of several threads do not mix. */
	(void)fprintf(stderr, "%s: %s%s\n", stderr_ident, prefix[level], message);
}

static void
syslog_sink(enum hd_log_level level, const char *message)
{
	static const int priority[] = {
	    [HD_LOG_ERROR] = LOG_ERR,
	    [HD_LOG_WARNING] = LOG_WARNING,
	    [HD_LOG_INFO] = LOG_INFO,
	};

	syslog(priority[level], "%s", message);
}

void
hd_log_to_stderr(const char *ident)
{
	stderr_ident = ident;
	current_sink = stderr_sink;
}

void
hd_log_to_syslog(const char *ident)
{
	openlog(ident, LOG_PID, LOG_MAIL);
	current_sink = syslog_sink;
}

void
hd_log_to(hd_log_sink *sink)
{
	current_sink = sink;
}

__attribute__((format(printf, 2, 0))) static void
log_line(enum hd_log_level level, const char *format, va_list args)
{
	char line[LINE_SIZE];
	int saved = errno;

	if (vsnprintf(line, sizeof(line), format, args) < 0)
		line[0] = '\0';
	for (char *p = line; *p != '\0'; p++) {
		if (*p < ' ' || *p > '~')
			*p = '?';
	}
	current_sink(level, line);
	errno = saved;
}

/* The three public functions differ in their level only. */
#define DEFINE_LOG_FUNCTION(name, level)       \
	void name(const char *format, ...)     \
	{                                      \
		va_list args;                  \
                                               \
		va_start(args, format);        \
		log_line(level, format, args); \
		va_end(args);                  \
	}

DEFINE_LOG_FUNCTION(hd_error, HD_LOG_ERROR)
DEFINE_LOG_FUNCTION(hd_warning, HD_LOG_WARNING)
DEFINE_LOG_FUNCTION(hd_info, HD_LOG_INFO)
