# SPDX-License-Identifier: Apache-2.0
"""What careless and hostile clients do to a server, a kind each. Each function goes on until its
time is over, expects nothing, and counts what it did; a server may refuse, close or ignore it."""

import contextlib
import itertools
import os
import random
import socket
import struct
import time
from types import SimpleNamespace

from raw_client import Closed, RawClient, encode_string

CREATE, GET_DATA, SET_DATA, GET_CHILDREN, MULTI, CLOSE = 1, 4, 5, 8, 14, -11
MULTI_READ, AUTH, SET_WATCHES, ADD_WATCH = 22, 100, 101, 106
EPHEMERAL, SEQUENTIAL = 1, 2
ROOM = "/abuse"
BIG, CROWD = f"{ROOM}/big", f"{ROOM}/crowd"
OPEN = struct.pack(">ii", 1, 31) + encode_string("world") + encode_string("anyone")
MINE = struct.pack(">ii", 1, 31) + encode_string("auth") + encode_string("")


def create(path, data=b"", flags=0, acl=OPEN):
    return (encode_string(path) + struct.pack(">i", len(data)) + data + acl +
            struct.pack(">i", flags))


def multi(ops):
    """(op, body) each."""
    return (b"".join(struct.pack(">ibi", op, 0, -1) + body for op, body in ops) +
            struct.pack(">ibi", -1, 1, -1))


def frame(xid, op, body=b""):
    return struct.pack(">iii", 8 + len(body), xid, op) + body


class Abuser:
    """Where, for how long, and how often it happened."""

    def __init__(self, ports, until, seed):
        self.ports, self.until = ports, until
        self.rng = random.Random(seed)
        self.done = 0
        self.sources = itertools.cycle([f"127.0.0.{n}" for n in range(2, 30)])

    def goes_on(self):
        return time.monotonic() < self.until

    def rest(self, seconds):
        time.sleep(max(0.0, min(seconds, self.until - time.monotonic())))

    def server(self):
        return SimpleNamespace(client_port=self.rng.choice(self.ports))

    @contextlib.contextmanager
    def turn(self):
        """What a server does to those who abuse it ends this turn alone."""
        with contextlib.ExitStack() as held:
            try:
                yield held
            except (OSError, Closed, struct.error, AssertionError):
                pass
        self.done += 1

    def session(self, held, timeout_ms=20000, timeout_s=10):
        c = held.enter_context(RawClient(self.server(), timeout_s=timeout_s))
        c.connect(timeout_ms=timeout_ms)
        return c

    def plain_socket(self, port=None):
        s = socket.socket()
        s.bind((next(self.sources), 0))
        s.settimeout(5)
        s.connect(("127.0.0.1", port or self.rng.choice(self.ports)))
        return s

    def name(self, length):
        return "".join(self.rng.choices("abcdefghijklmnopqrstuvwxyz", k=16)).ljust(length, "x")


def set_the_stage(server):
    """Znodes that many kinds need."""
    with RawClient(server) as c:
        c.connect()
        for path, data in ((ROOM, b""), (BIG, b"x" * 1_000_000), (CROWD, b"")):
            _, error, _ = c.request(CREATE, create(path, data))
            assert error in (0, -110), f"{path}: {error}"
        for start in range(0, 20_000, 500):
            ops = [(CREATE, create(f"{CROWD}/{'n' * 40}{n:06}")) for n in range(start, start + 500)]
            _, error, _ = c.request(MULTI, multi(ops))
            assert error in (0, -110), error


# ---------------------------------------------------------------- the kinds

def heavy_sessions(a):
    """Sessions that own more than a txn may say, closed or just left."""
    while a.goes_on():
        with a.turn() as held:
            c = a.session(held, timeout_ms=4000)
            for _ in range(32):
                ops = [(CREATE, create(f"{ROOM}/{a.name(780)}{n}", flags=EPHEMERAL))
                       for n in range(100)]
                c.request(MULTI, multi(ops))
            if a.rng.random() < 0.5:
                c.request(CLOSE)
        a.rest(2)


def many_identities(a):
    """One client shows ever more identities, then asks for znodes that name them all."""
    while a.goes_on():
        with a.turn() as held:
            c = a.session(held)
            for n in range(2000):
                who = encode_string("digest") + encode_string(f"user{n:08}:password")
                c.send(frame(-4, AUTH, struct.pack(">i", 0) + who))
                if n % 100 == 99:
                    for _ in range(100):
                        c.receive_frame()
            for _ in range(20):
                ops = [(CREATE, create(f"{ROOM}/{a.name(40)}", flags=EPHEMERAL, acl=MINE))
                       for _ in range(800)]
                c.request(MULTI, multi(ops))
        a.rest(1)


def large_answers(a):
    """A request of some kB whose answer would be hundreds of MB."""
    part = struct.pack(">ibi", GET_DATA, 0, -1) + encode_string(BIG) + b"\0"
    while a.goes_on():
        with a.turn() as held:
            c = a.session(held)
            c.send(frame(1, MULTI_READ, part * 800 + struct.pack(">ibi", -1, 1, -1)))
            for _ in range(20):
                c.socket.recv(1 << 16)
            a.rest(1)
        a.rest(1)


def unread_answers(a):
    """Asks and asks, and reads nothing."""
    ask = frame(1, GET_CHILDREN, encode_string(CROWD) + b"\0")
    while a.goes_on():
        with a.turn() as held:
            c = a.session(held, timeout_s=1)
            try:
                for _ in range(2000):
                    c.send(ask)
            except OSError:
                pass
            a.rest(3)


def unread_words(a):
    """Four-letter words with long answers that nobody reads."""
    while a.goes_on():
        with contextlib.ExitStack() as held:
            for word in (b"wchp", b"cons", b"dump", b"wchc", b"mntr") * 4:
                try:
                    s = held.enter_context(a.plain_socket())
                    s.sendall(word)
                    a.done += 1
                except OSError:
                    a.rest(0.2)
            a.rest(3)


def many_watches(a):
    """Watches on znodes that do not exist, and lists of them sent at once."""
    while a.goes_on():
        with a.turn() as held:
            c = a.session(held)
            for _ in range(40):
                paths = [f"{ROOM}/none/{a.name(60)}{n}" for n in range(8000)]
                body = struct.pack(">q", 0)
                for kind in (paths[:200], paths, []):  # data, exist, child
                    body += struct.pack(">i", len(kind)) + b"".join(map(encode_string, kind))
                c.request(SET_WATCHES, body, special_xid=-8)
                if not a.goes_on():
                    break
                a.rest(0.3)


def crowds_of_watchers(a):
    """Many watches of one znode that changes all the time; the events are read by nobody."""
    while a.goes_on():
        with a.turn() as held:
            writer = a.session(held)
            watchers = [a.session(held, timeout_s=2) for _ in range(40)]
            for w in watchers:
                w.send(frame(1, ADD_WATCH, encode_string(ROOM) + struct.pack(">i", 1)))
            for _ in range(200):
                writer.request(MULTI, multi([(CREATE, create(f"{ROOM}/{a.name(300)}",
                                                             flags=EPHEMERAL)) for _ in range(20)]))
                a.rest(0.02)


def idle_connections(a):
    """More connections than the server may have files, from many addresses, with nothing to say."""
    while a.goes_on():
        port = a.rng.choice(a.ports)
        with contextlib.ExitStack() as held:
            for _ in range(1200):
                try:
                    held.enter_context(a.plain_socket(port))
                    a.done += 1
                except OSError:
                    a.rest(0.01)
                if not a.goes_on():
                    return
            a.rest(5)
        a.rest(2)


def floods_of_data(a):
    """Large znodes until there is no room, and beyond; they go with their session."""
    while a.goes_on():
        with a.turn() as held:
            c = a.session(held)
            for _ in range(300):
                c.request(CREATE, create(f"{ROOM}/{a.name(20)}", b"y" * 900_000, EPHEMERAL))
                a.rest(0.05)
                if not a.goes_on():
                    return


def floods_of_sessions(a):
    """Sessions that are opened and left, each with an ephemeral."""
    while a.goes_on():
        for _ in range(50):
            with a.turn() as held:
                c = a.session(held, timeout_ms=40000, timeout_s=3)
                c.request(CREATE, create(f"{ROOM}/{a.name(30)}", flags=EPHEMERAL))
        a.rest(0.5)


def slow_frames(a):
    """Frames of almost the greatest length that arrive byte by byte, many at a time."""
    while a.goes_on():
        with contextlib.ExitStack() as held:
            slow = []
            for _ in range(60):
                with contextlib.suppress(OSError):
                    s = held.enter_context(a.plain_socket())
                    s.sendall(struct.pack(">i", 1_000_000) + b"\0" * 900_000)
                    slow.append(s)
            for _ in range(20):
                for s in slow:
                    with contextlib.suppress(OSError):
                        s.send(b"x")
                        a.done += 1
                a.rest(0.2)


def wide_multis(a):
    """Multis of as many operations as a frame holds."""
    checks = [(13, encode_string("/") + struct.pack(">i", -1))] * 40_000
    body = multi(checks)
    while a.goes_on():
        with a.turn() as held:
            c = a.session(held)
            for _ in range(5):
                c.request(MULTI, body)
        a.rest(1)


def unread_writes(a):
    """Writes one behind the other whose answers are not read."""
    while a.goes_on():
        with a.turn() as held:
            c = a.session(held, timeout_s=1)
            c.request(CREATE, create(f"{ROOM}/{a.name(20)}", flags=EPHEMERAL))
            for n in range(300):
                c.send(frame(n, CREATE, create(f"{ROOM}/{a.name(20)}", b"z" * 100_000, EPHEMERAL)))
                if not a.goes_on():
                    break
        a.rest(2)


def garbage(a):
    """Bytes of no protocol, before a session and within one."""
    while a.goes_on():
        with contextlib.suppress(OSError), a.plain_socket() as s:
            s.sendall(a.rng.choice([b"GET / HTTP/1.1\r\n\r\n", os.urandom(300), b"\x16\x03\x01\2\0",
                                    struct.pack(">i", -1), struct.pack(">i", 0x7fffffff)]))
        with a.turn() as held:
            c = a.session(held, timeout_s=2)
            for _ in range(20):
                c.send(frame(a.rng.randrange(-9, 9), a.rng.randrange(-20, 120),
                             a.rng.randbytes(a.rng.randrange(200))))
            c.receive(1)
        a.rest(0.05)


KINDS = [heavy_sessions, many_identities, large_answers, unread_answers, unread_words, many_watches,
         crowds_of_watchers, idle_connections, floods_of_data, floods_of_sessions, slow_frames,
         wide_multis, unread_writes, garbage]
