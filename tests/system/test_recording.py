"""A message that we could not even note down: its sender was told to try again, so nothing is concluded from its absence."""

import contextlib

import pytest

from claims import check_answer, check_problem, check_test
from socketmap import NOTFOUND, Connection, address, ask, ok
from support import milliseconds, until

UNKNOWN = "a" * 16
TEMP = "TEMP the store cannot be used now"


@pytest.fixture
def alias_socket(place):
    path = place.dir / "alias.sock"
    place.configure(postfix={"socket": path}, test={"grace": "2s", "settle": "3s"})
    return path


def to_alias(number):
    """Four characters of an alias, others for each number."""
    letters = "abcdefghijklmnop"
    return "".join(letters[number >> shift & 15] for shift in (12, 8, 4, 0))


@contextlib.contextmanager
def locked(place):
    lock = place.connect()
    lock.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        lock.execute("ROLLBACK")
        lock.close()


@contextlib.contextmanager
def away(place):
    """The database and what belongs to it; the service has it open."""
    folder = place.dir / "away"
    folder.mkdir()
    names = [path.name for path in place.dir.glob("havedane.db*")]
    for name in names:
        (place.dir / name).rename(folder / name)
    try:
        yield
    finally:
        for name in names:
            (folder / name).rename(place.dir / name)


def verdict(service, alias):
    return check_test(service.request("GET", f"/api/tests/{alias}").json())["verdict"]


@pytest.mark.parametrize("trouble", [locked, away])
def test_no_verdict_from_what_we_could_not_record(place, alias_socket, trouble):
    service = place.start()
    alias = check_answer(service.request("POST", "/api/tests"), 201).json()["alias"]
    assert place.hook(f"{alias}@do") == place.hook(f"{alias}@dont") == 0
    until(lambda: verdict(service, alias) == {"result": "dane", "final": True}, "the verdict that would be wrong")
    with trouble(place):
        assert ask(alias_socket, address(alias, "wrong")) == TEMP
        assert ask(alias_socket, address(UNKNOWN, "wrong")) in (TEMP, NOTFOUND)
        for uri in (f"/api/tests/{alias}", f"/t/{alias}", "/api/health"):
            check_problem(service.request("GET", uri), 503)
        assert service.request("GET", "/nothing").status == 404
        begun = milliseconds()
    # As soon as something is shown again, the offer has been recorded: from the absence of its message nothing follows.
    until(lambda: service.request("GET", "/api/health").status == 200, "the offer to be recorded")
    test = check_test(service.request("GET", f"/api/tests/{alias}").json())
    assert [bool(probe["offered"]) for probe in test["probes"]] == [False, False, True]
    until(lambda: milliseconds() > begun + 4000, "grace and settle to pass")
    assert verdict(service, alias) == {"result": "running", "final": False}
    assert ask(alias_socket, address(alias, "wrong")) == ok("wrong")
    assert place.hook(f"{alias}@wrong") == 0
    assert verdict(service, alias) == {"result": "no-dane", "final": True}
    assert service.log.count("no test is shown") == 1 and service.log.count("waiting begins anew") == 1


def test_other_look_ups_do_not_matter(place, alias_socket):
    """With the store locked: what is only read, and who is nobody."""
    service = place.start()
    alias = check_answer(service.request("POST", "/api/tests"), 201).json()["alias"]
    with locked(place):
        assert ask(alias_socket, address(alias, "do")) == ok("do")
        assert ask(alias_socket, address(UNKNOWN, "wrong")) == NOTFOUND
        assert verdict(service, alias) == {"result": "waiting", "final": False}
    assert "no test is shown" not in service.log


def test_more_than_can_be_kept(place, alias_socket):
    """Unknown aliases of a flood, while the store is away: what cannot be kept is made up for by waiting anew."""
    service = place.start()
    alias = check_answer(service.request("POST", "/api/tests"), 201).json()["alias"]
    assert place.hook(f"{alias}@do") == place.hook(f"{alias}@dont") == 0
    until(lambda: verdict(service, alias) == {"result": "dane", "final": True}, "the verdict")
    with away(place), Connection(alias_socket) as connection:
        for number in range(1100):
            assert connection.ask(address(f"{UNKNOWN[:-4]}{to_alias(number)}", "wrong")) == TEMP
    until(lambda: service.request("GET", "/api/health").status == 200, "recording")
    assert verdict(service, alias) == {"result": "running", "final": False}
    assert place.count("offers") == 0
