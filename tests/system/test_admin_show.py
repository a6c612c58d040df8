"""havedane show: as text and in the form of the API."""

import json
import re
import subprocess
import time
from datetime import datetime, timezone

import pytest

from admin_support import admin  # noqa: F401 (fixtures)
from admin_support import ALIAS, DOMAIN, HOUR, NONE, PROBES


def outcomes(shown):
    """What the report says of each probe."""
    return dict(re.findall(rf"^(\w+): {ALIAS}@.*?^  Outcome +(.*?)\n(?=\n|  [A-Z])", shown, re.MULTILINE | re.DOTALL))


def verdict(shown):
    return re.search(r"^Verdict +(.*)$", shown, re.MULTILINE)[1]


def test_show_nothing_arrived(admin):
    admin("init")
    admin.test(ALIAS)
    shown = admin("show", ALIAS).stdout
    assert verdict(shown) == "waiting, so far"
    assert "\nSo far: nothing has arrived.\n" in shown
    assert all(f"\n  {ALIAS}@{probe}.{DOMAIN}\n" in shown for probe in PROBES)
    assert outcomes(shown) == dict.fromkeys(PROBES, "waiting")


@pytest.fixture
def tested(admin):
    """A database with a test that is final: `do` by TLS, `dont` in the clear, an hour ago."""
    admin("init")
    created = admin.test(ALIAS, HOUR)
    admin.delivery(ALIAS, "do", created + 1000, "tls", "TLSv1.3", "TLS_AES_256_GCM_SHA384", "2001:db8::1", "mx.example")
    admin.delivery(ALIAS, "dont", created + 2000, "clear", None, None, "192.0.2.1", None)
    return admin


def utc(milliseconds, form="%Y-%m-%dT%H:%M:%SZ"):
    return datetime.fromtimestamp(milliseconds // 1000, timezone.utc).strftime(form)


def test_show_text(tested):
    """The report of the API, in which its own tests look for more (test_http_text.py)."""
    created = tested.sql("SELECT created FROM tests")[0][0]
    shown = tested("show", ALIAS).stdout
    readable = "%Y-%m-%d %H:%M:%S UTC"
    assert f"\nAlias        {ALIAS}\nCreated      {utc(created, readable)}\n" in shown
    assert f"\nExpires      {utc(created + 24 * HOUR, readable)}\n" in shown
    assert verdict(shown) == "dane, final"
    assert '\nThe sending server verifies DANE, provided that the message to "wrong" was sent.\n' in shown
    assert outcomes(shown) == {"do": "delivered, as expected of a server that verifies DANE",
                               "dont": "delivered, as expected of a server that verifies DANE",
                               "wrong": "not delivered, as expected of a server that verifies DANE"}
    assert (f"  Received   {utc(created + 1000, readable)}\n  Encryption TLSv1.3, TLS_AES_256_GCM_SHA384\n"
            "  From       2001:db8::1 (mx.example)\n") in shown
    assert (f"  Received   {utc(created + 2000, readable)}\n  Encryption without TLS\n"
            "  From       192.0.2.1 (no name known)\n") in shown
    assert tested("show", ALIAS.upper()).stdout == shown


def test_show_offered(tested):
    created = tested.sql("SELECT created FROM tests")[0][0]
    tested.sql("INSERT INTO offers VALUES (?, 'wrong', ?)", ALIAS, created + 3000)
    shown = tested("show", ALIAS).stdout
    assert verdict(shown) == "running, so far"
    assert '\nSo far: the message to "wrong" was offered, and we wait for it.\n' in shown
    assert outcomes(shown)["wrong"].startswith("waiting: a server offered the message on ")
    assert json.loads(tested("show", "--json", ALIAS).stdout)["probes"][2]["offered"] == utc(created + 3000)


def test_show_so_far(tested):
    tested.sql("UPDATE tests SET created = ?", int(time.time() * 1000))
    tested.sql("UPDATE deliveries SET received = ?", int(time.time() * 1000))
    shown = tested("show", ALIAS).stdout
    assert verdict(shown) == "running, so far"
    assert "\nSo far: mail is arriving" in shown


def test_show_json(tested):
    created = tested.sql("SELECT created FROM tests")[0][0]
    shown = json.loads(tested("show", "--json", ALIAS).stdout)
    assert shown == json.loads(tested("show", ALIAS, "--json").stdout)
    assert shown["alias"] == ALIAS
    assert shown["created"] == utc(created)
    assert shown["verdict"] == {"result": "dane", "final": True}
    assert [probe["probe"] for probe in shown["probes"]] == list(PROBES)
    assert shown["probes"][0]["address"] == f"{ALIAS}@do.{DOMAIN}"
    assert shown["probes"][0]["delivery"] == {
        "received": utc(created + 1000), "transport": "tls",
        "tls": {"protocol": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384"},
        "client": {"address": "2001:db8::1", "helo": "mx.example"}}
    assert shown["probes"][2]["delivery"] is None


@pytest.mark.parametrize("helo", [b"\x1b[2J\x1b]0;owned\x07", b"a\x7fb\x9bc", "ä".encode(), b"\xff\xfe", b"a\r\nAlias    x"])
def test_show_lets_nothing_at_the_terminal(tested, helo):
    tested.sql("UPDATE deliveries SET client_helo = CAST(? AS TEXT)", helo)
    for arguments in (("show", ALIAS), ("show", "--json", ALIAS)):
        done = subprocess.run([tested.program, "-c", tested.conf, *arguments], capture_output=True, timeout=60, check=True)
        assert re.fullmatch(rb"[ -~\n]+", done.stdout), done.stdout
        assert re.search(rb"(\(|helo\":\").*\?", done.stdout)
        assert done.stdout.count(b"\nAlias ") == ("--json" not in arguments)


@pytest.mark.parametrize("alias, age", [("a" * 16, None), (ALIAS, 25 * HOUR)], ids=["unknown", "expired"])
def test_show_none(admin, alias, age):
    admin("init")
    if age is not None:
        admin.test(alias, age)
    for arguments in (("show", alias), ("show", "--json", alias)):
        assert "there is no such test, or it has expired" in admin(*arguments, status=NONE).stderr
