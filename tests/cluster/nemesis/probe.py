#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""When a write was possible: every 20 ms one is sent through whichever server has answered the last
one, each server by a connection of its own, and the time of each answer is written down. Speaks the
protocol by hand, so that no client's patience is measured. Ends when stdin does.

probe.py FILE HOST:PORT...      a line of FILE: microseconds of CLOCK_MONOTONIC, the server
"""

import selectors
import socket
import struct
import sys
import time

from recorder import now_us

STEP_S = 0.02
CONNECT_S = 0.1   # all are on this machine
SILENCE_S = 4.0   # then this connection is given up
SESSION_MS = 4000
SET_DATA = 5
PATH = b"/probe"


class Way:
    """The connection to one server: none, shaking hands, idle or waiting for an answer."""

    def __init__(self, number, address):
        self.number = number
        host, port = address.rsplit(":", 1)
        self.address = (host, int(port))
        self.socket = None
        self.state = "none"
        self.since = 0.0
        self.got = b""
        self.xid = 0

    def change(self, state):
        self.state = state
        self.since = time.monotonic()

    def close(self, selector):
        if self.socket:
            selector.unregister(self.socket)
            self.socket.close()
        self.socket = None
        self.got = b""
        self.change("none")

    def open(self, selector):
        try:
            self.socket = socket.create_connection(self.address, timeout=CONNECT_S)
        except OSError:
            self.change("none")
            return
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(self.socket, selectors.EVENT_READ, self)
        self.change("handshake")
        self.send(selector, struct.pack(">iqiqi", 0, 0, SESSION_MS, 0, 16) + b"\0" * 17)

    def send(self, selector, body):
        try:
            self.socket.sendall(struct.pack(">i", len(body)) + body)
        except OSError:
            self.close(selector)

    def write(self, selector):
        self.xid += 1
        data = struct.pack(">q", now_us())
        self.change("waiting")
        self.send(selector, struct.pack(">iii", self.xid, SET_DATA, len(PATH)) + PATH +
                  struct.pack(">i", len(data)) + data + struct.pack(">i", -1))

    def hear(self, selector):
        """True when a write was acknowledged."""
        try:
            part = self.socket.recv(65536)
        except BlockingIOError:
            return False
        except OSError:
            part = b""
        if not part:
            self.close(selector)
            return False
        self.got += part
        done = False
        while len(self.got) >= 4:
            size = struct.unpack(">i", self.got[:4])[0]
            if len(self.got) < 4 + size:
                break
            frame, self.got = self.got[4:4 + size], self.got[4 + size:]
            if self.state == "handshake":
                if struct.unpack(">i", frame[4:8])[0] <= 0:
                    self.close(selector)
                    return False
                self.change("idle")
            elif struct.unpack(">iqi", frame[:16])[::2] == (self.xid, 0):
                self.change("idle")
                done = True
        return done


def main(path, addresses):
    ways = [Way(n + 1, a) for n, a in enumerate(addresses)]
    with selectors.DefaultSelector() as selector, open(path, "w", encoding="ascii") as out:
        selector.register(sys.stdin, selectors.EVENT_READ)
        step = time.monotonic()
        while True:
            for key, _ in selector.select(max(0.0, step - time.monotonic())):
                if key.data is None:
                    return
                if key.data.socket and key.data.hear(selector):
                    out.write(f"{now_us()} {key.data.number}\n")
                    out.flush()
            now = time.monotonic()
            if now < step:
                continue
            step = max(step + STEP_S, now)
            for way in ways:
                if way.state in ("handshake", "waiting") and now - way.since > SILENCE_S:
                    way.close(selector)
                elif way.state == "none" and now - way.since > STEP_S:
                    way.open(selector)
            # The one that rested longest, so that each takes its turn.
            idle = [way for way in ways if way.state == "idle"]
            if idle:
                min(idle, key=lambda way: way.since).write(selector)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
