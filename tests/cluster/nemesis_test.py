#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A short run of the nemesis: all workloads through both client libraries, and the four faults that
a leader has to fear most. And that its own judgement can fail."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

import harness

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "nemesis"))
import report  # pylint: disable=wrong-import-position
from census import MOST, left_over  # pylint: disable=wrong-import-position
from faults import Done  # pylint: disable=wrong-import-position

FAULTS = "kill-leader,pause-leader,isolate-leader,disk-full-leader"
NEMESIS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "nemesis.py")


class Judgement(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="troupe_nemesis.")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        return path

    def test_time_without_a_write_counts_from_the_fault_and_over_its_end(self):
        writes = [0, 1_000_000, 1_020_000, 9_000_000, 9_020_000, 20_000_000]
        self.assertEqual(report.gap_s(writes, 3_000_000, 9_010_000), 6.0)
        self.assertEqual(report.gap_s(writes, 1_000_000, 10_000_000), 10.98)
        self.assertEqual(report.gap_s([], 5, 1_000_005), 1.0)

    def test_table_has_a_line_a_kind_the_worst_first(self):
        done = [Done("a", "a 1", 0, 500_000, 0, 1_000_000),
                Done("b", "b 2", 2_000_000, 3_000_000, 0, 6_000_000),
                Done("a", "a 3", 8_000_000, 9_000_000, 0, 9_500_000)]
        lines = report.table(done, [0, 200_000, 1_000_000, 2_000_000, 6_000_000, 8_000_000,
                                    8_400_000, 9_500_000])
        self.assertEqual(lines[2:], ["| b | 1 | 4.00 | 4.00 | 3.0 |",
                                     "| a | 2 | 1.10 | 1.05 | 0.5 |"])

    def test_trees_that_differ_are_told_with_what_differs(self):
        one = self.write("tree.1", "/ data=\n/a data=1\n")
        two = self.write("tree.2", "/ data=\n/a data=2\n")
        problems, count = report.differing_trees({1: one, 2: two})
        self.assertEqual(count, 2)
        self.assertIn("/a data=2", problems[0])
        self.assertEqual(report.differing_trees({1: one, 3: one})[0], [])

    def test_what_is_left_when_all_clients_have_gone_is_told(self):
        def told(**other):
            return "".join(f"{name}\t{other.get(name, most)}\n" for name, most in MOST.items())
        self.assertEqual(left_over(told()), {})
        self.assertEqual(left_over(told(zk_watch_count=2)), {"zk_watch_count": "2"})
        self.assertEqual(left_over(told(zk_num_alive_connections=2)),
                         {"zk_num_alive_connections": "2"})
        self.assertEqual(set(left_over("mntr is not executed")), set(MOST))

    def test_probe_waits_for_the_rest_of_a_line(self):
        path = self.write("probe", "100 1\n200 2\n30")
        probe = report.Probe(path)
        self.assertEqual(probe.last_us(), 200)
        with open(path, "a", encoding="ascii") as f:
            f.write("0 1\n")
        self.assertEqual(probe.last_us(), 300)


class Nemesis(unittest.TestCase):
    def test_promises_hold_while_the_leader_is_killed_paused_cut_off_and_out_of_disk(self):
        folder = tempfile.mkdtemp(prefix="troupe_nemesis.")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        out = os.path.join(folder, "out")
        done = subprocess.run([sys.executable, NEMESIS, "--once", "--faults", FAULTS, "--seed", "5",
                               "--rest-s", "2", "--out", out], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        print(done.stdout)
        self.assertEqual(done.returncode, 0)
        self.assertIn("all promises held", done.stdout)
        with open(os.path.join(out, "history.jsonl"), encoding="utf-8") as f:
            history = f.read()
        for fault in FAULTS.split(","):
            self.assertIn(f'"fault":"{fault}', history)
        for key in ("register", "set", "counter", "queue", "ephemeral", "watch"):
            self.assertGreater(history.count(f'"key":"{key}/'), 100, key)
        self.assertGreater(history.count('"lock":"lock/0"'), 20)


if __name__ == "__main__":
    harness.main(limit_s=300)
