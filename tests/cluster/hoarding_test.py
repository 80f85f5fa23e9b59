# SPDX-License-Identifier: Apache-2.0
"""What a client can make a server hold: resident memory of a real server, before and at the height
of each kind of abuse, against a bound; and what the server says of it.

HOARDING_REPORT   when set, each measured growth is printed
"""

import contextlib
import os
import re
import socket
import struct
import time
import unittest

import harness
from raw_client import Closed, RawClient, encode_string

GET_CHILDREN = 8
MULTI_READ = 22
GET_DATA = 4
SET_DATA = 5
ADD_WATCH = 106
BAD_ARGUMENTS = -8
INVALID_ACL = -114
MB = 1024 * 1024


def read_request(path, watch=False):
    return encode_string(path) + bytes([watch])


def status_kb(server, key):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
        return int(re.search(rf"^{key}:\s+(\d+) kB", f.read(), re.M).group(1))


def mntr(server):
    return dict(line.split("\t", 1) for line in server.ask("mntr").splitlines() if "\t" in line)


class Client(RawClient):
    """Sends requests without waiting for replies."""

    def post(self, op, body, count=1):
        frames = b""
        for _ in range(count):
            self.xid += 1
            frames += struct.pack(">iii", len(body) + 8, self.xid, op) + body
        self.send(frames)

    def post_in_vain(self, op, body):
        """False: the server does not read on, or has closed the connection."""
        self.socket.settimeout(0.5)
        try:
            self.post(op, body)
            return True
        except (TimeoutError, ConnectionError):
            return False
        finally:
            self.socket.settimeout(harness.DEADLINE_S)

    def take(self, count):
        """(xid, error) of the next replies; events are passed over."""
        out = []
        while len(out) < count:
            reply = self.receive_frame()
            xid, _, error = struct.unpack(">iqi", reply[:16])
            if xid != -1:
                out.append((xid, error))
        return out

    def is_cut_off(self):
        """Reads on until the server's end, for some seconds."""
        self.socket.settimeout(10 * harness.SLOWNESS)
        try:
            while self.socket.recv(1 << 20):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True


@unittest.skipIf(harness.GENUINE, "bounds that ZooKeeper does not have")
class Hoarding(unittest.TestCase):
    @contextlib.contextmanager
    def server(self, **config):
        with harness.Ensemble(1, maxSessionTimeout=120_000, **config) as ensemble:
            ensemble.start_all()
            yield ensemble[1]

    @contextlib.contextmanager
    def clients(self, server, count):
        with contextlib.ExitStack() as stack:
            out = [stack.enter_context(Client(server)) for _ in range(count)]
            for c in out:
                self.assertTrue(c.connect(timeout_ms=100_000))
            yield out

    @contextlib.contextmanager
    def grows_less_than(self, server, bound_mb, at_its_height=True):
        """Resident memory: the greatest there was, or what there is when all is quiet."""
        with open(f"/proc/{server.process.pid}/clear_refs", "w", encoding="ascii") as f:
            f.write("5")  # VmHWM begins anew
        before = status_kb(server, "VmRSS")
        yield
        self.wait_quiet(server)
        after = status_kb(server, "VmHWM" if at_its_height else "VmRSS")
        grown_mb = (after - before) / 1024
        if os.environ.get("HOARDING_REPORT"):
            print(f"{self.id().rsplit('.', 1)[-1]}: {before / 1024:.0f} -> {after / 1024:.0f} MB")
        self.assertLess(grown_mb, bound_mb, f"from {before / 1024:.0f} MB on")

    @staticmethod
    def wait_quiet(server):
        """Until it uses no CPU to speak of."""
        def ticks():
            with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])

        def is_quiet():
            before = ticks()
            time.sleep(0.5)
            return ticks() - before <= 2

        harness.wait_until(is_quiet, "the server is quiet")

    def honest_read_works(self, server):
        """And soon: it waits at most for a tick and what follows from it."""
        begun = time.monotonic()
        with self.clients(server, 1) as (c,):
            self.assertEqual(c.request(GET_DATA, read_request("/"))[1], 0)
        self.assertLess(time.monotonic() - begun, 10 * harness.SLOWNESS)

    def make_children(self, client, count, name_bytes):
        client.create("/list")
        acl = struct.pack(">ii", 1, 31) + encode_string("world") + encode_string("anyone")
        for first in range(0, count, 500):
            for n in range(first, first + 500):
                path = f"/list/{n:0{name_bytes}}"
                client.post(1, encode_string(path) + struct.pack(">i", 0) + acl +
                            struct.pack(">i", 0))
            self.assertEqual({e for _, e in client.take(500)}, {0})

    # -- one connection ---------------------------------------------------------------------------

    def test_multi_read_of_one_big_znode_many_times(self):
        with self.server() as s, self.clients(s, 1) as (c,):
            self.assertEqual(c.create("/big", b"x" * 1_000_000)[1], 0)
            part = struct.pack(">ibi", GET_DATA, 0, -1) + read_request("/big")
            body = 200 * part + struct.pack(">ibi", -1, 1, -1)
            with self.grows_less_than(s, 100):
                c.post(MULTI_READ, body)
            reply = c.receive_frame()
            self.assertEqual(struct.unpack(">i", reply[12:16]), (0,))
            self.assertLess(len(reply), 18 * MB)
            self.assertTrue(reply.endswith(struct.pack(">ibii", -1, 0, -8, -8) +
                                           struct.pack(">ibi", -1, 1, -1)))
            self.assertEqual(mntr(s)["zk_replies_refused_count"], "1")
            self.assertIn("client_limit_met", s.log_text())

    def test_lists_that_are_asked_for_and_never_read(self):
        with self.server() as s, self.clients(s, 2) as (maker, c):
            self.make_children(maker, 20_000, 100)
            with self.grows_less_than(s, 60):
                c.post(GET_CHILDREN, read_request("/list"), 300)
            self.assertLess(int(mntr(s)["zk_client_unsent_bytes"]), 6 * MB)
            self.honest_read_works(s)
            self.assertEqual(c.take(300), [(n, 0) for n in range(1, 301)])  # all, once it reads

    def test_events_that_are_never_read(self):
        with self.server() as s, self.clients(s, 2) as (watcher, writer):
            path = "/" + "p" * 200_000
            self.assertEqual(writer.create(path)[1], 0)
            watcher.request(ADD_WATCH, encode_string(path) + struct.pack(">i", 0))
            body = encode_string(path) + struct.pack(">ii", 0, -1)
            with self.grows_less_than(s, 220):
                for _ in range(300):
                    self.assertEqual(writer.request(SET_DATA, body)[1], 0)
            self.assertTrue(watcher.is_cut_off())
            self.assertIn("does not take its watch events", s.log_text())
            self.assertGreaterEqual(int(mntr(s)["zk_clients_cut_off_count"]), 1)

    def test_watches_without_end(self):
        with self.server(**{"client.watchesMax": 2_000}) as s, self.clients(s, 1) as (c,):
            with self.grows_less_than(s, 40):
                for n in range(60_000):
                    path = f"/{n:01000}"
                    c.post(ADD_WATCH, encode_string(path) + struct.pack(">i", 0))
                    if n % 100 == 99:
                        errors = [e for _, e in c.take(100)]
                        self.assertEqual(errors, [0 if n < 2_000 else BAD_ARGUMENTS] * 100)
            told = mntr(s)
            self.assertEqual(told["zk_watches_refused_count"], "58000")
            self.assertLess(int(told["zk_watch_bytes"]), 4 * MB)
            self.assertIn("limit=client.watchesMax", s.log_text())

    def test_access_lists_without_end(self):
        with self.server() as s, self.clients(s, 1) as (c,):
            with self.grows_less_than(s, 30):
                for n in range(60):
                    acl = b"".join(struct.pack(">i", 31) + encode_string("digest") +
                                   encode_string(f"{n}:{m}") for m in range(5_000))
                    body = (encode_string(f"/a{n}") + struct.pack(">ii", 0, 5_000) + acl +
                            struct.pack(">i", 0))
                    self.assertEqual(c.request(1, body)[1], INVALID_ACL)

    def test_requests_that_wait_behind_a_read_that_is_not_taken(self):
        with self.server() as s, self.clients(s, 2) as (maker, c):
            self.make_children(maker, 20_000, 100)
            with self.grows_less_than(s, 100):
                c.post(GET_CHILDREN, read_request("/list"), 20)
                sent = 0
                while sent < 100 and c.post_in_vain(GET_DATA, read_request("/" + "x" * 1_000_000)):
                    sent += 1
            self.assertLess(int(mntr(s)["zk_client_request_bytes"]), 8 * MB)

    # -- many connections -------------------------------------------------------------------------

    def test_many_connections_with_a_little_less_than_one_may_have(self):
        with self.server(**{"client.bufferBytesMax": 32 * MB}) as s, \
                self.clients(s, 1) as (maker,):
            self.make_children(maker, 20_000, 100)
            with self.clients(s, 60) as hoarders, self.grows_less_than(s, 100):
                for c in hoarders:
                    c.post(GET_CHILDREN, read_request("/list"), 5)
                self.honest_read_works(s)
                harness.wait_until(lambda: int(mntr(s)["zk_client_unsent_bytes"]) <= 32 * MB,
                                   "all hold no more than they may")
                self.honest_read_works(s)
            self.assertGreaterEqual(int(mntr(s)["zk_clients_cut_off_count"]), 1)
            self.assertIn("holds most of what all clients hold", s.log_text())

    def test_requests_that_never_end(self):
        with self.server(**{"client.bufferBytesMax": 16 * MB}) as s, \
                contextlib.ExitStack() as stack, self.grows_less_than(s, 70):
            for _ in range(100):
                c = stack.enter_context(RawClient(s))
                with contextlib.suppress(ConnectionError):
                    c.send(struct.pack(">i", 1_000_000) + b"x" * 900_000)
            harness.wait_until(lambda: int(mntr(s)["zk_client_request_bytes"]) <= 16 * MB,
                               "all hold no more than they may")
            self.honest_read_works(s)
            self.assertIn("holds most of what all clients hold", s.log_text())

    def test_listings_that_are_never_read(self):
        # A tick is how long the parts of an answer are waited for.
        with self.server(tickTime=10_000) as s, self.clients(s, 5) as watchers:
            for n, c in enumerate(watchers):
                for m in range(2):
                    c.set_watches(1 << 60, exist=[f"/{n}/{m}/{k:060}" for k in range(9_000)])
            with contextlib.ExitStack() as stack, \
                    self.grows_less_than(s, 170, at_its_height=False):
                answers = []
                for _ in range(30):
                    c = stack.enter_context(self.reluctant(s))
                    c.sendall(b"wchp")
                    answers.append(c)
                    time.sleep(0.1)
            self.assertGreaterEqual(self.refused_listings(s), 1)

    @staticmethod
    def reluctant(server):
        """A connection that takes little before it is read from."""
        c = socket.socket()
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.connect((server.host, server.client_port))
        return c

    def refused_listings(self, server):
        """How many of ten that are asked for at once, and not read before all are."""
        with contextlib.ExitStack() as stack:
            asked = [stack.enter_context(self.reluctant(server)) for _ in range(10)]
            for c in asked:
                c.sendall(b"wchp")
            time.sleep(2)
            answers = []
            for c in asked:
                c.settimeout(harness.DEADLINE_S)
                text = b""
                while part := c.recv(1 << 20):
                    text += part
                answers.append(text)
        return sum(b"not executed because" in text for text in answers)


if __name__ == "__main__":
    harness.main(360)
