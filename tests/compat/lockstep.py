# SPDX-License-Identifier: Apache-2.0
"""Two worlds that are asked the same, step by step: a server of ours and one of ZooKeeper's.

What each answers becomes a list of items that can be compared: zxids count from the world's first,
sessions have the names of who holds them, and a time must be the same wherever its zxid is told of.
"""

import collections
import socket
import struct
import time

from shared import harness  # first: it knows where raw_client is
import wire as r
from raw_client import Closed, RawClient

CLOSED, SILENT = ("closed",), ("no answer",)
ENDS = (-6, -115)  # unimplemented, auth failed: the connection is closed behind them
ANSWER_S = 10  # no answer for that long is none
SESSION_MS = 90_000


class Connection(RawClient):
    """Reads ahead, and takes what comes as it comes."""

    def __init__(self, server):
        super().__init__(server, timeout_s=ANSWER_S)
        self.stream = self.socket.makefile("rb")

    def receive(self, count):
        try:
            data = self.stream.read(count)
        except ConnectionError:
            data = b""
        if len(data) < count:
            raise Closed(f"after {len(data)} of {count} bytes")
        return data

    def close(self):
        self.stream.close()
        self.socket.close()


class NamedReader(r.Reader):
    """Reads answers of one world."""

    def __init__(self, data, world):
        super().__init__(data, world.first_zxid)
        self.world = world

    def stat(self):
        czxid, mzxid = self.q(), self.q()
        times = self.q(), self.q()
        told = tuple(self.world.time_of(*pair) for pair in zip((czxid, mzxid), times))
        versions = self.i(), self.i(), self.i()
        owner = self.q()
        return (self.world.relative(czxid), self.world.relative(mzxid), told, versions,
                self.world.owners.get(owner, owner), self.i(), self.i(),
                self.world.relative(self.q()))

    def acl(self):
        """What "auth" stands for, ZooKeeper lists in the order of a hash."""
        entries = super().acl()
        several = sum(scheme == b"digest" for _, scheme, _ in entries) > 1
        return sorted(entries) if several else entries


class World:
    """One of the two: an ensemble, of which all sessions use one server at a time."""

    def __init__(self, ensemble, number):
        self.ensemble = ensemble
        self.server = ensemble[number]
        self.connections = {}  # who -> Connection, while there is one
        self.sessions = {}     # who -> (id, password)
        self.owners = {}       # id -> who
        self.times = {}        # zxid -> ms
        self.first_zxid = 0
        self.last_zxid = 0

    def begin(self):
        """Counts from here on."""
        self.connect("ann")
        self.first_zxid, _, _ = self.connections["ann"].request(r.SYNC, r.s("/"))
        self.last_zxid = self.first_zxid

    def relative(self, zxid):
        """Counted from the first; before that only 'before' is the same in both worlds."""
        return r.relative(zxid, self.first_zxid)

    def zxid(self, back):
        """That many txns ago, or so."""
        return max(0, self.last_zxid - back)

    def time_of(self, zxid, time_ms):
        """Nothing, or what is wrong with it."""
        if zxid <= self.first_zxid or self.times.setdefault(zxid, time_ms) == time_ms:
            return None
        return f"{time_ms}, but {self.times[zxid]} elsewhere"

    # -- connections --------------------------------------------------------------------------

    def connect(self, who, password=None, seen=None):
        """A new session, or the one there is. Returns what is comparable of the answer."""
        session, own = self.sessions.get(who, (0, b"\0" * 16))
        connection = Connection(self.server)
        try:
            taken = connection.connect(session, own if password is None else password, SESSION_MS,
                                       self.last_zxid if seen is None else seen)
        except Closed:
            connection.close()
            return CLOSED
        answer = ("connected", connection.timeout_ms, len(connection.password),
                  session in (0, connection.session))
        if not taken:
            connection.close()
            return answer + (connection.session, connection.password)
        self.drop(who)
        self.connections[who] = connection
        self.sessions[who] = connection.session, connection.password
        self.owners[connection.session] = who
        return answer

    def connect_surely(self, who):
        """Also when the server has not yet seen what the client has."""
        end = time.monotonic() + ANSWER_S
        while (answer := self.connect(who)) == CLOSED and time.monotonic() < end:
            time.sleep(0.02)
        return answer

    def drop(self, who):
        """As if the network broke."""
        connection = self.connections.pop(who, None)
        if connection is not None:
            connection.close()

    def drop_all(self):
        for who in list(self.connections):
            self.drop(who)

    def forget(self, who):
        self.drop(who)
        self.sessions.pop(who, None)

    def say_hello(self, frame):
        """A first frame by hand: what is comparable of its answer; a session ends at once."""
        with Connection(self.server) as connection:
            connection.send_frame(frame)
            try:
                answer = connection.receive_frame()
                version, timeout_ms, session, size = struct.unpack(">iiqi", answer[:20])
                told = version, timeout_ms, session != 0, size, answer[20 + size:]
                if session:
                    connection.request(r.CLOSE)
            except Closed:
                return [CLOSED]
            except socket.timeout:
                return [SILENT]
            finally:
                connection.stream.close()
            return [told]

    # -- requests -----------------------------------------------------------------------------

    def send(self, who, asks):
        """Returns what was sent: (xid, op) each."""
        connection = self.connections[who]
        sent, data = [], b""
        for ask in asks:
            connection.xid += 1
            xid = connection.xid if ask.xid is None else ask.xid
            body = ask.body(self) if callable(ask.body) else ask.body
            data += struct.pack(">iii", 8 + len(body), xid, ask.op) + body
            sent.append((xid, ask.op))
        try:
            connection.send(data)
        except ConnectionError:
            pass  # the answer tells
        return sent

    def answers(self, who, sent):
        """All that comes up to the last answer, in order. A connection that ends is the end."""
        items, waiting = [], collections.deque(sent)
        connection = self.connections[who]
        try:
            while waiting:
                frame = connection.receive_frame()
                xid, zxid, err = struct.unpack(">iqi", frame[:16])
                if xid == -1:
                    items.append(("event", self.relative(zxid), err) + self.event(frame[16:]))
                    continue
                expected, op = waiting.popleft()
                self.last_zxid = max(self.last_zxid, zxid)
                items.append(("answer", xid == expected, err, self.relative(zxid)) +
                             self.body(op, err, frame[16:]))
                if op == r.CLOSE or err in ENDS:
                    items.append(CLOSED if connection.is_closed() else ("open",))
                    self.drop(who)
                if op == r.CLOSE:
                    self.forget(who)
        except Closed:
            items.append(CLOSED)
            self.drop(who)
        except socket.timeout:
            items.append(SILENT)
            self.drop(who)
        return items

    def event(self, data):
        kind, state, size = struct.unpack(">iii", data[:12])
        return kind, state, data[12:12 + size], data[12 + size:]

    def body(self, op, err, data):
        if err != 0:
            return (None, data)
        reader = NamedReader(data, self)
        try:
            return (reader.body_of(op), reader.data)
        except (AssertionError, struct.error):
            return ("not readable", data)
