"""Mail servers as Debian ships them, in the laboratory: each on a host of its own, where its packages are installed.

Such a host has this machine's files under an overlay; what is installed and set there is seen nowhere else, and goes with
it. So packages that exclude one another, Postfix and Exim say, can be in use at the same time.
"""

import os
import subprocess

import lab_dns
from lab_net import Host, LabError, until

FIRST = 101  # last part of the first one's addresses

PREPARE = """\
set -e
top=$1
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$top"
mkdir "$top/upper" "$top/work" "$top/root"
mount -t overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" overlay "$top/root"
mount -t proc proc "$top/root/proc"
mount --rbind /dev "$top/root/dev"
mount -t tmpfs -o mode=755 tmpfs "$top/root/run"
mount -t tmpfs -o mode=1777 tmpfs "$top/root/tmp"
mkdir "$top/root/packages"
"""

# What Debian's unbound needs to know besides, to resolve the laboratory's names and trust their keys.
RESOLVER = """\
server:
    local-zone: "test." nodefault
    trust-anchor-file: "/etc/unbound/laboratory.anchor"
{stubs}"""

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C",
               "DEBIAN_FRONTEND": "noninteractive"}


DPKG = "dpkg --force-depends --force-unsafe-io --no-triggers"


def fetch(directory, *packages):
    """Fetches packages, with what they need besides what this machine has, into a folder. Nothing is installed."""
    (directory / "partial").mkdir(parents=True)
    wanted = ["apt-get", "install", "-q", "-y", "--no-install-recommends", "--download-only", "-o", "Debug::NoLocking=true",
              "-o", f"Dir::Cache::archives={directory}", *packages]
    done = _apt(wanted)
    if done.returncode != 0:  # what apt knows of the archive may be too old
        _apt(["apt-get", "update", "-q"])
        done = _apt(wanted)
    if done.returncode != 0:
        raise LabError(f"apt-get does not fetch {' '.join(packages)}:\n{done.stdout[-3000:]}")
    return directory


def _apt(argv):
    return subprocess.run(argv, env={**os.environ, "LANG": "C"}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=300, check=False)


class Debian:
    """A host of the laboratory with files of its own. Its resolver is the laboratory's, with no options set."""

    def __init__(self, lab, name, number):
        self.lab, self.name = lab, name
        self.fqdn = f"{name}.{lab_dns.SENDER_DOMAIN}"
        self.host = Host(lab.dir, name, f"192.0.2.{FIRST + number}", f"2001:db8:25::{FIRST + number}")
        lab.hosts[name] = self.host  # to be ended with the others
        self.host.start()
        self.host.connect(lab.switch)
        self.host.add_address(self.host.ipv4, self.host.ipv6)
        self.top = self.host.directory / "machine"
        self.top.mkdir()
        self.host.run(["sh", "-c", PREPARE, "sh", self.top])
        self.write("/etc/hosts", f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {self.fqdn} {name}\n")
        self.write("/etc/hostname", f"{name}\n")
        self.write("/etc/mailname", f"{self.fqdn}\n")
        self.write("/etc/resolv.conf", f"nameserver {lab_dns.RESOLVER[0]}\n")
        self.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")  # what is installed does not start by itself
        self.shell("chmod 755 /usr/sbin/policy-rc.d")

    def command(self, *argv):
        """The command line that runs argv there, for its host."""
        return ["env", "-i", *(f"{name}={value}" for name, value in ENVIRONMENT.items()), "chroot", self.top / "root", *argv]

    def run(self, *argv, check=True, timeout=120, **options):
        """Runs a command there as root; returns the CompletedProcess, with both its outputs as one text."""
        if "input" not in options:
            options["stdin"] = subprocess.DEVNULL
        return self.host.run(self.command(*argv), check=check, timeout=timeout, capture_output=False,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)

    def shell(self, text, **options):
        """Runs what is typed at a shell there, up to the first line that fails."""
        return self.run("sh", "-ec", text, **options)

    # Files are read and written from inside: a link there must not lead to a file of this machine.

    def read(self, name):
        return self.run("cat", name).stdout

    def write(self, name, text):
        self.run("sh", "-ec", 'rm -f "$1"; cat >"$1"', "sh", name, input=text)

    def add(self, packages):
        """Installs what fetch() put into a folder. Caches of man pages and the like are left as they are."""
        self.host.run(["mount", "--bind", packages, self.top / "root/packages"])
        if any(packages.glob("*.deb")):
            self.shell(f"{DPKG} --install /packages/*.deb")

    def replace_postfix(self, packages, answers=""):
        """Installs another mail server in place of this machine's; `answers` are to what its package asks by debconf."""
        if answers:
            self.run("debconf-set-selections", input=answers)
        self.shell(f"{DPKG} --purge postfix")
        self.add(packages)

    def start_resolver(self):
        """Starts Debian's unbound, to listen on 127.0.0.1."""
        stubs = "".join(lab_dns.STUB.format(zone=zone, addresses=lab_dns.AUTHORITY)
                        for zone in (lab_dns.PARENT, self.lab.domain, lab_dns.SENDER_DOMAIN))
        self.write("/etc/unbound/unbound.conf.d/laboratory.conf", RESOLVER.format(stubs=stubs))
        self.write("/etc/unbound/laboratory.anchor", (self.lab.dns.directory / "anchor").read_text())
        self.shell("service unbound start")
        until(lambda: "127.0.0.1:53 " in self.host.run(["ss", "-Hlun"]).stdout, 15, f"unbound of {self.name} to listen")

    def submit(self, recipient):
        """Hands a message to the server's own sendmail command."""
        message = f"From: <tester@{self.fqdn}>\nTo: <{recipient}>\nSubject: Test\n\nSent by the laboratory.\n"
        self.run("sendmail", "-i", "-f", f"tester@{self.fqdn}", "--", recipient, input=message)

    def send(self, alias, probes):
        for probe in probes:
            self.submit(f"{alias}@{probe}.{self.lab.domain}")
