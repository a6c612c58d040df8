"""The receiver's web side: nginx with the project's site file, havedane-fcgi behind it, and a way to it from outside."""

import os
import re
import signal
import socket
import sys
from pathlib import Path

from lab_net import LabError, until

WEB_USER = "www-data"  # Debian's user for nginx; its group may use the service's socket
NGINX = "/usr/sbin/nginx"

NGINX_CONF = """\
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


def site_of(site_file, fcgi_socket, domain, tls=None):
    """An installed site file where only what differs in each installation is replaced: names, the service's socket and,
    where it has one, the certificate (tls: the folder with server.pem and server.key)."""
    site, names = re.subn(r"server_name\s+[^;]+;", f"server_name {domain} localhost 127.0.0.1;", site_file.read_text())
    site, sockets = re.subn(r"server\s+unix:[^;]+;", f"server unix:{fcgi_socket};", site)
    if not names or not sockets:
        raise LabError(f"{site_file} has no server_name, or no unix socket of the service")
    site = re.sub(r"ssl_certificate\s+[^;]+;", f"ssl_certificate {tls}/server.pem;", site)
    return re.sub(r"ssl_certificate_key\s+[^;]+;", f"ssl_certificate_key {tls}/server.key;", site)


def start_nginx(host, site_file, fcgi_socket, domain):
    """Starts nginx with the installed site file."""
    directory = host.directory / "nginx"
    directory.mkdir(mode=0o755)
    (directory / "site.conf").write_text(site_of(site_file, fcgi_socket, domain))
    conf = directory / "nginx.conf"
    conf.write_text(NGINX_CONF.format(user=WEB_USER, dir=directory))
    started = host.spawn([NGINX, "-p", directory, "-e", directory / "error.log", "-c", conf], "nginx.log")

    def listens():
        if started.poll() is not None:
            raise LabError(f"nginx does not start:\n{(host.directory / 'nginx.log').read_text()}")
        return ":80 " in host.run(["ss", "-Hltn"]).stdout
    until(listens, 15, "nginx to listen")


def listen(port):
    """The socket the page is reached at from outside; port 0 takes any that is free."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=128)
    except OSError as error:
        raise LabError(f"cannot listen on 127.0.0.1 port {port}: {error.strerror}") from error


def start_forwarder(host, listener):
    """Hands the socket to a process on this host that passes its connections on to nginx."""
    program = Path(__file__).resolve().parent / "forward.py"
    host.spawn([sys.executable, "-I", program, listener.fileno(), host.ipv4, 80], "forward.log",
               pass_fds=[listener.fileno()])


class Service:
    """havedane-fcgi on the receiver, as the user havedane with the groups of nginx and Postfix, for its sockets."""

    def __init__(self, host, program, conf, fcgi_socket):
        self.host, self.program, self.conf, self.socket = host, program, conf, fcgi_socket
        self._started = None

    def start(self):
        self._started = self.host.spawn([self.program, "-c", self.conf], "fcgi.log", user="havedane",
                                        groups=[WEB_USER, "postfix"])
        until(self._answers, 15, "havedane-fcgi to listen")

    def _answers(self):
        if self._started.poll() is not None:
            raise LabError(f"havedane-fcgi ended with {self._started.returncode}:\n"
                           f"{(self.host.directory / 'fcgi.log').read_text()}")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
                return True
            except OSError:
                return False

    def stop(self, number=signal.SIGTERM):
        """Ends it; returns its exit status when it was started from here (-n: signal n ended it)."""
        pids = self.host.pids(self.program)
        for pid in pids:
            os.kill(pid, number)
        until(lambda: not self.host.pids(self.program), 20, "havedane-fcgi to end")
        return self._started.wait(10) if self._started else None

    def kill(self):
        return self.stop(signal.SIGKILL)
