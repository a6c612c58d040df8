"""Backup and restore as the README tells them: what is saved while the service runs and mail comes in is whole."""

import re
import subprocess
import threading
from pathlib import Path

from claims import check_answer

TESTS = "/api/tests"
README = (Path(__file__).resolve().parents[2] / "README").read_text()


def run(place, beginning):
    """Runs the README's line that begins so, on this place and as whoever we are; the page of the manual has it too."""
    (line,) = re.findall(rf"^  ({re.escape(beginning)}.*)$", README, re.MULTILINE)
    manual = place.prefix / "share/man/man8/havedane.8"
    assert re.sub(r"/var/lib/havedane", "", line) in re.sub(r"\S*/var/lib/havedane", "", manual.read_text())
    line = line.replace("-o havedane -g havedane ", "").replace("/var/lib/havedane", str(place.dir))
    subprocess.run(["bash", "-c", line.replace("/root", str(place.dir / "backup"))], check=True, timeout=60)


def create(service):
    return check_answer(service.request("POST", TESTS), 201).json()["alias"]


def test_backup_and_restore(place):
    service = place.start()
    (place.dir / "backup").mkdir()
    saved = [create(service) for _ in range(100)]
    assert place.hook(f"{saved[0]}@do") == 0
    place.connect().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert place.hook(f"{saved[1]}@wrong") == 0  # what it takes more than the database's own file to see
    done = threading.Event()

    def visitors():
        while not done.is_set():
            create(service)
    busy = threading.Thread(target=visitors)
    busy.start()
    try:
        run(place, "sqlite3 ")
    finally:
        done.set()
        busy.join()
    later = create(service)

    service.stop()
    place.database.write_bytes(b"damaged " * 1000)
    run(place, "rm -f ")
    run(place, "install -o havedane")
    assert place.database.stat().st_mode & 0o777 == 0o600
    assert place.havedane("init").stdout.endswith("is there and sound\n")

    service = place.start()
    for alias in saved:
        check_answer(service.request("GET", f"{TESTS}/{alias}"), 200)
    check_answer(service.request("GET", f"{TESTS}/{later}"), 404)
    assert place.sql("SELECT alias, probe FROM deliveries ORDER BY probe") == [(saved[0], "do"), (saved[1], "wrong")]
    assert place.sql("PRAGMA integrity_check") == [("ok",)]
    create(service)
    assert place.hook(f"{saved[2]}@dont") == 0
