/*
 * check_log - what the library logs, caught to become a message of a point
 */
#ifndef HD_CHECK_LOG_H
#define HD_CHECK_LOG_H

enum { HD_CHECK_LOG_SIZE = 512 };

/* hd_check_log_start - from now on nothing is printed, and all errors and warnings are kept */
void hd_check_log_start(void);

/*
 * hd_check_log_take - what has been logged since the last time, joined with "; "
 *
 * Never NULL, "" for nothing; valid until the next call.
 */
const char *hd_check_log_take(void);

/* hd_check_log_stop - log to stderr again */
void hd_check_log_stop(void);

#endif
