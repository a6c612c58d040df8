"""Where havedane-fcgi listens, and what it does about what is there already."""

import fcntl
import os
import stat
from pathlib import Path

import pytest

from claims import check_answer
from sockets import listening, passing, some_group
from support import until

TESTS = "/api/tests"
IO, CONFIG = 74, 78
ROUNDS = 8  # of starts at one moment


def create(service):
    return check_answer(service.request("POST", TESTS), 201).json()["alias"]


# --- where

def test_socket_is_for_the_group_only(place):
    group = some_group()
    place.configure(fastcgi={"group": group.gr_name})
    place.start()
    status = place.socket.stat()
    assert (stat.S_IMODE(status.st_mode), status.st_gid) == (0o660, group.gr_gid)


def test_socket_mode_whatever_the_umask(place):
    for mask in (0, 0o777):
        service = place.start(umask=mask)
        assert stat.S_IMODE(place.socket.stat().st_mode) == 0o660
        assert service.stop() == 0


def test_argument_wins_over_configuration(place):
    other = place.dir / "other.sock"
    place.start("-s", other, socket=other)
    assert not place.socket.exists()


@pytest.mark.parametrize("names, position", [("fcgi", 0), ("fcgi:alias", 0), ("alias:fcgi", 1), ("xfcgi:fcgi", 1)])
def test_socket_from_systemd(place, names, position):
    paths = [place.dir / f"passed-{number}.sock" for number in range(names.count(":") + 1)]
    listeners = [listening(path) for path in paths]
    service = place.start(socket=paths[position], **passing(place, listeners, names))
    for listener in listeners:
        listener.close()
    create(service)
    assert not place.socket.exists()
    assert service.stop() == 0
    assert all(path.is_socket() for path in paths), "a socket that is not its own was removed"


def test_socket_from_systemd_for_another_process(place):
    with listening(place.dir / "passed.sock") as listener:
        create(place.start(**passing(place, [listener], "fcgi", pid="1")))


@pytest.mark.parametrize("names", ["", "alias", "fcg", "fcgi2"])
def test_socket_from_systemd_without_the_name(place, names):
    with listening(place.dir / "passed.sock") as listener:
        status, log = place.run_service(**passing(place, [listener], names))
    assert status == CONFIG and "LISTEN_FDNAMES" in log


def test_socket_as_standard_input(place):
    path = place.dir / "stdin.sock"
    with listening(path) as listener:
        service = place.start(socket=path, stdin=listener)
        create(service)
        assert not place.socket.exists()
        assert service.stop() == 0
    assert path.is_socket()


# --- what is at the socket's path already

def test_running_service_is_left_alone(place):
    first = place.start()
    before = place.socket.stat()
    status, log = place.run_service()
    assert status == IO
    assert f"{place.socket}: a service is running there already" in log
    assert place.socket.stat() == before
    create(first)


def test_dead_socket_is_replaced(place):
    service = place.start()
    alias = create(service)
    service.kill()
    assert place.socket.is_socket()
    service = place.start()
    check_answer(service.request("GET", f"{TESTS}/{alias}"), 200)


@pytest.mark.parametrize("make", [
    lambda path: path.write_text("precious"),
    lambda path: path.mkdir(),
    lambda path: path.symlink_to("/nonexistent"),
    os.mkfifo,
], ids=["file", "folder", "symlink", "fifo"])
def test_what_is_no_socket_is_left_alone(place, make):
    make(place.socket)
    before = place.socket.lstat()
    status, log = place.run_service()
    assert status == CONFIG and f"{place.socket}: " in log
    assert (place.socket.lstat().st_ino, place.socket.lstat().st_mode) == (before.st_ino, before.st_mode)
    if place.socket.is_file():
        assert place.socket.read_text() == "precious"


def test_folder_of_the_socket_is_missing(place):
    place.configure(fastcgi={"socket": place.dir / "no/fcgi.sock"})
    status, log = place.run_service()
    assert status == IO and f"{place.dir}/no/fcgi.sock" in log


@pytest.mark.threads
def test_several_started_at_the_same_moment(place):
    """One of them gets the socket, a dead one in its place or not; none of the others takes it away."""
    for number in range(ROUNDS):
        services = [place.launch() for _ in range(8)]
        until(lambda: sum(service.running() for service in services) <= 1, "all but one to give up")
        winner, = [service for service in services if service.running()]
        for service in services:
            if service is not winner:
                assert service.wait() == IO and "a service is running there already" in service.log
        create(winner.wait_ready())
        if number % 2:
            assert winner.stop() == 0
        else:
            winner.kill()
    assert not list(place.dir.glob("*.lock"))


def test_a_successor_keeps_its_socket(place):
    """Who stops removes its own socket only, not what has taken its place."""
    first = place.start()
    place.socket.unlink()
    second = place.start()
    assert first.stop() == 0
    assert place.socket.is_socket()
    create(second)
    assert second.stop() == 0
    assert not place.socket.exists()


def waits_for(path):
    """Whether somebody waits for the lock of a file: a line of /proc/locks with an arrow."""
    inode = str(path.stat().st_ino)
    lines = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
    return any(line[1] == "->" and line[6].split(":")[2] == inode for line in lines)


def test_who_makes_a_socket_is_waited_for(place):
    """And who removes one: it may take the lock's file away with it."""
    lock = place.socket.with_name("fcgi.sock.lock")
    with lock.open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        service = place.launch()
        until(lambda: waits_for(lock), "the service to wait")
        assert not place.socket.exists()
        lock.unlink()
    create(service.wait_ready())
    assert not lock.exists()


def test_a_lock_that_somebody_died_with(place):
    lock = place.socket.with_name("fcgi.sock.lock")
    lock.touch()
    service = place.start()
    assert not lock.exists()
    assert service.stop() == 0
