"""A slow line between two hosts: packets arrive late, and only so many bytes a second.

usage: line.py PID PID DELAY RATE

An interface "line" comes up in the networks of both processes, for as long as this runs, and "up" is printed. DELAY is
in seconds one way, RATE in bytes a second each way. TCP is the kernel's own, with its handshakes and its slow start. (So
is netem, but not in every kernel.)
"""

import collections
import contextlib
import ctypes
import fcntl
import os
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET_SIZE = 65536


def open_tun(pid):
    """A tun interface in the network of a process, where we are from now on, too."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/proc/{pid}/ns/net") as network:
        if libc.setns(network.fileno(), 0) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", b"line", IFF_TUN | IFF_NO_PI))
    return tun


class Direction:
    def __init__(self, source, target, delay, rate):
        self.source, self.target, self.delay, self.rate = source, target, delay, rate
        self.under_way = collections.deque()  # (when it arrives, packet)
        self.busy_until = 0.0

    def take(self):
        packet = os.read(self.source, PACKET_SIZE)
        self.busy_until = max(time.monotonic(), self.busy_until) + len(packet) / self.rate
        self.under_way.append((self.busy_until + self.delay, packet))

    def deliver(self):
        """Delivers what is due; returns when the next is, or None."""
        while self.under_way and self.under_way[0][0] <= time.monotonic():
            with contextlib.suppress(OSError):  # the other interface is not up yet: a lost packet
                os.write(self.target, self.under_way.popleft()[1])
        return self.under_way[0][0] if self.under_way else None


def main():
    here, there = map(open_tun, sys.argv[1:3])
    delay, rate = map(float, sys.argv[3:])
    ways = {way.source: way for way in (Direction(here, there, delay, rate), Direction(there, here, delay, rate))}
    print("up", flush=True)
    while True:
        due = [when for when in [way.deliver() for way in ways.values()] if when is not None]
        wait = max(0, min(due) - time.monotonic()) if due else None
        for source in select.select(list(ways), [], [], wait)[0]:
            ways[source].take()


if __name__ == "__main__":
    main()
