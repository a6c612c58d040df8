"""The laboratory: a small Internet on one machine, with a receiver that runs HaveDANE and senders of each kind.

    with Lab("/usr/local") as lab:
        test = lab.create()
        lab.send("dane", test["alias"])
        test = lab.wait(test["alias"], decided, 60)

Everything is in one folder and in namespaces of its own; nothing of the machine is changed, and nothing is left.
"""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import lab_dns
import lab_mail
import lab_net
import lab_web
from lab_net import Host, LabError, Stopped, Switch
from lab_senders import SENDERS

DOMAIN = "havedane.test"
PROBES = ("do", "dont", "wrong")
RECEIVER = ("192.0.2.10", "2001:db8:25::10")
FIRST_SENDER = 21  # last part of the first sender's addresses
TOOLS = ("ip", "unshare", "nsenter", "setpriv", "ss", "kdig", "keymgr", "postfix", "postconf", "sendmail",
         lab_dns.KNOTD, lab_dns.UNBOUND, lab_web.NGINX)

CONF = """\
[service]
domain = {domain}
[store]
path = {database}
[fastcgi]
socket = {socket}
group = {group}
{postfix}[test]
grace = {grace}
settle = {settle}
"""

# Unknown aliases are refused at RCPT; without this section all mail is taken, and the hook drops what is for nobody.
CONF_POSTFIX = """\
[postfix]
socket = {socket}
group = postfix
"""


def decided(test):
    """Whether every probe of a test has an outcome and there is a verdict."""
    return test["verdict"]["result"] not in ("waiting", "running") \
        and all(probe["outcome"] != "waiting" for probe in test["probes"])


class Lab:
    """One laboratory. As a context manager it is up inside the block, and gone after it."""

    def __init__(self, prefix, grace="5s", settle="30s", port=0, directory=None, postfix_settings=None,
                 catch_all=False):
        self.prefix = Path(prefix).resolve()
        self.grace, self.settle, self.port = grace, settle, port
        self.catch_all = catch_all
        self.domain = DOMAIN
        self.senders = {sender.name: sender for sender in SENDERS}
        self.postfix_settings = postfix_settings or {}
        self._wanted_directory = directory
        self._made = False  # whether there is a lab of ours: what is not ours is never taken down
        if directory:
            self._place(directory)

    def _place(self, directory):
        """Lays down what is where, below the lab's folder."""
        self.dir = Path(directory).resolve()
        self.switch = Switch(self.dir, "switch")
        self.dns = Host(self.dir, "dns", *lab_dns.RESOLVER)
        self.receiver = Host(self.dir, "receiver", *RECEIVER)
        self.sender_hosts = {name: Host(self.dir, name, f"192.0.2.{FIRST_SENDER + n}", f"2001:db8:25::{FIRST_SENDER + n}")
                             for n, name in enumerate(self.senders)}
        self.hosts = {host.name: host for host in
                      (self.switch, self.dns, self.receiver, *self.sender_hosts.values())}
        self.postfix = {name: lab_mail.Postfix(host) for name, host in self.hosts.items()
                        if host not in (self.switch, self.dns)}
        home = self.receiver.directory
        self.conf = home / "havedane.conf"
        self.database = home / "db" / "havedane.db"
        self.socket = home / "run" / "fcgi.sock"
        self.alias_socket = home / "run" / "alias.sock"
        self.service = lab_web.Service(self.receiver, self.prefix / "sbin/havedane-fcgi", self.conf, self.socket)

    @classmethod
    def attach(cls, directory):
        """The lab that is already up in this folder."""
        try:
            state = json.loads((Path(directory) / "lab.json").read_text())
        except (OSError, ValueError) as error:
            raise LabError(f"{directory} is not a lab's folder") from error
        lab = cls(directory=directory, **state)
        lab._made = True
        return lab

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    # Up and down

    @contextlib.contextmanager
    def stoppable(self):
        """SIGTERM and SIGHUP would end the process without a word; inside this block they raise, so that what is up
        comes down. (Handlers that somebody else has set are left alone.)"""
        def leave(number, _):
            raise Stopped(number)
        handlers = {}
        if threading.current_thread() is threading.main_thread():
            handlers = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)
                        if signal.getsignal(number) is signal.SIG_DFL}
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(self.stoppable())
        self._stack.callback(self.down)
        try:
            self.up()
        except BaseException:
            self._stack.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, *error):
        return self._stack.__exit__(*error)

    def up(self):
        """Brings the lab up; if that fails, or is interrupted, nothing is left of it."""
        self.check()
        try:
            self._make_directory()
            self._start()
        except BaseException as error:
            with lab_net.uninterrupted():
                logs = self.tails()
                self.down()
            if not isinstance(error, Exception):  # told to stop: no reason to explain
                raise
            raise LabError(f"the lab does not come up: {error}\n{logs}".rstrip()) from error

    def check(self):
        """Says what is missing before anything is begun."""
        if os.geteuid() != 0:
            raise LabError("the lab needs root, for namespaces and for Postfix")
        if self._wanted_directory and self.dir.exists() and any(self.dir.iterdir()):
            raise LabError(f"{self.dir} is not empty")
        missing = [tool for tool in TOOLS if not shutil.which(tool, path="/usr/sbin:/usr/bin:/sbin:/bin")]
        if missing:
            raise LabError(f"not installed: {', '.join(missing)}")
        try:
            pwd.getpwnam("havedane")
        except KeyError:
            raise LabError("there is no user havedane; make it with: useradd --system --user-group --no-create-home "
                           "--shell /usr/sbin/nologin havedane") from None
        for program in ("sbin/havedane", "sbin/havedane-fcgi", "libexec/havedane/havedane-hook"):
            if not self._havedane_may_pass(self.prefix / program):
                raise LabError(f"{self.prefix / program}: not there, or the user havedane may not run it "
                               "(every folder above it must let others pass)")

    @staticmethod
    def _havedane_may_pass(path):
        """Whether the user havedane may run this program, or enter this folder."""
        argv = ["setpriv", "--reuid=havedane", "--regid=havedane", "--clear-groups", "test", "-x", path]
        return subprocess.run(argv).returncode == 0

    def _make_directory(self):
        with lab_net.uninterrupted():
            if self._wanted_directory is None:
                self._place(tempfile.mkdtemp(prefix="havedane-lab-"))
            else:
                self.dir.mkdir(parents=True, exist_ok=True)
            self._made = True
            self.dir.chmod(0o755)  # the user havedane and nginx pass through
            self._save()
        if not self._havedane_may_pass(self.dir):
            raise LabError(f"the user havedane may not enter {self.dir}: every folder above it must let others pass")

    def _save(self):
        state = {"prefix": str(self.prefix), "grace": self.grace, "settle": self.settle, "port": self.port,
                 "catch_all": self.catch_all}
        (self.dir / "lab.json").write_text(json.dumps(state) + "\n")

    def _start(self):
        with lab_web.listen(self.port) as listener:
            self.port = listener.getsockname()[1]
            self._save()
            self._start_network()
            self._configure_receiver()
            lab_dns.start(self.dns, self.domain, self._dns_records(), list(self.sender_hosts.values()))
            self._start_mail()
            self.service.start()
            lab_web.start_nginx(self.receiver, self.prefix / "share/havedane/nginx/havedane.conf", self.socket, self.domain)
            lab_web.start_forwarder(self.receiver, listener)
        self._json("GET", "/api/health", 200)

    def _start_network(self):
        self.switch.start()
        for host in self.hosts.values():
            if host is not self.switch:
                host.start()
                host.connect(self.switch)
        for host in (self.receiver, *self.sender_hosts.values()):
            host.add_address(host.ipv4, host.ipv6)
            host.use_resolver(*lab_dns.RESOLVER)

    def _configure_receiver(self):
        for directory in (self.database.parent, self.socket.parent):
            directory.mkdir(mode=0o755)
            shutil.chown(directory, "havedane", "havedane")
        self.database.parent.chmod(0o700)
        postfix = "" if self.catch_all else CONF_POSTFIX.format(socket=self.alias_socket)
        self.conf.write_text(CONF.format(domain=self.domain, database=self.database, socket=self.socket, postfix=postfix,
                                         group=lab_web.WEB_USER, grace=self.grace, settle=self.settle))
        self.havedane("init")
        self.havedane("cert", "--dir", self.receiver.directory / "tls")

    def havedane(self, *arguments):
        """Runs the sysadmin's tool on the receiver, as root; returns what it prints."""
        return self.receiver.run([self.prefix / "sbin/havedane", "-c", self.conf, *arguments]).stdout

    def _dns_records(self):
        return self.havedane("dns", "--dir", self.receiver.directory / "tls", "--ipv4", self.receiver.ipv4,
                             "--ipv6", self.receiver.ipv6)

    def _start_mail(self):
        lab_mail.configure_receiver(self.receiver, self.domain, self.havedane, self.postfix_settings)
        for name, sender in self.senders.items():
            lab_mail.configure_sender(self.sender_hosts[name], sender.settings)
        starting = [(postfix, postfix.begin_start()) for postfix in self.postfix.values()]
        for postfix, process in starting:
            postfix.end_start(process)

    def down(self):
        """Ends the lab: its processes, with them its namespaces and mounts, and its folder. Works on what another
        process brought up, or left; each step is tried, whatever became of the one before."""
        if not self._made:
            return
        trouble = []
        with lab_net.uninterrupted():
            for step in (self._stop_service, lambda: lab_net.end(self.dir), *(h.reap for h in self.hosts.values()),
                         self._remove_directory):
                try:
                    step()
                except FileNotFoundError:
                    pass
                except Exception as error:
                    trouble.append(str(error))
        if trouble:
            raise LabError("taking the lab down: " + "; ".join(trouble))

    def _remove_directory(self):
        """Removes the lab's folder, last of all what tells that it is one: so this can be tried again."""
        mark = self.dir / "lab.json"
        for entry in self.dir.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry != mark:
                entry.unlink()
        mark.unlink(missing_ok=True)
        self.dir.rmdir()

    def _stop_service(self):
        """The service is asked to end, so that it can report (sanitizers, coverage); all else is just killed."""
        if self.receiver.is_up():
            self.service.stop()

    # Use

    def api(self, method, path, headers=None):
        """One request to the HTTP API: (status, headers, body as text). Errors are answers, too."""
        request = urllib.request.Request(self.url + path, method=method, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode()

    def _json(self, method, path, expected):
        status, _, body = self.api(method, path)
        if status != expected:
            raise LabError(f"{method} {path}: {status} {body}")
        return json.loads(body)

    def create(self):
        return self._json("POST", "/api/tests", 201)

    def get(self, alias):
        return self._json("GET", f"/api/tests/{alias}", 200)

    def wait(self, alias, predicate, seconds):
        """Asks for the test as often as the server says, until predicate(test) is true; returns the test."""
        deadline = time.monotonic() + seconds
        while True:
            test = self.get(alias)
            if predicate(test):
                return test
            left = deadline - time.monotonic()
            if left <= 0:
                raise LabError(f"waited {seconds} s in vain; the test is now: {json.dumps(test)}")
            time.sleep(min(test["poll_after"], left))

    def send(self, sender, alias, probes=PROBES):
        """Sends a message to each of these probes from a sender; they are in its queue when this returns."""
        if sender not in self.senders:
            raise LabError(f"no sender {sender}; there are {', '.join(self.senders)}")
        for probe in probes:
            self.submit(sender, f"{alias}@{probe}.{self.domain}")

    def submit(self, sender, recipient):
        """Sends one message to an address, spelt as given."""
        lab_mail.submit(self.postfix[sender], recipient)

    def retry(self, host):
        """Makes a host's Postfix try again what it could not deliver."""
        self.postfix[host].command("postqueue", "-f")

    def smtp(self, host="may"):
        """An SMTP session with the receiver, from a host."""
        return lab_mail.Session(self.hosts[host], self.receiver.ipv4)

    def run(self, host, argv, **options):
        """Runs a command on a host: see Host.run."""
        return self.hosts[host].run(argv, **options)

    def log(self, host):
        """The mail log of a host."""
        return self.postfix[host].text()

    def service_start(self):
        self.service.start()

    def service_stop(self):
        return self.service.stop()

    def service_kill(self):
        return self.service.kill()

    def tails(self, lines=15):
        """The last lines of every log, for whoever must find out what went wrong."""
        if not self._made:
            return ""
        parts = []
        for path in sorted(self.dir.glob("**/*.log")):
            text = path.read_text(errors="replace").splitlines()
            if text:
                parts.append(f"--- {path.relative_to(self.dir)}\n" + "\n".join(text[-lines:]))
        return "\n".join(parts)
