"""A test as text: at /t/ALIAS, and where Accept prefers it; directly over FastCGI and through nginx."""

import re
import subprocess

import pytest

from claims import check_answer, check_problem, check_test, own_headers
from support import ALIAS_PATTERN, DOMAIN, PROBES

TESTS = "/api/tests"
JSON, TEXT = "application/json", "text/plain; charset=utf-8"
UNKNOWN = "a" * 16
PREFER_TEXT = {"Accept": "text/plain"}
DAY = 24 * 3600


@pytest.fixture
def alias(site):
    return check_answer(site.service.request("POST", TESTS), 201).json()["alias"]


def check_report(answer, status=200, head=False):
    """A report as an answer: its form, and that no success is told before it is final. Returns its text."""
    text = check_answer(answer, status, head, TEXT).body.decode("ascii")
    if head:
        return text
    assert re.fullmatch(r"[ -~\n]+", text)
    assert all(len(line) <= 80 for line in text.splitlines())
    final = re.search(r"^Verdict +[a-z-]+, (so far|final)$", text, re.MULTILINE)[1] == "final"
    assert ("so far" in text) == ("So far: " in text) == (not final)
    return text


def verdict(text):
    return re.search(r"^Verdict +(.*)$", text, re.MULTILINE)[1]


# --- which form

@pytest.mark.parametrize("accept, kind", [
    (None, JSON), ("", JSON), ("*/*", JSON), ("application/json", JSON), ("application/*", JSON), ("garbage", JSON),
    ("image/png", JSON), ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", JSON),
    ("application/json, text/plain, */*", JSON), ("text/plain;q=0.5, application/json;q=0.5", JSON), ("text/plain;q=0", JSON),
    ("text/plain;q=1.5", JSON), ("text/plain;format=flowed", JSON), ("x" * 4000, JSON),
    ("text/plain", TEXT), ("text/*", TEXT), ("TEXT/PLAIN;Q=0.1", TEXT), ("text/plain;charset=utf-8", TEXT),
    ("application/json;q=0.4, text/plain;q=0.5", TEXT), ("text/plain, */*;q=0.9", TEXT), ("application/json;q=0, */*", TEXT),
    ("text/html, " * 300 + "text/plain", TEXT),
], ids=lambda value: value and value[:30])
def test_accept_chooses(ask, site, alias, accept, kind):
    headers = {} if accept is None else {"Accept": accept}
    got = check_answer(ask("GET", f"{TESTS}/{alias}", headers), 200, kind=kind)
    created = check_answer(ask("POST", TESTS, headers), 201, kind=kind)
    if kind == JSON:
        check_test(got.json())
        check_test(created.json())
    else:
        check_report(got)
        check_report(created, 201)
    assert ask("HEAD", f"{TESTS}/{alias}", headers).headers["content-type"] == kind
    # It is no matter where there is one form only.
    assert check_report(ask("GET", f"/t/{alias}", headers)) == check_report(ask("GET", f"/t/{alias}"))
    check_answer(ask("GET", "/api/health", headers), 200)


def test_create(ask, site):
    before = site.place.count()
    created = ask("POST", TESTS, PREFER_TEXT, b"whatever")
    text = check_report(created, 201)
    assert site.place.count() == before + 1
    alias = re.fullmatch(rf"{TESTS}/({ALIAS_PATTERN})", created.headers["location"])[1]
    for probe in PROBES:
        assert f"\n  {alias}@{probe}.{DOMAIN}\n" in text
    assert f" {DOMAIN}/#{alias}\n" in text and f" {DOMAIN}/t/{alias}\n" in text
    assert verdict(text) == "waiting, so far"
    # The same wherever it is asked for.
    assert check_report(ask("GET", created.headers["location"], PREFER_TEXT)) == text
    assert check_report(ask("GET", f"/t/{alias}")) == text
    assert check_report(ask("GET", f"/t/{alias.upper()}?x=/y")) == text


@pytest.mark.parametrize("headers, path", [(PREFER_TEXT, TESTS + "/{}"), ({}, "/t/{}"), (PREFER_TEXT, TESTS + f"/{UNKNOWN}"),
                                           ({}, f"/t/{UNKNOWN}"), ({}, "/t/x")])
def test_head_is_get_without_body(ask, alias, headers, path):
    path = path.format(alias)
    got, head = ask("GET", path, headers), ask("HEAD", path, headers)
    assert (head.status, own_headers(head)) == (got.status, own_headers(got))
    assert got.body and head.body == b""


def test_delete_does_not_ask(ask, alias):
    check_answer(ask("DELETE", f"{TESTS}/{alias}", PREFER_TEXT), 204)
    check_problem(ask("GET", f"/t/{alias}"), 404)


# --- what it says

def test_life_of_a_test(ask, site, alias):
    """From creation to expiry, as it is told; it agrees with havedane show."""
    def told():
        text = check_report(ask("GET", f"/t/{alias}"))
        show = [site.place.prefix / "sbin/havedane", "-c", site.place.conf, "show", alias]
        assert subprocess.run(show, capture_output=True, text=True, check=True).stdout == text
        return text

    assert verdict(told()) == "waiting, so far"
    assert site.place.hook(f"{alias}@do") == 0
    text = told()
    assert verdict(text) == "running, so far"
    assert f"\n  {alias}@do.{DOMAIN}\n" not in text and f"\n  {alias}@wrong.{DOMAIN}\n" in text
    assert "  Encryption TLSv1.3, TLS_AES_256_GCM_SHA384\n  From       192.0.2.21 (mail.sender.test)\n" in text
    assert site.place.hook(f"{alias}@dont") == 0
    site.place.backdate(alias, 20)
    text = told()
    assert verdict(text) == "dane, so far"
    assert "Outcome    not delivered so far\n" in text
    site.place.backdate(alias, 1800)
    assert verdict(told()) == "dane, final"
    assert site.place.hook(f"{alias}@wrong", CLIENT_ADDRESS="192.0.2.22") == 0
    text = told()
    assert verdict(text) == "no-dane, final"
    assert "came from different servers" in text
    site.place.backdate(alias, DAY)
    check_problem(ask("GET", f"/t/{alias}"), 404)


@pytest.mark.parametrize("helo", [b"\x1b[2J\x1b]0;owned\x07", b"a\x9bc", "ä".encode(), b"\xff\xfe", b"a\r\n\r\nVerdict  dane, final",
                                  b"x" * 255, b"x " * 127, b"\\" * 255], ids=range(8))
def test_hostile_name_of_a_client(ask, site, alias, helo):
    assert site.place.hook(f"{alias}@do") == 0
    site.place.sql("UPDATE deliveries SET client_helo = CAST(? AS TEXT) WHERE alias = ?", helo, alias)
    text = check_report(ask("GET", f"/t/{alias}"))
    assert text.count("\nVerdict ") == 1 and verdict(text) == "running, so far"


# --- the entity tags

def test_each_form_has_a_tag_of_its_own(ask, alias):
    forms = {kind: check_answer(ask("GET", f"{TESTS}/{alias}", {"Accept": kind.split(";")[0]}), 200, kind=kind)
             for kind in (JSON, TEXT)}
    tags = {kind: form.headers["etag"] for kind, form in forms.items()}
    assert tags[JSON] != tags[TEXT]
    assert ask("GET", f"/t/{alias}").headers["etag"] == tags[TEXT]
    requests = [(kind, f"{TESTS}/{alias}", {"Accept": kind.split(";")[0]}) for kind in forms] + [(TEXT, f"/t/{alias}", {})]
    for kind, path, headers in requests:
        for method in ("GET", "HEAD"):
            for of, tag in tags.items():
                for field in (tag, f"W/{tag}", f'"x", {tag}'):
                    answer = ask(method, path, {**headers, "If-None-Match": field})
                    if of == kind:
                        assert check_answer(answer, 304).headers["etag"] == tag
                    else:
                        check_answer(answer, 200, head=method == "HEAD", kind=kind)
            assert ask(method, path, {**headers, "If-None-Match": "*"}).status == 304


def test_tag_changes_when_the_text_does(ask, site, alias):
    """Never by the passing of time alone."""
    place = site.place
    steps = [
        (True, lambda: None),
        (False, lambda: place.sql("UPDATE service SET started = started - 1000")),
        (True, lambda: place.hook(f"{alias}@do")),
        (False, lambda: place.hook(f"{alias}@do")),
        (True, lambda: place.backdate(alias, 20)),
        (True, lambda: place.backdate(alias, 1800)),
        (True, lambda: place.hook(f"{alias}@wrong")),
    ]
    last = '"none"'
    for number, (changes, step) in enumerate(steps):
        step()
        answer = check_answer(ask("GET", f"/t/{alias}", {"If-None-Match": last}), 200 if changes else 304, kind=TEXT)
        assert (answer.headers["etag"] != last) == changes, number
        last = answer.headers["etag"]


# --- Vary

def test_vary_wherever_the_form_is_chosen(ask, site, alias):
    large = b"x" * (64 * 1024 + 1)
    for headers in ({}, PREFER_TEXT):
        for status, method, path, more, body in [
            (201, "POST", TESTS, {}, b""), (413, "POST", TESTS, {}, large), (405, "GET", TESTS, {}, b""),
            (405, "HEAD", TESTS, {}, b""), (200, "GET", f"{TESTS}/{alias}", {}, b""), (200, "HEAD", f"{TESTS}/{alias}?", {}, b""),
            (304, "GET", f"{TESTS}/{alias}", {"If-None-Match": "*"}, b""),
            (404, "GET", f"{TESTS}/{UNKNOWN}", {}, b""), (400, "GET", f"{TESTS}/x", {}, b""), (405, "PUT", f"{TESTS}/{alias}", {}, b""),
            (404, "DELETE", f"{TESTS}/{UNKNOWN}", {}, b""),
        ]:
            answer = ask(method, path, {**headers, **more}, body)
            assert (answer.status, answer.headers.get("vary")) == (status, "Accept"), (method, path)


def test_no_vary_elsewhere(ask, alias):
    for path in (f"/t/{alias}", f"/t/{UNKNOWN}", "/t/x", "/api/health", "/api/x"):
        for method in ("GET", "HEAD", "PUT"):
            assert "vary" not in ask(method, path, PREFER_TEXT).headers, (method, path)


# --- errors

def test_errors_keep_their_form(ask, alias):
    """RFC 9457's JSON, whatever is preferred."""
    check_problem(ask("GET", f"{TESTS}/{UNKNOWN}", PREFER_TEXT), 404)
    check_problem(ask("GET", f"{TESTS}/x", PREFER_TEXT), 400)
    check_problem(ask("GET", TESTS, PREFER_TEXT), 405)
    check_problem(ask("GET", f"/t/{UNKNOWN}", PREFER_TEXT), 404)
    check_problem(ask("GET", "/t/x", PREFER_TEXT), 400)


@pytest.mark.parametrize("bad", ["a" * 15, "a" * 17, "a" * 15 + "1", "%61" * 16, ".", "ä" * 8, "a" * 15 + "+", "a" * 5000, "'" * 16,
                                 "a" * 16 + "%20", "a" * 16 + ".txt"], ids=lambda bad: f"{len(bad)}-{bad[:18]}")
def test_malformed_alias(ask, bad):
    check_problem(ask("GET", f"/t/{bad}"), 400)
    assert ask("HEAD", f"/t/{bad}").status == 400


@pytest.mark.parametrize("path", ["/t", "/t/", "/t?x", "/t//", f"/t/{UNKNOWN}/", "/t/a/b", f"/%74/{UNKNOWN}", f"//t/{UNKNOWN}",
                                  f"/t/./{UNKNOWN}"])
def test_nothing_there(ask, path):
    for method in ("GET", "POST", "DELETE"):
        check_problem(ask(method, path), 404)


@pytest.mark.parametrize("path", [f"/tx/{UNKNOWN}", f"/T/{UNKNOWN}", "/tests", "/text.js"])
def test_other_names_are_files_of_the_page(site, path):
    check_problem(site.service.request("GET", path), 404)
    answer = site.nginx.request("GET", path)
    assert (answer.status, answer.headers["content-type"].split(";")[0]) == (404, "text/html")


def test_wrong_method(ask, site, alias):
    rows = site.place.sql("SELECT * FROM tests ORDER BY alias")
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
        assert check_problem(ask(method, f"/t/{alias}"), 405).headers["allow"] == "GET, HEAD"
    assert site.place.sql("SELECT * FROM tests ORDER BY alias") == rows
