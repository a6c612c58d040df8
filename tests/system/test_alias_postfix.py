"""Look-ups as a real Postfix makes them: what a client is told at RCPT, and that other domains never depend on us."""

import contextlib
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from claims import check_answer
from hook_support import USER, HookPlace
from postfix import Postfix
from socketmap import address
from support import DOMAIN, MESSAGE, PROBES, until

TESTS = "/api/tests"
UNKNOWN = "a" * 16
FOREIGN = "someone@other.test"
OK, REFUSED, LATER = 250, 550, 451
SOON = 5  # seconds


@pytest.fixture(scope="module")
def place(prefix):
    """A service as the user havedane, and a Postfix that asks it, beside a domain of its own."""
    place = HookPlace(prefix)
    folder = place.dir / "run"
    folder.mkdir(mode=0o755)
    shutil.chown(folder, USER, USER)
    place.socket, place.alias_socket = folder / "fcgi.sock", folder / "alias.sock"
    place.configure(postfix={"socket": place.alias_socket, "group": "postfix"})
    try:
        place.init()
        place.postfix = Postfix(place)
        try:
            ask_the_service(place)
            yield place
        finally:
            place.postfix.close()
    finally:
        place.close()


def ask_the_service(place):
    """Sets this Postfix up to ask at RCPT."""
    probes = place.dir / "postfix/maps/probes"
    probes.write_text(f"/^(.+@({'|'.join(PROBES)})\\.{DOMAIN.replace('.', '[.]')})$/ $1\n")
    ours = f"pipemap:{{regexp:{probes}, proxy:socketmap:unix:{place.alias_socket}:alias}}"
    domains = ", ".join([*(f"{probe}.{DOMAIN}" for probe in PROBES), "other.test"])
    place.postfix.command("postconf", "-e", f"virtual_alias_domains = {domains}",
                          f"virtual_alias_maps = {ours}, inline:{{{{{FOREIGN} = postmaster@localhost}}}}")
    place.postfix.command("postfix", "reload")


def start(place):
    return place.start(user=USER, group=USER, extra_groups=["postfix"])


@pytest.fixture
def service(place):
    yield start(place)
    place.stop()


@pytest.fixture
def alias(service):
    return check_answer(service.request("POST", TESTS), 201).json()["alias"]


@pytest.fixture(autouse=True)
def clean(place):
    yield
    place.clear()


def rcpt(place, *recipients):
    """The codes that a client gets for these recipients, in one session."""
    with place.postfix.connect() as client:
        client.ehlo()
        assert client.mail("tester@sender.test")[0] == OK
        return [client.rcpt(recipient)[0] for recipient in recipients]


def soon(function, *arguments):
    started = time.monotonic()
    result = function(*arguments)
    assert time.monotonic() - started < SOON
    return result


def test_known_and_unknown(place, service, alias):
    assert rcpt(place, *(address(alias, probe) for probe in PROBES)) == [OK] * 3
    assert rcpt(place, address(alias.upper(), "DO"), address(f"{alias}+x", "dont"), FOREIGN) == [OK] * 3
    unknown = [address(UNKNOWN, "do"), address(UNKNOWN, "wrong"), address("x", "do"), address(alias + "x", "dont"),
               f'"{alias} "@do.{DOMAIN}', f'"a b"@do.{DOMAIN}', "nobody@other.test", address("x" * 60, "do")]
    assert rcpt(place, *unknown) == [REFUSED] * len(unknown)
    place.backdate(alias, 24 * 3600 + 1)
    assert rcpt(place, *(address(alias, probe) for probe in PROBES)) == [REFUSED] * 3


def test_message_arrives(place, service, alias):
    queue_id = place.postfix.send(*(address(alias, probe) for probe in PROBES), message=MESSAGE)
    place.postfix.wait_status(queue_id, "sent", 3)
    assert sorted(place.recorded()) == sorted((alias, probe) for probe in PROBES)
    assert place.sql("SELECT alias, probe FROM offers") == [(alias, "wrong")]


def test_naming_the_recipient_is_an_offer(place, service, alias):
    """Whether or not a message follows."""
    assert rcpt(place, address(alias, "do")) == [OK]
    assert place.count("offers") == 0
    assert rcpt(place, address(alias, "wrong")) == [OK]
    assert place.sql("SELECT alias, probe FROM offers") == [(alias, "wrong")]


def test_service_is_down(place, service, alias):
    """Ours is 4xx at once, others are as ever; right again at once."""
    assert rcpt(place, address(alias)) == [OK]
    assert service.stop() == 0
    assert soon(rcpt, place, FOREIGN) == [OK]
    assert soon(rcpt, place, address(alias), address(alias, "wrong"), FOREIGN) == [LATER, LATER, OK]
    start(place)
    assert soon(rcpt, place, address(alias), address(UNKNOWN), FOREIGN) == [OK, REFUSED, OK]


def test_service_is_killed(place, service, alias):
    service.kill()
    assert soon(rcpt, place, address(alias), FOREIGN) == [LATER, OK]
    start(place)
    assert soon(rcpt, place, address(alias), address(UNKNOWN), FOREIGN) == [OK, REFUSED, OK]


def test_restart_between_look_ups(place, service, alias):
    """Postfix finds the connection that it has kept closed, and makes another: nobody notices."""
    with place.postfix.connect() as client:
        client.ehlo()
        client.mail("tester@sender.test")
        assert client.rcpt(address(alias))[0] == OK
        assert service.stop() == 0
        restarted = start(place)
        assert client.rcpt(address(alias, "dont"))[0] == OK
        restarted.send(signal.SIGHUP)
        until(lambda: "reloaded" in restarted.log, "the reload")
        assert client.rcpt(address(alias, "wrong"))[0] == OK


@contextlib.contextmanager
def locked(place):
    database = place.connect()
    database.execute("BEGIN EXCLUSIVE")
    yield
    database.execute("ROLLBACK")
    database.close()


@contextlib.contextmanager
def without_table(place):
    place.sql("ALTER TABLE tests RENAME TO gone")
    yield
    place.sql("ALTER TABLE gone RENAME TO tests")


@contextlib.contextmanager
def moved(place):
    away = place.database.with_name("moved.db")
    place.database.rename(away)
    yield
    away.rename(place.database)


@pytest.mark.parametrize("trouble, code", [(locked, OK), (without_table, LATER), (moved, LATER)])
def test_store_trouble(place, service, alias, trouble, code):
    """Never a hang, never a refusal: who is known is told to come again when we cannot tell."""
    with trouble(place):
        assert soon(rcpt, place, address(alias), address(alias, "wrong"), FOREIGN) == [code, LATER, OK]
    assert soon(rcpt, place, address(alias), address(alias, "wrong"), address(UNKNOWN)) == [OK, OK, REFUSED]


def test_many_sessions(place, service, alias):
    def session(number):
        return rcpt(place, address(alias, PROBES[number % 3]), address(UNKNOWN), FOREIGN)
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(session, range(100))) == [[OK, REFUSED, OK]] * 100
