#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What clients cannot take from a server: the file descriptors that it needs itself, and memory
beyond memory.limit."""

import os
import resource
import socket
import threading
import unittest

from kazoo.exceptions import OperationTimeoutError

import harness
from harness import HOST, Ensemble, Place, four_letter, wait_until

FILES = 1024
MIB = 1 << 20


def figures(server):
    """mntr as a dictionary."""
    lines = four_letter(server.client_port, "mntr").splitlines()
    return dict(line.split("\t", 1) for line in lines if "\t" in line)


def resident_bytes(server):
    """As the kernel tells it."""
    with open(f"/proc/{server.process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * resource.getpagesize()


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def limited(soft, hard=None):
    return Place(within=("prlimit", f"--nofile={soft}:{hard or soft}"))


def hold_connections(test, server, count):
    """Connections that say nothing, 50 from each address: the default of maxClientCnxns is 60."""
    held = []
    for i in range(count):
        s = socket.socket()
        test.addCleanup(s.close)
        s.bind((f"127.0.1.{1 + i // 50}", 0))
        s.settimeout(5)
        try:
            s.connect((HOST, server.client_port))
            held.append(s)
        except OSError:
            s.close()
    return held


class FewFiles(unittest.TestCase):
    def test_leader_with_more_connections_than_files_leads_on_and_writes_its_disk(self):
        with Ensemble(3, places=[limited(FILES)] * 3, maxClientCnxns=60, snapCount=100) as ensemble:
            leader = ensemble.start_all()
            follower = next(s for s in ensemble if s is not leader)
            honest = leader.client()
            honest.create("/x", b"")
            held = hold_connections(self, leader, 1200)
            for i in range(400):  # snapshots and new log files need descriptors
                honest.set("/x", str(i).encode())
            wait_until(lambda: "snapshot_written" in leader.log_text(), "a snapshot")
            follower.kill()
            follower.start()  # and so does a follower that comes back
            wait_until(lambda: follower.mode() == "follower", "the follower is back")
            self.assertEqual(follower.client().get("/x")[0], b"399")
            self.assertLess(open_files(leader), FILES)
            for s in held:
                s.close()
            wait_until(lambda: leader.mode() == "leader", "there is room again, and it leads still")
            log = leader.log_text()
            self.assertNotIn("Too many open files", log)
            self.assertNotIn("role_ended", log)
            self.assertIn("too few file descriptors left", log)
            told = figures(leader)
            self.assertGreater(int(told["zk_connections_refused_for_files"]), 100)
            self.assertEqual(int(told["zk_max_file_descriptor_count"]), FILES)
            self.assertAlmostEqual(int(told["zk_open_file_descriptor_count"]), open_files(leader),
                                   delta=5)

    def test_soft_limit_is_raised_to_the_hard_one(self):
        with Ensemble(1, places=[limited(256, 2048)]) as ensemble:
            server = ensemble.start_all()
            self.assertEqual(figures(server)["zk_max_file_descriptor_count"], "2048")


class LittleMemory(unittest.TestCase):
    LIMIT = 256 * MIB

    def fill(self, zk, top, size, stop_at):
        """Znodes of that size below `top` until one is refused, or there are so many."""
        zk.ensure_path(top)
        made = 0
        while made < stop_at:
            wave = [zk.create_async(f"{top}/{made + i:08}", b"x" * size) for i in range(20)]
            for x in wave:
                x.wait(30)
            done = [x for x in wave if x.successful()]
            made += len(done)
            if len(done) < len(wave):
                errors = {type(x.exception) for x in wave if not x.successful()}
                self.assertEqual(errors, {OperationTimeoutError})
                return made
        return None

    def test_creates_are_refused_before_the_limit_and_all_else_goes_on(self):
        with Ensemble(3, **{"memory.limit": "256m"}) as ensemble:
            leader = ensemble.start_all()
            follower = next(s for s in ensemble if s is not leader)
            most = {s: 0 for s in ensemble}
            over = threading.Event()

            def measure():
                while not over.wait(0.05):
                    for s in ensemble:
                        if s.is_alive():
                            most[s] = max(most[s], resident_bytes(s))

            watching = threading.Thread(target=measure)
            watching.start()
            try:
                zk = follower.client()
                zk.create("/x", b"y" * 1000)
                self.assertIsNotNone(self.fill(zk, "/large", MIB - 4096, 400), "never refused")
                self.assertIsNotNone(self.fill(zk, "/small", 100, 400_000), "never refused")
                self.what_still_works(ensemble, leader, follower, zk)
            finally:
                over.set()
                watching.join()
            print({s: f"{n >> 20} MiB at most" for s, n in most.items()})
            for s in ensemble:
                self.assertLess(most[s], self.LIMIT, s)

    def what_still_works(self, ensemble, leader, follower, zk):
        zk.set("/x", b"z" * 1000)
        with self.assertRaises(OperationTimeoutError):
            zk.set("/x", b"z" * 900_000)
        self.assertEqual(zk.get("/x")[0], b"z" * 1000)
        self.assertEqual(leader.client().get("/x")[0], b"z" * 1000)  # a new session
        for s in ensemble:
            told = figures(s)
            self.assertEqual(told["zk_memory_limit"], str(self.LIMIT))
            self.assertLessEqual(int(told["zk_memory_tree_bytes"]),
                                 int(told["zk_memory_tree_bytes_max"]) + 2 * MIB)
        wait_until(lambda: "Memory: " in leader.ask("srvr"), "the leader tells of it")
        self.assertIn("Memory: ", leader.status()[1])
        self.assertGreater(int(figures(leader)["zk_writes_refused_for_memory"]), 0)
        self.assertEqual(leader.log_text().count("memory_is_full"), 1)
        # A follower without a history has two trees for a moment, if at all: its limit holds.
        follower.kill()
        follower.start()
        wait_until(lambda: follower.mode() == "follower", "the follower is back")
        for name in zk.get_children("/large")[:20]:
            zk.delete(f"/large/{name}")
        wait_until(lambda: "Memory: " not in leader.ask("srvr"), "there is room again")
        zk.create("/large/again", b"x" * 100_000)
        self.assertEqual(leader.mode(), "leader")


if __name__ == "__main__":
    harness.main(limit_s=300)
