"""Real mail from real servers: what HaveDANE says about each, and on what evidence."""

import contextlib
import ipaddress
import os
import pwd
import re
import sqlite3
from pathlib import Path

import pytest

import lab_demo
import lab_dns
from lab import PROBES, decided
from lab_net import until
from lab_senders import SENDERS

BY_NAME = pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: sender.name)


def probes_of(test):
    return {probe["probe"]: probe for probe in test["probes"]}


def deliveries_of(test):
    return {name: probe["delivery"] for name, probe in probes_of(test).items() if probe["delivery"]}


def delivered(*probes):
    """A predicate for Lab.wait: these probes have been reached."""
    return lambda test: set(probes) <= set(deliveries_of(test))


def lines(log, *parts):
    return [line for line in log.splitlines() if all(part in line for part in parts)]


@pytest.fixture(scope="module")
def tests(lab):
    """One test for each sender, with the three messages sent and a verdict reached; and one that nobody sent to."""
    unused = lab.create()["alias"]
    aliases = {}
    for sender in SENDERS:
        aliases[sender.name] = lab.create()["alias"]
        lab.send(sender.name, aliases[sender.name])
    done = {name: lab.wait(alias, decided, 60) for name, alias in aliases.items()}
    return {**done, "nobody": lab.get(unused)}


@BY_NAME
def test_verdict(tests, sender):
    assert tests[sender.name]["verdict"]["result"] == sender.verdict


def test_no_mail_is_waiting(tests):
    test = tests["nobody"]
    assert test["verdict"] == {"result": "waiting", "final": False}
    assert {probe["outcome"] for probe in test["probes"]} == {"waiting"}


@BY_NAME
def test_outcomes(tests, sender):
    wrong = "not-delivered" if sender.verdict == "dane" else "delivered"
    outcomes = {name: probe["outcome"] for name, probe in probes_of(tests[sender.name]).items()}
    assert outcomes == {"do": "delivered", "dont": "delivered", "wrong": wrong}


@BY_NAME
def test_tls_evidence(tests, sender):
    for delivery in deliveries_of(tests[sender.name]).values():
        if sender.tls:
            assert delivery["transport"] == "tls"
            assert delivery["tls"]["protocol"].startswith("TLSv1.")
            assert delivery["tls"]["cipher"]
        else:
            assert delivery["transport"] == "clear"
            assert delivery["tls"] is None


@BY_NAME
def test_client_evidence(lab, tests, sender):
    host = lab.sender_hosts[sender.name]
    address = getattr(host, sender.settings["smtp_address_preference"])
    for delivery in deliveries_of(tests[sender.name]).values():
        assert delivery["client"] == {"address": address, "helo": f"{sender.name}.{lab_dns.SENDER_DOMAIN}"}


def test_both_families_were_used(tests):
    addresses = [delivery["client"]["address"] for test in tests.values() for delivery in deliveries_of(test).values()]
    assert {ipaddress.ip_address(address).version for address in addresses} == {4, 6}


def test_dane_sender_refuses_wrong_for_the_right_reason(lab, tests):
    alias, log = tests["dane"]["alias"], lab.log("dane")
    wrong = lines(log, f"to=<{alias}@wrong.{lab.domain}>")
    assert wrong and all("dsn=4.7.5, status=deferred (Server certificate not verified)" in line for line in wrong)
    assert lines(log, f"verification failed for wrong.{lab.domain}[", "no matching DANE TLSA records")
    assert lines(log, f"Verified TLS connection established to do.{lab.domain}[")
    assert not lines(lab.log("receiver"), f"{alias}@wrong.{lab.domain}")


# DNS, as others see it


def tlsa(lab, probe):
    """A probe's TLSA records as a sender's host gets them, in presentation form."""
    name = f"_25._tcp.{probe}.{lab.domain}"
    answer = lab.run("dane", ["kdig", f"@{lab_dns.RESOLVER[0]}", "+short", name, "TLSA"]).stdout
    return sorted(answer.splitlines())


def openssl_accepts(lab, probe, records):
    """Whether openssl, told to use these TLSA records, accepts the certificate of a probe's host."""
    name = f"{probe}.{lab.domain}"
    argv = ["openssl", "s_client", "-starttls", "smtp", "-connect", f"{name}:25", "-verify_return_error",
            "-dane_tlsa_domain", name]
    for record in records:
        argv += ["-dane_tlsa_rrdata", record]
    done = lab.run("dane", argv, check=False, input="QUIT\n")
    assert "CONNECTED" in done.stdout and "SSL handshake" in done.stdout, done.stdout + done.stderr
    return done.returncode == 0 and "Verification: OK" in done.stdout


def test_tlsa_records_are_those_of_the_design(lab):
    assert [record.split()[:3] for record in tlsa(lab, "do")] == [["2", "1", "1"], ["3", "1", "1"]]
    assert [record.split()[:3] for record in tlsa(lab, "wrong")] == [["3", "1", "1"]]
    assert tlsa(lab, "dont") == []


def test_openssl_accepts_do_with_both_records_and_with_each_alone(lab):
    records = tlsa(lab, "do")
    for some in (records, records[:1], records[1:]):
        assert openssl_accepts(lab, "do", some), some


def test_openssl_refuses_wrong(lab):
    assert not openssl_accepts(lab, "wrong", tlsa(lab, "wrong"))


def test_openssl_sees_the_same_certificate_at_every_probe(lab):
    """The control: with the records of `do`, `wrong` is accepted, so it is the records alone that differ."""
    assert all(openssl_accepts(lab, probe, tlsa(lab, "do")) for probe in PROBES)


@pytest.mark.parametrize("probe, good", [("do", True), ("wrong", False)])
def test_ldns_dane_agrees(lab, probe, good):
    """ldns-dane validates by itself, from the zone's key; it knows no STARTTLS, so it gets the chain from a file."""
    argv = ["ldns-dane", "-k", lab.dns.directory / "anchor", "-c", lab.receiver.directory / "tls/server.pem",
            "verify", f"{probe}.{lab.domain}", "25"]
    done = lab.run("dane", argv, check=False)
    assert (done.returncode == 0) == good, done.stdout + done.stderr


@pytest.mark.parametrize("name, kind", [("do", "A"), ("do", "AAAA"), ("wrong", "MX"), ("_25._tcp.do", "TLSA"),
                                        ("_25._tcp.wrong", "TLSA"), ("dont", "MX")])
def test_answers_are_authenticated(lab, name, kind):
    answer = lab_dns.query(lab.hosts["dane"], f"{name}.{lab.domain}", kind)
    assert re.search(rf"\sIN\s+{kind}\s", answer.split("ANSWER SECTION")[1])
    assert "ad" in lab_dns.flags(lab.hosts["dane"], f"{name}.{lab.domain}", kind)


def test_that_dont_has_no_tlsa_is_authenticated(lab):
    answer = lab_dns.query(lab.hosts["dane"], f"_25._tcp.dont.{lab.domain}", "TLSA")
    assert "ANSWER: 0" in answer and "NSEC3" in answer
    assert "ad" in lab_dns.flags(lab.hosts["dane"], f"_25._tcp.dont.{lab.domain}", "TLSA")


# The receiver


def test_page_is_served(lab):
    status, headers, body = lab.api("GET", "/")
    assert status == 200 and headers.get_content_type() == "text/html" and "<html" in body


@contextlib.contextmanager
def write_lock(lab):
    """Keeps everybody else from writing to the database."""
    with contextlib.closing(sqlite3.connect(lab.database, isolation_level=None, timeout=30)) as database:
        database.execute("BEGIN IMMEDIATE")
        yield
        database.execute("ROLLBACK")


def test_hook_runs_as_the_user_havedane(lab):
    """Caught at work: while the database is locked, the hook waits, and can be looked at."""
    alias = lab.create()["alias"]
    hook = lab.prefix / "libexec/havedane/havedane-hook"
    user = pwd.getpwnam("havedane")
    with write_lock(lab):
        lab.send("may", alias, ["do"])

        def waiting():  # an sh may come first: it has the program's name only inside a longer argument
            return next(iter(lab.receiver.pids(hook)), None)
        pid = until(waiting, 20, "the hook to run")
        status = Path(f"/proc/{pid}/status").read_text()
    assert re.search(r"^Uid:\s+(.*)", status, re.MULTILINE)[1].split() == [str(user.pw_uid)] * 4
    assert re.search(r"^Gid:\s+(.*)", status, re.MULTILINE)[1].split() == [str(user.pw_gid)] * 4
    lab.wait(alias, delivered("do"), 30)


def test_database_is_the_users_alone(lab):
    for path in (lab.database.parent, lab.database):
        assert path.stat().st_uid == pwd.getpwnam("havedane").pw_uid
        assert path.stat().st_mode & 0o007 == 0


def test_extension_and_letter_case(lab):
    alias = lab.create()["alias"]
    lab.submit("may", f"{alias}+some.Thing@do.{lab.domain}")
    lab.submit("may", f"{alias.upper()}@DONT.{lab.domain.upper()}")
    lab.submit("may", f"{alias.upper()}+X@Wrong.{lab.domain}")
    test = lab.wait(alias, delivered(*PROBES), 30)
    assert test["verdict"]["result"] == "no-dane"


def test_aliases_do_not_mix(lab):
    first, second = lab.create()["alias"], lab.create()["alias"]
    lab.send("may", first, ["do"])
    lab.wait(first, delivered("do"), 30)
    assert deliveries_of(lab.get(second)) == {}
    assert set(deliveries_of(lab.get(first))) == {"do"}


def test_service_ends_when_asked_to(lab):
    assert lab.service_stop() == 0
    lab.service_start()
    assert lab.api("GET", "/api/health")[0] == 200


# The laboratory itself


def test_there_is_no_way_out(lab):
    for name, host in lab.hosts.items():
        assert "default" not in host.run(["ip", "route"]).stdout + host.run(["ip", "-6", "route"]).stdout, name
        for address in ("198.51.100.1", "2001:db8:ffff::1"):
            assert "unreachable" in host.run(["ip", "route", "get", address], check=False).stderr


def test_nothing_of_the_machine_is_changed(lab):
    assert "192.0.2.2" not in Path("/etc/resolv.conf").read_text()
    assert str(lab.dir) not in Path("/proc/self/mountinfo").read_text()
    assert os.readlink("/proc/self/ns/net") not in {os.readlink(f"/proc/{host.pid}/ns/net") for host in lab.hosts.values()}


def test_demo_notices_a_wrong_verdict(lab, monkeypatch, capsys):
    monkeypatch.setitem(lab.senders, "may", lab.senders["may"]._replace(verdict="dane"))
    assert lab_demo.table(lab) is False
    rows = {line.split()[0]: line for line in capsys.readouterr().out.splitlines()}
    assert rows["may"].endswith("dane: WRONG") and rows["none"].endswith("ok")
