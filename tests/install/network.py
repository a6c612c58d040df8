"""The laboratory round a container: a network, name servers and senders, and the container as its receiver."""

import json
import shutil
import tempfile
from pathlib import Path

import lab_dns
import lab_mail
import lab_net
from container import Container
from lab import DOMAIN, FIRST_SENDER, PROBES, RECEIVER, decided
from lab_net import Host, Switch, until
from lab_senders import SENDERS

WANTED = ("dane", "may")  # a sender that verifies DANE, and one that does not


class Network:
    """As a context manager: up inside the block, and gone after it. The name servers come later, by publish()."""

    def __init__(self, root):
        self.dir = Path(tempfile.mkdtemp(prefix="havedane-install-"))
        self.dir.chmod(0o755)
        self.switch = Switch(self.dir, "switch")
        self.dns = Host(self.dir, "dns", *lab_dns.RESOLVER)
        self.senders = {sender.name: Host(self.dir, sender.name, f"192.0.2.{FIRST_SENDER + n}", f"2001:db8:25::{FIRST_SENDER + n}")
                        for n, sender in enumerate(SENDERS) if sender.name in WANTED}
        self.container = Container(self.dir, "receiver", root, *RECEIVER)

    def __enter__(self):
        try:
            self.switch.start()
            for host in (self.dns, *self.senders.values()):
                host.start()
                host.connect(self.switch)
            self.container.root.path("etc/resolv.conf").write_text(
                "".join(f"nameserver {address}\n" for address in lab_dns.RESOLVER) + "options edns0 trust-ad\n")
            self.container.boot(self.switch)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        with lab_net.uninterrupted():
            lab_net.end(self.dir)
            for host in (self.switch, self.dns, *self.senders.values(), self.container):
                host.reap()
            shutil.rmtree(self.dir)

    def publish(self, records):
        """Serves the domain with these records, signed, and starts the senders, who look there."""
        lab_dns.start(self.dns, DOMAIN, records, list(self.senders.values()))
        for sender in SENDERS:
            if host := self.senders.get(sender.name):
                host.add_address(host.ipv4, host.ipv6)
                host.use_resolver(*lab_dns.RESOLVER)
                postfix = lab_mail.configure_sender(host, sender.settings)
                postfix.end_start(postfix.begin_start())

    @property
    def anchor(self):
        """The key that the domain is signed with, as a resolver's trust anchor."""
        return (self.dns.directory / "anchor").read_text()

    def send(self, sender, alias, probes=PROBES):
        for probe in probes:
            lab_mail.submit(lab_mail.Postfix(self.senders[sender]), f"{alias}@{probe}.{DOMAIN}")

    # The page, as a visitor on a sender's host sees it

    def ask(self, method, path, check=True):
        """A request to the API: the answer as JSON, or None when there is none and check is false."""
        done = self.senders["may"].run(
            ["curl", "--silent", "--show-error", "--fail", "--max-time", "20", "--noproxy", "*", "-X", method, "--resolve",
             f"{DOMAIN}:80:{RECEIVER[0]}", f"http://{DOMAIN}{path}"], check=check)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def wait(self, alias, predicate=decided, seconds=60):
        return until(lambda: (test := self.ask("GET", f"/api/tests/{alias}")) and predicate(test) and test, seconds, "the test")

    def verdict(self, sender):
        """What is said about a sender after it sent its three messages."""
        alias = self.ask("POST", "/api/tests")["alias"]
        self.send(sender, alias)
        return self.wait(alias)["verdict"]["result"]

    def rcpt(self, *recipients):
        """What Postfix says to each recipient: the code and enhanced code, and how long the longest took in seconds."""
        program = (
            "import smtplib, sys, time\n"
            f"with smtplib.SMTP('{RECEIVER[0]}', timeout=60) as smtp:\n"
            "    smtp.ehlo('visitor.test'); smtp.mail('<>')\n"
            "    for recipient in sys.argv[1:]:\n"
            "        begun = time.monotonic()\n"
            "        code, text = smtp.rcpt(recipient)\n"
            "        print(code, text.split()[0].decode(), time.monotonic() - begun)\n")
        done = self.senders["may"].run(["/usr/bin/python3", "-I", "-c", program, *recipients], timeout=150)
        rows = [line.split() for line in done.stdout.splitlines()]
        return [f"{code} {enhanced}" for code, enhanced, _ in rows], max(float(seconds) for *_, seconds in rows)
