"""havedane setup when something goes wrong: what is found before a reload is taken back, and what was cut off is completed."""

import re

import pytest

from machine import DOMAIN

OPTIONS = ("--catch-all", "--domain", DOMAIN)
CONFIG = 78


def ours(paths):
    """Those that decide how Postfix and nginx work."""
    return [path for path in paths if path.startswith(("/etc/postfix", "/etc/nginx", "/etc/havedane/postfix"))
            or path == "/etc/havedane/setup.state"]


# --- Postfix or nginx find something wrong

FAULTS = {
    "nginx": ("/etc/nginx/conf.d/broken.conf", "server {\n", "unexpected end of file, expecting", "nginx -t failed"),
    "postfix": ("/etc/postfix/main.cf", None, "postalias hash:/etc/havedane/postfix/aliases.new failed", "postqueue -j failed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_taken_back(machine, fault):
    path, text, said, _ = FAULTS[fault]
    right = machine.read(path) if machine.path(path).exists() else None
    machine.write(path, text or right + "inet_protocols = ipv9\n")
    machine("postfix", "start") if fault == "nginx" else None
    before, pid = machine.tree(), machine.run("cat", "/var/spool/postfix/pid/master.pid").stdout
    for _ in range(2):
        errors = machine.setup(*OPTIONS, status=CONFIG)
        assert said in errors and "taken back" in errors
        assert ours(machine.changed_since(before)) == []
    assert "reload" not in machine.log
    assert machine.run("cat", "/var/spool/postfix/pid/master.pid").stdout == pid
    machine.write(path, right) if right else machine.path(path).unlink()
    machine.setup(*OPTIONS)
    assert "\nNothing to change.\n" in machine.setup()


@pytest.mark.parametrize("fault", FAULTS)
def test_removal_is_taken_back_too(machine, fault):
    path, text, _, said = FAULTS[fault]
    machine.setup(*OPTIONS)
    machine.write(path, text or machine.read(path) + "inet_protocols = ipv9\n")
    before = machine.tree()
    errors = machine.setup("--remove", "--purge", status=CONFIG)
    assert said in errors
    assert ("taken back" in errors) == (fault == "nginx")  # without Postfix's queue it does not begin
    assert machine.changed_since(before) == []


def test_what_is_in_the_way_is_named(machine):
    machine("mkdir", "-p", "/etc/havedane/postfix/aliases")
    before = machine.tree()
    assert "/etc/havedane/postfix/aliases is in the way" in machine.setup(*OPTIONS, status=CONFIG)
    assert ours(machine.changed_since(before)) == []


def test_damaged_certificates_stop_it_before_postfix_is_touched(machine):
    machine.setup(*OPTIONS)
    machine.setup("--remove")
    machine.write("/etc/havedane/tls/server.pem", "damaged\n")
    before = machine.tree()
    machine.setup(*OPTIONS, status=CONFIG)
    assert ours(machine.changed_since(before)) == []
    assert machine.read("/etc/havedane/tls/server.pem") == "damaged\n"


DAMAGES = ["chown havedane {}", "chmod g+w {}", "truncate -s 40 {}", "sed -i 's/\"version\":1/\"version\":2/' {}",
           "sed -i 's/\"ours\"/\"our\"/' {}", "echo '[]' >{}", "echo '{{\"version\":1}}' >{}", "mv {0} {0}2; ln -s {0}2 {0}"]


def test_a_state_file_that_cannot_be_trusted(machine):
    state = "/etc/havedane/setup.state"
    machine.setup(*OPTIONS)
    machine("cp", "-a", state, "/tmp/state")
    for damage in DAMAGES:
        machine("sh", "-c", damage.format(state))
        before = machine.tree()
        for options in (("--remove",), ()):
            assert f"{state}: " in machine.setup(*options, status=CONFIG), damage
            assert machine.changed_since(before) == []
        machine("rm", "-f", state)
        machine("cp", "-a", "/tmp/state", state)
    machine.setup("--remove")


# --- it is killed half-way

# Stands in for a program: setup is killed when it runs it with such arguments, before or after it does its work.
TRAP = """\
#!/bin/sh
case "$*" in
{arguments}) [ {when} = before ] || {program} "$@"; kill -9 $PPID; exit 1 ;;
esac
exec {program} "$@"
"""
MOMENTS = [
    ("useradd", "*", "after"), ("postalias", "*", "before"), ("postalias", "*", "after"), ("postmap", "*virtual.new", "after"), ("postconf", "-e*", "before"),
    ("postconf", "-e*", "after"), ("nginx", "-t", "before"), ("postfix", "start", "before")]
REMOVE_MOMENTS = [
    ("postconf", "-e*", "after"), ("postconf", "-X*", "after"), ("nginx", "-t", "before"), ("postfix", "reload", "after"),
    ("userdel", "*", "after")]
# What is not the same each time: keys, the times in the database, copies that passwd's tools make, and indexes.
RANDOM = re.compile(r"/etc/havedane/tls/.*|/var/lib/havedane/.*|/etc/(passwd|shadow|group|gshadow)-|/.*\.db|/usr/local.*")


class Trap:
    def __init__(self, machine, program, arguments, when):
        self.path = f"/usr/local/sbin/{program}"
        real = machine("sh", "-c", f"command -v {program}").strip()
        self.machine = machine
        machine.write(self.path, TRAP.format(arguments=arguments, when=when, program=real))
        machine.path(self.path).chmod(0o755)

    def spring(self, *options):
        done = self.machine.run("havedane", "setup", *options)
        assert done.returncode in (-9, 137), done
        self.machine.path(self.path).unlink()


def comparable(tree):
    """Without what is random; postconf adds to main.cf in no order."""
    lines = {path: sorted(what[3].splitlines()) for path, what in tree.items() if path == "/etc/postfix/main.cf"}
    return {path: lines.get(path, what) for path, what in tree.items() if not RANDOM.fullmatch(path)}


def test_killed_and_run_again(machine):
    before = machine.tree()
    machine.setup(*OPTIONS)
    finished = comparable(machine.tree())
    machine.setup("--remove", "--purge")
    for moment in MOMENTS:
        machine.run("postfix", "stop")
        Trap(machine, *moment).spring(*OPTIONS)
        machine.setup(*OPTIONS)
        assert comparable(machine.tree()) == finished, moment
        assert "\nNothing to change.\n" in machine.setup()
        machine.setup("--remove", "--purge")
        assert not [path for path in machine.changed_since(before) if not RANDOM.fullmatch(path)], moment


def test_removal_killed_and_run_again(machine):
    before = machine.tree()
    for moment in REMOVE_MOMENTS:
        machine.setup(*OPTIONS)
        Trap(machine, *moment).spring("--remove", "--purge")
        machine.setup("--remove", "--purge")
        assert not [path for path in machine.changed_since(before) if not RANDOM.fullmatch(path)], moment


def test_a_reload_that_was_cut_off_is_made_up_for(machine):
    machine.start_postfix()
    Trap(machine, "postfix", "reload", "before").spring(*OPTIONS)
    assert "reload" not in machine.log
    printed = machine.setup()
    assert "reloaded Postfix" in printed
    assert "\nNothing to change.\n" in machine.setup()
