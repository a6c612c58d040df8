"""What `havedane check` finds of faults of the configuration, database, certificates and web server: each is planted, found
by its name, and put back."""

import contextlib
import os
import re
import shutil
import sqlite3
import subprocess

import pytest

import lab_check
import lab_web
from lab_check import Findings, changed, expect, kept, lab_of, mode, site, site_text, whole_site


@pytest.fixture(scope="module")
def lab(prefix):
    """One of our own, as it is broken again and again."""
    with lab_of(prefix) as own:
        yield own


# Configuration


def test_configuration_wrong(lab):
    with kept(lab.conf):
        lab.conf.write_text(lab.conf.read_text() + "nonsense = 1\n")
        findings = Findings(lab)
        line = len(lab.conf.read_text().splitlines())
        expect(findings, [("failure", "config.load", f"{lab.conf}:{line}:", "nonsense")])
        assert len(findings.points) == 1, "nothing else is judged"


def test_configuration_missing(lab):
    findings = Findings(lab, conf="/nowhere/havedane.conf")
    expect(findings, [("failure", "config.load", "/nowhere/havedane.conf")])
    assert len(findings.points) == 1


def test_not_as_root(lab):
    """Nobody else may look at it all; what cannot be told is not guessed."""
    argv = [lab.prefix / "sbin/havedane", "-c", lab.conf, "check", *lab_check.arguments(lab)]
    done = lab.receiver.run(argv, check=False, user="www-data")
    said = [tuple(line.split()[:2]) for line in done.stdout.splitlines()]
    assert {("warning", "config.user"), ("unknown", "store.open"), ("unknown", "cert.set"), ("unknown", "hook.run"),
            ("unknown", "maps.route"), ("unknown", "alias.lookup"),
            ("ok", "dns.signed"), ("ok", "smtp.dane"), ("ok", "web.api")} <= set(said), done.stdout
    assert done.returncode == 0 and "failure" not in dict(said), done.stdout


# Database


def test_database_readable_by_others(lab):
    with mode(lab.database, 0o644, 0o600):
        expect(Findings(lab, "store"), [("failure", "store.mode", str(lab.database), "may read it", "chmod 0600")])


def test_database_folder_open(lab):
    with mode(lab.database.parent, 0o777, 0o700):
        expect(Findings(lab, "store"), [("failure", "store.folder", str(lab.database.parent), "chmod 0700")])


def test_database_of_root(lab):
    with changed(lambda: os.chown(lab.database, 0, 0), lambda: shutil.chown(lab.database, "havedane", "havedane")):
        findings = Findings(lab, "store", "hook")
        expect(findings, [("failure", "store.owner", "belongs to root", "chown")])
        expect(findings, [("failure", "hook.store", "as havedane", "cannot use the database"), ("unknown", "store.open")])
    assert {path.owner() for path in lab.database.parent.iterdir()} == {"havedane"}


def test_database_missing(lab):
    away = lab.database.parent.with_name("db.away")
    with changed(lambda: lab.database.parent.rename(away), lambda: away.rename(lab.database.parent)):
        findings = Findings(lab, "store", "hook")
        expect(findings, [("failure", "store.open", str(lab.database), "no database", "havedane init"),
                          ("failure", "hook.store",)])
        assert not lab.database.parent.exists(), "none is made by looking"


@contextlib.contextmanager
def other_database(lab, make):
    """Another folder in the place of the database's, with what make(FILE) puts there."""
    folder, away = lab.database.parent, lab.database.parent.with_name("db.away")
    folder.rename(away)
    try:
        folder.mkdir(mode=0o700)
        make(lab.database)
        lab.database.chmod(0o600)
        for path in (folder, lab.database):
            shutil.chown(path, "havedane", "havedane")
        yield
    finally:
        shutil.rmtree(folder)
        away.rename(folder)


def version(lab, number):
    def make(file):
        subprocess.run([lab.prefix / "sbin/havedane", "-c", lab.conf, "init"], check=True, capture_output=True)
        with contextlib.closing(sqlite3.connect(file)) as database:
            found = database.execute("PRAGMA user_version").fetchone()[0]
            database.execute(f"PRAGMA user_version = {found + number}")
    return make


def test_schema_newer(lab):
    with other_database(lab, version(lab, +1)):
        before = lab.database.read_bytes()
        expect(Findings(lab, "store"), [("failure", "store.open", "newer than these programs", "install again")])
        assert lab.database.read_bytes() == before


def test_database_is_none(lab):
    with other_database(lab, lambda file: file.write_bytes(b"no database, and long enough to tell. " * 100)):
        expect(Findings(lab, "store"), [("failure", "store.open", "file is not a database")])


# Certificates


@pytest.fixture(scope="module")
def folders(lab):
    """Folders of certificates that are wrong, by name."""
    home = lab.receiver.directory / "wrong-tls"
    home.mkdir()
    made = {name: home / name for name in ("other-key", "soon", "expired", "other-domain", "open-key")}
    sound = lab.receiver.directory / "tls"
    for name in ("other-key", "expired", "open-key"):
        shutil.copytree(sound, made[name])
    lab.havedane("cert", "--dir", made["soon"], "--days", "20")
    shutil.copy(made["soon"] / "server.key", made["other-key"])
    (made["open-key"] / "server.key").chmod(0o640)
    expire(made["expired"], home, lab.domain)
    conf = home / "other.conf"
    conf.write_text("[service]\ndomain = other.test\n")
    lab.receiver.run([lab.prefix / "sbin/havedane", "-c", conf, "cert", "--dir", made["other-domain"]])
    return made


def expire(tls, work, domain):
    """A leaf of the same CA and key, whose time is over. (havedane cannot make one.)"""
    names = ",".join(f"DNS:{probe}.{domain}" for probe in ("do", "dont", "wrong"))
    (work / "ca.conf").write_text("[ca]\ndefault_ca=c\n[c]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\n"
                                  f"policy=p\nx509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName={names}\n")
    (work / "index").write_text("")
    (work / "serial").write_text("4711\n")

    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], cwd=work, check=True, capture_output=True, timeout=60)
    openssl("req", "-new", "-key", tls / "server.key", "-subj", f"/CN=do.{domain}", "-out", "leaf.csr")
    openssl("ca", "-batch", "-config", "ca.conf", "-cert", tls / "ca.pem", "-keyfile", tls / "ca.key", "-in", "leaf.csr",
            "-out", "leaf.pem", "-notext", "-startdate", "20240101000000Z", "-enddate", "20250101000000Z")
    (tls / "server.pem").write_text((work / "leaf.pem").read_text() + (tls / "ca.pem").read_text())


@pytest.mark.parametrize("name, wanted", [
    ("other-key", ("failure", "cert.set", "server.key: is not the key of server.pem")),
    ("expired", ("failure", "cert.validity", "has expired, on 2025-01-01", "havedane cert")),
    ("soon", ("warning", "cert.validity", "expires in 19 days")),
    ("other-domain", ("failure", "cert.names", "is not for do.havedane.test")),
    ("open-key", ("failure", "cert.mode", "server.key", "mode 0640", "chmod 0600")),
])
def test_certificates(lab, folders, name, wanted):
    expect(Findings(lab, "cert", tls=folders[name]), [wanted])


def test_certificates_missing(lab):
    expect(Findings(lab, "cert", tls="/nowhere/tls"), [("failure", "cert.set", "/nowhere/tls", "havedane cert")])


# The web, and the service


CSP = re.compile(r"\s*add_header Content-Security-Policy.*?always;")


def test_header_missing(lab):
    with site(lab, (CSP.search(site_text(lab))[0], "")):
        expect(Findings(lab, "web"), [("failure", "web.header", "Content-Security-Policy is missing", "add_header")])


def test_header_weakened(lab):
    with site(lab, ("script-src 'self';", "script-src 'self' 'unsafe-inline';")):
        expect(Findings(lab, "web"), [("failure", "web.header", "Content-Security-Policy is", "unsafe-inline")])


def test_page_cached_for_a_day(lab):
    with site(lab, ("expires -1;", "expires 1d;")):
        expect(Findings(lab, "web"), [("failure", "web.header", 'Cache-Control is "max-age=86400"', "no-cache")])


def test_page_by_https(lab):
    tls = lab_web.site_of(lab.prefix / "share/havedane/nginx/havedane-tls.conf", lab.socket, lab.domain,
                          lab.receiver.directory / "tls")
    with whole_site(lab, tls):
        findings = Findings(lab, "web")
        assert not findings.not_ok(), str(findings)
        assert findings.find("ok", "web.page", "by https")


def test_page_by_https_as_of_certbot(lab):
    """What certbot makes of a site: http leads to https, and there it is as it must be, but for HSTS."""
    tls = lab.receiver.directory / "tls"
    listen = (f"listen 443 ssl;\nssl_certificate {tls}/server.pem;\nssl_certificate_key {tls}/server.key;\n"
              "if ($scheme = http) { return 301 https://$host$request_uri; }\nlisten 80;")
    with site(lab, ("listen 80;", listen)):
        findings = Findings(lab, "web")
        expect(findings, [("warning", "web.header", "Strict-Transport-Security is missing", "havedane-tls.conf")])
        assert findings.find("ok", "web.page", "by https")


def test_another_page(lab):
    page = lab.receiver.directory / "www"
    page.mkdir()
    (page / "index.html").write_text("Welcome to nginx!\n")
    page.chmod(0o755)
    with site(lab, (f"{lab.prefix}/share/havedane/www", str(page))):
        expect(Findings(lab, "web"), [("failure", "web.page", "not ours", "server_name")])


def test_nobody_serves_the_page(lab):
    expect(Findings(lab, "web", web="127.0.0.1:1"), [("failure", "web.page", "refused", "nginx")])


def test_service_dead(lab):
    lab.service_kill()
    try:
        findings = Findings(lab, "web")
        expect(findings, [("failure", "web.service", str(lab.socket), "refused", "systemctl restart havedane-fcgi"),
                          ("failure", "web.api", "status 502")])
    finally:
        lab.service_start()
    assert not Findings(lab, "web").not_ok()


def test_socket_missing(lab):
    lab.service_stop()
    try:
        expect(Findings(lab, "web"), [("failure", "web.socket", str(lab.socket), "No such file")])
    finally:
        lab.service_start()


def test_socket_of_another_group_and_mode(lab):
    with changed(lambda: shutil.chown(lab.socket, None, "root"), lambda: shutil.chown(lab.socket, None, "www-data")):
        expect(Findings(lab, "web"), [("failure", "web.socket", "its group is root, not www-data")])
    with mode(lab.socket, 0o666, 0o660):
        expect(Findings(lab, "web"), [("failure", "web.socket", "mode 0666")])


def test_all_is_well_again(lab):
    findings = Findings(lab)
    assert not findings.not_ok(), str(findings)
