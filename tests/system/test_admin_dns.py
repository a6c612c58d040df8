"""havedane dns: the records, as others read and use them."""

import json
import os
import pty
import re
import select
import socket
import ssl
import subprocess
import threading

import pytest

from admin_support import admin, certified  # noqa: F401 (fixtures)
from admin_support import CONFIG, DOMAIN, PROBES, USAGE, openssl


APEX = (f"{DOMAIN}. 60 IN SOA ns.{DOMAIN}. h.{DOMAIN}. 1 3600 600 86400 60\n{DOMAIN}. 60 IN NS ns.{DOMAIN}.\n"
        f"ns.{DOMAIN}. 60 IN AAAA 2001:db8::53\n")


def records(admin, *arguments):
    """What is printed, without comments, as (name, TTL, type, data)."""
    text = admin("dns", "--dir", admin.tls, "--ipv4", "192.0.2.10", *arguments).stdout
    rows = []
    for line in text.splitlines():
        if line and not line.startswith(";"):
            name, ttl, kind, rtype, data = line.split(" ", 4)
            assert kind == "IN" and name.endswith(f".{DOMAIN}."), line
            rows.append((name, int(ttl), rtype, data))
    return rows


def spki_digest(path):
    """Of the first certificate in a file, by the openssl command alone."""
    public = openssl("x509", "-in", path, "-noout", "-pubkey")
    der = openssl("pkey", "-pubin", "-outform", "DER", input=public)
    return openssl("dgst", "-sha256", "-r", input=der).split()[0].decode()


def test_dns_records(certified):
    leaf, ca = spki_digest(certified.tls / "server.pem"), spki_digest(certified.tls / "ca.pem")
    wrong = f"{int(leaf, 16) ^ (1 << 256) - 1:064x}"
    tlsa = {"do": [f"3 1 1 {leaf}", f"2 1 1 {ca}"], "dont": [], "wrong": [f"3 1 1 {wrong}"]}
    for extra, ttl, ipv6 in (((), 300, None), (("--ipv6", "2001:DB8:25:0::10", "--ttl", "7"), 7, "2001:db8:25::10")):
        expected = []
        for probe in PROBES:
            host = f"{probe}.{DOMAIN}."
            expected += [(host, ttl, "MX", f"10 {host}"), (host, ttl, "A", "192.0.2.10")]
            expected += [(host, ttl, "AAAA", ipv6)] if ipv6 else []
            expected += [(f"_25._tcp.{host}", ttl, "TLSA", data) for data in tlsa[probe]]
        assert records(certified, *extra) == expected


def test_dns_is_a_zone_to_others(certified):
    """ldns reads it, given the apex that is not ours to write."""
    text = certified("dns", "--dir", certified.tls, "--ipv4", "192.0.2.10", "--ipv6", "2001:db8::1").stdout
    zone = certified.dir / "zone"
    zone.write_text(APEX + text)
    done = subprocess.run(["ldns-read-zone", zone], capture_output=True, text=True, check=True, timeout=60)
    assert len(re.findall(r"\sIN\sTLSA\s", done.stdout)) == 3
    assert len(re.findall(r"\sIN\s(?:MX|A|AAAA)\s", done.stdout)) == 10


def canonical(folder, text):
    """What a zone means, in canonical order, by ldns; it must load in Knot, too."""
    zone = folder / f"{DOMAIN}.zone"
    zone.write_text(APEX + text)
    subprocess.run(["kzonecheck", "--origin", DOMAIN, zone], check=True, timeout=60)
    return subprocess.run(["ldns-read-zone", "-c", zone], capture_output=True, text=True, check=True, timeout=60).stdout


def test_dns_generic_form_means_the_same(certified):
    arguments = ("dns", "--dir", certified.tls, "--ipv4", "192.0.2.10", "--ipv6", "2001:db8::1")
    bind, generic = certified(*arguments).stdout, certified(*arguments, "--format=generic").stdout
    assert certified(*arguments, "--format=bind").stdout == bind
    assert len(re.findall(r" IN TYPE52 \\# 35 0[23]0101[0-9a-f]{64}$", generic, re.MULTILINE)) == 3
    assert " TLSA " not in re.sub("^;.*$", "", generic, flags=re.MULTILINE)
    assert canonical(certified.dir, generic) == canonical(certified.dir, bind)


def test_dns_json_means_the_same(certified):
    more = ("--ipv6", "2001:db8::1", "--ttl", "7")
    done = certified("dns", "--dir", certified.tls, "--ipv4", "192.0.2.10", *more, "--format", "json")
    objects = json.loads(done.stdout)
    assert [(o["name"], o["ttl"], o["type"], o["data"]) for o in objects] == records(certified, *more)
    own = {"MX": "{priority} {target}", "TLSA": "{usage} {selector} {matching_type} {certificate}"}
    for o in objects:
        assert own.get(o["type"], "{data}").format(**o) == o["data"]
    assert "signed with DNSSEC" in done.stderr


@pytest.mark.parametrize("name", ["", "BIND", "json ", "xml"])
def test_dns_unknown_format(certified, name):
    done = certified("dns", "--dir", certified.tls, "--ipv4", "192.0.2.10", f"--format={name}", status=USAGE)
    assert "only bind, generic and json" in done.stderr


def test_dns_json_refuses_what_is_no_address(certified):
    done = certified("dns", "--dir", certified.tls, "--ipv4", "192.0.2.256", "--format=json", status=USAGE)
    assert "is no IPv4 address" in done.stderr


def test_dns_says_what_must_be_known(certified):
    text = certified("dns", "--dir", certified.tls, "--ipv4", "192.0.2.10").stdout
    for words in ("ALL of them must be in a zone that is signed with DNSSEC", "CNAME", "There must be nothing at this name",
                  "Wrong ON PURPOSE", "DNSSEC signs a zone"):
        assert words in text


@pytest.fixture(scope="session")
def tls_server(certified):
    """A TLS server with the chain and key that Postfix gets; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certified.tls / "server.pem", certified.tls / "server.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                    with connection, context.wrap_socket(connection, server_side=True) as session:
                        session.recv(1)
                except ssl.SSLError:
                    continue  # a client that turned away
                except ConnectionError:
                    continue
                except OSError:
                    return  # the listener is closed
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def test_dns_records_as_a_dane_client_takes_them(certified, tls_server):
    """Each right record alone matches what the server shows, the wrong one does not."""
    tried = []
    for name, _, rtype, data in records(certified):
        if rtype != "TLSA":
            continue
        host = name.removeprefix("_25._tcp.").rstrip(".")
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{tls_server}", "-verify_return_error", "-dane_tlsa_domain", host,
             "-dane_tlsa_rrdata", data], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
        right = host != f"wrong.{DOMAIN}"
        assert ("Verification: OK" in done.stdout) == right, done.stdout
        assert ("no matching DANE TLSA records" in done.stdout) == (not right), done.stdout
        tried.append((host, data[:5]))
    assert tried == [(f"do.{DOMAIN}", "3 1 1"), (f"do.{DOMAIN}", "2 1 1"), (f"wrong.{DOMAIN}", "3 1 1")]


def test_dns_needs_sound_certificates(admin):
    arguments = ("dns", "--dir", admin.tls, "--ipv4", "192.0.2.10")
    assert "havedane cert" in admin(*arguments, status=CONFIG).stderr
    admin("cert", "--dir", admin.tls)
    admin.configure(domain="other.test")
    assert "is not for do.other.test" in admin(*arguments, status=CONFIG).stderr
    admin.configure()
    (admin.tls / "server.pem").write_bytes((admin.tls / "ca.pem").read_bytes())
    admin(*arguments, status=CONFIG)


def test_nobody_is_asked_for_a_passphrase(admin):
    """Also where there is a terminal to ask at."""
    admin("cert", "--dir", admin.tls)
    openssl("pkey", "-in", admin.tls / "server.key", "-aes256", "-passout", "pass:secret", "-out", admin.dir / "encrypted")
    (admin.dir / "encrypted").rename(admin.tls / "server.key")
    child, terminal = pty.fork()
    if child == 0:
        os.execv(admin.program, ["havedane", "-c", admin.conf, "dns", "--dir", admin.tls, "--ipv4", "192.0.2.1"])
    said = b""
    try:
        while select.select([terminal], [], [], 30)[0]:
            said += os.read(terminal, 4096)
            assert b"pass phrase" not in said
        pytest.fail(f"it waits, having said {said}")
    except OSError:
        pass  # the end, on a terminal
    finally:
        os.close(terminal)  # hangs up on one that still waits
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status == CONFIG
    assert b"there is no private key without a passphrase in it" in said
