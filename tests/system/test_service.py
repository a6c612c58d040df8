"""havedane-fcgi as a process: how it starts, stops, reloads, and what it refuses to start with."""

import grp
import os
import pwd
import re
import signal
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

import fcgi_client
from claims import check_answer, moment
from support import unread, until

TESTS = "/api/tests"
USAGE, UNAVAILABLE, CONFIG = 64, 69, 78


def create(service):
    return check_answer(service.request("POST", TESTS), 201).json()["alias"]


# --- start and stop

def test_help_and_version(bare_place):
    for option, pattern in (("--help", r"usage: havedane-fcgi \[-c CONF\] \[-s SOCKET\]\n.*"),
                            ("--version", r"havedane-fcgi \d+\.\d+\.\d+\n")):
        done = subprocess.run([bare_place.prefix / "sbin/havedane-fcgi", option], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert re.fullmatch(pattern, done.stdout, re.DOTALL)
    for arguments in (("--bogus",), ("-s",), ("extra",)):
        status, log = bare_place.run_service(*arguments)
        assert status == USAGE and log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stop(place, number):
    service = place.start()
    assert place.socket.is_socket()
    assert service.stop(number) == 0
    assert not place.socket.exists()
    assert service.log.endswith("stopped\n")
    assert not place.database.with_name("havedane.db-wal").exists(), "the database was not closed"


def test_signals_that_do_not_stop_it(place):
    service = place.start()
    for number in (signal.SIGPIPE, signal.SIGUSR1):
        service.send(number)
        create(service)
    assert service.running()


@pytest.mark.threads
def test_a_request_in_hand_is_finished(place):
    service = place.start()
    request = fcgi_client.request_bytes("POST", TESTS, body=b"x" * 1000)
    with fcgi_client.connect(place.socket) as connection:
        connection.sendall(request[:-500])
        until(lambda: not unread(connection), "the half of the request to be read")
        service.send(signal.SIGTERM)
        until(lambda: not service.running() or not pending(service, signal.SIGTERM), "the signal to be taken")
        connection.sendall(request[-500:])
        alias = check_answer(fcgi_client.read_answer(connection), 201).json()["alias"]
    assert service.wait() == 0
    assert place.sql("SELECT alias FROM tests") == [(alias,)]


def pending(service, number):
    with open(f"/proc/{service.process.pid}/status", encoding="ascii") as status:
        masks = [int(line.split()[1], 16) for line in status if line.startswith(("SigPnd", "ShdPnd"))]
    return any(mask >> (number - 1) & 1 for mask in masks)


def test_expired_tests_are_purged_at_start(place):
    service = place.start()
    old, new = create(service), create(service)
    assert place.hook(f"{old}@do") == 0
    assert service.stop() == 0
    place.backdate(old, 24 * 3600 + 1)
    service = place.start()
    until(lambda: place.sql("SELECT alias FROM tests") == [(new,)], "the purge")
    assert place.count("deliveries") == 0
    assert "purged: tests=1\n" in service.log
    assert old[:6] not in service.log


def test_log_has_no_alias(place):
    service = place.start()
    alias = create(service)
    for method in ("GET", "DELETE", "DELETE"):
        service.request(method, f"{TESTS}/{alias}")
    assert service.stop() == 0
    assert alias not in service.log


# --- what it does not start with

def test_database_missing(bare_place):
    status, log = bare_place.run_service()
    assert status == UNAVAILABLE
    assert str(bare_place.database) in log and "havedane init" in log
    assert sorted(path.suffix for path in bare_place.dir.iterdir()) == [".conf", ".log"], "something was created"


@pytest.mark.parametrize("content", [b"", b"no database, but long enough to be looked at " * 99], ids=["empty", "garbage"])
def test_database_is_none(bare_place, content):
    bare_place.database.write_bytes(content)
    status, log = bare_place.run_service()
    assert status == UNAVAILABLE and str(bare_place.database) in log
    assert bare_place.database.read_bytes() == content
    assert not bare_place.socket.exists()


def test_database_is_newer(place):
    place.sql("PRAGMA user_version = 1000")
    status, log = place.run_service()
    assert status == UNAVAILABLE and "newer" in log


@pytest.mark.parametrize("text, line, complaint", [
    ("", 0, "domain"),
    ("[service]\ndomain = x.test\ncolour = blue\n", 3, "colour"),
    ("[service]\ndomain = x.test\n[test]\nlimit = 0\n", 4, "limit"),
    ("[service]\ndomain = x.test\n[fastcgi]\nthreads = 257\n", 4, "threads"),
    ("[service]\ndomain = x.test\n[fastcgi]\nthreads = 1\nthreads = 2\n", 5, "threads"),
    ("[service]\ndomain = x.test\n[bogus]\nthreads = 1\n", 3, "bogus"),
    ("[service]\ndomain = x.test\n[test]\ngrace = 31m\n", None, "grace"),
    ("nonsense\n", 1, ""),
])
def test_configuration_is_wrong(bare_place, text, line, complaint):
    bare_place.conf.write_text(text)
    status, log = bare_place.run_service()
    assert status == CONFIG and complaint in log
    if line:
        assert f"{bare_place.conf}:{line}: " in log
    assert str(bare_place.conf) in log


@pytest.mark.parametrize("sections, complaint", [
    ({"postfix": {"socket": "/tmp/" + "x" * 200}}, "socket"),
    ({"postfix": {"socket": "alias.sock"}}, "socket"),
    ({"store": {"backend": "postgresql"}}, "postgresql"),
    ({"fastcgi": {"group": "no-such-group"}}, "no-such-group"),
    ({"fastcgi": {"socket": "/tmp/" + "x" * 200}}, "socket"),
])
def test_configuration_asks_for_what_is_not_there(place, sections, complaint):
    place.configure(**sections)
    status, log = place.run_service()
    assert status == CONFIG and complaint in log
    assert not place.socket.exists()


def test_configuration_is_missing(bare_place):
    bare_place.conf.unlink()
    status, log = bare_place.run_service()
    assert status == CONFIG and str(bare_place.conf) in log


# --- reload

def reload(service, outcome):
    """Tells the service to reload and waits until it has said what became of it."""
    before = service.log.count("reload")
    service.send(signal.SIGHUP)
    until(lambda: service.log.count("reload") > before and service.log.endswith("\n"), "the reload")
    assert outcome in service.log.splitlines()[-1]


def test_reload_takes_effect(place):
    place.configure(test={"limit": 1})
    service = place.start()
    alias = create(service)
    assert place.hook(f"{alias}@do") == 0
    assert service.request("POST", TESTS).status == 503

    place.configure(service={"domain": "other.test"}, fastcgi={"threads": 3}, test={"limit": 2, "grace": "40s"})
    reload(service, "reloaded: domain=other.test threads=3")
    create(service)
    assert service.request("POST", TESTS).status == 503
    test = service.request("GET", f"{TESTS}/{alias}").json()
    assert test["probes"][0]["address"] == f"{alias}@do.other.test"
    assert (moment(test["counts_at"]) - moment(test["first_received"])).total_seconds() == 40


@pytest.mark.parametrize("wrong", [
    lambda place: place.conf.write_text("[service]\ndomain = other.test\n[test]\nlimit = none\n"),
    lambda place: place.conf.unlink(),
    lambda place: place.configure(service={"domain": "other.test"}, store={"path": place.dir / "none.db"}),
    lambda place: place.configure(service={"domain": "other.test"}, store={"backend": "postgresql"}),
    lambda place: place.configure(service={"domain": "other.test"}, fastcgi={"socket": place.dir / "other.sock"}),
    lambda place: place.configure(service={"domain": "other.test"}, postfix={"socket": place.dir / "alias.sock"}),
], ids=["malformed", "missing", "no-database", "no-backend", "other-socket", "postfix"])
def test_reload_of_a_wrong_configuration(place, wrong):
    """Is refused as a whole: the service says so, and goes on as before; a right one is taken again later."""
    service = place.start()
    alias = create(service)
    wrong(place)
    reload(service, "reload refused, going on as before")
    test = check_answer(service.request("GET", f"{TESTS}/{alias}"), 200).json()
    assert test["probes"][0]["address"].endswith("@do.havedane.test")
    create(service)
    place.configure(service={"domain": "right.test"})
    reload(service, "reloaded: domain=right.test")
    test = service.request("GET", f"{TESTS}/{alias}").json()
    assert test["probes"][0]["address"].endswith("@do.right.test")


@pytest.mark.threads
def test_reload_under_load(place):
    """No request is lost or answered wrongly, and nothing is leaked."""
    service = place.start()
    alias = create(service)
    reload(service, "reloaded")
    until(lambda: service.connections() == 0, "the service to be idle")
    open_at_first = len(service.descriptors())
    over = threading.Event()

    def poll():
        statuses = []
        while not over.is_set():
            statuses.append(service.request("GET", f"{TESTS}/{alias}").status)
        return statuses

    with ThreadPoolExecutor(4) as pool:
        pollers = [pool.submit(poll) for _ in range(4)]
        try:
            for _ in range(5):
                reload(service, "reloaded")
        finally:
            over.set()
        assert {status for poller in pollers for status in poller.result()} == {200}
    until(lambda: len(service.descriptors()) <= open_at_first, "all else to be closed")


# --- users

def as_user(name, groups=()):
    return {"user": name, "group": grp.getgrgid(pwd.getpwnam(name).pw_gid).gr_name, "extra_groups": list(groups)}


@pytest.fixture
def nobodys_place(bare_place):
    """A place that belongs to nobody, database included."""
    if os.geteuid() != 0:
        pytest.fail("this needs root, to be somebody else")
    os.chown(bare_place.dir, pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid)
    return bare_place.init()


def test_as_nobody(nobodys_place):
    """Nothing needs root, nor a user of a certain name; the socket's group must be one of the user's."""
    place = nobodys_place
    place.configure(fastcgi={"group": "www-data"})
    service = place.start(**as_user("nobody", ["www-data"]))
    alias = create(service)
    check_answer(service.request("GET", f"{TESTS}/{alias}"), 200)
    assert place.socket.stat().st_gid == grp.getgrnam("www-data").gr_gid
    assert "root" not in service.log
    assert service.stop() == 0

    status, log = place.run_service(**as_user("nobody"))
    assert status == CONFIG and "www-data" in log
    assert not place.socket.exists()


def test_as_root_with_a_warning(place):
    assert ("warning: running as root" in place.start().log) == (os.geteuid() == 0)


def test_as_a_user_who_may_not_write_the_database(nobodys_place):
    place = nobodys_place
    place.database.chmod(0o644)
    for user, mode in (("www-data", 0o644), ("www-data", 0o600), ("nobody", 0o400)):
        place.database.chmod(mode)
        place.dir.chmod(0o1777)
        status, log = place.run_service(**as_user(user))
        assert status == UNAVAILABLE, log
        assert str(place.database) in log
