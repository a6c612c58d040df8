"""A real nginx with the installed site file, on a unix socket, and a small HTTP client for it."""

import grp
import os
import re
import ssl
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
    {more}
    include {dir}/site.conf;
}}
"""


def group():
    """The group to give to the service's socket; none when we cannot."""
    return grp.getgrnam(USER).gr_name if os.geteuid() == 0 else ""


def adapt(site, directory, fcgi_socket, network, tls):
    """The site file with what differs in each installation replaced, and unix sockets to listen on; in a network of its
    own it listens on its port, too."""
    v6 = {} if network else {r"listen \[::\]:\d+[^;]*;\n": ""}
    of_tls = {
        r"listen 443([^;]*);": rf"listen unix:{directory}/https.sock\1;",
        r"ssl_certificate [^;]+;": f"ssl_certificate {tls}/server.pem;",
        r"ssl_certificate_key [^;]+;": f"ssl_certificate_key {tls}/server.key;",
    } if tls else {}
    replacements = {
        r"listen 80;": f"listen unix:{directory}/http.sock;" + ("\n\tlisten 80;" if network else ""),
        r"server_name [^;]+;": f"server_name {DOMAIN};",
        r"server unix:[^;]+;": f"server unix:{fcgi_socket};",
        **v6, **of_tls,
    }
    for pattern, text in replacements.items():
        site, found = re.subn(pattern, text, site)
        assert found, f"{pattern} is not in the site file"
    return site


class Nginx:
    """An nginx in a new folder, in front of the service at fcgi_socket.

    It listens on a unix socket; in a network of its own (hook_support.Namespaces) it listens there as it is installed.
    tls: a folder with server.pem and server.key; then it is the site for https. more: directives for the http block.
    """

    def __init__(self, prefix, directory, fcgi_socket, network=None, tls=None, more=""):
        self.dir = Path(directory)
        self.dir.mkdir()
        self.socket = self.dir / "http.sock"
        site = prefix / "share/havedane/nginx" / ("havedane-tls.conf" if tls else "havedane.conf")
        (self.dir / "site.conf").write_text(adapt(site.read_text(), self.dir, fcgi_socket, network, tls))
        conf = self.dir / "nginx.conf"
        conf.write_text(CONFIGURATION.format(user=USER, dir=self.dir, more=more))
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

    def request(self, method, uri, headers=None, body=b"", length=None, timeout=PATIENCE, tls=False):
        """Sends one HTTP/1.1 request and returns its Answer; length: what to announce instead of the body's."""
        fields = {"Host": DOMAIN, "Connection": "close", **(headers or {})}
        if body or length is not None or method == "POST":
            fields["Content-Length"] = len(body) if length is None else length
        lines = [f"{method} {uri} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items()), "", ""]
        with self.connect_tls(timeout)[0] if tls else connect(self.socket, timeout) as connection:
            connection.sendall("\r\n".join(lines).encode() + body)
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return parse(answer)


    def connect_tls(self, timeout=PATIENCE, protocols=()):
        """A connection to the site for https, and the protocol of ours that it took."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(protocols)
        connection = context.wrap_socket(connect(self.dir / "https.sock", timeout), server_hostname=DOMAIN)
        return connection, connection.selected_alpn_protocol()


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
