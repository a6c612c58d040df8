"""An installation in a container, and what must hold for it."""

import lab_dns
import readme
from lab import DOMAIN
from lab_net import until

UNKNOWN = "a" * 16
PROBES = [f"{probe}.{DOMAIN}" for probe in ("do", "dont", "wrong")]


class Box:
    """The installation: commands as the sysadmin types them, one after the other, in one terminal."""

    def __init__(self, net):
        self.net, self.host, self.folder = net, net.container, "/root"

    def type(self, command, check=True):
        """Runs a line of the README; returns what it printed."""
        line = f"cd {self.folder}\n{readme.owned(command)}\nstatus=$?\npwd >/run/terminal\nexit $status\n"
        done = self.host.run(["bash", "-c", line], check=check, timeout=400)
        self.folder = self.host.read("/run/terminal").strip()
        return done.stdout

    def check(self, check=True):
        """havedane check, with what the laboratory's names need."""
        with open(self.host.path("/run/anchor"), "w", encoding="ascii") as file:
            file.write(self.net.anchor)
        return self.host.run(["havedane", "check", "--resolver", lab_dns.RESOLVER[0], "--trust-anchor", "/run/anchor"], check=check,
                             timeout=120)

    def settings(self):
        return self.host.shell("postconf -n; postconf -M; nginx -T 2>&1; systemctl list-unit-files --state=enabled --no-legend")

    def tree(self):
        """What is installed and set up, with owners, modes and contents."""
        return self.host.shell(
            "cd / && find etc usr/local var/lib/havedane run/havedane -xdev -printf '%M %u %g %p %l\\n' "
            "| grep -v -e 'havedane.db' -e ' etc/mtab' | sort; find etc usr/local -xdev -type f | sort | xargs sha256sum")

    def takes_only_live_addresses(self):
        """Postfix refuses what is for no test at once, and takes what is for one."""
        for recipients in ([f"{UNKNOWN}@{probe}" for probe in PROBES], [f"nobody@{PROBES[0]}"]):
            codes, seconds = self.net.rcpt(*recipients)
            assert set(codes) == {"550 5.1.1"} and seconds < 10, codes
        alias = self.net.ask("POST", "/api/tests")["alias"]
        codes, seconds = self.net.rcpt(*(f"{alias}@{probe}" for probe in PROBES))
        assert codes == ["250 2.1.5"] * 3 and seconds < 10
        return alias

    def is_right_again(self):
        until(lambda: self.net.ask("GET", "/api/health", check=False) == {"status": "ok"}, 30, "the service")
        self.takes_only_live_addresses()
