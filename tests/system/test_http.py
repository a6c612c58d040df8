"""The HTTP API: routes, methods, bodies and errors; directly over FastCGI and through nginx."""

import contextlib
import re

import pytest

import fcgi_client
from claims import check_answer, check_problem, check_test, own_headers
from support import ALIAS_PATTERN

TESTS = "/api/tests"
BODY_MAX = 64 * 1024
UNKNOWN = "a" * 16


@pytest.fixture
def alias(site):
    """A test that is there."""
    return check_answer(site.service.request("POST", TESTS), 201).json()["alias"]


@pytest.fixture
def nothing_created(site):
    """Insists that no row came or went."""
    before = site.place.sql("SELECT alias FROM tests ORDER BY alias")
    yield
    assert site.place.sql("SELECT alias FROM tests ORDER BY alias") == before


def health(ask):
    return check_answer(ask("GET", "/api/health"), 200).json()


# --- what is there

def test_create(ask, site):
    before = site.place.count()
    created = check_answer(ask("POST", TESTS), 201)
    test = check_test(created.json())
    assert test["verdict"]["result"] == "waiting"
    assert created.headers["location"] == f"{TESTS}/{test['alias']}"
    assert site.place.count() == before + 1
    assert check_answer(ask("GET", created.headers["location"]), 200).body == created.body
    assert site.place.sql("SELECT firstreceived FROM tests WHERE alias = ?", test["alias"]) == [(None,)]


def test_thousand_aliases(place):
    service = place.start()
    aliases = [check_answer(service.request("POST", TESTS), 201).json()["alias"] for _ in range(1000)]
    assert len(set(aliases)) == 1000
    assert all(re.fullmatch(ALIAS_PATTERN, alias) for alias in aliases)
    assert place.sql("SELECT alias FROM tests ORDER BY alias") == [(alias,) for alias in sorted(aliases)]
    # Each place has each of the 32 letters about 31 times; never is one missing (probability 10^-11).
    assert all(len(set(letters)) == 32 for letters in zip(*aliases))


def test_get_and_health_create_nothing(ask, alias, nothing_created):
    for method in ("GET", "HEAD"):
        head = method == "HEAD"
        check_answer(ask(method, f"{TESTS}/{alias}"), 200, head)
        assert ask(method, f"{TESTS}/{UNKNOWN}").status == 404
        assert ask(method, TESTS).status == 405
        check_answer(ask(method, "/api/health"), 200, head)


@pytest.mark.parametrize("path", [TESTS + "/{alias}", "/api/health", f"{TESTS}/{UNKNOWN}", TESTS, TESTS + "/x", "/api/x"])
def test_head_is_get_without_body(ask, alias, path):
    path = path.format(alias=alias)
    got, head = ask("GET", path), ask("HEAD", path)
    assert (head.status, own_headers(head)) == (got.status, own_headers(got))
    assert got.body and head.body == b""


def test_health(ask):
    assert health(ask) == {"status": "ok"}


def test_upper_case_alias(ask, alias):
    got = ask("GET", f"{TESTS}/{alias.upper()}")
    assert check_answer(got, 200).json()["alias"] == alias
    check_answer(ask("DELETE", f"{TESTS}/{alias.upper()}"), 204)


@pytest.mark.parametrize("query", ["?", "?x=1", "?/a/b", "?a?b", "?%00%", "?" + "x" * 4000])
def test_query_is_ignored(ask, site, alias, query):
    assert check_answer(ask("GET", f"{TESTS}/{alias}{query}"), 200).json()["alias"] == alias
    check_answer(ask("GET", f"/api/health{query}"), 200)
    check_answer(ask("POST", f"{TESTS}{query}"), 201)
    check_problem(ask("GET", f"{TESTS}/{query}"), 404)


def test_delete(ask, site, alias):
    for probe in ("do", "wrong"):
        assert site.place.hook(f"{alias}@{probe}") == 0
    assert site.place.count("deliveries") == 2
    check_answer(ask("DELETE", f"{TESTS}/{alias}"), 204)
    assert site.place.sql("SELECT * FROM tests WHERE alias = ?", alias) == []
    assert site.place.count("deliveries") == 0
    assert site.place.sql("SELECT tests FROM live") == [(site.place.count(),)]
    check_problem(ask("DELETE", f"{TESTS}/{alias}"), 404)
    check_problem(ask("GET", f"{TESTS}/{alias}"), 404)


def test_expired(ask, site, alias):
    site.place.backdate(alias, 24 * 3600 - 30)
    assert check_test(check_answer(ask("GET", f"{TESTS}/{alias}"), 200).json())["poll_after"] <= 30
    site.place.backdate(alias, 31)
    for method in ("GET", "DELETE"):
        check_problem(ask(method, f"{TESTS}/{alias}"), 404)


def test_unknown(ask):
    for method in ("GET", "DELETE"):
        check_problem(ask(method, f"{TESTS}/{UNKNOWN}"), 404)


# --- addresses that are none

@pytest.mark.parametrize("alias", [
    "a" * 15, "a" * 17, *("a" * 15 + digit for digit in "0189"), "a" * 13 + "%61", "%61" * 16, "-", ".",
    "..", "...", "a" * 14 + "..", "%2e%2e", "ä" * 8, "a" * 15 + "é", "a" * 15 + "+", "a" * 15 + "*", "*", "\\", "a" * 5000,
    "'" * 16, '"' * 16, "<" * 16, ";" * 16, "a" * 16 + ";", "a" * 16 + "%20", "a" * 16 + "%2f", "results", "a" * 15 + "`",
    "a" * 15 + "{", "A" * 15 + "[", "A" * 15 + "@",
], ids=lambda alias: f"{len(alias)}-{alias[:20]}")
def test_malformed_alias(ask, nothing_created, alias):
    for method in ("GET", "DELETE"):
        check_problem(ask(method, f"{TESTS}/{alias}"), 400)
    assert ask("HEAD", f"{TESTS}/{alias}").status == 400


@pytest.mark.parametrize("alias", ["a" * 15 + "%", "%", "%zz", "a" * 15 + "%00", "a" * 16 + "%00"])
def test_malformed_alias_that_nginx_refuses_itself(site, nothing_created, alias):
    check_problem(site.service.request("GET", f"{TESTS}/{alias}"), 400)
    assert site.nginx.request("GET", f"{TESTS}/{alias}").status == 400


@pytest.mark.parametrize("path", [
    "/api", "/api/", "/apix", "/api/test", "/api/testsx", "/api/tests/", "/api/tests//", "/api/tests/a/b", "/api/tests//a",
    f"/api/tests/{UNKNOWN}/", f"/api/tests/{UNKNOWN}/x", "//api/tests", "/api//tests", "/./api/tests", "/api/./tests",
    "/api/x/../tests", "/api%2ftests", "/%61pi/tests", "/api/tests%3f", "/api/Tests", "/api/health/", "/api/healthy",
    "/api/health/x", "/api/metrics", "/api/tests/" + "a/" * 2000,
], ids=lambda path: path[:40])
def test_nothing_there(ask, nothing_created, path):
    for method in ("GET", "POST", "DELETE"):
        check_problem(ask(method, path), 404)
    assert ask("HEAD", path).status == 404


@pytest.mark.parametrize("path", ["", "?", "/", "/API/tests", "/Api/health", "api/tests", "*", "http://x/api/tests", "/t",
                                  "/metrics/", "/index.html", " /api/tests", "/api/tests ", "/api/tests\t", "/\u2028"])
def test_nothing_there_whatever_nginx_lets_through(site, nothing_created, path):
    for method in ("GET", "POST"):
        check_problem(site.service.request(method, path), 404)


def test_overlong_url(site, nothing_created):
    for length in (10_000, 65_000, 200_000):
        check_problem(site.service.request("GET", f"{TESTS}/{'a' * length}"), 400)
        check_problem(site.service.request("GET", f"/api/{'a' * length}"), 404)
    assert site.nginx.request("GET", f"{TESTS}/{'a' * 65_000}").status == 414  # in nginx's own words
    assert site.nginx.request("GET", "/API/tests").status == 404


def test_request_without_method_or_address(site, nothing_created):
    for parameters in ({}, {"REQUEST_METHOD": "GET"}, {"REQUEST_URI": TESTS}):
        with fcgi_client.connect(site.place.socket) as connection:
            connection.sendall(fcgi_client.begin()
                               + fcgi_client.stream(fcgi_client.PARAMS, fcgi_client.pairs(parameters))
                               + fcgi_client.stream(fcgi_client.STDIN, b""))
            check_problem(fcgi_client.read_answer(connection), 400)


# --- methods

@pytest.mark.parametrize("path, allow", [(TESTS, "POST"), (TESTS + "/{alias}", "GET, HEAD, DELETE"),
                                         ("/api/health", "GET, HEAD")])
def test_wrong_method(ask, site, alias, nothing_created, path, allow):
    path = path.format(alias=alias)
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "MKCOL", "LOCK"]
    if ask == site.service.request:  # nginx does not let these through
        methods += ["TRACE", "CONNECT", "get", "Post", "", "GETX", "GE", "G" * 5000, "*", "GET "]
    for method in methods:
        if method not in allow.split(", "):
            answer = check_answer(ask(method, path), 405, head=method == "HEAD")
            assert answer.headers["allow"] == allow
            if method != "HEAD":
                check_problem(answer, 405)


# --- bodies

@pytest.mark.parametrize("body", [b"x", b'{"alias":"aaaaaaaaaaaaaaaa"}', b"\0\xff" * 100, b"x" * BODY_MAX],
                         ids=lambda body: len(body))
def test_body_is_ignored(ask, site, body):
    before = site.place.count()
    created = check_answer(ask("POST", TESTS, {"Content-Type": "application/json"}, body), 201)
    assert created.json()["alias"] != UNKNOWN
    assert site.place.count() == before + 1


def test_body_too_large(ask, alias, nothing_created):
    body = b"x" * (BODY_MAX + 1)
    for method, path in (("POST", TESTS), ("GET", f"{TESTS}/{alias}"), ("DELETE", f"{TESTS}/{alias}"), ("POST", "/api/x")):
        check_problem(ask(method, path, body=body), 413)
    assert health(ask)


def test_flood(site, nothing_created):
    """More than is worth reading: refused, by nginx in its own words, by the service if the client listens."""
    body = b"x" * (4 * 1024 * 1024)
    with contextlib.suppress(ConnectionError):
        assert site.nginx.request("POST", TESTS, body=body).status == 413
    with contextlib.suppress(ConnectionError):
        check_problem(site.service.request("POST", TESTS, body=body), 413)
    assert health(site.service.request)


def test_body_shorter_than_announced(site, nothing_created):
    for sent, announced in ((b"", 1), (b"x" * 99, 100), (b"x" * 1000, BODY_MAX)):
        check_problem(site.service.request("POST", TESTS, body=sent, length=announced), 400)
    check_problem(site.service.request("POST", TESTS, body=b"x", length=BODY_MAX + 1), 413)


@pytest.mark.parametrize("announced", ["", 5, BODY_MAX])
def test_body_longer_than_announced(site, nothing_created, announced):
    """What comes is what counts."""
    check_problem(site.service.request("POST", TESTS, body=b"x" * (BODY_MAX + 1), length=announced), 413)


@pytest.mark.parametrize("length", ["", "x", "-1", "0x10", "1e3", "99999999999999999999", " 5", "5 "])
def test_odd_content_length(site, length):
    """Never hangs, and never is a reason to fail on our side."""
    assert site.service.request("POST", TESTS, body=b"12345", length=length).status in (201, 400, 413)


def test_many_and_large_parameters(site, alias):
    """Whatever else a web server sends along is no matter."""
    headers = {f"X-{number}": "v" * 100 for number in range(200)} | {"X-Large": "v" * 60_000, "X-Empty": ""}
    check_answer(site.service.request("GET", f"{TESTS}/{alias}", headers), 200)
    check_answer(site.service.request("POST", TESTS, headers), 201)
