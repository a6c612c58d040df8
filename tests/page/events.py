"""What happens to the laboratory, for the page to show: mail that arrived, time that passed, servers in trouble.

Mail comes from real senders where it matters how it comes. Where it does not, a delivery is put into the database as the
hook would; and instead of waiting, what has happened is moved into the past.
"""

import contextlib
import os
import re
import signal
import sqlite3
import time
from pathlib import Path

from lab_net import until

CLIENT = ("192.0.2.21", "dane.sender.test")
TLS = ("TLSv1.3", "TLS_AES_256_GCM_SHA384")


def stored(lab):
    """How many tests there are."""
    with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True)) as database:
        return database.execute("SELECT count(*) FROM tests").fetchone()[0]


def change(lab, *statements):
    """Executes (SQL, values) in one transaction."""
    with contextlib.closing(sqlite3.connect(lab.database, timeout=20)) as database, database:
        database.execute("PRAGMA foreign_keys = ON")
        for statement, values in statements:
            database.execute(statement, values)


def now():
    return int(time.time() * 1000)


def begin_waiting(lab, seconds=None):
    """Waiting for the rest begins so many seconds from now at the soonest, as after a start of the service; or, without,
    with the last arrival."""
    change(lab, ("UPDATE service SET started = ?", (0 if seconds is None else now() + int(seconds * 1000),)))


def age(lab, alias, seconds):
    """Moves a test and all that happened to it into the past."""
    by = int(seconds * 1000)
    begin_waiting(lab)
    change(lab, ("UPDATE tests SET created = created - ?, firstreceived = firstreceived - ? WHERE alias = ?",
                 (by, by, alias)),
           ("UPDATE deliveries SET received = received - ? WHERE alias = ?", (by, alias)),
           ("UPDATE offers SET offered = offered - ? WHERE alias = ?", (by, alias)))


def arrive(lab, alias, *probes, ago=0, tls=TLS, client=CLIENT):
    """Records a delivery at each of these probes, so many seconds ago; tls is None for one in the clear."""
    when = now() - int(ago * 1000)
    begin_waiting(lab)
    change(lab, ("UPDATE tests SET created = min(created, ?), firstreceived = ? WHERE alias = ?", (when, when, alias)),
           *(("INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
              (alias, probe, when, "tls" if tls else "clear", *(tls or (None, None)), *client)) for probe in probes))


def offer(lab, alias, probe="wrong"):
    """A real client gets as far as RCPT, and goes."""
    with contextlib.closing(lab.smtp("may")) as session:
        assert session.rcpt_code(f"{alias}@{probe}.{lab.domain}")[0] == 250


@contextlib.contextmanager
def sender_with(lab, name, settings):
    """A sender of the laboratory with other settings of its Postfix."""
    postfix = lab.postfix[name]
    before = (postfix.etc / "main.cf").read_text()
    try:
        postfix.override(settings)
        if settings:
            postfix.command("postfix", "reload")
        yield
    finally:
        if settings:
            postfix.command("postsuper", "-d", "ALL")  # what is held back is not tried again with the old settings
            (postfix.etc / "main.cf").write_text(before)
            postfix.command("postfix", "reload")


@contextlib.contextmanager
def nginx_answers(lab, directives):
    """nginx answers requests to the API by itself."""
    directory = lab.receiver.directory / "nginx"
    site = directory / "site.conf"
    before = site.read_text()

    def workers():
        return set(lab.receiver.run(["pgrep", "-f", "nginx: worker"], check=False).stdout.split())

    def use(text):
        old = workers()
        site.write_text(text)
        lab.receiver.run(["kill", "-HUP", (directory / "nginx.pid").read_text().strip()])
        until(lambda: workers() and not workers() & old, 10, "nginx to reload")

    after, count = re.subn(r"^server \{$", f"server {{ location ^~ /api/ {{ {directives} }}", before, flags=re.MULTILINE)
    assert count, "the site has no server"
    try:
        use(after)
        yield
    finally:
        use(before)


@contextlib.contextmanager
def service_stopped(lab):
    """No service: nginx answers 502."""
    lab.service_stop()
    try:
        yield
    finally:
        lab.service_start()


@contextlib.contextmanager
def service_hanging(lab):
    """The service takes requests and is silent."""
    pids = lab.receiver.pids(lab.service.program)
    assert pids
    # nsenter, which started it, stops with it; and does not go on by itself.
    starters = [int(re.search(r"^PPid:\s*(\d+)", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)[1]) for pid in pids]
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        until(lambda: all("State:\tT" in Path(f"/proc/{pid}/status").read_text() for pid in pids), 10, "the service to stop")
        yield
    finally:
        for pid in (*pids, *starters):
            os.kill(pid, signal.SIGCONT)
