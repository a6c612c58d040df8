"""havedane-hook in trouble: exit status 75 and nothing else, so that Postfix keeps the message; afterwards all is well."""

import re
import shutil
import signal
import subprocess

import pytest

from hook_faults import FAULTS, LOCKS, lock
from hook_support import ALIAS, ERROR, OK, TEMPFAIL, WARNING, is_open
from support import DOMAIN, MESSAGE, PATIENCE, until

pytest_plugins = ("hook_fixtures",)

RECORDED = [(ALIAS, "do")]


def check_deferred(hook, status, *texts):
    """Exit status 75, and the lines of the log say why: each of these texts is in one of them."""
    lines = hook.syslog.take()
    assert status == TEMPFAIL, lines
    assert lines and {line.severity for line in lines} <= {ERROR, WARNING}, lines
    assert len(lines) <= 4, lines
    for text in texts:
        assert any(text in line.text for line in lines), (text, lines)


def check_recovered(hook):
    """The next try records it."""
    assert hook.place.recorded() == []
    assert hook.deliver() == OK, hook.syslog.take()
    assert hook.place.recorded() == RECORDED


@pytest.mark.parametrize("fault", FAULTS)
def test_fault(hook, fault):
    bring_about, text = FAULTS[fault]
    with bring_about(hook.place):
        check_deferred(hook, hook.deliver(), text)
    check_recovered(hook)


@pytest.mark.parametrize("fault", ["database missing", "database read-only", "database schema too new", "database not a database"])
def test_fault_leaves_things_alone(hook, fault):
    """Nothing is made, changed or removed."""
    def look():
        return {path: (path.read_bytes(), path.stat().st_mode, path.stat().st_uid) for path in hook.place.data.iterdir()}
    bring_about, _ = FAULTS[fault]
    with bring_about(hook.place):
        before = look()
        assert hook.deliver() == TEMPFAIL
        assert look() == before


@pytest.mark.parametrize("arguments", [
    ("-x",), ("-c",), ("--config", "/x"), ("--help",), ("x",), ("-c", "{conf}", "x"), ("-c", "{conf}", "-v"), ("-c", ""),
    ("-c", "relative.conf"), ("-c", "/nonexistent/x.conf"), ("-c", "/dev/null"), ("-c", "/" + 5000 * "x"), ("",)])
def test_arguments(hook, arguments):
    check_deferred(hook, hook.run(f"{ALIAS}@do.{DOMAIN}", *(word.format(conf=hook.place.conf) for word in arguments)))
    check_recovered(hook)


def test_default_configuration(hook):
    """Without arguments it is the installation's own, which is not there."""
    command = [word for word in hook.command() if word not in ("-c", str(hook.place.conf))]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=PATIENCE,
                          env={"ORIGINAL_RECIPIENT": f"{ALIAS}@do.{DOMAIN}"})
    assert (done.returncode, done.stdout, done.stderr) == (TEMPFAIL, b"", b"")
    check_deferred(hook, done.returncode, f"{hook.place.prefix}/etc/havedane/havedane.conf")


def test_copy_without_journal(hook):
    """A database restored by VACUUM INTO has lost its write-ahead log mode, and is good all the same."""
    hook.place.sql(f"VACUUM INTO '{hook.place.data}/copy'")
    shutil.chown(hook.place.data / "copy", "havedane", "havedane")
    (hook.place.data / "copy").replace(hook.place.database)
    assert hook.place.sql("PRAGMA journal_mode") == [("delete",)]
    assert hook.deliver() == OK, hook.syslog.take()
    assert hook.place.recorded() == RECORDED
    hook.place.sql("PRAGMA journal_mode = WAL")


# --- locks (test_hook_waits.py has those that do not end)

@pytest.mark.parametrize("how", LOCKS)
def test_lock_that_ends(hook, how):
    """It waits for whoever holds the lock, and then records the delivery."""
    database = lock(hook.place, how)
    try:
        with hook.start(f"{ALIAS}@do.{DOMAIN}") as process:
            process.stdin.write(MESSAGE)
            process.stdin.close()
            until(lambda: is_open(process.pid, hook.place.database), "the hook to open the database")
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(1.5)
            database.close()
            assert process.wait(PATIENCE) == OK
            assert process.stdout.read() + process.stderr.read() == b""
    finally:
        database.close()
    assert hook.place.recorded() == RECORDED


# --- limits

def sweep(hook, limit, sizes):
    """Runs it under a limit with each of these sizes; returns the set of (exit status, recorded)."""
    seen = set()
    for size in sizes:
        hook.place.clear()
        hook.place.create(ALIAS)
        hook.syslog.take()
        with hook.start(f"{ALIAS}@do.{DOMAIN}", before=("prlimit", f"--{limit}={size}", "--core=0", "--")) as process:
            stdout, stderr = process.communicate(MESSAGE, timeout=PATIENCE)
        recorded = hook.place.recorded() == RECORDED
        if not_loaded(process.returncode, stderr):
            assert not recorded
            continue
        assert (stdout, stderr) == (b"", b""), size
        assert (process.returncode, recorded) in ((OK, True), (TEMPFAIL, False)), (size, hook.syslog.take())
        seen.add((process.returncode, recorded))
    return seen


def not_loaded(status, stderr):
    """Whether it (or what starts it) came to its end before main(): the kernel's and the dynamic loader's doing."""
    return status == 127 and b"error while loading shared libraries" in stderr \
        or re.match(rb"(nsenter|setpriv|prlimit): ", stderr) is not None or status == -signal.SIGKILL \
        or status == -signal.SIGSEGV and stderr == b""


BOTH = {(OK, True), (TEMPFAIL, False)}


def test_file_size_limit(hook):
    """Postfix sets one for what it runs: mailbox_size_limit."""
    assert sweep(hook, "fsize", [0, 1, 100, 1000, 4096, 10000, 20000, 30000, 33000, 50000, 100000, 1000000]) == BOTH


@pytest.mark.plain
def test_memory_limit(hook):
    assert sweep(hook, "as", range(3_000_000, 12_000_000, 100_000)) == BOTH


@pytest.mark.plain
def test_open_files_limit(hook):
    assert sweep(hook, "nofile", range(1, 20)) == BOTH


def test_full_disk(hook):
    """From no room at all to enough: recorded or deferred, and the database stays sound."""
    place, small = hook.place, hook.place.dir / "small"
    inside = hook.namespaces
    place.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    copy = ["cp", "--preserve=ownership", place.database, small]
    statuses = set()
    place.configure(store={"path": small / place.database.name})
    try:
        for free in range(0, 120, 8):
            inside.run("sh", "-c", 'rm -f "$0"/*', small)
            inside.run(*copy)
            inside.run("sh", "-c", f'head -c {free}k /dev/zero >"$0/free"; cat /dev/zero >"$0/fill" 2>/dev/null; rm "$0/free"', small,
                       check=False)
            status = hook.deliver()
            inside.run("rm", "-f", small / "fill")
            answer = inside.run("sqlite3", small / place.database.name, "PRAGMA integrity_check; SELECT alias, probe FROM deliveries")
            assert answer.stdout == "ok\n" + f"{ALIAS}|do\n" * (status == OK), free
            assert status in (OK, TEMPFAIL)
            if status == TEMPFAIL:
                check_deferred(hook, status, "disk")
                assert hook.deliver() == OK
            hook.syslog.take()
            statuses.add(status)
    finally:
        place.configure()
    assert statuses == {OK, TEMPFAIL}
