#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

__attribute__((format(printf, 3, 4))) static enum hd_wire_result
failed(struct hd_wire *wire, enum hd_wire_result result, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(wire->reason, sizeof(wire->reason), format, args);
	va_end(args);
	return result;
}

static enum hd_wire_result
failed_with(struct hd_wire *wire, int error)
{
	switch (error) {
	case ECONNREFUSED:
	case ENOENT:
		return failed(wire, HD_WIRE_REFUSED, "%s", strerror(error));
	case ETIMEDOUT:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
		return failed(wire, HD_WIRE_UNREACHABLE, "%s", strerror(error));
	case ECONNRESET:
	case EPIPE:
		return failed(wire, HD_WIRE_CLOSED, "%s", strerror(error));
	default:
		return failed(wire, HD_WIRE_FAILED, "%s", strerror(error));
	}
}

/* wait_for - until the socket is ready for these events; HD_WIRE_TIMEOUT */
static enum hd_wire_result
wait_for(struct hd_wire *wire, short events)
{
	struct pollfd ready = {.fd = wire->fd, .events = events};

	for (;;) {
		const int64_t left = wire->deadline - hd_time_monotonic();
		int count = left <= 0 ? 0 : poll(&ready, 1, (int)left);

		if (count > 0)
			return HD_WIRE_OK;
		if (count == 0)
			return failed(wire, HD_WIRE_TIMEOUT, "no answer in time");
		if (errno != EINTR)
			return failed_with(wire, errno);
	}
}

static enum hd_wire_result
finish_connecting(struct hd_wire *wire)
{
	enum hd_wire_result result = wait_for(wire, POLLOUT);
	socklen_t size = sizeof(int);
	int error = 0;

	if (result == HD_WIRE_TIMEOUT)
		return failed(wire, HD_WIRE_UNREACHABLE, "connection timed out");
	if (result == HD_WIRE_OK && getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
		error = errno;
	return error == 0 ? result : failed_with(wire, error);
}

enum hd_wire_result
hd_wire_open(struct hd_wire *wire, const struct sockaddr *address, socklen_t length, int timeout)
{
	*wire = (struct hd_wire){.fd = -1, .deadline = hd_time_monotonic() + timeout};
	wire->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (wire->fd < 0)
		return failed_with(wire, errno);
	if (connect(wire->fd, address, length) == 0)
		return HD_WIRE_OK;
	if (errno != EINPROGRESS)
		return failed_with(wire, errno);
	return finish_connecting(wire);
}

enum hd_wire_result
hd_wire_open_unix(struct hd_wire *wire, const char *path, int timeout)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path)) {
		*wire = (struct hd_wire){.fd = -1};
		return failed(wire, HD_WIRE_FAILED, "the path is too long");
	}
	strcpy(address.sun_path, path);
	return hd_wire_open(wire, (const struct sockaddr *)&address, sizeof(address), timeout);
}

/*
 * retry - after a call of OpenSSL's that returned code: HD_WIRE_OK when it can
 * be made again
 */
static enum hd_wire_result
retry(struct hd_wire *wire, int code)
{
	const int error = errno;
	unsigned long reason;

	switch (SSL_get_error(wire->ssl, code)) {
	case SSL_ERROR_WANT_READ:
		return wait_for(wire, POLLIN);
	case SSL_ERROR_WANT_WRITE:
		return wait_for(wire, POLLOUT);
	case SSL_ERROR_ZERO_RETURN:
		return failed(wire, HD_WIRE_CLOSED, "the other side ends the TLS session");
	case SSL_ERROR_SYSCALL:
		ERR_clear_error();
		if (error == 0)
			return failed(wire, HD_WIRE_CLOSED, "the other side closes the connection");
		return failed_with(wire, error);
	default:
		reason = ERR_get_error();
		ERR_clear_error();
		return failed(wire, HD_WIRE_FAILED, "TLS: %s",
		    reason == 0 ? "no reason given" : ERR_reason_error_string(reason));
	}
}

bool
hd_wire_name(SSL *ssl, const char *host)
{
	char name[TLSEXT_MAXLEN_host_name + 1];

	if (strlen(host) >= sizeof(name))
		return false;
	strcpy(name, host);
	return SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name) == 1;
}

enum hd_wire_result
hd_wire_tls(struct hd_wire *wire, SSL *ssl)
{
	enum hd_wire_result result = HD_WIRE_OK;

	wire->ssl = ssl;
	if (SSL_set_fd(ssl, wire->fd) != 1)
		return failed(wire, HD_WIRE_FAILED, "TLS: out of memory");
	while (result == HD_WIRE_OK) {
		int code;

		errno = 0;
		ERR_clear_error();
		code = SSL_connect(ssl);
		if (code == 1)
			return HD_WIRE_OK;
		result = retry(wire, code);
	}
	return result;
}

/* Each of these moves some bytes, or says how to go on: HD_WIRE_OK with *length 0 is "again". */

static enum hd_wire_result
write_some(struct hd_wire *wire, const char *data, size_t size, size_t *length)
{
	ssize_t sent;

	*length = 0;
	errno = 0;
	if (wire->ssl != NULL) {
		int code = SSL_write_ex(wire->ssl, data, size, length);

		return code == 1 ? HD_WIRE_OK : retry(wire, code);
	}
	sent = send(wire->fd, data, size, MSG_NOSIGNAL);
	if (sent >= 0)
		*length = (size_t)sent;
	else if (errno == EAGAIN || errno == EWOULDBLOCK)
		return wait_for(wire, POLLOUT);
	else if (errno != EINTR)
		return failed_with(wire, errno);
	return HD_WIRE_OK;
}

static enum hd_wire_result
read_some(struct hd_wire *wire, char *data, size_t size, size_t *length)
{
	ssize_t got;

	*length = 0;
	errno = 0;
	if (wire->ssl != NULL) {
		int code = SSL_read_ex(wire->ssl, data, size, length);

		return code == 1 ? HD_WIRE_OK : retry(wire, code);
	}
	got = recv(wire->fd, data, size, 0);
	if (got > 0)
		*length = (size_t)got;
	else if (got == 0)
		return failed(wire, HD_WIRE_CLOSED, "the other side closes the connection");
	else if (errno == EAGAIN || errno == EWOULDBLOCK)
		return wait_for(wire, POLLIN);
	else if (errno != EINTR)
		return failed_with(wire, errno);
	return HD_WIRE_OK;
}

enum hd_wire_result
hd_wire_write(struct hd_wire *wire, const char *data, size_t length)
{
	enum hd_wire_result result = HD_WIRE_OK;

	for (size_t done = 0, some; result == HD_WIRE_OK && done < length; done += some)
		result = write_some(wire, data + done, length - done, &some);
	return result;
}

enum hd_wire_result
hd_wire_read(struct hd_wire *wire, char *data, size_t size, size_t *length)
{
	enum hd_wire_result result;

	do
		result = read_some(wire, data, size, length);
	while (result == HD_WIRE_OK && *length == 0);
	return result;
}

void
hd_wire_close(struct hd_wire *wire)
{
	SSL_free(wire->ssl);
	if (wire->fd >= 0)
		(void)close(wire->fd);
	wire->ssl = NULL;
	wire->fd = -1;
}
