#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""There and back: the genuine ZooKeeper opens what our servers wrote, and ours open what it made of
that. Registered only where Debian's zookeeper and a java are installed."""

import os
import unittest

from kazoo import exceptions as refused
from kazoo.client import KazooState
from kazoo.security import ACL, Id, Permissions, make_acl, make_digest_acl

import shared
import wire as r
from raw_client import RawClient
from shared import harness

SESSION_S = 30


def populate(zk):
    """Every kind of znode and of txn that this version writes, over several logs and snapshots."""
    zk.add_auth("digest", "ann:pw")
    zk.create("/data", b"one")
    for n in range(5):
        zk.set("/data", b"%d" % n)
    zk.create("/empty")
    zk.create("/large", bytes(range(256)) * 2000)
    zk.create("/ünï-漢字 x", "Grüße".encode())
    zk.create("/" + "/".join("abcdefgh"), makepath=True)
    zk.create("/acl", acl=[make_acl("world", "anyone", read=True), make_digest_acl("bob", "pw")])
    zk.create("/hers", acl=[ACL(Permissions.ALL, Id("auth", ""))])
    zk.set_acls("/hers", [make_digest_acl("ann", "pw", all=True), make_acl("ip", "10.0.0.0/8")])
    zk.create("/seq")
    for _ in range(5):
        zk.create("/seq/s-", sequence=True)
    zk.delete("/seq/s-0000000001")
    many = zk.transaction()
    many.create("/multi")
    many.create("/multi/s-", b"m", sequence=True)
    many.set_data("/data", b"multi")
    many.check("/data", 6)
    many.create("/gone")
    many.delete("/gone")
    assert not any(isinstance(result, Exception) for result in many.commit())
    many = zk.transaction()
    many.create("/never")
    many.check("/data", 99)
    many.commit()
    for error, work in ((refused.NodeExistsError, lambda: zk.create("/data")),
                        (refused.NotEmptyError, lambda: zk.delete("/seq"))):
        try:
            work()
        except error:
            pass
    zk.create("/churn")
    for n in range(120):
        path = zk.create(f"/churn/{n}", b"x" * n)
        if n % 3 == 0:
            zk.delete(path)


def populate_by_hand(server):
    """Kinds of znodes and txns that kazoo does not make: containers, TTL znodes and a quota."""
    hour = 3600 * 1000
    with RawClient(server) as client:
        client.connect()
        for op, body in (
                (r.CREATE_CONTAINER, r.create("/box", b"box", r.CONTAINER)),
                (r.CREATE_CONTAINER, r.create("/box/in", b"", r.CONTAINER)),
                (r.CREATE_TTL, r.create_ttl("/ttl", hour)),
                (r.CREATE_TTL, r.create_ttl("/ttl/most-", (1 << 40) - 1, r.TTL_SEQUENTIAL)),
                (r.MULTI, r.multi((r.CREATE2, r.create("/two", b"2")),
                                  (r.CREATE_CONTAINER, r.create("/two/box", b"", r.CONTAINER)),
                                  (r.CREATE_TTL, r.create_ttl("/two/ttl", hour)))),
                (r.CREATE, r.create("/zookeeper/quota/two")),
                (r.CREATE, r.create("/zookeeper/quota/two/zookeeper_limits",
                                    b"count=2,bytes=-1=;byteHardLimit=900")),
                (r.CREATE, r.create("/zookeeper/quota/two/zookeeper_stats", b"")),
                (r.CREATE, r.create("/two/more", b"more"))):
            assert client.request(op, body)[1] == 0, op


class ThereAndBack(unittest.TestCase):

    def restart_as(self, ensemble, genuine, end):
        for server in ensemble:
            end(server)
        for server in ensemble:
            server.genuine = genuine
        ensemble.start_all()

    def trees(self, ensemble):
        """What each server shows; they all show the same."""
        trees = []
        for server in ensemble:
            trees.append(harness.tree_of(server.client(auth_data=[("digest", "ann:pw")])))
            server.close_clients()
        for tree in trees[1:]:
            self.assert_same(trees[0], tree)
        return trees[0]

    def assert_same(self, expected, found):
        self.assertEqual(set(expected), set(found))
        for path, node in expected.items():
            self.assertEqual(node, found[path], path)

    def files(self, server, kind):
        return [name for name in os.listdir(os.path.join(server.data, "version-2"))
                if name.startswith(kind + ".")]

    def test_an_ensemble_goes_to_zookeeper_and_back_with_its_sessions(self):
        with harness.Ensemble(3, snapCount=60, preAllocSize=64, maxSessionTimeout=60000,
                              extendedTypesEnabled="true") as e:
            e.start_all()
            holder = e.client(session_s=SESSION_S)
            states = []
            holder.add_listener(states.append)
            holder.create("/mine", ephemeral=True)
            session = holder.client_id[0]
            zk = e.client()
            populate_by_hand(e[1])
            populate(zk)
            harness.close(zk)
            written = self.trees(e)
            self.assertEqual(written["/mine"][1][7], session)
            self.assertEqual(written["/zookeeper/quota/two/zookeeper_stats"][0],
                             b"count=4,bytes=5")
            for server in e:
                self.assertGreater(len(self.files(server, "log")), 1)
                self.assertGreater(len(self.files(server, "snapshot")), 1)

            for genuine, end in ((True, harness.Server.stop), (False, harness.Server.kill)):
                self.restart_as(e, genuine, end)
                self.assert_same(written, self.trees(e))
                harness.wait_until(lambda: holder.connected, "the session's client is back")
                self.assertEqual(holder.client_id[0], session)
                self.assertEqual(holder.retry(holder.exists, "/mine").ephemeralOwner, session)
                self.assertEqual(holder.create("/seq/s-", sequence=True),
                                 "/seq/s-000000000" + ("5" if genuine else "6"))
                self.assertEqual(holder.exists("/seq/s-0000000005").czxid >> 32, 2)
                written = self.trees(e)
            self.assertNotIn(KazooState.LOST, states)


if __name__ == "__main__":
    harness.main(limit_s=80)
