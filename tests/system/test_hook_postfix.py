"""havedane-hook under a real Postfix, set up with what `havedane postfix` prints: from SMTP to the database."""

import os
import signal
import ssl
from pathlib import Path

import pytest

from hook_faults import FAULTS, lock
from hook_support import ALIAS, OTHER, USER, HookPlace, is_open
from postfix import LOOPBACK, Postfix
from support import DOMAIN, PATIENCE, milliseconds, until

MEGABYTE = 1024 * 1024
LIMIT = 40 * MEGABYTE  # of a message
OVER_MAIL = [
    "database missing", "database read-only", "database not a database", "database empty", "database schema too new",
    "database folder read-only", "database somebody else's", "configuration missing", "configuration unreadable",
    "configuration unknown key", "configuration domain missing"]


def make(prefix, **settings):
    """A place with two tests and a Postfix for it."""
    place = HookPlace(prefix)
    try:
        place.init()
        place.create(ALIAS, OTHER)
        place.postfix = Postfix(place, message_size_limit=LIMIT, **settings)
    except BaseException:
        place.close()
        raise
    return place


def unmake(place):
    place.postfix.close()
    place.close()


class Locked:
    """A message that came while the database was locked, to a Postfix of its own: the hook waits for half a minute."""

    def __init__(self, prefix):
        self.place = make(prefix)
        self.lock = lock(self.place, "immediate")
        self.queue_id = self.place.postfix.send(f"{ALIAS}@do.{DOMAIN}")

    def close(self):
        self.lock.close()
        unmake(self.place)


@pytest.fixture(scope="module")
def locked(prefix):
    locked = Locked(prefix)
    try:
        yield locked
    finally:
        locked.close()


@pytest.fixture(scope="module")
def site(prefix, locked):
    """Named so that `locked` comes first: its half minute passes while the other tests run."""
    place = make(prefix)
    try:
        yield place
    finally:
        unmake(place)


@pytest.fixture
def place(site):
    """With the two tests, and nothing delivered. Afterwards nothing may be left over, and nothing may have bounced."""
    site.clear()
    site.create(ALIAS, OTHER)
    yield site
    check_no_bounce(site.postfix)


@pytest.fixture
def postfix(place):
    return place.postfix


def check_no_bounce(postfix):
    assert postfix.queue() == []
    for text in ("status=bounced", "non-delivery notification", "delay notification", "panic:", "fatal:"):
        assert text not in postfix.log
    assert os.listdir(postfix.dir / "queue/bounce") == []


# --- evidence

@pytest.mark.parametrize("family", LOOPBACK)
@pytest.mark.parametrize("tls", [None, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
def test_evidence(place, postfix, family, tls):
    """What the client knows of the session is what is recorded."""
    with postfix.connect(family, tls) as client:
        session = (client.sock.version(), client.sock.cipher()[0]) if tls else (None, None)
        begun = milliseconds()
        client.sendmail("tester@sender.test", f"{ALIAS}@dont.{DOMAIN}", b"Subject: Secret\n\nHello.\n")
    [delivery] = until(place.deliveries, "the delivery")
    assert (delivery.alias, delivery.probe) == (ALIAS, "dont")
    assert delivery[3:] == ("tls" if tls else "clear", *session, LOOPBACK[family], f"client-{family.lower()}.sender.test")
    assert begun <= delivery.received <= milliseconds()
    until(lambda: not postfix.queue(), "an empty queue")


def test_runs_as_havedane(place, postfix):
    """Whose the indexed alias file is; with this user's rights it opens the database."""
    held = lock(place, "immediate")
    try:
        queue_id = postfix.send(f"{ALIAS}@do.{DOMAIN}")
        [hook] = until(postfix.hooks, "the hook to run")
        assert Path(f"/proc/{hook}").owner() == USER
        status = dict(line.split(":\t", 1) for line in Path(f"/proc/{hook}/status").read_text().splitlines())
        assert len(set(status["Uid"].split())) == len(set(status["Gid"].split())) == 1
        assert int(status["CapEff"], 16) == 0
    finally:
        held.close()
    postfix.wait_status(queue_id, "sent")
    assert place.recorded() == [(ALIAS, "do")]
    postfix.wait_gone(queue_id)


# --- to whom

def test_several_recipients(place, postfix):
    """One message to all of them, with the addresses of others in it."""
    recipients = [f"{ALIAS}@do", f"{OTHER}@do", f"{ALIAS}@dont", f"{ALIAS}@wrong", f"{ALIAS}@DO"]
    message = f"To: {OTHER}@wrong.{DOMAIN}\nSubject: Secret\n\n{OTHER}@dont.{DOMAIN}\n".encode()
    queue_id = postfix.send(*(f"{recipient}.{DOMAIN}" for recipient in recipients), message=message, tls=ssl.TLSVersion.TLSv1_3)
    postfix.wait_gone(queue_id)
    assert place.recorded() == [(OTHER, "do"), (ALIAS, "do"), (ALIAS, "dont"), (ALIAS, "wrong")]
    assert {delivery.transport for delivery in place.deliveries()} == {"tls"}


@pytest.mark.parametrize("recipient", [f"{ALIAS.upper()}@WRONG.{DOMAIN.upper()}", f"{ALIAS}+ext@wrong.{DOMAIN}",
                                       f'"{ALIAS}"@wrong.{DOMAIN}'])
def test_recipient(place, postfix, recipient):
    postfix.wait_gone(postfix.send(recipient))
    assert place.recorded() == [(ALIAS, "wrong")]


@pytest.mark.parametrize("recipient", [f"{ALIAS[::-1]}@do.{DOMAIN}", f"x@do.{DOMAIN}", f"postmaster@dont.{DOMAIN}",
                                       f'"{ALIAS} "@do.{DOMAIN}', f'"a;b$(id)"@do.{DOMAIN}', f"{ALIAS}{ALIAS}@wrong.{DOMAIN}"])
def test_nobody(place, postfix, recipient):
    """Mail for an alias that there is not is taken and dropped: nobody is sent a bounce."""
    [line] = postfix.wait_status(postfix.send(recipient), "sent")
    assert "dsn=2.0.0" in line
    assert place.recorded() == []
    until(lambda: not postfix.queue(), "an empty queue")


def test_expired(place, postfix):
    place.backdate(ALIAS, 25 * 3600)
    postfix.wait_gone(postfix.send(f"{ALIAS}@do.{DOMAIN}"))
    assert place.recorded() == []


# --- messages

@pytest.mark.parametrize("message", [
    b"", b"\n", b"Hello.\n", b"Subject: \xe4\xff\x80\n\n\xff\x80\0\n", b"".join(b"X-%d: %s\n" % (n, 900 * b"x") for n in range(90)) + b"\nx\n",
    b"Received: from forged (x [192.0.2.9])\n\t(using TLSv1.3 with cipher FORGED (256/256 bits))\n"
    b"\tby havedane.test (Postfix) with ESMTPS id 1; Mon, 23 Nov 2026 15:15:20 +0000 (UTC)\n\nHello.\n",
], ids=lambda message: repr(message[:20]))
def test_message(place, postfix, message):
    postfix.wait_gone(postfix.send(f"{ALIAS}@do.{DOMAIN}", message=message))
    [delivery] = place.deliveries()
    assert delivery[3:] == ("clear", None, None, "127.0.0.1", "client-ipv4.sender.test")


def test_large_message(place, postfix):
    message = b"Subject: large\n\n" + 250_000 * (79 * b"x" + b"\n")
    postfix.wait_gone(postfix.send(f"{ALIAS}@do.{DOMAIN}", message=message, tls=ssl.TLSVersion.TLSv1_3))
    assert [delivery.transport for delivery in place.deliveries()] == ["tls"]


def test_null_sender(place, postfix):
    postfix.wait_gone(postfix.send(f"{ALIAS}@do.{DOMAIN}", sender=""))
    assert place.recorded() == [(ALIAS, "do")]


# --- trouble

def check_deferred(postfix, queue_id, *texts):
    """Deferred with a status that is temporary."""
    line = postfix.wait_status(queue_id, "deferred")[0]
    assert " dsn=4." in line
    for text in texts:
        assert text in line
    assert postfix.statuses(queue_id, "sent") == postfix.statuses(queue_id, "bounced") == []


@pytest.mark.parametrize("fault", OVER_MAIL)
def test_fault(place, postfix, fault):
    """The mail is kept, and recorded as soon as Postfix tries again."""
    bring_about, _ = FAULTS[fault]
    with bring_about(place):
        queue_id = postfix.send(f"{ALIAS}@do.{DOMAIN}", tls=ssl.TLSVersion.TLSv1_3)
        check_deferred(postfix, queue_id, "dsn=4.3.0", "(temporary failure)")
    assert place.recorded() == []
    postfix.retry()
    postfix.wait_gone(queue_id)
    assert [delivery[:2] + delivery[3:4] for delivery in place.deliveries()] == [(ALIAS, "do", "tls")]


def test_own_retry(place, postfix):
    """Postfix tries again by itself, soon enough for the visitor who waits."""
    bring_about, _ = FAULTS["database missing"]
    with bring_about(place):
        queue_id = postfix.send(f"{ALIAS}@do.{DOMAIN}")
        check_deferred(postfix, queue_id)
    postfix.wait_gone(queue_id)
    assert place.recorded() == [(ALIAS, "do")]


@pytest.mark.plain
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_killed(place, postfix, number):
    held = lock(place, "immediate")
    try:
        queue_id = postfix.send(f"{ALIAS}@do.{DOMAIN}")
        [hook] = until(postfix.hooks, "the hook to run")
        until(lambda: is_open(hook, place.database), "the hook to open the database")
        os.kill(hook, number)
        check_deferred(postfix, queue_id, f"Command died with signal {number.value}")
    finally:
        held.close()
    assert place.recorded() == []
    postfix.retry()
    postfix.wait_gone(queue_id)
    assert place.recorded() == [(ALIAS, "do")]


def test_database_larger_than_a_mailbox(place, postfix):
    """Postfix limits the files of what it runs to mailbox_size_limit, by default 51200000 bytes: not so the database."""
    count = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)"
    place.sql(f"CREATE TABLE padding AS {count} SELECT zeroblob(65536) AS bytes FROM n")
    # These come to lie behind it.
    place.sql("INSERT INTO tests (alias, created) {} SELECT 'zzzzzzzzzzzzz' || char(97 + i / 100) || char(97 + i / 10 % 10)"
              " || char(97 + i % 10), ? FROM n".format(count), milliseconds())
    try:
        assert place.database.stat().st_size > 51_200_000
        queue_id = postfix.send(f"zzzzzzzzzzzzzjjj@do.{DOMAIN}")
        postfix.wait_gone(queue_id)
        # The hook, as the last who had it open, has brought its record from the log into the database.
        assert list(place.data.iterdir()) == [place.database]
        assert place.recorded() == [("zzzzzzzzzzzzzjjj", "do")]
    finally:
        place.sql("DROP TABLE padding")


def test_locked(locked):
    """The last, as the hook had to give up first."""
    postfix, place = locked.place.postfix, locked.place
    check_deferred(postfix, locked.queue_id, "dsn=4.3.0", "(temporary failure)")
    assert place.recorded() == []
    locked.lock.close()
    postfix.retry()
    postfix.wait_gone(locked.queue_id)
    assert place.recorded() == [(ALIAS, "do")]
    check_no_bounce(postfix)
