"""The socket for Postfix's look-ups: where it is, whose it is, and what start, stop and reload do to it."""

import grp
import os
import pwd
import signal
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from claims import check_answer
from socketmap import NOTFOUND, Connection, address, ask, ok, query
from sockets import listening, passing, some_group
from support import unread, until

TESTS = "/api/tests"
IO, CONFIG = 74, 78


@pytest.fixture
def alias_socket(place):
    path = place.dir / "alias.sock"
    place.configure(postfix={"socket": path})
    return path


def create(service):
    return check_answer(service.request("POST", TESTS), 201).json()["alias"]


def reload(service, outcome):
    before = service.log.count("reload")
    service.send(signal.SIGHUP)
    until(lambda: service.log.count("reload") > before and service.log.endswith("\n"), "the reload")
    assert outcome in service.log.splitlines()[-1]


# --- where

def test_none(place):
    service = place.start()
    assert sorted(path.name for path in place.dir.glob("*.sock*")) == ["fcgi.sock"]
    until(lambda: "alias_socket=none" in service.log, "the service to say so")


def test_socket_is_for_the_group_only(place, alias_socket):
    group = some_group()
    place.configure(postfix={"socket": alias_socket, "group": group.gr_name})
    for mask in (0, 0o777):
        service = place.start(umask=mask)
        status = alias_socket.stat()
        assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o660, group.gr_gid)
        assert place.socket.stat().st_gid == os.getegid()
        assert service.stop() == 0
        assert not alias_socket.exists() and not place.socket.exists()


@pytest.mark.parametrize("names", ["fcgi:alias", "alias:fcgi", "x:alias:fcgi"])
def test_from_systemd(place, alias_socket, names):
    """What is passed wins over the configuration."""
    paths = {name: place.dir / f"passed-{name}.sock" for name in names.split(":")}
    listeners = [listening(path) for path in paths.values()]
    service = place.start(socket=paths["fcgi"], **passing(place, listeners, names))
    for listener in listeners:
        listener.close()
    alias = create(service)
    assert ask(paths["alias"], address(alias)) == ok()
    assert not alias_socket.exists() and not place.socket.exists()
    assert service.stop() == 0
    assert all(path.is_socket() for path in paths.values()), "a socket that is not its own was removed"


def test_from_systemd_beside_an_argument(place):
    """-s is about the other socket: the one for look-ups is not lost."""
    path, other = place.dir / "passed.sock", place.dir / "other.sock"
    with listening(path) as listener:
        service = place.start(socket=other, **passing(place, [listener], "alias", "-s", other))
    assert ask(path, address(create(service))) == ok()


def test_from_systemd_beside_standard_input(place, alias_socket):
    """Descriptor 0 is for the web server; what is for look-ups is made as configured."""
    path = place.dir / "stdin.sock"
    with listening(path) as listener:
        service = place.start(socket=path, stdin=listener)
    assert ask(alias_socket, address(create(service))) == ok()


def test_from_systemd_for_another_process(place, alias_socket):
    with listening(place.dir / "passed.sock") as listener, listening(place.dir / "passed2.sock") as second:
        service = place.start(**passing(place, [listener, second], "fcgi:alias", pid="1"))
    assert ask(alias_socket, address(create(service))) == ok()


def test_from_systemd_no_socket(place, tmp_path):
    with listening(place.dir / "passed.sock") as listener, (tmp_path / "file").open("w") as file:
        status, log = place.run_service(**passing(place, [listener, file], "fcgi:alias"))
    assert status == CONFIG and '"alias"' in log


def test_passed_sockets_are_not_passed_on(place):
    """To a program that the service might start."""
    path = place.dir / "passed.sock"
    with listening(path) as listener:
        service = place.start(**passing(place, [listener], "alias", "-s", place.socket))
    flags = Path(f"/proc/{service.process.pid}/fdinfo/3").read_text().split("flags:")[1].split()[0]
    assert int(flags, 8) & os.O_CLOEXEC


# --- what is there already

def test_dead_socket_is_replaced(place, alias_socket):
    service = place.start()
    alias = create(service)
    service.kill()
    assert alias_socket.is_socket()
    place.start()
    assert ask(alias_socket, address(alias)) == ok()


def test_living_socket_is_left_alone(place, alias_socket):
    with listening(alias_socket):
        status, log = place.run_service()
    assert status == IO and f"{alias_socket}: a service is running there already" in log
    assert not place.socket.exists(), "half of it was left"


@pytest.mark.parametrize("make", [lambda path: path.write_text("precious"), lambda path: path.mkdir()],
                         ids=["file", "folder"])
def test_what_is_no_socket_is_left_alone(place, alias_socket, make):
    make(alias_socket)
    status, log = place.run_service()
    assert status == CONFIG and f"{alias_socket}: " in log
    assert alias_socket.exists() and not place.socket.exists()


@pytest.mark.parametrize("postfix, status, complaint", [
    ({"socket": "/nonexistent/alias.sock"}, IO, "/nonexistent/alias.sock"),
    ({"group": "no-such-group"}, CONFIG, "[postfix] group: no-such-group"),
    ({"socket": "fcgi"}, IO, "a service is running there already"),
], ids=["folder", "group", "same-path"])
def test_what_cannot_be_made(place, alias_socket, postfix, status, complaint):
    postfix = {"socket": alias_socket, **postfix}
    if postfix["socket"] == "fcgi":
        postfix["socket"] = place.socket
    place.configure(postfix=postfix)
    ended, log = place.run_service()
    assert ended == status and complaint in log
    assert not alias_socket.exists() and not place.socket.exists()


def test_as_nobody(bare_place):
    """Nothing needs root; the group must be one of the user's."""
    place = bare_place
    nobody = pwd.getpwnam("nobody")
    os.chown(place.dir, nobody.pw_uid, nobody.pw_gid)
    path = place.dir / "alias.sock"
    place.configure(postfix={"socket": path, "group": "www-data"})
    place.init()
    service = place.start(user="nobody", group=grp.getgrgid(nobody.pw_gid).gr_name, extra_groups=["www-data"])
    assert path.stat().st_gid == grp.getgrnam("www-data").gr_gid
    assert ask(path, address(create(service))) == ok()


# --- stop

@pytest.mark.threads
def test_stop(place, alias_socket):
    """At once, whoever is connected; a look-up in hand is answered."""
    service = place.start()
    alias = create(service)
    database = place.connect(check_same_thread=False)
    with Connection(alias_socket) as silent, Connection(alias_socket) as half, Connection(alias_socket) as waiting:
        assert silent.ask(address(alias)) == ok()
        half.send(query(address(alias))[:-3])
        database.execute("BEGIN IMMEDIATE")
        waiting.send(query(address(alias, "wrong")))
        until(lambda: not unread(half.socket) and not unread(waiting.socket), "the requests to be read")
        service.send(signal.SIGTERM)
        database.execute("ROLLBACK")
        assert waiting.reply() == ok("wrong")
        assert service.wait() == 0
        assert silent.is_closed() and half.is_closed()
    database.close()
    assert not alias_socket.exists()
    assert place.sql("SELECT alias, probe FROM offers") == [(alias, "wrong")]


def test_service_is_down(place, alias_socket):
    """Nobody listens: Postfix says 451 by itself."""
    service = place.start()
    alias = create(service)
    assert service.stop() == 0
    with pytest.raises(OSError):
        ask(alias_socket, address(alias))
    place.start()
    assert ask(alias_socket, address(alias)) == ok()


# --- reload

@pytest.mark.threads
def test_reload_under_load(place, alias_socket):
    """No look-up is lost and no connection closed, whatever the configuration says now."""
    service = place.start()
    alias = create(service)
    over = threading.Event()

    def look_up():
        answers = set()
        with Connection(alias_socket) as connection:
            while not over.is_set():
                answers.add(connection.ask(address(alias)))
        return answers

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(look_up) for _ in range(4)]
        try:
            for _ in range(5):
                reload(service, "reloaded")
        finally:
            over.set()
        for answers in running:
            assert answers.result() == {ok()}
    until(lambda: service.connections(2) == 0, "the connections to be closed")


def test_reload_takes_effect(place, alias_socket):
    service = place.start()
    alias = create(service)
    with Connection(alias_socket) as connection:
        assert connection.ask(address(alias)) == ok()
        place.configure(service={"domain": "other.test"}, postfix={"socket": alias_socket})
        reload(service, "reloaded: domain=other.test")
        assert connection.ask(address(alias)) == NOTFOUND
        assert connection.ask(f"{alias}@do.other.test") == ok()


@pytest.mark.parametrize("before, after", [
    ({"socket": "a.sock"}, {"socket": "b.sock"}),
    ({"socket": "a.sock"}, {"socket": "a.sock", "group": "root"}),
    ({"socket": "a.sock"}, {}),
    ({}, {"socket": "a.sock"}),
], ids=["path", "group", "removed", "new"])
def test_reload_cannot_change_the_socket(place, before, after):
    def configure(postfix, **sections):
        path = {"socket": place.dir / postfix["socket"]} if "socket" in postfix else {}
        place.configure(postfix={**postfix, **path}, **sections)
    configure(before)
    service = place.start()
    alias = create(service)
    configure(after, service={"domain": "other.test"})
    reload(service, "reload refused, going on as before")
    assert "restart" in service.log.splitlines()[-2]
    assert not (place.dir / "b.sock").exists()
    if "socket" in before:
        assert ask(place.dir / before["socket"], address(alias)) == ok()
    else:
        assert not (place.dir / "a.sock").exists()
    configure(before, service={"domain": "other.test"})
    reload(service, "reloaded: domain=other.test")


def test_reload_beside_a_passed_socket(place):
    """It is not ours: what the configuration says of it does not matter."""
    path = place.dir / "passed.sock"
    with listening(path) as listener:
        service = place.start(**passing(place, [listener], "alias", "-s", place.socket))
    alias = create(service)
    place.configure(postfix={"socket": place.dir / "a.sock", "group": "root"})
    reload(service, "reloaded")
    assert ask(path, address(alias)) == ok()
    assert not (place.dir / "a.sock").exists()


def test_refused_reload_changes_nothing(place, alias_socket):
    service = place.start()
    alias = create(service)
    with Connection(alias_socket) as connection:
        place.configure(service={"domain": "other.test"}, store={"path": place.dir / "none.db"},
                        postfix={"socket": alias_socket})
        reload(service, "reload refused")
        assert connection.ask(address(alias)) == ok()
