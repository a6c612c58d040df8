"""havedane-hook, the installed program: what it records of a message, and what it drops. The message always goes through."""

import re
import subprocess
import threading

import pytest

import fcgi_client
from hook_support import ALIAS, INFO, OK, OTHER, TEMPFAIL, WARNING
from support import DOMAIN, MESSAGE, PATIENCE, PROBES, milliseconds

pytest_plugins = ("hook_fixtures",)

HOOKS = 200
POLLERS = 8


def check_recorded(hook, status, *recorded):
    """Exit status 0, exactly these (alias, probe) are in the database, and one line says so."""
    lines = hook.syslog.take()
    assert status == OK, lines
    assert hook.place.recorded() == sorted(recorded)
    assert len(lines) == 1, lines
    assert lines[0].severity == INFO
    assert re.fullmatch(rf"recorded: alias={ALIAS[:6]}\.\.\. probe=({'|'.join(PROBES)}) queue_id=[0-9A-Za-z]+", lines[0].text), lines


def check_dropped(hook, status, severity, text):
    """Exit status 0, nothing in the database, and one line says why."""
    lines = hook.syslog.take()
    assert status == OK, lines
    assert hook.place.recorded() == []
    assert [line.severity for line in lines] == [severity], lines
    assert lines[0].text.startswith("dropped: ") and text in lines[0].text, lines


# --- who it was for

@pytest.mark.parametrize("probe", PROBES)
@pytest.mark.parametrize("address", [
    "{alias}@{probe}.{domain}", "{ALIAS}@{PROBE}.{DOMAIN}", "{Alias}@{Probe}.HaveDANE.test",
    "{alias}+x@{probe}.{domain}", "{ALIAS}+X@{PROBE}.{domain}", "{alias}+@{probe}.{domain}", "{alias}+a+b@{probe}.{domain}",
    "{alias}+ @{probe}.{domain}", "{alias}+other@do.{domain}@{probe}.{domain}", "{alias}+\u00e9@{probe}.{domain}",
    "{alias}+" + 10000 * "x" + "@{probe}.{domain}"])
def test_address(hook, address, probe):
    address = address.format(alias=ALIAS, ALIAS=ALIAS.upper(), Alias=ALIAS.title(), probe=probe, PROBE=probe.upper(),
                             Probe=probe.title(), domain=DOMAIN, DOMAIN=DOMAIN.upper())
    check_recorded(hook, hook.run(address), (ALIAS, probe))


@pytest.mark.parametrize("address", [
    # another domain
    f"{ALIAS}@do.example.org", f"{ALIAS}@{DOMAIN}", f"{ALIAS}@do{DOMAIN}", f"{ALIAS}@do.{DOMAIN}.example.org",
    f"{ALIAS}@do.{DOMAIN}..", f"{ALIAS}@x.do.{DOMAIN}", f"{ALIAS}@do.{DOMAIN[:-1]}", f"{ALIAS}@do.{DOMAIN} ",
    # no such probe
    f"{ALIAS}@does.{DOMAIN}", f"{ALIAS}@.{DOMAIN}", f"{ALIAS}@d.{DOMAIN}", f"{ALIAS}@ do.{DOMAIN}", f"{ALIAS}@do..{DOMAIN}",
    f"{ALIAS}@{1000 * 'do.'}{DOMAIN}",
    # no alias
    f"@do.{DOMAIN}", f"+{ALIAS}@do.{DOMAIN}", f"{ALIAS[:-1]}@do.{DOMAIN}", f"{ALIAS}a@do.{DOMAIN}", f"{ALIAS[:-1]}1@do.{DOMAIN}",
    f"{ALIAS[:-1]}8@do.{DOMAIN}", f" {ALIAS}@do.{DOMAIN}", f"{ALIAS} @do.{DOMAIN}", f'"{ALIAS}"@do.{DOMAIN}',
    f"<{ALIAS}@do.{DOMAIN}>", f"{ALIAS}@x@do.{DOMAIN}", f"{ALIAS}@@do.{DOMAIN}", f"{ALIAS}-x@do.{DOMAIN}",
    f"{ALIAS[:-1]}\u00e9@do.{DOMAIN}", f"{ALIAS},{ALIAS}@do.{DOMAIN}", f"postmaster@do.{DOMAIN}",
    # no address
    ALIAS, f"do.{DOMAIN}", "@", " ", "\n", 10000 * "x", f"{10000 * 'x'}@do.{DOMAIN}", f"{ALIAS}@{10000 * 'x'}", 10000 * "@",
    f"{ALIAS}@do.{DOMAIN}\n", f"{ALIAS}\n@do.{DOMAIN}", "%s%n%s%n@%s%n", b"\xff\xfe\x80@do." + DOMAIN.encode(), bytes(range(1, 256)),
], ids=lambda address: repr(address[:40]))
def test_not_ours(hook, address):
    check_dropped(hook, hook.run(address), WARNING, "the recipient is not ")


@pytest.mark.parametrize("original, recipient, recorded", [
    (f"{ALIAS}@do.{DOMAIN}", f"{ALIAS}@wrong.{DOMAIN}", "do"),
    (f"{ALIAS}@do.{DOMAIN}", None, "do"),
    ("", f"{ALIAS}@wrong.{DOMAIN}", "wrong"),
    (None, f"{ALIAS}@wrong.{DOMAIN}", "wrong"),
])
def test_original_recipient_goes_first(hook, original, recipient, recorded):
    check_recorded(hook, hook.run(original, RECIPIENT=recipient), (ALIAS, recorded))


@pytest.mark.parametrize("original", [None, ""])
@pytest.mark.parametrize("recipient", [None, ""])
def test_no_recipient(hook, original, recipient):
    """Then it was not local(8) that ran it: the mail must wait until that is put right."""
    assert hook.run(original, RECIPIENT=recipient) == TEMPFAIL
    assert hook.place.recorded() == []
    assert "ORIGINAL_RECIPIENT" in hook.syslog.take()[0].text


def test_an_original_recipient_that_is_not_ours_is_not_passed_over(hook):
    check_dropped(hook, hook.run("x@example.org", RECIPIENT=f"{ALIAS}@do.{DOMAIN}"), WARNING, "not ALIAS@PROBE")


# --- unknown and expired tests

def test_unknown_alias(hook):
    hook.place.clear()
    check_dropped(hook, hook.deliver(), INFO, "unknown or expired")


@pytest.mark.parametrize("age, live", [(0, True), (3590, True), (3601, False), (30 * 24 * 3600, False), (-3600, True)])
def test_expired_alias(hook, age, live):
    hook.place.configure(test={"retention": "1h"})
    hook.place.clear()
    hook.place.create(ALIAS, age=age)
    status = hook.deliver()
    hook.place.configure()
    if live:
        check_recorded(hook, status, (ALIAS, "do"))
    else:
        check_dropped(hook, status, INFO, "unknown or expired")


def test_deleted_alias(hook):
    assert hook.deliver() == OK
    hook.place.clear()
    hook.syslog.take()
    check_dropped(hook, hook.deliver("dont"), INFO, "unknown or expired")


# --- only the envelope counts

def test_another_test_in_the_message(hook):
    other = f"{OTHER}@wrong.{DOMAIN}".encode()
    message = MESSAGE.replace(b"alias@do.havedane.test", other).replace(b"\n\n", b"\nTo: <" + other + b">\nX-Original-To: "
                                                                      + other + b"\n\n" + other + b"\n", 1)
    assert message.count(other) >= 5
    check_recorded(hook, hook.deliver(message=message), (ALIAS, "do"))
    hook.place.clear()
    hook.place.create(OTHER)
    check_dropped(hook, hook.deliver(message=message), INFO, "unknown or expired")


def test_several_recipients(hook):
    """Postfix runs it for each; the Received line names none of them then."""
    message = re.sub(rb"id A7926128461\n\tfor .*; ", b"id A7926128461; ", MESSAGE)
    assert b"id A7926128461; Mon" in message
    for address in (f"{ALIAS}@do", f"{OTHER}@do", f"{ALIAS}@dont", f"{ALIAS}@wrong"):
        assert hook.run(f"{address}.{DOMAIN}", message=message) == OK
    deliveries = hook.place.deliveries()
    assert [delivery[:2] for delivery in deliveries] == [(OTHER, "do"), (ALIAS, "do"), (ALIAS, "dont"), (ALIAS, "wrong")]
    assert {delivery.transport for delivery in deliveries} == {"tls"}


# --- repeats

CLEAR = re.sub(rb"\t\(using .*\n.*\n\t\(No client.*\n", b"", MESSAGE).replace(b" ESMTPS ", b" ESMTP ")
UNKNOWN = b"Subject: nothing\n\nHello.\n"


def deliver_each(hook, *messages):
    """Delivers messages that differ in client address; returns the delivery and the test's first arrival."""
    for number, message in enumerate(messages):
        assert hook.deliver(message=message, CLIENT_ADDRESS=f"192.0.2.{number}") == OK
        # Any earlier moment will do to tell a second record from the first.
        hook.place.sql("UPDATE deliveries SET received = received - 1000")
        hook.place.sql("UPDATE tests SET firstreceived = firstreceived - 1000 WHERE alias = ?", ALIAS)
    [delivery] = hook.place.deliveries()
    [(first,)] = hook.place.sql("SELECT firstreceived FROM tests WHERE alias = ?", ALIAS)
    assert delivery.received == first
    # The first one's time, which was set back after each.
    assert abs(milliseconds() - 1000 * len(messages) - first) < PATIENCE * 1000
    assert (milliseconds() - first) >= 1000 * len(messages)
    return delivery


@pytest.mark.parametrize("messages, transport, counts", [
    ((MESSAGE, MESSAGE), "tls", 0), ((CLEAR, CLEAR), "clear", 0), ((UNKNOWN, UNKNOWN), "unknown", 0),
    ((MESSAGE, CLEAR), "clear", 1), ((CLEAR, MESSAGE), "clear", 0), ((MESSAGE, UNKNOWN), "tls", 0),
    ((UNKNOWN, MESSAGE), "unknown", 0), ((UNKNOWN, CLEAR), "unknown", 0), ((CLEAR, UNKNOWN), "clear", 0),
    ((MESSAGE, MESSAGE, CLEAR, CLEAR, MESSAGE), "clear", 2),
])
def test_repeats(hook, messages, transport, counts):
    """The first counts, but one in the clear replaces evidence of TLS."""
    delivery = deliver_each(hook, *messages)
    assert (delivery.transport, delivery.client_address) == (transport, f"192.0.2.{counts}")
    assert (delivery.tls_protocol is not None, delivery.tls_cipher is not None) == 2 * (transport == "tls",)


# --- many at once

class Poller(threading.Thread):
    """Asks for the test until told to stop; what went wrong is in `errors`."""

    def __init__(self, service, stop):
        super().__init__()
        self.service, self.stop, self.answers, self.errors = service, stop, 0, []
        self.start()

    def run(self):
        while not self.stop.is_set():
            try:
                answer = self.service.request("GET", f"/api/tests/{ALIAS}")
            except (OSError, fcgi_client.ProtocolError) as error:
                self.errors.append(error)
                return
            if answer.status != 200:
                self.errors.append(answer)
            self.answers += 1


def test_many_at_once(hook):
    """200 hooks and 8 pollers on one database: all is recorded, and no poller sees an error."""
    aliases = sorted(f"{'abcdefghij'[n // 20]}{'klmnopqrstuvwxyz2345'[n % 20]}aaaaaaaaaaaaaa" for n in range(HOOKS))
    hook.place.create(*aliases)
    service, stop = hook.place.start(), threading.Event()
    pollers = [Poller(service, stop) for _ in range(POLLERS)]
    try:
        hooks = [hook.start(f"{alias}@do.{DOMAIN}") for alias in aliases]
        for process in hooks:  # they have waited for their message until now
            process.stdin.write(MESSAGE)
            process.stdin.close()
        statuses = [process.wait(2 * PATIENCE) for process in hooks]
        printed = {pipe.read() for process in hooks for pipe in (process.stdout, process.stderr)}
        for process in hooks:
            process.stdout.close()
            process.stderr.close()
    finally:
        stop.set()
        for poller in pollers:
            poller.join()
        hook.place.stop()
    assert statuses == [OK] * HOOKS
    assert printed == {b""}
    assert hook.place.recorded() == [(alias, "do") for alias in aliases]
    assert [error for poller in pollers for error in poller.errors] == []
    assert all(poller.answers for poller in pollers)
    assert hook.place.sql("PRAGMA integrity_check") == [("ok",)]


# --- the program

@pytest.mark.plain
def test_libraries(hook):
    """One that fails to load exits 127, which bounces: so there are only these."""
    dynamic = subprocess.run(["readelf", "-d", hook.place.program], capture_output=True, text=True, check=True).stdout
    assert sorted(re.findall(r"\(NEEDED\) .*\[(.*)\]", dynamic)) == ["libc.so.6", "libinih.so.1", "libsqlite3.so.0"]


def test_root_is_warned(hook):
    assert hook.deliver(user="root") == OK
    assert hook.place.recorded() == [(ALIAS, "do")]
    lines = hook.syslog.take()
    assert [line.severity for line in lines] == [WARNING, INFO]
    assert "root" in lines[0].text
