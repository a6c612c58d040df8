#include "report_words.h"

static const struct hd_report_words results[HD_RESULT_COUNT] = {
    [HD_RESULT_WAITING] =
	{
	    .title = "nothing has arrived",
	    .observed = "No message to any of the addresses has reached us.",
	    .proves = "Nothing about DANE.",
	    .limits = "That the server refused anything: the message may not have been sent, "
		      "or may still be in a queue on its way.",
	    .next = "Send one message to all of the addresses, then ask for this report again. "
		    "If nothing comes for two minutes, look for the addresses in the log of the "
		    "mail server. The usual causes: the message is still in a queue; "
		    "connections to port 25 are blocked; the server insists on a certificate "
		    "of a public CA; its resolver takes our DNS records for bogus (SERVFAIL).",
	},
    [HD_RESULT_RUNNING] =
	{
	    .title = "mail is arriving, and we wait for the rest",
	    .observed = "The messages that are told as delivered below have reached us, in the "
			"way told there.",
	    .proves = "Nothing yet: it is the missing ones that tell.",
	    .limits = "That the missing messages were refused: they may still be on their way.",
	    .next = "Wait, then ask for this report again. If you have not sent a message to "
		    "each of the addresses, send the missing ones now.",
	},
    [HD_RESULT_DANE] =
	{
	    .title = "the sending server verifies DANE, provided that the message to \"wrong\" "
		     "was sent",
	    .observed =
		"It delivered to \"do\", where the TLSA records match our certificate, "
		"and to \"dont\", where there are none, but not to \"wrong\", where they do "
		"not match.",
	    .proves = "Only the TLSA records tell \"wrong\" from \"dont\": same server, same "
		      "certificate. A server that verifies DANE (RFC 7672) does just this.",
	    .limits = "That the message to \"wrong\" was really sent: the verdict holds "
		      "provided it was. A message that does not arrive is weaker evidence than "
		      "one that does.",
	    .next = "Make sure of it: the message to \"wrong\" should be held back in the queue "
		    "of the sending server, because of the TLSA records. Its log says so, in "
		    "the words that the page tells for the usual servers.",
	},
    [HD_RESULT_DANE_ONLY] =
	{
	    .title = "only the domain with correct TLSA records has got its message",
	    .observed = "The sending server delivered to \"do\", where the TLSA records match "
			"our certificate, and to no other domain.",
	    .proves = "That it delivers where DANE is correct. It may be set up to deliver to "
		      "no domain without DANE.",
	    .limits = "That it is set up so, or verifies anything: perhaps the messages to "
		      "\"dont\" and \"wrong\" were never sent. Without the one to \"dont\" there "
		      "is nothing to compare \"wrong\" with. A message that does not arrive is "
		      "weaker evidence than one that does.",
	    .next = "Look for both messages in the queue or the log of the sending server. If "
		    "DANE is mandatory there (Postfix: \"dane-only\"), mail to most of the "
		    "world is held back: use the opportunistic setting (\"dane\"), unless you "
		    "want just that. If the messages were never sent, start a new test and "
		    "send one to all of the addresses.",
	},
    [HD_RESULT_BROKEN] =
	{
	    .title = "the domain with correct TLSA records has not got its message",
	    .observed = "The sending server delivered to \"dont\", where there are no TLSA "
			"records, and not to \"do\": the same server and certificate, with TLSA "
			"records that match.",
	    .proves = "If the message to \"do\" was sent: that the sending server cannot "
		      "deliver to a domain whose DANE is correct. One that verifies DANE "
		      "(RFC 7672) delivers to both.",
	    .limits = "Why. Either the sending server, or the resolver it asks, fails on DANE "
		      "that is correct, or the message to \"do\" was never sent. A message that "
		      "does not arrive is weaker evidence than one that does.",
	    .next = "Look for the message to \"do\" in the queue or the log of the sending "
		    "server. Usual causes: a resolver that does not pass on what DNSSEC needs "
		    "or takes a good signature for a bad one, a setting that demands a "
		    "certificate of a public CA besides DANE, an old TLS library.",
	},
    [HD_RESULT_NO_DANE] =
	{
	    .title = "the sending server does not enforce DANE",
	    .observed = "It delivered to \"wrong\", although the TLSA record published there "
			"does not match our certificate.",
	    .proves = "That DANE is not enforced: a server that enforces it (RFC 7672) does "
		      "not deliver there. This one delivery settles it. Somebody who redirects "
		      "your mail, and shows a certificate of their own, would get it.",
	    .limits = "That TLSA records are not looked at: it may check them, and deliver all "
		      "the same.",
	    .next = "Switch DANE on, as the page shows for the usual servers, and give the "
		    "server a resolver that validates DNSSEC. Then start a new test: what has "
		    "arrived at these addresses stays there.",
	},
    [HD_RESULT_NO_TLS] =
	{
	    .title = "the sending server delivers without TLS where DANE demands TLS",
	    .observed = "A message came without TLS to a domain that publishes TLSA records.",
	    .proves = "That DANE is not enforced: a server that enforces it (RFC 7672) never "
		      "does that. The message could be read on its way.",
	    .limits = "That the sending server never uses TLS or looks at TLSA records: "
		      "something on the way to us, such as a firewall that inspects mail, may "
		      "have taken TLS away.",
	    .next = "Switch on TLS for outgoing mail, and DANE, as the page shows for the usual "
		    "servers. Then start a new test: what has arrived at these addresses stays "
		    "there.",
	},
};

/* In place of "running", when a message was offered to "wrong" and has not come. */
static const struct hd_report_words offered = {
    .title = "the message to \"wrong\" was offered, and we wait for it",
    .observed = "A mail server got so far as to ask us to take the message to \"wrong\". The "
		"message itself has not reached us.",
    .proves = "Nothing for certain, as it was not delivered. Most probably DANE is not "
	      "enforced: a server that enforces it turns away before that.",
    .limits = "Why the message is not here: it may have been broken off half way, or wait in "
	      "a queue, ours included.",
    .next = "Look for the message to \"wrong\" in the queue or the log of the sending server.",
};

const struct hd_report_words *
hd_report_words(const struct hd_test *test, const struct hd_report *report)
{
	if (report->result == HD_RESULT_RUNNING && hd_offered_in_vain(test, HD_PROBE_WRONG))
		return &offered;
	return &results[report->result];
}
