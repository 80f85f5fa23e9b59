#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nobody waits while a server does what takes long: a `ruok`, which needs no database, is answered
all the same while a session with thousands of ephemerals ends, thousands of watches fire, thousands
of sessions expire, and so on. Prints the longest wait of each event and server.

--measure N    the state is N times as large, and nothing is judged
"""

import multiprocessing
import os
import resource
import socket
import struct
import sys
import time
import unittest

import harness
from raw_client import RawClient, encode_string

SCALE = int(sys.argv.pop(sys.argv.index("--measure") + 1)) if "--measure" in sys.argv else 1
JUDGED = "--measure" not in sys.argv
if not JUDGED:
    sys.argv.remove("--measure")

# What a quiet machine does in 20 ms; a turn of before took several times this bound.
WAIT_MAX_MS = 250 * harness.SLOWNESS

MULTI, CLOSE, DELETE, CHECK = 14, -11, 2, 13
GET_CHILDREN, GET_EPHEMERALS, ALL_CHILDREN_NUMBER = 8, 103, 104
ANYONE = struct.pack(">ii", 1, 31) + encode_string("world") + encode_string("anyone")


# ---------------------------------------------------------------- who waits

def ask_for_ever(port, longest, asked):
    """Keeps the longest wait for `ruok` in `longest`, in ms."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)  # so that it measures the server's delays alone
    except OSError:
        pass
    while True:
        began = time.monotonic()
        try:
            with socket.create_connection((harness.HOST, port), timeout=60) as s:
                s.sendall(b"ruok")
                while s.recv(16):
                    pass
        except OSError:
            return
        longest.value = max(longest.value, 1000 * (time.monotonic() - began))
        asked.value += 1
        time.sleep(0.001)


class Probes:
    """One process for each server, which asks it all the time."""

    def __init__(self, ensemble):
        self.longest = [multiprocessing.Value("d", 0.0) for _ in ensemble]
        self.asked = [multiprocessing.Value("i", 0) for _ in ensemble]
        self.processes = [
            multiprocessing.Process(target=ask_for_ever, args=(s.client_port, wait, asked),
                                    daemon=True)
            for s, wait, asked in zip(ensemble, self.longest, self.asked)]
        for p in self.processes:
            p.start()

    def begin(self):
        for wait in self.longest:
            wait.value = 0.0

    def waits(self):
        """When each server has answered twice more, so that nobody is waiting still."""
        before = [x.value for x in self.asked]
        harness.wait_until(lambda: all(x.value >= b + 2 for x, b in zip(self.asked, before)),
                           "each server answers ruok", step_s=0.01)
        return [wait.value for wait in self.longest]

    def end(self):
        for p in self.processes:
            p.terminate()
            p.join()


# ---------------------------------------------------------------- what is asked of the servers

def create_op(path, flags):
    return (struct.pack(">ibi", 1, 0, -1) + encode_string(path) + struct.pack(">i", 0) + ANYONE +
            struct.pack(">i", flags))


def delete_op(path):
    return struct.pack(">ibi", DELETE, 0, -1) + encode_string(path) + struct.pack(">i", -1)


def check_op(path):
    return struct.pack(">ibi", CHECK, 0, -1) + encode_string(path) + struct.pack(">i", -1)


def multi(client, ops):
    _, error, _ = client.request(MULTI, b"".join(ops) + struct.pack(">ibi", -1, 1, -1))
    assert error == 0, error


def make(client, paths, flags=0):
    for i in range(0, len(paths), 2000):
        multi(client, [create_op(p, flags) for p in paths[i:i + 2000]])


def session_of(server, timeout_ms=8000):
    client = RawClient(server, timeout_s=120 * harness.SLOWNESS)
    assert client.connect(timeout_ms=timeout_ms)
    return client


def watch_all(client, paths, batch=20000):
    """As a client that comes back does it; it has seen everything."""
    for i in range(0, len(paths), batch):
        client.set_watches((1 << 62), data=paths[i:i + batch])


class LongWork(unittest.TestCase):
    """One ensemble, and one event after the other."""

    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def event(self, name, what):
        """Does it, and waits until all servers have done so too."""
        self.probes.begin()
        began = time.monotonic()
        what()
        self.ensemble.wait_quiet()
        took = time.monotonic() - began
        waits = self.probes.waits()
        print(f"{name:44} {' '.join(f'{w:7.1f}' for w in waits)} ms   (took {took:.1f} s)",
              flush=True)
        self.worst[name] = max(waits)

    def test_ruok_waits_for_nobody(self):
        self.worst = {}
        with harness.Ensemble(3, **{"maxSessionTimeout": 60000}) as ensemble:
            self.ensemble = ensemble
            leader = ensemble.start_all()
            follower = next(s for s in ensemble if s is not leader)
            with session_of(leader) as first:
                first.create("/first")  # so that all have a zxid of this epoch
            self.probes = Probes(ensemble)
            try:
                self.event("nothing", lambda: time.sleep(1))
                self.events(leader, follower)
            finally:
                self.probes.end()
            for s in ensemble:
                for line in s.log_text().splitlines():
                    if " long_turn " in line:
                        print(s, line.split(" long_turn ")[1])
                print(f"{s} {s.mode()}:", " ".join(
                    line for line in s.ask("mntr").splitlines() if "io_turn" in line))
        if JUDGED:
            late = {name: ms for name, ms in self.worst.items() if ms > WAIT_MAX_MS}
            self.assertEqual(late, {}, f"nobody waits for ruok longer than {WAIT_MAX_MS} ms")

    def events(self, leader, follower):
        self.sessions_with_ephemerals(leader, follower)
        self.large_requests(leader)
        self.watches(leader, follower)
        self.words(leader, follower)
        self.many_sessions(follower)

    def sessions_with_ephemerals(self, leader, follower):
        count = 20000 * SCALE
        paths = [f"/e{i}" for i in range(count)]
        for where, name in ((leader, "leader"), (follower, "follower")):
            owner = session_of(where)
            make(owner, paths, flags=1)
            self.event(f"getEphemerals of {count} ({name})",
                       lambda c=owner: c.request(GET_EPHEMERALS, encode_string("/")))
            self.event(f"close with {count} ephemerals ({name})", lambda c=owner: c.request(CLOSE))
            owner.socket.close()
        owner = session_of(follower, timeout_ms=4000)
        make(owner, paths, flags=1)
        owner.socket.close()
        watcher = session_of(leader)
        self.event(f"expiry with {count} ephemerals", lambda: harness.wait_until(
            lambda: watcher.request(3, encode_string("/e1") + b"\0")[1] != 0,
            "the session expires", 60 * harness.SLOWNESS))
        watcher.socket.close()

    def large_requests(self, leader):
        client = session_of(leader)
        paths = [f"/m{i:05}" for i in range(10000)]
        self.event("multi of 10000 creates",
                   lambda: multi(client, [create_op(p, 0) for p in paths]))
        self.event("multi of 30000 checks", lambda: multi(client, 3 * [check_op(p) for p in paths]))
        self.event("multi of 10000 deletes", lambda: multi(client, [delete_op(p) for p in paths]))
        client.create("/big")
        count = 50000 * SCALE
        make(client, [f"/big/c{i}" for i in range(count)])
        self.event(f"getChildren of {count}",
                   lambda: client.request(GET_CHILDREN, encode_string("/big") + b"\0"))
        self.event(f"getAllChildrenNumber of {count}",
                   lambda: client.request(ALL_CHILDREN_NUMBER, encode_string("/big")))
        client.socket.close()

    def watches(self, leader, follower):
        count = 30000 * SCALE
        paths = [f"/big/c{i}" for i in range(count)]
        for where, name in ((leader, "leader"), (follower, "follower")):
            watcher = session_of(where)
            self.event(f"setWatches of {count} ({name})", lambda c=watcher: watch_all(c, paths))
            self.event(f"end of a connection with {count} watches", watcher.socket.close)
        crowd = [session_of(follower, timeout_ms=60000) for _ in range(500 * SCALE)]
        for c in crowd:
            watch_all(c, paths[:40])
        writer = session_of(leader)
        self.event(f"{len(crowd)} connections hear of 40 changes each",
                   lambda: multi(writer, [delete_op(p) for p in paths[:40]]))
        for c in crowd:
            c.socket.close()

    def words(self, leader, follower):
        count = 30000 * SCALE
        paths = [f"/big/c{i}" for i in range(100, 100 + count)]
        for where, name in ((leader, "leader"), (follower, "follower")):
            client = session_of(where, timeout_ms=60000)
            make(client, [f"/w{i}" for i in range(10000 * SCALE)], flags=1)
            watch_all(client, paths)
            for word in ("dirs", "dump", "wchs", "wchp", "wchc", "cons", "mntr"):
                self.event(f"{word} ({name})", lambda w=word, s=where: s.ask(w))
            client.request(CLOSE)
            client.socket.close()

    def many_sessions(self, follower):
        count = 1000 * SCALE
        crowd = [session_of(follower, timeout_ms=4000) for _ in range(count)]
        watched = crowd[0].session

        def expire():
            for c in crowd:
                c.socket.close()
            harness.wait_until(lambda: f"0x{watched:x}" not in follower.ask("dump"),
                               "the sessions expire", 60 * harness.SLOWNESS, step_s=0.5)

        self.event(f"{count} sessions expire", expire)


if __name__ == "__main__":
    harness.main(240 * SCALE)
