"""havedane cert: what it makes, as the openssl command sees it, and what it leaves alone."""

import os
import re
import stat
import subprocess
from datetime import datetime, timezone

import pytest

from admin_support import admin, certified  # noqa: F401 (fixtures)
from admin_support import CERT_FILES, CONFIG, DOMAIN, IO, OK, PROBES, openssl


def test_cert_files(admin):
    done = admin("cert", "--dir", admin.tls)
    assert done.stdout == f"{admin.tls}: ca.key, ca.pem, server.key and server.pem created\n"
    assert {p.name: stat.S_IMODE(p.stat().st_mode) for p in admin.tls.iterdir()} == CERT_FILES
    assert stat.S_IMODE(admin.tls.stat().st_mode) == 0o700


def test_cert_never_overwrites(admin):
    admin("cert", "--dir", admin.tls)
    before = {p.name: p.read_bytes() for p in admin.tls.iterdir()}
    assert "is complete and sound" in admin("cert", "--dir", admin.tls).stdout
    for name in CERT_FILES:
        (admin.tls / name).rename(admin.dir / "aside")
        assert f"there, but not {name}" in admin("cert", "--dir", admin.tls, status=CONFIG).stderr
        (admin.dir / "aside").rename(admin.tls / name)
    assert {p.name: p.read_bytes() for p in admin.tls.iterdir()} == before


def test_cert_as_openssl_sees_it(certified):
    ca, server = certified.tls / "ca.pem", certified.tls / "server.pem"
    for host in [f"{probe}.{DOMAIN}" for probe in PROBES]:
        openssl("verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", host, "-CAfile", ca, server)
    with pytest.raises(subprocess.CalledProcessError):
        openssl("verify", "-verify_hostname", DOMAIN, "-CAfile", ca, server)
    for key, certificate in (("ca.key", ca), ("server.key", server)):
        assert (openssl("pkey", "-in", certified.tls / key, "-pubout")
                == openssl("x509", "-in", certificate, "-noout", "-pubkey"))
    assert server.read_text().endswith(ca.read_text())

    text = openssl("x509", "-in", ca, "-noout", "-text").decode()
    assert re.search(r"Basic Constraints: critical\n +CA:TRUE, pathlen:0", text)
    assert re.search(r"Key Usage: critical\n +Certificate Sign, CRL Sign\n", text)
    text = openssl("x509", "-in", server, "-noout", "-text").decode()
    assert re.search(r"Basic Constraints: critical\n +CA:FALSE", text)
    assert re.search(r"Key Usage: critical\n +Digital Signature, Key Encipherment\n", text)
    assert re.search(r"Extended Key Usage: *\n +TLS Web Server Authentication\n", text)
    assert "Signature Algorithm: sha256WithRSAEncryption" in text


@pytest.mark.parametrize("days", [1, 30, 36500, 365250])
def test_cert_validity(admin, days):
    admin("cert", "--dir", admin.tls, *(("--days", str(days)) if days != 36500 else ()))
    for name in ("ca.pem", "server.pem"):
        dates = openssl("x509", "-in", admin.tls / name, "-noout", "-startdate", "-enddate").decode()
        start, end = (datetime.strptime(d, "%b %d %H:%M:%S %Y GMT") for d in re.findall(r"=(.*)", dates))
        now = datetime.now(timezone.utc).replace(tzinfo=None)
        assert abs((now - start).total_seconds() - 86400) < 120
        assert abs((end - now).total_seconds() - days * 86400) < 120
        kind = "GENERALIZEDTIME" if end.year >= 2050 else "UTCTIME"
        times = re.findall(r"(\w+TIME) +:", openssl("asn1parse", "-in", admin.tls / name).decode())
        assert times == ["UTCTIME", kind]


def test_cert_serials_differ(admin):
    serials = set()
    for number in range(3):
        admin("cert", "--dir", admin.dir / str(number))
        for name in ("ca.pem", "server.pem"):
            serials.add(openssl("x509", "-in", admin.dir / str(number) / name, "-noout", "-serial"))
    assert len(serials) == 6


def test_cert_by_two_at_once(admin):
    """One set comes out, whole; whoever is late says why."""
    runs = [subprocess.Popen([admin.program, "-c", admin.conf, "cert", "--dir", admin.tls], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE) for _ in range(4)]
    for run in runs:
        run.communicate(timeout=60)
    assert OK in [run.returncode for run in runs]
    assert {run.returncode for run in runs} <= {OK, CONFIG, IO}
    assert "is complete and sound" in admin("cert", "--dir", admin.tls).stdout
    assert sorted(p.name for p in admin.tls.iterdir()) == sorted(CERT_FILES)


def test_cert_without_privileges(admin):
    if os.geteuid() != 0:
        pytest.skip("needs root, to give it up")
    folder = admin.dir / "readable"
    folder.mkdir(0o755)
    for parent in (admin.dir, *admin.dir.parents):
        if parent.owner() == "root" and not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(0o711)
    done = admin("cert", "--dir", folder / "tls", status=IO, user=65534, group=65534, extra_groups=[])
    assert "cannot make the folder: Permission denied" in done.stderr
    os.chown(folder, 65534, 65534)
    admin("cert", "--dir", folder / "tls", user=65534, group=65534, extra_groups=[])
