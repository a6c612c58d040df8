"""havedane setup with a certificate for nginx: the site for https, and the way there and back."""

import pytest

from machine import DOMAIN

OPTIONS = ("--catch-all", "--domain", DOMAIN)
CERTIFICATE, KEY = "/etc/ssl/certs/web.pem", "/etc/ssl/private/web.key"
TLS = ("--tls-certificate", CERTIFICATE, "--tls-key", KEY)
SITE = "/etc/nginx/sites-available/havedane.conf"
CONFIG, USAGE = 78, 64


@pytest.fixture
def certified(machine):
    """A machine with a certificate for its web server."""
    machine("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
            f"/CN={DOMAIN}", "-keyout", KEY, "-out", CERTIFICATE)
    return machine


def is_secure(machine):
    """Whether the site is the one for https, and nginx is content."""
    machine("nginx", "-t")
    site = machine.read(SITE)
    assert f"\tserver_name {DOMAIN};\n" in site and "server unix:/run/havedane/fcgi.sock;\n" in site
    return f"\tssl_certificate {CERTIFICATE};\n\tssl_certificate_key {KEY};\n" in site


def test_at_once_and_back(certified):
    before = certified.tree()
    certified.setup(*OPTIONS, *TLS)
    assert is_secure(certified)
    after = certified.tree()
    for again in (TLS, (), ("--dry-run",)):
        assert "\nNothing to change.\n" in certified.setup(*again)
        assert certified.changed_since(after) == []
    certified.setup("--remove", "--purge")
    assert not [path for path in certified.changed_since(before) if "nginx" in path]


def test_later(certified):
    certified.setup(*OPTIONS)
    assert not is_secure(certified)
    assert f"would write {SITE} anew" in certified.setup(*TLS, "--dry-run")
    assert not is_secure(certified)
    assert f"wrote {SITE} anew" in certified.setup(*TLS)
    assert is_secure(certified)


def test_another_certificate(certified):
    certified.setup(*OPTIONS, *TLS)
    certified("cp", CERTIFICATE, "/etc/ssl/other.pem")
    certified.setup("--tls-certificate", "/etc/ssl/other.pem", "--tls-key", KEY)
    assert "\tssl_certificate /etc/ssl/other.pem;\n" in certified.read(SITE)
    certified("nginx", "-t")


@pytest.mark.parametrize("first", [(), TLS], ids=["plain", "https"])
def test_a_site_that_somebody_changed_stays(certified, first):
    certified.setup(*OPTIONS, *first)
    certified.write(SITE, certified.read(SITE).replace("listen 80;", "listen 80;\n\tlisten 8443;"))
    after = certified.tree()
    assert f"{SITE} stays, as it was changed since" in certified.setup(*TLS)
    assert certified.changed_since(after) == []
    assert f"{SITE} stays: it was changed since" in certified.setup("--remove")


def test_a_certificate_that_is_not_there(machine):
    machine.setup(*OPTIONS)
    after = machine.tree()
    errors = machine.setup(*TLS, status=CONFIG)
    assert CERTIFICATE in errors and "taken back" in errors
    assert machine.changed_since(after) == []


@pytest.mark.parametrize("options, text", [
    (TLS[:2], "go together"), (TLS[2:], "go together"), (("--tls-certificate", "web.pem", *TLS[2:]), '"web.pem" is no absolute path'),
    ((*TLS[:2], "--tls-key", "/a;b"), '"/a;b"'), ((*TLS[:2], "--tls-key", "/a\nb"), "is no absolute path"),
    ((*TLS[:2], "--tls-key", "/a$b"), '"/a$b"')], ids=range(6))
def test_usage(machine, options, text):
    before = machine.tree()
    assert text in machine.setup(*OPTIONS, *options, status=USAGE)
    assert machine.changed_since(before) == []
