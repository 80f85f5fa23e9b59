#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo does to an ensemble whatever this version claims of a ZooKeeper: each operation, its error
codes and its stat, sequential names, ACLs, multi."""

import time
import unittest

from kazoo import exceptions as refused
from kazoo.security import (ACL, Id, Permissions, make_acl, make_digest_acl,
                            make_digest_acl_credential)

import shared

MAY_READ = make_acl("world", "anyone", read=True)


class Operations(shared.OnThreeServers):

    def test_create_returns_the_path_and_create2_a_stat_too(self):
        self.assertEqual(self.zk.create(self.at("a"), b"one"), self.at("a"))
        path, stat = self.zk.create(self.at("b"), b"three", include_data=True)
        self.assertEqual(path, self.at("b"))
        self.assertEqual((stat.version, stat.cversion, stat.aversion, stat.ephemeralOwner,
                          stat.dataLength, stat.numChildren), (0, 0, 0, 0, 5, 0))
        self.assertEqual(stat.czxid, stat.mzxid)
        self.assertEqual(stat.czxid, stat.pzxid)
        self.assertEqual(stat.ctime, stat.mtime)
        self.assertLess(abs(stat.ctime / 1000 - time.time()), 60)
        self.assertEqual(self.zk.get(self.at("b")), (b"three", stat))

    def test_what_cannot_be_created(self):
        self.zk.create(self.at("once"))
        self.zk.create(self.at("brief"), ephemeral=True)
        for path, error in ((self.at("once"), refused.NodeExistsError),
                            ("/", refused.NodeExistsError),
                            ("/zookeeper", refused.NodeExistsError),
                            (self.at("none/child"), refused.NoNodeError),
                            (self.at("brief/child"), refused.NoChildrenForEphemeralsError)):
            with self.subTest(path):
                self.assertRaises(error, self.zk.create, path)
        self.assertRaises(refused.InvalidACLError, self.zk.create, self.at("a"), acl=[
            ACL(Permissions.ALL, Id("nobody", "knows"))])

    def test_data_of_every_length_comes_back(self):
        for size in (0, 1, 1000, 900_000):
            data = bytes(n % 251 for n in range(size))
            path = self.zk.create(self.at(f"of-{size}"), data)
            self.assertEqual(self.zk.get(path)[0], data)
            self.assertEqual(self.zk.exists(path).dataLength, size)
            self.zk.delete(path)

    def test_names_of_any_script(self):
        names = ["with space", "ünï-漢字", "a.b", "...", "-", "x" * 500]
        for name in names:
            self.zk.create(self.at(name), name.encode())
        self.assertEqual(set(self.zk.get_children(self.top)), set(names))
        for name in names:
            self.assertEqual(self.zk.get(self.at(name))[0], name.encode())

    def test_set_needs_the_right_version(self):
        path = self.zk.create(self.at("a"), b"0")
        before = self.zk.exists(path)
        after = self.zk.set(path, b"one", version=0)
        self.assertEqual((after.version, after.dataLength), (1, 3))
        self.assertEqual((after.czxid, after.ctime, after.pzxid),
                         (before.czxid, before.ctime, before.pzxid))
        self.assertGreater(after.mzxid, before.mzxid)
        self.assertRaises(refused.BadVersionError, self.zk.set, path, b"no", version=0)
        self.assertEqual(self.zk.set(path, b"any").version, 2)
        self.assertRaises(refused.NoNodeError, self.zk.set, self.at("none"), b"")
        self.assertEqual(self.zk.get(path)[0], b"any")

    def test_delete_needs_the_right_version_and_no_children(self):
        path = self.zk.create(self.at("a"))
        self.zk.create(path + "/child")
        self.assertRaises(refused.NotEmptyError, self.zk.delete, path)
        self.zk.delete(path + "/child")
        self.assertRaises(refused.BadVersionError, self.zk.delete, path, version=3)
        self.zk.delete(path, version=0)
        self.assertRaises(refused.NoNodeError, self.zk.delete, path)
        self.assertIsNone(self.zk.exists(path))
        for path in ("/", "/zookeeper", "/zookeeper/config", "/zookeeper/quota"):
            self.assertRaises(refused.BadArgumentsError, self.zk.delete, path)

    def test_children_and_the_stat_of_their_parent(self):
        self.assertEqual(self.zk.get_children(self.top), [])
        for name in "abc":
            self.zk.create(self.at(name))
        self.zk.delete(self.at("b"))
        children, stat = self.zk.get_children(self.top, include_data=True)
        self.assertEqual(sorted(children), ["a", "c"])
        self.assertEqual((stat.numChildren, stat.cversion, stat.version), (2, 4, 0))
        self.assertEqual(stat.pzxid, self.zk.last_zxid)
        self.assertGreater(stat.pzxid, stat.mzxid)
        self.assertRaises(refused.NoNodeError, self.zk.get_children, self.at("none"))
        self.assertRaises(refused.NoNodeError, self.zk.get, self.at("none"))

    def test_sequential_names_count_the_creates_of_their_parent(self):
        def make(name, **kind):
            return self.zk.create(self.at(name), sequence=True, **kind)

        self.assertEqual(make("s-"), self.at("s-0000000000"))
        self.assertEqual(make("other"), self.at("other0000000001"))
        self.zk.delete(self.at("s-0000000000"))
        self.assertEqual(make("e-", ephemeral=True), self.at("e-0000000002"))
        self.assertEqual(make(""), self.at("0000000003"))
        self.zk.create(self.at("plain"))
        self.assertEqual(self.client_of(2).create(self.at("s-"), sequence=True),
                         self.at("s-0000000005"))

    def test_a_write_is_read_at_another_server_after_sync(self):
        for n in range(20):
            self.client_of(1 + n % 3).create(self.at(str(n)), b"x")
            other = self.servers[1 + (n + 1) % 3].client()
            self.assertEqual(other.sync(self.top), self.top)
            self.assertEqual(len(other.get_children(self.top)), n + 1)
            self.close_all_but_first()

    def close_all_but_first(self):
        for server in self.servers:
            server.close_clients()

    def test_answers_of_one_client_come_in_its_order(self):
        asked = []
        for n in range(100):
            asked.append(self.zk.create_async(self.at(f"n{n}"), b"0"))
            asked.append(self.zk.set_async(self.at(f"n{n}"), b"1"))
            asked.append(self.zk.get_async(self.at(f"n{n}")))
        done = [answer.get(timeout=30) for answer in asked]
        for n in range(100):
            self.assertEqual(done[3 * n], self.at(f"n{n}"))
            self.assertEqual(done[3 * n + 1].version, 1)
            self.assertEqual(done[3 * n + 2][0], b"1")
        zxids = [stat.mzxid for stat in done[1::3]]
        self.assertEqual(zxids, sorted(zxids))


class Multi(shared.OnThreeServers):

    def test_all_of_it_happens_at_one_zxid(self):
        self.zk.create(self.at("a"), b"0")
        many = self.zk.transaction()
        many.create(self.at("b"), b"new")
        many.create(self.at("b/s-"), sequence=True)
        many.set_data(self.at("a"), b"1")
        many.check(self.at("a"), 1)
        many.create(self.at("gone"))
        many.delete(self.at("gone"))
        made, made_below, stat, checked, gone, deleted = many.commit()
        self.assertEqual((made, made_below, gone),
                         (self.at("b"), self.at("b/s-0000000000"), self.at("gone")))
        self.assertEqual((checked, deleted), (True, True))
        self.assertEqual(stat.version, 1)
        self.assertEqual(self.zk.exists(self.at("b")).czxid, stat.mzxid)
        self.assertEqual(self.zk.exists(self.at("b/s-0000000000")).czxid, stat.mzxid)
        self.assertIsNone(self.zk.exists(self.at("gone")))

    def test_when_one_fails_nothing_happens_and_each_says_why(self):
        self.zk.create(self.at("a"), b"0")
        many = self.zk.transaction()
        many.create(self.at("b"))
        many.set_data(self.at("a"), b"1")
        many.check(self.at("a"), 7)
        many.delete(self.at("none"))
        self.assertEqual([type(error) for error in many.commit()],
                         [refused.RolledBackError, refused.RolledBackError,
                          refused.BadVersionError, refused.RuntimeInconsistency])
        self.assertEqual(self.zk.get_children(self.top), ["a"])
        self.assertEqual(self.zk.get(self.at("a"))[0], b"0")
        self.assertEqual(self.zk.exists(self.top).cversion, 1)

    def test_each_kind_of_failure(self):
        self.zk.create(self.at("a"))
        self.zk.create(self.at("a/b"))
        for step, error in (
                (lambda m: m.create(self.at("a")), refused.NodeExistsError),
                (lambda m: m.create(self.at("none/x")), refused.NoNodeError),
                (lambda m: m.delete(self.at("a")), refused.NotEmptyError),
                (lambda m: m.delete(self.at("none")), refused.NoNodeError),
                (lambda m: m.set_data(self.at("none"), b""), refused.NoNodeError),
                (lambda m: m.set_data(self.at("a"), b"", version=5), refused.BadVersionError),
                (lambda m: m.check(self.at("none"), 0), refused.NoNodeError)):
            many = self.zk.transaction()
            step(many)
            self.assertEqual([type(found) for found in many.commit()], [error])

    def test_an_empty_one_is_answered(self):
        self.assertEqual(self.zk.transaction().commit(), [])

    def test_sequential_names_go_on_after_one_that_failed(self):
        many = self.zk.transaction()
        many.create(self.at("s-"), sequence=True)
        many.check(self.top, 99)
        many.commit()
        self.assertEqual(self.zk.create(self.at("s-"), sequence=True), self.at("s-0000000000"))

    def test_it_obeys_acls(self):
        self.zk.create(self.at("read-only"), b"", acl=[MAY_READ])
        many = self.zk.transaction()
        many.create(self.at("b"))
        many.set_data(self.at("read-only"), b"1")
        self.assertEqual([type(error) for error in many.commit()],
                         [refused.RolledBackError, refused.NoAuthError])
        self.assertIsNone(self.zk.exists(self.at("b")))


class Acls(shared.OnThreeServers):

    def ann(self, number=1):
        zk = self.client_of(number)
        zk.add_auth("digest", "ann:secret")
        return zk

    def test_each_permission_is_asked_for(self):
        anyone = Id("world", "anyone")
        for n, (permission, work) in enumerate((
                (Permissions.READ, lambda path: self.zk.get(path)),
                (Permissions.READ, lambda path: self.zk.get_children(path)),
                (Permissions.WRITE, lambda path: self.zk.set(path, b"new")),
                (Permissions.CREATE, lambda path: self.zk.create(path + "/x")),
                (Permissions.DELETE, lambda path: self.zk.delete(path + "/child")),
                (Permissions.ADMIN, lambda path: self.zk.set_acls(path, [MAY_READ])))):
            without, alone = self.at(f"without-{n}"), self.at(f"alone-{n}")
            for path, allowed in ((without, Permissions.ALL & ~permission), (alone, permission)):
                self.zk.create(path)
                self.zk.create(path + "/child")
                self.zk.set_acls(path, [ACL(allowed, anyone)])
            with self.subTest(permission=permission):
                self.assertRaises(refused.NoAuthError, work, without)
                work(alone)

    def test_auth_becomes_the_digest_of_who_asks(self):
        ann = self.ann()
        ann.create(self.at("hers"), b"s", acl=[ACL(Permissions.ALL, Id("auth", ""))])
        acl, stat = ann.get_acls(self.at("hers"))
        self.assertEqual(acl, [ACL(Permissions.ALL, Id(
            "digest", make_digest_acl_credential("ann", "secret")))])
        self.assertEqual(stat.aversion, 0)
        self.zk.sync("/")
        self.assertRaises(refused.NoAuthError, self.zk.get, self.at("hers"))
        self.assertRaises(refused.InvalidACLError, self.zk.create, self.at("nobodys"),
                          acl=[ACL(Permissions.ALL, Id("auth", ""))])
        self.assertEqual(self.ann(3).get(self.at("hers"))[0], b"s")

    def test_digests_are_masked_for_those_who_are_not_admin(self):
        hers = [make_digest_acl("ann", "secret", all=True), MAY_READ]
        self.zk.create(self.at("a"), acl=hers)
        self.assertEqual([acl.id.id for acl in self.zk.get_acls(self.at("a"))[0]],
                         ["ann:x", "anyone"])
        self.assertEqual(self.ann().get_acls(self.at("a"))[0], hers)

    def test_set_acls_counts_versions_of_its_own(self):
        path = self.zk.create(self.at("a"))
        everything = [make_acl("world", "anyone", all=True)]
        stat = self.zk.set_acls(path, everything, version=0)
        self.assertEqual((stat.aversion, stat.version, stat.cversion), (1, 0, 0))
        self.assertEqual(stat.mzxid, stat.czxid)
        self.assertRaises(refused.BadVersionError, self.zk.set_acls, path, everything, version=0)
        self.assertRaises(refused.NoNodeError, self.zk.set_acls, self.at("none"), everything)
        self.assertRaises(refused.InvalidACLError, self.zk.set_acls, path, [])

    def test_a_wrong_password_is_another_user(self):
        self.zk.create(self.at("a"), b"s", acl=[make_digest_acl("ann", "secret", read=True)])
        eve = self.client_of(2)
        eve.add_auth("digest", "ann:guess")
        self.assertRaises(refused.NoAuthError, eve.get, self.at("a"))
        self.assertRaises(refused.NoAuthError, self.ann().set, self.at("a"), b"")

    def test_super_passes_every_acl(self):
        self.zk.create(self.at("a"), b"s", acl=[make_digest_acl("ann", "secret", read=True)])
        self.zk.create(self.at("b"), acl=[
            make_digest_acl("nobody", "knows", all=True)])
        chief = self.client_of(3)
        chief.add_auth("digest", "super:above all")
        self.assertEqual(chief.get(self.at("a"))[0], b"s")
        self.assertEqual(chief.get_acls(self.at("a"))[0][0].id.id,
                         make_digest_acl_credential("ann", "secret"))
        chief.create(self.at("b/c"))
        chief.set_acls(self.at("b"), [MAY_READ])
        many = chief.transaction()
        many.delete(self.at("b/c"))
        many.set_data(self.at("a"), b"changed")
        self.assertEqual(many.commit()[0], True)
        pretender = self.client_of(2)
        pretender.add_auth("digest", "super:above none")
        self.assertRaises(refused.NoAuthError, pretender.get, self.at("a"))

    def test_an_address_is_an_identity(self):
        self.zk.create(self.at("here"), b"h", acl=[ACL(Permissions.READ, Id("ip", "127.0.0.0/8"))])
        self.zk.create(self.at("there"), b"t", acl=[ACL(Permissions.READ, Id("ip", "10.0.0.1"))])
        self.assertEqual(self.zk.get(self.at("here"))[0], b"h")
        self.assertRaises(refused.NoAuthError, self.zk.get, self.at("there"))

    def test_a_scheme_that_is_not_known_fails_and_ends_the_connection(self):
        zk = self.client_of(1)
        self.assertRaises(refused.AuthFailedError, zk.add_auth, "nobody", "knows")

    def test_identities_are_shown_again_after_a_reconnect(self):
        zk = self.servers.client(auth_data=[("digest", "ann:secret")])
        zk.create(self.at("a"), b"s", acl=[make_digest_acl("ann", "secret", all=True)])
        shared.cut(zk)
        self.assertEqual(zk.retry(zk.get, self.at("a"))[0], b"s")


if __name__ == "__main__":
    shared.harness.main(limit_s=60)
