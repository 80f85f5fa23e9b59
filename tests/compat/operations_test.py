#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The operations of ZooKeeper 3.5 to 3.7 on an ensemble, spoken by hand where kazoo has none of
them: lasting watches that go with a session from server to server, containers and TTL znodes and
the leader's checker, quotas. differential_test.py has every field of every operation."""

import time
import unittest

import shared
import wire as r
from raw_client import RawClient
from shared import harness

CHECK_MS = 500
CREATED, DELETED, CHANGED, CHILDREN_CHANGED = 1, 2, 3, 4


class OnThreeServers(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.servers = cls.enterClassContext(harness.Ensemble(
            3, extendedTypesEnabled="true", enforceQuota="true", snapCount=40,
            **{"znode.container.checkIntervalMs": CHECK_MS,
               "DigestAuthenticationProvider.superDigest": shared.SUPER_DIGEST}))
        cls.servers.start_all()

    def setUp(self):
        self.top = "/" + self.id().rsplit(".", 1)[-1]
        self.ok(self.client(1), r.CREATE, r.create(self.top))

    def client(self, number, **session):
        """A connection to that server, which has seen all that was done before."""
        client = self.enterContext(RawClient(self.servers[number]))
        self.assertTrue(client.connect(timeout_ms=20000, **session))
        self.ok(client, r.SYNC, r.s("/"))
        return client

    def ask(self, client, op, body=b"", xid=None):
        _, err, data = client.request(op, body, special_xid=xid)
        return err, r.Reader(data).body_of(op) if err == 0 else None

    def ok(self, client, op, body=b"", xid=None):
        err, answer = self.ask(client, op, body, xid)
        self.assertEqual(err, 0)
        return answer

    def err(self, client, op, body=b""):
        return self.ask(client, op, body)[0]

    def events(self, client):
        """What was told before the answer to a sync."""
        self.ok(client, r.SYNC, r.s("/"))
        told, client.events = client.events, []
        return told

    def wait_gone(self, client, path):
        harness.wait_until(lambda: self.err(client, r.EXISTS, r.watched(path)) == -101,
                           f"{path} is gone")

    # -- watches ------------------------------------------------------------------------------

    def test_a_recursive_watch_hears_of_all_that_other_servers_clients_do(self):
        top = self.top
        watcher, writer = self.client(2), self.client(1)
        self.ok(watcher, r.ADD_WATCH, r.with_number(top, 1))
        expected = []
        for name in ("/a", "/a/b", "/a/b/c"):
            self.ok(writer, r.CREATE, r.create(top + name))
            self.ok(writer, r.SET, r.set_data(top + name, b"x"))
            expected += [(CREATED, top + name), (CHANGED, top + name)]
        self.ok(writer, r.DELETE, r.with_number(top + "/a/b/c"))
        self.assertEqual(self.events(watcher), expected + [(DELETED, top + "/a/b/c")])
        self.ok(watcher, r.REMOVE_WATCHES, r.with_number(top, 3))
        self.ok(writer, r.SET, r.set_data(top, b"y"))
        self.assertEqual(self.events(watcher), [])

    def test_lasting_watches_go_with_a_session_to_another_server(self):
        top = self.top
        writer, first = self.client(1), self.client(2)
        self.ok(first, r.ADD_WATCH, r.with_number(top, 0))
        self.ok(writer, r.CREATE, r.create(top + "/a"))
        self.assertEqual(self.events(first), [(CHILDREN_CHANGED, top)])
        first.socket.close()
        second = self.client(3, session=first.session, password=first.password)
        self.ok(second, r.SET_WATCHES2, r.set_watches2(0, [], [], [], [top], [top + "/a"]), xid=-8)
        for path in (top, top + "/a"):
            self.ok(writer, r.SET, r.set_data(path, b"x"))
        self.ok(writer, r.CREATE, r.create(top + "/a/b"))
        self.assertEqual(self.events(second), [(CHANGED, top), (CHANGED, top + "/a"),
                                               (CREATED, top + "/a/b")])

    # -- containers and TTL znodes ------------------------------------------------------------

    def test_a_container_goes_when_it_is_empty_again_and_is_told_of(self):
        writer, watcher = self.client(1), self.client(3)
        path = self.top + "/c"
        self.ok(writer, r.CREATE_CONTAINER, r.create(path, b"", r.CONTAINER))
        self.ok(writer, r.CREATE_CONTAINER, r.create(self.top + "/unused", b"", r.CONTAINER))
        self.ok(writer, r.CREATE, r.create(path + "/k"))
        self.ok(watcher, r.SYNC, r.s("/"))
        self.ok(watcher, r.EXISTS, r.watched(path, True))
        time.sleep(3 * CHECK_MS / 1000)  # it has a child: the checker comes by and leaves it
        self.assertEqual(self.err(writer, r.EXISTS, r.watched(path)), 0)
        self.ok(writer, r.DELETE, r.with_number(path + "/k"))
        self.wait_gone(watcher, path)
        self.assertEqual(self.events(watcher), [(DELETED, path)])
        self.assertEqual(self.err(watcher, r.EXISTS, r.watched(self.top + "/unused")), 0)

    def test_a_ttl_znode_goes_when_nobody_changes_it(self):
        client = self.client(2)
        short, long = self.top + "/short", self.top + "/long"
        self.ok(client, r.CREATE_TTL, r.create_ttl(short, CHECK_MS))
        self.ok(client, r.CREATE_TTL, r.create_ttl(long, 3600 * 1000))
        for number in (1, 2, 3):
            self.wait_gone(self.client(number), short)
        self.assertEqual(self.err(client, r.EXISTS, r.watched(long)), 0)

    def test_the_checker_knows_them_after_a_restart_too(self):
        client = self.client(1)
        box, ttl = self.top + "/box", self.top + "/ttl"
        self.ok(client, r.CREATE_CONTAINER, r.create(box, b"", r.CONTAINER))
        self.ok(client, r.CREATE, r.create(box + "/k"))
        self.ok(client, r.CREATE_TTL, r.create_ttl(ttl, 1000))
        self.ok(client, r.CREATE, r.create(ttl + "/k"))
        for _ in range(60):  # snapshots hold them by now
            self.ok(client, r.SET, r.set_data(box, b"x"))
        for server in self.servers:
            server.stop()
        self.servers.start_all()
        client = self.client(1)
        for path in (box, ttl):
            self.assertEqual(self.err(client, r.EXISTS, r.watched(path)), 0)
            self.ok(client, r.DELETE, r.with_number(path + "/k"))
        for path in (box, ttl):
            self.wait_gone(client, path)
        harness.assert_same_trees(self.servers)

    def test_a_multi_makes_every_kind_and_answers_with_stats(self):
        for number in (1, 2, 3):
            client = self.client(number)
            top = f"{self.top}/{number}"
            answer = self.ok(client, r.MULTI, r.multi(
                (r.CREATE, r.create(top)),
                (r.CREATE_CONTAINER, r.create(top + "/c", b"", r.CONTAINER)),
                (r.CREATE_TTL, r.create_ttl(top + "/t", 3600 * 1000, r.TTL_SEQUENTIAL)),
                (r.CHECK, r.with_number(top + "/c", 0))))
            self.assertEqual([op for op, _, _ in answer], [r.CREATE, r.CREATE2, r.CREATE2, r.CHECK])
            self.assertEqual(answer[2][2][0].decode(), top + "/t0000000001")
            self.assertEqual(self.ok(client, r.ALL_CHILDREN_NUMBER, r.s(top)), 2)

    def test_a_create2_in_a_multi_is_answered_with_its_stat_by_every_server(self):
        expected = r.CREATE if harness.GENUINE else r.CREATE2  # since 3.9 ZooKeeper does so too
        for number in (1, 2, 3):
            answer = self.ok(self.client(number), r.MULTI, r.multi(
                (r.CREATE, r.create(f"{self.top}/{number}")),
                (r.CREATE2, r.create(f"{self.top}/{number}/b"))))
            self.assertEqual([op for op, _, _ in answer], [r.CREATE, expected])

    # -- quotas -------------------------------------------------------------------------------

    def test_every_server_counts_and_the_leader_refuses_what_is_too_much(self):
        quota = "/zookeeper/quota" + self.top
        client = self.client(2)
        self.ok(client, r.CREATE, r.create(quota))
        self.ok(client, r.CREATE, r.create(quota + "/zookeeper_limits",
                                           b"count=-1,bytes=-1=;countHardLimit=3"))
        self.ok(client, r.CREATE, r.create(quota + "/zookeeper_stats"))
        self.ok(client, r.CREATE, r.create(self.top + "/a", b"123"))
        self.ok(client, r.CREATE, r.create(self.top + "/b", b"45"))
        self.assertEqual(self.err(client, r.CREATE, r.create(self.top + "/c")), -125)
        for number in (1, 2, 3):
            data, _ = self.ok(self.client(number), r.GET, r.watched(quota + "/zookeeper_stats"))
            self.assertEqual(data, b"count=3,bytes=5")

    # -- views --------------------------------------------------------------------------------

    def test_ephemerals_and_identities_are_the_sessions_own(self):
        client = self.client(3)
        for name in ("/e1", "/e2", "/f"):
            self.ok(client, r.CREATE, r.create(self.top + name, b"", r.EPHEMERAL))
        mine = [f"{self.top}/{name}".encode() for name in ("e1", "e2")]
        self.assertEqual(self.ok(client, r.EPHEMERALS, r.s(self.top + "/e")), mine)
        self.assertEqual(len(self.ok(client, r.EPHEMERALS, r.s("/"))), 3)
        self.assertEqual(self.ok(self.client(3), r.EPHEMERALS, r.s("/")), [])
        self.ok(client, r.AUTH, r.i(0) + r.s("digest") + r.s("ann:pw"), xid=-4)
        self.assertEqual(self.ok(client, r.WHO_AM_I), [(b"digest", b"ann"), (b"ip", b"127.0.0.1")])


class WithoutExtendedTypes(unittest.TestCase):

    def test_ttl_znodes_are_not_made_and_access_lists_may_be_off(self):
        with harness.Ensemble(1, skipACL="yes") as e:
            e.start_all()
            with RawClient(e[1]) as client:
                client.connect()
                for op, body in ((r.CREATE_TTL, r.create_ttl("/t", 1000)),
                                 (r.CREATE, r.create("/t", b"", r.TTL))):
                    self.assertEqual(client.request(op, body)[1], -6)
                self.assertEqual(client.request(r.CREATE_CONTAINER, r.create("/c", b"", 4))[1], 0)
                closed = r.create("/closed", b"x", 0, [(0, "world", "anyone")])
                self.assertEqual(client.request(r.CREATE, closed)[1], 0)
                self.assertEqual(client.request(r.GET, r.watched("/closed"))[1], 0)
                self.assertEqual(client.request(r.SET, r.set_data("/closed", b"y"))[1], 0)


if __name__ == "__main__":
    harness.main(limit_s=90)
