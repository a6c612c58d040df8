"""What the tests of havedane share: the program with a configuration and a folder of its own, and fixtures."""

import re
import sqlite3
import subprocess
import time

import pytest

DOMAIN = "havedane.test"
PROBES = ("do", "dont", "wrong")
CERT_FILES = {"ca.key": 0o600, "ca.pem": 0o644, "server.key": 0o600, "server.pem": 0o644}
ALIAS = "k5d3m2q7xw4b6n2a"
HOUR = 3600 * 1000
OK, NONE, USAGE, UNAVAILABLE, IO, AGAIN, CONFIG = 0, 1, 64, 69, 74, 75, 78


class Admin:
    """The program, with a configuration and a folder of its own."""

    def __init__(self, prefix, directory):
        self.program = prefix / "sbin/havedane"
        self.hook = prefix / "libexec/havedane/havedane-hook"
        self.dir = directory
        self.database = directory / "havedane.db"
        self.tls = directory / "tls"
        self.conf = directory / "havedane.conf"
        self.configure()

    def configure(self, **keys):
        domain = keys.pop("domain", DOMAIN)
        self.conf.write_text(f"[service]\ndomain = {domain}\n[store]\npath = {self.database}\n"
                             + "[test]\n" * bool(keys) + "".join(f"{k} = {v}\n" for k, v in keys.items()))

    def __call__(self, *arguments, status=OK, **options):
        """Runs a command and checks its exit status; what went wrong is on standard error alone."""
        done = self.bare("-c", self.conf, *arguments, **options)
        assert done.returncode == status, done
        if status != OK:
            assert done.stdout in (None, ""), done
            assert re.search("^havedane: error: ", done.stderr, re.MULTILINE), done
        return done

    def bare(self, *arguments, **options):
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return subprocess.run([self.program, *arguments], stdin=subprocess.DEVNULL, text=True, timeout=60, check=False,
                              **options)

    def sql(self, statement, *values):
        """Runs SQL on the database, past the program."""
        db = sqlite3.connect(self.database)
        try:
            with db:
                return db.execute(statement, values).fetchall()
        finally:
            db.close()

    def test(self, alias, age=0):
        """Puts a test into the database, so many milliseconds old; returns when it was created."""
        created = int(time.time() * 1000) - age
        self.sql("INSERT INTO tests (alias, created) VALUES (?, ?)", alias, created)
        return created

    def delivery(self, alias, probe, received, *evidence):
        self.sql("INSERT INTO deliveries VALUES (?, ?, ?, ?, ?, ?, ?, ?)", alias, probe, received, *evidence)


@pytest.fixture
def admin(prefix, tmp_path):
    return Admin(prefix, tmp_path)


@pytest.fixture(scope="session")
def certified(prefix, tmp_path_factory):
    """One with certificates, for tests that only read them."""
    made = Admin(prefix, tmp_path_factory.mktemp("certified"))
    made("cert", "--dir", made.tls)
    return made


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *arguments], capture_output=True, check=True, timeout=60, **options).stdout
