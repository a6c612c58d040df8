"""The DevTools protocol of a whole Chromium: its driver speaks it for one window at a time only."""

import json
import socket
import urllib.request

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, Request, TextMessage

SECONDS = 20


class DevTools:
    """A connection to it; a context manager, which closes it."""

    def __init__(self, address):
        with urllib.request.urlopen(f"http://{address}/json/version", timeout=SECONDS) as answer:
            target = json.load(answer)["webSocketDebuggerUrl"].split(address)[1]
        host, port = address.split(":")
        self._socket = socket.create_connection((host, int(port)), SECONDS)
        self._protocol = WSConnection(ConnectionType.CLIENT)
        self._calls = 0
        self._send(Request(host=address, target=target))
        self._receive(AcceptConnection)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._socket.close()

    def _send(self, event):
        self._socket.sendall(self._protocol.send(event))

    def _receive(self, kind):
        while True:
            for event in self._protocol.events():
                if isinstance(event, kind):
                    return event
            self._protocol.receive_data(self._socket.recv(65536))

    def call(self, method, **params):
        """Calls a method; returns its result."""
        self._calls += 1
        self._send(TextMessage(json.dumps({"id": self._calls, "method": method, "params": params})))
        text = ""
        while True:
            part = self._receive(TextMessage)
            text += part.data
            if not part.message_finished:
                continue
            message, text = json.loads(text), ""
            if message.get("id") == self._calls:
                assert "result" in message, f"{method}: {message}"
                return message["result"]
