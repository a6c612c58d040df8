"""The Debian package: it builds, is clean, installs on a clean Debian, and leaves nothing behind."""

import shutil
import subprocess
import tarfile

import pytest

import readme
from box import Box
from network import Network

CONF = "[service]\ndomain = havedane.test\n"


@pytest.fixture(scope="session")
def packages(dressed, tarball, folder):
    """The folder with what the README's way of building a package makes of the tarball, on a host of its own."""
    root = dressed.fork(folder / "build")
    with tarfile.open(tarball) as archive:
        archive.extractall(root.path("root/source").parent)
    *build, _ = readme.block("apt build-dep")
    (source,) = (root.upper / "root").iterdir()
    root.run("bash", "-c", "export DEB_BUILD_OPTIONS=nocheck; " + " && ".join([f"cd /root/{source.name}", *build]))
    return root.upper / "root"


def test_lintian_has_nothing_to_say(packages):
    (changes,) = packages.glob("*.changes")
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", changes], text=True, timeout=200, check=False,
                          capture_output=True)
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def installed(bare, packages, folder):
    """A root where the package is installed as the README says; and what was there before it."""
    root = bare.fork(folder / "installed")
    # Dependencies first: what they leave is not ours.
    root.run("apt-get", "install", "-q", "--no-install-recommends", "postfix", "libfcgi0ldbl", "libinih1", "libjson-c5",
             "libsqlite3-0", "libunbound8")
    root.before = everything(root)
    (package,) = packages.glob("havedane_*.deb")
    shutil.copy(package, root.path(f"root/{package.name}"))
    line = readme.block("apt build-dep")[-1].replace("../", "/root/")
    root.said = root.run("bash", "-c", line + " --no-install-recommends").stdout
    return root


def everything(root):
    """Every file of a root but those that a package manager keeps about its own work; and users and groups."""
    found = root.run("sh", "-c", "find / -xdev -not -path '/proc/*' -not -path '/root/*' -not -path '/tmp/*' "
                     "-not -path '/var/cache/*' -not -path '/var/log/*' -not -path '/var/lib/dpkg/*' -not -path '/var/lib/apt/*' "
                     "-printf '%p %M %u %g\\n'; getent passwd; getent group").stdout
    return {line for line in found.splitlines() if not line.startswith(("/etc/passwd-", "/etc/group-", "/etc/shadow-",
                                                                        "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-"))}


def test_user_and_folders_are_there(installed):
    assert installed.run("stat", "-c", "%a %U %G", "/var/lib/havedane", "/run/havedane").stdout == \
        "700 havedane havedane\n755 havedane havedane\n"
    assert installed.run("getent", "passwd", "havedane").stdout.rstrip().endswith(":/usr/sbin/nologin")


def test_nothing_is_enabled_before_setup(installed):
    assert installed.run("find", "/etc/systemd", "-name", "havedane*").stdout == ""
    installed.run("test", "!", "-e", "/etc/havedane")


def test_files_are_where_debian_wants_them(installed):
    names = installed.run("dpkg", "-L", "havedane").stdout.splitlines()
    for name in ("/lib/systemd/system/havedane-fcgi.service", "/usr/sbin/havedane", "/usr/libexec/havedane/havedane-hook",
                 "/usr/share/man/man8/havedane.8.gz", "/usr/share/havedane/havedane.conf.sample",
                 "/usr/share/doc/havedane/copyright"):
        assert name in names, name
    assert not [name for name in names if "/local" in name or name.startswith("/etc")]


def test_installed_again_it_makes_the_database_of_a_configuration(installed):
    installed.run("sh", "-c", f"mkdir -p /etc/havedane && printf '{CONF}' >/etc/havedane/havedane.conf")
    for _ in range(2):
        installed.run("dpkg", "-i", *sorted(f"/root/{path.name}" for path in installed.upper.glob("root/havedane_*.deb")))
        assert installed.run("stat", "-c", "%a %U", "/var/lib/havedane/havedane.db").stdout == "600 havedane\n"


def test_a_database_in_trouble_does_not_stop_the_package(installed):
    installed.run("sh", "-c", "echo '[nonsense]' >>/etc/havedane/havedane.conf")
    done = installed.run("dpkg", "-i", *sorted(f"/root/{path.name}" for path in installed.upper.glob("root/havedane_*.deb")))
    assert "the database is not ready" in done.stdout
    installed.run("sh", "-c", f"printf '{CONF}' >/etc/havedane/havedane.conf")


def test_removed_it_keeps_data(installed):
    installed.run("sh", "-c", "mkdir -p /etc/havedane/tls && echo key >/etc/havedane/tls/server.key")
    installed.run("apt-get", "remove", "-q", "havedane")
    assert installed.run("cat", "/etc/havedane/tls/server.key").stdout == "key\n"
    installed.run("test", "-s", "/var/lib/havedane/havedane.db")
    assert installed.run("sh", "-c", "command -v havedane", check=False).returncode != 0


def test_purged_it_leaves_nothing(installed):
    installed.run("apt-get", "purge", "-q", "havedane")
    assert everything(installed) == installed.before
    assert installed.run("dpkg", "-l", "havedane", check=False).stdout.find("ii ") == -1


# On a host that runs


@pytest.fixture(scope="module")
def box(dressed, packages, folder):
    root = dressed.fork(folder / "package-box")
    (package,) = packages.glob("havedane_*.deb")
    shutil.copy(package, root.path(f"root/{package.name}"))
    with Network(root) as net:
        box = Box(net)
        box.before = box.settings()
        yield box


INSTALL = "dpkg -i /root/havedane_*.deb"


def test_installed_set_up_and_running(box):
    """Not before havedane setup: without a domain there is nothing to run."""
    box.type(INSTALL)
    assert box.settings() == box.before
    assert box.host.run(["systemctl", "is-active", "havedane-fcgi"], check=False).stdout == "inactive\n"
    setup, dns, _ = readme.block("apt install gcc")[3:]
    box.type(setup)
    box.net.publish(box.type(dns))
    box.is_right_again()
    assert box.net.verdict("dane") == "dane"


def test_an_upgrade_restarts_it(box):
    pid = ["systemctl", "show", "-P", "MainPID", "havedane-fcgi"]
    before = box.host.run(pid).stdout
    box.type(INSTALL)
    assert box.host.run(pid).stdout not in (before, "0\n")
    box.is_right_again()


def test_purged_it_leaves_a_postfix_as_it_was(box):
    box.type("dpkg --purge havedane")
    assert box.settings() == box.before
    assert box.host.shell("find / -xdev -name '*havedane*' -not -path '/proc/*' -not -path '/root/*' -not -path '/var/log/*' "
                          "-not -path '/tmp/*'") == ""
    assert box.host.run(["getent", "passwd", "havedane"], check=False).stdout == ""
    codes, seconds = box.net.rcpt("postmaster@localhost")
    assert codes == ["250 2.1.5"] and seconds < 5
