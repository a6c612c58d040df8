"""Clients of havedane-fcgi that are silent, broken or many: nobody else may notice."""

import contextlib
import random
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import fcgi_client as fcgi
from claims import check_answer
from support import MESSAGE, PATIENCE, PROBES, until

TESTS = "/api/tests"
POST = {"REQUEST_METHOD": "POST", "REQUEST_URI": TESTS}
TIMEOUT = 10  # seconds, of the service, for each read


def create(service):
    return check_answer(service.request("POST", TESTS), 201).json()["alias"]


# --- silent ones

def test_as_many_silent_connections_as_threads(place):
    """They hold the service up for as long as it waits for them, and no longer."""
    place.configure(fastcgi={"threads": 3})
    service = place.start()
    before = place.count()
    beginnings = [b"", fcgi.begin() + fcgi.record(fcgi.PARAMS, fcgi.pairs(POST))[:-5],
                  fcgi.request_bytes("POST", TESTS, body=b"x" * 100)[:-50]]
    until(lambda: service.connections() == 0, "the service to be idle")
    with contextlib.ExitStack() as stack:
        for beginning in beginnings:
            stack.enter_context(fcgi.connect(place.socket)).sendall(beginning)
        until(lambda: service.connections() == len(beginnings), "the connections to be accepted")
        started = time.monotonic()
        check_answer(service.request("GET", "/api/health"), 200)
        assert time.monotonic() - started < TIMEOUT + 5
        until(lambda: service.connections() == 0, "all of them to be given up")
    assert time.monotonic() - started > TIMEOUT / 2, "the test did not occupy all threads"
    assert place.count() == before


def test_clients_that_leave(place):
    """Before they get their answer: it is dropped, the work may be done or not."""
    place.configure(fastcgi={"threads": 2})
    service = place.start()
    for _ in range(200):
        with fcgi.connect(place.socket) as connection:
            connection.sendall(fcgi.request_bytes("POST", TESTS))
    until(lambda: service.connections() == 0, "the connections to be closed")
    assert place.count() <= 200
    create(service)


def test_connection_is_closed_whatever_the_client_asks_for(place):
    """A kept one would hold a thread while idle."""
    place.configure(fastcgi={"threads": 1})
    service = place.start()
    with fcgi.connect(place.socket, PATIENCE) as connection:
        connection.sendall(fcgi.request_bytes("GET", "/api/health", flags=fcgi.KEEP_CONNECTION))
        check_answer(fcgi.read_answer(connection), 200)
        assert connection.recv(1) == b""
    create(service)


# --- broken ones

PARAMS = fcgi.stream(fcgi.PARAMS, fcgi.pairs(POST))
STDIN = fcgi.stream(fcgi.STDIN, b"")
NO_REQUEST = {  # none of these is a whole request, so none may be served as one
    "nothing": b"",
    "one byte": b"\x01",
    "zeros": bytes(100),
    "ones": b"\xff" * 10_000,
    "http": b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n",
    "http, many lines": b"POST /api/tests HTTP/1.1\r\n" + b"Header: value\r\n" * 1000,
    "half a header": fcgi.begin()[:5],
    "begin alone": fcgi.begin(),
    "begin, shorter than its length": fcgi.begin()[:12],
    "begin too short": fcgi.record(fcgi.BEGIN_REQUEST, b"\0\1\0") + PARAMS + STDIN,
    "begin too long": fcgi.record(fcgi.BEGIN_REQUEST, b"\0\1" + bytes(600)) + PARAMS + STDIN,
    "parameters alone": PARAMS,
    "input alone": STDIN,
    "wrong version": fcgi.record(fcgi.BEGIN_REQUEST, b"\0\1\0\0\0\0\0\0", version=9) + PARAMS + STDIN,
    "request 0": fcgi.begin(request_id=0) + PARAMS + STDIN,
    "role of an authorizer's neighbour": fcgi.begin(role=77) + PARAMS + STDIN,
    "parameters cut short": fcgi.begin() + PARAMS[:20],
    "record longer than what comes": fcgi.begin() + struct.pack("!BBHHBx", 1, fcgi.PARAMS, 1, 65535, 255) + b"x" * 100,
    "name of 2 GiB": fcgi.begin() + fcgi.stream(fcgi.PARAMS, b"\xff\xff\xff\xff\xff\xff\xff\xff" + b"x" * 50) + STDIN,
    "value of 2 GiB": fcgi.begin() + fcgi.stream(fcgi.PARAMS, b"\x01\xff\xff\xff\xffx" + b"x" * 50) + STDIN,
    "value longer than the parameters": fcgi.begin() + fcgi.stream(fcgi.PARAMS, b"\x0e\x20REQUEST_METHODPOST") + STDIN,
    "length cut short": fcgi.begin() + fcgi.stream(fcgi.PARAMS, b"\x0e\x80\0") + STDIN,
    "type 99": fcgi.record(99, b"x" * 8) * 3,
    "questions about the server": fcgi.record(9, fcgi.pairs({"FCGI_MAX_CONNS": ""}), 0),
    "aborted at once": fcgi.begin() + fcgi.record(fcgi.ABORT_REQUEST),
    "aborted after half the parameters": fcgi.begin() + PARAMS[:20] + fcgi.record(fcgi.ABORT_REQUEST),
}
ALMOST = {  # what follows a request's parameters: the service may take it for one or not
    "aborted before the body": fcgi.record(fcgi.ABORT_REQUEST),
    "no body record": b"",
    "input of another request": fcgi.stream(fcgi.STDIN, b"x" * 100, 2),
    "garbage for a body": b"\xff" * 5000,
    "a second request inside": fcgi.begin() + PARAMS + STDIN,
    "a second request beside": fcgi.begin(request_id=2) + fcgi.stream(fcgi.PARAMS, fcgi.pairs(POST), 2) + STDIN,
    "data": fcgi.stream(8, b"x" * 1000) + STDIN,
    "parameters once more": PARAMS + STDIN,
}


def say(path, data):
    """Sends bytes and the end of all, and reads what comes until the service closes."""
    answer = b""
    with fcgi.connect(path, PATIENCE) as connection, contextlib.suppress(ConnectionError):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        while piece := connection.recv(65536):
            answer += piece
    return answer


@pytest.fixture(scope="module")
def service(site):
    return site.service


@pytest.mark.parametrize("case", NO_REQUEST)
def test_no_request(site, service, case):
    before = site.place.count()
    assert b"Status: 2" not in say(service.socket, NO_REQUEST[case])
    until(lambda: service.connections() == 0, "the connection to be closed")
    assert site.place.count() == before
    create(service)


@pytest.mark.parametrize("case", ALMOST)
def test_almost_a_request(site, service, case):
    before = site.place.count()
    answer = say(service.socket, fcgi.begin() + PARAMS + ALMOST[case])
    until(lambda: service.connections() == 0, "the connection to be closed")
    assert site.place.count() <= before + 1
    assert site.place.count() == before + answer.count(b"Status: 201")
    create(service)


@pytest.mark.threads
def test_noise_beside_proper_requests(site, service):
    """Bytes turned over at random in requests that would have been right, while others poll."""
    seed = random.Random(20261124)
    alias = create(service)
    whole = fcgi.request_bytes("GET", f"{TESTS}/{alias}", {"If-None-Match": '"x"'}, b"x" * 50)

    def noisy():
        data = bytearray(whole)
        for _ in range(seed.randrange(1, 8)):
            data[seed.randrange(len(data))] = seed.randrange(256)
        return bytes(data[:seed.randrange(len(data) + 1)] if seed.random() < 0.3 else data)

    noise = [noisy() for _ in range(600)]
    with ThreadPoolExecutor(6) as pool:
        spoken = [pool.submit(say, service.socket, data) for data in noise]
        asked = [pool.submit(ask, "GET", f"{TESTS}/{alias}") for _ in range(100) for ask in site.ways.values()]
        assert {answer.result().status for answer in asked} == {200}
        for answer in spoken:
            answer.result()
    until(lambda: service.connections() == 0, "the connections to be closed")
    create(service)


# --- many

@pytest.mark.threads
def test_200_hooks_and_8_pollers(place):
    """All deliveries are recorded and told, and no poller ever sees anything else than a test."""
    service = place.start()
    pairs = [(create(service), probe) for _ in range(67) for probe in PROBES][:200]
    aliases = sorted({alias for alias, _ in pairs})
    over = threading.Event()

    def poll(mine):
        tags, statuses = {}, []
        while not over.is_set():
            for alias in mine:
                answer = service.request("GET", f"{TESTS}/{alias}", {"If-None-Match": tags.get(alias, '""')})
                tags[alias] = answer.headers.get("etag", '""')
                statuses.append(answer.status)
        return statuses

    hooks = []
    with ThreadPoolExecutor(8) as pool:
        pollers = [pool.submit(poll, aliases[number::8]) for number in range(8)]
        try:
            for alias, probe in pairs:
                hooks.append(place.start_hook(f"{alias}@{probe}"))
            for hook in hooks:  # all of them wait for the end of their message
                hook.stdin.write(MESSAGE)
                hook.stdin.flush()
            for hook in hooks:
                hook.stdin.close()
                hook.stdin = None
            for hook in hooks:
                assert hook.communicate(timeout=60) == (b"", b"")
        finally:
            over.set()
            for hook in hooks:
                hook.kill()
                hook.wait()
        for poller in pollers:
            assert set(poller.result()) == {200, 304}
    assert {hook.returncode for hook in hooks} == {0}
    assert sorted(place.sql("SELECT alias, probe FROM deliveries")) == sorted(pairs)
    for alias in aliases:
        shown = service.request("GET", f"{TESTS}/{alias}").json()
        assert {p["probe"] for p in shown["probes"] if p["delivery"]} == {probe for a, probe in pairs if a == alias}


@pytest.mark.threads
def test_more_clients_than_threads(place):
    """Creations, look-ups and deletions at once from 32 clients: each gets its due."""
    place.configure(fastcgi={"threads": 4})
    service = place.start()

    def visit(_):
        alias = create(service)
        check_answer(service.request("GET", f"{TESTS}/{alias}"), 200)
        check_answer(service.request("DELETE", f"{TESTS}/{alias}"), 204)
        assert service.request("GET", f"{TESTS}/{alias}").status == 404
        return create(service)

    with ThreadPoolExecutor(32) as pool:
        kept = list(pool.map(visit, range(200)))
    assert sorted(kept) == [alias for alias, in place.sql("SELECT alias FROM tests ORDER BY alias")]
    assert place.sql("SELECT tests FROM live") == [(200,)]
