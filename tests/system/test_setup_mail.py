"""What havedane setup makes of Debian's Postfix: real mail to it, from a client that it does not know."""

import contextlib
import json
import re
import ssl
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from machine import CLIENT, DOMAIN, SERVER, Machine
from support import PROBES, milliseconds, until

DATABASE = "/var/lib/havedane/havedane.db"


class MailMachine(Machine):
    """One that is set up, in either of the two ways: it takes mail for any alias, or asks the service which are live."""

    def __init__(self, staged, way):
        super().__init__(staged)
        try:
            self.way = way
            self.setup("--domain", DOMAIN, *(["--catch-all"] if way == "catch-all" else []))
            if way == "asked":
                self.service = self.start_service()
            self.count = 0
        except BaseException:
            self.close()
            raise

    SQLITE = ("sqlite3", "-cmd", ".timeout 30000", "-list", DATABASE)

    def sql(self, statement):
        """Runs a statement, on the machine; returns its rows."""
        return [tuple(line.split("|")) for line in self(*self.SQLITE, statement).splitlines()]

    @contextlib.contextmanager
    def locked(self):
        """While the database is, for everybody else."""
        command = self.namespaces.enter("chroot", f"{self.dir}/root", *self.SQLITE)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            holder.stdin.write(b"BEGIN IMMEDIATE; SELECT 'locked';\n")
            holder.stdin.flush()
            assert holder.stdout.readline() == b"locked\n"
            yield

    def create(self):
        """A new test; returns its alias."""
        self.count += 1
        alias = "".join("abcdefgh"[int(digit)] for digit in f"{self.count:016o}")
        self.sql(f"INSERT INTO tests (alias, created) VALUES ('{alias}', {milliseconds()})")
        return alias

    def recorded(self, alias):
        return {row[0] for row in self.sql(f"SELECT probe FROM deliveries WHERE alias = '{alias}'")}


@pytest.fixture(scope="module", params=["asked", "catch-all"])
def server(request, staged):
    server = MailMachine(staged, request.param)
    yield server
    server.close()


# --- it arrives

@pytest.mark.parametrize("family", ["IPv4", "IPv6"])
def test_messages_are_recorded(server, family):
    alias = server.create()
    for probe in PROBES:
        server.wait_gone(server.send(f"{alias}@{probe}.{DOMAIN}", family=family))
    assert server.recorded(alias) == set(PROBES)
    addresses = server.sql(f"SELECT DISTINCT client_address, transport FROM deliveries WHERE alias = '{alias}'")
    assert addresses == [(CLIENT[family], "clear")]


def leaf(client, name, version=None):
    """The certificate that is shown to who asks for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version:
        context.maximum_version = version
    client._host = name  # where smtplib takes the server's name from
    assert client.starttls(context=context)[0] == 220
    return ssl.DER_cert_to_PEM_cert(client.sock.getpeercert(binary_form=True))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_is_offered_with_our_certificate(server, version):
    ours = server.read("/etc/havedane/tls/server.pem")
    alias = server.create()
    for probe in PROBES:
        with server.smtp() as client:
            assert ours.startswith(leaf(client, f"{probe}.{DOMAIN}", version))
            client.sendmail("tester@sender.test", [f"{alias}@{probe}.{DOMAIN}"], "Subject: x\n\nx\n")
        until(lambda: probe in server.recorded(alias), "the message to be recorded")
        assert f"to {probe}.{DOMAIN}: {version.name.replace('_', '.')} with cipher" in server.log
    evidence = server.sql(f"SELECT DISTINCT transport, tls_protocol FROM deliveries WHERE alias = '{alias}'")
    assert evidence == [("tls", version.name.replace("_", "."))]


def test_the_hook_runs_as_havedane(server):
    alias = server.create()
    uid, gid = (server("id", option, "havedane").strip() for option in ("-u", "-g"))
    with server.locked():  # so that the hook waits and can be looked at
        server.send(f"{alias}@do.{DOMAIN}")
        script = "for e in /proc/[0-9]*; do [ \"$(readlink $e/exe)\" = /usr/libexec/havedane/havedane-hook ] && cat $e/status; done"
        status = until(lambda: server.run("sh", "-c", script).stdout, "the hook to run")
    for name, wanted in (("Uid", uid), ("Gid", gid), ("Groups", gid)):
        assert set(re.search(rf"^{name}:\s*(.*?)\s*$", status, re.MULTILINE)[1].split()) == {wanted}, status
    until(lambda: server.recorded(alias), "the message to be recorded")


# --- nobody's message is refused where another's was taken

def test_thirty_in_a_row_from_one_client(server):
    aliases = [server.create() for _ in range(10)]
    for alias in aliases:
        for probe in PROBES:
            server.send(f"{alias}@{probe}.{DOMAIN}")
    until(lambda: all(server.recorded(alias) == set(PROBES) for alias in aliases), "thirty messages")


def test_three_times_ten_at_once_from_one_client(server):
    aliases = [server.create() for _ in range(10)]
    clients = [server.smtp() for _ in range(30)]
    assert [client.ehlo()[0] for client in clients] == [250] * 30

    def send(number):
        address = f"{aliases[number // 3]}@{PROBES[number % 3]}.{DOMAIN}"
        return clients[number].sendmail("tester@sender.test", [address], "Subject: x\n\nx\n")

    with ThreadPoolExecutor(30) as threads:
        assert list(threads.map(send, range(30))) == [{}] * 30
    for client in clients:
        client.quit()
    until(lambda: all(server.recorded(alias) == set(PROBES) for alias in aliases), "thirty messages")


def test_size_is_refused_alike_at_each_probe(server):
    alias = server.create()
    for probe in PROBES:
        with server.smtp() as client:
            client.ehlo()
            assert client.mail("tester@sender.test", ["SIZE=2097153"])[0] == 552
            assert client.mail("tester@sender.test", ["SIZE=2097152"])[0] == 250
            client.rset()
        message = "Subject: large\n\n" + ("x" * 70 + "\n") * 28000
        server.wait_gone(server.send(f"{alias}@{probe}.{DOMAIN}", message=message))
    assert server.recorded(alias) == set(PROBES)


def test_recipients_of_one_message(server):
    alias = server.create()
    for probe in PROBES:
        with server.smtp() as client:
            client.ehlo()
            client.mail("tester@sender.test")
            codes = [client.rcpt(f"{alias}+{number}@{probe}.{DOMAIN}")[0] for number in range(51)]
            assert codes == [250] * 50 + [452]


@pytest.mark.parametrize("parameter, value", [("smtpd_hard_error_limit", 20), ("smtpd_junk_command_limit", 100)])
def test_limits_are_the_same_under_stress(server, parameter, value):
    for stress in ("", "yes"):
        assert int(server("postconf", "-x", "-h", "-o", f"stress={stress}", parameter)) == value


def test_errors_under_stress(server):
    """As Postfix starts its SMTP servers after a moment with all connections in use."""
    alias = server.create()
    master = server.read("/etc/postfix/master.cf")
    server("postconf", "-P", "smtp/inet/stress=yes")
    server("postfix", "reload")
    try:
        with server.smtp() as client:
            client.ehlo()
            for _ in range(4):
                client.mail("tester@sender.test")
                assert client.rcpt("x@elsewhere.test")[0] == 554
                client.rset()
            client.mail("tester@sender.test")
            assert client.rcpt(f"{alias}@do.{DOMAIN}")[0] == 250
    finally:
        server.write("/etc/postfix/master.cf", master)
        server("postfix", "reload")


def test_vrfy(server):
    with server.smtp() as client:
        client.ehlo()
        assert client.verify("root")[0] == 502


# --- nobody is written to who is only said to be a sender

def test_no_notice_of_success(server):
    alias = server.create()
    with server.smtp() as client:
        client.ehlo()
        assert not client.has_extn("dsn")
        assert client.docmd("MAIL FROM:<victim@victim.test> RET=FULL")[0] == 501
        assert client.mail("victim@victim.test")[0] == 250
        assert client.docmd(f"RCPT TO:<{alias}@do.{DOMAIN}> NOTIFY=SUCCESS")[0] == 501
        assert client.docmd(f"RCPT TO:<{alias}@do.{DOMAIN}>")[0] == 250


# --- a sender's own Delivered-To

HEADERS = {
    "ours": "Delivered-To: havedane-{probe}@localhost\n",
    "letter case": "DELIVERED-to: HaveDANE-{probe}@LocalHost\n",
    "several blanks": "Delivered-To:  \t havedane-{probe}@localhost\n",
    "none": "Delivered-To:havedane-{probe}@localhost\n",
    "blank before the colon": "Delivered-To : havedane-{probe}@localhost\n",
    "blanks at the end": "Delivered-To: havedane-{probe}@localhost  \n",
    "folded before it": "Delivered-To:\n havedane-{probe}@localhost\n",
    "folded after it": "Delivered-To: havedane-{probe}@localhost\n (again)\n",
    "with a domain": "Delivered-To: havedane-{probe}@localhost.example.org\n",
    "more behind it": "Delivered-To: havedane-{probe}@localhostess\n",
    # Of which local(8) sees no more than 2048 bytes, which end with "localhost".
    "2048 bytes": "{long}xxx\n",
    "twice": "Delivered-To: havedane-{probe}@localhost\nX: y\nDelivered-To: havedane-{probe}@localhost\n",
    "behind somebody's": "Delivered-To: tester@sender.test\nDelivered-To: havedane-{probe}@localhost\n",
    "a resent message": "Received: from x by y; Mon, 23 Nov 2026 15:15:20 +0000\nDelivered-To: havedane-{probe}@localhost\n",
    "in a nested message": "MIME-Version: 1.0\nContent-Type: message/rfc822\n\nDelivered-To: havedane-{probe}@localhost\n",
    "in a part": "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nDelivered-To: havedane-{probe}@localhost\n",
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_delivered_to_is_no_loop(server, header):
    alias = server.create()
    for probe in PROBES:
        name = f"havedane-{probe}@localhost"
        long = "Delivered-To:" + " " * (2048 - len("Delivered-To:" + name)) + name
        message = header.format(probe=probe, long=long) + "Subject: forwarded\n\nHello.\n"
        queue_id = server.send(f"{alias}@{probe}.{DOMAIN}", message=message)
        server.wait_gone(queue_id)
        assert server.outcomes(queue_id) == ["sent"]
    assert server.recorded(alias) == set(PROBES)


def test_delivered_to_of_others_stays(server):
    lines = ["Delivered-To: tester@sender.test", "Delivered-To: havedane-wrong@localhos", "Delivered-To: xhavedane-do@localhost",
             "Delivered-To: havedane-do@example.test", "X-Delivered-To: havedane-do@localhost", "X: Delivered-To: havedane-do@localhost"]
    server.wait_gone(server.send("root@example.org", message="\n".join(lines) + "\nSubject: marked\n\nHello.\n"))
    mailbox = server.read("/var/mail/nobody" if server.path("/var/mail/nobody").exists() else "/var/mail/root")
    for line in lines:
        assert f"\n{line}\n" in mailbox, line


# --- nothing is relayed

OTHERS = [
    "victim@victim.test", "victim@[192.0.2.99]", "victim@[IPv6:2001:db8::99]", '"victim@victim.test"', "victim%victim.test",
    "victim%victim.test@mail.example.org", "victim%victim.test@localhost", f"victim%victim.test@[{SERVER['IPv4']}]",
    f"victim%victim.test@[IPv6:{SERVER['IPv6']}]", "victim@victim.test@mail.example.org", '"victim@victim.test"@mail.example.org',
    '"victim@victim.test"@localhost', f"@do.{DOMAIN}:victim@victim.test", f"@mail.example.org,@do.{DOMAIN}:victim@victim.test",
    "@localhost:victim@victim.test", "victim.test!victim", "victim.test!victim@mail.example.org", "victim.test!victim@localhost",
    f"victim@sub.do.{DOMAIN}", f"victim@{DOMAIN}", f"victim@xdo.{DOMAIN}", f"victim@do.{DOMAIN}.victim.test", "victim@victim.test.",
    "victim@localhost.victim.test", '"victim%victim.test"@mail.example.org', "victim@victim.test%mail.example.org",
    f"do.{DOMAIN}!victim@victim.test", f"victim%do.{DOMAIN}@victim.test", "victim@mail.example.org@victim.test",
    *(f"{local}@{probe}.{DOMAIN}" for probe in PROBES
      for local in ("victim%victim.test", "victim.test!victim", '"victim@victim.test"')),
    "|/bin/sh@mail.example.org", ":include:/etc/passwd@localhost", "/tmp/file@localhost"]
SENDERS = ["tester@sender.test", "", "root@mail.example.org", "root@localhost", f"x@do.{DOMAIN}", "victim@victim.test"]


@pytest.mark.parametrize("address", OTHERS)
def test_no_open_relay(server, address):
    for sender in SENDERS:
        with server.smtp() as client:
            client.ehlo()
            assert client.mail(sender)[0] == 250
            code, text = client.docmd(f"RCPT TO:<{address}>")
            assert 500 <= code <= 599, (sender, code, text)


@pytest.mark.parametrize("local", ["|sh", "/tmp/x", ":include:/etc/passwd", "\\root", "root", "havedane-do", "a+b", "unknown"])
def test_what_is_no_alias_is_refused_or_dropped(server, local):
    before = server.log
    for probe in PROBES:
        if server.way == "catch-all":
            queue_id = server.send(f"{local}@{probe}.{DOMAIN}")
            server.wait_gone(queue_id)
            assert server.outcomes(queue_id) == ["sent"]
        else:
            with server.smtp() as client:
                client.ehlo()
                client.mail("tester@sender.test")
                code, text = client.rcpt(f"{local}@{probe}.{DOMAIN}")
                assert code == 550 and text.startswith(b"5.1.1 "), text
    assert not re.search(r"postfix/(smtp|bounce)\[", server.log.removeprefix(before))


def test_this_host_may_relay(server):
    """Otherwise the tests above could pass because nothing works."""
    with server.smtp(source="127.0.0.1") as client:
        client.ehlo()
        client.mail("root@mail.example.org")
        assert client.rcpt("somebody@elsewhere.test")[0] == 250
        client.rset()


# --- the service down

def answers(server, *addresses):
    """The codes that RCPT gets for each."""
    with server.smtp() as client:
        client.ehlo()
        client.mail("tester@sender.test")
        return [client.rcpt(address)[0] for address in addresses]


def test_service_down_and_up_again(server):
    alias = server.create()
    addresses = [*(f"{alias}@{probe}.{DOMAIN}" for probe in PROBES), f"unknown@do.{DOMAIN}", "root@example.org",
                 f"root@{DOMAIN}", "x@elsewhere.test"]
    if server.way == "asked":
        assert answers(server, *addresses) == [250, 250, 250, 550, 250, 554, 554]
        server.stop_service(server.service)
        # Ours: try again. Everybody else's mail does not depend on the service.
        assert answers(server, *addresses) == [451, 451, 451, 451, 250, 554, 554]
        server.service = server.start_service()
        assert answers(server, *addresses) == [250, 250, 250, 550, 250, 554, 554]
    else:
        assert answers(server, *addresses) == [250, 250, 250, 250, 250, 554, 554]


# --- what is in the queue when setup is taken back

def queue(server):
    return {message["queue_id"] for message in map(json.loads, server("postqueue", "-j").splitlines())}


def test_removal_while_messages_wait_for_the_hook(server):
    """They would be bounced: nothing is changed, or they are deleted."""
    hook = "/usr/libexec/havedane/havedane-hook"
    alias = server.create()
    server("chmod", "a-x", hook)
    try:
        ours = {server.send(f"{alias}@{probe}.{DOMAIN}") for probe in PROBES}
        until(lambda: all("deferred" in server.outcomes(queue_id) for queue_id in ours), "three messages to wait")
        before = server.tree()
        said = server.setup("--remove", status=78)
        assert "Postfix's queue has 3 messages for the hook" in said and "postqueue -f" in said and "--purge" in said
        assert server.changed_since(before) == []
        printed = server.setup("--remove", "--purge", "--dry-run")
        assert {f"would remove message {queue_id} from Postfix's queue" in printed for queue_id in ours} == {True}
        # One that is somebody else's, too, is not ours to delete.
        server("sh", "-c", "echo 'waits: \"|exit 75\"' >>/etc/aliases && newaliases")
        mixed = server.send(f"{alias}@do.{DOMAIN}", "waits@localhost")
        until(lambda: server.outcomes(mixed).count("deferred") > 1, "a message to wait")
        before = server.tree()
        said = server.setup("--remove", "--purge", status=78)
        assert "has 4 messages" in said and "1 of them is for others, too" in said
        assert server.changed_since(before) == []
        assert queue(server) == ours | {mixed}
    finally:
        server("chmod", "a+x", hook)
    server("postsuper", "-d", mixed)
    server("postqueue", "-f")
    for queue_id in ours:
        server.wait_gone(queue_id)


def test_nothing_was_bounced(server):
    assert "status=bounced" not in server.log


def test_removal_with_messages_for_the_hook(staged):
    """With --purge they go, and nobody hears of it."""
    server = MailMachine(staged, "catch-all")
    try:
        server("chmod", "a-x", "/usr/libexec/havedane/havedane-hook")
        other, ours = server.send("root@localhost"), {server.send(f"unknown@{probe}.{DOMAIN}") for probe in PROBES}
        server.wait_gone(other)
        until(lambda: all("deferred" in server.outcomes(queue_id) for queue_id in ours), "three messages to wait")
        server.setup("--remove", "--purge")
        assert queue(server) == set()
        assert "status=bounced" not in server.log
    finally:
        server.close()
