#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who may read a server's files, and what they are written through."""

import os
import stat
import subprocess
import unittest

import harness
from harness import Ensemble
from raw_client import RawClient


class FilesOfAServer(unittest.TestCase):

    def setUp(self):
        self.e = self.enterContext(Ensemble(1, **{"snapCount": 100, "audit.enable": "true"}))
        self.server = self.e[1]
        self.addCleanup(os.umask, os.umask(0))  # as wide as can be

    def run_node(self, verb, *more):
        return subprocess.run([harness.ACTOR_NODE, verb, "--config", self.server.config, *more],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              timeout=harness.DEADLINE_S, check=False)

    def test_nobody_else_may_read_or_write_what_a_server_makes(self):
        os.remove(os.path.join(self.server.data, "myid"))
        os.rmdir(self.server.data)
        trace = os.path.join(self.server.dir, "trace.jsonl")
        started = self.run_node("start", "--trace", trace)
        self.addCleanup(self.run_node, "stop")
        self.assertEqual(started.returncode, 0, started.stdout)
        self.e.wait_serving()
        with RawClient(self.server) as client:
            client.connect()
            for n in range(300):
                client.create(f"/{n}")
        self.assertEqual(self.run_node("stop").returncode, 0)
        seen = {}
        for folder, _, names in os.walk(self.server.dir):
            for path in [folder] + [os.path.join(folder, n) for n in names]:
                seen[os.path.relpath(path, self.server.dir)] = stat.S_IMODE(os.stat(path).st_mode)
        for name in (".", "zoo.cfg", "server.log"):  # the test's own
            seen.pop(name, None)
        for kind in ("snapshot.", "log.", "currentEpoch", "acceptedEpoch", "audit.log",
                     "actor-node.log", "trace.jsonl", "actor-node.meta"):
            self.assertTrue(any(kind in name for name in seen), f"{kind} in {sorted(seen)}")
        directories = ("data", "data/version-2")
        wrong = {name: oct(mode) for name, mode in seen.items()
                 if mode & ~(0o750 if name in directories else 0o640)}
        self.assertEqual(wrong, {})

    def test_what_is_there_already_keeps_its_permissions(self):
        os.makedirs(os.path.join(self.server.data, "version-2"))
        os.chmod(self.server.data, 0o755)
        epoch = os.path.join(self.server.data, "version-2", "currentEpoch")
        for name in ("currentEpoch", "acceptedEpoch"):
            path = os.path.join(os.path.dirname(epoch), name)
            with open(path, "w", encoding="ascii") as f:
                f.write("0")
            os.chmod(path, 0o644)
        self.e.start_all()
        self.assertEqual(stat.S_IMODE(os.stat(self.server.data).st_mode), 0o755)
        self.assertEqual(stat.S_IMODE(os.stat(epoch).st_mode), 0o644)
        with open(epoch, encoding="ascii") as f:
            self.assertNotEqual(f.read(), "0")

    def test_a_link_in_the_place_of_the_pid_file_is_not_written_through(self):
        precious = os.path.join(self.server.dir, "precious")
        with open(precious, "w", encoding="ascii") as f:
            f.write("precious")
        os.symlink(precious, os.path.join(self.server.data, "zookeeper_server.pid"))
        self.server.start()
        self.assertNotEqual(self.server.exit_code(), 0)
        self.assertIn("a symbolic link, which is not written through", self.server.log_text())
        with open(precious, encoding="ascii") as f:
            self.assertEqual(f.read(), "precious")

    def test_a_link_in_the_place_of_a_temporary_file_is_not_written_through(self):
        precious = os.path.join(self.server.dir, "precious")
        with open(precious, "w", encoding="ascii") as f:
            f.write("precious")
        os.makedirs(os.path.join(self.server.data, "version-2"), exist_ok=True)
        os.symlink(precious, os.path.join(self.server.data, "version-2", "currentEpoch.tmp"))
        self.server.start()
        harness.wait_until(lambda: "a symbolic link" in self.server.log_text(), "it is told")
        with open(precious, encoding="ascii") as f:
            self.assertEqual(f.read(), "precious")

    def test_what_a_start_says_does_not_grow_from_start_to_start(self):
        out = os.path.join(self.server.data, "actor-node.log.out")
        with open(out, "w", encoding="ascii") as f:
            f.write("the last words of the one before\n")
        self.assertEqual(self.run_node("start").returncode, 0)
        self.addCleanup(self.run_node, "stop")
        self.assertEqual(os.path.getsize(out), 0)
        with open(out + ".1", encoding="ascii") as f:
            self.assertEqual(f.read(), "the last words of the one before\n")


if __name__ == "__main__":
    harness.main(limit_s=240)
