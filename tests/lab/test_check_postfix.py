"""What `havedane check` finds of faults of Postfix, its maps and the hook: each is planted, found by its name, and put
back."""

import contextlib
import os
import re
import shutil
import signal

import pytest

from lab_check import Findings, changed, expect, hidden, kept, lab_of, main_cf, mode, settle
from lab_net import until

HOST = ("store", "cert", "postfix", "maps", "hook", "alias", "fair", "web")


@pytest.fixture(scope="module")
def lab(prefix):
    """One of our own, as it is broken again and again; with the catch-all map, which has an index of its own."""
    with lab_of(prefix, catch_all=True) as own:
        yield own


@pytest.fixture(scope="module")
def asked(prefix):
    """One whose service answers Postfix at RCPT."""
    with lab_of(prefix) as own:
        yield own


# Postfix: parameters


@pytest.mark.parametrize("name, status", [
    ("alias_maps", "failure"), ("virtual_alias_domains", "failure"), ("virtual_alias_maps", "failure"),
    ("tls_server_sni_maps", "failure"), ("smtpd_tls_received_header", "failure"), ("mailbox_size_limit", "failure"),
    ("maximal_backoff_time", "warning"), ("header_checks", "warning"),
])
def test_parameter_removed(lab, name, status):
    with main_cf(lab, drop=[name]):
        expect(Findings(lab, "postfix"), [(status, "postfix.setting", name, f"postconf -e '{name} = ")])


def test_lists_may_hold_more(lab):
    postfix = lab.postfix["receiver"]
    maps = postfix.command("postconf", "-h", "virtual_alias_maps").stdout.strip()
    with main_cf(lab, virtual_alias_domains=f"example.test, {lab.domain}x do.{lab.domain} dont.{lab.domain} wrong.{lab.domain}",
                 virtual_alias_maps=f"inline:{{{{somebody@example.test = root@localhost}}}}, {maps}"):
        assert not Findings(lab, "postfix", "maps").not_ok()


def test_parameter_overridden_in_master_cf(lab):
    postfix = lab.postfix["receiver"]
    with kept(postfix.etc / "master.cf"):
        postfix.command("postconf", "-P", "smtp/inet/smtpd_tls_received_header=no")
        settle(postfix)
        expect(Findings(lab, "postfix"), [("failure", "postfix.setting", "smtpd_tls_received_header", 'is "no"')])


def test_probe_is_a_local_domain(lab):
    with main_cf(lab, mydestination=f"localhost, $myhostname, wrong.{lab.domain}"):
        expect(Findings(lab, "postfix"), [("failure", "postfix.domain", "mydestination", f"wrong.{lab.domain}")])


def test_no_localhost(lab):
    with main_cf(lab, mydestination="$myhostname"):
        expect(Findings(lab, "postfix"), [("failure", "postfix.domain", "mydestination", "localhost")])


def test_configuration_of_postfix_missing(lab):
    expect(Findings(lab, "postfix", "maps", "hook", "fair", postfix="/nowhere"), [("failure", "postfix.read", "/nowhere")])


# Postfix: maps and the way to the hook


def test_alias_file_of_root(lab):
    index = lab.receiver.directory / "maps" / "aliases.db"
    with changed(lambda: os.chown(index, 0, 0), lambda: shutil.chown(index, "havedane", "havedane")):
        findings = Findings(lab, "maps", "hook")
        expect(findings, [("failure", "maps.owner", "belongs to root: Postfix runs the hook as nobody", "chown havedane:"),
                          ("failure", "hook.run", "as nobody: not tried")])


def test_alias_source_of_root(lab):
    source = lab.receiver.directory / "maps" / "aliases"
    with changed(lambda: os.chown(source, 0, 0), lambda: shutil.chown(source, "havedane", "havedane")):
        expect(Findings(lab, "maps"), [("failure", "maps.owner", "with the next postalias")])


@pytest.mark.parametrize("name, tool", [("aliases", "postalias"), ("virtual", "postmap")])
def test_index_older(lab, name, tool):
    source = lab.receiver.directory / "maps" / name
    with kept(source):
        os.utime(source)
        expect(Findings(lab, "maps"), [("failure", "maps.index", f"{name}.db", "is older than", f"{tool} hash:{source}")])


@pytest.mark.parametrize("name", ["aliases", "virtual"])
def test_index_missing(lab, name):
    index = lab.receiver.directory / "maps" / f"{name}.db"
    with kept(index):
        index.unlink()
        findings = Findings(lab, "maps", "hook")
        expect(findings, [("failure", "maps.index", f"{name}.db", "No such file"), ("failure", "maps.route")])
        if name == "aliases":
            expect(findings, [("unknown", "hook.run")])


def test_probe_not_routed(lab):
    with main_cf(lab, virtual_alias_domains=f"do.{lab.domain} dont.{lab.domain}"):
        expect(Findings(lab, "maps"), [("failure", "maps.route", f"wrong.{lab.domain}", "not in virtual_alias_domains")])


def test_probe_missing_in_the_map(lab):
    source = lab.receiver.directory / "maps" / "virtual"
    postfix = lab.postfix["receiver"]
    with kept(source, source.with_name("virtual.db")):
        source.write_text(re.sub(r"@wrong.*\n", "", source.read_text()))
        postfix.command("postmap", f"hash:{source}")
        expect(Findings(lab, "maps"), [("failure", "maps.route", f"@wrong.{lab.domain}", 'goes to "nobody"')])


def test_another_map_answers_first(lab):
    other = lab.receiver.directory / "other-map"
    other.write_text(f"/@wrong\\.{lab.domain}$/ somebody@example.test\n")
    ours = lab.postfix["receiver"].command("postconf", "-h", "virtual_alias_maps").stdout.strip()
    with main_cf(lab, virtual_alias_maps=f"regexp:{other}, {ours}"):
        expect(Findings(lab, "maps"), [("failure", "maps.route", f"@wrong.{lab.domain}", "somebody@example.test")])


def test_alias_file_not_in_use(lab):
    """Postfix warns of a map that cannot be asked (NIS, by default); that is not what is wrong."""
    with main_cf(lab, drop=["alias_maps"]):
        findings = Findings(lab, "postfix", "maps", "hook")
        expect(findings, [("failure", "postfix.setting", "alias_maps"),
                          ("failure", "maps.route", "havedane-do", "it is in none of alias_maps")])
        assert findings.find("ok", "hook.store")


def test_alias_runs_something_else(lab):
    other = lab.receiver.directory / "other-aliases"
    other.write_text("havedane-dont: /dev/null\n")
    postfix = lab.postfix["receiver"]
    postfix.command("postalias", f"hash:{other}")
    ours = postfix.command("postconf", "-h", "alias_maps").stdout.strip()
    with main_cf(lab, alias_maps=f"hash:{other}, {ours}"):
        expect(Findings(lab, "maps"), [("failure", "maps.route", "havedane-dont", "does not run the hook")])


# Who may write to the maps


@pytest.mark.parametrize("name, owner, wrong, parts", [
    ("", "havedane", 0o755, ("of havedane", "havedane setup")),
    ("", "root", 0o1775, ("mode 1775", "chmod go-w")),
    ("virtual", "havedane", 0o644, ("of havedane", "chown -h root:root")),
    ("virtual.db", "root", 0o664, ("mode 0664",)),
    ("aliases", "www-data", 0o644, ("of www-data", "chown -h havedane:havedane")),
    ("aliases.db", "havedane", 0o666, ("mode 0666",)),
])
def test_maps_that_others_can_change(lab, name, owner, wrong, parts):
    path = lab.receiver.directory / "maps" / name
    before = path.stat()

    def plant():
        shutil.chown(path, owner)
        path.chmod(wrong)

    def back():
        os.chown(path, before.st_uid, before.st_gid)
        path.chmod(before.st_mode & 0o7777)
    with changed(plant, back):
        expect(Findings(lab, "maps"), [("failure", "maps.folder", f"{str(path).rstrip('/')}: ", *parts)])
    assert not Findings(lab, "maps").not_ok()


def test_link_among_the_maps(lab):
    link = lab.receiver.directory / "maps" / "virtual.lmdb"
    link.symlink_to("/etc/passwd")
    with changed(lambda: os.chown(link, 65534, 65534, follow_symlinks=False), link.unlink):
        expect(Findings(lab, "maps"), [("failure", "maps.folder", f"{link}: a link")])


# Room


def test_no_room_in_the_queue(lab):
    with main_cf(lab, queue_minfree="1000000000000000"):
        expect(Findings(lab, "postfix"), [("failure", "postfix.space", str(lab.receiver.directory / "queue"), "452")])
    with main_cf(lab, message_size_limit="1000000000000000", mailbox_size_limit="0"):
        expect(Findings(lab, "postfix"), [("failure", "postfix.space", "df -h")])


@pytest.mark.parametrize("size, status", [("2m", "failure"), ("12m", "warning"), ("40m", "ok")])
def test_room_in_a_small_file_system(lab, size, status):
    queue = lab.receiver.directory / "queue"
    lab.receiver.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", queue])
    with changed(lambda: None, lambda: lab.receiver.run(["umount", queue])):
        assert Findings(lab, "postfix").find(status, "postfix.space")


# The hook


@contextlib.contextmanager
def alias_runs(lab, command):
    """The alias file of whoever has the user havedane."""
    source = lab.receiver.directory / "maps" / "aliases"
    with kept(source, source.with_name("aliases.db")):
        source.write_text(f'havedane-do: "|{command}"\n')
        lab.postfix["receiver"].command("postalias", f"hash:{source}")
        yield source.with_name("aliases.db")


def test_another_command_is_not_run(lab):
    made = lab.receiver.directory / "made"
    with alias_runs(lab, f"/usr/bin/touch {made}"):
        expect(Findings(lab, "hook"), [("failure", "hook.run", "/usr/bin/touch", "not tried")])
    assert not made.exists()


def test_hook_is_not_run_as_somebody_else(lab):
    index = lab.receiver.directory / "maps" / "aliases.db"
    with changed(lambda: shutil.chown(index, "www-data"), lambda: shutil.chown(index, "havedane")):
        expect(Findings(lab, "hook"), [("failure", "hook.run", "as www-data: not tried")])


def test_index_that_is_a_link(lab):
    index = lab.receiver.directory / "maps" / "aliases.db"
    away = index.with_name("away.db")

    def plant():
        index.rename(away)
        index.symlink_to(away)
    with changed(plant, lambda: away.rename(index)):
        expect(Findings(lab, "hook"), [("unknown", "hook.run", "no alias runs it")])


def test_hook_missing(lab):
    empty = lab.receiver.directory / "empty"
    empty.mkdir(exist_ok=True)
    with hidden(lab, lab.prefix / "libexec/havedane", empty):
        expect(Findings(lab, "hook"), [("failure", "hook.run", "as havedane", "no such file", "install it again")])


def test_hook_not_executable(lab):
    plain = lab.receiver.directory / "plain-file"
    plain.write_text("no program\n")
    with hidden(lab, lab.prefix / "libexec/havedane/havedane-hook", plain):
        expect(Findings(lab, "hook"), [("failure", "hook.run", "as havedane", "Permission denied")])


def test_hook_that_bounces(lab):
    """A library that does not load ends so."""
    broken = lab.receiver.directory / "broken-hook"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    with hidden(lab, lab.prefix / "libexec/havedane/havedane-hook", broken):
        expect(Findings(lab, "hook"), [("failure", "hook.run", "ends with 127", "bounce")])


def test_hook_cannot_read_the_configuration(lab):
    with mode(lab.conf, 0o600, 0o644):
        expect(Findings(lab, "hook"), [("failure", "hook.run", "cannot read its configuration")])


def test_hook_of_another_configuration(lab):
    source = lab.receiver.directory / "maps" / "aliases"
    other = lab.receiver.directory / "copy.conf"
    shutil.copy(lab.conf, other)
    with kept(source, source.with_name("aliases.db")):
        source.write_text(source.read_text().replace(str(lab.conf), str(other)))
        lab.postfix["receiver"].command("postalias", f"hash:{source}")
        expect(Findings(lab, "hook"), [("failure", "hook.config", str(other), str(lab.conf))])


# Look-ups at RCPT


@contextlib.contextmanager
def stopped(lab):
    """The service does nothing; nsenter, which started it, stops and goes on as it does."""
    pids = [*lab.receiver.pids(lab.service.program)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        lab.service._started.send_signal(signal.SIGCONT)


def test_look_ups(asked):
    lab, socket = asked, asked.alias_socket
    findings = Findings(lab, *HOST)
    assert not findings.not_ok(), str(findings)
    assert findings.find("ok", "alias.lookup", str(socket), "an unknown alias is not found")

    lab.service_kill()
    findings = Findings(lab, "alias", "maps")
    expect(findings, [("failure", "alias.lookup", str(socket), "451", "systemctl restart"),
                      ("failure", "maps.route", "the look-up fails")])
    lab.service_start()
    with changed(lambda: shutil.chown(socket, None, "havedane"), lambda: shutil.chown(socket, None, "postfix")):
        findings = Findings(lab, "alias", "maps")
        expect(findings, [("failure", "alias.socket", "its group is havedane, not postfix", "chgrp postfix"),
                          ("failure", "maps.route", "the look-up fails")])
        assert findings.find("ok", "alias.lookup"), "root may ask"
    with stopped(lab):
        expect(Findings(lab, "alias"), [("failure", "alias.lookup", str(socket), "no answer in time")])
        expect(Findings(lab, "web"), [("failure", "web.service", str(lab.socket), "the service does not answer")])
    until(lambda: not Findings(lab, "alias").not_ok(), 10, "the service to answer again")

    probes = lab.receiver.directory / "maps" / "probes"
    with kept(probes):
        probes.write_text("/^(.+@(do|dont)\\.havedane\\.test)$/ $1\n")
        expect(Findings(lab, "maps"), [("failure", "maps.route", "wrong.havedane.test", "nobody")])


def test_all_is_well_again(lab):
    """But for what catch-all cannot tell."""
    findings = Findings(lab)
    expect(findings, [("warning", "alias.lookup", "catch-all", '"wrong"', "havedane setup (without --catch-all)")])
    assert len(findings.not_ok()) == 1, str(findings)
    assert findings.find("ok", "rcpt.live") and not findings.find("ok", "rcpt.offer")
