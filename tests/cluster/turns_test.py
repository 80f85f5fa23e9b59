#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Nobody waits while a server does what takes long: thousands of ephemerals that go with their
session, thousands of watches that fire, thousands of sessions that begin or expire at once,
requests and answers as long as they may be, a learner that comes back. Of each event, on leader,
follower and observer, the servers' own count decides: no turn of the I/O thread has taken more than
20 ms of the processor, and no round of turns between two looks at its sockets more than 40. That
is a count of work, which a busy machine changes little. What clients waited meanwhile, for `ruok`,
a read of a small znode and a ping, is printed, and judged with a wide margin: a probe that connects
waits behind a thousand others that do.

--measure N    the state is N times as large, and nothing is judged
"""

import multiprocessing
import os
import resource
import shutil
import socket
import struct
import sys
import time
import unittest

import harness
from raw_client import GET_DATA, Closed, RawClient, encode_string

SCALE = int(sys.argv.pop(sys.argv.index("--measure") + 1)) if "--measure" in sys.argv else 1
JUDGED = "--measure" not in sys.argv
if not JUDGED:
    sys.argv.remove("--measure")

# Of `ruok`, on a machine that does other work as well.
WAIT_MAX_MS = 1500 * harness.SLOWNESS
# Of the processor, in a turn and in a round.
LONG_TURNS = "turns_cpu_over_20ms"
ROUND_CPU_MAX_MS = 40

MULTI, MULTI_READ, CLOSE, DELETE, CHECK, CREATE_CONTAINER = 14, 22, -11, 2, 13, 19
GET_CHILDREN, GET_EPHEMERALS, ALL_CHILDREN_NUMBER = 8, 103, 104
CONTAINER = 4  # a flag of creates
# So that 40,000 creates fit into one request.
FRAME_BYTES_MAX = 4 << 20
ANYONE = struct.pack(">ii", 1, 31) + encode_string("world") + encode_string("anyone")


# ---------------------------------------------------------------- who waits

def give_priority():
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -15)  # so that it measures the server's delays alone
    except OSError:
        pass


class Waits:
    """The longest of one kind at one server, in ms."""

    def __init__(self):
        self.longest = multiprocessing.Value("d", 0.0)
        self.count = multiprocessing.Value("i", 0)

    def note(self, began):
        self.longest.value = max(self.longest.value, 1000 * (time.monotonic() - began))
        self.count.value += 1


def ask_ruok_for_ever(port, ruok):
    give_priority()
    while True:
        began = time.monotonic()
        try:
            with socket.create_connection((harness.HOST, port), timeout=60) as s:
                s.sendall(b"ruok")
                while s.recv(16):
                    pass
        except OSError:  # it was stopped
            time.sleep(0.1)
            continue
        ruok.note(began)
        time.sleep(0.001)


def read_for_ever(server, reads, pings):
    """An honest client: reads a small znode, and pings."""
    give_priority()
    while True:
        try:
            with session_of(server, timeout_ms=60000) as client:
                while True:
                    began = time.monotonic()
                    client.request(GET_DATA, encode_string("/first") + b"\0")
                    reads.note(began)
                    began = time.monotonic()
                    client.ping()
                    pings.note(began)
                    time.sleep(0.002)
        except (OSError, Closed, struct.error, AssertionError):  # it was stopped
            time.sleep(0.1)


class Probes:
    """Two processes for each server, which ask it all the time."""

    def __init__(self, ensemble):
        self.ruok, self.reads, self.pings = ([Waits() for _ in ensemble] for _ in range(3))
        self.processes = []
        for n, server in enumerate(ensemble):
            for target, arguments in (
                    (ask_ruok_for_ever, (server.client_port, self.ruok[n])),
                    (read_for_ever, (server, self.reads[n], self.pings[n]))):
                self.processes.append(
                    multiprocessing.Process(target=target, args=arguments, daemon=True))
        for p in self.processes:
            p.start()

    def begin(self):
        for waits in self.ruok + self.reads + self.pings:
            waits.longest.value = 0.0

    def longest(self):
        """When each server has answered twice more, so that nobody is waiting still."""
        every = self.ruok + self.reads
        before = [x.count.value for x in every]
        harness.wait_until(
            lambda: all(x.count.value >= b + 2 for x, b in zip(every, before)),
            "each server answers the probes", step_s=0.01)
        return [max(x.longest.value for x in kind)
                for kind in (self.ruok, self.reads, self.pings)]

    def end(self):
        for p in self.processes:
            p.terminate()
            p.join()


# ---------------------------------------------------------------- what is asked of the servers

def create_op(path, flags):
    op = CREATE_CONTAINER if flags == CONTAINER else 1
    return (struct.pack(">ibi", op, 0, -1) + encode_string(path) + struct.pack(">i", 0) + ANYONE +
            struct.pack(">i", flags))


def read_op(path):
    return struct.pack(">ibi", GET_DATA, 0, -1) + encode_string(path) + b"\0"


def delete_op(path):
    return struct.pack(">ibi", DELETE, 0, -1) + encode_string(path) + struct.pack(">i", -1)


def check_op(path):
    return struct.pack(">ibi", CHECK, 0, -1) + encode_string(path) + struct.pack(">i", -1)


def multi(client, ops, op=MULTI):
    _, error, _ = client.request(op, b"".join(ops) + struct.pack(">ibi", -1, 1, -1))
    assert error == 0, error


def make(client, paths, flags=0):
    for i in range(0, len(paths), 2000):
        multi(client, [create_op(p, flags) for p in paths[i:i + 2000]])


def session_of(server, timeout_ms=8000):
    client = RawClient(server, timeout_s=120 * harness.SLOWNESS)
    try:
        assert client.connect(timeout_ms=timeout_ms)
    except BaseException:
        client.socket.close()
        raise
    return client


def watch_all(client, paths, batch=20000):
    """As a client that comes back does it; it has seen everything."""
    for i in range(0, len(paths), batch):
        client.set_watches((1 << 62), data=paths[i:i + batch])


def figures_of(server):
    """What the server says of its turns and rounds since the last srst: name -> value."""
    out = {}
    for line in server.ask("mntr").splitlines():
        key, _, value = line.partition("\t")
        if key.startswith("zk_io_"):
            out[key.removeprefix("zk_io_")] = float(value)
    return out


class LongWork(unittest.TestCase):
    """One ensemble, and one event after the other."""

    def setUp(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))

    def event(self, name, what):
        """Does it, and waits until all servers have done so too."""
        for s in self.ensemble:
            if s.is_alive():
                s.ask("srst")
        self.probes.begin()
        began = time.monotonic()
        what()
        self.ensemble.wait_quiet()
        took = time.monotonic() - began
        waits = self.probes.longest()
        figures = {str(s): figures_of(s) for s in self.ensemble}
        cpu = [f"{f.get('turn_cpu_ms_max', -1):4.1f}/{f.get('round_cpu_ms_max', -1):4.1f}"
               for f in figures.values()]
        print(f"{name:44} {' '.join(f'{w:6.1f}' for w in waits)}  {'  '.join(cpu)}"
              f"   (took {took:.1f} s)", flush=True)
        self.waits[name] = waits[0]
        self.assertIn(LONG_TURNS, figures[str(self.ensemble[1])])
        for server, each in figures.items():
            if each.get(LONG_TURNS, 0) > 0 or each.get("round_cpu_ms_max", 0) > ROUND_CPU_MAX_MS:
                self.long_turns[f"{name}, {server}"] = (each["turn_cpu_ms_max"],
                                                        each["round_cpu_ms_max"])

    def test_nobody_waits_for_what_takes_long(self):
        self.waits, self.long_turns = {}, {}
        config = {"maxSessionTimeout": 60000, "jute.maxbuffer": FRAME_BYTES_MAX,
                  "znode.container.checkIntervalMs": 1000,
                  "znode.container.maxPerMinute": 1000000}
        with harness.Ensemble(3, observers=1, **config) as ensemble:
            self.ensemble = ensemble
            leader = ensemble.start_all()
            follower = next(s for s in ensemble if s is not leader)
            observer = ensemble[4]
            with session_of(leader) as first:
                first.create("/first")  # so that all have a zxid of this epoch
            print("ms waited for ruok, a read, a ping; ms of CPU in a turn/round of each server; "
                  f"server {leader.id} leads, 4 is the observer", flush=True)
            self.probes = Probes(ensemble)
            try:
                self.event("nothing", lambda: time.sleep(1))
                self.events(leader, follower, observer)
            finally:
                self.probes.end()
            for s in ensemble:
                for line in s.log_text().splitlines():
                    if " long_turn " in line:
                        print(s, line.split(" long_turn ")[1])
        if JUDGED:
            self.assertEqual(self.long_turns, {}, "ms of CPU that a turn and a round took at most")
            late = {name: ms for name, ms in self.waits.items() if ms > WAIT_MAX_MS}
            self.assertEqual(late, {}, f"nobody waits for ruok longer than {WAIT_MAX_MS} ms")

    def events(self, leader, follower, observer):
        everywhere = ((leader, "leader"), (follower, "follower"), (observer, "observer"))
        self.sessions_with_ephemerals(everywhere)
        self.large_requests(everywhere)
        self.watches(everywhere)
        self.words(everywhere)
        self.containers(leader)
        self.many_sessions(everywhere)
        self.learners_that_come_back(leader, (follower, observer))

    def sessions_with_ephemerals(self, everywhere):
        count = 20000 * SCALE
        paths = [f"/e{i}" for i in range(count)]
        for where, name in everywhere:
            owner = session_of(where)
            make(owner, paths, flags=1)
            self.event(f"getEphemerals of {count} ({name})",
                       lambda c=owner: c.request(GET_EPHEMERALS, encode_string("/")))
            self.event(f"close with {count} ephemerals ({name})", lambda c=owner: c.request(CLOSE))
            owner.socket.close()
        owner = session_of(everywhere[1][0], timeout_ms=4000)
        make(owner, paths, flags=1)
        owner.socket.close()
        watcher = session_of(everywhere[0][0])
        self.event(f"expiry with {count} ephemerals", lambda: harness.wait_until(
            lambda: watcher.request(3, encode_string("/e1") + b"\0")[1] != 0,
            "the session expires", 60 * harness.SLOWNESS))
        watcher.socket.close()

    def large_requests(self, everywhere):
        paths = [f"/m{i:05}" for i in range(40000)]
        for where, name in everywhere:
            client = session_of(where)
            self.event(f"multi of 40000 creates ({name})",
                       lambda c=client: multi(c, [create_op(p, 0) for p in paths]))
            self.event(f"multi of 40000 checks ({name})",
                       lambda c=client: multi(c, [check_op(p) for p in paths]))
            self.event(f"multiRead of 40000 ({name})",
                       lambda c=client: multi(c, [read_op(p) for p in paths], MULTI_READ))
            self.event(f"multi of 40000 deletes ({name})",
                       lambda c=client: multi(c, [delete_op(p) for p in paths]))
            client.socket.close()
        client = session_of(everywhere[0][0])
        client.create("/big")
        count = 100000 * SCALE
        make(client, [f"/big/c{i}" for i in range(count)])
        client.socket.close()
        for where, name in everywhere:
            client = session_of(where)
            self.event(f"getChildren of {count} ({name})",
                       lambda c=client: c.request(GET_CHILDREN, encode_string("/big") + b"\0"))
            self.event(f"getAllChildrenNumber of {count} ({name})",
                       lambda c=client: c.request(ALL_CHILDREN_NUMBER, encode_string("/big")))
            client.socket.close()

    def watches(self, everywhere):
        count = 100000 * SCALE
        paths = [f"/big/c{i}" for i in range(count)]
        writer = session_of(everywhere[0][0], timeout_ms=60000)
        for turn, (where, name) in enumerate(everywhere):
            watcher = session_of(where)
            self.event(f"setWatches of {count} ({name})",
                       lambda c=watcher: watch_all(c, paths, batch=count))
            self.event(f"end of a connection with {count} watches", watcher.socket.close)
            crowd = [session_of(where, timeout_ms=60000) for _ in range(500 * SCALE)]
            for n, c in enumerate(crowd):
                watch_all(c, paths[200 * turn:200 * turn + 40] + ["/first"] +
                          paths[1000 + 200 * n:1200 + 200 * n])
            self.event(f"{len(crowd)} connections hear of 40 changes each ({name})",
                       lambda t=turn: multi(writer, [delete_op(p)
                                                     for p in paths[200 * t:200 * t + 40]]))
            self.event(f"{len(crowd)} connections with {201 * len(crowd)} watches end",
                       lambda: [c.socket.close() for c in crowd])
        writer.socket.close()

    def words(self, everywhere):
        count = 100000 * SCALE
        paths = [f"/big/c{i}" for i in range(1000, 1000 + count)]
        for where, name in everywhere:
            for n in range(10000):
                with open(os.path.join(where.data, "version-2", f"note.{n}"), "wb"):
                    pass
            client = session_of(where, timeout_ms=60000)
            make(client, [f"/w{i}" for i in range(10000 * SCALE)], flags=1)
            watch_all(client, paths)
            for word in ("dirs", "dump", "wchs", "wchp", "wchc", "cons", "mntr"):
                self.event(f"{word} ({name})", lambda w=word, s=where: s.ask(w))
            client.request(CLOSE)
            client.socket.close()

    def containers(self, leader):
        client = session_of(leader)
        paths = [f"/k{i}" for i in range(5000 * SCALE)]
        make(client, paths, flags=CONTAINER)
        make(client, [p + "/x" for p in paths])
        for i in range(0, len(paths), 2000):
            multi(client, [delete_op(p + "/x") for p in paths[i:i + 2000]])
        self.event(f"{len(paths)} containers go", lambda: harness.wait_until(
            lambda: client.request(3, encode_string(paths[-1]) + b"\0")[1] != 0,
            "the containers go", 60 * harness.SLOWNESS))
        client.socket.close()

    def many_sessions(self, everywhere):
        for where, name in everywhere:
            count = 1000 * SCALE
            crowd = []

            def begin():
                for _ in range(count):
                    c = RawClient(where, timeout_s=120 * harness.SLOWNESS)
                    c.send_frame(struct.pack(">iqiqi", 0, 0, 4000, 0, 16) + bytes(17))
                    crowd.append(c)
                for c in crowd:
                    c.session = struct.unpack(">iiq", c.receive_frame()[:16])[2]

            def expire():
                for c in crowd:
                    c.socket.close()
                harness.wait_until(lambda: f"0x{crowd[-1].session:x}" not in where.ask("dump"),
                                   "the sessions expire", 60 * harness.SLOWNESS, step_s=0.5)

            self.event(f"{count} sessions begin at once ({name})", begin)
            self.event(f"{count} sessions expire ({name})", expire)

    def learners_that_come_back(self, leader, learners):
        client = session_of(leader, timeout_ms=60000)
        for n, where in enumerate(learners):
            where.stop()
            make(client, [f"/back{n}-{i}" for i in range(20000 * SCALE)])
            self.event(f"{where} comes back for a DIFF", lambda s=where: self.start(s))
            where.stop()
            shutil.rmtree(os.path.join(where.data, "version-2"))
            self.event(f"{where} comes back for a SNAP", lambda s=where: self.start(s))
        client.socket.close()

    def start(self, server):
        server.start()
        self.ensemble.wait_serving()


if __name__ == "__main__":
    harness.main(480 * SCALE)
