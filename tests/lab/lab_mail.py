"""Postfix of the laboratory: the receiver's, set up with what `havedane postfix` prints, and one for each sender."""

import re
import shutil
import smtplib
import subprocess
from pathlib import Path

from lab_dns import SENDER_DOMAIN
from lab_net import LabError, until

# name, type, private, unprivileged, chroot, wakeup, process limit, command: Debian's, without chroot
SERVICES = """\
pickup    unix n - n 60    1 pickup
cleanup   unix n - n -     0 cleanup
qmgr      unix n - n 300   1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n -     - trivial-rewrite
bounce    unix - - n -     0 bounce
defer     unix - - n -     0 bounce
trace     unix - - n -     0 bounce
verify    unix - - n -     1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n -     - proxymap
proxywrite unix - - n -    1 proxymap
smtp      unix - - n -     - smtp
relay     unix - - n -     - smtp
showq     unix n - n -     - showq
error     unix - - n -     - error
retry     unix - - n -     - error
discard   unix - - n -     - discard
local     unix - n n -     - local
virtual   unix - n n -     - virtual
lmtp      unix - - n -     - lmtp
anvil     unix - - n -     1 anvil
scache    unix - - n -     1 scache
postlog   unix-dgram n - n - 1 postlogd
"""
LISTENER = "smtp      inet n - n -     - smtpd\n"


class Postfix:
    """One Postfix, all of whose files are in its host's folder."""

    def __init__(self, host):
        self.host = host
        self.etc = host.directory / "postfix"
        self.log = host.directory / "mail.log"

    def configure(self, text, services, **more):
        """Writes main.cf: `text`, and whatever it does not set itself of `more` and of what keeps to the host's folder."""
        self.etc.mkdir(mode=0o755)
        (self.host.directory / "queue").mkdir(mode=0o755)
        data = self.host.directory / "data"
        data.mkdir(mode=0o700)
        shutil.chown(data, "postfix", "postfix")
        own = {"compatibility_level": "3.6", "queue_directory": self.host.directory / "queue", "data_directory": data,
               "maillog_file": self.log, "maillog_file_prefixes": self.host.lab_directory, "inet_protocols": "all",
               **more}
        there = set(re.findall(r"^(\w+)\s*=", text, re.MULTILINE))
        lines = [f"{name} = {value}\n" for name, value in own.items() if name not in there]
        (self.etc / "main.cf").write_text("".join(lines) + text)
        (self.etc / "master.cf").write_text(services)

    def override(self, settings):
        if settings:
            self.command("postconf", "-e", *(f"{name}={value}" for name, value in settings.items()))

    def command(self, name, *arguments, **options):
        """Runs one of Postfix's commands on this Postfix."""
        return self.host.run([name, "-c", self.etc, *arguments], **options)

    def begin_start(self):
        """Starts Postfix without waiting for its checks, so that several can start at once; end_start() waits."""
        return self.host.spawn(["postfix", "-c", self.etc, "start"], "postfix.log")

    def end_start(self, starting):
        if starting.wait(60) != 0:
            raise LabError(f"Postfix of {self.host.name} does not start:\n"
                           f"{(self.host.directory / 'postfix.log').read_text()}{self.text()}")
        until(lambda: self.command("postfix", "status", check=False).returncode == 0, 20, f"Postfix of {self.host.name}")

    def text(self):
        """What it has logged."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""


def configure_sender(host, settings):
    """A Postfix that takes mail from its own host's users only, and drops what comes back for them."""
    postfix = Postfix(host)
    fixed = {"myhostname": f"{host.name}.{SENDER_DOMAIN}", "mydestination": "$myhostname", "local_transport": "discard",
             "alias_maps": "", "alias_database": ""}
    postfix.configure("".join(f"{name} = {value}\n" for name, value in {**fixed, **settings}.items()), SERVICES)
    return postfix


def configure_receiver(host, domain, havedane, settings):
    """The receiver's Postfix, from what `havedane postfix` prints. The owner of the indexed alias file is who the hook
    runs as; the other maps, and the folder, are root's."""
    postfix = Postfix(host)
    maps = host.directory / "maps"
    maps.mkdir(mode=0o755)
    printed = ["postfix", "--tls", host.directory / "tls", "--maps", maps]
    postfix.configure(havedane(*printed, "main.cf"), LISTENER + SERVICES, myhostname=domain)
    postfix.override(settings)
    for name, index in (("virtual", "postmap"), ("aliases", "postalias"), ("probes", None)):
        (maps / name).write_text(havedane(*printed, name))
        if index:
            postfix.command(index, f"hash:{maps / name}")
    for name in ("aliases", "aliases.db"):
        shutil.chown(maps / name, "havedane", "havedane")
    for name in re.findall(r"hash:([^\s,]+)", postfix.command("postconf", "-h", "alias_maps").stdout):
        if not Path(f"{name}.db").exists():  # the system's own are among them; Postfix would take no local mail at all
            raise LabError(f"{name}.db is missing; make it with: newaliases (or: postalias hash:{name})")
    return postfix


class Session(smtplib.SMTP):
    """An SMTP client on a host of the laboratory; its answers are the server's own, codes and texts."""

    def __init__(self, host, address, port=25):
        self.sender = host
        super().__init__(address, port, local_hostname=f"{host.name}.{SENDER_DOMAIN}", timeout=30)
        self.ehlo()

    def _get_socket(self, host, port, timeout):
        return self.sender.connect_to((host, port), timeout)

    def rcpt_code(self, recipient, sender="tester@sender.test"):
        """What RCPT is answered with, in a transaction of its own."""
        self.rset()
        assert self.mail(sender)[0] == 250
        return self.docmd(f"RCPT TO:<{recipient}>")


def submit(postfix, recipient):
    """Hands one message to a sender's Postfix; it is in its queue when this returns."""
    sender = f"tester@{postfix.host.name}.{SENDER_DOMAIN}"
    message = f"From: <{sender}>\nTo: <{recipient}>\nSubject: Test\n\nSent by the laboratory.\n"
    try:
        postfix.host.run(["sendmail", "-C", postfix.etc, "-i", "-f", sender, "--", recipient], input=message)
    except subprocess.TimeoutExpired as error:
        raise LabError(f"Postfix of {postfix.host.name} does not take the message") from error
