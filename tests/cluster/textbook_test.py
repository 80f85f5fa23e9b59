#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The story that every textbook on ZooKeeper tells: servers come and go, and who leads, and that
what was written stays."""

import unittest

import harness
from harness import Ensemble


class Textbook(unittest.TestCase):

    def setUp(self):
        self.written = {}  # path -> data, what must be there on every server that serves

    def check_status(self, server, mode):
        """`actor-node status` says the same as srvr, in zkServer.sh's words and exit codes."""
        if server.status() is None:
            return
        code, said = server.status()
        self.assertIn(f"Client port found: {server.client_port}. Client address: ", said)
        if mode is not None:
            self.assertEqual((code, f"Mode: {mode}" in said.splitlines()), (0, True), said)
            return
        self.assertEqual(code, 1, said)
        self.assertNotIn("Mode:", said)
        if not server.is_alive():
            self.assertIn("It is probably not running.", said)
        elif not harness.GENUINE:
            self.assertRegex(said, "but not serving|it is not serving yet")
            self.assertRegex(said, r"(?m)^State: \S+")

    def expect(self, ensemble, roles):
        """These roles are reached; status agrees; what was written is on all who serve."""
        ensemble.wait_roles({n: r for n, r in roles.items() if ensemble[n].is_alive()})
        for number, role in roles.items():
            self.check_status(ensemble[number], role)
            if role is None:
                continue
            zk = ensemble[number].client()
            zk.sync("/")
            for path, data in self.written.items():
                self.assertEqual(zk.get(path)[0], data, f"{path} on server.{number}")
            ensemble[number].close_clients()

    def write(self, server, name):
        zk = server.client()
        path, data = f"/{name}", f"through server.{server.id}".encode()
        zk.create(path, data)
        self.written[path] = data
        server.close_clients()

    def test_three_servers(self):
        with Ensemble(3) as e:
            e.start(1)
            harness.wait_until(lambda: harness.four_letter(e[1].client_port, "ruok") == "imok",
                               "server.1 listens")
            e.stays({1: None}, 2)
            self.expect(e, {1: None, 2: None, 3: None})

            e.start(2)
            self.expect(e, {1: "follower", 2: "leader", 3: None})
            self.write(e[1], "b")
            era = e[2].zxid() >> 32
            e.start(3)
            self.expect(e, {1: "follower", 2: "leader", 3: "follower"})
            self.assertEqual(e[2].zxid() >> 32, era, "2 kept leading, without an election")
            self.write(e[3], "b3")

            e[3].stop()
            e.stays({1: "follower", 2: "leader"}, 2)
            self.write(e[1], "c1")
            self.write(e[2], "c2")
            self.expect(e, {1: "follower", 2: "leader", 3: None})
            self.assertEqual(e[2].zxid() >> 32, era)

            e[1].stop()
            self.expect(e, {1: None, 2: None, 3: None})
            e.stays({2: None}, 2)

            e.start(1)
            self.expect(e, {1: "follower", 2: "leader", 3: None})
            self.write(e[1], "e")

            e.start(3)
            self.expect(e, {1: "follower", 2: "leader", 3: "follower"})
            self.write(e[3], "f")
            e.wait_quiet()
            e[2].stop()
            self.expect(e, {1: "follower", 2: None, 3: "leader"})
            self.write(e[1], "f1")

            era = e[3].zxid() >> 32
            e.start(2)
            self.expect(e, {1: "follower", 2: "follower", 3: "leader"})
            self.assertEqual(e[3].zxid() >> 32, era, "3 kept leading, without an election")

            self.delete(e, e[1], "/b")
            self.expect(e, {1: "follower", 2: "follower", 3: "leader"})

    def delete(self, ensemble, through, path):
        through.client().delete(path)
        through.close_clients()
        del self.written[path]
        for s in ensemble:
            zk = s.client()
            zk.sync("/")
            self.assertIsNone(zk.exists(path), f"{path} is still on {s}")
            s.close_clients()

    def test_five_servers_started_one_by_one(self):
        with Ensemble(5) as e:
            e.start(1)
            e.start(2)
            for n in (1, 2):
                harness.wait_until(lambda n=n: harness.four_letter(e[n].client_port, "ruok"),
                                   "it listens")
            e.stays({1: None, 2: None}, 2)
            e.start(3)
            self.expect(e, {1: "follower", 2: "follower", 3: "leader"})
            self.write(e[1], "three")
            era = e[3].zxid() >> 32
            e.start(4)
            self.expect(e, {3: "leader", 4: "follower"})
            e.start(5)
            self.expect(e, {1: "follower", 2: "follower", 3: "leader", 4: "follower",
                            5: "follower"})
            self.assertEqual(e[3].zxid() >> 32, era, "3 kept leading, without an election")
            self.write(e[5], "five")
            self.expect(e, {n: "leader" if n == 3 else "follower" for n in range(1, 6)})

    def test_an_observer_serves_and_has_no_vote(self):
        with Ensemble(3, observers=1) as e:
            e.start(1, 4)
            harness.wait_until(lambda: harness.four_letter(e[4].client_port, "ruok"), "it listens")
            e.stays({1: None, 4: None}, 2)  # two servers of four, but one vote of three

            e.start(2)
            self.expect(e, {1: "follower", 2: "leader", 4: "observer"})
            self.write(e[4], "forwarded")
            self.write(e[1], "told")
            e.start(3)
            self.expect(e, {1: "follower", 2: "leader", 3: "follower", 4: "observer"})

            e[4].stop()  # the voters do not miss it
            e.stays({1: "follower", 2: "leader", 3: "follower"}, 2)
            self.write(e[3], "without")
            e.start(4)
            self.expect(e, {2: "leader", 4: "observer"})

            e[3].stop()  # two voters of three are still a quorum
            self.write(e[4], "two")
            self.expect(e, {1: "follower", 2: "leader", 4: "observer"})
            e[1].stop()  # one is none, whether the observer is there or not
            self.expect(e, {1: None, 2: None, 3: None, 4: None})
            e.stays({2: None, 4: None}, 2)
            e.start(1)
            self.expect(e, {1: "follower", 2: "leader", 4: "observer"})


if __name__ == "__main__":
    harness.main(limit_s=240)
