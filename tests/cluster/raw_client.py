# SPDX-License-Identifier: Apache-2.0
"""ZooKeeper's client protocol by hand: for what a well-behaved client never sends."""

import socket
import struct

import harness

CREATE = 1
GET_DATA = 4
SYNC = 9
PING = 11
SET_WATCHES = 101


def encode_string(text):
    data = text.encode()
    return struct.pack(">i", len(data)) + data


class Closed(Exception):
    """The server has closed the connection."""


class RawClient:
    """One connection. `session` and `password` are what the server has granted."""

    def __init__(self, server, timeout_s=None):
        self.socket = socket.create_connection((harness.HOST, server.client_port),
                                               timeout=timeout_s or harness.DEADLINE_S)
        self.session = 0
        self.password = b""
        self.is_read_only = False
        self.timeout_ms = 0
        self.xid = 0
        self.events = []  # (type, path) of what watches have told, in order

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def send_frame(self, body):
        self.send(struct.pack(">i", len(body)) + body)

    def receive(self, count):
        data = b""
        while len(data) < count:
            try:
                part = self.socket.recv(count - len(data))
            except ConnectionError:
                part = b""
            if not part:
                raise Closed(f"after {len(data)} of {count} bytes")
            data += part
        return data

    def receive_frame(self):
        (length,) = struct.unpack(">i", self.receive(4))
        return self.receive(length)

    def is_closed(self):
        """Waits for the server to close; False when it sends something instead."""
        try:
            self.receive(1)
        except Closed:
            return True
        return False

    def connect(self, session=0, password=b"\0" * 16, timeout_ms=8000, last_zxid=0,
                read_only=False):
        """The handshake. True: the session is ours; False: the server says that it has expired."""
        body = struct.pack(">iqiq", 0, last_zxid, timeout_ms, session)
        self.send_frame(body + struct.pack(">i", len(password)) + password +
                        bytes([read_only]))
        reply = self.receive_frame()
        _, self.timeout_ms, self.session, size = struct.unpack(">iiqi", reply[:20])
        self.password = reply[20:20 + size]
        self.is_read_only = reply[20 + size:] == b"\1"
        return self.timeout_ms > 0

    def request(self, op, body=b"", special_xid=None):
        """Sends a request and returns (zxid, error code, body) of its reply."""
        self.xid += 1
        sent = self.xid if special_xid is None else special_xid
        self.send_frame(struct.pack(">ii", sent, op) + body)
        while True:
            reply = self.receive_frame()
            xid, zxid, error = struct.unpack(">iqi", reply[:16])
            if xid == sent:
                return zxid, error, reply[16:]
            assert xid == -1, f"a reply to {xid} stands before that to {sent}"
            kind, _, size = struct.unpack(">iii", reply[16:28])
            self.events.append((kind, reply[28:28 + size].decode()))

    def set_watches(self, relative_zxid, data=(), exist=(), child=()):
        """What a client sends when it is back: the watches it had, and what it has seen."""
        body = struct.pack(">q", relative_zxid)
        for paths in (data, exist, child):
            body += struct.pack(">i", len(paths)) + b"".join(map(encode_string, paths))
        return self.request(SET_WATCHES, body, special_xid=-8)

    def create(self, path, data=b"", flags=0):
        acl = struct.pack(">ii", 1, 31) + encode_string("world") + encode_string("anyone")
        return self.request(CREATE, encode_string(path) + struct.pack(">i", len(data)) + data + acl
                            + struct.pack(">i", flags))

    def ping(self):
        self.send_frame(struct.pack(">ii", -2, PING))
        (xid,) = struct.unpack(">i", self.receive_frame()[:4])
        assert xid == -2, xid
