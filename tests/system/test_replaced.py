"""A database that is replaced or removed while somebody waits for its lock: nothing is acknowledged into a file that nobody will find."""

import os
import shutil
from pathlib import Path

import pytest

from support import MESSAGE, PATIENCE, until

ALIAS = "k5d3m2q7xw4b6n2a"
NANOSLEEP = ("35", "230")  # as SQLite waits between two tries for a lock


def sleeps(pid):
    return Path(f"/proc/{pid}/syscall").read_text().split()[0] in NANOSLEEP


def another_database(place, away):
    """An older copy is put back."""
    spare = shutil.copy(place.database, place.dir / "spare.db")
    place.database.rename(away)
    os.rename(spare, place.database)


def no_database(place, away):
    place.database.rename(away)


@pytest.mark.parametrize("change", [another_database, no_database])
def test_hook_that_waits(place, change):
    place.sql("INSERT INTO tests VALUES (?, strftime('%s', 'now') * 1000, NULL)", ALIAS)
    away = place.dir / "away.db"
    lock = place.connect()
    lock.execute("BEGIN IMMEDIATE")
    with place.start_hook(f"{ALIAS}@do") as hook:
        hook.stdin.write(MESSAGE)
        hook.stdin.close()
        until(lambda: sleeps(hook.pid), "the hook to wait for the lock")
        change(place, away)
        lock.execute("ROLLBACK")
        lock.close()
        assert hook.wait(PATIENCE) == 75
    for name in (place.database, place.dir / "havedane.db-wal", place.dir / "havedane.db-shm"):
        name.unlink(missing_ok=True)
    away.rename(place.database)
    assert place.hook(f"{ALIAS}@do") == 0
    assert place.count("deliveries") == 1
