"""`havedane check` on a sound laboratory, and what it finds of faults in DNS and at port 25: each is planted, found by its
name, and put back."""

import contextlib
import json
import os
import re
import signal
import sqlite3
import sys

import pytest

import lab_check
from lab_check import Findings, expect, lab_of, main_cf, zone
from lab_net import until

GROUPS = ("store", "cert", "dns", "tlsa", "smtp", "rcpt", "postfix", "maps", "hook", "alias", "fair", "web")
NAMES = ("dns", "tlsa", "smtp")


@pytest.fixture(scope="module")
def lab(prefix):
    """One of our own, as it is broken again and again."""
    with lab_of(prefix) as own:
        yield own


def line_of(kind, probe, text):
    """The line of `havedane dns` with this kind of record for a probe."""
    name = f"_25._tcp.{probe}" if kind == "TLSA" else probe
    return re.search(rf"^{name}\.havedane\.test\. \d+ IN {kind} .*\n", text, re.MULTILINE)[0]


def without(kind, probe):
    return lambda text: text.replace(line_of(kind, probe, text), "")


def swapped(kind, probe, pattern, replacement):
    """A record of a probe with something in it replaced."""
    def edit(text):
        line = line_of(kind, probe, text)
        return text.replace(line, re.sub(pattern, replacement, line))
    return edit


def added(*lines):
    return lambda text: text + "".join(f"{line}\n" for line in lines)


# On a sound lab


def test_all_is_well(lab):
    findings = Findings(lab)
    assert not findings.not_ok(), str(findings)
    assert {point.id.split(".")[0] for point in findings.points} == {"config", *GROUPS}
    for probe in ("do", "dont", "wrong"):
        host = f"{probe}.{lab.domain}"
        for point_id in ("dns.mx", "dns.address", "tlsa.records", "maps.route"):
            assert findings.find("ok", point_id, host), point_id
    for host in ("do", "wrong"):
        for address in addresses_of(lab):
            assert findings.find("ok", "smtp.dane", f"{host}.{lab.domain}[{address}]")


def addresses_of(lab):
    return lab.receiver.ipv4, lab.receiver.ipv6


def test_text_has_a_line_per_point_and_a_summary(lab):
    done = lab_check.run(lab)
    findings = Findings(lab)
    *lines, summary = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert summary == f"{len(findings.points)} ok, 0 warnings, 0 failures"
    assert [line.split()[:2] for line in lines] == [[point.status, point.id] for point in findings.points]
    assert len({line.index(point.subject) for line, point in zip(lines, findings.points) if point.subject}) == 1, "aligned"


def test_json_has_the_counts(lab):
    found = json.loads(lab_check.run(lab, "--json").stdout)
    assert found["ok"] == len(found["points"])
    assert (found["warnings"], found["failures"], found["unknown"]) == (0, 0, 0)
    assert set(found["points"][0]) == {"id", "subject", "status", "message", "mend"}


def test_groups_can_be_chosen(lab):
    assert {point.id.split(".")[0] for point in Findings(lab, "store", "cert").points} == {"config", "store", "cert"}
    assert lab_check.run(lab, "nonsense").returncode == 64


@pytest.mark.parametrize("option, value", [("resolver", "nobody"), ("resolver", "192.0.2.2@0"), ("web", "nowhere")])
def test_wrong_options(lab, option, value):
    done = lab_check.run(lab, **{option: value})
    assert (done.returncode, done.stdout) == (64, "") and value in done.stderr


def test_nothing_is_changed_by_looking(lab):
    """The test that was made is gone again."""
    def state():
        files = {path: (path.stat().st_mtime_ns, path.stat().st_uid, path.stat().st_mode, path.stat().st_size)
                 for directory in ("tls", "maps", "postfix") for path in (lab.receiver.directory / directory).rglob("*")}
        database = {path: (path.stat().st_uid, path.stat().st_mode) for path in lab.database.parent.iterdir()}
        with contextlib.closing(sqlite3.connect(f"file:{lab.database}?mode=ro", uri=True)) as connection:
            return files, database, list(connection.iterdump())
    lab.create()
    before = state()
    Findings(lab)
    assert state() == before


def test_resolver_of_the_host(lab):
    """Without --resolver, that of /etc/resolv.conf is asked, and validated just so."""
    words = [word for word in map(str, lab_check.arguments(lab))]
    at = words.index("--resolver")
    del words[at:at + 2]
    done = lab.receiver.run([lab.prefix / "sbin/havedane", "-c", lab.conf, "check", *words, *NAMES], check=False)
    assert done.returncode == 0 and "/etc/resolv.conf: answers" in done.stdout, done.stdout


RELAY = """
import socket, threading
here = socket.create_server(("127.0.0.1", 53))
packets = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
packets.bind(("127.0.0.1", 53))
def one(question, client):
    there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    there.settimeout(5)
    there.sendto(question, ("192.0.2.2", 53))
    packets.sendto(there.recv(65535), client)
print("ready", flush=True)
while True:
    threading.Thread(target=one, args=packets.recvfrom(65535), daemon=True).start()
"""


def test_resolver_on_the_same_host(lab):
    """Where DANE is verified, it mostly is. (libunbound would not ask it, unless told to.)"""
    relay = lab.receiver.spawn([sys.executable, "-I", "-c", RELAY], "relay.log")
    try:
        until(lambda: "ready" in (lab.receiver.directory / "relay.log").read_text(), 10, "the relay")
        assert not Findings(lab, *NAMES, resolver="127.0.0.1").not_ok()
    finally:
        for pid in lab.receiver.pids(RELAY):
            os.kill(pid, signal.SIGKILL)
        relay.wait(10)


# Faults: a claim, what is planted, and the points that must be found (status, id, what they say)

ZONE_FAULTS = {
    "wrong TLSA on do": (swapped("TLSA", "do", r"3 1 1 \S+", "3 1 1 " + 32 * "ab"), {}, [
        ("failure", "tlsa.records", "_25._tcp.do.", "missing: 3 1 1", "not ours: 3 1 1 abababab"),
        ("failure", "smtp.dane", "do.havedane.test[192.0.2.10]", "3 1 1 abababab... does not match"),
        ("failure", "smtp.dane", "do.havedane.test[2001:db8:25::10]")]),
    "matching TLSA on wrong": (lambda text: swapped("TLSA", "wrong", r"3 1 1 \S+", re.search(r"3 1 1 \S+",
                                                    line_of("TLSA", "do", text))[0])(text), {}, [
        ("failure", "tlsa.records", "_25._tcp.wrong.", "it must be wrong", "havedane dns"),
        ("failure", "smtp.dane", "wrong.havedane.test[192.0.2.10]", "it must not")]),
    "2 1 1 on wrong": (swapped("TLSA", "wrong", "3 1 1", "2 1 1"), {}, [
        ("failure", "tlsa.records", "_25._tcp.wrong.", "one record, 3 1 1")]),
    "TLSA on dont": (added(f"_25._tcp.dont.havedane.test. IN TLSA 3 1 1 {32 * 'ab'}"), {}, [
        ("failure", "tlsa.records", "_25._tcp.dont.", "there must be none; there is 1",
         "remove _25._tcp.dont.havedane.test")]),
    "wildcard TLSA over dont": (added(f"*.dont.havedane.test. IN TLSA 3 1 1 {32 * 'ab'}"), {}, [
        ("failure", "tlsa.records", "_25._tcp.dont.", "from a wildcard")]),
    "do with only 2 1 1": (lambda text: text.replace(re.search(r"_25._tcp.do.*3 1 1.*\n", text)[0], ""), {}, [
        ("failure", "tlsa.records", "_25._tcp.do.", "missing: 3 1 1")]),
    "no TLSA on do": (lambda text: re.sub(r"_25._tcp.do\..* IN TLSA.*\n", "", text), {}, [
        ("failure", "tlsa.records", "_25._tcp.do.", "there are no TLSA records")]),
    "TLSA too short": (swapped("TLSA", "do", r"3 1 1 \S+", "3 1 1 abcdef"), {}, [
        ("failure", "tlsa.form", "_25._tcp.do.", "malformed: 3 1 1 abcdef", "not 32 bytes")]),
    "unsigned zone": (lambda text: text, {"signed": False, "delegated": False}, [
        ("failure", "dns.signed", "do.havedane.test", "unsigned: the zone havedane.test has no DNSSEC keys"),
        ("failure", "tlsa.records", "_25._tcp.do.", "not secure"),
        ("failure", "tlsa.records", "_25._tcp.dont.", "not secure")]),
    "insecure delegation": (lambda text: text, {"delegated": False}, [
        ("failure", "dns.signed", "insecure delegation: the zone havedane.test is signed, but test has no DS record")]),
    "signatures gone": (lambda text: text, {"signed": False}, [
        ("failure", "dns.signed", "wrong.havedane.test", "bogus: MX, A, AAAA, TLSA"),
        ("unknown", "tlsa.records", "_25._tcp.do."), ("unknown", "dns.cname"), ("unknown", "dns.mta-sts")]),
    "bogus signature": (lambda text: text,
                        {"tamper": lambda text: re.sub(r"(_25._tcp.do.*RRSIG\s+TLSA .*\. )(....)", r"\1AAAA", text)}, [
        ("failure", "dns.signed", "do.havedane.test", "bogus: TLSA:", "signature")]),
    "A records differ": (swapped("A", "wrong", "192.0.2.10", "192.0.2.22"), {}, [
        ("failure", "dns.equal", "wrong.havedane.test", "its A records are not those of do.havedane.test")]),
    "AAAA missing at one": (without("AAAA", "dont"), {}, [
        ("failure", "dns.equal", "dont.havedane.test", "its AAAA records are not those")]),
    "A missing": (without("A", "do"), {}, [("failure", "dns.address", "do.havedane.test", "no A record")]),
    "MX missing": (without("MX", "dont"), {}, [
        ("failure", "dns.mx", "dont.havedane.test", "no MX record", "dont.havedane.test. MX 10 dont.havedane.test.")]),
    "MX elsewhere": (swapped("MX", "wrong", r"MX 10 \S+", "MX 10 do.havedane.test."), {}, [
        ("failure", "dns.mx", "wrong.havedane.test", 'points at "do.havedane.test"')]),
    "two MX": (added("do.havedane.test. IN MX 20 dont.havedane.test."), {}, [
        ("failure", "dns.mx", "do.havedane.test", "2 MX records")]),
    "CNAME": (lambda text: re.sub(r"^(dont\.\S+) .*\n", "", text, flags=re.MULTILINE)
              + "dont.havedane.test. IN CNAME do.havedane.test.\n", {}, [
        ("failure", "dns.cname", "dont.havedane.test", "is a CNAME")]),
    "MTA-STS policy": (added('_mta-sts.wrong.havedane.test. IN TXT "v=STSv1; id=1"'), {}, [
        ("failure", "dns.mta-sts", "wrong.havedane.test", "remove _mta-sts.wrong.havedane.test")]),
    "MTA-STS host": (added("mta-sts.do.havedane.test. IN A 192.0.2.10"), {}, [
        ("warning", "dns.mta-sts", "do.havedane.test", "remove mta-sts.do.havedane.test")]),
}


@pytest.mark.parametrize("name", ZONE_FAULTS)
def test_fault_in_the_zone(lab, name):
    edit, options, wanted = ZONE_FAULTS[name]
    # A's that lead to another host, which answers otherwise, are for DNS alone.
    groups = NAMES if any(row[1].startswith("smtp") for row in wanted) else ("dns", "tlsa")
    with zone(lab, edit, **options):
        expect(Findings(lab, *groups), wanted)
    assert not Findings(lab, *NAMES).not_ok()


def test_resolver_that_does_not_answer(lab):
    findings = Findings(lab, "dns", resolver="127.0.0.1@1")
    expect(findings, [("failure", "dns.resolver", "127.0.0.1@1", "--resolver ADDR")])
    assert len(findings.points) == 2


def test_trust_anchor_missing(lab):
    expect(Findings(lab, "dns", **{"trust-anchor": "/nowhere/key"}),
           [("failure", "dns.resolver", "/nowhere/key", "dns-root-data")])


# Port 25


def test_starttls_off(lab):
    with main_cf(lab, reload=True, smtpd_tls_security_level="none"):
        findings = until(lambda: found_of(lab, "smtp", "smtp.starttls"), 10, "Postfix to reload")
        expect(findings, [("failure", "smtp.starttls", "192.0.2.10", "not offered"),
                          ("failure", "smtp.starttls", "2001:db8:25::10")])
        expect(Findings(lab, "postfix"), [("failure", "postfix.setting", "smtpd_tls_security_level", "none")])
    until(lambda: not Findings(lab, "smtp").not_ok(), 10, "Postfix to reload")


def found_of(lab, group, point_id):
    findings = Findings(lab, group)
    return findings if findings.find("failure", point_id) else None


def test_another_certificate_at_one_probe(lab):
    """The control fails: senders could tell dont and wrong by more than their TLSA records."""
    other = lab.receiver.directory / "other-tls"
    lab.havedane("cert", "--dir", other)
    ours = lab.receiver.directory / "tls"
    maps = "inline:{" + ", ".join(f"{{{probe}.{lab.domain} = {tls}/server.key, {tls}/server.pem}}" for probe, tls in
                                  (("do", ours), ("dont", ours), ("wrong", other))) + "}"
    with main_cf(lab, reload=True, tls_server_sni_maps=maps):
        findings = until(lambda: found_of(lab, "smtp", "smtp.same"), 10, "Postfix to reload")
        expect(findings, [("failure", "smtp.same", "wrong.havedane.test[192.0.2.10]", "another certificate than do.")])
    until(lambda: not Findings(lab, "smtp").not_ok(), 10, "Postfix to reload")


def test_certificate_that_was_replaced_without_a_reload(lab):
    """DNS and files agree; what Postfix presents is another one."""
    home = lab.receiver.directory
    other = home / "third-tls"
    lab.havedane("cert", "--dir", other)
    records = lab.havedane("dns", "--dir", other, "--ipv4", lab.receiver.ipv4, "--ipv6", lab.receiver.ipv6)
    with zone(lab, lambda _: records):
        findings = Findings(lab, "tlsa", "smtp", tls=other)
        assert findings.find("ok", "tlsa.records", "_25._tcp.do.")
        expect(findings, [("failure", "smtp.dane", "do.havedane.test[192.0.2.10]", "postfix reload")])


def test_nobody_listens(lab):
    postfix = lab.postfix["receiver"]
    postfix.command("postfix", "stop")
    try:
        findings = Findings(lab, "smtp")
        expect(findings, [("failure", "smtp.connect", "192.0.2.10", "refused"), ("failure", "smtp.connect", "2001:db8:25::10")])
        expect(findings, [("unknown", "smtp.dane")])
    finally:
        postfix.end_start(postfix.begin_start())
    assert not Findings(lab, "smtp").not_ok()


@contextlib.contextmanager
def way_blocked(lab, host):
    """What is sent to the receiver by IPv4 gets lost, as where a provider blocks port 25; by IPv6 there is no way."""
    address, network = lab.receiver.ipv4, f"{lab.receiver.ipv6}/128"
    host.ip(f"neigh replace {address} lladdr 02:00:00:00:00:99 dev eth0", f"route add unreachable {network}")
    try:
        yield
    finally:
        host.ip(f"neigh del {address} dev eth0", f"route del unreachable {network}")


def test_port_25_blocked_is_not_a_failure(lab):
    host = lab.sender_hosts["may"]
    with way_blocked(lab, host):
        findings = Findings(lab, *NAMES, host=host)
    expect(findings, [("unknown", "smtp.connect", "192.0.2.10", "cannot be checked from here", "timed out", "openssl s_client"),
                      ("unknown", "smtp.connect", "2001:db8:25::10", "cannot be checked from here"),
                      ("unknown", "smtp.dane", "no server could be asked")])
    assert findings.exit == 0 and not findings.all["failures"], str(findings)
