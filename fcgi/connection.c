#include "connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "log.h"

static bool
set_timeouts(int fd)
{
	const struct timeval limit = {.tv_sec = HD_CONNECTION_TIMEOUT};

	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0)
		return true;
	hd_error("cannot limit a connection's time: %s", strerror(errno));
	return false;
}

bool
hd_connection_begin(FCGX_Request *request, int fd)
{
	if (!set_timeouts(fd) || FCGX_InitRequest(request, -1, FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
		(void)close(fd);
		return false;
	}
	/*
	 * With a connection in place FCGX_Accept_r does not accept; with
	 * keepConnection it does not close it first. When the request cannot be
	 * read it closes it, and fails to accept another from socket -1.
	 */
	request->ipcFd = fd;
	request->keepConnection = 1;
	if (FCGX_Accept_r(request) != 0) {
		FCGX_Free(request, 1);
		return false;
	}
	return true;
}

void
hd_connection_end(FCGX_Request *request)
{
	int fd;

	/*
	 * One request a connection, whatever the client asked for: an idle one
	 * would hold a thread. libfcgi's own close lingers; this one does not.
	 */
	request->keepConnection = 1;
	FCGX_Finish_r(request);
	fd = request->ipcFd;
	request->ipcFd = -1;
	if (fd >= 0)
		(void)close(fd);
}

/* announced - CONTENT_LENGTH; -1 without one, or when it is no number */
static long
announced(const FCGX_Request *request)
{
	const char *text = FCGX_GetParam("CONTENT_LENGTH", request->envp);
	long length = 0;

	if (text == NULL || *text == '\0')
		return -1;
	for (; *text >= '0' && *text <= '9' && length < 1000000000; text++)
		length = length * 10 + (*text - '0');
	return *text == '\0' ? length : -1;
}

bool
hd_connection_read_body(FCGX_Request *request, long max, bool *too_large)
{
	const long length = announced(request);
	/* Beyond what is allowed, so that nginx can hand over and hear our answer. */
	const long limit = 4 * max;
	char buffer[4096];
	long total = 0;
	int got;

	do {
		got = FCGX_GetStr(buffer, sizeof(buffer), request->in);
		total += got;
	} while (got > 0 && total <= limit);
	*too_large = total > max || length > max;
	return !*too_large && total >= length;
}
