"""A FastCGI client for the tests: one request on one connection, said correctly or deliberately not.

Records, roles and types as in the FastCGI specification 1.0, sections 3 and 8.
"""

import json
import socket
import struct
from dataclasses import dataclass

BEGIN_REQUEST, ABORT_REQUEST, END_REQUEST, PARAMS, STDIN, STDOUT, STDERR = range(1, 8)
RESPONDER = 1
REQUEST_COMPLETE = 0
KEEP_CONNECTION = 1


class ProtocolError(Exception):
    """The server closed the connection early, or what it said is no FastCGI or CGI."""


@dataclass
class Answer:
    """A response; names of headers are in lower case."""

    status: int
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)


def record(kind, content=b"", request_id=1, version=1, padding=0):
    return struct.pack("!BBHHBx", version, kind, request_id, len(content), padding) + content + bytes(padding)


def begin(role=RESPONDER, flags=0, request_id=1):
    return record(BEGIN_REQUEST, struct.pack("!HB5x", role, flags), request_id)


def stream(kind, content, request_id=1):
    """The records of a whole stream, with its end."""
    pieces = [content[i:i + 65535] for i in range(0, len(content), 65535)]
    return b"".join(record(kind, piece, request_id) for piece in pieces) + record(kind, b"", request_id)


def _length(number):
    return struct.pack("!B", number) if number < 128 else struct.pack("!I", number | 1 << 31)


def pairs(parameters):
    """Name-value pairs: the content of a PARAMS stream."""
    encoded = [(name.encode(), value.encode()) for name, value in parameters.items()]
    return b"".join(_length(len(n)) + _length(len(v)) + n + v for n, v in encoded)


def request_bytes(method, uri, headers=None, body=b"", length=None, flags=0):
    """All that a web server sends for a request; length: what it announces instead of the body's length."""
    parameters = {"REQUEST_METHOD": method, "REQUEST_URI": uri}
    if body or length is not None:
        parameters["CONTENT_LENGTH"] = str(len(body) if length is None else length)
    for name, value in (headers or {}).items():
        parameters["HTTP_" + name.upper().replace("-", "_")] = value
    return begin(flags=flags) + stream(PARAMS, pairs(parameters)) + stream(STDIN, body)


def parse_headers(lines):
    headers = {}
    for line in lines:
        name, colon, value = line.decode("ascii").partition(":")
        if not colon or name.lower() in headers:
            raise ProtocolError(f"malformed or repeated header {line!r}")
        headers[name.lower()] = value.strip()
    return headers


def connect(path, timeout=30):
    """A connection to a unix socket; each read and write on it has so many seconds."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        piece = connection.recv(size - len(data))
        if not piece:
            raise ProtocolError(f"the connection ended after {len(data)} of {size} bytes")
        data += piece
    return data


def read_answer(connection):
    """The answer to request 1, up to and with its END_REQUEST; nothing may come on its error stream."""
    output = b""
    while True:
        version, kind, request_id, length, padding = struct.unpack("!BBHHBx", read_exactly(connection, 8))
        content = read_exactly(connection, length)
        read_exactly(connection, padding)
        if version != 1 or request_id != 1:
            raise ProtocolError(f"record of version {version} for request {request_id}")
        if kind == STDOUT:
            output += content
        elif kind == END_REQUEST:
            status, protocol_status = struct.unpack("!IB3x", content)
            if status != 0 or protocol_status != REQUEST_COMPLETE:
                raise ProtocolError(f"ended with status {status}, protocol status {protocol_status}")
            break
        elif kind != STDERR or content:
            raise ProtocolError(f"record of type {kind}: {content!r}")
    head, end, body = output.partition(b"\r\n\r\n")
    if not end:
        raise ProtocolError(f"no end of headers in {output!r}")
    headers = parse_headers(head.split(b"\r\n"))
    return Answer(int(headers.pop("status", "200 OK").split()[0]), headers, body)


def request(path, method, uri, headers=None, body=b"", length=None, timeout=30):
    """Sends one request to the service at path and returns its Answer."""
    with connect(path, timeout) as connection:
        connection.sendall(request_bytes(method, uri, headers, body, length))
        return read_answer(connection)
