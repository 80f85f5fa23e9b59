#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sessions that one server alone knows: localSessionsEnabled, and reads without a leader
(readonlymode.enabled)."""

import unittest

from kazoo.client import KazooState
from kazoo.exceptions import KazooException, NoNodeError, NotReadOnlyCallError
from kazoo.protocol.states import KeeperState

import harness
from harness import Ensemble
from raw_client import Closed, RawClient

EPHEMERAL = 1
EPHEMERAL_ON_LOCAL_SESSION = -120
NOT_READ_ONLY = -119
LOCAL = {"localSessionsEnabled": "true"}
UPGRADING = {**LOCAL, "localSessionsUpgradingEnabled": "true"}


class LocalSessions(unittest.TestCase):

    def test_they_cost_no_txn_and_may_make_no_ephemeral(self):
        with Ensemble(3, **LOCAL) as e:
            e.start_all()
            with RawClient(e[1]) as c:
                c.connect()
                c.create("/first")  # so that all have come to a zxid of this epoch
            e.wait_quiet()
            before = e[1].zxid()
            clients = [self.enterContext(RawClient(s)) for s in e]
            self.assertTrue(all(c.connect() for c in clients))
            self.assertEqual([s.zxid() for s in e], [before] * 3, "no createSession txn")
            for number, c in enumerate(clients):
                self.assertEqual(c.create(f"/from{number}")[1], 0)
                self.assertEqual(c.create(f"/e{number}", flags=EPHEMERAL)[1],
                                 EPHEMERAL_ON_LOCAL_SESSION)
                self.assertEqual(c.create(f"/after{number}")[1], 0)
            self.assertRegex(harness.four_letter(e[3].client_port, "dump"),
                             r"Local Session Sets \(\d+\)/\(1\):")

    def test_a_local_session_is_taken_up_at_its_server_and_nowhere_else(self):
        with Ensemble(3, **LOCAL) as e:
            e.start_all()
            with RawClient(e[1]) as first:
                first.connect()
                session, password = first.session, first.password
            with RawClient(e[1]) as again:
                self.assertTrue(again.connect(session, password))
                self.assertEqual(again.create("/x")[1], 0)
            with RawClient(e[2]) as elsewhere:
                self.assertFalse(elsewhere.connect(session, password))

    def test_the_first_ephemeral_makes_one_known_to_all(self):
        with Ensemble(3, **UPGRADING) as e:
            e.start_all()
            for s in e:
                with RawClient(s) as c:
                    c.connect()
                    path = f"/e{s.id}"
                    self.assertEqual(c.create(path, flags=EPHEMERAL)[1], 0)
                    session, password = c.session, c.password
                other = e[s.id % 3 + 1]
                with RawClient(other) as moved:
                    self.assertTrue(moved.connect(session, password), f"from {s} to {other}")
                    self.assertEqual(moved.create(f"{path}-too", flags=EPHEMERAL)[1], 0)
            watcher = e.client()
            harness.wait_until(lambda: watcher.get_children("/") == ["zookeeper"],
                               "the ephemerals go with their sessions")

    def test_it_expires_at_its_server(self):
        with Ensemble(3, **LOCAL) as e:
            e.start_all()
            with RawClient(e[1]) as silent:
                silent.connect(timeout_ms=4 * harness.TICK_MS)
                session, password = silent.session, silent.password
                self.assertTrue(silent.is_closed(), "the server gives up on it")
            with RawClient(e[1]) as late:
                self.assertFalse(late.connect(session, password))


class ReadOnly(unittest.TestCase):

    def leave_alone(self, ensemble, number):
        for s in ensemble:
            if s.id != number:
                s.stop()
        ensemble.wait_roles({number: "read-only"})

    def test_reads_go_on_without_a_leader_for_who_asks_for_no_more(self):
        with Ensemble(3, **UPGRADING, **{"readonlymode.enabled": "true"}) as e:
            e.start_all()
            writer = e.client()
            writer.create("/x", b"kept")
            writer.create("/mine", ephemeral=True)
            harness.close(writer)
            self.assertEqual(harness.four_letter(e[1].client_port, "isro"), "rw")
            self.leave_alone(e, 1)
            self.assertEqual(harness.four_letter(e[1].client_port, "isro"), "ro")
            self.assertIn("READ-ONLY mode; serving only read-only clients",
                          harness.four_letter(e[1].client_port, "srvr").splitlines())

            reader = e[1].client(read_only=True)
            self.assertEqual(reader.client_state, KeeperState.CONNECTED_RO)
            self.assertEqual(reader.get("/x")[0], b"kept")
            with self.assertRaises(NoNodeError):
                reader.get("/none")
            for write in (lambda: reader.create("/y"), lambda: reader.set("/x", b""),
                          lambda: reader.delete("/x"), lambda: reader.sync("/x")):
                with self.assertRaises(NotReadOnlyCallError):
                    write()

            with RawClient(e[1]) as wants_more:
                with self.assertRaises(Closed):
                    wants_more.connect()

            e[2].start()
            e[3].start()
            e.wait_serving()
            self.assertEqual(harness.four_letter(e[1].client_port, "isro"), "rw")

            def writes():
                try:
                    return reader.state == KazooState.CONNECTED and reader.create("/y")
                except KazooException:
                    return None

            harness.wait_until(writes, "the reader becomes an ordinary client")
            harness.assert_same_trees(e)

    def test_a_session_of_all_servers_waits_for_a_leader(self):
        with Ensemble(3, **{"readonlymode.enabled": "true"}) as e:
            e.start_all()
            with RawClient(e[1]) as c:
                c.connect(timeout_ms=16 * harness.TICK_MS)
                self.assertEqual(c.create("/lock", flags=EPHEMERAL)[1], 0)
                session, password = c.session, c.password
            self.leave_alone(e, 1)
            with RawClient(e[1]) as c:
                with self.assertRaises(Closed):
                    c.connect(session, password, read_only=True)
            if not harness.GENUINE:  # ZooKeeper's answer to a new one is no connect response
                with RawClient(e[1]) as c:
                    self.assertTrue(c.connect(read_only=True))
                    self.assertTrue(c.is_read_only)
                    self.assertEqual(c.create("/y")[1], NOT_READ_ONLY)
            e[2].start()
            # Which of them leads depends on what epochs they saw while the others were stopped.
            harness.wait_until(
                lambda: sorted(map(str, e.roles().values())) == ["follower", "leader"],
                lambda: f"one leads, one follows; they are {e.roles()}")
            with RawClient(e[1]) as c:
                self.assertTrue(c.connect(session, password))


if __name__ == "__main__":
    harness.main(120)
