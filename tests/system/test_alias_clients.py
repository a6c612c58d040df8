"""Clients of the alias socket that are silent, slow, broken or many: nobody else may notice."""

import contextlib
import os
import random
import resource
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from claims import check_answer
from fcgi_client import ProtocolError, connect
from socketmap import NOTFOUND, Connection, address, ask, netstring, ok, query
from support import PATIENCE, Place, unread, until

TESTS = "/api/tests"
UNKNOWN = "a" * 16
THREADS = 4        # of the service, for look-ups
MOST = 512         # connections
REQUEST_MAX = 4096  # bytes of a request's payload
TIMEOUT = 10       # seconds from the begin of a request to its end


@pytest.fixture(scope="module")
def place(prefix):
    """One for this file: who harms it harms the tests that follow."""
    place = Place(prefix).init()
    place.alias_socket = place.dir / "alias.sock"
    place.configure(postfix={"socket": place.alias_socket})
    yield place
    place.close()


@pytest.fixture(scope="module")
def service(place):
    return place.start()


@pytest.fixture(scope="module")
def alias(service):
    return check_answer(service.request("POST", TESTS), 201).json()["alias"]


def open_connections(service):
    return service.connections(2)


@pytest.fixture(autouse=True)
def all_is_well_afterwards(place, service, alias):
    yield
    assert ask(place.alias_socket, address(alias)) == ok()
    until(lambda: open_connections(service) == 0, "all connections to be closed")


def look_up_often(path, alias, times=50):
    """Many look-ups on a few connections at once, all of which must be answered, and soon."""
    def many(_):
        with Connection(path) as connection:
            for _ in range(times):
                started = time.monotonic()
                assert connection.ask(address(alias)) == ok()
                assert connection.ask(address(UNKNOWN)) == NOTFOUND
                assert time.monotonic() - started < TIMEOUT / 2
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(many, range(4)))


# --- requests in pieces and in heaps

def test_many_requests_in_one_piece(place, alias):
    with Connection(place.alias_socket) as connection:
        connection.send(query(address(alias)) * 100 + query(address(UNKNOWN)) * 100 + query("x", "other"))
        assert [connection.reply() for _ in range(200)] == [ok()] * 100 + [NOTFOUND] * 100
        assert connection.reply().startswith("PERM")
        assert connection.ask(address(alias)) == ok()


def test_a_request_byte_by_byte(place, alias):
    request = query(address(alias))
    with Connection(place.alias_socket) as connection:
        connection.socket.setblocking(True)
        for _ in range(2):
            for number in range(len(request)):
                connection.send(request[number:number + 1])
                until(lambda: not unread(connection.socket), "the byte to be read")
            assert connection.reply() == ok()


def test_requests_cut_anywhere(place, alias):
    """Two and a half requests in two pieces."""
    bytes_ = query(address(alias)) * 2
    for cut in range(1, len(bytes_), 7):
        with Connection(place.alias_socket) as connection:
            connection.send(bytes_[:cut])
            connection.send(bytes_[cut:] + query(address(UNKNOWN)))
            assert [connection.reply() for _ in range(3)] == [ok(), ok(), NOTFOUND]


def test_the_longest_request(place):
    with Connection(place.alias_socket) as connection:
        connection.send(netstring(b"alias " + b"x" * (REQUEST_MAX - 6)) + query(address(UNKNOWN)))
        assert [connection.reply() for _ in range(2)] == [NOTFOUND, NOTFOUND]


def test_requests_before_the_end_of_sending(place, alias):
    """A client that shuts its side down is answered all the same."""
    with Connection(place.alias_socket) as connection:
        connection.send(query(address(alias)) * 20)
        connection.socket.shutdown(socket.SHUT_WR)
        assert [connection.reply() for _ in range(20)] == [ok()] * 20
        assert connection.is_closed()


# --- garbage

GARBAGE = {
    "nothing but the end": b"",
    "zeros": bytes(1000),
    "ones": b"\xff" * 10_000,
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "fastcgi": b"\x01\x01\x00\x01\x00\x08\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00",
    "another protocol of Postfix": b"request\0lookup\0\0",
    "no comma": b"7:alias x;",
    "too long": b"4097:" + b"x" * 5000,
    "far too long": b"99999999999999999999999999999999:x,",
    "overflow": b"18446744073709551623:alias x,",
    "leading zero": b"07:alias x,",
    "negative": b"-7:alias x,",
    "no length": b":alias x,",
    "half a request": b"100:alias x",
    "half a length": b"10",
    "a megabyte": b"1:" * 500_000,
}


@pytest.mark.parametrize("case", GARBAGE)
def test_garbage(place, case):
    """The connection is closed, and nothing is answered."""
    with Connection(place.alias_socket) as connection:
        with contextlib.suppress(ConnectionError):
            connection.send(GARBAGE[case])
            connection.socket.shutdown(socket.SHUT_WR)
        assert connection.is_closed()


def test_garbage_after_a_request(place, alias):
    with Connection(place.alias_socket) as connection:
        connection.send(query(address(alias)) + b"garbage")
        assert connection.reply() == ok()
        assert connection.is_closed()


@pytest.mark.threads
def test_noise_beside_proper_look_ups(place, service, alias):
    seed = random.Random(20261125)
    whole = query(address(alias)) * 3

    def noisy():
        data = bytearray(whole)
        for _ in range(seed.randrange(1, 8)):
            data[seed.randrange(len(data))] = seed.randrange(256)
        return bytes(data[:seed.randrange(1, len(data) + 1)])

    def say(data):
        with connect(place.alias_socket, PATIENCE) as connection, contextlib.suppress(ConnectionError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass

    noise = [noisy() for _ in range(600)]
    with ThreadPoolExecutor(4) as pool:
        spoken = [pool.submit(say, data) for data in noise]
        look_up_often(place.alias_socket, alias)
        for answer in spoken:
            answer.result()
    assert service.running()


# --- slow ones

@pytest.mark.threads
def test_silent_and_half_requests_harm_nobody(place, service, alias):
    """More of them than threads. Silence is allowed, as Postfix keeps its connections; half a request is not for ever."""
    half = query(address(alias))[:-5]
    with contextlib.ExitStack() as stack:
        def several():
            return [stack.enter_context(Connection(place.alias_socket)) for _ in range(3 * THREADS)]
        silent, halves = several(), several()
        started = time.monotonic()
        for connection in halves:
            connection.send(half)
        until(lambda: open_connections(service) == len(silent + halves), "all to be accepted")
        look_up_often(place.alias_socket, alias)
        assert time.monotonic() - started < TIMEOUT, "the test took too long to tell anything"
        for connection in halves:
            assert connection.is_closed()
        assert TIMEOUT - 1 < time.monotonic() - started < TIMEOUT + 5
        for connection in silent:
            assert connection.ask(address(alias)) == ok()


def test_a_request_that_trickles_in(place, alias):
    """Its time runs from its first byte, however often something comes."""
    request = query("x" * 1000)
    with Connection(place.alias_socket) as connection:
        connection.send(request[:1])
        started = time.monotonic()

        def closed():
            connection.socket.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                connection.send(b"x" if closed.sent else request[1:11])
                closed.sent = True
                return connection.socket.recv(1) == b""
            return False
        closed.sent = False
        with contextlib.suppress(ConnectionError):
            until(closed, "the connection to be closed", TIMEOUT + 5)
        assert time.monotonic() - started > TIMEOUT - 1


@pytest.mark.threads
def test_clients_that_never_read(place, service, alias):
    """They are closed when their replies back up; until then they have their turns like everybody."""
    bulk = query(address(alias)) * 500

    def flood():
        sent = 0
        with connect(place.alias_socket, PATIENCE) as connection:
            with contextlib.suppress(ConnectionError):
                while sent < 100_000_000:
                    sent += connection.send(bulk)
        return sent

    with ThreadPoolExecutor(2 * THREADS) as pool:
        floods = [pool.submit(flood) for _ in range(2 * THREADS)]
        look_up_often(place.alias_socket, alias, 20)
        for sent in floods:
            assert sent.result() < 100_000_000
    assert service.running()


@pytest.mark.threads
def test_clients_that_leave(place, service, alias):
    for _ in range(200):
        with Connection(place.alias_socket) as connection:
            connection.send(query(address(alias)) * 3)
    assert service.running()


# --- many

def test_more_connections_than_there_may_be(place, service, alias):
    """For each one too many the longest idle one is closed; one that has just been used is not."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    try:
        with contextlib.ExitStack() as stack:
            connections = []
            for _ in range(MOST):
                connections.append(stack.enter_context(Connection(place.alias_socket)))
                assert connections[-1].ask(address(UNKNOWN)) == NOTFOUND
            assert open_connections(service) == MOST
            assert connections[0].ask(address(alias)) == ok()
            for number in range(10):
                assert ask_and_keep(stack, place, alias) == ok()
                assert connections[1 + number].is_closed()
            assert open_connections(service) == MOST
            assert connections[0].ask(address(alias)) == ok()
            assert connections[-1].ask(address(alias)) == ok()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert service.log.count(f"more than {MOST} connections") == 1


def ask_and_keep(stack, place, alias):
    return stack.enter_context(Connection(place.alias_socket)).ask(address(alias))


@pytest.mark.threads
def test_a_storm_of_connections(place, service, alias):
    """Look-ups go on; who is closed before an answer tries again, as Postfix does."""
    over = threading.Event()

    def storm():
        kept = []
        while not over.is_set():
            with contextlib.suppress(OSError):
                kept.append(connect(place.alias_socket, PATIENCE))
            while len(kept) > 150:
                kept.pop(0).close()
        for connection in kept:
            connection.close()

    def look_up(_):
        failed = []
        for _ in range(3):
            with Connection(place.alias_socket, None) as connection:  # without a timeout it waits for its turn
                connection.socket.settimeout(PATIENCE)
                try:
                    return connection.ask(address(alias))
                except (ProtocolError, ConnectionError) as error:
                    failed.append(error)
        return repr(failed)

    with ThreadPoolExecutor(6) as pool:
        storms = [pool.submit(storm) for _ in range(4)]
        try:
            assert set(pool.map(look_up, range(500))) == {ok()}
        finally:
            over.set()
        for finished in storms:
            finished.result()
    assert service.running()


def test_out_of_descriptors(prefix):
    """Who is connected is served, who is not waits; it goes on when there are some again."""
    place = Place(prefix).init()
    path = place.dir / "alias.sock"
    place.configure(postfix={"socket": path})
    try:
        service = place.start()
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(Connection(path))
            assert first.ask(address(UNKNOWN)) == NOTFOUND
            _, hard = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)
            limit = max(map(int, os.listdir(f"/proc/{service.process.pid}/fd"))) + 4
            resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (limit, hard))
            for _ in range(10):
                stack.enter_context(Connection(path))
            waiting = stack.enter_context(Connection(path))
            waiting.send(query(address(UNKNOWN)))
            until(lambda: "cannot accept a connection for look-ups" in service.log, "the service to say so")
            assert first.ask(address(UNKNOWN)) == NOTFOUND
            assert unread(waiting.socket)
            resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (limit + 20, hard))
            assert waiting.reply() == NOTFOUND
        assert service.log.count("cannot accept") < 20
    finally:
        place.close()
