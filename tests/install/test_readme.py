"""The README's installation, word for word, on a clean Debian: from the tarball to a service that judges real senders.

The tests are one story, and each goes on where the one before has ended.
"""

import re
import shutil

import pytest

import readme
from box import PROBES, UNKNOWN, Box
from lab_net import until
from network import Network

@pytest.fixture(scope="module")
def box(dressed, tarball, folder):
    root = dressed.fork(folder / "readme")
    shutil.copy(tarball, root.path(f"root/{tarball.name}"))
    with Network(root) as net:
        yield Box(net)


def test_at_most_six_commands():
    assert len(readme.block("apt install gcc")) <= 6


def test_install(box):
    """The first line has been typed already, when the root was made."""
    _, *commands = readme.block("apt install gcc")
    box.before = None
    for command in commands:
        if command.startswith("havedane setup"):
            box.before = box.settings()
        if command == "havedane check":
            continue  # when all is published, below
        said = box.type(command)
        if command.startswith("havedane dns"):
            box.net.publish(said)
    assert box.before


def test_check_is_all_green(box):
    *points, summary = box.check().stdout.splitlines()
    assert len(points) > 40 and all(point.startswith("ok ") for point in points), points
    assert summary == f"{len(points)} ok, 0 warnings, 0 failures"


@pytest.mark.parametrize("sender, verdict", [("dane", "dane"), ("may", "no-dane")])
def test_senders_are_judged(box, sender, verdict):
    assert box.net.verdict(sender) == verdict


def test_only_live_addresses_are_taken(box):
    box.takes_only_live_addresses()
    assert box.net.rcpt("somebody@elsewhere.test")[0] == ["554 5.7.1"]


def test_nothing_runs_as_root(box):
    rows = box.host.run(["sh", "-c", "for p in /proc/[0-9]*; do "
                         "echo $(stat -c %U $p) $(readlink $p/exe) $(tr '\\0' ' ' <$p/cmdline); done"]).stdout
    ours = [row for row in rows.splitlines() if "havedane-" in row and "/bin/sh" not in row and "/dash" not in row]
    assert ours and all(row.startswith("havedane ") for row in ours), ours


def test_service_has_no_more_than_it_needs(box):
    said = box.host.run(["systemd-analyze", "security", "--no-pager", "havedane-fcgi.service"]).stdout
    assert float(re.search(r"Overall exposure level for \S+ (\d+\.\d+)", said)[1]) <= 1.0


def test_no_secret_is_readable_nor_anything_writable_by_others(box):
    places = "/etc/havedane /var/lib/havedane /run/havedane /usr/local /etc/postfix /etc/nginx"
    assert box.host.shell(f"find {places} -xdev ! -type l ! -type s -perm /0002") == ""
    secrets = box.host.shell(r"find /etc/havedane /var/lib/havedane \( -name '*.key' -o -name '*.pem' -o -name 'havedane.db*' \) "
                             r"-exec grep -lE 'PRIVATE KEY|SQLite format' {} +; ls /var/lib/havedane/*").split()
    assert len(secrets) >= 3
    for path in secrets:
        mode = box.host.run(["stat", "-c", "%a", path]).stdout.strip()
        assert mode == "600", f"{path}: {mode}"
    assert box.host.run(["stat", "-c", "%a %U %G", "/var/lib/havedane"]).stdout == "700 havedane havedane\n"
    sockets = box.host.run(["stat", "-c", "%a %G", "/run/havedane/fcgi.sock", "/run/havedane/alias.sock"]).stdout
    assert sockets == "660 www-data\n660 postfix\n"
    assert box.host.run(["stat", "-c", "%a", "/run/havedane"]).stdout == "755\n"


# Trouble with the service


def test_stopped_mail_is_deferred_at_once(box):
    box.host.run(["systemctl", "stop", "havedane-fcgi"])
    codes, seconds = box.net.rcpt(f"{UNKNOWN}@{PROBES[0]}", "postmaster@localhost")
    assert codes[0].startswith("451 ") and codes[1] != codes[0] and seconds < 5
    assert box.net.ask("GET", "/api/health", check=False) is None
    box.host.run(["systemctl", "start", "havedane-fcgi"])
    box.is_right_again()


def test_killed_it_comes_back(box):
    before = box.host.run(["systemctl", "show", "-P", "MainPID", "havedane-fcgi"]).stdout
    box.host.run(["systemctl", "kill", "--signal=KILL", "havedane-fcgi"])
    until(lambda: box.host.run(["systemctl", "show", "-P", "MainPID", "havedane-fcgi"]).stdout not in ("0\n", before), 30, "a new one")
    box.is_right_again()


def test_that_does_not_start_defers_at_once_and_recovers_by_itself(box):
    conf = "/etc/havedane/havedane.conf"
    box.host.shell(f"cp -p {conf} /run/saved && echo '[nonsense]' >>{conf} && systemctl kill --signal=KILL havedane-fcgi")
    until(lambda: int(box.host.run(["systemctl", "show", "-P", "NRestarts", "havedane-fcgi"]).stdout) >= 5, 60, "five attempts")
    for _ in range(3):
        codes, seconds = box.net.rcpt(f"{UNKNOWN}@{PROBES[0]}", "postmaster@localhost")
        assert codes[0].startswith("451 ") and codes[1] != codes[0] and seconds < 5
    box.host.shell(f"cp -p /run/saved {conf}")
    box.is_right_again()


def test_reload(box):
    box.host.run(["systemctl", "reload", "havedane-fcgi"])
    assert "reloaded: " in box.host.journal("-u", "havedane-fcgi", "-n", "20")
    box.is_right_again()


# Life goes on


def test_setup_again_changes_nothing(box):
    settings, tree = box.settings(), box.tree()
    setup = next(command for command in readme.block("apt install gcc") if command.startswith("havedane setup"))
    for command in (setup, "havedane setup"):
        box.type(command)
        assert box.settings() == settings and box.tree() == tree, command


def test_backup_and_restore(box):
    alias = box.net.ask("POST", "/api/tests")["alias"]
    apt, *backup = readme.block("apt install sqlite3")
    assert apt == "apt install sqlite3"
    for command in backup:
        box.type(command)
    box.host.shell("echo damaged >/var/lib/havedane/havedane.db; rm -f /etc/havedane/tls/*")
    for command in readme.block("systemctl stop"):
        box.type(command)
    box.is_right_again()
    assert box.net.ask("GET", f"/api/tests/{alias}")["alias"] == alias
    test_check_is_all_green(box)


def test_upgrade_as_told(box):
    for command in readme.block("systemctl daemon-reload"):
        if command != "havedane check":
            box.type(command)
    box.is_right_again()


def test_reboot(box):
    box.host.reboot(box.net.switch)
    box.is_right_again()
    test_check_is_all_green(box)
    test_senders_are_judged(box, "dane", "dane")


def test_uninstall(box):
    remove, uninstall = readme.block("havedane setup --remove")
    box.type(remove)
    assert box.settings() == box.before
    assert box.host.shell("ls /etc/havedane/tls /var/lib/havedane").split()
    box.type(uninstall)
    assert box.host.shell("find /usr/local -type f") == ""
