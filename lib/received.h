/*
 * received - evidence of TLS from the Received: line of our own Postfix
 *
 * That line is the topmost one of a message; those below are the sender's
 * words and are never looked at. A line that is not of the form which
 * smtpd(8) writes proves nothing: its transport is unknown.
 */
#ifndef HD_RECEIVED_H
#define HD_RECEIVED_H

#include <stddef.h>

#include "store.h"

/* Our Postfix's lines are the first in the message: more is never needed. */
enum { HD_HEADER_MAX = 16 * 1024 };

enum { HD_QUEUE_ID_SIZE = 32 }; /* Postfix's have up to 20 characters or so */

/*
 * hd_received_parse - transport, TLS protocol and cipher, HELO, queue id of a message
 *
 * message: its first length bytes (all of it, or HD_HEADER_MAX), any content,
 * not NUL-terminated; an mbox "From " line may come first. Sets transport,
 * tls_protocol, tls_cipher and client_helo of *evidence ("" where the line
 * does not tell), and leaves client_address alone. queue_id: letters and digits,
 * "" where the line does not tell.
 */
void hd_received_parse(const char *message, size_t length, struct hd_evidence *evidence,
    char queue_id[HD_QUEUE_ID_SIZE]);

/* hd_printable - copy at most size - 1 bytes; what is not printable ASCII becomes '?' */
void hd_printable(char *to, size_t size, const char *from, size_t length);

#endif
