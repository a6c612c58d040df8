#include "report_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "paragraph.h"
#include "received.h"
#include "report_words.h"

enum {
	INDENT = 2,
	VALUE = 13,                                /* the column of a value behind its label */
	TIME_SIZE = HD_TIME_SIZE + sizeof(" UTC"), /* bytes */
	TEXT_SIZE = 1024,                          /* bytes; of any one paragraph */
	APART = 15 * 60 * 1000 /* milliseconds between arrivals that may be of two attempts */
};

static const char *const setups[] = {
    [HD_TLSA_NONE] = "signed zone, no TLSA records",
    [HD_TLSA_RIGHT] = "signed zone, TLSA records that match our certificate",
    [HD_TLSA_WRONG] = "signed zone, a TLSA record that does not match",
};

/* utc - a time as people write it */
static void
utc(int64_t time, char text[TIME_SIZE])
{
	char *zone;

	hd_time_format(time, text);
	zone = strchr(text, 'Z');
	if (zone == NULL) /* a time that cannot be */
		return;
	*strchr(text, 'T') = ' ';
	strcpy(zone, " UTC");
}

static void
put_title(FILE *out, const char *title)
{
	(void)fprintf(out, "\n%s\n", title);
	for (size_t i = strlen(title); i > 0; i--)
		(void)fputc('-', out);
	(void)fputs("\n\n", out);
}

/* put_value - a label and what it is, on a line of their own or more */
static void
put_value(FILE *out, const char *label, const char *value)
{
	char head[VALUE + 1];

	(void)snprintf(head, sizeof(head), "%-*s", VALUE, label);
	hd_paragraph_put(out, head, VALUE, value);
}

static void
put_head(FILE *out, const struct hd_test *test, const struct hd_report *report, const char *domain)
{
	char time[TIME_SIZE];

	hd_paragraph_put(
	    out, "", 0, "HaveDANE: does your mail server verify DANE when it sends mail?");
	(void)fprintf(out, "\n%-*s%s\n", VALUE, "Alias", test->alias);
	utc(test->created, time);
	put_value(out, "Created", time);
	utc(report->expires, time);
	put_value(out, "Expires", time);
	(void)fprintf(out, "%-*s%s/#%s\n", VALUE, "Page", domain, test->alias);
	(void)fprintf(out, "%-*s%s/t/%s\n", VALUE, "This report", domain, test->alias);
	(void)fprintf(out, "%-*s%s%s\n", VALUE, "Verdict", hd_result_name(report->result),
	    report->final ? ", final" : ", so far");
}

/* is_awaited - whether a message is still to be sent; one that was offered has been */
static bool
is_awaited(const struct hd_test *test, const struct hd_report *report, enum hd_probe_id id)
{
	return report->probes[id].outcome == HD_OUTCOME_WAITING && !hd_offered_in_vain(test, id);
}

/* put_addresses - where mail is still to go */
static void
put_addresses(
    FILE *out, const struct hd_test *test, const struct hd_report *report, const char *domain)
{
	bool complaint = false;
	unsigned awaited = 0;

	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		if (is_awaited(test, report, (enum hd_probe_id)i)) {
			awaited++;
			complaint = complaint || !hd_probes[i].expect_delivered;
		}
	}
	if (awaited == 0)
		return;
	put_title(out, awaited == HD_PROBE_COUNT ? "Send one message to all of these addresses"
						 : "Still to arrive, if a message was sent");
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		if (is_awaited(test, report, (enum hd_probe_id)i))
			(void)fprintf(out, "%*s%s@%s.%s\n", INDENT, "", test->alias,
			    hd_probes[i].name, domain);
	}
	(void)fputc('\n', out);
	hd_paragraph_put(out, "", 0,
	    "Send it from the mail server that you want to test. One message to all of them will "
	    "do; subject and text do not matter and are never stored.");
	if (!complaint)
		return;
	(void)fputc('\n', out);
	hd_paragraph_put(out, "", 0,
	    "Expect a complaint about the address at \"wrong\". A server that verifies DANE cannot "
	    "deliver there, and may report the message as delayed or undeliverable over the next "
	    "days. That is the good sign.");
}

/* --- the verdict */

/* put_outlook - how the verdict can still change */
static void
put_outlook(FILE *out, const struct hd_test *test, const struct hd_report *report)
{
	char text[TEXT_SIZE], counts[TIME_SIZE], final[TIME_SIZE];

	(void)fputc('\n', out);
	if (report->result == HD_RESULT_RUNNING && hd_offered_in_vain(test, HD_PROBE_WRONG))
		hd_paragraph_put(out, "", 0,
		    "The verdict stays open until that message arrives. If the server has given "
		    "it up, start a new test.");
	else if (report->final)
		hd_paragraph_put(out, "", 0,
		    "This verdict is final: waiting longer is not expected to change it. A "
		    "message that does come later still counts.");
	else if (!report->arrived)
		hd_paragraph_put(
		    out, "", 0, "Nothing counts as missing before something has arrived.");
	else {
		utc(report->counts_at, counts);
		utc(report->final_at, final);
		(void)snprintf(text, sizeof(text),
		    "What is missing counts as not delivered (refused, if it was sent) from %s; "
		    "final from %s if nothing more arrives%s. This can still change, as servers "
		    "try again after 5 to 15 minutes.",
		    counts, final,
		    report->final_at > report->expires ? ", but the test expires before" : "");
		hd_paragraph_put(out, "", 0, text);
	}
}

/* differ - whether two deliveries are of two servers; one may well have an IPv4 and an IPv6 address */
static bool
differ(const struct hd_evidence *a, const struct hd_evidence *b)
{
	const bool six_a = strchr(a->client_address, ':') != NULL;
	const bool six_b = strchr(b->client_address, ':') != NULL;

	if (a->client_helo[0] != '\0' && b->client_helo[0] != '\0' &&
	    strcasecmp(a->client_helo, b->client_helo) != 0)
		return true;
	return a->client_address[0] != '\0' && b->client_address[0] != '\0' && six_a == six_b &&
	       strcmp(a->client_address, b->client_address) != 0;
}

/* compare - whether deliveries are of several servers, or of several attempts */
static void
compare(const struct hd_test *test, bool *mixed, bool *apart)
{
	*mixed = *apart = false;
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++) {
		for (unsigned j = 0; j < HD_PROBE_COUNT; j++) {
			const struct hd_delivery *a = &test->deliveries[i];
			const struct hd_delivery *b = &test->deliveries[j];

			if (!a->delivered || !b->delivered)
				continue;
			*mixed = *mixed || differ(&a->evidence, &b->evidence);
			*apart = *apart || a->received - b->received >= APART;
		}
	}
}

static void
put_note(FILE *out, bool applies, const char *note)
{
	if (!applies)
		return;
	(void)fputc('\n', out);
	hd_paragraph_put(out, "", 0, note);
}

/* put_reservations - what the verdict is to be taken with */
static void
put_reservations(FILE *out, const struct hd_test *test)
{
	const struct hd_delivery *right = &test->deliveries[HD_PROBE_DO];
	bool mixed, apart;

	compare(test, &mixed, &apart);
	put_note(out, right->delivered && right->evidence.transport == HD_TRANSPORT_UNKNOWN,
	    "Whether the message to \"do\" came over TLS, as DANE demands, is not known.");
	put_note(out, mixed,
	    "The messages came from different servers, see \"From\" below. Each may be set up "
	    "differently, and the verdict mixes them. To test one of them, start a new test and "
	    "send all messages through it.");
	put_note(out, apart,
	    "The messages arrived 15 minutes or more apart. If the server was changed in between, "
	    "the verdict mixes before and after: start a new test.");
}

static void
put_verdict(FILE *out, const struct hd_test *test, const struct hd_report *report)
{
	const struct hd_report_words *words = hd_report_words(test, report);
	const char *so_far = report->final ? "" : " so far";
	const struct {
		const char *label;
		const char *more; /* behind the label */
		const char *text;
	} parts[] = {
	    {"What we observed", so_far, words->observed},
	    {"What that proves", so_far, words->proves},
	    {"What it does not prove", so_far, words->limits},
	    {"What to do", "", words->next},
	};
	char text[TEXT_SIZE];

	put_title(out, "Verdict");
	(void)snprintf(text, sizeof(text), "%s%c%s.", report->final ? "" : "So far: ",
	    report->final ? toupper((unsigned char)words->title[0]) : words->title[0],
	    words->title + 1);
	hd_paragraph_put(out, "", 0, text);
	put_outlook(out, test, report);
	put_reservations(out, test);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		(void)fprintf(out, "\n%s%s:\n", parts[i].label, parts[i].more);
		hd_paragraph_put(out, "  ", INDENT, parts[i].text);
	}
}

/* --- the probes */

/* put_outcome - what came of a probe, and whether a server that verifies DANE does that */
static void
put_outcome(
    FILE *out, const struct hd_test *test, const struct hd_report *report, enum hd_probe_id id)
{
	static const char *const outcomes[] = {
	    [HD_OUTCOME_WAITING] = "waiting",
	    [HD_OUTCOME_DELIVERED] = "delivered",
	    [HD_OUTCOME_NOT_DELIVERED] = "not delivered",
	};
	static const char unlike[] = "which is not what a server that verifies DANE does";
	const char *outcome = outcomes[report->probes[id].outcome];
	const struct hd_delivery *delivery = &test->deliveries[id];
	const bool wants_tls = delivery->delivered && hd_probes[id].tlsa == HD_TLSA_RIGHT;
	char text[TEXT_SIZE], time[TIME_SIZE];

	if (hd_offered_in_vain(test, id)) {
		utc(test->offered[id], time);
		(void)snprintf(text, sizeof(text), "%s: a server offered the message on %s, %s",
		    outcome, time, unlike);
	} else if (wants_tls && delivery->evidence.transport == HD_TRANSPORT_CLEAR)
		(void)snprintf(text, sizeof(text), "%s, but without TLS, %s", outcome, unlike);
	else if (wants_tls && delivery->evidence.transport == HD_TRANSPORT_UNKNOWN)
		(void)snprintf(text, sizeof(text),
		    "%s; whether over TLS, as a server that verifies DANE does, is not known",
		    outcome);
	else if (report->probes[id].pass == HD_PASS_NO)
		(void)snprintf(text, sizeof(text), "%s, %s", outcome, unlike);
	else if (report->probes[id].pass == HD_PASS_YES)
		(void)snprintf(text, sizeof(text),
		    "%s,%s as expected of a server that verifies DANE", outcome,
		    report->final ? "" : " so far");
	else
		(void)snprintf(text, sizeof(text), "%s%s", outcome,
		    report->probes[id].outcome == HD_OUTCOME_WAITING ? "" : " so far");
	put_value(out, "  Outcome", text);
}

static void
put_transport(FILE *out, const struct hd_evidence *evidence)
{
	char protocol[HD_TLS_PROTOCOL_SIZE], cipher[HD_TLS_CIPHER_SIZE], text[TEXT_SIZE];

	hd_printable(
	    protocol, sizeof(protocol), evidence->tls_protocol, strlen(evidence->tls_protocol));
	hd_printable(cipher, sizeof(cipher), evidence->tls_cipher, strlen(evidence->tls_cipher));
	switch (evidence->transport) {
	case HD_TRANSPORT_TLS:
		(void)snprintf(text, sizeof(text), "%s, %s",
		    protocol[0] == '\0' ? "TLS, version unknown" : protocol,
		    cipher[0] == '\0' ? "cipher unknown" : cipher);
		put_value(out, "  Encryption", text);
		break;
	case HD_TRANSPORT_CLEAR:
		put_value(out, "  Encryption", "without TLS");
		break;
	case HD_TRANSPORT_UNKNOWN:
		put_value(out, "  Encryption", "unknown whether TLS was used");
		break;
	}
}

static void
put_client(FILE *out, const struct hd_evidence *evidence)
{
	char address[HD_CLIENT_ADDRESS_SIZE], helo[HD_CLIENT_HELO_SIZE], text[TEXT_SIZE];

	hd_printable(
	    address, sizeof(address), evidence->client_address, strlen(evidence->client_address));
	hd_printable(helo, sizeof(helo), evidence->client_helo, strlen(evidence->client_helo));
	(void)snprintf(text, sizeof(text), "%s (%s)",
	    address[0] == '\0' ? "unknown address" : address,
	    helo[0] == '\0' ? "no name known" : helo);
	put_value(out, "  From", text);
}

static void
put_probe(FILE *out, const struct hd_test *test, const struct hd_report *report,
    enum hd_probe_id id, const char *domain)
{
	const struct hd_delivery *delivery = &test->deliveries[id];
	char time[TIME_SIZE];

	(void)fprintf(
	    out, "%s: %s@%s.%s\n", hd_probes[id].name, test->alias, hd_probes[id].name, domain);
	put_value(out, "  Set-up", setups[hd_probes[id].tlsa]);
	put_value(out, "  Expected",
	    hd_probes[id].expect_delivered ? "a server that verifies DANE delivers"
					   : "a server that verifies DANE does not deliver");
	put_outcome(out, test, report, id);
	if (delivery->delivered) {
		utc(delivery->received, time);
		put_value(out, "  Received", time);
		put_transport(out, &delivery->evidence);
		put_client(out, &delivery->evidence);
	}
	(void)fputc('\n', out);
}

static void
put_end(FILE *out)
{
	hd_paragraph_put(out, "", 0,
	    "The last hop is what is tested: the server that hands the message over to us "
	    "(\"From\"). If that is not yours, your mail goes through a relay, smart host or "
	    "forwarder, and the verdict is about that one.");
	(void)fputc('\n', out);
	hd_paragraph_put(out, "", 0,
	    "DANE for SMTP is RFC 7672, https://www.rfc-editor.org/rfc/rfc7672. This report is "
	    "about mail that you send. For mail that you receive, test your domain at "
	    "https://internet.nl/.");
}

void
hd_report_text(
    FILE *out, const struct hd_test *test, const struct hd_report *report, const char *domain)
{
	put_head(out, test, report, domain);
	put_addresses(out, test, report, domain);
	put_verdict(out, test, report);
	put_title(out, report->arrived ? "What has arrived" : "The addresses, one by one");
	for (unsigned i = 0; i < HD_PROBE_COUNT; i++)
		put_probe(out, test, report, (enum hd_probe_id)i, domain);
	put_end(out);
}
