"""havedane, the sysadmin's tool, as installed below HAVEDANE_PREFIX: usage, output, the database."""

import os
import re
import sqlite3
import stat
import subprocess

import pytest

from admin_support import admin, certified  # noqa: F401 (fixtures)
from admin_support import AGAIN, ALIAS, CERT_FILES, CONFIG, HOUR, IO, NONE, OK, UNAVAILABLE, USAGE

COMMANDS = ("init", "cert", "dns", "postfix", "show", "purge")


# --- help, version, usage

def test_help_names_every_command_and_exit_status(admin):
    done = admin.bare("--help")
    assert (done.returncode, done.stderr) == (OK, "")
    for command in COMMANDS:
        assert re.search(rf"^  {command}\b", done.stdout, re.MULTILINE), command
    for status in (OK, NONE, USAGE, UNAVAILABLE, IO, AGAIN, CONFIG):
        assert re.search(rf"^ +{status}  \w", done.stdout, re.MULTILINE), status


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(admin, command):
    admin.conf.unlink()  # not needed for this
    done = admin(command, "--help")
    assert done.stderr == ""
    assert done.stdout.startswith(f"Usage: havedane [-c CONF] {command}")
    assert "Exit status:" in done.stdout
    assert max(map(len, done.stdout.splitlines())) < 200
    for option in set(re.findall(r"--[a-z0-9]+", done.stdout)):
        assert "no such option" not in admin.bare("-c", admin.conf, command, option).stderr, option


def test_version(admin):
    done = admin.bare("--version")
    assert (done.returncode, done.stderr) == (OK, "")
    assert re.fullmatch(r"havedane \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("arguments", [
    (), ("--bogus",), ("-x",), ("-c",), ("bogus",), ("",), ("INIT",),
    ("init", "x"), ("init", "--bogus"), ("init", "-x"), ("purge", "x"), ("purge", "--json"),
    ("cert", "x"), ("cert", "--dir"), ("cert", "--days"), ("cert", "--days", "0"), ("cert", "--days", "365251"),
    ("cert", "--days", "-1"), ("cert", "--days", "1.5"), ("cert", "--days", ""), ("cert", "--days", "99999999999999999999"),
    ("cert", "--d", "1"),
    ("dns",), ("dns", "--ipv4"), ("dns", "--ipv4", "192.0.2"), ("dns", "--ipv4", "::1"), ("dns", "--ipv6", "::1"),
    ("dns", "--ipv4", "192.0.2.1", "--ipv6", "192.0.2.1"), ("dns", "--ipv4", "192.0.2.1", "--ttl", "-1"),
    ("dns", "--ipv4", "192.0.2.1", "--ttl", "2147483648"), ("dns", "--ipv4", "192.0.2.1", "--ttl", "5m"),
    ("dns", "--ipv4", "192.0.2.1", "x"),
    ("postfix", "master.cf"), ("postfix", "main.cf", "virtual"), ("postfix", "../main.cf"), ("postfix", "--tls"),
    ("show",), ("show", "--json"), ("show", ALIAS, ALIAS), ("show", ALIAS[1:]), ("show", ALIAS + "a"), ("show", ""),
    ("show", ALIAS[:-1] + "1"), ("show", ALIAS[:-1] + "é"), ("show", "--bogus", ALIAS),
], ids=" ".join)
def test_wrong_usage(certified, arguments):
    """Is 64, with a hint, and changes nothing."""
    before = sorted(certified.dir.rglob("*"))
    if arguments[:1] == ("dns",):
        arguments += ("--dir", certified.tls) if arguments[-1] != "--ipv4" else ()
    done = certified.bare("-c", certified.conf, *arguments) if arguments != ("-c",) else certified.bare("-c")
    assert (done.returncode, done.stdout) == (USAGE, "")
    first, last = done.stderr.splitlines()
    assert first.startswith("havedane: error: ")
    assert re.fullmatch(r"havedane: try: havedane (\w+ )?--help", last)
    assert sorted(certified.dir.rglob("*")) == before


@pytest.mark.parametrize("text", [None, "", "[service]\n", "[service]\ndomain = x.test\nbogus = 1\n", "domain"])
@pytest.mark.parametrize("arguments", [("init",), ("cert",), ("dns", "--ipv4", "192.0.2.1"), ("postfix",),
                                       ("show", ALIAS), ("purge",)], ids=lambda a: a[0])
def test_configuration_missing_or_wrong(admin, arguments, text):
    if text is None:
        admin.conf.unlink()
    else:
        admin.conf.write_text(text)
    assert f"{admin.conf}:" in admin(*arguments, status=CONFIG).stderr


# --- output that cannot be written

@pytest.fixture
def printing(admin):
    """Each command, such that it succeeds and prints."""
    admin("init")
    admin("cert", "--dir", admin.tls)
    admin.test(ALIAS)
    return [("--help",), ("--version",), ("dns", "--help"), ("init",), ("cert", "--dir", admin.tls), ("show", ALIAS),
            ("dns", "--dir", admin.tls, "--ipv4", "192.0.2.1"), ("postfix",), ("show", "--json", ALIAS), ("purge",)]


def test_full_disk_is_told(admin, printing):
    for arguments in printing:
        with open("/dev/full", "w", encoding="ascii") as full:
            done = admin(*arguments, stdout=full, status=IO)
        assert "cannot write to standard output: No space left" in done.stderr, arguments


def test_closed_descriptors(admin, printing):
    """Nothing is taken for printed, and no file of ours gets what was meant for a closed descriptor."""
    admin.tls.rename(admin.dir / "old")
    for arguments in printing:
        for closed in ((1,), (2,), (1, 2), (0, 1, 2)):
            done = subprocess.run(
                ["sh", "-c", 'exec "$@" ' + " ".join(f"{fd}>&-" for fd in closed), "sh", admin.program, "-c", admin.conf,
                 *(admin.dir / "old" if a == admin.tls and arguments[0] == "dns" else a for a in arguments)],
                capture_output=True, check=False, timeout=60)
            assert done.returncode == (IO if 1 in closed else OK), (arguments, closed, done)
    assert admin.sql("PRAGMA integrity_check") == [("ok",)]
    for name in CERT_FILES:
        assert (admin.tls / name).read_text().startswith("-----BEGIN "), name


# --- init

def test_init_creates_once(admin):
    assert admin("init").stdout == f"{admin.database}: created\n"
    assert stat.S_IMODE(admin.database.stat().st_mode) == 0o600
    admin.test(ALIAS)
    assert admin("init").stdout == f"{admin.database}: is there and sound\n"
    assert admin.sql("SELECT alias FROM tests") == [(ALIAS,)]
    assert admin.sql("PRAGMA journal_mode") == [("wal",)]


def test_init_by_root_gives_it_to_the_owner_of_the_folder(admin):
    if os.geteuid() != 0:
        pytest.skip("needs root")
    os.chown(admin.dir, 4711, 4712)
    admin("init")
    assert (admin.database.stat().st_uid, admin.database.stat().st_gid) == (4711, 4712)


def test_init_finishes_what_was_cut_short(admin):
    admin.database.touch(0o600)
    assert admin("init").stdout == f"{admin.database}: created\n"
    assert admin("purge").stdout == "0 expired tests deleted\n"


@pytest.mark.parametrize("content", [b"not a database, but long enough to be looked at " * 50])
def test_init_leaves_foreign_files_alone(admin, content):
    admin.database.write_bytes(content)
    admin("init", status=UNAVAILABLE)
    assert admin.database.read_bytes() == content


def test_init_leaves_foreign_databases_alone(admin):
    admin.sql("CREATE TABLE precious (a)")
    before = admin.database.read_bytes()
    assert "is not a database of HaveDANE" in admin("init", status=UNAVAILABLE).stderr
    assert admin.database.read_bytes() == before


def test_init_needs_the_folder(admin):
    admin.database = admin.dir / "none" / "havedane.db"
    admin.configure()
    assert f"{admin.database}: cannot create" in admin("init", status=UNAVAILABLE).stderr


@pytest.mark.parametrize("arguments", [("show", ALIAS), ("purge",)], ids=lambda a: a[0])
def test_only_init_creates(admin, arguments):
    assert "havedane init" in admin(*arguments, status=UNAVAILABLE).stderr
    assert not admin.database.exists()


# --- purge

def test_purge(admin):
    admin("init")
    admin.configure(retention="2h")
    for number, age in enumerate((3 * HOUR, 2 * HOUR + 1000, HOUR, 0)):
        admin.test("abcdefgh2345abc" + "abcd"[number], age)
    admin.delivery("abcdefgh2345abca", "do", 0, "unknown", None, None, None, None)
    assert admin("purge").stdout == "2 expired tests deleted\n"
    assert admin.sql("SELECT alias FROM tests ORDER BY alias") == [("abcdefgh2345abcc",), ("abcdefgh2345abcd",)]
    assert admin.sql("SELECT count(*) FROM deliveries") == [(0,)]
    admin.sql("UPDATE tests SET created = 0 WHERE alias = 'abcdefgh2345abcc'")
    assert admin("purge").stdout == "1 expired test deleted\n"
    assert admin("purge").stdout == "0 expired tests deleted\n"


def test_purge_of_many(admin):
    """More than one batch."""
    admin("init")
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    db = sqlite3.connect(admin.database)
    with db:
        db.executemany("INSERT INTO tests (alias, created) VALUES (?, 0)",
                       (("a" * 14 + letters[n // 32] + letters[n % 32],) for n in range(1001)))
    db.close()
    assert admin("purge").stdout == "1001 expired tests deleted\n"


def test_locked(admin):
    """Somebody holds the lock for longer than we wait: try again."""
    admin("init")
    db = sqlite3.connect(admin.database, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        admin("purge", status=AGAIN)
    finally:
        db.close()
    assert admin("purge").stdout == "0 expired tests deleted\n"


def test_damaged(admin):
    admin("init")
    admin.database.write_bytes(b"not a database any more, whatever it was before" * 200)
    for arguments in (("init",), ("show", ALIAS), ("purge",)):
        admin(*arguments, status=UNAVAILABLE)


def test_newer_schema(admin):
    admin("init")
    admin.sql("PRAGMA user_version = 1000")
    for arguments in (("init",), ("show", ALIAS), ("purge",)):
        assert "upgrade" in admin(*arguments, status=UNAVAILABLE).stderr
