"""Root file systems of clean Debian installations, in layers: what one test does to its root, no other sees.

Nothing is ever mounted outside of the namespaces of whoever works in a root, so that nothing is left to unmount.
"""

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENTER = HERE / "enter"
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8", "TERM": "dumb",
               "DEBIAN_FRONTEND": "noninteractive",
               **{name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}}


def output(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True, timeout=60).stdout


def codename():
    return output("sh", "-c", ". /etc/os-release && echo $VERSION_CODENAME").strip()


def sources():
    """Where this machine's apt gets the release from: (address, suite, component), as it is set up."""
    suites = {codename() + more for more in ("", "-updates", "-security")}
    rows = {tuple(line.split()) for line in output(
        "apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Created-By: Packages").splitlines()}
    found = sorted(row for row in rows if row[1] in suites)
    assert any(row[1] == codename() for row in found), "apt has no source for this release"
    return found


def apt_settings():
    """How this machine's apt fetches (proxies and the like), and that it asks nothing."""
    wanted = ("Acquire::http", "Acquire::https", "Acquire::Check-", "Acquire::Retries", "Acquire::ForceIPv")
    lines = [line for line in output("apt-config", "dump").splitlines() if line.startswith(wanted) and '""' not in line]
    return "\n".join([*lines, 'APT::Get::Assume-Yes "true";', 'Acquire::Languages "none";']) + "\n"


class Root:
    """A root: a folder of its own over those of the roots it is made from, which must not change any more."""

    def __init__(self, directory, lower=()):
        self.directory, self.lower = Path(directory), tuple(lower)
        for name in ("upper", "work", "root"):
            (self.directory / name).mkdir(parents=True)
        self.upper = self.directory / "upper"

    def fork(self, directory):
        return Root(directory, (self.upper, *self.lower))

    @property
    def mount(self):
        """What enter needs to know to lay it all over one another."""
        layers = ":".join(map(str, self.lower))
        return f"lowerdir={layers},upperdir={self.upper},workdir={self.directory / 'work'}", str(self.directory / "root")

    def run(self, *argv, check=True, timeout=600, **options):
        """Runs a command in it, with the machine's network and processes of its own; what it starts ends with it."""
        options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--ipc", "--uts", ENTER, *self.mount, "chroot", *map(str, argv)],
            env=ENVIRONMENT, text=True, timeout=timeout, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)
        assert not check or done.returncode == 0, f"{' '.join(map(str, argv))}: {done.returncode}\n{done.stdout[-8000:]}"
        return done

    def path(self, name):
        """Where to write a file of it while nobody works in it."""
        path = self.upper / name.lstrip("/")
        for folder in reversed(path.relative_to(self.upper).parents):
            if not (self.upper / folder).exists():  # it shall look like the one below it
                (self.upper / folder).mkdir()
                below = next((lower / folder for lower in self.lower if (lower / folder).exists()), None)
                if below:
                    shutil.copystat(below, self.upper / folder)
        return path

    def keep_services_down(self, down):
        """Whether packages may start what they bring: in a root that is not booted they must not."""
        if down:
            policy = self.path("usr/sbin/policy-rc.d")
            policy.write_text("#!/bin/sh\nexit 101\n")
            policy.chmod(0o755)
        else:
            self.run("rm", "-f", "/usr/sbin/policy-rc.d")


def bootstrap(directory):
    """A root with the least that Debian can be, and apt set up as on this machine."""
    root = Root(directory)
    mirror = next(address for address, suite, _ in sources() if suite == codename())
    done = subprocess.run(["debootstrap", "--variant=minbase", codename(), root.upper, mirror], env=ENVIRONMENT, timeout=600,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    root.path("etc/apt/sources.list").write_text("".join(f"deb {' '.join(row)}\n" for row in sources()))
    root.path("etc/apt/apt.conf.d/90test").write_text(apt_settings())
    root.path("etc/hostname").write_text("mail\n")
    root.path("etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n127.0.1.1 mail.sysadmin.test mail\n")
    bare = root.fork(Path(directory).with_name("bare"))
    bare.keep_services_down(True)
    bare.run("apt-get", "update", "-q")
    return bare
