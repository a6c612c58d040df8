"""What the system tests share: a place with a configuration and a database of its own, and the installed programs in it."""

import contextlib
import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import fcgi_client

DOMAIN = "havedane.test"
PROBES = ("do", "dont", "wrong")
ALIAS_PATTERN = "[a-z2-7]{16}"
SANITIZED = bool(os.environ.get("HAVEDANE_SANITIZED"))
PATIENCE = 60 if SANITIZED else 30  # seconds that anything which should happen at once may take

# As our own Postfix hands a message over, after a TLS session.
MESSAGE = b"""\
From tester@sender.test  Mon Nov 23 15:15:20 2026
Return-Path: <tester@sender.test>
X-Original-To: alias@do.havedane.test
Delivered-To: havedane-do@havedane.test
Received: from mail.sender.test (unknown [192.0.2.21])
	(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)
	 key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)
	(No client certificate requested)
	by havedane.test (Postfix) with ESMTPS id A7926128461
	for <alias@do.havedane.test>; Mon, 23 Nov 2026 15:15:20 +0000 (UTC)
Subject: test

Hello.
"""


def until(condition, what, seconds=PATIENCE):
    """Polls until condition() is true and returns its value; fails when that takes longer than so many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for: {what}"
        time.sleep(0.02)


def milliseconds():
    return int(time.time() * 1000)


def unread(connection):
    """How many bytes of what was sent on a connection the other side has not read yet."""
    return int.from_bytes(fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def bare_environment(**more):
    """No more than programs get from Postfix or an init system; the sanitizers' own settings pass."""
    passed = {name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")}
    return {"PATH": "/usr/bin:/bin", "LANG": "C", **passed, **more}


class Service:
    """A havedane-fcgi that runs; what it logs is in a file. Options go to subprocess.Popen."""

    def __init__(self, command, socket, log, **options):
        self.socket, self.log_file = Path(socket), Path(log)
        options.setdefault("env", bare_environment())
        options.setdefault("stdin", subprocess.DEVNULL)
        with self.log_file.open("wb") as stderr:
            self.process = subprocess.Popen(list(map(str, command)), stdout=stderr, stderr=stderr, **options)

    @property
    def log(self):
        return self.log_file.read_text()

    def running(self):
        return self.process.poll() is None

    def answers(self):
        """Whether a request is answered, whatever with; the service must be there or on its way."""
        assert self.running(), f"the service ended with {self.process.returncode}:\n{self.log}"
        try:
            self.request("GET", "/api/health", timeout=PATIENCE)
        except (OSError, fcgi_client.ProtocolError):
            return False
        return True

    def wait_ready(self):
        until(self.answers, "the service to answer")
        return self

    def request(self, method, uri, headers=None, body=b"", length=None, timeout=PATIENCE):
        return fcgi_client.request(self.socket, method, uri, headers, body, length, timeout)

    def descriptors(self):
        """What its open descriptors are."""
        found = []
        for entry in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found.append(os.readlink(entry))
        return found

    def connections(self, listening=1):
        """How many connections it has accepted and not closed: its sockets but the listening ones."""
        return sum(name.startswith("socket:") for name in self.descriptors()) - listening

    def send(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Waits for its end and returns the exit status."""
        return self.process.wait(PATIENCE)

    def stop(self, number=signal.SIGTERM):
        if self.running():
            self.send(number)
        return self.wait()

    def kill(self):
        return self.stop(signal.SIGKILL)


class Place:
    """A folder that others may enter, with a configuration, and a database once init() was called.

    close() stops what was started with start() and insists that it ends well, then removes the folder.
    """

    def __init__(self, prefix):
        self.prefix = Path(prefix)
        self.dir = Path(tempfile.mkdtemp(prefix="havedane-test-"))
        self.dir.chmod(0o755)
        self.conf = self.dir / "havedane.conf"
        self.database = self.dir / "havedane.db"
        self.socket = self.dir / "fcgi.sock"
        self.services = []
        self.configure()

    def configure(self, **sections):
        """Writes the configuration: defaults of ours with these changes, such as test={"grace": "1s"}."""
        values = {"service": {"domain": DOMAIN}, "store": {"path": self.database}, "fastcgi": {"socket": self.socket}}
        for section, keys in sections.items():
            values.setdefault(section, {}).update(keys)
        self.conf.write_text("".join(
            f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())
            for section, keys in values.items()))

    # --- programs

    def havedane(self, *arguments, check=True):
        """Runs a command of havedane to its end."""
        return subprocess.run([self.prefix / "sbin/havedane", "-c", self.conf, *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=PATIENCE, check=check)

    def init(self):
        self.havedane("init")
        return self

    def service_command(self, *arguments):
        return [self.prefix / "sbin/havedane-fcgi", "-c", self.conf, *arguments]

    def launch(self, *arguments, command=None, socket=None, **options):
        """Starts a service and does not wait for it; command: of one's own, socket: where it will listen."""
        log = self.dir / f"fcgi-{len(self.services)}.log"
        service = Service(command or self.service_command(*arguments), socket or self.socket, log, **options)
        self.services.append(service)
        return service

    def start(self, *arguments, **options):
        """Starts a service and waits until it answers."""
        return self.launch(*arguments, **options).wait_ready()

    def run_service(self, *arguments, **options):
        """Runs a service that is expected to refuse: returns its exit status and what it said."""
        service = self.launch(*arguments, **options)
        return service.wait(), service.log

    def start_hook(self, recipient, stdin=subprocess.PIPE, **environment):
        """Starts the hook for a message to ALIAS@PROBE or a whole address; the caller feeds it and waits."""
        if "." not in recipient:
            recipient = f"{recipient}.{DOMAIN}"
        environment = {"ORIGINAL_RECIPIENT": recipient, "CLIENT_ADDRESS": "192.0.2.21", **environment}
        return subprocess.Popen([self.prefix / "libexec/havedane/havedane-hook", "-c", self.conf], stdin=stdin,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=bare_environment(**environment))

    def hook(self, recipient, message=MESSAGE, **environment):
        """Delivers a message; returns the hook's exit status. It never may print anything."""
        with self.start_hook(recipient, **environment) as process:
            printed = process.communicate(message, timeout=PATIENCE)
        assert printed == (b"", b"")
        return process.returncode

    # --- the database, past the programs

    def connect(self, **options):
        return sqlite3.connect(self.database, timeout=PATIENCE, isolation_level=None, **options)

    def sql(self, statement, *values):
        """Runs one statement; returns its rows."""
        database = self.connect()
        try:
            database.execute("PRAGMA foreign_keys = ON")
            return database.execute(statement, values).fetchall()
        finally:
            database.close()

    def count(self, table="tests"):
        return self.sql(f"SELECT count(*) FROM {table}")[0][0]

    def backdate(self, alias, seconds):
        """Lets a test and all that was recorded for it have happened so many seconds earlier, as the service's start."""
        self.sql("UPDATE tests SET created = created - ?2, firstreceived = firstreceived - ?2 WHERE alias = ?1",
                 alias, seconds * 1000)
        self.sql("UPDATE deliveries SET received = received - ?2 WHERE alias = ?1", alias, seconds * 1000)
        self.sql("UPDATE offers SET offered = offered - ?2 WHERE alias = ?1", alias, seconds * 1000)
        self.sql("UPDATE service SET started = started - ?", seconds * 1000)

    # --- the end

    def stop(self):
        """Stops all services; those that the test did not end itself must end well."""
        running = [service for service in self.services if service.running()]
        for service in running:
            service.send(signal.SIGTERM)
        for service in running:
            assert service.wait() == 0, service.log
        for service in self.services:
            assert "Sanitizer" not in service.log, service.log

    def close(self):
        try:
            self.stop()
        finally:
            for service in self.services:
                service.kill()
            shutil.rmtree(self.dir)
