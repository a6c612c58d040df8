/*
 * smtp_talk - ask a mail server whom it takes mail for, as a sender does
 *
 * In the clear, and as far as RCPT: no message is sent.
 */
#ifndef HD_SMTP_TALK_H
#define HD_SMTP_TALK_H

#include "smtp.h"
#include "wire.h"

struct hd_smtp_talk {
	struct hd_wire wire;
	char reply[HD_SMTP_REPLY_SIZE]; /* the last one, or what went wrong instead of it */
};

/*
 * hd_smtp_talk_start - connect, and begin a message that has the null sender
 *
 * timeout: milliseconds for the connection; all that follows has its own.
 * HD_SMTP_TLS: RCPT may come (TLS is not used). HD_SMTP_UNREACHABLE,
 * HD_SMTP_REFUSED: no connection. HD_SMTP_UNFRIENDLY: it says something else;
 * talk->reply. Always fills *talk, for hd_smtp_talk_end.
 */
enum hd_smtp_outcome hd_smtp_talk_start(
    struct hd_smtp_talk *talk, const struct hd_ip *ip, int timeout);

/* hd_smtp_talk_rcpt - ask for a recipient: the reply's code (talk->reply), 0 for none */
int hd_smtp_talk_rcpt(struct hd_smtp_talk *talk, const char *recipient);

/* hd_smtp_talk_is_own - whether the server is on this host: both ends have one address */
bool hd_smtp_talk_is_own(const struct hd_smtp_talk *talk);

/* hd_smtp_talk_end - take it all back, say QUIT, and close */
void hd_smtp_talk_end(struct hd_smtp_talk *talk);

#endif
