"""A database of every earlier version: kept as it is by whoever only uses it, brought up to date by init and the service."""

import sqlite3
from pathlib import Path

import pytest

from claims import check_test
from support import Place, milliseconds

VERSIONS = sorted(Path(__file__).parent.glob("schema_*.sql"))
ALIAS, EMPTY = "k5d3m2q7xw4b6n2a", "aaaaaaaaaaaaaaaa"
TEMPFAIL, UNAVAILABLE = 75, 69


def schema(database):
    """What a database is made of, but for comments and the like: columns, keys, triggers and views."""
    with sqlite3.connect(database) as connection:
        objects = connection.execute("SELECT type, name, tbl_name FROM sqlite_schema ORDER BY 1, 2").fetchall()
        columns = {name: connection.execute(f"PRAGMA table_xinfo({name})").fetchall()
                   for kind, name, _ in objects if kind == "table"}
        keys = {name: connection.execute(f"PRAGMA foreign_key_list({name})").fetchall() for name in columns}
        strict = connection.execute("SELECT name, wr, strict FROM pragma_table_list ORDER BY 1").fetchall()
        numbers = [connection.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")]
    connection.close()
    return objects, columns, keys, strict, numbers


@pytest.fixture(params=VERSIONS, ids=lambda path: path.stem)
def old(request, bare_place):
    """A place with a database as an earlier version left it, with two tests and a delivery."""
    connection = sqlite3.connect(bare_place.database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(request.param.read_text())
    now = milliseconds()
    with connection:
        connection.execute("INSERT INTO tests VALUES (?, ?, ?)", (ALIAS, now - 5000, now - 1000))
        connection.execute("INSERT INTO tests VALUES (?, ?, NULL)", (EMPTY, now - 4000))
        connection.execute("INSERT INTO deliveries VALUES (?, 'do', ?, 'tls', 'TLSv1.3', 'AES', '192.0.2.1', 'mail')",
                           (ALIAS, now - 1000))
    connection.close()
    return bare_place


def rows(place):
    return place.sql("SELECT * FROM tests ORDER BY 1"), place.sql("SELECT * FROM deliveries"), place.count("live")


def test_there_are_earlier_versions():
    assert VERSIONS


def test_the_hook_waits_for_the_service(old):
    before = old.database.read_bytes()
    assert old.hook(f"{ALIAS}@dont") == TEMPFAIL
    assert old.havedane("show", ALIAS, check=False).returncode == UNAVAILABLE
    assert old.database.read_bytes() == before


def test_the_service_upgrades_and_keeps_all(old):
    before = rows(old)
    service = old.start()
    assert rows(old) == before
    test = check_test(service.request("GET", f"/api/tests/{ALIAS}").json())
    assert [probe["outcome"] for probe in test["probes"]] == ["delivered", "waiting", "waiting"]
    assert old.hook(f"{ALIAS}@dont") == 0
    assert service.request("POST", "/api/tests").status == 201
    assert old.sql("SELECT tests FROM live") == [(3,)]


def test_init_upgrades_to_what_a_new_one_is(old, prefix):
    before = rows(old)
    old.havedane("init")
    assert rows(old) == before
    new = Place(prefix)
    try:
        new.init()
        assert schema(old.database) == schema(new.database)
    finally:
        new.close()
    assert old.sql("PRAGMA integrity_check") == [("ok",)]


def test_an_interrupted_upgrade_changes_nothing(old):
    """The last statement of the upgrade fails: as if it had never begun, and the next try succeeds."""
    old.sql("CREATE TABLE service (x)")
    before = schema(old.database)
    status, log = old.run_service()
    assert status == UNAVAILABLE and "service already exists" in log
    assert schema(old.database) == before
    old.sql("DROP TABLE service")
    old.start()
