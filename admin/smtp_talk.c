#include "smtp_talk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

enum { SMTP_PORT = 25, TALK_TIMEOUT = 15 * 1000, COMMAND_SIZE = 600 };

/* read_reply - its code; 0: none, or what came is no reply */
static int
read_reply(struct hd_smtp_talk *talk)
{
	size_t length = 0, some;
	int code = 0;

	while (code == 0) {
		if (length + 1 == sizeof(talk->reply) ||
		    hd_wire_read(&talk->wire, talk->reply + length,
			sizeof(talk->reply) - 1 - length, &some) != HD_WIRE_OK) {
			(void)snprintf(talk->reply, sizeof(talk->reply), "%s",
			    talk->wire.reason[0] == '\0' ? "too long a reply" : talk->wire.reason);
			return 0;
		}
		length += some;
		talk->reply[length] = '\0';
		code = hd_smtp_reply(talk->reply);
	}
	if (code < 0)
		return 0;
	/* What is shown of it: its first line. */
	talk->reply[strcspn(talk->reply, "\r\n")] = '\0';
	return code;
}

/* say - a command, without its end of line; the reply's code */
static int
say(struct hd_smtp_talk *talk, const char *command)
{
	char line[COMMAND_SIZE];

	(void)snprintf(line, sizeof(line), "%s\r\n", command);
	if (hd_wire_write(&talk->wire, line, strlen(line)) == HD_WIRE_OK)
		return read_reply(talk);
	(void)snprintf(talk->reply, sizeof(talk->reply), "%s", talk->wire.reason);
	return 0;
}

static enum hd_wire_result
connects(struct hd_smtp_talk *talk, const struct hd_ip *ip, int timeout)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(SMTP_PORT)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(SMTP_PORT)};

	v4.sin_addr = ip->address.v4;
	v6.sin6_addr = ip->address.v6;
	if (ip->family == AF_INET6)
		return hd_wire_open(&talk->wire, (const struct sockaddr *)&v6, sizeof(v6), timeout);
	return hd_wire_open(&talk->wire, (const struct sockaddr *)&v4, sizeof(v4), timeout);
}

enum hd_smtp_outcome
hd_smtp_talk_start(struct hd_smtp_talk *talk, const struct hd_ip *ip, int timeout)
{
	char name[256] = "localhost", ehlo[300];
	enum hd_wire_result result = connects(talk, ip, timeout);

	talk->reply[0] = '\0';
	talk->wire.deadline = hd_time_monotonic() + TALK_TIMEOUT;
	if (result != HD_WIRE_OK) {
		(void)snprintf(talk->reply, sizeof(talk->reply), "%s", talk->wire.reason);
		return result == HD_WIRE_REFUSED ? HD_SMTP_REFUSED : HD_SMTP_UNREACHABLE;
	}
	if (gethostname(name, sizeof(name)) != 0 || memchr(name, '\0', sizeof(name)) == NULL)
		strcpy(name, "localhost");
	(void)snprintf(ehlo, sizeof(ehlo), "EHLO %s", name);
	if (read_reply(talk) == 220 && say(talk, ehlo) == 250 && say(talk, "MAIL FROM:<>") == 250)
		return HD_SMTP_TLS;
	return HD_SMTP_UNFRIENDLY;
}

int
hd_smtp_talk_rcpt(struct hd_smtp_talk *talk, const char *recipient)
{
	char command[COMMAND_SIZE - 2];

	(void)snprintf(command, sizeof(command), "RCPT TO:<%s>", recipient);
	return say(talk, command);
}

bool
hd_smtp_talk_is_own(const struct hd_smtp_talk *talk)
{
	struct sockaddr_storage here = {0}, there = {0};
	socklen_t here_length = sizeof(here), there_length = sizeof(there);
	struct sockaddr_in v4[2];
	struct sockaddr_in6 v6[2];

	if (getsockname(talk->wire.fd, (struct sockaddr *)&here, &here_length) != 0 ||
	    getpeername(talk->wire.fd, (struct sockaddr *)&there, &there_length) != 0 ||
	    here.ss_family != there.ss_family)
		return false;
	memcpy(&v4[0], &here, sizeof(v4[0]));
	memcpy(&v4[1], &there, sizeof(v4[1]));
	memcpy(&v6[0], &here, sizeof(v6[0]));
	memcpy(&v6[1], &there, sizeof(v6[1]));
	if (here.ss_family == AF_INET)
		return v4[0].sin_addr.s_addr == v4[1].sin_addr.s_addr;
	return memcmp(&v6[0].sin6_addr, &v6[1].sin6_addr, sizeof(v6[0].sin6_addr)) == 0;
}

void
hd_smtp_talk_end(struct hd_smtp_talk *talk)
{
	if (talk->wire.fd >= 0 && say(talk, "RSET") == 250)
		(void)say(talk, "QUIT");
	hd_wire_close(&talk->wire);
}
