"""What the tests of the hook share: a place where it runs as Postfix would run it, and what it says to syslog."""

import os
import shutil
import socket
import subprocess
import threading
import time
from collections import namedtuple

from support import DOMAIN, MESSAGE, PATIENCE, Place, bare_environment, milliseconds, until

USER = "havedane"
OK, TEMPFAIL = 0, 75
ALIAS, OTHER = "k5d3m2q7xw4b6n2a", "a2b3c4d5e6f7g2h3"
SECRETS = (ALIAS[:7], OTHER[:7], "tester@", "subject")  # never in a line of the log
ERROR, WARNING, INFO = 3, 4, 6  # severities of syslog(3)
MAIL = 2  # its facility

Delivery = namedtuple("Delivery", "alias probe received transport tls_protocol tls_cipher client_address client_helo")


class Namespaces:
    """Namespaces of our own ("mount", "net", "pid"), prepared by a shell script.

    The process that holds them waits for the end of its input: they go when we go, however that happens, and with the
    process namespace all that runs in it.
    """

    FILES = {"mount": "mnt", "net": "net", "pid": "pid_for_children", "uts": "uts"}

    def __init__(self, *kinds, prepare, arguments=()):
        self.kinds = kinds
        options = [f"--{kind}" for kind in kinds] + ["--fork", "--kill-child", "--mount-proc"] * ("pid" in kinds)
        # In a process namespace it inherits orphans; as it ignores SIGCHLD the kernel reaps them.
        script = f"set -e\n{prepare}\necho ready\nexec env --ignore-signal=CHLD cat"
        self.holder = subprocess.Popen(["unshare", *options, "sh", "-c", script, "sh", *map(str, arguments)], cwd="/",
                                       stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.holder.stdout.readline() == b"ready\n", "cannot make namespaces"

    def file(self, kind):
        return f"/proc/{self.holder.pid}/ns/{self.FILES[kind]}"

    def enter(self, *argv):
        """The command line that runs argv inside; it stays one process, but for a process namespace."""
        return ["nsenter", *(f"--{kind}={self.file(kind)}" for kind in self.kinds), "--", *map(str, argv)]

    def run(self, *argv, **options):
        options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "check": True, **options}
        return subprocess.run(self.enter(*argv), timeout=PATIENCE, **options)

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(PATIENCE)
        self.holder.stdout.close()


class Syslog:
    """The socket that syslog(3) writes to, and the lines that came: (severity, text)."""

    Line = namedtuple("Line", "severity text")
    END = b"the end of the lines so far"

    def __init__(self, path):
        self.path = path
        self.datagrams = []
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        path.chmod(0o666)
        # Read all the time: it holds few datagrams, and then writers wait.
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while datagram := self.socket.recv(65536):
            self.datagrams.append(datagram)

    def _send(self, datagram):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(datagram, str(self.path))

    def take(self):
        """All lines that have been sent since the last time."""
        self._send(self.END)
        until(lambda: self.END in self.datagrams, "the log to be read")
        taken, self.datagrams = self.datagrams, []
        return [self._parse(datagram) for datagram in taken if datagram != self.END]

    def _parse(self, datagram):
        """<PRIORITY>MONTH DAY TIME IDENT[PID]: TEXT, the format of syslog(3)."""
        priority, _, rest = datagram.decode("ascii").partition(">")
        stamp, ident, text = rest[:16], *rest[16:].rstrip("\n\0").split(": ", 1)
        time.strptime(stamp.strip(), "%b %d %H:%M:%S")
        assert ident.startswith("havedane-hook[") and ident.endswith("]"), datagram
        facility, severity = divmod(int(priority.removeprefix("<")), 8)
        assert facility == MAIL, datagram
        assert not [secret for secret in SECRETS if secret in text.lower()], datagram
        return self.Line(severity, text)

    def close(self):
        self._send(b"")
        self.reader.join(PATIENCE)
        self.socket.close()


class HookPlace(Place):
    """A place whose database is in a folder of the user havedane's, as an installation has it."""

    def __init__(self, prefix):
        super().__init__(prefix)
        self.program = self.prefix / "libexec/havedane/havedane-hook"
        self.data = self.dir / "data"
        self.data.mkdir(mode=0o700)
        shutil.chown(self.data, USER, USER)
        self.database = self.data / "havedane.db"
        self.configure()

    def create(self, *aliases, age=0):
        """Puts tests into the database, created so many seconds ago."""
        for alias in aliases:
            self.sql("INSERT INTO tests (alias, created) VALUES (?, ?)", alias, milliseconds() - age * 1000)

    def clear(self):
        self.sql("DELETE FROM tests")

    def deliveries(self):
        return [Delivery(*row) for row in self.sql("SELECT * FROM deliveries ORDER BY alias, probe")]

    def recorded(self):
        """(alias, probe) of all deliveries."""
        return [(delivery.alias, delivery.probe) for delivery in self.deliveries()]


class HookRunner:
    """The installed hook in a HookPlace: as the user havedane, with a /dev in which the log's socket is ours.

    A small file system is mounted at place.dir/small, seen by the hook only; `small` is the way to it for others.
    """

    PREPARE = """\
mount --make-rprivate /
for node in null zero random urandom; do : >"$1/$node"; mount --bind "/dev/$node" "$1/$node"; done
mount --rbind "$1" /dev
mount -t tmpfs -o size=256k tmpfs "$2"
"""

    def __init__(self, place):
        self.place = place
        dev, small = place.dir / "dev", place.dir / "small"
        for folder in (dev, small):
            folder.mkdir()
        self.syslog = Syslog(dev / "log")
        self.namespaces = Namespaces("mount", prepare=self.PREPARE, arguments=(dev, small))

    def command(self, *arguments, before=(), user=USER):
        become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--"]
        return self.namespaces.enter(*become, *before, self.place.program, *(arguments or ("-c", self.place.conf)))

    def start(self, recipient, *arguments, stdin=subprocess.PIPE, before=(), user=USER, **environment):
        """Starts the hook; the caller feeds it and waits. recipient: ORIGINAL_RECIPIENT, None for none at all."""
        environment = {"CLIENT_ADDRESS": "192.0.2.21", "CLIENT_HELO": "helo.sender.test", "RECIPIENT": "havedane-do@localhost",
                       **environment}
        if recipient is not None:
            environment["ORIGINAL_RECIPIENT"] = recipient
        environment = {name: value for name, value in environment.items() if value is not None}
        return subprocess.Popen(self.command(*arguments, before=before, user=user), cwd="/", stdin=stdin,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=bare_environment(**environment))

    def run(self, recipient, *arguments, message=MESSAGE, **options):
        """Delivers a message and returns the hook's exit status. It never may print anything."""
        with self.start(recipient, *arguments, **options) as process:
            try:
                printed = process.communicate(message, timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        assert printed == (b"", b"")
        return process.returncode

    def deliver(self, probe="do", alias=ALIAS, **options):
        """Delivers a message to alias at probe; returns the exit status."""
        return self.run(f"{alias}@{probe}.{DOMAIN}", **options)

    def close(self):
        self.namespaces.close()
        self.syslog.close()


def is_open(pid, path):
    """Whether a process has this file open."""
    folder = f"/proc/{pid}/fd"
    for entry in os.listdir(folder):
        try:
            if os.readlink(f"{folder}/{entry}") == str(path):
                return True
        except FileNotFoundError:  # closed meanwhile
            pass
    return False
