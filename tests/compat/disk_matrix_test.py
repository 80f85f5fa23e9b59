#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Directories of the genuine ZooKeeper, killed under load, opened by ours; and the way back.

Standalone and ensemble; snapshots plain, gzip and snappy; digests on and off. Each time actor-log
verifies what lies there and shows the same znodes, stats, access lists, sessions and ephemerals as
clients of a genuine server see on a copy, and as ours show on the directory itself. What was
acknowledged is there. Registered only where Debian's zookeeper, libsnappy-java and a java are
installed.
"""

import base64
import collections
import json
import os
import re
import shutil
import threading
import unittest

from kazoo.exceptions import KazooException
from kazoo.protocol.serialization import int_struct, long_struct, read_string, write_buffer
from kazoo.protocol.serialization import write_string
from kazoo.security import OPEN_ACL_UNSAFE

import shared
from shared import ACTOR_LOG, harness, tool
from way_back_test import populate

HOLDER_SESSION_S = 60
OWNER = 7  # the place of ephemeralOwner in a stat
LOAD = "/load"  # what is written until the kill: its last part may be there or not


class Create(collections.namedtuple("Create", "type path data flags ttl_ms")):
    """createContainer and createTTL, which this kazoo has not."""

    def serialize(self):
        out = bytearray(write_string(self.path) + write_buffer(self.data))
        out += int_struct.pack(len(OPEN_ACL_UNSAFE))
        for entry in OPEN_ACL_UNSAFE:
            out += int_struct.pack(entry.perms)
            out += write_string(entry.id.scheme) + write_string(entry.id.id)
        out += int_struct.pack(self.flags)
        return out + (long_struct.pack(self.ttl_ms) if self.type == 21 else b"")

    @classmethod
    def deserialize(cls, data, offset):
        return read_string(data, offset)[0]


def create(zk, *what):
    result = zk.handler.async_result()
    zk._call(Create(*what), result)  # pylint: disable=protected-access
    return result.get(timeout=harness.DEADLINE_S)


class Load:
    """Creates below LOAD until its server dies. `acknowledged` is what was."""

    def __init__(self, zk):
        self.acknowledged = []
        self.zk = zk
        zk.create(LOAD)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        for batch in range(500):
            asked = [(path, self.zk.create_async(path, path.encode()))
                     for path in (f"{LOAD}/{batch}-{n}" for n in range(10))]
            for path, result in asked:
                try:
                    result.get(timeout=5)
                except (KazooException, self.zk.handler.timeout_exception):
                    return
                self.acknowledged.append(path)

    def wait(self, count):
        harness.wait_until(lambda: len(self.acknowledged) >= count, "there is load")


def on_disk(directory):
    """The tree as harness.tree_of() has it, and the sessions, from the files alone."""
    code, out, err = tool(ACTOR_LOG, "snapshot", "--json", directory)
    assert code == 0, err
    tree, sessions = {}, {}
    for line in out.splitlines():
        x = json.loads(line)
        if "session" in x:
            sessions[int(x["session"], 16)] = x
        if "path" not in x or x["path"] == "/zookeeper/config":
            continue
        data = base64.b64decode(x["data_base64"]) if "data_base64" in x else x["data"]
        data = data.encode() if isinstance(data, str) else data
        owner = int(x["ephemeral_owner"], 16) if x["kind"] == "ephemeral" else 0
        stat = (int(x["czxid"], 16), int(x["mzxid"], 16), x["ctime_ms"], x["mtime_ms"],
                x["version"], x["cversion"], x["aversion"], owner, len(data or b""), x["children"],
                int(x["pzxid"], 16))
        acl = [(entry["perms"], entry["scheme"], entry["id"]) for entry in x["acl"]]
        tree[x["path"]] = (data, stat, acl)
    return tree, sessions


def comparable(tree):
    """Without the load, and with access lists as plain values. A TTL znode's owner is a client's
    business only where extended types are on."""
    out = {}
    for path, (data, stat, acl) in tree.items():
        if path == LOAD or path.startswith(LOAD + "/"):
            continue
        if path.startswith("/ttl"):
            stat = stat[:OWNER] + (0,) + stat[OWNER + 1:]
        out[path] = (data, stat, [entry if isinstance(entry, tuple) and len(entry) == 3 else
                                  (entry.perms, entry.id.scheme, entry.id.id) for entry in acl])
    return out


def newest(names, kind):
    return max((name for name in names if name.startswith(kind)),
               key=lambda name: int(name.split(".")[1], 16))


def kill_at_once(ensemble):
    """None may see another die: who then became the leader would begin a snapshot of its own."""
    for server in ensemble:
        server.pause()
    for server in ensemble:
        server.kill()


class DiskMatrix(unittest.TestCase):
    maxDiff = 4000

    def seen_by_clients(self, ensemble):
        zk = ensemble.client(auth_data=[("digest", "super:above all")])  # lists come unmasked
        tree = harness.tree_of(zk)
        harness.close(zk)
        return tree

    def assert_same(self, expected, found, who):
        expected, found = comparable(expected), comparable(found)
        self.assertEqual(sorted(expected), sorted(found), who)
        for path, node in expected.items():
            self.assertEqual(node, found[path], f"{path}, {who}")

    def copy_read_by_genuine(self, ensemble, options):
        """What the genuine server makes of a copy of one of these directories. All that is asked
        for is in each of them."""
        with harness.Ensemble(1, **options) as copies:
            shutil.copytree(os.path.join(ensemble[1].data, "version-2"),
                            os.path.join(copies[1].data, "version-2"))
            copies[1].genuine = True
            copies.start_all(shared.START_S)
            return self.seen_by_clients(copies)

    def write(self, ensemble):
        """Everything, then load, then kill -9 of all. Returns who holds a session, its id, and the
        load."""
        holder = ensemble.client(session_s=HOLDER_SESSION_S)
        session = holder.client_id[0]
        holder.create("/mine", b"me", ephemeral=True)
        zk = ensemble.client()
        populate(zk)
        create(zk, 19, "/container", b"c", 4, 0)
        create(zk, 15, "/container/kid", b"k", 0, 0)
        create(zk, 21, "/ttl", b"t", 5, 3_600_000)
        load = Load(zk)
        load.wait(200)
        kill_at_once(ensemble)
        load.thread.join(harness.DEADLINE_S)
        return holder, session, load

    def check_files(self, ensemble, compression, unfinished=None):
        """Of each server: nothing is damaged but what a kill may cut short, no digest differs, and
        a start would do. That is the newest log and, of ZooKeeper, which writes it where it will
        stay, the newest snapshot; what lay `unfinished` before the last kill may lie there still.
        Returns the trees, and what is unfinished."""
        trees, found = [], []
        for number, server in enumerate(ensemble):
            names = os.listdir(os.path.join(server.data, "version-2"))
            allowed = {newest(names, "log.")}
            allowed |= {newest(names, "snapshot.")} if unfinished is None else unfinished[number]
            code, out, err = tool(ACTOR_LOG, "verify", server.data)
            cut_short, damaged = set(), set()
            for line in (out + err).splitlines():
                # A log that ends in the middle of a txn, or of its header, is no damage.
                kind = cut_short if "; unfinished end at offset " in line else damaged
                if not re.search(": whole, |checksums right, no hole$", line):
                    kind.update(re.findall(r"/((?:log|snapshot)\.[0-9a-f]+[.\w]*)[: ]", line))
            self.assertEqual((cut_short | damaged) - allowed, set(), out + err)
            self.assertEqual(code, 1 if damaged else 0, out + err)
            self.assertIn(", 0 differ", out)
            found.append(cut_short | damaged)
            code, out, err = tool(harness.ACTOR_NODE, "check-data", server.data, "--json")
            self.assertEqual(code, 0, out + err)
            if compression:
                self.assertTrue([n for n in names if n.endswith("." + compression)], names)
            trees.append(on_disk(server.data))
        return trees, found

    def check_kind(self, servers, compression, digests):
        options = {**shared.PATIENCE, "snapCount": 60, "preAllocSize": 64,
                   "maxSessionTimeout": 90_000, "extendedTypesEnabled": "true",
                   "digest.enabled": digests,
                   "DigestAuthenticationProvider.superDigest": shared.SUPER_DIGEST}
        if compression:
            options["snapshot.compression.method"] = compression
        with harness.Ensemble(servers, **options) as e:
            for server in e:
                server.genuine = True
            e.start_all(shared.START_S)
            holder, session, load = self.write(e)
            files, unfinished = self.check_files(e, compression)
            genuine = self.copy_read_by_genuine(e, options)
            for tree, sessions in files:
                self.assertEqual(sessions[session]["timeout_ms"], HOLDER_SESSION_S * 1000)
                self.assertEqual(sessions[session]["ephemerals"], ["/mine"])
                self.assert_same(genuine, tree, "actor-log and the genuine server")

            for server in e:
                server.genuine = False
            e.start_all(shared.START_S)
            ours = self.seen_by_clients(e)
            self.assert_same(genuine, ours, "ours and the genuine server")
            self.assertEqual(set(load.acknowledged) - set(ours), set(), "acknowledged and lost")
            harness.wait_until(lambda: holder.connected, "the session's client is back")
            self.assertEqual(holder.client_id[0], session)

            zk = e.client()
            for n in range(100):  # enough for a snapshot of ours
                zk.set("/data", b"ours %d" % n)
            zk.create("/after", b"new", ephemeral=False)
            harness.close(zk)
            ours = self.seen_by_clients(e)
            kill_at_once(e)
            for tree, sessions in self.check_files(e, compression, unfinished)[0]:
                self.assertIn(session, sessions)
                self.assert_same(ours, tree, "actor-log and ours")
            for server in e:
                server.genuine = True
            e.start_all(shared.START_S)
            self.assert_same(ours, self.seen_by_clients(e), "the genuine server and ours")
            self.assertEqual(holder.retry(holder.exists, "/mine").ephemeralOwner, session)

    def test_standalone_with_gzip(self):
        self.check_kind(1, "gz", "true")

    def test_standalone_with_snappy_and_no_digests(self):
        self.check_kind(1, "snappy", "false")

    def test_standalone_with_plain_snapshots(self):
        self.check_kind(1, None, "true")

    def test_ensemble_with_gzip(self):
        self.check_kind(3, "gz", "true")

    def test_ensemble_with_plain_snapshots_and_no_digests(self):
        self.check_kind(3, None, "false")


if __name__ == "__main__":
    harness.main(limit_s=580)
