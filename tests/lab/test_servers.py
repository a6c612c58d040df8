"""What the page tells the visitors to do on their mail servers (www/servers.js), done on those that Debian ships: real
mail is sent before and after, and what is said of logs and commands is looked for.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import urllib.parse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import lab_dns
from lab import PROBES
from lab_debian import Debian, fetch
from lab_net import until

WWW = Path(__file__).resolve().parents[2] / "www"
PACKAGES = {"postfix": "bind9-dnsutils", "exim": "exim4-daemon-light", "sendmail": "sendmail-bin", "opensmtpd": "opensmtpd"}
ANSWERS = {"exim": "exim4-config exim4/dc_eximconfig_configtype select "
                   "internet site; mail is sent and received directly using SMTP\n"}
TRUSTING = f"nameserver {lab_dns.RESOLVER[0]}\noptions edns0 trust-ad\n"


def module(name):
    """What an ES module of data exports, by name."""
    if not shutil.which("node"):
        pytest.fail("not installed: node (Debian: nodejs)")
    script = "import(process.argv[1]).then((all) => console.log(JSON.stringify(all)))"
    # As its text: Debian's Node.js would take a file of this name for a CommonJS module.
    url = "data:text/javascript," + urllib.parse.quote((WWW / name).read_text())
    done = subprocess.run(["node", "--input-type=module", "-e", script, "--", url], capture_output=True, text=True, timeout=60,
                          check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def servers():
    return {server["id"]: server for server in module("servers.js")["SERVERS"]}


@pytest.fixture(scope="module")
def resolver():
    return module("servers.js")["RESOLVER"]


def test_the_data_can_be_shown(servers, resolver):
    """Each server has all that the page may show, and the only placeholder is the one it knows."""
    assert len(servers) == len(module("servers.js")["SERVERS"])
    for server in servers.values():
        assert set(server) == {"id", "name", "snippets", "check", "log", "link"}
    for snippet in (snippet for entry in (resolver, *servers.values()) for snippet in entry["snippets"]):
        assert set(snippet) == {"file", "text"}
        assert snippet["file"].startswith("/") or snippet["file"] in ("sh", "PowerShell", "exim.conf")
    assert set(re.findall(r"(?<!lookup dnsdb)(?<!sh)\{(\w+)\}", (WWW / "servers.js").read_text())) == {"domain"}


# The machines


def start_postfix(machine, packages):
    """Debian's Postfix, set up as its package does for an "Internet Site"; and dig, besides. There is no syslog here."""
    machine.add(packages)
    machine.shell("cd /etc/postfix; cat /usr/share/postfix/main.cf.debian /usr/share/postfix/main.cf.tls >main.cf;"
                  f"cp master.cf.proto master.cf; postconf -e myhostname={machine.fqdn} myorigin=/etc/mailname"
                  " 'mydestination=$myhostname' maillog_file=/var/log/mail.log; service postfix start")


def start_exim(machine, packages):
    machine.replace_postfix(packages, ANSWERS["exim"])


def start_sendmail(machine, packages):
    machine.replace_postfix(packages)
    machine.write("/etc/resolv.conf", TRUSTING)
    machine.shell("service sendmail start")


def start_opensmtpd(machine, packages):
    machine.replace_postfix(packages)
    machine.write("/etc/resolv.conf", TRUSTING)
    start_smtpd(machine)


def start_smtpd(machine):
    machine.host.spawn(machine.command("smtpd", "-d"), "smtpd.log")
    until(lambda: machine.run("smtpctl", "show", "status", check=False).returncode == 0, 20, "smtpd to start")


def stop_smtpd(machine):
    for pid in machine.host.pids("smtpd"):
        os.kill(pid, signal.SIGTERM)
    until(lambda: machine.run("smtpctl", "show", "status", check=False).returncode != 0, 20, "smtpd to end")


START = {"postfix": start_postfix, "exim": start_exim, "sendmail": start_sendmail, "opensmtpd": start_opensmtpd}


@pytest.fixture(scope="module")
def machines(lab, tmp_path_factory):
    """The four, each with its server as it comes from the package and has the lab's validating resolver."""
    directory = tmp_path_factory.mktemp("packages")
    found = {name: Debian(lab, f"debian-{name}", number) for number, name in enumerate(START)}

    def start(name):
        START[name](found[name], fetch(directory / name, PACKAGES[name]))
    with ThreadPoolExecutor(len(START)) as pool:
        list(pool.map(start, START))
    return found


def follow(machine, snippets):
    """Does what snippets say: writes their files, types their commands."""
    for snippet in snippets:
        if snippet["file"].startswith("/"):
            machine.write(snippet["file"], snippet["text"])
        else:
            assert snippet["file"] == "sh"
            machine.shell(snippet["text"])


def judge(lab, *machines):
    """Sends the three messages from each machine; returns the tests when all have a verdict, by the machines' names. The
    one to `wrong` goes first: OpenSMTPD waits for seconds before its third to one address."""
    aliases = {machine.name: lab.create()["alias"] for machine in machines}
    for machine in machines:
        machine.send(aliases[machine.name], reversed(PROBES))
    return {name: lab.wait(alias, has_verdict, 60) for name, alias in aliases.items()}


def has_verdict(test):
    return test["verdict"]["result"] not in ("waiting", "running")


def results(tests):
    return {name: test["verdict"]["result"] for name, test in tests.items()}


@pytest.fixture(scope="module")
def shipped(lab, machines):
    """The tests of all four, as they come."""
    return judge(lab, *machines.values())


@pytest.fixture(scope="module")
def advised(lab, machines, shipped, servers, resolver):
    """The tests after what is said of the resolver has been done for Postfix and Exim, and what is said of Postfix. The
    package unbound is here already; Exim has no such command as Postfix's, and needs none."""
    install, names, restart = resolver["snippets"]
    assert install["text"] == "apt install unbound"
    postfix, exim = machines["postfix"], machines["exim"]
    for machine in (postfix, exim):
        machine.start_resolver()
        follow(machine, [names])
    follow(postfix, [restart, *servers["postfix"]["snippets"]])
    return judge(lab, postfix, exim)


def exim_with(machine, text):
    """Gives Exim a configuration of its own instead of Debian's. What it remembers of hosts that it could not deliver to is forgotten: it would
    not even try them again, for a quarter of an hour."""
    machine.write("/etc/exim4/exim4.conf", text)
    machine.shell("rm -f /var/spool/exim4/db/*")


def set_sendmail(machine, snippet):
    """Puts something among the settings of sendmail, which reads them at its next start."""
    head, mark, tail = machine.read(snippet["file"]).partition("MAILER_DEFINITIONS")
    assert mark
    machine.write(snippet["file"], head + snippet["text"] + mark + tail)
    machine.shell("make -s -C /etc/mail sendmail.cf")


def set_opensmtpd(machine, snippet):
    """Puts an action in place of that which has the same name."""
    changed, count = re.subn('^action "relay" .*$', snippet["text"].strip(), machine.read(snippet["file"]),
                             flags=re.MULTILINE)
    assert count == 1
    machine.write(snippet["file"], changed)
    stop_smtpd(machine)
    start_smtpd(machine)


def by_relay(snippet, relay):
    assert "relay.example.org" in snippet["text"]
    return {**snippet, "text": snippet["text"].replace("relay.example.org", relay)}


@pytest.fixture(scope="module")
def without(lab, machines, advised, servers):
    """The test of Exim with DANE switched off in a configuration that is nothing else but the one on the page."""
    exim, given = machines["exim"], servers["exim"]["snippets"][0]["text"]
    off = given.replace("hosts_try_dane = *", "hosts_try_dane =")
    assert off != given
    exim_with(exim, off)
    return judge(lab, exim)


@pytest.fixture(scope="module")
def configured(lab, machines, without, servers):
    """The tests of Exim with the configuration on the page, and of sendmail and OpenSMTPD with Postfix as their relay."""
    exim, smtpd, sendmail, postfix = (machines[name] for name in ("exim", "opensmtpd", "sendmail", "postfix"))
    exim_with(exim, servers["exim"]["snippets"][0]["text"])
    postfix.shell(f"postconf -e 'mynetworks = 127.0.0.0/8 {smtpd.host.ipv4} {sendmail.host.ipv4}'; postfix reload")
    set_sendmail(sendmail, by_relay(servers["sendmail"]["snippets"][1], f"[{postfix.host.ipv4}]"))
    sendmail.shell("service sendmail restart")
    set_opensmtpd(smtpd, by_relay(servers["opensmtpd"]["snippets"][0], postfix.host.ipv4))
    return judge(lab, exim, sendmail, smtpd)


# What the servers do


def test_none_verifies_as_shipped(shipped):
    assert set(results(shipped).values()) == {"no-dane"}


def test_each_verifies_after_the_advice(advised):
    assert results(advised) == {"debian-postfix": "dane", "debian-exim": "dane"}


def test_exims_configuration_makes_the_difference(lab, machines, servers, without, configured):
    assert results(without)["debian-exim"] == "no-dane"
    assert results(configured)["debian-exim"] == "dane"
    assert refusals_by_exim(lab, machines, servers, configured["debian-exim"]["alias"])


def test_those_that_cannot_may_hand_their_mail_to_postfix(lab, machines, servers, configured):
    log = machines["postfix"].read("/var/log/mail.log").splitlines()
    for name in ("debian-sendmail", "debian-opensmtpd"):
        assert configured[name]["verdict"]["result"] == "dane"
        recipient = f"to=<{configured[name]['alias']}@wrong.{lab.domain}>"
        assert any(recipient in line and servers["postfix"]["log"] in line for line in log), name


def test_debians_exim_has_these_settings(machines, servers):
    """So the page need not tell Debian's users to set anything there."""
    exim = machines["exim"]
    wanted = set(re.findall(r"^ *((?:dns_|dnssec_|hosts_)\w+ = \S+)$", servers["exim"]["snippets"][0]["text"], re.MULTILINE))
    shown = "".join(exim.shell(f"exim4 -C /var/lib/exim4/config.autogenerated -bP {what}").stdout
                    for what in ("dns_dnssec_ok", "router dnslookup", "transport remote_smtp"))
    assert len(wanted) == 3 and wanted <= set(shown.splitlines())


def test_debians_sendmail_does_not_start_with_dane(machines, servers, configured):
    """It has been built without, which the command tells. So the page says to look first."""
    sendmail, server = machines["sendmail"], servers["sendmail"]
    assert [sendmail.shell(command, check=False).returncode for command in server["check"]] == [1]
    set_sendmail(sendmail, server["snippets"][0])
    started = sendmail.run("sendmail", "-bd", check=False)
    assert started.returncode != 0 and "readcf: unknown option name DANE" in started.stdout


# What is said of logs and commands


def said(lab, text):
    return text.replace("{domain}", lab.domain)


def test_postfix_logs_the_refusal(lab, machines, advised, servers):
    alias = advised["debian-postfix"]["alias"]
    lines = [line for line in machines["postfix"].read("/var/log/mail.log").splitlines() if f"<{alias}@" in line]
    assert [said(lab, servers["postfix"]["log"]) in line for line in lines if f"@wrong.{lab.domain}>" in line] == [True]
    assert not any(said(lab, servers["postfix"]["log"]) in line for line in lines if f"@wrong.{lab.domain}>" not in line)


def test_exim_logs_the_refusal(lab, machines, advised, servers):
    assert refusals_by_exim(lab, machines, servers, advised["debian-exim"]["alias"])


def refusals_by_exim(lab, machines, servers, alias):
    """The lines of Exim's log that say what the page says, about the message to an alias at `wrong`."""
    lines = machines["exim"].read("/var/log/exim4/mainlog").splitlines()
    queue_id = next(line.split()[2] for line in lines if f" {alias}@wrong.{lab.domain} " in line)
    return [line for line in lines if queue_id in line and said(lab, servers["exim"]["log"]) in line]


def test_posttls_finger_tells_right_from_wrong(lab, machines, advised, servers):
    right, wrong = (machines["postfix"].shell(said(lab, command)).stdout for command in servers["postfix"]["check"])
    assert "DNSSEC-signed TLSA record: " in right and "Verified TLS connection established to do." in right
    assert "DNSSEC-signed TLSA record: " in wrong and "num=65:no matching DANE TLSA records" in wrong
    assert "Untrusted TLS connection established to wrong." in wrong
    dont = machines["postfix"].shell(said(lab, servers["postfix"]["check"][0]).replace("do.", "dont.")).stdout
    assert "TLSA record" not in dont and "TLS connection established to dont." in dont


def test_exims_commands_tell_whether_it_can(lab, machines, advised, servers):
    built, asked = (said(lab, command) for command in servers["exim"]["check"])
    exim = machines["exim"]
    assert "DANE" in exim.shell(built).stdout
    assert "3 1 1 " in exim.shell(asked).stdout
    names = exim.read("/etc/resolv.conf")
    exim.write("/etc/resolv.conf", names.replace("trust-ad", ""))
    assert "3 1 1" not in exim.shell(asked, check=False).stdout
    exim.write("/etc/resolv.conf", names)


def test_the_resolvers_commands_tell_whether_it_validates(lab, machines, advised, resolver):
    postfix = machines["postfix"]
    validates, same = (said(lab, command) for command in resolver["check"])
    assert postfix.shell(validates, check=False).returncode == 0
    assert postfix.shell(same, check=False).returncode == 0
    assert postfix.shell(validates.replace(f"do.{lab.domain}", lab_dns.SENDER_DOMAIN), check=False).returncode == 1
    names = postfix.read("/etc/resolv.conf")
    postfix.write("/etc/resolv.conf", f"{names}# changed, and Postfix not restarted\n")
    assert postfix.shell(same, check=False).returncode == 1
    postfix.write("/etc/resolv.conf", names)
