#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A data directory that a genuine ZooKeeper 3.8.0 wrote, opened in place: by one server, and by
three of which each has a copy. What was in it is there, and writing goes on."""

import os
import shutil
import unittest

from kazoo import exceptions as refused
from kazoo.security import ACL, Id, Permissions, make_acl, make_digest_acl

import shared
from shared import harness

FILES = ("log.1", "log.10", "snapshot.0", "snapshot.f")
LAST = 0x12  # the zxid of the last txn
OPEN = [make_acl("world", "anyone", all=True)]
MASKED = [ACL(Permissions.ALL, Id("digest", "bob:x")), make_acl("world", "anyone", read=True)]

# path -> data, (czxid, mzxid, pzxid), (version, cversion, aversion), children, and the ACL as seen
# by others. There is a TTL node /t besides, whose time is over: ZooKeeper deletes it when it likes.
WRITTEN = {
    "/a": (b"two", (2, 4, 3), (1, 1, 0), 1, OPEN),
    "/a/b": (b"", (3, 3, 3), (0, 0, 1), 0, MASKED),
    "/c": (b"c", (11, 11, 11), (0, 0, 0), 0, OPEN),
    "/n": (None, (13, 13, 13), (0, 0, 0), 0, OPEN),
    "/second": (b"run", (17, 17, 17), (0, 0, 0), 0, OPEN),
}


def open_directory(ensemble, files=FILES):
    """Gives each server a copy of the genuine files."""
    for server in ensemble:
        version = os.path.join(server.data, "version-2")
        os.makedirs(version)
        for name in files:
            shutil.copy(os.path.join(shared.GENUINE_FILES, name), version)


class DataDirectory(unittest.TestCase):

    def check_tree(self, zk, written):
        found = harness.tree_of(zk)
        self.assertEqual(set(found) - {"/", "/t", "/zookeeper", "/zookeeper/quota"}, set(written))
        for path, (data, zxids, versions, children, acl) in written.items():
            value, stat, access = found[path]
            stat = zk.exists(path)
            self.assertEqual(
                (value, (stat.czxid, stat.mzxid, stat.pzxid),
                 (stat.version, stat.cversion, stat.aversion), stat.numChildren, access),
                (data, zxids, versions, children, acl), path)
            self.assertEqual(stat.ephemeralOwner, 0, path)

    def go_on(self, zk):
        """Writes on top of what is there. Returns what it wrote."""
        self.assertGreater(zk.create("/a/new", b"after").find("new"), 0)
        stat = zk.exists("/a/new")
        self.assertGreater(stat.czxid, LAST)
        self.assertEqual(zk.create("/a/s-", sequence=True), "/a/s-0000000002")
        self.assertEqual(zk.set("/second", b"more", version=0).version, 1)
        self.assertRaises(refused.NotEmptyError, zk.delete, "/a")
        zk.create("/mine", ephemeral=True)
        return {path: zk.get(path) for path in ("/a", "/a/new", "/a/s-0000000002", "/second")}

    def test_a_standalone_server_opens_it_in_place(self):
        with harness.Ensemble(1) as e:
            open_directory(e)
            e.start_all()
            self.check_tree(e[1].client(), WRITTEN)
            later = self.go_on(e[1].client())
            e[1].close_clients()
            for end in (e[1].stop, e[1].kill):  # and opens its own and the genuine files again
                end()
                e.start_all()
                zk = e[1].client()
                self.assertEqual({path: zk.get(path) for path in later}, later)
                self.assertEqual(zk.get("/a/b")[1].aversion, 1)
                self.assertIsNone(zk.exists("/mine"))
                e[1].close_clients()

    def test_compressed_snapshots_are_opened_and_written(self):
        for method, suffix in (("gz", ".gz"), ("snappy", ".snappy")):
            with harness.Ensemble(1, snapCount=4,
                                  **{"snapshot.compression.method": method}) as e:
                open_directory(e, (f"snapshot.12{suffix}",))
                e.start_all()
                zk = e[1].client()
                self.check_tree(zk, WRITTEN)
                for n in range(20):
                    zk.set("/second", b"%d" % n)
                e[1].close_clients()

                def is_written():
                    names = os.listdir(os.path.join(e[1].data, "version-2"))
                    return [n for n in names if n.endswith(suffix) and n != f"snapshot.12{suffix}"]

                harness.wait_until(is_written, "a snapshot is written")
                e[1].kill()
                e.start_all()
                self.assertEqual(e[1].client().get("/second")[0], b"19")

    def test_three_servers_open_copies_of_it(self):
        with harness.Ensemble(3) as e:
            open_directory(e)
            e.start_all()
            for server in e:
                self.check_tree(server.client(), WRITTEN)
                server.close_clients()
            later = self.go_on(e.client())
            self.assertEqual(later["/a/new"][1].czxid >> 32, 1, "the first epoch after it")
            leader = e.wait_serving()
            leader.kill()
            harness.wait_until(lambda: "leader" in e.roles().values(), "another leads")
            e.start_all()
            for server in e:
                zk = server.client()
                zk.sync("/")
                self.assertEqual({path: zk.get(path) for path in later}, later)

    def test_one_server_of_three_has_it_and_brings_the_others_up(self):
        with harness.Ensemble(3) as e:
            open_directory([e[2]])
            e.start(1, 2)  # the one who has it leads: whoever has more is elected
            e.wait_roles({1: "follower", 2: "leader"})
            e.start_all()
            for server in e:
                self.check_tree(server.client(), WRITTEN)
            self.go_on(e.client())

    def test_its_users_keep_their_passwords(self):
        with harness.Ensemble(1) as e:
            open_directory(e)
            e.start_all()
            zk = e[1].client()
            self.assertRaises(refused.NoAuthError, zk.set, "/a/b", b"")
            bob = e[1].client(auth_data=[("digest", "bob:pw")])
            self.assertEqual(bob.get_acls("/a/b")[0][0], make_digest_acl("bob", "pw", all=True))
            self.assertEqual(bob.set("/a/b", b"his").version, 1)

    def test_what_a_crash_left_of_a_txn_is_cut_off(self):
        with harness.Ensemble(1) as e:
            open_directory(e)
            log = os.path.join(e[1].data, "version-2", "log.10")
            with open(log, "r+b") as f:
                f.truncate(f.read().index(b"/second") + 3)
            e.start_all()
            zk = e[1].client()
            self.check_tree(zk, {p: x for p, x in WRITTEN.items() if p != "/second"})
            zk.create("/second", b"again")
            e[1].close_clients()
            e[1].kill()
            e.start_all()
            self.assertEqual(e[1].client().get("/second")[0], b"again")


if __name__ == "__main__":
    harness.main(limit_s=60)
