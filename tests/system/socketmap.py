"""A client of socketmap_table(5), as Postfix's proxymap is one: a connection, and requests on it one after the other."""

from fcgi_client import ProtocolError, connect, read_exactly
from support import DOMAIN, PATIENCE

NOTFOUND = "NOTFOUND "


def netstring(payload):
    return b"%d:%s," % (len(payload), payload)


def query(key, name="alias"):
    """The bytes of a request."""
    return netstring(f"{name} {key}".encode())


def address(alias, probe="do"):
    return f"{alias}@{probe}.{DOMAIN}"


def ok(probe="do"):
    return f"OK havedane-{probe}@localhost"


class Connection:
    """A connection to the alias socket; with it the caller closes it."""

    def __init__(self, path, timeout=PATIENCE):
        self.socket = connect(path, timeout)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def reply(self):
        """The next reply; ProtocolError when the service closes the connection or sends something else."""
        digits = b""
        while not digits.endswith(b":"):
            digits += read_exactly(self.socket, 1)
        if not digits[:-1].isdigit():
            raise ProtocolError(f"no netstring: {digits!r}")
        payload = read_exactly(self.socket, int(digits[:-1]) + 1)
        if payload[-1:] != b",":
            raise ProtocolError(f"no end of a netstring: {payload!r}")
        return payload[:-1].decode()

    def ask(self, key, name="alias"):
        self.send(query(key, name))
        return self.reply()

    def is_closed(self):
        """Waits until the service closes the connection; nothing may come before that."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


def ask(path, key, name="alias", timeout=PATIENCE):
    """One look-up on a connection of its own."""
    with Connection(path, timeout) as connection:
        return connection.ask(key, name)
