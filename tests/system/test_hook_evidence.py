"""havedane-hook, the installed program: the evidence it records, from any message whatever."""

import re
import subprocess

import pytest

from hook_support import ALIAS, OK, TEMPFAIL
from support import MESSAGE, PATIENCE, milliseconds

pytest_plugins = ("hook_fixtures",)

BOUND = 16 * 1024  # bytes of a message that the hook reads
TLS13 = ("tls", "TLSv1.3", "TLS_AES_256_GCM_SHA384")
CLEAR = ("clear", None, None)
UNKNOWN = ("unknown", None, None)
HEAD, BODY = MESSAGE.split(b"\n\n", 1)
ABOVE, RECEIVED, BELOW = re.fullmatch(rb"(.*?)(Received: .*?\n)(Subject: .*)", MESSAGE, re.DOTALL).groups()
NO_RECEIVED = b"Subject: test\n\nHello.\n"

# As smtpd(8) wrote them.
OVER_IPV6 = b"""\
Received: from postfix-dane.sender.test (unknown [IPv6:2001:db8:25::21])
	(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
	 key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)
	(No client certificate requested)
	by havedane.test (Postfix) with ESMTPS id A7926128461
	for <alias@do.havedane.test>; Mon, 23 Nov 2026 15:15:20 +0000 (UTC)
"""
PLAINTEXT = b"""\
Received: from submit.local (postfix-none.sender.test [192.0.2.24])
	by havedane.test (Postfix) with ESMTP id 7F9F412845A
	for <alias@do.havedane.test>; Mon, 23 Nov 2026 15:15:19 +0000 (UTC)
"""
TLS12 = b"""\
Received: from may.sender.test (unknown [192.0.2.22])
	(using TLSv1.2 with cipher ADH-AES256-GCM-SHA384 (256/256 bits))
	(No client certificate requested)
	by havedane.test (Postfix) with ESMTPS id 2A770128466;
	Mon, 23 Nov 2026 15:15:19 +0000 (UTC)
"""


def record(hook, message=MESSAGE, **environment):
    """Delivers a message; returns what was recorded of it."""
    before = milliseconds()
    status = hook.deliver(message=message, **environment)
    lines = hook.syslog.take()
    assert status == OK, lines
    [line] = lines
    assert re.fullmatch(rf"recorded: alias={ALIAS[:6]}\.\.\. probe=do queue_id=[0-9A-Za-z]+", line.text), lines
    [delivery] = hook.place.deliveries()
    assert (delivery.alias, delivery.probe) == (ALIAS, "do")
    assert before <= delivery.received <= milliseconds()
    return delivery


def evidence(delivery):
    return delivery.transport, delivery.tls_protocol, delivery.tls_cipher


# --- the Received line

@pytest.mark.parametrize("received, wanted, helo", [
    (RECEIVED, TLS13, "mail.sender.test"),
    (OVER_IPV6, TLS13, "postfix-dane.sender.test"),
    (PLAINTEXT, CLEAR, "submit.local"),
    (TLS12, ("tls", "TLSv1.2", "ADH-AES256-GCM-SHA384"), "may.sender.test"),
    # smtpd_tls_received_header = no
    (re.sub(rb"\t\(using .*\n.*\n\t\(No.*\n", b"", OVER_IPV6), ("tls", None, None), "postfix-dane.sender.test"),
    # SMTPUTF8, plain SMTP, a client that logged in
    (PLAINTEXT.replace(b"ESMTP", b"UTF8SMTP"), CLEAR, "submit.local"),
    (PLAINTEXT.replace(b"ESMTP", b"SMTP"), CLEAR, "submit.local"),
    (OVER_IPV6.replace(b"ESMTPS", b"ESMTPSA"), TLS13, "postfix-dane.sender.test"),
    (OVER_IPV6.replace(b"ESMTPS", b"UTF8SMTPS"), TLS13, "postfix-dane.sender.test"),
    (OVER_IPV6.replace(b"\n", b"\r\n"), TLS13, "postfix-dane.sender.test"),
])
def test_received(hook, received, wanted, helo):
    delivery = record(hook, ABOVE + received + BELOW)
    assert (evidence(delivery), delivery.client_helo) == (wanted, helo)


@pytest.mark.parametrize("received", [
    b"", b"Received:\n", b"Received: x\n", b"Received: from mail.sender.test\n", b"X-" + RECEIVED, b" " + RECEIVED,
    b"Received: by mail.sender.test (Postfix, from userid 0)\n\tid 7F9F412845A; Mon, 23 Nov 2026 15:15:19 +0000 (UTC)\n",
    b"Received: (qmail 123 invoked by uid 0); 23 Nov 2026 15:15:19 -0000\n",
    RECEIVED.replace(b" ESMTPS ", b" LMTP "), RECEIVED.replace(b" ESMTPS ", b" ESMTP "), RECEIVED.replace(b"ESMTPS id", b"ESMTPS"),
    RECEIVED.replace(b"(Postfix)", b"(Post\0fix)"), RECEIVED.replace(b"with cipher", b"with"), RECEIVED.replace(b"\n\t", b"\n"),
    RECEIVED.replace(b"TLSv1.3", 100 * b"T"), RECEIVED.replace(b"TLS_AES_256_GCM_SHA384", 100 * b"T"),
    b"Received: " + 5000 * b"from x " + b"\n", b"Received: from x (" + 5000 * b"(" + b"\n",
], ids=lambda received: repr(received[:30]))
def test_received_of_another_form(hook, received):
    """It proves nothing; what stands below it is the sender's words and is not looked at."""
    delivery = record(hook, ABOVE + received + (RECEIVED if received.startswith(b"Received") else b"") + BELOW)
    assert (evidence(delivery), delivery.client_helo) == (UNKNOWN, "helo.sender.test")


@pytest.mark.parametrize("top, below, wanted", [
    (PLAINTEXT, OVER_IPV6, CLEAR), (OVER_IPV6, PLAINTEXT, TLS13), (TLS12, OVER_IPV6, ("tls", "TLSv1.2", "ADH-AES256-GCM-SHA384"))])
def test_forged_received(hook, top, below, wanted):
    """Only the topmost is our Postfix's."""
    assert evidence(record(hook, ABOVE + top + below + BELOW)) == wanted
    hook.place.sql("DELETE FROM deliveries")
    assert evidence(record(hook, ABOVE + top + b"Subject: x\n\n" + below + BELOW)) == wanted


# --- messages of all kinds

@pytest.mark.parametrize("message, wanted", [
    (b"", UNKNOWN), (b"\n", UNKNOWN), (b"\n\n", UNKNOWN), (b"\0", UNKNOWN), (b"x", UNKNOWN), (b"\r\n\r\n", UNKNOWN),
    (bytes(range(256)) * 100, UNKNOWN), (b":" * BOUND, UNKNOWN),
    (HEAD, TLS13), (HEAD + b"\n", TLS13), (HEAD + b"\n\n", TLS13), (HEAD + b"\n\n" + BODY.rstrip(), TLS13),
    (ABOVE + RECEIVED, TLS13),
    (RECEIVED.split(b"\n")[0] + b"\n", UNKNOWN), (RECEIVED[:-1], UNKNOWN), (RECEIVED + b"\n", TLS13), (b"\n" + RECEIVED, UNKNOWN),
    (HEAD + b"\nX-Odd: \xe4\xf6\xfc\xff\x80\0\x01\x7f\n\n" + bytes(range(256)), TLS13),
    (b"\xe4\0: \xf6\0\n" + MESSAGE, TLS13),
    (MESSAGE.replace(b"\n", b"\r\n"), TLS13),
    (MESSAGE + 20_000_000 * b"x", TLS13), (MESSAGE + 250_000 * (79 * b"x" + b"\n"), TLS13),
    # a header block over the bound, with our Postfix's line within, across, just within and beyond it
    (ABOVE + RECEIVED + b"X-Long: " + 50_000 * b"x" + b"\n" + BELOW, TLS13),
    (ABOVE + RECEIVED + 5000 * b"X-Many: x\n" + BELOW, TLS13),
    (b"X-Long: " + (BOUND - 100) * b"x" + b"\n" + MESSAGE, UNKNOWN),
    (b"X-Long: " + (BOUND - 10 - len(RECEIVED)) * b"x" + b"\n" + RECEIVED + BELOW, TLS13),
    (b"X-Long: " + (BOUND - 8 - len(RECEIVED)) * b"x" + b"\n" + RECEIVED + BELOW, UNKNOWN),
    (b"X-Long: " + BOUND * b"x" + b"\n" + MESSAGE, UNKNOWN),
], ids=lambda value: f"{len(value)}-{value[:10]!r}" if isinstance(value, bytes) else value[0])
def test_message(hook, message, wanted):
    assert evidence(record(hook, message)) == wanted


def test_message_that_comes_in_pieces(hook):
    """What is read at once is not what is written at once."""
    with hook.start(f"{ALIAS}@do.havedane.test") as process:
        for byte in ABOVE + RECEIVED:
            process.stdin.write(bytes([byte]))
            process.stdin.flush()
        assert process.communicate(BELOW, timeout=PATIENCE) == (b"", b"")
    assert process.returncode == OK
    assert evidence(hook.place.deliveries()[0]) == TLS13


def test_message_without_an_end(hook):
    """More than the bound is not waited for."""
    with hook.start(f"{ALIAS}@do.havedane.test") as process:
        process.stdin.write(MESSAGE + BOUND * b"x")
        process.stdin.flush()
        assert process.wait(PATIENCE) == OK
    assert evidence(hook.place.deliveries()[0]) == TLS13


@pytest.mark.parametrize("stdin", ["closed", "a folder", "to be written only"])
def test_message_cannot_be_read(hook, stdin):
    """Then nothing is known about it: it is kept for another try."""
    source = {"closed": "<&-", "a folder": "</", "to be written only": "0>/dev/null"}[stdin]
    process = hook.start(f"{ALIAS}@do.havedane.test", stdin=subprocess.DEVNULL, before=("sh", "-c", f'exec "$@" {source}', "sh"))
    with process:
        printed = process.communicate(timeout=PATIENCE)
    assert printed == (b"", b"")
    assert process.returncode == TEMPFAIL
    assert hook.place.recorded() == []
    assert [line.text.split(":")[0] for line in hook.syslog.take()] == ["cannot read the message"]


# --- the client

@pytest.mark.parametrize("given, address", [
    ("192.0.2.21", "192.0.2.21"), ("0.0.0.0", "0.0.0.0"), ("255.255.255.255", "255.255.255.255"),
    ("IPv6:2001:db8:25::21", "2001:db8:25::21"), ("ipv6:2001:DB8:25:0:0:0:0:21", "2001:db8:25::21"), ("2001:db8::1", "2001:db8::1"),
    ("IPv6:::1", "::1"), ("::", "::"), ("IPv6:::ffff:192.0.2.1", "::ffff:192.0.2.1"), ("IPv6:" + ":".join(8 * ["ffff"]), ":".join(8 * ["ffff"])),
    (None, None), ("", None), ("unknown", None), ("IPv6:", None), ("192.0.2", None), ("192.0.2.256", None), ("192.0.2.1 ", None),
    (" 192.0.2.1", None), ("[192.0.2.1]", None), ("192.0.2.1:25", None), ("IPv6:192.0.2.1", None), ("IPv6:2001:db8::1%eth0", None),
    ("IPv6:IPv6:::1", None), ("IPv4:192.0.2.1", None), ("2001:db8", None), (10000 * "1", None), (5000 * ":", None), ("'; DROP TABLE tests; --", None),
], ids=lambda value: str(value)[:30])
def test_client_address(hook, given, address):
    assert record(hook, CLIENT_ADDRESS=given).client_address == address


@pytest.mark.parametrize("received, environment, helo", [
    # as it was said, from our Postfix's line
    (b"[127.0.0.1]", "_127.0.0.1_", "[127.0.0.1]"),
    (b"[IPv6:2001:db8::1]", "x", "[IPv6:2001:db8::1]"),
    (b"<script>alert(1)</script>".replace(b"(", b"?").replace(b")", b"?"), "x", "<script>alert?1?</script>"),
    (b"';DROP-TABLE-tests;--", "x", "';DROP-TABLE-tests;--"),
    (b"\xc3\xa4\x80\x1b[31m\x7f", "x", "?" * 4 + "[31m?"),
    (b"%s%n$HOME`id`", "x", "%s%n$HOME`id`"),
    (254 * b"h", "x", 254 * "h"), (255 * b"h", "x", 255 * "h"), (256 * b"h", "x", 255 * "h"), (2000 * b"h", "x", 255 * "h"),
    # else from the environment
    (None, "_127.0.0.1_", "_127.0.0.1_"), (None, "a b (c)", "a b (c)"), (None, "\u00e4\x01\n", "????"), (None, b"\xff\x80~", "??~"),
    (None, 255 * "h", 255 * "h"), (None, 10000 * "h", 255 * "h"), (None, 254 * "h" + "\u00e9", 254 * "h" + "?"),
    (None, "", None), (None, None, None),
    (b"", "mail.sender.test", "mail.sender.test"),
], ids=lambda value: repr(value)[:30])
def test_client_helo(hook, received, environment, helo):
    message = NO_RECEIVED if received is None else MESSAGE.replace(b"from mail.sender.test", b"from " + received)
    assert record(hook, message, CLIENT_HELO=environment).client_helo == helo


def test_client_helo_cannot_forge_a_line(hook):
    """Postfix writes blanks and parentheses in it as "?"; were it not so, the line would be none of ours."""
    forged = b"x (x [192.0.2.1]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) by y (Postfix) with ESMTPS id 1; "
    mangled = re.sub(rb"[ ()]", b"?", forged)
    delivery = record(hook, ABOVE + PLAINTEXT.replace(b"submit.local", mangled) + BELOW)
    assert evidence(delivery) == CLEAR
    assert delivery.client_helo == mangled.decode()
