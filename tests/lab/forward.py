"""Makes the laboratory's page reachable from outside it: passes on every connection that comes in on a listening socket.

usage: forward.py FD ADDRESS PORT

The socket FD is inherited and belongs to the network namespace of whoever opened it; the connections to ADDRESS PORT are
made in the namespace this process runs in.
"""

import socket
import sys
import threading


def copy(source, target):
    """Passes bytes on until the end, and then the end."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one side has gone: let the other know at once
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def serve(client, address):
    with client:
        try:
            server = socket.create_connection(address, timeout=10)
        except OSError as error:
            print(f"forward: {address[0]} port {address[1]}: {error}", file=sys.stderr, flush=True)
            return
        server.settimeout(None)
        for end in (client, server):  # what comes in small pieces goes on in small pieces: those who talk know why
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with server:
            back = threading.Thread(target=copy, args=(server, client), daemon=True)
            back.start()
            copy(client, server)
            back.join()


def main():
    fd, host, port = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with socket.socket(fileno=fd) as listener:
        while True:
            client, _ = listener.accept()
            threading.Thread(target=serve, args=(client, (host, port)), daemon=True).start()


if __name__ == "__main__":
    main()
