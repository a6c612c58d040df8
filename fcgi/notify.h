/*
 * notify - telling the service manager how we are: sd_notify(3), its protocol
 *
 * Without a service manager that asks for it nothing is told.
 */
#ifndef HD_NOTIFY_H
#define HD_NOTIFY_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct hd_notify {
	int fd; /* -1: nobody wants to hear */
	struct sockaddr_un address;
	socklen_t length;
	int64_t interval; /* milliseconds from ping to ping of the watchdog; 0: no watchdog */
};

/*
 * hd_notify_open - find out whom to tell
 *
 * Takes NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID out of the environment. A
 * value that cannot be used is a warning; then nothing is told.
 */
void hd_notify_open(struct hd_notify *notify);

/* hd_notify_send - "READY=1" and the like; waits for seconds at most, trouble is logged */
void hd_notify_send(const struct hd_notify *notify, const char *state);

/* hd_notify_reloading - "RELOADING=1" with its time stamp; "READY=1" must follow */
void hd_notify_reloading(const struct hd_notify *notify);

/* hd_notify_close - nothing is told any more */
void hd_notify_close(struct hd_notify *notify);

#endif
