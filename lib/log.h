/*
 * log - one line per event, to stderr or syslog
 *
 * Lines are bounded (the rest is cut), and control characters and bytes that
 * are not ASCII become '?', so that no input can forge or break a line. errno
 * is preserved. Any thread may log; where to is set before there are several.
 */
#ifndef HD_LOG_H
#define HD_LOG_H

enum hd_log_level { HD_LOG_ERROR, HD_LOG_WARNING, HD_LOG_INFO };

/* Where a finished line goes; message has no newline. */
typedef void hd_log_sink(enum hd_log_level level, const char *message);

/* hd_log_to_stderr - log "IDENT: message" to stderr (the default, with ident "havedane"); ident is
 * borrowed for good */
void hd_log_to_stderr(const char *ident);

/* hd_log_to_syslog - log to syslog(3), facility mail; ident is borrowed for good */
void hd_log_to_syslog(const char *ident);

/* hd_log_to - log to a function of the caller's; the tests use it */
void hd_log_to(hd_log_sink *sink);

/* error: we could not do our work; warning: odd, but we go on; info: an event */
void hd_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void hd_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void hd_info(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
