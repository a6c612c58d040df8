#include "notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "log.h"

enum { SEND_TIMEOUT = 2 }; /* seconds; its queue is full only while it is in trouble itself */

/* set_address - where NOTIFY_SOCKET points to: a path, or "@" and an abstract name */
static bool
set_address(struct hd_notify *notify, const char *name)
{
	const size_t length = strlen(name);
	struct sockaddr_un *address = &notify->address;

	if ((name[0] != '/' && name[0] != '@') || name[1] == '\0' ||
	    length >= sizeof(address->sun_path))
		return false;
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, name, length);
	if (name[0] == '@')
		address->sun_path[0] = '\0';
	notify->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return true;
}

/* watchdog_interval - half of the time after which silence is taken for death */
static int64_t
watchdog_interval(void)
{
	const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	char own_pid[32], *end;
	intmax_t microseconds;

	(void)snprintf(own_pid, sizeof(own_pid), "%ld", (long)getpid());
	if (text == NULL || (pid != NULL && strcmp(pid, own_pid) != 0))
		return 0;
	errno = 0;
	microseconds = strtoimax(text, &end, 10);
	if (errno != 0 || *end != '\0' || microseconds < 1) {
		hd_warning("WATCHDOG_USEC is \"%s\": the watchdog is not served", text);
		return 0;
	}
	return microseconds >= 4000 ? microseconds / 2000 : 1;
}

void
hd_notify_open(struct hd_notify *notify)
{
	const struct timeval patience = {.tv_sec = SEND_TIMEOUT};
	const char *name = getenv("NOTIFY_SOCKET");

	*notify = (struct hd_notify){.fd = -1};
	if (name != NULL) {
		if (!set_address(notify, name))
			hd_warning("NOTIFY_SOCKET is \"%s\", which is no unix socket", name);
		else if ((notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0 ||
			 setsockopt(
			     notify->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) != 0)
			hd_warning("cannot notify the service manager: %s", strerror(errno));
	}
	if (notify->fd >= 0)
		notify->interval = watchdog_interval();
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
}

void
hd_notify_send(const struct hd_notify *notify, const char *state)
{
	if (notify->fd >= 0 && sendto(notify->fd, state, strlen(state), MSG_NOSIGNAL,
				   (const struct sockaddr *)&notify->address, notify->length) < 0)
		hd_warning("cannot notify the service manager: %s", strerror(errno));
}

void
hd_notify_reloading(const struct hd_notify *notify)
{
	struct timespec now;
	char state[80];

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%" PRIdMAX,
	    (intmax_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	hd_notify_send(notify, state);
}

void
hd_notify_close(struct hd_notify *notify)
{
	if (notify->fd >= 0)
		(void)close(notify->fd);
	notify->fd = -1;
}
