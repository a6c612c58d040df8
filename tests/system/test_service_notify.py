"""What havedane-fcgi tells its service manager, and that a long purge keeps neither signals nor the watchdog waiting."""

import os
import re
import signal
import socket
import threading
import time

import pytest

from claims import check_answer
from support import PATIENCE, SANITIZED, bare_environment, until

TESTS = "/api/tests"
UNAVAILABLE, IO = 69, 74
BATCH = 500  # tests that a purge deletes at a time
READY, STOPPING, WATCHDOG = b"READY=1", b"STOPPING=1", b"WATCHDOG=1"


class Manager:
    """Reads what comes on a notify socket: (moment, message); abstract is Linux's kind of name."""

    def __init__(self, path, abstract=False):
        self.name = f"@{path}" if abstract else str(path)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"\0{path}" if abstract else str(path))
        self.heard = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while message := self.socket.recv(4096):
            self.heard.append((time.monotonic(), message))

    @property
    def messages(self):
        """All messages but those for the watchdog."""
        return [message for _, message in self.heard if message != WATCHDOG]

    @property
    def pings(self):
        return [moment for moment, message in self.heard if message == WATCHDOG]

    def environment(self, **more):
        return {"env": bare_environment(NOTIFY_SOCKET=self.name, **more)}

    def close(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.connect(self.socket.getsockname())
            sender.send(b"")
        self.reader.join(PATIENCE)
        self.socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request, place):
    manager = Manager(place.dir / "notify.sock", request.param == "abstract")
    yield manager
    manager.close()


@pytest.fixture
def one_manager(place):
    manager = Manager(place.dir / "notify.sock")
    yield manager
    manager.close()


def create(service):
    return check_answer(service.request("POST", TESTS), 201).json()["alias"]


def fill(place, number):
    """Puts so many tests into the database that have expired long ago."""
    database = place.connect()
    database.execute("BEGIN")
    database.executemany("INSERT INTO tests (alias, created) VALUES (?, 1)",
                         (("".join("abcdefghij"[int(digit)] for digit in f"{n:016}"),) for n in range(number)))
    database.execute("COMMIT")
    database.close()


# --- start, reload, stop

def test_life(place, manager):
    """READY when it can serve, and not before; a reload is told, whatever comes of it; and so is the end."""
    place.configure(postfix={"socket": place.dir / "alias.sock"})
    service = place.launch(**manager.environment())
    until(lambda: READY in manager.messages, "the service to be ready")
    create(service)  # at once, without a second try
    assert (place.dir / "alias.sock").is_socket()
    assert manager.messages == [READY]

    for configuration, outcome in (({}, "reloaded"), ({"test": {"limit": "none"}}, "reload refused")):
        before = int(time.monotonic() * 1e6)
        count = len(manager.messages)
        place.configure(postfix={"socket": place.dir / "alias.sock"}, **configuration)
        service.send(signal.SIGHUP)
        until(lambda: len(manager.messages) == count + 2, "the reload to be told")
        told = re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=(\d+)", manager.messages[count])
        assert before <= int(told[1]) <= int(time.monotonic() * 1e6)
        assert manager.messages[-1] == READY
        until(lambda: outcome in service.log, "the log to tell")
        create(service)

    service.send(signal.SIGTERM)
    assert service.wait() == 0
    until(lambda: manager.messages[-1] == STOPPING, "the end to be told")
    assert not manager.pings, "nobody asked for these"


def test_no_ready_when_it_cannot_start(bare_place, prefix):
    manager = Manager(bare_place.dir / "notify.sock")
    status, _ = bare_place.run_service(**manager.environment())
    manager.close()
    assert status == UNAVAILABLE
    assert READY not in manager.messages


def test_start_is_recorded_before_it_is_ready(place, one_manager):
    """Once, at the start and not at a reload."""
    def started():
        return place.sql("SELECT started FROM service")[0][0]
    before = int(time.time() * 1000)
    service = place.launch(**one_manager.environment())
    until(lambda: READY in one_manager.messages, "the service to be ready")
    first = started()
    assert before <= first <= int(time.time() * 1000)
    service.send(signal.SIGHUP)
    until(lambda: one_manager.messages.count(READY) == 2, "the reload")
    assert started() == first
    assert service.stop() == 0
    place.start()
    assert started() > first


def test_start_that_cannot_be_recorded(place, one_manager):
    """The start fails: verdicts would be wrong."""
    place.sql("CREATE TRIGGER refuse BEFORE UPDATE ON service BEGIN SELECT RAISE(FAIL, 'disk full'); END")
    status, log = place.run_service(**one_manager.environment())
    assert status == UNAVAILABLE and "disk full" in log
    assert READY not in one_manager.messages
    assert not place.socket.exists()


@pytest.mark.parametrize("name", ["", "@", "relative", "vsock:2:1234", "/" + "x" * 200])
def test_odd_notify_socket(place, name):
    """It is told of, and nothing else."""
    service = place.start(env=bare_environment(NOTIFY_SOCKET=name))
    assert "NOTIFY_SOCKET" in service.log
    create(service)


def test_nobody_at_the_notify_socket(place):
    service = place.start(env=bare_environment(NOTIFY_SOCKET=str(place.dir / "none.sock")))
    assert "cannot notify the service manager" in service.log
    create(service)


# --- the watchdog

def test_watchdog(place, one_manager):
    service = place.start(**one_manager.environment(WATCHDOG_USEC="100000"))
    until(lambda: len(one_manager.pings) >= 10, "pings")
    if not SANITIZED:
        assert one_manager.pings[9] - one_manager.pings[0] < 9 * 0.1
    assert service.stop() == 0


def test_watchdog_of_this_process(place, one_manager):
    trampoline = 'WATCHDOG_PID=$$ exec "$@"'
    place.start(command=["/bin/sh", "-c", trampoline, "sh", *place.service_command()],
                **one_manager.environment(WATCHDOG_USEC="100000"))
    until(lambda: one_manager.pings, "a ping")


@pytest.mark.parametrize("watchdog", [
    {"WATCHDOG_USEC": "10000", "WATCHDOG_PID": "1"},
    {"WATCHDOG_USEC": "0"},
    {"WATCHDOG_USEC": "-1"},
    {"WATCHDOG_USEC": "1000x"},
    {"WATCHDOG_USEC": ""},
    {"WATCHDOG_USEC": "99999999999999999999"},
], ids=lambda watchdog: "-".join(watchdog.values()))
def test_no_watchdog(place, one_manager, watchdog):
    service = place.launch(**one_manager.environment(**watchdog))
    until(lambda: READY in one_manager.messages, "the service to be ready")
    create(service)
    assert service.stop() == 0
    until(lambda: STOPPING in one_manager.messages, "the end to be told")
    assert not one_manager.pings
    assert ("WATCHDOG_USEC" in service.log) == ("WATCHDOG_PID" not in watchdog)


# --- a long purge

@pytest.mark.threads
def test_purge_of_many(place, one_manager):
    """Neither the watchdog nor a visitor waits for it; then all are gone, and that is told once."""
    number = (20 if SANITIZED else 400) * BATCH + 1
    place.configure(test={"limit": 1_000_000})
    fill(place, number)
    service = place.launch(**one_manager.environment(WATCHDOG_USEC="40000"))
    until(lambda: READY in one_manager.messages, "the service to be ready")
    create(service)
    until(lambda: place.count() == 1, "the purge")
    until(lambda: f"purged: tests={number}\n" in service.log, "the log to tell")
    assert service.log.count("purged: ") == 1
    ended = time.monotonic()
    started = one_manager.heard[0][0]
    during = [moment for moment in one_manager.pings if moment < ended]
    # Every 20 ms, on an idle machine; seldom, had it waited for the whole purge.
    assert len(during) >= (ended - started) / 0.2 / (4 if SANITIZED else 1), "the watchdog heard little"


def test_stop_during_a_purge(place):
    """It ends soon; what is left is purged the next time."""
    number = 400 * BATCH
    fill(place, number)
    service = place.start()
    until(lambda: place.count() < number, "the purge to begin")
    service.send(signal.SIGTERM)
    assert service.wait() == 0
    left = place.count()
    assert 0 < left < number
    assert left % BATCH == 0
    assert f"purged: tests={number - left}\n" in service.log
    assert os.path.exists(place.database)
    assert place.sql("SELECT tests FROM live") == [(left,)]
