"""havedane show: as text and in the form of the API."""

import json
import re
import subprocess
import time
from datetime import datetime, timezone

import pytest

from admin_support import admin  # noqa: F401 (fixtures)
from admin_support import ALIAS, DOMAIN, HOUR, NONE, PROBES


def test_show_nothing_arrived(admin):
    admin("init")
    admin.test(ALIAS)
    lines = admin("show", ALIAS).stdout.splitlines()
    assert lines[0] == f"Alias    {ALIAS}"
    assert lines[3] == "Verdict  waiting, so far: nothing has arrived"
    assert [line.split() for line in lines[5:]] == [[probe, "waiting"] for probe in PROBES]


@pytest.fixture
def tested(admin):
    """A database with a test that is final: `do` by TLS, `dont` in the clear, an hour ago."""
    admin("init")
    created = admin.test(ALIAS, HOUR)
    admin.delivery(ALIAS, "do", created + 1000, "tls", "TLSv1.3", "TLS_AES_256_GCM_SHA384", "2001:db8::1", "mx.example")
    admin.delivery(ALIAS, "dont", created + 2000, "clear", None, None, "192.0.2.1", None)
    return admin


def utc(milliseconds):
    return datetime.fromtimestamp(milliseconds // 1000, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_show_text(tested):
    created = tested.sql("SELECT created FROM tests")[0][0]
    assert tested("show", ALIAS).stdout == (
        f"Alias    {ALIAS}\nCreated  {utc(created)}\nExpires  {utc(created + 24 * HOUR)}\n"
        'Verdict  dane: the sender verifies DANE, provided that the message to "wrong" was sent\n\n'
        f"do       delivered      {utc(created + 1000)}  TLSv1.3 TLS_AES_256_GCM_SHA384  from 2001:db8::1 (mx.example)\n"
        f"dont     delivered      {utc(created + 2000)}  in the clear  from 192.0.2.1 (no name)\n"
        "wrong    not-delivered\n")
    assert tested("show", ALIAS.upper()).stdout == tested("show", ALIAS).stdout


def test_show_offered(tested):
    created = tested.sql("SELECT created FROM tests")[0][0]
    tested.sql("INSERT INTO offers VALUES (?, 'wrong', ?)", ALIAS, created + 3000)
    shown = tested("show", ALIAS).stdout.splitlines()
    assert shown[3] == "Verdict  running, so far: messages are arriving; a missing one has not had its time, or was offered"
    assert shown[7] == f"wrong    waiting        offered {utc(created + 3000)}, and not arrived"
    assert json.loads(tested("show", "--json", ALIAS).stdout)["probes"][2]["offered"] == utc(created + 3000)


def test_show_so_far(tested):
    tested.sql("UPDATE tests SET created = ?", int(time.time() * 1000))
    tested.sql("UPDATE deliveries SET received = ?", int(time.time() * 1000))
    assert re.search(r"^Verdict  running, so far: ", tested("show", ALIAS).stdout, re.MULTILINE)


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
        assert b"?" in done.stdout
        assert done.stdout.count(b"\nAlias") == 0


@pytest.mark.parametrize("alias, age", [("a" * 16, None), (ALIAS, 25 * HOUR)], ids=["unknown", "expired"])
def test_show_none(admin, alias, age):
    admin("init")
    if age is not None:
        admin.test(alias, age)
    for arguments in (("show", alias), ("show", "--json", alias)):
        assert "there is no such test, or it has expired" in admin(*arguments, status=NONE).stderr
