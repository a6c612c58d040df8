"""A real Postfix on a network of its own, set up with what `havedane postfix` prints, and mail to it by SMTP."""

import ctypes
import os
import re
import shutil
import smtplib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor

from hook_support import USER, Namespaces
from support import DOMAIN, PATIENCE, until

LOOPBACK = {"IPv4": "127.0.0.1", "IPv6": "::1"}

# name, type, private, unprivileged, chroot, wakeup, process limit, command: Debian's, without chroot
MASTER = """\
smtp      inet n - n -     - smtpd
pickup    unix n - n 60    1 pickup
cleanup   unix n - n -     0 cleanup
qmgr      unix n - n 300   1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n -     - trivial-rewrite
bounce    unix - - n -     0 bounce
defer     unix - - n -     0 bounce
trace     unix - - n -     0 bounce
flush     unix n - n 1000? 0 flush
proxymap  unix - - n -     - proxymap
smtp      unix - - n -     - smtp
showq     unix n - n -     - showq
error     unix - - n -     - error
retry     unix - - n -     - error
local     unix - n n -     - local
anvil     unix - - n -     1 anvil
postlog   unix-dgram n - n - 1 postlogd
"""


class Client(smtplib.SMTP):
    """An SMTP client whose connections are made by somebody else."""

    def __init__(self, make_connection, address, **options):
        self.make_connection = make_connection
        super().__init__(address, 25, **options)

    def _get_socket(self, host, port, timeout):
        return self.make_connection((host, port), timeout)


class Postfix:
    """Postfix for a HookPlace, whose files are in place.dir/postfix. It ends when we do, however that happens."""

    def __init__(self, place, **settings):
        self.place = place
        self.dir = place.dir / "postfix"
        self.etc, self.log_file = self.dir / "etc", self.dir / "log"
        self.namespaces = Namespaces("mount", "net", "pid", prepare="ip link set lo up")
        self.connector = ThreadPoolExecutor(1, initializer=self._enter_network)
        try:
            self.configure(settings)
            self.command("postfix", "start")
            until(lambda: "daemon started" in self.log, "Postfix to start")
        except BaseException:
            self.close()
            raise

    def configure(self, settings):
        place, tls, maps, data = self.place, self.dir / "tls", self.dir / "maps", self.dir / "data"
        for folder in (self.dir, self.etc, self.dir / "queue", maps, data):
            folder.mkdir(mode=0o755)
        shutil.chown(data, "postfix", "postfix")
        place.havedane("cert", "--dir", tls)
        printed = ["postfix", "--tls", tls, "--maps", maps]
        main_cf = place.havedane(*printed, "main.cf").stdout
        own = {"compatibility_level": "3.6", "queue_directory": self.dir / "queue", "data_directory": data,
               "maillog_file": self.log_file, "maillog_file_prefixes": self.dir, "myhostname": DOMAIN,
               "inet_protocols": "all"}
        assert not set(re.findall(r"^(\w+)\s*=", main_cf, re.MULTILINE)) & own.keys()
        (self.etc / "main.cf").write_text("".join(f"{name} = {value}\n" for name, value in own.items()) + main_cf)
        (self.etc / "master.cf").write_text(MASTER)
        if settings:
            self.command("postconf", "-e", *(f"{name}={value}" for name, value in settings.items()))
        for name, index in (("virtual", "postmap"), ("aliases", "postalias")):
            (maps / name).write_text(place.havedane(*printed, name).stdout)
            self.command(index, f"hash:{maps / name}")
        for name in ("aliases", "aliases.db"):
            shutil.chown(maps / name, USER, USER)  # the hook runs as the index's owner

    def command(self, name, *arguments):
        """Runs one of Postfix's commands on this Postfix; returns what it printed."""
        return self.namespaces.run(name, "-c", self.etc, *arguments).stdout

    @property
    def log(self):
        return self.log_file.read_text() if self.log_file.exists() else ""

    # --- mail to it

    def _enter_network(self):
        """For a thread: what it opens is in Postfix's network, and stays there whoever uses it then."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open(self.namespaces.file("net")) as network:
            if libc.setns(network.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def connect(self, family="IPv4", tls=None):
        """An SMTP client; tls: None for plaintext, or the highest version for STARTTLS."""
        client = Client(lambda *to: self.connector.submit(socket.create_connection, *to).result(), LOOPBACK[family],
                        local_hostname=f"client-{family.lower()}.sender.test", timeout=PATIENCE)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            context.maximum_version = tls
            code, answer = client.starttls(context=context)
            assert code == 220, answer
        return client

    def send(self, *recipients, message=b"Subject: Secret\n\nHello.\n", sender="tester@sender.test", **options):
        """Sends a message, which must be taken for all recipients; returns its queue id."""
        with self.connect(**options) as client:
            client.ehlo_or_helo_if_needed()
            assert client.mail(sender)[0] == 250
            for recipient in recipients:
                code, answer = client.rcpt(recipient)
                assert code == 250, answer
            code, answer = client.data(message)
        # By its answer: the log may come later.
        assert code == 250, answer
        return re.search(r"queued as (\w+)", answer.decode())[1]

    # --- what it makes of it

    def statuses(self, queue_id, status):
        """The lines of the log that tell of this outcome ("sent", "deferred", "bounced") of a message."""
        return re.findall(rf".*postfix/\w+\[\d+\]: {queue_id}: to=.* status={status} .*", self.log)

    def wait_status(self, queue_id, status, count=1):
        """Waits for so many recipients' outcomes; returns their lines."""
        return until(lambda: len(lines := self.statuses(queue_id, status)) >= count and lines,
                     f"{queue_id} to be {status}; the log:\n{self.log}")

    def wait_gone(self, queue_id):
        until(lambda: f"{queue_id}: removed" in self.log, f"{queue_id} to be delivered")

    def queue(self):
        return self.command("postqueue", "-j").splitlines()

    def retry(self):
        self.command("postqueue", "-f")

    def hooks(self):
        """Pids, as seen here, of the hooks that it runs now."""
        ours = os.readlink(self.namespaces.file("net"))
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{entry}/exe") == str(self.place.program) and os.readlink(f"/proc/{entry}/ns/net") == ours:
                    found.append(int(entry))
            except OSError:  # gone meanwhile, or none of ours
                pass
        return found

    def close(self):
        self.connector.shutdown()
        self.namespaces.close()
