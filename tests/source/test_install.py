"""make install and make uninstall: everything in its place, nothing elsewhere."""

import gzip
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["HAVEDANE_BUILD"])
PREFIX = Path(os.environ["HAVEDANE_PREFIX"])

PAGE = [path for path in (ROOT / "www").rglob("*") if path.is_file() and path.suffix not in (".inc", ".gz")]
INSTALLED = {
    "sbin/havedane": 0o755,
    "sbin/havedane-fcgi": 0o755,
    "libexec/havedane/havedane-hook": 0o755,
    "lib/systemd/system/havedane-fcgi.service": 0o644,
    "lib/systemd/system/havedane-fcgi.socket": 0o644,
    "lib/systemd/system/havedane-alias.socket": 0o644,
    "lib/sysusers.d/havedane.conf": 0o644,
    "lib/tmpfiles.d/havedane.conf": 0o644,
    "share/havedane/havedane.conf.sample": 0o644,
    "share/havedane/nginx/havedane.conf": 0o644,
    "share/havedane/nginx/havedane-tls.conf": 0o644,
    "share/havedane/nginx/havedane.inc": 0o644,
    **{f"share/havedane/{path.relative_to(ROOT)}": 0o644 for path in (ROOT / "postfix").iterdir() if path.suffix != ".inc"},
    **{f"share/havedane/{path.relative_to(ROOT)}{more}": 0o644 for path in PAGE for more in ("", ".gz")},
    "share/man/man5/havedane.conf.5": 0o644,
    "share/man/man8/havedane.8": 0o644,
    "share/man/man8/havedane-fcgi.8": 0o644,
    "share/man/man8/havedane-hook.8": 0o644,
    "share/doc/havedane/README": 0o644,
    "share/doc/havedane/NEWS": 0o644,
    "share/doc/havedane/COPYING": 0o644,
}


def make(*arguments, build=BUILD):
    subprocess.run(["make", "-C", str(build), *arguments], check=True, capture_output=True)


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
    site, secure, common = ((PREFIX / "share/havedane/nginx" / name).read_text() for name in (
        "havedane.conf", "havedane-tls.conf", "havedane.inc"))
    assert f"root {PREFIX}/share/havedane/www;" in common
    for text in (site, secure):
        assert f"include {PREFIX}/share/havedane/nginx/havedane.inc;" in text
        assert "server unix:/run/havedane/fcgi.sock;" in text
    assert "@" not in site + secure + common


def test_page_is_compressed_the_same_each_time(staged):
    """Nothing of the time or place of the build is in it."""
    for path in PAGE:
        installed = staged / (PREFIX / "share/havedane" / path.relative_to(ROOT)).relative_to("/")
        packed = Path(f"{installed}.gz").read_bytes()
        assert gzip.decompress(packed) == path.read_bytes()
        assert packed[3:8] == bytes(5), "no name and no time"


PATHS = {"prefix": "/p", "sbindir": "/p/s", "libexecdir": "/p/x", "sysconfdir": "/e", "localstatedir": "/v", "runstatedir": "/r",
         "datarootdir": "/p/d", "mandir": "/m", "docdir": "/doc"}
CHOICES = {"systemdsystemunitdir": "/units", "sysusersdir": "/users", "tmpfilesdir": "/tmpfiles", "web-group": "http",
           "postfix-group": "mail_1"}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A build with every path of its own, installed below a folder; that folder."""
    build, root = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("root")
    options = [f"--{name}={value}" for name, value in PATHS.items()] + [f"--with-{n}={v}" for n, v in CHOICES.items()]
    subprocess.run([ROOT / "configure", "-q", *options], cwd=build, check=True, capture_output=True)
    make("-j2", "install", f"DESTDIR={root}", build=build)
    yield root
    make("uninstall", f"DESTDIR={root}", build=build)
    assert files(root) == {}


def test_every_path_of_configure_is_honoured(elsewhere):
    places = {
        "sbin": "p/s", "libexec/havedane": "p/x/havedane", "lib/systemd/system": "units", "lib/sysusers.d": "users",
        "lib/tmpfiles.d": "tmpfiles", "share/man": "m", "share/doc/havedane": "doc", "share/havedane": "p/d/havedane"}

    def moved(name):
        old = max((place for place in places if name.startswith(f"{place}/")), key=len)
        return places[old] + name.removeprefix(old)
    assert files(elsewhere) == {moved(name): mode for name, mode in INSTALLED.items()}


def test_every_choice_of_configure_is_in_the_files(elsewhere):
    service, fcgi, alias = ((elsewhere / "units" / name).read_text() for name in (
        "havedane-fcgi.service", "havedane-fcgi.socket", "havedane-alias.socket"))
    assert "ExecStart=/p/s/havedane-fcgi\n" in service
    assert "ReadWritePaths=/v/lib/havedane\n" in service
    assert "InaccessiblePaths=-/e/havedane/tls\n" in service
    assert "ListenStream=/r/havedane/fcgi.sock\n" in fcgi and "SocketGroup=http\n" in fcgi
    assert "ListenStream=/r/havedane/alias.sock\n" in alias and "SocketGroup=mail_1\n" in alias
    assert "d /r/havedane 0755 havedane havedane -\nd" not in alias
    folders = (elsewhere / "tmpfiles/havedane.conf").read_text()
    assert "d /r/havedane 0755 havedane havedane -\n" in folders and "d /v/lib/havedane 0700 havedane havedane -\n" in folders
    for path in elsewhere.rglob("*"):
        if path.is_file() and not path.is_relative_to(elsewhere / "p/s") and path.name != "havedane-hook":
            text = path.read_text(errors="replace")
            assert not re.search(r"@\w+dir@|@\w+group@|\$[({]prefix", text), path
            assert path.name in ("README", "NEWS") or not re.search(r"(?<![\w.])/(etc|usr|var|run)/(\w+/)?havedane", text), path


@pytest.mark.parametrize("option", ["--with-web-group=", "--with-web-group=no", "--with-postfix-group=a b", "--without-web-group"])
def test_configure_refuses_what_is_no_group(tmp_path, option):
    done = subprocess.run([ROOT / "configure", "-q", option], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "needs the name of a group" in done.stderr


def test_without_systemd(tmp_path):
    build, root = tmp_path / "build", tmp_path / "root"
    build.mkdir()
    without = [f"--without-{name}" for name in ("systemdsystemunitdir", "sysusersdir", "tmpfilesdir")]
    subprocess.run([ROOT / "configure", "-q", "--prefix=/p", *without], cwd=build, check=True, capture_output=True)
    make("install-data", f"DESTDIR={root}", build=build)
    assert not {name for name in files(root) if "systemd" in name or ".d/" in name}
    assert not (root / "p/lib").exists()
