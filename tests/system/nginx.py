"""A real nginx with the installed site file, on a unix socket, and a small HTTP client for it."""

import grp
import os
import re
import subprocess
from pathlib import Path

from fcgi_client import Answer, ProtocolError, connect, parse_headers
from support import DOMAIN, PATIENCE, until

PROGRAM = "/usr/sbin/nginx"
USER = "www-data"  # whose group must be able to use the service's socket

CONFIGURATION = """\
user {user};
worker_processes 1;
daemon off;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{
}}
http {{
    include /etc/nginx/mime.types;
    access_log {dir}/access.log;
    client_body_temp_path {dir}/body;
    fastcgi_temp_path {dir}/fastcgi;
    proxy_temp_path {dir}/proxy;
    scgi_temp_path {dir}/scgi;
    uwsgi_temp_path {dir}/uwsgi;
    include {dir}/site.conf;
}}
"""


def group():
    """The group to give to the service's socket; none when we cannot."""
    return grp.getgrnam(USER).gr_name if os.geteuid() == 0 else ""


def adapt(site, **replacements):
    """The site file with what differs in each installation replaced: the service's socket in both its locations, the
    rest once."""
    patterns = {
        "listen": r"listen 80;",
        "listen6": r"listen \[::\]:80;",
        "server_name": r"server_name [^;]+;",
        "fastcgi_pass": r"fastcgi_pass unix:[^;]+;",
    }
    for name, text in replacements.items():
        site, found = re.subn(patterns[name], text, site)
        assert found == (2 if name == "fastcgi_pass" else 1), f"{patterns[name]} is {found} times in the site file"
    return site


class Nginx:
    """An nginx in a new folder, in front of the service at fcgi_socket.

    It listens on a unix socket; in a network of its own (hook_support.Namespaces) it listens there as it is installed.
    """

    def __init__(self, prefix, directory, fcgi_socket, network=None):
        self.dir = Path(directory)
        self.dir.mkdir()
        self.socket = self.dir / "http.sock"
        site = (prefix / "share/havedane/nginx/havedane.conf").read_text()
        listen = f"listen unix:{self.socket};"
        (self.dir / "site.conf").write_text(adapt(
            site, listen=f"{listen}\n\tlisten 80;" if network else listen, server_name=f"server_name {DOMAIN};",
            fastcgi_pass=f"fastcgi_pass unix:{fcgi_socket};", **({} if network else {"listen6": ""})))
        conf = self.dir / "nginx.conf"
        conf.write_text(CONFIGURATION.format(user=USER, dir=self.dir))
        command = [PROGRAM, "-p", self.dir, "-e", self.dir / "error.log", "-c", conf]
        with (self.dir / "output.log").open("wb") as output:
            self.process = subprocess.Popen(
                network.enter(*command) if network else command,
                stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        until(self._listens, "nginx to listen")

    def _listens(self):
        assert self.process.poll() is None, (self.dir / "output.log").read_text()
        try:
            connect(self.socket).close()
        except OSError:
            return False
        return True

    def stop(self):
        self.process.terminate()
        assert self.process.wait(PATIENCE) == 0

    def request(self, method, uri, headers=None, body=b"", length=None, timeout=PATIENCE):
        """Sends one HTTP/1.1 request and returns its Answer; length: what to announce instead of the body's."""
        fields = {"Host": DOMAIN, "Connection": "close", **(headers or {})}
        if body or length is not None or method == "POST":
            fields["Content-Length"] = len(body) if length is None else length
        lines = [f"{method} {uri} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        with connect(self.socket, timeout) as connection:
            connection.sendall("\r\n".join(lines).encode() + body)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return parse(answer)


def parse(answer):
    """All that came on a connection as one Answer; what follows the headers is its body, for any method and status."""
    head, end, body = answer.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    matched = re.fullmatch(rb"HTTP/1\.1 ([1-5]\d\d) .*", lines[0])
    if not end or not matched:
        raise ProtocolError(f"no HTTP response: {answer[:200]!r}")
    headers = parse_headers(lines[1:])
    if headers.get("transfer-encoding") == "chunked":
        raise ProtocolError("the length of the answer is not announced")
    return Answer(int(matched[1]), headers, body)


class Site:
    """A service with nginx in front, and the ways to ask it something."""

    def __init__(self, place, **sections):
        self.place = place
        place.configure(fastcgi={"group": group()}, **sections)
        self.service = place.start()
        self.nginx = Nginx(place.prefix, place.dir / "nginx", place.socket)
        self.ways = {"fastcgi": self.service.request, "nginx": self.nginx.request}
