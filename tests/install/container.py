"""A host of the laboratory that is a whole Debian: systemd is booted in a root, in namespaces of its own."""

import os
import subprocess

from lab_net import MARK, MARK_HOST, Host, LabError, is_first, marked, uninterrupted, until
from root import ENTER, ENVIRONMENT


class Container(Host):
    """boot() and connect(), and it is a machine on the network; what it is asked to run, it runs in its root."""

    def __init__(self, lab_directory, name, root, ipv4, ipv6):
        super().__init__(lab_directory, name, ipv4, ipv6)
        self.root = root
        self.directory.mkdir(mode=0o755)

    def _find(self):
        return next((pid for pid, name in marked(self.lab_directory) if name == self.name and is_first(pid)), None)

    def boot(self, switch):
        """Starts systemd, with the network plugged in, and waits until all is up."""
        self.start()
        self.connect(switch)
        # The same after a reboot: the others on the network remember it.
        self.ip("link set eth0 address 02:00:00:00:00:0a")
        self.add_address(self.ipv4, self.ipv6)
        self._holder.stdin.write(b"\n")
        self._holder.stdin.flush()
        until(self._is_settled, 90, "systemd to have started all")

    def start(self):
        argv = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--uts", "--ipc", "--net", "--cgroup",
                ENTER, *self.root.mount, "boot"]
        environment = {"PATH": ENVIRONMENT["PATH"], MARK: str(self.lab_directory), MARK_HOST: self.name}
        log_file = self.directory / "holder.log"
        with uninterrupted(), log_file.open("ab") as log:
            self._holder = subprocess.Popen(argv, env=environment, start_new_session=True, cwd="/", stdin=subprocess.PIPE,
                                            stdout=log, stderr=log)
        self._pid = None

        def found():
            if self._holder.poll() is not None:
                raise LabError(f"cannot make a container: {log_file.read_text().strip()}")
            return self._find()
        self._pid = until(found, 10, f"the namespaces of {self.name}")

    def _is_settled(self):
        if self._holder.poll() is not None:
            raise LabError(f"systemd ended: {(self.directory / 'holder.log').read_text().strip()}")
        return self.run(["systemctl", "is-system-running"], check=False).stdout.strip() in ("running", "degraded")

    def enter(self, argv, user=None, groups=()):
        become = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--"] if user else []
        environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        return ["nsenter", "--target", str(self.pid), "--all", "--root", "--", "env", "-i", "--chdir=/root", *environment, *become,
                *map(str, argv)]

    def ip(self, *commands):
        """By the machine's own tool: the root need not have it."""
        subprocess.run(["nsenter", "--target", str(self.pid), "--net", "ip", "-batch", "-"], check=True, timeout=20,
                       input="".join(f"{command}\n" for command in commands), text=True)

    def shell(self, command, **options):
        """Runs a command line as root would type it, and returns what it printed, errors among it."""
        done = self.run(["bash", "-c", command], capture_output=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                        stderr=subprocess.STDOUT, **options)
        return done.stdout

    def path(self, name):
        """A file of it, as seen from here."""
        return os.path.join(f"/proc/{self.pid}/root", name.lstrip("/"))

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def journal(self, *arguments):
        return self.run(["journalctl", "--no-pager", *arguments]).stdout

    def power_off(self):
        """As by the command; waits until it is gone."""
        self.run(["systemctl", "poweroff"], check=False)
        self._holder.wait(60)
        self._holder.stdin.close()

    def reboot(self, switch):
        self.power_off()
        self.boot(switch)
