"""Unknown recipients are refused during SMTP, whatever happens to whom we ask; and what is offered is never called "dane"."""

import calendar
import contextlib
import shutil
import socket
import sqlite3
import time

import pytest

from lab import PROBES, decided
from lab_net import until
from test_lab import deliveries_of, delivered, lines, probes_of
from test_lab_faults import database_missing, not_a_database

UNKNOWN = "aaaaaaaaaaaaaaaa"
AT_ONCE = 5  # seconds; far less than Postfix would wait for a map that hangs


@pytest.fixture(scope="module")
def neighbour(lab):
    """A domain of the same Postfix that is not ours: what happens to ours must not touch it."""
    postfix = lab.postfix["receiver"]
    domains = postfix.command("postconf", "-h", "mydestination").stdout.strip()
    postfix.command("postconf", "-e", f"mydestination = {domains}, neighbour.test")
    postfix.command("postfix", "reload")
    # A session for each try: the smtpd of an open one keeps its settings until the client leaves.
    until(lambda: rcpt(lab, "root@neighbour.test")[0] == 250, 20, "the neighbour's domain")
    yield "root@neighbour.test"
    postfix.command("postconf", "-e", f"mydestination = {domains}")
    postfix.command("postfix", "reload")


def rcpt(lab, recipient):
    """(code, text, seconds) of RCPT in a session of its own."""
    with lab.smtp() as session:
        begun = time.monotonic()
        code, text = session.rcpt_code(recipient)
        return code, text.decode(), time.monotonic() - begun


def passed(moment):
    """Whether a time of the API's has passed."""
    return moment and time.time() > calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M:%SZ")) + 1


def wait_shown(lab):
    """Until tests are shown again, after an offer could not be recorded."""
    until(lambda: lab.api("GET", "/api/health")[0] == 200, 10, "recording to be possible")


def set_age(lab, alias, seconds):
    with contextlib.closing(sqlite3.connect(lab.database, timeout=30)) as database, database:
        database.execute("UPDATE tests SET created = created - ? WHERE alias = ?", (seconds * 1000, alias))


def rows(lab):
    with contextlib.closing(sqlite3.connect(lab.database, timeout=30)) as database:
        return [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("tests", "deliveries", "offers")]


# --- who is refused

@pytest.mark.parametrize("probe", PROBES)
def test_known_is_taken(lab, probe):
    alias = lab.create()["alias"]
    for local in (alias, alias.upper(), f"{alias}+ext", f'"{alias}"'):
        assert rcpt(lab, f"{local}@{probe}.{lab.domain}")[0] == 250
    assert rcpt(lab, f"{alias}@{probe.upper()}.{lab.domain.upper()}")[0] == 250


@pytest.mark.parametrize("local", [UNKNOWN, "x", "postmaster", f"{UNKNOWN}a", "k5d3m2q7xw4b6n21", f"x+{UNKNOWN}", '"a b"', '"a;b$(id)"'])
@pytest.mark.parametrize("probe", PROBES)
def test_unknown_is_refused(lab, local, probe):
    code, text, _ = rcpt(lab, f"{local}@{probe}.{lab.domain}")
    assert code == 550 and text.startswith("5.1.1 "), text


def test_expired_and_deleted_are_refused(lab):
    expired, deleted = lab.create()["alias"], lab.create()["alias"]
    set_age(lab, expired, 25 * 3600)
    assert lab.api("DELETE", f"/api/tests/{deleted}")[0] == 204
    for alias in (expired, deleted):
        assert rcpt(lab, f"{alias}@do.{lab.domain}")[:1] == (550,)


@pytest.mark.parametrize("recipient", [
    "user@elsewhere.test", "user%do.{domain}@elsewhere.test", "user%elsewhere.test@do.{domain}", "elsewhere.test!user@do.{domain}",
    "@do.{domain}:user@elsewhere.test", '"user@elsewhere.test"@do.{domain}', "user@[192.0.2.21]", "user@[IPv6:2001:db8:25::21]",
    "{alias}@x.do.{domain}", "{alias}@{domain}.elsewhere.test", "{alias}%elsewhere.test@do.{domain}", "user@do.{domain}@elsewhere.test",
])
def test_nothing_is_relayed(lab, recipient):
    alias = lab.create()["alias"]
    code, text, _ = rcpt(lab, recipient.format(domain=lab.domain, alias=alias))
    assert 500 <= code <= 599, text


def test_ten_thousand_unknown_leave_no_trace(lab):
    before = rows(lab)
    look_up = f"{UNKNOWN[:-5]}{{:05d}}@wrong.{lab.domain}"
    table = lab.postfix["receiver"].command("postconf", "-h", "virtual_alias_maps").stdout.strip()
    keys = "".join(f"{look_up.format(n)}\n" for n in range(10000))
    found = lab.postfix["receiver"].command("postmap", "-q", "-", table, input=keys, check=False)
    assert found.stdout == "" and "warning" not in found.stderr
    assert rows(lab) == before
    assert rcpt(lab, f"{lab.create()['alias']}@do.{lab.domain}")[0] == 250


# --- trouble with whom we ask

@contextlib.contextmanager
def service_down(lab):
    lab.service_stop()
    try:
        yield
    finally:
        lab.service_start()


@contextlib.contextmanager
def service_killed(lab):
    lab.service_kill()
    try:
        yield
    finally:
        lab.service_start()


@contextlib.contextmanager
def store_away(lab):
    mend = database_missing(lab)
    try:
        yield
    finally:
        mend()


@contextlib.contextmanager
def store_is_garbage(lab):
    mend = not_a_database(lab)
    try:
        yield
    finally:
        mend()


@pytest.mark.parametrize("trouble", [service_down, service_killed, store_away, store_is_garbage])
def test_trouble_is_temporary_and_ours_alone(lab, neighbour, trouble):
    known, address = lab.create()["alias"], f"{UNKNOWN}@do.{lab.domain}"
    with trouble(lab):
        for recipient in (f"{known}@do.{lab.domain}", address, f"{known}@wrong.{lab.domain}"):
            code, text, seconds = rcpt(lab, recipient)
            assert 400 <= code <= 499 and seconds < AT_ONCE, (code, text, seconds)
        code, _, seconds = rcpt(lab, neighbour)
        assert code == 250 and seconds < AT_ONCE
    assert rcpt(lab, f"{known}@do.{lab.domain}")[0] == 250
    assert rcpt(lab, address)[0] == 550
    wait_shown(lab)


def test_locked_store_is_temporary_where_an_offer_must_be_recorded(lab, neighbour):
    alias, other = lab.create()["alias"], lab.create()["alias"]
    assert rcpt(lab, f"{other}@wrong.{lab.domain}")[0] == 250
    lock = sqlite3.connect(lab.database, isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    try:
        code, _, seconds = rcpt(lab, f"{alias}@wrong.{lab.domain}")
        assert 400 <= code <= 499 and seconds < AT_ONCE
        assert rcpt(lab, f"{alias}@do.{lab.domain}")[0] == 250
        assert rcpt(lab, f"{other}@wrong.{lab.domain}")[0] == 250, "a repeat needs no lock"
        assert rcpt(lab, f"{UNKNOWN}@wrong.{lab.domain}")[0] == 550
        assert rcpt(lab, neighbour)[0] == 250
    finally:
        lock.execute("ROLLBACK")
        lock.close()
    assert rcpt(lab, f"{alias}@wrong.{lab.domain}")[0] == 250
    wait_shown(lab)


@pytest.mark.parametrize("garbage", [b"x", b"0:,", b"99999999999:", b"5:alias,", b"\0" * 4096, b"7:alias x" + b"y" * 5000,
                                     b"GET / HTTP/1.0\r\n\r\n"], ids=lambda garbage: repr(garbage[:12]))
def test_garbage_on_the_socket_harms_nobody(lab, garbage):
    alias = lab.create()["alias"]
    with contextlib.ExitStack() as stack:
        for _ in range(40):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(lab.alias_socket))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                client.sendall(garbage)
        code, _, seconds = rcpt(lab, f"{alias}@do.{lab.domain}")
        assert code == 250 and seconds < AT_ONCE


def test_mail_waits_while_the_service_is_down(lab):
    """The sender is told to try again, does, and all of it counts; nothing is concluded before its time."""
    alias = lab.create()["alias"]
    lab.service_stop()
    lab.send("may", alias)
    until(lambda: len(lines(lab.log("may"), f"to=<{alias}@", "status=deferred")) == len(PROBES), 30, "the deferrals")
    assert all("451 4.3.0" in line for line in lines(lab.log("may"), f"to=<{alias}@", "status=deferred"))
    lab.service_start()
    lab.retry("may")
    assert lab.wait(alias, delivered(*PROBES), 30)["verdict"]["result"] == "no-dane"
    assert not lines(lab.log("receiver"), "status=bounced")


def test_service_start_begins_the_wait_anew(lab):
    alias = lab.create()["alias"]
    lab.send("dane", alias)
    before = lab.wait(alias, decided, 60)
    lab.service_stop()
    lab.service_start()
    after = lab.get(alias)
    assert after["verdict"] == {"result": "running", "final": False}
    assert after["counts_at"] > before["counts_at"]
    assert lab.wait(alias, decided, 60)["verdict"]["result"] == "dane"


# --- offers

def test_only_who_does_not_enforce_offers(lab):
    verifying, other = lab.create()["alias"], lab.create()["alias"]
    lab.send("dane", verifying)
    lab.send("may", other)
    assert lab.wait(verifying, decided, 60)["verdict"]["result"] == "dane"
    assert lab.wait(other, decided, 60)["verdict"]["result"] == "no-dane"
    assert {name: bool(probe["offered"]) for name, probe in probes_of(lab.get(verifying)).items()} == dict.fromkeys(PROBES, False)
    assert {name: bool(probe["offered"]) for name, probe in probes_of(lab.get(other)).items()} \
        == {"do": False, "dont": False, "wrong": True}


@contextlib.contextmanager
def hook_broken_for(lab, probe):
    """The local alias of one probe runs something that exits with 75."""
    postfix = lab.postfix["receiver"]
    source = lab.receiver.directory / "maps/aliases"
    before = source.read_text()
    broken = [f'{line.split(":")[0]}: "|/bin/sh -c \'exit 75\'"' if line.startswith(f"havedane-{probe}:") else line
              for line in before.splitlines()]
    assert broken != before.splitlines()

    def put(text):
        source.write_text(text)
        shutil.chown(source, "havedane", "havedane")
        postfix.command("postalias", f"hash:{source}")
    put("\n".join(broken) + "\n")
    try:
        yield
    finally:
        put(before)


def test_hook_broken_for_wrong_alone_is_never_dane(lab):
    alias = lab.create()["alias"]
    seen = set()

    def settled(test):
        seen.add(test["verdict"]["result"])
        return passed(test["final_at"])
    with hook_broken_for(lab, "wrong"):
        lab.send("may", alias)
        until(lambda: lines(lab.log("receiver"), f"orig_to=<{alias}@wrong.", "status=deferred"), 30, "the deferral")
        test = lab.wait(alias, settled, 90)
        assert test["verdict"] == {"result": "running", "final": False}
        assert probes_of(test)["wrong"]["outcome"] == "waiting" and probes_of(test)["wrong"]["offered"]
    assert lab.wait(alias, delivered(*PROBES), 90)["verdict"] == {"result": "no-dane", "final": True}
    assert seen <= {"waiting", "running"}


def test_a_sender_that_gives_up_half_way_is_never_dane(lab):
    """It gets as far as RCPT at `wrong`, and then goes away."""
    alias = lab.create()["alias"]
    lab.send("may", alias, ["do", "dont"])
    assert rcpt(lab, f"{alias}@wrong.{lab.domain}")[0] == 250
    lab.wait(alias, delivered("do", "dont"), 30)
    test = lab.wait(alias, lambda test: passed(test["counts_at"]), 30)
    assert test["verdict"] == {"result": "running", "final": False}


def test_thirty_messages_in_a_row_all_arrive(lab):
    aliases = [lab.create()["alias"] for _ in range(10)]
    for alias in aliases:
        lab.send("may", alias)
    for alias in aliases:
        assert set(deliveries_of(lab.wait(alias, delivered(*PROBES), 60))) == set(PROBES)
    assert not [alias for alias in aliases if lines(lab.log("may"), "status=deferred", alias)]
