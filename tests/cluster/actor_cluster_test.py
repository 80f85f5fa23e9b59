#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""actor-cluster: servers spawned on hosts, and what happens to them when they are killed, paused,
cut off from each other or out of disk. Written by the genuine kazoo."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from kazoo.exceptions import KazooException, NotReadOnlyCallError

import harness
from harness import wait_until

sys.path.insert(0, os.path.join(harness.ROOT, "tools", "cluster"))
import actor_cluster  # pylint: disable=wrong-import-position
from actor_cluster import Cluster, Hosts, Refused  # pylint: disable=wrong-import-position


class Places(unittest.TestCase):
    """Three hosts in a directory of their own."""

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="troupe_actor_cluster.")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.hosts = Hosts(3, self.folder)
        self.hosts.__enter__()  # pylint: disable=unnecessary-dunder-call
        self.addCleanup(self.hosts.end)
        self.state = os.path.join(self.folder, "cluster.json")
        self.clients = []
        self.cluster = None

    def tearDown(self):
        for zk in self.clients:
            harness.close(zk)

    def up(self, servers, observers=0):
        self.cluster = Cluster.up(self.hosts.addresses, self.hosts.secret_file, self.state, servers,
                                  observers)

    def client(self, *numbers):
        all_of = self.cluster.servers()
        addresses = ",".join(all_of[n]["client"] for n in numbers or sorted(all_of))
        return harness.connect(addresses, self.clients)

    def wait_leader_among(self, numbers):
        """Until one of these leads, and all of them serve."""
        def leader():
            modes = {n: x.get("mode") for n, x in self.cluster.servers().items() if n in numbers}
            leaders = [n for n, mode in modes.items() if mode == "leader"]
            return leaders[0] if all(modes.values()) and len(leaders) == 1 else None

        return wait_until(leader, lambda: f"one of {numbers} leads: {self.cluster.status()}",
                          step_s=0.1)

    def wait_mode(self, number, modes):
        return wait_until(lambda: self.cluster.servers()[number].get("mode") in modes,
                          lambda: f"server {number} is one of {modes}: {self.cluster.status()}",
                          step_s=0.1)

    def refuses(self, do, *parts):
        with self.assertRaises(Refused) as caught:
            do()
        for part in parts:
            self.assertIn(part, str(caught.exception))


class ActorCluster(Places):
    def test_a_cluster_of_five_and_an_observer_lives_through_what_is_done_to_it(self):
        self.up(5, 1)
        servers = self.cluster.servers()
        self.assertEqual([x["state"] for x in servers.values()], ["running"] * 6)
        self.assertEqual(servers[6]["mode"], "observer")
        self.assertEqual(len({x["host"] for x in servers.values()}), 3)
        zk = self.client()
        zk.create("/kept")
        acknowledged = [zk.create("/kept/n-", b"x" * 100, sequence=True) for _ in range(50)]

        # kill -9 of the leader: the others agree on a new one, nothing acknowledged is lost
        old = self.cluster.leader()
        self.assertEqual(self.cluster.kill(old)["state"], "killed")
        others = [n for n in range(1, 6) if n != old]
        new = self.wait_leader_among(others)
        self.refuses(lambda: self.cluster.pause(old), f"server.{old}", "does not run")
        other = self.client(*others)
        acknowledged += [other.create("/kept/n-", sequence=True) for _ in range(10)]
        self.cluster.start(old)
        self.cluster.wait()
        back = self.client(old)
        back.sync("/")
        self.assertEqual(sorted("/kept/" + n for n in back.get_children("/kept")),
                         sorted(acknowledged))

        # a leader that is paused is replaced, and follows when it goes on
        self.assertEqual(self.cluster.pause(new)["state"], "paused")
        self.refuses(lambda: self.cluster.stop(new), "paused")
        self.wait_leader_among([n for n in range(1, 6) if n != new])
        self.cluster.resume(new)
        self.wait_mode(new, ("follower",))

        # SIGTERM is an orderly end
        some = self.cluster.servers()
        follower = next(n for n in range(1, 6) if some[n]["mode"] == "follower")
        self.assertEqual(self.cluster.stop(follower)["state"], "stopped")
        self.assertIn("stopping", self.cluster.logs(follower))
        self.cluster.start(follower)
        self.cluster.wait()

        answer = self.cluster.down(remove_data=True)
        self.assertEqual(len(answer["dirs"]), 3)
        self.assertFalse(any(os.path.exists(x) for x in answer["dirs"]))
        self.assertFalse(os.path.exists(self.state))

    def test_a_leader_cut_off_with_a_minority_stops_serving_and_follows_after_the_heal(self):
        self.up(5)
        old = self.cluster.leader()
        mate = next(n for n in range(1, 6) if n != old)
        majority = [n for n in range(1, 6) if n not in (old, mate)]
        self.client(old).create("/before")
        self.cluster.cut([old, mate], majority)
        new = self.wait_leader_among(majority)
        zk = self.client(new)
        zk.create("/meanwhile", b"of the majority")
        wait_until(lambda: not any(self.cluster.servers()[n].get("mode") for n in (old, mate)),
                   "the minority stops serving", step_s=0.1)
        self.assertEqual(self.cluster.leader(), new)
        self.cluster.heal()
        self.cluster.wait()
        late = self.client(old)
        late.sync("/")
        self.assertEqual(late.get("/meanwhile")[0], b"of the majority")
        self.assertIsNotNone(late.exists("/before"))

    def test_links_cut_one_way_and_slow_links(self):
        self.up(3)
        leader = self.cluster.leader()
        followers = [n for n in (1, 2, 3) if n != leader]
        deaf, other = followers
        # It hears nobody, so it follows nobody; the two others go on.
        self.cluster.cut_one_way([leader, other], [deaf])
        wait_until(lambda: self.cluster.servers()[deaf].get("mode") is None,
                   "who hears nobody stops serving", step_s=0.1)
        zk = self.client(leader, other)
        zk.create("/two", b"are a quorum")
        self.cluster.heal()
        self.cluster.wait()

        def write_ms(count=5):
            begin = time.monotonic()
            for _ in range(count):
                zk.set("/two", b"x")
            return (time.monotonic() - begin) * 1000 / count

        self.cluster.slow(self.cluster.leader(), "60ms")
        self.assertGreaterEqual(write_ms(), 120, "there and back")
        self.cluster.heal()
        self.assertLess(write_ms(), 120)

        # A slow disk of one is nobody's; slow disks of two are in every quorum's way.
        for n in (1, 2):
            self.cluster.disk_slow(n, "80ms")
        self.assertGreaterEqual(write_ms(), 80)

    def words(self, number, word):
        port = int(self.cluster.servers()[number]["client"].rsplit(":", 1)[1])
        return harness.four_letter(port, word)

    def test_a_leader_whose_disk_is_full_makes_way_and_comes_back_when_there_is_room(self):
        self.up(3)
        self.client().create("/before", b"seen by all")
        old = self.cluster.leader()
        others = [n for n in (1, 2, 3) if n != old]
        self.assertIn("zk_disk_state\tok\n", self.words(old, "mntr"))
        self.cluster.disk_full(old)
        zk = self.client(*others)
        acknowledged = []
        down_s = 0.0  # from the last write that was acknowledged before the failure to the next
        last = time.monotonic()

        def filled():
            nonlocal down_s, last
            try:
                acknowledged.append(zk.create("/before/n-", b"x" * 5000, sequence=True))
                down_s, last = max(down_s, time.monotonic() - last), time.monotonic()
            except KazooException:
                pass  # the leader went while it was under way
            return self.cluster.servers()[old].get("mode") == "read-only"

        wait_until(filled, "the server on the full disk serves reads only")
        self.wait_leader_among(others)
        acknowledged.append(zk.create("/before/n-", sequence=True))
        down_s = max(down_s, time.monotonic() - last)
        self.assertLess(down_s, 15, "an election and the client's reconnect, no timeout of servers")

        # It says what is the matter, in the log and to whoever asks, and serves what it had.
        self.assertIn("disk_failed", self.cluster.logs(old, lines=500))
        self.assertIn("No space left", self.cluster.logs(old, lines=500))
        self.assertIn("zk_disk_state\tfailed\n", self.words(old, "mntr"))
        self.assertRegex(self.words(old, "mntr"), r"zk_disk_fault\t.*No space left")
        self.assertRegex(self.words(old, "srvr"), r"(?m)^Disk: .*No space left")
        self.assertEqual(self.words(old, "isro"), "ro")
        reader = harness.connect(self.cluster.servers()[old]["client"], self.clients,
                                 read_only=True)
        self.assertEqual(reader.get("/before")[0], b"seen by all")
        self.assertRaises(NotReadOnlyCallError, reader.create, "/not-here")
        harness.close(reader)
        era = self.cluster.servers()[self.cluster.leader()]["zxid"][:-8]
        time.sleep(5)  # several probes of the disk
        leader = self.cluster.servers()[self.cluster.leader()]
        self.assertEqual(leader["zxid"][:-8], era, "who cannot write disturbs nobody")

        self.cluster.heal()
        self.wait_mode(old, ("follower",))
        self.assertIn("disk_works_again", self.cluster.logs(old, lines=500))
        self.assertIn("zk_disk_state\tok\n", self.words(old, "mntr"))
        back = self.client(old)
        back.sync("/")
        there = {"/before/" + n for n in back.get_children("/before")}
        self.assertLessEqual(set(acknowledged), there)
        self.assertEqual(harness.tree_of(back), harness.tree_of(zk))

    def test_who_may_not_ask_gets_nothing(self):
        self.up(3)
        servers = self.cluster.servers()
        wrong = os.path.join(self.folder, "wrong")
        with open(os.open(wrong, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
            f.write("another secret, long enough")
        stranger = Cluster(self.state, wrong)
        self.refuses(lambda: stranger.kill(1), "secret")
        self.refuses(lambda: stranger.logs(1), "secret")
        # What was said once is good for its own connection alone.
        host, port = self.hosts.addresses[0].split(":")
        with socket.create_connection((host, int(port)), timeout=5) as s:
            nonce = json.loads(s.makefile().readline())["nonce"]
            self.assertEqual(len(nonce), 32)
            s.sendall(json.dumps({"body": "{}", "mac": "0" * 64}).encode() + b"\n")
            self.assertIn("refused", s.makefile().read())
        for word in (b"GET / HTTP/1.1\r\n\r\n", b"\0" * 100, b"[]\n", b"{\n", b"\xff\xfe\n"):
            with socket.create_connection((host, int(port)), timeout=5) as s:
                s.sendall(word)
        # A server's own ports spawn nothing, whoever asks.
        for server in servers.values():
            for name in ("peer_port", "election_port"):
                answer = actor_cluster.command("probe", f"{host}:{server[name]}")
                self.assertIn("troupe.served", answer["refused"])
        after = self.cluster.servers()
        self.assertEqual({n: (x["pid"], x["mode"]) for n, x in servers.items()},
                         {n: (x["pid"], x["mode"]) for n, x in after.items()})

        # Words that cannot be meant are answered kindly.
        self.refuses(lambda: self.cluster.kill(9), "no server 9", "1..3")
        self.refuses(lambda: self.cluster.cut([1, 2], [2, 3]), "server 2", "twice", "accepted")
        self.refuses(lambda: self.cluster.cut([1, 2]), "one side")
        self.refuses(lambda: self.cluster.slow(1, "fast"), "'fast'", "20ms")
        self.refuses(lambda: self.cluster.resume(1), "not paused")
        self.refuses(lambda: self.up(3), "already", "down")
        self.refuses(lambda: Cluster(self.state + ".none").status(), "up")
        self.refuses(lambda: Cluster.up(["127.0.0.1:1"], self.hosts.secret_file, self.state + "2"),
                     "127.0.0.1:1", "actor-cluster host")
        self.refuses(lambda: Cluster.up(self.hosts.addresses, self.hosts.secret_file,
                                        self.state + "2", dataDir="/tmp/x"), "dataDir", "accepted")

    def test_a_host_without_a_good_secret_does_not_start(self):
        def start(*words):
            done = subprocess.run([actor_cluster.ACTOR_CLUSTER, "host", "--listen", "127.0.0.1:0",
                                   "--dir", self.folder, *words], capture_output=True, text=True,
                                  timeout=20, check=False)
            if done.returncode:
                raise Refused(done.stdout + done.stderr)

        self.refuses(lambda: start(), "--secret-file")
        short = os.path.join(self.folder, "short")
        with open(os.open(short, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii") as f:
            f.write("abc")
        self.refuses(lambda: start("--secret-file", short), short)
        os.chmod(self.hosts.secret_file, 0o644)
        self.refuses(lambda: start("--secret-file", self.hosts.secret_file), "600")


class ActorNode(unittest.TestCase):
    def test_an_actor_node_spawns_nothing_for_a_stranger_and_goes_on(self):
        with harness.Ensemble(3) as e:
            leader = e.start_all()
            era = leader.zxid() >> 32
            for s in e:
                for port in (s.peer_port, s.election_port):
                    answer = actor_cluster.command("probe", f"{harness.HOST}:{port}")
                    self.assertIn("troupe.served", answer["refused"])
            e.client().create("/after")
            self.assertEqual((leader.mode(), leader.zxid() >> 32), ("leader", era))

    def test_a_server_whose_log_has_rotted_takes_the_others_history_and_keeps_its_own(self):
        with harness.Ensemble(3) as e:
            leader = e.start_all()
            rotten = next(s for s in e if s is not leader)
            zk = leader.client()
            for i in range(200):
                zk.create(f"/n{i}", b"x" * 100)
            e.wait_quiet()
            folder = os.path.join(rotten.data, "version-2")
            # What was synced is noted up to 2 s later; damage below what is noted is rot.
            noted, before = os.path.join(folder, "actor-node.synced"), time.time()
            zk.create("/last", b"z")
            wait_until(lambda: os.path.getmtime(noted) > before, "what was synced is noted")
            rotten.kill()
            name = max(n for n in os.listdir(folder) if n.startswith("log."))
            with open(os.path.join(folder, name), "r+b") as f:
                f.seek(10_000)
                byte = f.read(1)
                f.seek(10_000)
                f.write(bytes([byte[0] ^ 1]))
            zk.create("/meanwhile", b"y")
            rotten.start()
            wait_until(lambda: rotten.mode() == "follower", "it follows", step_s=0.1)
            self.assertRegex(rotten.log_text(), f"history_damaged.*{name}")
            self.assertTrue(os.path.exists(os.path.join(folder, "damaged." + name)))
            tree = harness.assert_same_trees(e)
            self.assertIn("/meanwhile", tree)
            rotten.kill()
            rotten.start()
            wait_until(lambda: rotten.mode() == "follower", "it follows again", step_s=0.1)
            self.assertEqual(rotten.log_text().count("history_damaged"), 1)
            self.assertEqual(harness.assert_same_trees(e), tree)


if __name__ == "__main__":
    harness.main(limit_s=200)
