#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""An ensemble of ZooKeeper becomes one of ours and ZooKeeper's again, while its clients live on:
the same zoo.cfg and directories, no session expires, no znode differs, no watch is lost or told
twice. The two do not form one quorum, so all stop before the first starts anew.

Registered only where Debian's zookeeper and a java are installed."""

import threading
import unittest

from kazoo.client import KazooState
from kazoo.exceptions import KazooException

import shared
import wire as r
from c_client_test import Shell
from raw_client import RawClient
from shared import harness
from way_back_test import populate, populate_by_hand

SESSION_S = 40 * harness.SLOWNESS
SESSION_MS = int(SESSION_S * 1000)
LOAD = "/load"


class Worker:
    """A client that never rests. What was answered is in `made`."""

    def __init__(self, ensemble):
        self.zk = ensemble.client(session_s=SESSION_S)
        self.session = self.zk.client_id[0]
        self.states = []
        self.zk.add_listener(self.states.append)
        self.made = []
        self.turn = threading.Lock()  # who holds it makes the worker wait
        self.ended = threading.Event()
        self.mine = self.zk.create("/mine-", ephemeral=True, sequence=True)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.wait(0.01):
            with self.turn:
                try:
                    self.made.append(self.zk.create(f"{LOAD}/n-", b"x", sequence=True))
                except KazooException:
                    pass  # it may be there all the same

    def end(self):
        self.ended.set()
        self.thread.join(harness.DEADLINE_S)


class RawWatcher:
    """A client that sets its watches again itself, of the kinds that kazoo and the C client have
    not."""

    def __init__(self, ensemble):
        self.ensemble = ensemble
        self.client = RawClient(ensemble[1])
        self.client.connect(timeout_ms=SESSION_MS)
        for path, mode in (("/watched/data", 0), ("/watched", 1)):
            assert self.client.request(r.ADD_WATCH, r.with_number(path, mode))[1] == 0

    def come_back(self):
        session, password = self.client.session, self.client.password
        seen = self.client.request(r.SYNC, r.s("/"))[0]

        def again():
            self.client.socket.close()
            self.client = RawClient(self.ensemble[2])
            assert self.client.connect(session, password, SESSION_MS, seen)
            _, err, _ = self.client.request(
                r.SET_WATCHES2, r.set_watches2(seen, [], [], [], ["/watched/data"], ["/watched"]),
                special_xid=-8)
            assert err == 0
            assert self.client.session == session

        return again

    def told(self):
        """All events up to now."""
        self.client.request(r.SYNC, r.s("/"))
        events, self.client.events = self.client.events, []
        return events


class RoundTrip(unittest.TestCase):

    def trees(self, ensemble, workers):
        """What all servers show, while nobody writes."""
        for worker in workers:
            worker.turn.acquire()
        try:
            return harness.assert_same_trees(ensemble, auth_data=[("digest", "ann:pw")])
        finally:
            for worker in workers:
                worker.turn.release()

    def assert_kept(self, before, after):
        """Everything is as it was, but for what the workers have made since."""
        self.assertEqual(set(before) - set(after), set())
        self.assertEqual([path for path in set(after) - set(before)
                          if not path.startswith(LOAD + "/")], [])
        for path, node in before.items():
            if path != LOAD:
                self.assertEqual(node, after[path], path)

    def stop_and_verify(self, ensemble):
        """All txns' digests are right, and those of all snapshots. ZooKeeper counts a mismatch when
        it loads a snapshot that holds a part of the txn behind its digest; ours must not."""
        differing = {s: shared.digest_mismatches(s) for s in ensemble if not s.genuine}
        self.assertFalse(any(differing.values()), differing)
        for server in ensemble:
            server.stop()
        for server in ensemble:
            shared.assert_verified(server)

    def switch(self, ensemble, genuine):
        self.stop_and_verify(ensemble)
        for server in ensemble:
            server.genuine = genuine
        ensemble.start_all(shared.START_S)

    def set_watches(self, shell):
        for line, path in (("get /watched/data", "/watched/data"), ("ls /watched", "/watched")):
            shell.do(line, rf"\[?{path}\]?: rc = 0\b")
        shell.do("wexists /watched/none", r"-101")

    def check_watches(self, zk, shell, raw):
        """Each tells once: none was lost, none is there twice."""
        told = r"Watcher {}_EVENT state = CONNECTED_STATE for path {}$"
        for data in (b"1", b"2"):
            zk.set("/watched/data", data)
        shell.expect(told.format("CHANGED", "/watched/data"))
        zk.create("/watched/none")
        shell.expect(told.format("CREATED", "/watched/none"))
        shell.expect(told.format("CHILD", "/watched"))
        zk.delete("/watched/none")
        shell.do("sync /watched", r"\[?/watched\]?: rc = 0\b")
        self.assertNotIn("Watcher", shell.said)
        changed = [(3, "/watched/data")] * 2
        self.assertEqual(raw.told(), [*changed, (1, "/watched/none"), (2, "/watched/none")])

    def check_sessions(self, workers, zk):
        for worker in workers:
            done = len(worker.made)
            harness.wait_until(lambda w=worker, d=done: len(w.made) > d + 20, "it works on")
            self.assertEqual(worker.zk.client_id[0], worker.session)
            self.assertNotIn(KazooState.LOST, worker.states)
            self.assertEqual(zk.exists(worker.mine).ephemeralOwner, worker.session)

    def test_ensemble_becomes_ours_and_zookeepers_again_under_its_clients(self):
        with harness.Ensemble(3, snapCount=400, preAllocSize=64, maxSessionTimeout=2 * SESSION_MS,
                              extendedTypesEnabled="true", **shared.PATIENCE) as e:
            for server in e:
                server.genuine = True
            e.start_all(shared.START_S)
            zk = e.client(session_s=SESSION_S)
            populate(zk)
            populate_by_hand(e[1])
            for path in (LOAD, "/watched", "/watched/data"):
                zk.create(path)
            shell = Shell(e.hosts)
            self.addCleanup(shell.close)
            workers = [Worker(e) for _ in range(3)]
            raw = RawWatcher(e)
            self.addCleanup(lambda: raw.client.socket.close())
            try:
                for genuine in (False, True):
                    self.set_watches(shell)
                    before = self.trees(e, workers)
                    again = raw.come_back()
                    self.switch(e, genuine)
                    again()
                    shell.expect(r"state = CONNECTED_STATE")
                    self.check_sessions(workers, zk)
                    self.assert_kept(before, self.trees(e, workers))
                    self.check_watches(zk, shell, raw)
                    zk.retry(zk.create, f"/made-by-{'genuine' if genuine else 'ours'}", b"here")
            finally:
                for worker in workers:
                    worker.end()
            for worker in workers:
                made = set(zk.get_children(LOAD))
                self.assertEqual([path for path in worker.made if path[len(LOAD) + 1:] not in made],
                                 [], "acknowledged and lost")
            self.stop_and_verify(e)


if __name__ == "__main__":
    harness.main(limit_s=110)
