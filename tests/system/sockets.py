"""Listening sockets, handed to a service as an init system does it."""

import grp
import os
import socket
import sys

from nginx import USER as WEB_USER


def some_group():
    """A group that a new file does not get by itself, where we may choose one."""
    return grp.getgrnam(WEB_USER) if os.geteuid() == 0 else grp.getgrgid(os.getegid())


def listening(path):
    """A listening socket, as an init system or spawn-fcgi makes one."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    listener.listen(64)
    return listener


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


def passing(place, listeners, names, *arguments, pid=""):
    """What to launch a service with, besides these arguments, so that it is passed these sockets under these names."""
    fds = [listener.fileno() for listener in listeners]
    return {"command": [sys.executable, "-I", "-c", TRAMPOLINE, pid, names, ",".join(map(str, fds)),
                        *place.service_command(*arguments)], "pass_fds": fds}
