#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on real machines: broken clients, strangers at the ports, paused leaders, wrong
directories. Each test ends with an ensemble that serves."""

import os
import random
import shutil
import socket
import struct
import threading
import time
import unittest

from kazoo.exceptions import KazooException

import harness
from harness import Ensemble, wait_until
from raw_client import Closed, RawClient, encode_string, GET_DATA, SYNC

EPHEMERAL = 1
NO_NODE, UNIMPLEMENTED, MARSHALLING = -101, -6, -5


def still_serves(test, ensemble):
    """Every server takes a write and all see it."""
    for s in ensemble:
        path = f"/serves{random.getrandbits(40)}"
        s.client().create(path, b"yes")
        for other in ensemble:
            zk = other.client()
            zk.sync("/")
            test.assertEqual(zk.get(path)[0], b"yes", f"written through {s}, read from {other}")
            other.close_clients()
        s.close_clients()


class BrokenClients(unittest.TestCase):

    def closes(self, server, data, then_end=False):
        """The server closes a connection that says this, and answers nothing."""
        with RawClient(server) as c:
            c.send(data)
            if then_end:
                c.socket.shutdown(socket.SHUT_WR)
            self.assertTrue(c.is_closed(), data[:40])

    def test_bytes_that_are_no_frames(self):
        rng = random.Random(7)
        with Ensemble(1) as e:
            s = e.start_all()
            self.closes(s, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.closes(s, struct.pack(">i", -1))
            self.closes(s, struct.pack(">i", 0x7fffffff) + b"x" * 1000)
            self.closes(s, struct.pack(">i", 1_100_000) + b"x" * 1000)  # above jute.maxbuffer
            self.closes(s, struct.pack(">i", 44) + b"short", then_end=True)
            self.closes(s, b"\0\0", then_end=True)
            self.closes(s, b"", then_end=True)
            self.closes(s, struct.pack(">i", 4) + b"\0\0\0\0")  # no connect request fits in it
            for _ in range(30):
                self.closes(s, b"\xf0" + rng.randbytes(200))
            still_serves(self, e)

    def test_garbage_within_a_session(self):
        with Ensemble(1) as e:
            s = e.start_all()
            for body in (b"", b"\0", b"\0" * 7):  # no request header fits in these
                with RawClient(s) as c:
                    self.assertTrue(c.connect())
                    c.send_frame(body)
                    self.assertTrue(c.is_closed(), body)
            with RawClient(s) as c:
                self.assertTrue(c.connect())
                c.send(struct.pack(">i", 2_000_000))
                self.assertTrue(c.is_closed())
            with RawClient(s) as c:  # a body that ends too early: an error, and the session goes on
                self.assertTrue(c.connect())
                self.assertEqual(c.request(GET_DATA, struct.pack(">i", 100) + b"/")[1], MARSHALLING)
                self.assertEqual(c.request(GET_DATA, encode_string("/none") + b"\0")[1], NO_NODE)
                self.assertEqual(c.request(GET_DATA, encode_string("/none") + b"\0")[1], NO_NODE)
            still_serves(self, e)

    def test_an_unknown_operation_is_unimplemented(self):
        with Ensemble(1) as e:
            s = e.start_all()
            with RawClient(s) as c:
                self.assertTrue(c.connect())
                self.assertEqual(c.request(4711, b"body")[1], UNIMPLEMENTED)
            still_serves(self, e)

    def test_frames_that_never_end_and_clients_that_say_nothing_stop_nobody(self):
        with Ensemble(3) as e:
            e.start_all()
            with RawClient(e[1]) as slow, RawClient(e[1]) as half, RawClient(e[1]) as silent:
                self.assertTrue(slow.connect())
                slow.send(struct.pack(">i", 1_000_000) + b"x" * 1000)
                half.send(struct.pack(">i", 44) + b"\0" * 20)
                end = time.monotonic() + 2
                while time.monotonic() < end:
                    slow.send(b"x")
                    still_serves(self, e)
                silent.send(b"ruok")  # it was only silent, not forgotten
                self.assertEqual(silent.receive(4), b"imok")

    def test_a_client_that_reads_nothing_stops_nobody(self):
        with Ensemble(1) as e:
            s = e.start_all()
            s.client().create("/big", b"x" * 500_000)
            with RawClient(s) as c:
                self.assertTrue(c.connect())
                c.socket.settimeout(0.5)
                request = struct.pack(">ii", 1, GET_DATA) + encode_string("/big") + b"\0"
                try:
                    for _ in range(400):  # 200 MB of answers that nobody takes
                        c.send_frame(request)
                except OSError:
                    pass  # not read from any more, or cut off: both are fine
                still_serves(self, e)


class Sessions(unittest.TestCase):

    def test_a_session_goes_on_at_another_server_with_its_id_and_password(self):
        with Ensemble(3) as e:
            e.start_all()
            with RawClient(e[1]) as first:
                self.assertTrue(first.connect())
                self.assertEqual(first.create("/mine", flags=EPHEMERAL)[1], 0)
            with RawClient(e[2]) as second:
                self.assertTrue(second.connect(first.session, first.password))
                self.assertEqual(second.session, first.session)
                self.assertEqual(second.password, first.password)
                self.assertEqual(second.create("/mine2", flags=EPHEMERAL)[1], 0)
                self.assertEqual(e[2].client().exists("/mine2").ephemeralOwner, first.session)

    def test_kazoo_takes_its_session_along_when_its_server_dies(self):
        with Ensemble(3) as e:
            leader = e.start_all()
            followers = [s for s in e if s is not leader]
            zk = harness.connect(f"{followers[0].address},{followers[1].address}", e.clients, 10)
            session = zk.client_id[0]
            zk.create("/here", ephemeral=True)
            followers[0].kill()
            wait_until(lambda: self.answers(zk), "the client is connected again")
            self.assertEqual(zk.client_id[0], session)
            self.assertIsNotNone(zk.exists("/here"))

    def answers(self, zk):
        try:
            return zk.exists("/") is not None
        except KazooException:
            return False

    def test_a_wrong_password_gets_no_session_and_ends_none(self):
        with Ensemble(3) as e:
            e.start_all()
            with RawClient(e[1]) as true_client:
                self.assertTrue(true_client.connect(timeout_ms=10_000))
                self.assertEqual(true_client.create("/mine", flags=EPHEMERAL)[1], 0)
                for wrong in (b"\0" * 16, b"", true_client.password[:-1] + b"\0\0"):
                    for server in (e[1], e[2]):
                        with RawClient(server) as thief:
                            self.assertFalse(thief.connect(true_client.session, wrong))
                            self.assertEqual((thief.session, thief.timeout_ms), (0, 0))
                            self.assertTrue(thief.is_closed())
            with RawClient(e[3]) as again:
                self.assertTrue(again.connect(true_client.session, true_client.password))
                self.assertIsNotNone(e[2].client().exists("/mine"))

    def test_ephemerals_go_when_their_session_has_expired_and_not_before(self):
        with Ensemble(3) as e:
            e.start_all()
            with RawClient(e[1]) as c:
                self.assertTrue(c.connect(timeout_ms=4 * harness.TICK_MS))
                timeout_s = c.timeout_ms / 1000
                self.assertEqual(c.create("/gone", flags=EPHEMERAL)[1], 0)
                watcher = e[2].client()
                last_heard = time.monotonic()
                while time.monotonic() < last_heard + 2 * timeout_s:  # pings keep it
                    c.ping()
                    self.assertIsNotNone(watcher.exists("/gone"))
                    time.sleep(timeout_s / 4)
                last_ping = time.monotonic()
            # The connection is gone; the session has its timeout still.
            while time.monotonic() < last_ping + 0.5 * timeout_s:
                self.assertIsNotNone(watcher.exists("/gone"))
            wait_until(lambda: watcher.exists("/gone") is None, "the session has expired")
            self.assertGreater(time.monotonic() - last_ping, 0.7 * timeout_s)
            for s in e:
                zk = s.client()
                zk.sync("/")
                self.assertIsNone(zk.exists("/gone"))
            with RawClient(e[3]) as late:
                self.assertFalse(late.connect(c.session, c.password))

    def test_a_closed_session_takes_its_ephemerals_along_at_once(self):
        with Ensemble(3) as e:
            e.start_all()
            zk = e[1].client(session_s=30)
            zk.create("/closed", ephemeral=True)
            e[1].close_clients()
            other = e[3].client()
            other.sync("/")
            self.assertIsNone(other.exists("/closed"))

    def test_a_client_that_has_seen_the_future_is_sent_away(self):
        with Ensemble(1) as e:
            s = e.start_all()
            with RawClient(s) as c, self.assertRaises(Closed):
                c.connect(last_zxid=1 << 60)
            still_serves(self, e)


class Watches(unittest.TestCase):

    def setUp(self):
        self.events = []
        self.seen = threading.Condition()

    def note(self, event):
        if event.type == "NONE":
            return  # the connection's state, which kazoo tells every watcher
        with self.seen:
            self.events.append((event.type, event.path))
            self.seen.notify_all()

    def wait_events(self, *expected):
        with self.seen:
            self.assertTrue(self.seen.wait_for(lambda: len(self.events) >= len(expected),
                                               harness.DEADLINE_S), self.events)
            self.assertEqual(sorted(self.events), sorted(expected))
            self.events.clear()

    def test_watches_fire_on_another_server_once_and_in_time(self):
        with Ensemble(3) as e:
            e.start_all()
            reader, writer = e[1].client(), e[2].client()
            writer.create("/w", b"1")
            reader.sync("/")
            reader.get("/w", watch=self.note)
            reader.exists("/w/child", watch=self.note)
            reader.get_children("/w", watch=self.note)
            writer.set("/w", b"2")
            self.wait_events(("CHANGED", "/w"))
            writer.create("/w/child")
            self.wait_events(("CREATED", "/w/child"), ("CHILD", "/w"))
            writer.set("/w", b"3")  # each watch was for once
            reader.sync("/")
            self.assertEqual((reader.get("/w")[0], self.events), (b"3", []))

    def test_what_changed_while_the_client_was_away_is_told_when_it_is_back(self):
        created, deleted, changed, children = 1, 2, 3, 4
        with Ensemble(3) as e:
            e.start_all()
            writer = e[1].client()
            for name in ("changed", "same", "deleted", "parent", "quiet"):
                writer.create(f"/{name}")
            with RawClient(e[2]) as old:
                self.assertTrue(old.connect(timeout_ms=10_000))
                old.request(SYNC, encode_string("/"))
                zxid, error, _ = old.request(GET_DATA, encode_string("/changed") + b"\1")
                self.assertEqual(error, 0)
            writer.set("/changed", b"2")
            writer.delete("/deleted")
            writer.create("/parent/child")
            writer.create("/new")
            with RawClient(e[3]) as c:
                self.assertTrue(c.connect(old.session, old.password))
                c.request(SYNC, encode_string("/"))
                self.assertEqual(c.events, [])
                reply = c.set_watches(zxid, data=["/changed", "/same", "/deleted"],
                                      exist=["/new", "/absent"], child=["/parent", "/quiet"])
                self.assertEqual(reply[1], 0)
                self.assertEqual(sorted(c.events), sorted([
                    (changed, "/changed"), (deleted, "/deleted"), (created, "/new"),
                    (children, "/parent")]), "told before the reply, and nothing else")
                c.events.clear()
                writer.set("/same", b"2")  # these watches came along
                writer.create("/absent")
                writer.create("/quiet/child")
                c.request(SYNC, encode_string("/"))
                self.assertEqual(c.events, [(changed, "/same"), (created, "/absent"),
                                            (children, "/quiet")])


class Servers(unittest.TestCase):

    def refuses(self, server, *words):
        """The server ends by itself, not with 0, and says why."""
        server.start()
        self.assertNotEqual(server.exit_code(), 0)
        if not harness.GENUINE:
            for word in words:
                self.assertIn(word, server.log_text())

    def test_a_port_that_is_in_use_is_named(self):
        with Ensemble(3) as e:
            e.start(1, 2)
            e.wait_roles({1: "follower", 2: "leader"})
            ports = ["client_port"] if harness.GENUINE else ["client_port", "peer_port",
                                                             "election_port"]
            for name in ports:
                with socket.create_server((harness.HOST, getattr(e[3], name))):
                    self.refuses(e[3], str(getattr(e[3], name)), "in use")
            e.start_all()
            still_serves(self, e)

    def test_a_data_directory_that_is_none_is_named(self):
        with Ensemble(1) as e:
            shutil.rmtree(e[1].data)
            with open(e[1].data, "w", encoding="ascii"):
                pass
            self.refuses(e[1], e[1].data)

    def test_a_number_without_a_server_line_is_refused(self):
        with Ensemble(3) as e:
            with open(os.path.join(e[3].data, "myid"), "w", encoding="ascii") as f:
                f.write("9\n")
            self.refuses(e[3], os.path.join(e[3].data, "myid"), "9")
            os.remove(os.path.join(e[3].data, "myid"))
            self.refuses(e[3], os.path.join(e[3].data, "myid"))

    @unittest.skipIf(harness.GENUINE, "ZooKeeper takes no lock on its directory")
    def test_a_data_directory_of_a_running_server_is_refused(self):
        with Ensemble(3) as e:
            e.start_all()
            other = harness.Server(os.path.join(e.dir, "other"), 1, False, harness.free_ports(3))
            other.write_config([])
            with open(other.config, "a", encoding="ascii") as f:
                f.write(f"dataDir={e[1].data}\n")
            self.refuses(other, "already running", str(e[1].process.pid))
            still_serves(self, e)

    def test_strangers_at_the_peer_and_election_ports_change_nothing(self):
        rng = random.Random(11)
        words = [b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0" * 64, b"\xff" * 64,
                 b"srvr", rng.randbytes(5000), b"CAF\0" + rng.randbytes(60), b""]
        with Ensemble(3) as e:
            leader = e.start_all()
            era = leader.zxid() >> 32
            opened = []
            for s in e:
                for port in (s.peer_port, s.election_port):
                    for word in words:
                        try:
                            stranger = socket.create_connection((harness.HOST, port), timeout=5)
                        except ConnectionRefusedError:
                            continue  # ZooKeeper's peer port listens on the leader alone
                        opened.append(stranger)  # and stays, saying no more
                        try:
                            stranger.sendall(word)
                        except OSError:
                            pass  # closed already: what it should do
            time.sleep(1)
            still_serves(self, e)
            for stranger in opened:
                stranger.close()
            still_serves(self, e)
            self.assertEqual(leader.mode(), "leader")
            self.assertEqual(leader.zxid() >> 32, era, "no election was needed")

    def test_a_paused_leader_is_replaced_and_follows_when_it_is_back(self):
        with Ensemble(3) as e:
            old = e.start_all()
            others = [s for s in e if s is not old]
            attached = old.client(session_s=60)
            attached.create("/before", b"1")
            old.pause()
            # A write that the paused leader gets now may be answered only if it is kept.
            late = attached.create_async("/late", b"from the paused leader's client")
            paused_at = time.monotonic()
            wait_until(lambda: sorted(filter(None, (s.mode() for s in others)))
                       == ["follower", "leader"], "the two others agree on a leader")
            zk = others[0].client()
            zk.sync("/")
            self.assertEqual(zk.get("/before")[0], b"1")
            zk.create("/meanwhile", b"2")
            time.sleep(max(0.0, paused_at + 10 - time.monotonic()))
            new = next(s for s in others if s.mode() == "leader")
            old.resume()
            e.wait_roles({old.id: "follower", new.id: "leader"})
            tree = harness.assert_same_trees(e)
            self.assertEqual(tree["/meanwhile"][0], b"2")
            try:
                late.get(timeout=harness.DEADLINE_S)
                self.assertIn("/late", harness.assert_same_trees(e))
            except KazooException:
                pass  # not answered: it may be there or not
            still_serves(self, e)

    def test_a_paused_follower_catches_up(self):
        with Ensemble(3) as e:
            leader = e.start_all()
            follower = next(s for s in e if s is not leader)
            zk = leader.client()
            follower.pause()
            for n in range(200):
                zk.create(f"/n{n}", b"x" * 1000)
            time.sleep(7 * harness.TICK_MS / 1000)  # beyond syncLimit: the leader has let it go
            follower.resume()
            e.wait_serving()
            self.assertIn("/n199", harness.assert_same_trees(e))

    def test_a_server_that_lost_its_data_is_brought_up_by_the_others(self):
        with Ensemble(3) as e:
            leader = e.start_all()
            zk = leader.client()
            for n in range(50):
                zk.create(f"/n{n}", b"x" * 1000)
            follower = next(s for s in e if s is not leader)
            follower.stop()
            shutil.rmtree(os.path.join(follower.data, "version-2"))
            e.start_all()
            self.assertIn("/n49", harness.assert_same_trees(e))

    def test_the_whole_ensemble_stops_and_comes_back_with_everything(self):
        with Ensemble(3) as e:
            e.start_all()
            e[1].client().create("/kept", b"yes")
            e[1].close_clients()
            for s in e:
                s.stop()
            e.start_all()
            self.assertEqual(harness.assert_same_trees(e)["/kept"][0], b"yes")


if __name__ == "__main__":
    harness.main(limit_s=330)
