"""Hosts of the laboratory, and the network between them.

A host is a set of namespaces (network, mount, process, ...) that one process, its holder, keeps alive. The holder is
the first process of its process namespace: when it ends, the kernel ends everything that runs on the host, and the
network and the mounts go with it. No namespace or interface has a name outside, so that labs can run side by side with
the same addresses. Holders are found again by a mark in their environment: there is no list of pids that could be lost
or out of date.
"""

import concurrent.futures
import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

MARK = "HAVEDANE_LAB"
MARK_HOST = "HAVEDANE_LAB_HOST"
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LabError(Exception):
    """The laboratory cannot do what was asked; the text says why."""


class Stopped(KeyboardInterrupt):
    """We have been asked to end by a signal other than Ctrl-C's, and are to clean up just so."""

    def __init__(self, number):
        super().__init__(f"signal {number}")
        self.number = number


def until(condition, seconds, what):
    """Polls until condition() is true and returns its value; LabError when that takes longer than so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"waited {seconds} s in vain for: {what}")
        time.sleep(0.05)


@contextlib.contextmanager
def uninterrupted():
    """Holds back the signals that would stop us until the block is done; then they take effect."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending = []
    before = {number: signal.signal(number, lambda n, _: pending.append(n)) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if pending:
            signal.raise_signal(pending[0])


def marked(directory):
    """(pid, host name) of every process that holds a host of the lab in this directory."""
    mark = f"{MARK}={directory}".encode()
    prefix = f"{MARK_HOST}=".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            environment = (entry / "environ").read_bytes().split(b"\0")
        except OSError:  # gone meanwhile
            continue
        if mark in environment:
            yield int(entry.name), next((v[len(prefix):].decode() for v in environment if v.startswith(prefix)), "")


def is_first(pid, program=None):
    """Whether the process is the first of a process namespace, and (if asked) already runs this program."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    pids = fields["NSpid"].split()
    return len(pids) > 1 and pids[-1] == "1" and program in (None, fields["Name"].strip())


def end(directory, seconds=15):
    """Ends every host of the lab in this directory, and waits until all are gone."""
    gentle_until = time.monotonic() + seconds / 2

    def kill_rest():
        rest = [pid for pid, _ in marked(directory)]
        for pid in rest:
            # unshare, the parent of the first, ends with it and reaps it: to kill both would leave a zombie for a while
            if is_first(pid) or time.monotonic() > gentle_until:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return not rest
    until(kill_rest, seconds, f"the end of the processes of {directory}")


class Host:
    """One host: an address of each family on the lab's network, and a folder for its files."""

    def __init__(self, lab_directory, name, ipv4=None, ipv6=None):
        self.lab_directory = Path(lab_directory)
        self.directory = self.lab_directory / name
        self.name, self.ipv4, self.ipv6 = name, ipv4, ipv6
        self._pid = None
        self._holder = None
        self._started = []

    @property
    def pid(self):
        """Pid of the holder as seen from outside."""
        if self._pid is None:
            self._pid = self._find()
        if self._pid is None:
            raise LabError(f"the host {self.name} of {self.lab_directory} is not up")
        return self._pid

    def _find(self):
        return next((pid for pid, name in marked(self.lab_directory) if name == self.name and is_first(pid, "sleep")), None)

    def is_up(self):
        return self._find() is not None

    def start(self):
        """Makes the namespaces. The holder ignores SIGCHLD, so that the kernel reaps the orphans it inherits."""
        self.directory.mkdir(mode=0o755)
        argv = ["unshare", "--fork", "--kill-child", "--pid", "--mount-proc", "--mount", "--net", "--uts", "--ipc",
                "env", "--ignore-signal=CHLD", "sleep", "infinity"]
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", MARK: str(self.lab_directory), MARK_HOST: self.name}
        with uninterrupted(), open(self.directory / "holder.log", "wb") as log:
            self._holder = subprocess.Popen(argv, env=environment, start_new_session=True, cwd="/",
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

        def found():
            if self._holder.poll() is not None:
                raise LabError(f"cannot make namespaces: {(self.directory / 'holder.log').read_text().strip()}")
            return self._find()
        self._pid = until(found, 10, f"the namespaces of {self.name}")
        self.run(["hostname", self.name])

    def reap(self):
        """Collects what was started from here; to be called after end()."""
        for process in filter(None, (self._holder, *self._started)):
            process.wait(10)

    def enter(self, argv, user=None, groups=()):
        """The command line that runs argv on this host, as root or as a user with these groups besides its own."""
        become = []
        if user:
            more = ["--groups", ",".join(groups)] if groups else ["--clear-groups"]
            become = ["setpriv", "--reuid", user, "--regid", user, *more, "--inh-caps=-all", "--"]
        return ["nsenter", "--target", str(self.pid), "--mount", "--net", "--pid", "--uts", "--ipc", "--wd=/", "--",
                *become, *map(str, argv)]

    def run(self, argv, check=True, timeout=60, user=None, **options):
        """Runs a command on this host to its end and returns the CompletedProcess, with its output as text."""
        options.setdefault("capture_output", True)
        done = subprocess.run(self.enter(argv, user), text=True, timeout=timeout, **options)
        if check and done.returncode != 0:
            raise LabError(f"{self.name}: {' '.join(map(str, argv))}: exit {done.returncode}\n"
                           f"{done.stdout or ''}{done.stderr or ''}".rstrip())
        return done

    def spawn(self, argv, log, user=None, groups=(), pass_fds=()):
        """Starts a program that stays; its output goes to a file in the host's folder. Ctrl-C does not reach it."""
        with open(self.directory / log, "ab") as output:
            process = subprocess.Popen(self.enter(argv, user, groups), start_new_session=True, pass_fds=pass_fds,
                                       stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        self._started.append(process)
        return process

    def pids(self, program):
        """Pids, as seen from outside, of the processes on this host that run this program (a path)."""
        namespace = os.readlink(f"/proc/{self.pid}/ns/pid")
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError):  # gone meanwhile
                if entry.name.isdigit() and os.readlink(entry / "ns/pid") == namespace \
                        and os.fsencode(program) in (entry / "cmdline").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
        return found

    def connect_to(self, address, timeout=30):
        """A TCP connection from this host. It is made by a thread that enters the host's network; a socket stays where
        it was made."""
        def connect():
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/proc/{self.pid}/ns/net") as network:
                if libc.setns(network.fileno(), 0) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            return socket.create_connection(address, timeout)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(connect).result()

    def use_resolver(self, *addresses):
        """Gives the host a resolv.conf of its own. trust-ad lets the AD bit through to those who ask for it."""
        if not os.path.exists("/etc/resolv.conf"):
            raise LabError("/etc/resolv.conf is missing: there is nothing to put the lab's own in place of")
        own = self.directory / "resolv.conf"
        own.write_text("".join(f"nameserver {address}\n" for address in addresses) + "options edns0 trust-ad\n")
        self.run(["mount", "--bind", own, "/etc/resolv.conf"])

    def connect(self, switch):
        """Joins the host to the switch by a pair of interfaces that never exists outside of these two."""
        port = f"to-{self.name}"[:15]
        # Only the network namespace is entered: `netns` names a process, and shall do so by its pid outside.
        subprocess.run(["nsenter", "--target", str(switch.pid), "--net", "ip", "link", "add", port, "type", "veth",
                        "peer", "name", "eth0", "netns", str(self.pid)], check=True, timeout=20)
        switch.ip(f"link set {port} master lan up")
        self.ip("link set lo up", "link set eth0 up")

    def add_address(self, ipv4, ipv6):
        self.ip(f"address add {ipv4}/24 dev eth0", f"address add {ipv6}/64 dev eth0 nodad")

    def ip(self, *commands):
        self.run(["ip", "-batch", "-"], input="".join(f"{command}\n" for command in commands))


class Switch(Host):
    """The network: a bridge in a namespace of its own."""

    def start(self):
        super().start()
        # Snooping would have to learn who listens before it passes on neighbour discovery.
        self.ip("link add lan type bridge mcast_snooping 0", "link set lan up")
