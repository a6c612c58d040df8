"""The API when the store is full or cannot be used: 503, and all is well again once the trouble is over."""

import contextlib
import threading

import pytest

from claims import check_answer, check_problem
from nginx import Site
from support import PATIENCE, until

TESTS = "/api/tests"


@pytest.fixture
def own_site(place):
    """A site for one test alone; its store takes three tests."""
    site = Site(place, test={"limit": 3})
    yield site
    site.nginx.stop()


def create(ask):
    return check_answer(ask("POST", TESTS), 201).json()["alias"]


def test_limit(own_site):
    place = own_site.place
    aliases = [create(own_site.service.request) for _ in range(3)]
    for ask in own_site.ways.values():
        check_problem(ask("POST", TESTS), 503)
        assert place.count() == 3
        # Those who have a test are served as before.
        check_answer(ask("GET", f"{TESTS}/{aliases[0]}"), 200)
        check_answer(ask("GET", "/api/health"), 200)
    assert place.hook(f"{aliases[0]}@do") == 0

    check_answer(own_site.service.request("DELETE", f"{TESTS}/{aliases[0]}"), 204)
    aliases[0] = create(own_site.service.request)
    check_problem(own_site.service.request("POST", TESTS), 503)

    place.backdate(aliases[1], 24 * 3600 + 1)
    place.havedane("purge")
    create(own_site.nginx.request)
    check_problem(own_site.service.request("POST", TESTS), 503)
    assert place.count() == 3


@contextlib.contextmanager
def garbage(place):
    """The database's content is no database any more, and no thread can do with what it remembers."""
    place.sql("UPDATE live SET tests = tests")
    assert place.sql("PRAGMA wal_checkpoint(TRUNCATE)") == [(0, 0, 0)]
    sound = place.database.read_bytes()
    with place.database.open("r+b") as file:
        file.write(b"no database " * (len(sound) // 12))
    yield
    with place.database.open("r+b") as file:
        file.write(sound)


@contextlib.contextmanager
def without_tables(place):
    def rename(*pairs):
        database = place.connect()
        database.execute("PRAGMA legacy_alter_table = ON")
        for old, new in pairs:
            database.execute(f"ALTER TABLE {old} RENAME TO {new}")
        database.close()
    rename(("tests", "gone1"), ("live", "gone2"))
    yield
    rename(("gone1", "tests"), ("gone2", "live"))


@contextlib.contextmanager
def moved_away(place):
    """The database's files have another name for a while; nobody makes new ones."""
    files = [file for file in place.dir.iterdir() if file.name.startswith(place.database.name)]
    for file in files:
        file.rename(file.with_name("moved-" + file.name))
    yield
    assert not place.database.exists()
    for file in files:
        file.with_name("moved-" + file.name).rename(file)


@pytest.mark.parametrize("trouble", [garbage, without_tables, moved_away])
def test_store_trouble(own_site, trouble):
    alias = create(own_site.service.request)
    requests = [("POST", TESTS), ("GET", f"{TESTS}/{alias}"), ("DELETE", f"{TESTS}/{alias}"), ("GET", "/api/health"),
                ("GET", f"/t/{alias}")]
    with trouble(own_site.place):
        for ask in own_site.ways.values():
            for method, path in requests:
                check_problem(ask(method, path), 503)
                check_problem(ask(method, path, {"Accept": "text/plain"}), 503)
                if method == "GET":
                    check_answer(ask("HEAD", path), 503, head=True)
            # What is wrong with the request is told all the same.
            check_problem(ask("GET", f"{TESTS}/x"), 400)
            check_problem(ask("GET", TESTS), 405)
            check_problem(ask("GET", "/api/x"), 404)
    assert own_site.service.running()
    for ask in own_site.ways.values():
        # Each of the threads has its own handle.
        for _ in range(20):
            check_answer(ask("GET", f"{TESTS}/{alias}"), 200)
        check_answer(ask("GET", "/api/health"), 200)
        create(ask)
    check_answer(own_site.service.request("DELETE", f"{TESTS}/{alias}"), 204)
    assert own_site.place.sql("PRAGMA integrity_check") == [("ok",)]


def test_database_is_replaced(own_site):
    """By another one, a backup for example: what the hook finds there the service finds, too."""
    place, service = own_site.place, own_site.service
    lost = create(service.request)
    old = [file for file in place.dir.iterdir() if file.name.startswith(place.database.name)]
    for file in old:
        file.rename(file.with_name("old-" + file.name))
    place.init()
    kept = create(service.request)
    assert place.hook(f"{kept}@do") == 0
    assert place.hook(f"{lost}@do") == 0
    for _ in range(20):
        check_problem(service.request("GET", f"{TESTS}/{lost}"), 404)
        assert service.request("GET", f"{TESTS}/{kept}").json()["first_received"]
    assert place.sql("SELECT alias FROM tests") == [(kept,)]


def test_locked_for_long(own_site):
    """Who writes is told to come again; who reads does not notice."""
    alias = create(own_site.service.request)
    database = own_site.place.connect()
    database.execute("BEGIN EXCLUSIVE")
    try:
        for ask in own_site.ways.values():
            check_answer(ask("GET", f"{TESTS}/{alias}"), 200)
            check_answer(ask("GET", "/api/health"), 200)
        check_problem(own_site.service.request("POST", TESTS), 503)
    finally:
        database.execute("ROLLBACK")
        database.close()
    create(own_site.nginx.request)
    assert own_site.place.count() == 2


def test_locked_for_a_moment(own_site):
    """That is waited for, not told."""
    database = own_site.place.connect(check_same_thread=False)
    database.execute("BEGIN IMMEDIATE")
    answers = []
    creator = threading.Thread(target=lambda: answers.append(own_site.service.request("POST", TESTS)))
    creator.start()
    timer = threading.Timer(1, lambda: database.execute("ROLLBACK"))
    timer.start()
    creator.join(PATIENCE)
    timer.join()
    database.close()
    check_answer(answers[0], 201)


def test_locked_out_at_start(own_site):
    """Nothing else helps but to say so and to end; started again later it works."""
    assert own_site.service.stop() == 0
    database = own_site.place.connect()
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("BEGIN EXCLUSIVE")
    try:
        status, log = own_site.place.run_service()
    finally:
        database.close()
    assert status == 75, log
    own_site.place.start()
    until(lambda: own_site.nginx.request("GET", "/api/health").status == 200, "nginx to reach the service again")
