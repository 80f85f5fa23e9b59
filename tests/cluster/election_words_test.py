#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What a server says of its leader, of the last election and of the quorum, whatever its state."""

import re
import subprocess
import unittest

import harness
from harness import ACTOR_NODE, Ensemble, field


@unittest.skipIf(harness.GENUINE, "only actor-node has this word")
class ElectionWords(unittest.TestCase):

    def setUp(self):
        self.servers = self.enterContext(Ensemble(3, observers=1))

    def whys(self, number, condition=lambda said: True):
        return harness.wait_until(
            lambda: (said := self.servers[number].ask("whys")) and condition(said) and said,
            lambda: f"server {number} says it; it says {self.servers[number].ask('whys')}")

    def status(self, number, *options):
        done = subprocess.run([ACTOR_NODE, "status", *options, self.servers[number].config],
                              capture_output=True, text=True, check=False,
                              timeout=harness.DEADLINE_S)
        return done.returncode, done.stdout

    def test_leader_follower_and_observer_tell_who_was_elected_and_why(self):
        leader = self.servers.start_all()
        for n in (1, 2, 3, 4):
            said = self.whys(n, lambda x: "Serving: yes" in x and "Established: " in x)
            self.assertEqual(field(said, "Leader"),
                             f"server.{leader.id} ({leader.host}:{leader.peer_port})")
            self.assertRegex(said, r"(?m)^Established: \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$")
            self.assertEqual(field(said, "Quorum"), "3 of 3 voters reachable, 2 needed")
            self.assertRegex(field(said, "Last election"),
                             rf"^server {leader.id} (won: same epoch and zxid, greatest id|"
                             r"won: no other candidate was heard of|was leading already, as said )")
            self.assertRegex(field(said, "Decided"),
                             r"^after \d+ ms, at .* UTC: .*(agreed|already)")
            self.assertIn(f"server {leader.id} ", field(said, "Votes"))
            self.assertIn(f"server {leader.id} (epoch ", field(said, "Candidates"))
            code, shown = self.status(n, "-v")
            self.assertEqual(code, 0)
            self.assertIn(f"\nMode: {self.servers[n].mode()}\n", shown)
            self.assertIn("\nLast election: " + field(said, "Last election"), shown)
            self.assertNotIn("Last election", self.status(n)[1])

    def test_the_longer_log_wins_and_is_said_to(self):
        self.servers.start(1, 2)
        self.servers.wait_roles({2: "leader", 1: "follower"})
        self.servers.client().create("/more")  # which server 3 does not have
        for n in (1, 2):
            self.servers[n].stop()
        self.servers.start(1, 3)
        self.servers.wait_roles({1: "leader", 3: "follower"})
        won = r"^server 1 won: its (epoch \d+|zxid 0x1\w+) is ahead of (0|0x0) of server 3$"
        self.assertRegex(field(self.whys(1), "Last election"), won)
        self.assertRegex(field(self.whys(3), "Last election"), won + "|^server 1 was leading")

    def test_a_lonely_server_counts_the_voters_and_names_the_missing(self):
        self.servers.start(2)
        said = self.whys(2, lambda x: x.count("Connection refused") == 3
                         and "Election under way" in x)
        self.assertEqual(field(said, "Leader"), "none")
        self.assertEqual(field(said, "Quorum"), "1 of 3 voters reachable, 2 needed")
        self.assertRegex(said, r"(?m)^Unreachable: server\.1 \S+: Connection refused$")
        self.assertRegex(field(said, "Election under way"),
                         r"^for \d+ ms; this server names server 2 \(epoch 0 zxid 0x0\)$")
        self.assertEqual(field(said, "Votes so far"),
                         "server 2 for itself; no vote of server 1 and server 3")
        code, shown = self.status(2)
        self.assertEqual(code, 1)
        self.assertTrue(re.search("(?m)^Quorum: 1 of 3 voters reachable, 2 needed$", shown), shown)


if __name__ == "__main__":
    harness.main(limit_s=120)
