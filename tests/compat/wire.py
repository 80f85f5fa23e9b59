# SPDX-License-Identifier: Apache-2.0
"""ZooKeeper's requests as bytes, right and wrong ones, and their answers as something to compare.

A `Script` sends the same requests to any server and writes down what it answers, with clocks,
sessions and the epoch taken out, so that two servers can be held against each other."""

import contextlib
import socket
import struct

from raw_client import Closed, RawClient

CREATE, DELETE, EXISTS, GET, SET, GET_ACL, SET_ACL, CHILDREN, SYNC = range(1, 10)
CHILDREN2, CHECK, MULTI, CREATE2, RECONFIG, CHECK_WATCHES, REMOVE_WATCHES = range(12, 19)
CREATE_CONTAINER, DELETE_CONTAINER, CREATE_TTL, MULTI_READ = range(19, 23)
AUTH, SET_WATCHES, SASL = 100, 101, 102
EPHEMERALS, ALL_CHILDREN_NUMBER, SET_WATCHES2, ADD_WATCH, WHO_AM_I = range(103, 108)
CLOSE = -11
PLAIN, EPHEMERAL, SEQUENTIAL, EPHEMERAL_SEQUENTIAL, CONTAINER, TTL, TTL_SEQUENTIAL = range(7)
OPEN = [(31, "world", "anyone")]
TOO_LONG = object()  # a string whose length goes beyond the request
NEGATIVE = object()  # a string of length -2


def i(number):
    return struct.pack(">i", number)


def q(number):
    return struct.pack(">q", number)


def s(text):
    if text is None:
        return i(-1)
    if text is TOO_LONG:
        return i(1 << 20) + b"/a"
    if text is NEGATIVE:
        return i(-2)
    data = text if isinstance(text, bytes) else text.encode()
    return i(len(data)) + data


def acl(entries):
    if entries is None:
        return i(-1)
    return i(len(entries)) + b"".join(i(perms) + s(scheme) + s(who)
                                      for perms, scheme, who in entries)


def strings(paths):
    return i(-1) if paths is None else i(len(paths)) + b"".join(map(s, paths))


def create(path, data=b"", flags=PLAIN, who=OPEN):
    return s(path) + s(data) + acl(who) + i(flags)


def create_ttl(path, ttl, flags=TTL, data=b""):
    return create(path, data, flags) + q(ttl)


def with_number(path, number=-1):
    """delete, check, addWatch, checkWatches, removeWatches."""
    return s(path) + i(number)


def set_data(path, data, version=-1):
    return s(path) + s(data) + i(version)


def set_acl(path, who, version=-1):
    return s(path) + acl(who) + i(version)


def watched(path, on=False):
    return s(path) + (b"\1" if on else b"\0")


def multi(*ops):
    return b"".join(i(op) + b"\0" + i(-1) + body for op, body in ops) + i(-1) + b"\1" + i(-1)


def set_watches2(zxid, *lists):
    return q(zxid) + b"".join(map(strings, lists))


# ---------------------------------------------------------------- answers

def relative(zxid, first):
    """What of a zxid two servers have in common; what was before depends on where they began."""
    if 0 < zxid < first:
        return "before"
    return zxid if zxid <= 0 else zxid - first


class Reader:
    def __init__(self, data, first_zxid=0):
        self.data = data
        self.first_zxid = first_zxid

    def take(self, count):
        part, self.data = self.data[:count], self.data[count:]
        assert len(part) == count, "the answer is too short"
        return part

    def i(self):
        return struct.unpack(">i", self.take(4))[0]

    def q(self):
        return struct.unpack(">q", self.take(8))[0]

    def s(self):
        size = self.i()
        return None if size < 0 else self.take(size)

    def strings(self):
        return sorted(self.s() for _ in range(self.i()))  # ZooKeeper's are in no order

    def zxid(self):
        return relative(self.q(), self.first_zxid)

    def stat(self):
        czxid, mzxid = self.zxid(), self.zxid()
        self.take(16)  # ctime, mtime
        versions = self.i(), self.i(), self.i()
        owner = "owned" if self.q() else "not owned"
        return czxid, mzxid, versions, owner, self.i(), self.i(), self.zxid()

    def acl(self):
        return [(self.i(), self.s(), self.s()) for _ in range(self.i())]

    def multi(self):
        results = []
        while True:
            op, done, err = self.i(), self.take(1), self.i()
            if done != b"\0":
                return results
            body = self.i() if op == -1 else self.body_of(op)
            results.append((op, err, body))

    def body_of(self, op):
        if op in (CREATE, SYNC, SASL):
            return self.s()
        if op in (CREATE2, CREATE_CONTAINER, CREATE_TTL):
            return self.s(), self.stat()
        if op in (EXISTS, SET, SET_ACL):
            return self.stat()
        if op == GET:
            return self.s(), self.stat()
        if op == GET_ACL:
            return self.acl(), self.stat()
        if op == CHILDREN2:
            return self.strings(), self.stat()
        if op in (CHILDREN, EPHEMERALS):
            return self.strings()
        if op in (ALL_CHILDREN_NUMBER, ADD_WATCH):
            return self.i()
        if op == WHO_AM_I:
            return sorted((self.s(), self.s()) for _ in range(self.i()))
        if op in (MULTI, MULTI_READ):
            return self.multi()
        return None


class Script:
    """What one server answers to a script's requests: `answers` is a list of (name, answer,
    events). zxids are counted from the script's beginning, since servers begin otherwise."""

    def __init__(self, server):
        self.server = server
        self.answers = []
        self.clients = {}
        self.first_zxid, _, _ = self.client("ann").request(SYNC, s("/"))

    def client(self, who):
        if who not in self.clients:
            self.clients[who] = RawClient(self.server)
            self.clients[who].connect(timeout_ms=20000)
        return self.clients[who]

    def ask(self, name, op, body=b"", who="ann", xid=None):
        client = self.client(who)
        try:
            zxid, err, data = client.request(op, body, special_xid=xid)
        except (Closed, socket.timeout) as error:
            answer = type(error).__name__
            del self.clients[who]
        else:
            reader = Reader(data, self.first_zxid)
            # What ZooKeeper has of an answer when it fails, it sends; nobody reads it.
            answer = (err, relative(zxid, self.first_zxid),
                      reader.body_of(op) if err == 0 else None)
            assert err != 0 or not reader.data, f"{name}: more than the answer: {reader.data}"
        events, client.events = client.events, []
        self.answers.append((name, answer, events))
        return answer

    def leave(self, who):
        self.ask(f"{who} leaves", CLOSE, who=who)
        del self.clients[who]

    def is_closed(self, name, who):
        self.answers.append((name, self.clients.pop(who).is_closed(), []))

    def remove_below(self, path, keep=()):
        client = self.client("ann")
        _, err, data = client.request(CHILDREN, watched(path or "/"))
        for name in Reader(data).strings() if err == 0 else ():
            below = path + "/" + name.decode()
            if below in keep:
                continue
            self.remove_below(below)
            _, err, _ = client.request(DELETE, with_number(below))
            assert err == 0, f"{below} is left behind: {err}"

    def close(self):
        """Leaves the server as empty as it was."""
        for who in list(self.clients):
            if who != "ann":
                with contextlib.suppress(Closed):  # a server may have closed it before
                    self.clients.pop(who).request(CLOSE)
        self.client("ann").request(AUTH, i(0) + s("digest") + s("super:above all"), special_xid=-4)
        self.remove_below("", keep=("/zookeeper",))
        self.remove_below("/zookeeper/quota")
        self.clients.pop("ann").request(CLOSE)
