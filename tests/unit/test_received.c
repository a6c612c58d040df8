/* Evidence comes from the line that our own Postfix wrote, or there is none. */
#include "received.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

enum { NO = HD_TRANSPORT_UNKNOWN, CLEAR = HD_TRANSPORT_CLEAR, TLS = HD_TRANSPORT_TLS };

/* What local(8) and our Postfix put above the sender's words. */
#define ENVELOPE                                              \
	"From tester@sender.test  Mon Nov 23 15:15:20 2026\n" \
	"Return-Path: <tester@sender.test>\n"                 \
	"X-Original-To: alias@do.havedane.test\n"             \
	"Delivered-To: dohavedanetest@havedane.test\n"
#define BY     "\tby havedane.test (Postfix) with "
#define ID     " id A7926128461\n"
#define FOR    "\tfor <alias@do.havedane.test>; Mon, 23 Nov 2026 15:15:20 +0000 (UTC)\n"
#define CLIENT "submit.local (postfix-none.sender.test [192.0.2.24])\n"
#define TLS_13 "TLSv1.3", "TLS_AES_256_GCM_SHA384"
#define FORGED_TLS                                              \
	"Received: from forged (forged [192.0.2.66])\n"         \
	"\t(using TLSv1.3 with cipher FORGED (256/256 bits))\n" \
	"\tby havedane.test (Postfix) with ESMTPS id FORGED; Mon\n"
#define FORGED_CLEAR                                    \
	"Received: from forged (forged [192.0.2.66])\n" \
	"\tby havedane.test (Postfix) with ESMTP id FORGED; Mon\n"

struct row {
	const char *claim;
	const char *message;
	int transport;
	const char *protocol;
	const char *cipher;
	const char *helo;
};

static void
check_row(const struct row *row, const char *message, size_t length)
{
	/* Both in blocks of their own, so that ASan sees a byte too far. */
	char *copy = exact_copy(message, length);
	struct hd_evidence *evidence = malloc(sizeof(*evidence));
	char queue_id[HD_QUEUE_ID_SIZE];

	assert_non_null(evidence);
	memset(evidence, 'x', sizeof(*evidence));
	strcpy(evidence->client_address, "192.0.2.99");
	hd_received_parse(copy, length, evidence, queue_id);
	free(copy);
	check_int(row->claim, (int)evidence->transport, row->transport);
	check_text(row->claim, evidence->tls_protocol, row->protocol);
	check_text(row->claim, evidence->tls_cipher, row->cipher);
	check_text(row->claim, evidence->client_helo, row->helo);
	if (row->transport == NO)
		check_text("unknown: no queue id", queue_id, "");
	check_text("the client's address is left alone", evidence->client_address, "192.0.2.99");
	free(evidence);
}

static void
check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_row(&rows[i], rows[i].message, strlen(rows[i].message));
}

static const struct row postfix_lines[] = {
    {"plaintext", ENVELOPE "Received: from " CLIENT BY "ESMTP" ID FOR "\nbody\n", CLEAR, "", "",
	"submit.local"},
    {"TLS 1.3, over several lines",
	ENVELOPE
	"Received: from postfix-dane.sender.test (unknown [IPv6:2001:db8:25::21])\n"
	"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\n"
	"\t key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)\n"
	"\t(No client certificate requested)\n" BY "ESMTPS" ID FOR "\n",
	TLS, TLS_13, "postfix-dane.sender.test"},
    {"TLS 1.2, in one line",
	ENVELOPE "Received: from postfix-may.sender.test (postfix-may.sender.test [192.0.2.22])\n"
		 "\t(using TLSv1.2 with cipher ADH-AES256-GCM-SHA384 (256/256 bits))\n"
		 "\t(No client certificate requested)\n" BY "ESMTPS" ID FOR "\n",
	TLS, "TLSv1.2", "ADH-AES256-GCM-SHA384", "postfix-may.sender.test"},
    {"several recipients: no for",
	ENVELOPE "Received: from " CLIENT BY
		 "ESMTP id 2A770128466;\n\tMon, 23 Nov 2026 15:15:20 +0000 (UTC)\n\n",
	CLEAR, "", "", "submit.local"},
    {"smtpd_tls_received_header = no: TLS, no details", "Received: from " CLIENT BY "ESMTPS" ID FOR,
	TLS, "", "", "submit.local"},
    {"with a client certificate",
	"Received: from " CLIENT "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384"
	" (256/256 bits))\n\t(Client CN \"a (b) c\", Issuer \"CA (not verified)\" (not "
	"verified))\n" BY "ESMTPS" ID,
	TLS, TLS_13, "submit.local"},
    {"authenticated, over TLS",
	"Received: from " CLIENT "\t(Authenticated sender: tester)\n" BY "ESMTPSA" ID, TLS, "", "",
	"submit.local"},
    {"authenticated, in the clear", "Received: from " CLIENT BY "ESMTPA" ID, CLEAR, "", "",
	"submit.local"},
    {"HELO, no EHLO", "Received: from " CLIENT BY "SMTP" ID, CLEAR, "", "", "submit.local"},
    {"TLS after HELO", "Received: from " CLIENT BY "SMTPS" ID, TLS, "", "", "submit.local"},
    {"internationalised, in the clear", "Received: from " CLIENT BY "UTF8SMTP" ID, CLEAR, "", "",
	"submit.local"},
    {"internationalised, over TLS", "Received: from " CLIENT BY "UTF8SMTPS" ID, TLS, "", "",
	"submit.local"},
    {"the same, authenticated", "Received: from " CLIENT BY "UTF8SMTPSA" ID, TLS, "", "",
	"submit.local"},
    {"no reverse name", "Received: from mail (unknown [192.0.2.24])\n" BY "ESMTP" ID, CLEAR, "", "",
	"mail"},
    {"the client says unknown, too",
	"Received: from unknown (unknown [192.0.2.24])\n" BY "ESMTP" ID, CLEAR, "", "", "unknown"},
    {"HELO is an address", "Received: from [127.0.0.1] (unknown [192.0.2.24])\n" BY "ESMTP" ID,
	CLEAR, "", "", "[127.0.0.1]"},
    {"mail_name with a comment",
	"Received: from " CLIENT "\tby havedane.test (Postfix (Debian/GNU)) with ESMTPS" ID, TLS,
	"", "", "submit.local"},
    {"lines end with CR LF",
	"Return-Path: <>\r\nReceived: from mail (unknown [192.0.2.24])\r\n"
	"\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))\r\n"
	"\tby havedane.test (Postfix) with ESMTPS id A;\r\n\tMon\r\n\r\nbody",
	TLS, TLS_13, "mail"},
    {"in one line", "Received: from mail (unknown [192.0.2.24]) by h (Postfix) with ESMTP id A\n",
	CLEAR, "", "", "mail"},
    {"the name of the field in another letter case",
	"RECEIVED: from mail (unknown [192.0.2.24])\n" BY "ESMTP" ID, CLEAR, "", "", "mail"},
    {"no blank behind the colon", "Received:from mail (unknown [192.0.2.24])\n" BY "ESMTP" ID,
	CLEAR, "", "", "mail"},
    {"8-bit bytes above and below do not matter",
	"X-Original-To: \xff\xfe@do\nReceived: from " CLIENT BY "ESMTP" ID "Subject: \xe4\n\n\xf6",
	CLEAR, "", "", "submit.local"},
};

static void
lines_of_postfix_are_understood(void **state)
{
	(void)state;
	check_rows(postfix_lines, COUNT_OF(postfix_lines));
}

static const struct row forgeries[] = {
    {"TLS below our clear line", "Received: from " CLIENT BY "ESMTP" ID FORGED_TLS "\n", CLEAR, "",
	"", "submit.local"},
    {"clear below our TLS line", "Received: from " CLIENT BY "ESMTPS" ID FORGED_CLEAR "\n", TLS, "",
	"", "submit.local"},
    {"below a line that is not of the form", "Received: by mail id A\n" FORGED_CLEAR "\n", NO, "",
	"", ""},
    {"TLS below a line that is not of the form", "Received: nonsense\n" FORGED_TLS "\n", NO, "", "",
	""},
    {"below an empty line", "Received:\n" FORGED_TLS "\n", NO, "", "", ""},
    {"in the body", "Subject: x\n\n" FORGED_TLS "\n", NO, "", "", ""},
    {"in the body, with CR LF", "Subject: x\r\n\r\n" FORGED_TLS "\r\n", NO, "", "", ""},
    {"in a folded line of another field",
	"Subject: x\n Received: from a (b [1.2.3.4]) by h (Postfix) with ESMTPS id A\n\n", NO, "",
	"", ""},
    {"in another field whose name begins so", "Received-X: a\n\n", NO, "", "", ""},
    {"whose name ends so", "X-Received: from a (b [1.2.3.4]) by h (Postfix) with ESMTPS id A\n\n",
	NO, "", "", ""},
    {"TLS details in HELO do not make TLS",
	"Received: from (using?TLSv1.3 (unknown [192.0.2.24])\n" BY "ESMTP" ID, NO, "", "", ""},
    {"TLS details without a TLS protocol",
	"Received: from " CLIENT "\t(using TLSv1.3 with cipher X (256/256 bits))\n" BY "ESMTP" ID,
	NO, "", "", ""},
    {"TLS details behind the protocol",
	"Received: from " CLIENT BY "ESMTP id A (using TLSv1.3 with cipher X (256/256 bits))\n",
	CLEAR, "", "", "submit.local"},
};

static void
forged_lines_are_never_used(void **state)
{
	(void)state;
	check_rows(forgeries, COUNT_OF(forgeries));
}

static const struct row other_forms[] = {
    {"an empty message", "", NO, "", "", ""},
    {"one newline", "\n", NO, "", "", ""},
    {"no newline", "Received: from a (b [1.2.3.4]) by h (Postfix) with ESMTP id A", NO, "", "", ""},
    {"the name of the field alone", "Received", NO, "", "", ""},
    {"the name and a newline", "Received\n", NO, "", "", ""},
    {"only the mbox line", "From a  Mon\n", NO, "", "", ""},
    {"submitted locally",
	ENVELOPE "Received: by havedane.test (Postfix, from userid 0)\n\tid 1A2B3C; Mon\n\n", NO,
	"", "", ""},
    {"a blank before the colon", "Received : from " CLIENT BY "ESMTP" ID, NO, "", "", ""},
    {"Exim's line",
	"Received: from [192.0.2.1] (helo=mail)\n\tby h with esmtps (TLS1.3) tls X\n\tid 1a\n", NO,
	"", "", ""},
    {"sendmail's line cannot be told from ours: its form is the same",
	"Received: from mail (mail [192.0.2.1])\n\tby h (8.17/8.17) with ESMTPS id x\n"
	"\t(version=TLSv1.3 cipher=X bits=256 verify=NO);\n",
	TLS, "", "", "mail"},
    {"qmail's line", "Received: from unknown (HELO mail) (192.0.2.1)\n  by h with SMTP; Mon\n", NO,
	"", "", ""},
    {"LMTP", "Received: from " CLIENT BY "LMTP" ID, NO, "", "", ""},
    {"a protocol with more behind it", "Received: from " CLIENT BY "ESMTPX" ID, NO, "", "", ""},
    {"lower case", "Received: from " CLIENT BY "esmtps" ID, NO, "", "", ""},
    {"no id", "Received: from " CLIENT BY "ESMTPS\n", NO, "", "", ""},
    {"no by", "Received: from " CLIENT "\twith ESMTPS" ID, NO, "", "", ""},
    {"no mail name", "Received: from " CLIENT "\tby havedane.test with ESMTPS" ID, NO, "", "", ""},
    {"no client", "Received: from submit.local\n" BY "ESMTPS" ID, NO, "", "", ""},
    {"no HELO", "Received: from (unknown [192.0.2.1])\n" BY "ESMTPS" ID, NO, "", "", ""},
    {"from alone", "Received: from\n", NO, "", "", ""},
    {"from and a blank", "Received: from \n", NO, "", "", ""},
    {"a parenthesis that nobody closes",
	"Received: from mail (unknown [192.0.2.1]\n" BY "ESMTPS" ID, NO, "", "", ""},
    {"one closed too much", "Received: from mail (unknown [192.0.2.1]))\n" BY "ESMTPS" ID, NO, "",
	"", ""},
    {"TLS details that nobody closes",
	"Received: from " CLIENT "\t(using TLSv1.3 with cipher X (256/256 bits)\n" BY "ESMTPS" ID,
	NO, "", "", ""},
    {"TLS details without a cipher", "Received: from " CLIENT "\t(using TLSv1.3)\n" BY "ESMTPS" ID,
	NO, "", "", ""},
    {"TLS details without a protocol",
	"Received: from " CLIENT "\t(using  with cipher X)\n" BY "ESMTPS" ID, NO, "", "", ""},
    {"TLS details that end at once", "Received: from " CLIENT "\t(using ", NO, "", "", ""},
    {"a protocol too long to keep",
	"Received: from " CLIENT
	"\t(using TLSv1.3xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx with cipher X)\n" BY "ESMTPS" ID,
	NO, "", "", ""},
    {"an empty line in the middle", "Received: from mail (unknown [192.0.2.1])\n\n" BY "ESMTPS" ID,
	NO, "", "", ""},
    {"not folded", "Received: from mail (unknown [192.0.2.1])\nby h (Postfix) with ESMTPS id A\n",
	NO, "", "", ""},
};

static void
other_forms_prove_nothing(void **state)
{
	(void)state;
	check_rows(other_forms, COUNT_OF(other_forms));
}

/* What stands behind "id "; a client has no say in it, but the bounds are held all the same. */
static const struct {
	const char *claim;
	const char *line;
	const char *queue_id;
} ids[] = {
    {"a blank behind it", BY "ESMTP id 7F9F412845A\n" FOR, "7F9F412845A"},
    {"a semicolon behind it", BY "ESMTPS id 2A770128466;\n\tMon\n", "2A770128466"},
    {"the end behind it", BY "ESMTP id A\n", "A"},
    {"a long one (enable_long_queue_ids)", BY "ESMTP id 4gZxQm1Zpzz2Y9fHk;\n\tMon\n",
	"4gZxQm1Zpzz2Y9fHk"},
    {"as many characters as are kept", BY "ESMTP id 1234567890123456789012345678901\n",
	"1234567890123456789012345678901"},
    {"one more", BY "ESMTP id 12345678901234567890123456789012\n", ""},
    {"none", BY "ESMTP id \n\tMon\n", ""},
    {"other characters", BY "ESMTP id \"$(id)\"\n", ""},
    {"other characters behind it", BY "ESMTP id A1=x\n", "A1"},
};

static void
queue_ids_are_letters_and_digits(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(ids); i++) {
		struct hd_evidence evidence = {.transport = HD_TRANSPORT_UNKNOWN};
		char message[512], queue_id[HD_QUEUE_ID_SIZE];

		(void)snprintf(
		    message, sizeof(message), "Received: from " CLIENT "%s\nbody\n", ids[i].line);
		hd_received_parse(message, strlen(message), &evidence, queue_id);
		check_text(ids[i].claim, queue_id, ids[i].queue_id);
		check_true("the rest is as good", evidence.transport != HD_TRANSPORT_UNKNOWN);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    UNIT_TEST(lines_of_postfix_are_understood),
	    UNIT_TEST(forged_lines_are_never_used),
	    UNIT_TEST(other_forms_prove_nothing),
	    UNIT_TEST(queue_ids_are_letters_and_digits),
	};

	return RUN_TESTS(tests);
}
