"""A throw-away machine: this one's files under an overlay, HaveDANE installed as users get it, and a network of its own.

Processes are in namespaces of mounts, network, processes and host name; whatever they do to the file system goes with
them. Only its loopback interface is up; it also has the addresses in SERVER (the machine's) and CLIENT (from where mail
comes: no network of Postfix's own).
"""

import ctypes
import os
import re
import shlex
import shutil
import smtplib
import socket
import stat
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from hook_support import Namespaces
from support import PATIENCE, until

DOMAIN = "havedane.test"
SERVER = {"IPv4": "192.0.2.10", "IPv6": "2001:db8::10"}
CLIENT = {"IPv4": "192.0.2.50", "IPv6": "2001:db8::50"}
ROOT = Path(__file__).resolve().parents[2]

PREPARE = """\
top=$1
staged=$2
mount --make-rprivate /
hostname mail.example.org
mount -t tmpfs -o mode=755 tmpfs "$top"
mkdir "$top/upper" "$top/work" "$top/root"
root=$top/root
mount -t overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" overlay "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
cp -a "$staged/." "$root/"
ip link set lo up
for address in 192.0.2.10/32 192.0.2.50/32; do ip address add "$address" dev lo; done
for address in 2001:db8::10/128 2001:db8::50/128; do ip address add "$address" dev lo nodad; done
# As on a host where HaveDANE has never been.
if getent passwd havedane >/dev/null; then chroot "$root" userdel havedane; fi
rm -rf "$root/etc/havedane" "$root/var/lib/havedane" "$root"/etc/nginx/sites-*/havedane.conf
"""

# What Debian's postinst makes of "Internet Site" and the mail name example.org on the host mail.example.org.
MAIN_CF = """\
# See /usr/share/postfix/main.cf.dist for a commented, more complete version
smtpd_banner = $myhostname ESMTP $mail_name (Debian/GNU)
biff = no
append_dot_mydomain = no
readme_directory = no
compatibility_level = 3.6

smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
myhostname = mail.example.org
alias_maps = hash:/etc/aliases
alias_database = hash:/etc/aliases
mydestination = $myhostname, example.org, mail.example.org, localhost.example.org, , localhost
relayhost =
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
mailbox_size_limit = 0
recipient_delimiter = +
inet_interfaces = all
inet_protocols = all
maillog_file = /var/log/mail.log
"""


# Where processes leave something as they run.
RUNTIME = {"/var/spool/postfix", "/var/lib/postfix", "/var/log", "/var/lib/nginx", "/run/nginx.pid"}


def look(path):
    """Kind, mode, owner and contents of what is at a path; None for nothing."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:  # how an overlay says that something is gone
        return None
    if stat.S_ISLNK(status.st_mode):
        what = os.readlink(path)
    else:
        what = Path(path).read_bytes() if stat.S_ISREG(status.st_mode) else None
    return stat.filemode(status.st_mode), status.st_uid, status.st_gid, what


def build(directory):
    """Builds HaveDANE as HAVEDANE_BUILD was built, but for /usr and /etc; returns the folder with the installed files."""
    config = subprocess.run([Path(os.environ["HAVEDANE_BUILD"]) / "config.status", "--config"], capture_output=True,
                            text=True, check=True).stdout
    arguments = [word for word in shlex.split(config) if not word.startswith("--prefix")]
    made, staged = directory / "build", directory / "staged"
    made.mkdir()
    for command in ([ROOT / "configure", "-q", *arguments, "--prefix=/usr", "--sysconfdir=/etc"], ["make", "-s", "-j2"],
                    ["make", "-s", "install", f"DESTDIR={staged}"]):
        subprocess.run(command, cwd=made, check=True, capture_output=True, timeout=600)
    return staged


class Client(smtplib.SMTP):
    """An SMTP client whose connections are made by somebody else."""

    def __init__(self, make_connection, address, **options):
        self.make_connection = make_connection
        super().__init__(address, 25, **options)

    def _get_socket(self, host, port, timeout):
        return self.make_connection((host, port), timeout)


class Machine:
    def __init__(self, staged):
        self.dir = Path(tempfile.mkdtemp(prefix="havedane-machine-"))
        self.namespaces = Namespaces("mount", "net", "pid", "uts", prepare=PREPARE, arguments=(self.dir, staged))
        self.root = Path(f"/proc/{self.namespaces.holder.pid}/root{self.dir}/root")
        self.connector = ThreadPoolExecutor(1, initializer=self._enter_network)
        try:
            self.write("/etc/postfix/main.cf", MAIN_CF)
            self.write("/etc/mailname", "example.org\n")
            shutil.copy("/etc/postfix/master.cf.proto", self.path("/etc/postfix/master.cf"))
            for name in ("sites-available/default", "sites-enabled/default"):
                assert self.path(f"/etc/nginx/{name}").is_symlink() or self.path(f"/etc/nginx/{name}").exists()
            self("newaliases")
            self("postfix", "check")  # makes the folders of the queue
            self("nginx", "-t")  # makes the logs
        except BaseException:
            self.close()
            raise

    # --- files

    def path(self, name):
        return self.root / name.lstrip("/")

    def write(self, name, text):
        """Writes a file, an hour ago: Postfix's programs wait until main.cf is two seconds old."""
        self.path(name).write_text(text)
        os.utime(self.path(name), (time.time() - 3600,) * 2)

    def read(self, name):
        return self.path(name).read_text()

    def set(self, *settings):
        """Puts "name=value" into main.cf."""
        names = [setting.partition("=")[0] for setting in settings]
        lines = [line for line in self.read("/etc/postfix/main.cf").splitlines()
                 if line.partition("=")[0].strip() not in names]
        lines += [setting.replace("=", " = ", 1) for setting in settings]
        self.write("/etc/postfix/main.cf", "".join(f"{line}\n" for line in lines))

    def tree(self):
        """What this machine has that differs from the files it is made of: kind, mode, owner and contents by path; None
        for what is not there. Without what Postfix and nginx write as they run."""
        found = {}
        for folder, at in ((self.root.parent / "upper", ""), (self.root / "run", "/run"), (self.root / "tmp", "/tmp")):
            for path, names, files in os.walk(folder):
                inside = at + "/" + os.path.relpath(path, folder)
                names[:] = [name for name in names if os.path.normpath(f"{inside}/{name}") not in RUNTIME]
                for name in [".", *files, *(n for n in names if os.path.islink(f"{path}/{n}"))]:
                    found[os.path.normpath(f"{inside}/{name}")] = look(f"{path}/{name}")
        return found

    def changed_since(self, before):
        """The paths that are not what they were when tree() was called."""
        after = self.tree()
        return sorted(path for path in before.keys() | after.keys()
                      if before.get(path, look(path)) != after.get(path, look(path)))

    # --- programs

    def run(self, *argv, **options):
        """Runs a program on it, as root; whatever it ends with."""
        options = {"check": False, "env": {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C"}, **options}
        return self.namespaces.run("chroot", f"{self.dir}/root", *argv, **options)

    def __call__(self, *argv, **options):
        """Runs a program that must succeed; returns what it printed."""
        done = self.run(*argv, **options)
        assert done.returncode == 0, done
        return done.stdout

    def setup(self, *options, status=0):
        """Runs havedane setup; returns standard output, or standard error when it is to fail."""
        done = self.run("havedane", "setup", *options)
        assert done.returncode == status, done
        return done.stdout if status == 0 else done.stderr

    def start_service(self):
        """Starts the service as the user havedane, and waits until it answers Postfix."""
        script = 'echo $$ >/run/service.pid; exec setpriv --reuid=havedane --regid=havedane --init-groups havedane-fcgi'
        command = self.namespaces.enter("chroot", f"{self.dir}/root", "sh", "-c", script)
        service = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: self.path("/run/havedane/alias.sock").exists(), "the service to start")
        return service

    def stop_service(self, service):
        self("kill", self.read("/run/service.pid").strip())  # its number there; here it has another one
        assert service.wait(PATIENCE) == 0

    # --- mail

    def _enter_network(self):
        """For a thread: what it opens is in the machine's network, and stays there whoever uses it then."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open(self.namespaces.file("net")) as network:
            if libc.setns(network.fileno(), 0) != 0:
                raise OSError(ctypes.get_errno(), "setns")

    def smtp(self, family="IPv4", source=None):
        """An SMTP client at an address that Postfix does not know."""
        source = (source or CLIENT[family], 0)
        return Client(lambda to, timeout: self.connector.submit(socket.create_connection, to, timeout, source).result(),
                      SERVER[family], local_hostname="client.sender.test", timeout=PATIENCE)

    def start_postfix(self):
        self("postfix", "start")

    @property
    def log(self):
        log = self.path("/var/log/mail.log")
        return log.read_text() if log.exists() else ""

    def send(self, *recipients, message="Subject: Secret\n\nHello.\n", sender="tester@sender.test", **options):
        """Sends a message, which must be taken for all recipients; returns its queue id."""
        with self.smtp(**options) as client:
            client.ehlo()
            answers = [client.mail(sender), *(client.rcpt(recipient) for recipient in recipients)]
            assert {code for code, _ in answers} == {250}, answers
            code, text = client.data(message)
            assert code == 250, text
        return re.fullmatch(r"2\.0\.0 Ok: queued as (\w+)", text.decode())[1]

    def wait_gone(self, queue_id):
        until(lambda: f"{queue_id}: removed" in self.log, f"{queue_id} to be delivered; the log:\n{self.log}")

    def outcomes(self, queue_id):
        return re.findall(rf"postfix/\w+\[\d+\]: {queue_id}: to=.* status=(\w+) ", self.log)

    def close(self):
        self.connector.shutdown()
        self.namespaces.close()
        self.dir.rmdir()
