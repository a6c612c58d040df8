"""make install and make uninstall: everything in its place, nothing elsewhere."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

BUILD = Path(os.environ["HAVEDANE_BUILD"])
PREFIX = Path(os.environ["HAVEDANE_PREFIX"])

INSTALLED = {
    "sbin/havedane": 0o755,
    "sbin/havedane-fcgi": 0o755,
    "libexec/havedane/havedane-hook": 0o755,
    "share/havedane/www/index.html": 0o644,
    "share/havedane/www/style.css": 0o644,
    "share/havedane/www/havedane.js": 0o644,
    "share/havedane/nginx/havedane.conf": 0o644,
    "share/havedane/postfix/main.cf": 0o644,
    "share/havedane/postfix/virtual": 0o644,
    "share/havedane/postfix/aliases": 0o644,
    "share/havedane/postfix/probes": 0o644,
    "share/doc/havedane/README": 0o644,
    "share/doc/havedane/NEWS": 0o644,
    "share/doc/havedane/COPYING": 0o644,
}


def make(*arguments):
    subprocess.run(["make", "-C", str(BUILD), *arguments], check=True, capture_output=True)


def files(folder):
    return {
        str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode)
        for path in folder.rglob("*") if path.is_file()
    }


@pytest.fixture
def staged(tmp_path):
    make("install", f"DESTDIR={tmp_path}")
    return tmp_path


def test_all_is_installed_below_destdir(staged):
    below = staged / PREFIX.relative_to("/")
    assert files(below) == INSTALLED
    assert files(staged).keys() == {
        str((PREFIX / name).relative_to("/")) for name in INSTALLED
    }, "something was installed outside the prefix"


def test_nothing_is_writable_by_others(staged):
    for path in staged.rglob("*"):
        assert not path.stat().st_mode & 0o022, path


def test_uninstall_removes_all(staged):
    make("uninstall", f"DESTDIR={staged}")
    assert files(staged) == {}


def test_templates_know_where_things_are():
    site = (PREFIX / "share/havedane/nginx/havedane.conf").read_text()
    assert f"root {PREFIX}/share/havedane/www;" in site
    assert "unix:/run/havedane/fcgi.sock;" in site
    assert "@" not in site
