"""Postfix's look-ups of recipients: what is answered, what is recorded, and what is not."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from claims import check_answer
from socketmap import NOTFOUND, Connection, address, ask, netstring, ok
from support import PROBES, SANITIZED, milliseconds, unread, until

TESTS = "/api/tests"
UNKNOWN = "a" * 16
TEMP = "TEMP the store cannot be used now"
PERM = 'PERM the only map here is "alias"'
SOON = 4  # seconds: an answer that is not a hang, two locks and a busy machine included


@pytest.fixture
def alias_socket(place):
    """The place's own socket for look-ups, configured."""
    path = place.dir / "alias.sock"
    place.configure(postfix={"socket": path})
    return path


@pytest.fixture
def service(place, alias_socket):
    return place.start()


def create(service):
    return check_answer(service.request("POST", TESTS), 201).json()["alias"]


def memory(service):
    """Resident memory in kB."""
    with open(f"/proc/{service.process.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


# --- answers

def test_answers(place, service, alias_socket):
    alias, expired = create(service), create(service)
    place.backdate(expired, 24 * 3600 + 1)
    questions = {
        **{address(alias, probe): ok(probe) for probe in PROBES},
        address(alias.upper(), "DO"): ok(),
        address(f"{alias}+x", "dont"): ok("dont"),
        **{address(UNKNOWN, probe): NOTFOUND for probe in PROBES},
        **{address(expired, probe): NOTFOUND for probe in PROBES},
        address(alias, "other"): NOTFOUND, f"{alias}@havedane.test": NOTFOUND, f"{alias}@do.other.test": NOTFOUND,
        alias: NOTFOUND, "": NOTFOUND, "@": NOTFOUND, "do.havedane.test": NOTFOUND, address(alias[:-1]): NOTFOUND,
        address(alias + "a"): NOTFOUND, f" {address(alias)}": NOTFOUND, f"{address(alias)}\0": NOTFOUND,
        address("x" * 3000): NOTFOUND, address("ä" * 16): NOTFOUND, address("' OR 1 --"): NOTFOUND,
    }
    with Connection(alias_socket) as connection:
        for key, answer in questions.items():
            assert connection.ask(key) == answer, key
        for name in ("virtual", "ALIAS", "", "alias2"):
            assert connection.ask(address(alias), name) == PERM, name
        for payload in (b"", b"alias"):
            connection.send(netstring(payload))
            assert connection.reply() == PERM
    assert "warning" not in service.log.replace("warning: running as root", "")


def test_a_test_that_ends(place, service, alias_socket):
    """It is known from its first moment, and unknown from its last."""
    alias = create(service)
    with Connection(alias_socket) as connection:
        assert connection.ask(address(alias)) == ok()
        check_answer(service.request("DELETE", f"{TESTS}/{alias}"), 204)
        assert connection.ask(address(alias)) == NOTFOUND


# --- offers

def offers(place):
    return place.sql("SELECT alias, probe FROM offers ORDER BY alias, probe")


def test_offer(place, service, alias_socket):
    """It is recorded before it is answered, where no delivery is expected; the first counts."""
    alias, other = create(service), create(service)
    for probe in ("do", "dont"):
        assert ask(alias_socket, address(alias, probe)) == ok(probe)
    assert offers(place) == []
    before = milliseconds()
    assert ask(alias_socket, address(alias, "wrong")) == ok("wrong")
    assert offers(place) == [(alias, "wrong")]
    (first,), = place.sql("SELECT offered FROM offers")
    assert before <= first <= milliseconds()
    for _ in range(3):
        assert ask(alias_socket, address(alias.upper() + "+x", "wrong")) == ok("wrong")
    assert place.sql("SELECT offered FROM offers") == [(first,)]
    assert ask(alias_socket, address(UNKNOWN, "wrong")) == NOTFOUND
    assert offers(place) == [(alias, "wrong")]

    shown = {probe["probe"]: probe["offered"] for probe in service.request("GET", f"{TESTS}/{alias}").json()["probes"]}
    assert shown["wrong"] and shown["do"] is shown["dont"] is None
    assert service.log.count("offered: ") == 1
    assert f"offered: alias={alias[:6]}... probe=wrong\n" in service.log
    assert alias[:7] not in service.log and other[:6] not in service.log


@pytest.mark.threads
def test_an_offer_many_times_at_once(place, service, alias_socket):
    aliases = [create(service) for _ in range(10)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda number: ask(alias_socket, address(aliases[number % 10], "wrong")), range(200)))
    assert set(answers) == {ok("wrong")}
    assert offers(place) == [(alias, "wrong") for alias in sorted(aliases)]


def test_offers_are_deleted_with_their_test(place, service, alias_socket):
    alias = create(service)
    assert ask(alias_socket, address(alias, "wrong")) == ok("wrong")
    check_answer(service.request("DELETE", f"{TESTS}/{alias}"), 204)
    assert offers(place) == []


# --- strangers

def test_10000_unknown_recipients(place, service, alias_socket):
    """They leave no row, no memory and no line in the log."""
    with Connection(alias_socket) as connection:
        def unknown(number):
            letters = "".join("abcdefghij"[int(digit)] for digit in f"{number:016}")
            assert connection.ask(address(letters, PROBES[number % 3])) == NOTFOUND
        for number in range(1000):
            unknown(number)
        before, size, lines = memory(service), place.database.stat().st_size, service.log
        for number in range(1000, 11_000):
            unknown(number)
        assert SANITIZED or memory(service) < before + 1000
    assert service.log == lines
    assert place.database.stat().st_size == size
    assert (place.count(), place.count("offers"), place.count("deliveries")) == (0, 0, 0)


# --- trouble with the store

def test_locked_store(place, service, alias_socket):
    """Who only reads does not notice; an offer is TEMP soon, not a hang, and OK once the lock is gone."""
    alias = create(service)
    database = place.connect()
    database.execute("BEGIN EXCLUSIVE")
    try:
        with ThreadPoolExecutor(4) as pool:
            started = time.monotonic()
            waiting = [pool.submit(ask, alias_socket, address(alias, "wrong")) for _ in range(3)]
            assert ask(alias_socket, address(alias)) == ok()
            assert ask(alias_socket, address(UNKNOWN, "wrong")) == NOTFOUND
            assert {answer.result() for answer in waiting} == {TEMP}
            assert time.monotonic() - started < SOON
        assert place.sql("SELECT * FROM offers") == []
    finally:
        database.execute("ROLLBACK")
        database.close()
    assert ask(alias_socket, address(alias, "wrong")) == ok("wrong")


def test_locked_for_a_moment(place, service, alias_socket):
    """That is waited for."""
    alias = create(service)
    database = place.connect(check_same_thread=False)
    database.execute("BEGIN IMMEDIATE")
    try:
        with ThreadPoolExecutor(1) as pool, Connection(alias_socket) as connection:
            answer = pool.submit(connection.ask, address(alias, "wrong"))
            until(lambda: answer.running() and not unread(connection.socket), "the request to be read")
            database.execute("ROLLBACK")
            assert answer.result() == ok("wrong")
    finally:
        database.close()


def test_store_that_cannot_be_read(place, service, alias_socket):
    alias = create(service)
    place.sql("ALTER TABLE tests RENAME TO gone")
    with Connection(alias_socket) as connection:
        for probe in PROBES:
            started = time.monotonic()
            assert connection.ask(address(alias, probe)) == TEMP
            assert time.monotonic() - started < SOON
        assert connection.ask("postmaster@do.havedane.test") == NOTFOUND
        place.sql("ALTER TABLE gone RENAME TO tests")
        for probe in PROBES:
            assert connection.ask(address(alias, probe)) == ok(probe)


def test_database_is_away(place, service, alias_socket):
    alias = create(service)
    moved = place.database.with_name("moved.db")
    place.database.rename(moved)
    assert ask(alias_socket, address(alias)) == TEMP
    assert ask(alias_socket, address(alias, "wrong")) == TEMP
    assert not place.database.exists()
    moved.rename(place.database)
    assert ask(alias_socket, address(alias)) == ok()
    assert ask(alias_socket, address(alias, "wrong")) == ok("wrong")


def test_offer_that_cannot_be_written(place, service, alias_socket):
    """It is not answered OK: the evidence would be lost."""
    alias = create(service)
    place.sql("CREATE TRIGGER refuse BEFORE INSERT ON offers BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    assert ask(alias_socket, address(alias, "wrong")) == TEMP
    assert ask(alias_socket, address(alias)) == ok()
    place.sql("DROP TRIGGER refuse")
    assert ask(alias_socket, address(alias, "wrong")) == ok("wrong")
