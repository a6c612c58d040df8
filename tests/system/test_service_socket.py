"""Where havedane-fcgi listens, and what it does about what is there already."""

import grp
import os
import socket
import stat
import sys

import pytest

from claims import check_answer
from nginx import USER as WEB_USER

TESTS = "/api/tests"
IO, CONFIG = 74, 78


def create(service):
    return check_answer(service.request("POST", TESTS), 201).json()["alias"]


def some_group():
    """A group that a new file does not get by itself, where we may choose one."""
    return grp.getgrnam(WEB_USER) if os.geteuid() == 0 else grp.getgrgid(os.getegid())


def listening(path):
    """A listening socket, as an init system or spawn-fcgi makes one."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(64)
    return listener


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


# The way of systemd: sockets from descriptor 3 on, and variables that tell of them.
TRAMPOLINE = """
import fcntl, os, sys
pid, names, fds, *command = sys.argv[1:]
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 100) for fd in fds.split(",")]
for number, fd in enumerate(high, 3):
    os.dup2(fd, number)
os.environ.update(LISTEN_PID=pid or str(os.getpid()), LISTEN_FDS=str(len(high)), LISTEN_FDNAMES=names)
os.execv(command[0], command)
"""


def passing(place, listeners, names, pid=""):
    """What to launch a service with so that it is passed these sockets under these names."""
    fds = [listener.fileno() for listener in listeners]
    return {"command": [sys.executable, "-I", "-c", TRAMPOLINE, pid, names, ",".join(map(str, fds)),
                        *place.service_command()], "pass_fds": fds}


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
