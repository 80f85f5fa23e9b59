#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tools/up and tools/down: what an operator has changed stays, and whose a server is they know
however it was started."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest

import harness
from harness import ACTOR_NODE

TOOLS = os.path.join(harness.ROOT, "tools")


@unittest.skipIf(harness.GENUINE, "they start actor-node")
class UpAndDown(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="troupe_up.")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)
        self.addCleanup(self.run_tool, "down")
        ports = harness.free_ports(1)
        self.base = ports[0]

    def run_tool(self, name, *arguments):
        options = [f"--base-port={self.base}"] if name == "up" else []
        done = subprocess.run([os.path.join(TOOLS, name), *arguments, *options,
                               f"--run-dir={self.dir}"], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, env={
                                  **os.environ, "ACTOR_NODE": ACTOR_NODE},
                              timeout=4 * harness.DEADLINE_S)
        return done.returncode, done.stdout

    def works(self, name, *arguments):
        code, said = self.run_tool(name, *arguments)
        self.assertEqual(code, 0, said)
        return said

    def node(self, *arguments):
        done = subprocess.run([ACTOR_NODE, *arguments], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, timeout=harness.DEADLINE_S)
        return done.returncode, done.stdout

    def config(self, n):
        return os.path.join(self.dir, f"server.{n}", "zoo.cfg")

    def read(self, n):
        with open(self.config(n), encoding="ascii") as f:
            return f.read()

    def add(self, n, line):
        with open(self.config(n), "a", encoding="ascii") as f:
            f.write(line + "\n")

    def test_servers_that_were_restarted_by_hand_are_known(self):
        said = self.works("up", "1")
        self.assertRegex(said, rf"server\.1 +127\.0\.0\.1:{self.base + 1} +standalone +pid \d+\n")
        server = os.path.dirname(self.config(1))
        self.assertEqual(self.node("restart", server)[0], 0)
        pid = self.node("pid", server)[1].strip()
        self.assertIn(f"pid {pid}\n", self.works("up", "1"))
        self.assertIn("server.1: Stopping", self.works("down"))
        self.assertNotEqual(self.node("pid", server)[0], 0)
        self.assertIn("nothing to stop", self.works("down"))
        self.assertEqual(self.node("start", server)[0], 0)
        self.assertIn("standalone", self.works("up", "1"))
        self.works("down")

    def test_what_was_changed_in_a_zoo_cfg_stays_and_is_told(self):
        self.works("up", "1")
        self.works("down")
        self.add(1, "snapCount=777")
        edited = self.read(1)
        said = self.works("up", "1")
        self.assertIn("server.1: its zoo.cfg is kept", said)
        self.assertIn("with snapCount=777", said)
        self.assertEqual(self.read(1), edited)
        self.works("down")
        # With other numbers its own lines stay, and those of servers and ports change.
        self.base += 10
        self.works("up", "1")
        self.assertIn("\nsnapCount=777\n", self.read(1))
        self.assertEqual(re.findall(r"^clientPort=(\d+)$", self.read(1), re.M),
                         [str(self.base + 1)])
        self.assertEqual(self.read(1).count("dataDir="), 1)
        self.works("down")
        said = self.works("up", "1", "--overwrite")
        self.assertIn("zoo.cfg.old", said)
        self.assertNotIn("snapCount", self.read(1))
        with open(self.config(1) + ".old", encoding="ascii") as f:
            self.assertIn("snapCount=777", f.read())

    def test_other_numbers_while_a_server_runs_are_refused(self):
        self.works("up", "1")
        before = self.read(1)
        code, said = self.run_tool("up", "3")
        self.assertEqual(code, 1, said)
        self.assertIn("runs (pid", said)
        self.assertEqual(self.read(1), before)
        self.assertFalse(os.path.exists(self.config(2)))

    def test_down_stops_servers_whose_zoo_cfg_is_broken_or_gone(self):
        self.works("up", "3")
        self.add(1, "syncLimit=five")
        os.remove(self.config(2))
        said = self.works("down")
        for n in (1, 2, 3):
            self.assertRegex(said, rf"server\.{n}: (.*\n)?Stopping troupe .*STOPPED")
        self.assertEqual(self.node("pid", os.path.join(self.dir, "server.2", "data"))[0], 1)

    def test_a_zoo_cfg_of_somebody_elses_stays_as_it_is(self):
        os.makedirs(os.path.join(self.dir, "server.1", "data"))
        own = f"dataDir={self.dir}/server.1/data\nclientPort={self.base + 5}\ntickTime=900\n"
        with open(self.config(1), "w", encoding="ascii") as f:
            f.write(own)
        said = self.works("up", "1")
        self.assertIn(f":{self.base + 5} ", said)
        self.assertEqual(self.read(1), own)

    def test_what_is_not_understood_is_exit_code_2(self):
        for arguments in (("--frobnicate",), ("many",), ("--run-dir",)):
            done = subprocess.run([os.path.join(TOOLS, "up"), *arguments], text=True,
                                  capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)


if __name__ == "__main__":
    harness.main(limit_s=240)
