#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The same requests, field by field wrong and right, to our server and to Debian's ZooKeeper 3.8.0:
answers, errors, zxids and watch events have to be the same, but for the differences named here.

Needs Debian's packages zookeeper and openjdk-17-jre-headless; without them there is nothing to
compare with, and the tests say that they are skipped."""

import os
import re
import shutil
import unittest

import shared
import wire as r
from differential_operations import (every_operation, kinds_in_multi, kinds_of_watches, logins,
                                     not_for_clients, pings, reconfigs)
from shared import harness

JAR = "/usr/share/java/zookeeper.jar"
HAS_GENUINE = shutil.which("java") is not None and os.path.exists(JAR)
NO_GENUINE = f"there is no java or no {JAR}: nothing to compare with"

BAD_PATHS = {
    "null": None, "empty": "", "relative": "a", "too long": r.TOO_LONG, "negative": r.NEGATIVE,
    "slash behind": "/a/", "two slashes": "//a", "slashes within": "/a//b", "dot": "/./a",
    "dots": "/..", "dots behind": "/a/..", "control": "/a\x01", "delete": "/a\x7f", "c1": "/a\x85",
    "zero": "/a\0b", "private": "/a\ue000", "specials": "/a\ufff0", "surrogates": "/a\U0001f600",
    "no utf8": b"/a\xff", "cut utf8": b"/a\xe6\xbc", "root": "/", "missing": "/missing",
    "below missing": "/missing/a", "reserved": "/zookeeper", "quota": "/zookeeper/quota",
    "config": "/zookeeper/config",
}
BAD_ACLS = {
    "null": None, "none": [], "no scheme": [(31, None, "x")], "empty scheme": [(31, "", "")],
    "unknown": [(31, "nobody", "x")], "auth of nobody": [(31, "auth", "")],
    "world": [(31, "world", "somebody")], "digest": [(31, "digest", "ann")],
    "digest of three": [(31, "digest", "a:b:c")], "ip": [(31, "ip", "10.0.0")],
    "ip bits": [(31, "ip", "10.0.0.0/33")], "ip minus": [(31, "ip", "10.0.0.0/-1")],
    "one of two": [(31, "world", "anyone"), (31, "nobody", "x")],
}
GOOD_ACLS = {
    "nothing": [(0, "world", "anyone")], "more bits": [(-1, "world", "anyone")],
    "twice": r.OPEN * 2, "ip range": [(31, "ip", "127.0.0.0/8")], "ip": [(31, "ip", "127.0.0.1")],
    "ip all": [(31, "ip", "9.9.9.9/0")], "other ip": [(31, "ip", "10.0.0.0/8")],
    "digest": [(31, "digest", "ann:x")],
}


# ---------------------------------------------------------------- scripts

def kinds_of_create(script):
    ops = {"create": r.CREATE, "create2": r.CREATE2, "container": r.CREATE_CONTAINER}
    for name, op in ops.items():
        for flags in (-1, 0, 1, 2, 3, 4, 5, 6, 7, 1 << 30):
            script.ask(f"{name} with flags {flags}", op, r.create(f"/{name}{flags}", b"x", flags))
            script.ask("its stat", r.EXISTS, r.watched(f"/{name}{flags}"))
    for flags in (-1, 0, 1, 2, 3, 4, 5, 6, 7):
        for ttl in (0, 1, (1 << 40) - 1, 1 << 40):
            script.ask(f"ttl {ttl} with flags {flags}", r.CREATE_TTL,
                       r.create_ttl(f"/ttl{flags}.{ttl}", ttl, flags))
    for ttl in (-1, -(1 << 63)):  # with other flags it would end the genuine server
        script.ask(f"ttl {ttl}", r.CREATE_TTL, r.create_ttl("/ttl", ttl))
    script.ask("no ttl at all", r.CREATE_TTL, r.create("/ttl", b"", r.TTL))
    script.ask("all", r.CHILDREN2, r.watched("/"))
    for parent in ("/container4", "/ttl5.1", "/create1", "/container1"):
        script.ask(f"below {parent}", r.CREATE, r.create(parent + "/k"))
        script.ask(f"ephemeral below {parent}", r.CREATE, r.create(parent + "/e", b"", 1))


def bad_fields(script):
    """Every field of every operation on a path."""
    script.ask("a", r.CREATE, r.create("/a", b"one"))
    writes = {
        r.CREATE: lambda path: r.create(path), r.CREATE2: lambda path: r.create(path, b"", 1),
        r.CREATE_CONTAINER: lambda path: r.create(path, b"", 4),
        r.CREATE_TTL: lambda path: r.create_ttl(path, 9),
        r.DELETE: lambda path: r.with_number(path),
        r.SET: lambda path: r.set_data(path, b"x"), r.SET_ACL: lambda path: r.set_acl(path, r.OPEN)}
    for op, body in writes.items():
        for name, path in BAD_PATHS.items():
            if op in (r.SET, r.SET_ACL) and name == "config":
                continue  # a server of ours and a standalone ZooKeeper differ in what is there
            script.ask(f"op {op}, path {name}", op, body(path))
            script.ask(f"multi of op {op}, path {name}", r.MULTI, r.multi((op, body(path))))
    for name, path in BAD_PATHS.items():
        script.ask(f"sequential, path {name}", r.CREATE, r.create(path, b"", 2))
        script.ask(f"check, path {name}", r.MULTI, r.multi((r.CHECK, r.with_number(path))))
    reads = {
        r.EXISTS: r.watched, r.GET: r.watched, r.CHILDREN: r.watched, r.CHILDREN2: r.watched,
        r.GET_ACL: r.s, r.SYNC: r.s, r.ALL_CHILDREN_NUMBER: r.s, r.EPHEMERALS: r.s}
    for op, body in reads.items():
        for name, path in BAD_PATHS.items():
            if path in ("/", "/zookeeper", "/zookeeper/config"):
                continue  # as above
            script.ask(f"op {op}, path {name}", op, body(path))
            if op in (r.GET, r.CHILDREN):
                script.ask(f"multiRead of op {op}, path {name}", r.MULTI_READ,
                           r.multi((op, body(path))))
        script.ask(f"op {op}, no body", op)
    for op in (*writes, r.MULTI, r.MULTI_READ):
        script.ask(f"op {op}, no body", op)
        script.ask(f"op {op}, short body", op, r.s("/a"))
    for name, data in (("null", None), ("too long", r.TOO_LONG), ("negative", r.NEGATIVE)):
        script.ask(f"create, data {name}", r.CREATE, r.create(f"/data {name}", data))
        script.ask(f"set, data {name}", r.SET, r.set_data("/a", data))
        script.ask("get", r.GET, r.watched("/a"))


def versions(script):
    script.ask("a", r.CREATE, r.create("/a"))
    for version in (-1, 0, 1, 2, -2, 1 << 30, -(1 << 31)):
        script.ask(f"set {version}", r.SET, r.set_data("/a", b"x", version))
        script.ask(f"acl {version}", r.SET_ACL, r.set_acl("/a", r.OPEN, version))
        script.ask(f"check {version}", r.MULTI, r.multi((r.CHECK, r.with_number("/a", version))))
        script.ask(f"delete {version}", r.MULTI,
                   r.multi((r.DELETE, r.with_number("/a", version)), (r.CREATE, r.create("/a"))))


def lists(script):
    script.ask("a", r.CREATE, r.create("/a"))
    for name, entries in BAD_ACLS.items():
        script.ask(f"create, acl {name}", r.CREATE, r.create("/b", b"", 0, entries))
        script.ask(f"container, acl {name}", r.CREATE_CONTAINER, r.create("/b", b"", 4, entries))
        script.ask(f"set, acl {name}", r.SET_ACL, r.set_acl("/a", entries))
    for name, entries in GOOD_ACLS.items():
        script.ask(f"create, acl {name}", r.CREATE, r.create(f"/{name}", b"x", 0, entries))
        for op in (r.GET, r.CHILDREN, r.CHILDREN2):
            script.ask(f"op {op}, acl {name}", op, r.watched(f"/{name}"))
        script.ask(f"number, acl {name}", r.ALL_CHILDREN_NUMBER, r.s(f"/{name}"))
        script.ask(f"reads, acl {name}", r.MULTI_READ, r.multi((r.GET, r.watched(f"/{name}"))))
        script.ask(f"acl, acl {name}", r.GET_ACL, r.s(f"/{name}"))
        script.ask(f"below, acl {name}", r.CREATE, r.create(f"/{name}/k"))
        script.ask(f"set, acl {name}", r.SET, r.set_data(f"/{name}", b"y"))
    script.ask("who", r.WHO_AM_I)
    script.ask("show", r.AUTH, r.i(0) + r.s("digest") + r.s("ann:pw"), xid=-4)
    script.ask("who now", r.WHO_AM_I)
    script.ask("mine", r.CREATE,
               r.create("/mine", b"", 0, [(31, "auth", ""), (1, "world", "anyone")]))
    script.ask("acl of mine", r.GET_ACL, r.s("/mine"))
    script.ask("acl of mine, masked", r.GET_ACL, r.s("/mine"), who="bob")


def multis(script):
    script.ask("a", r.CREATE, r.create("/a"))
    for name, ops in {
            "kinds": (
                (r.CREATE_CONTAINER, r.create("/c", b"", 4)), (r.CHECK, r.with_number("/c", 0)),
                (r.CREATE_TTL, r.create_ttl("/c/t", 9, 6)), (r.CREATE, r.create("/c/p")),
                (r.CREATE_TTL, r.create_ttl("/c/u", 9, 0)), (r.SET, r.set_data("/c", b"d", 0)),
                (r.CREATE, r.create("/c/v", b"", 4)), (r.DELETE, r.with_number("/c/p", 0))),
            "ttl 0": ((r.CREATE, r.create("/n")), (r.CREATE_TTL, r.create_ttl("/n/t", 0)),
                      (r.CREATE, r.create("/o"))),
            "first bad": ((r.DELETE, r.with_number("/none")), (r.CREATE, r.create("/o"))),
            "create of a ttl": ((r.CREATE, r.create("/n", b"", 5)),),
            "create2 of a ttl": ((r.CREATE2, r.create("/n", b"", 6)),),
            "ttl of no mode": ((r.CREATE_TTL, r.create_ttl("/n", 5, 9)),),
            "delete container": ((r.DELETE_CONTAINER, r.s("/a")),),
            "setACL": ((r.SET_ACL, r.set_acl("/a", r.OPEN)),), "get": ((r.GET, r.watched("/a")),),
            "unknown": ((999, b""),), "nested": ((r.MULTI, r.multi()),), "nothing": (),
    }.items():
        script.ask(name, r.MULTI, r.multi(*ops))
        script.ask(f"{name}, read", r.MULTI_READ, r.multi(*ops))
    script.ask("all", r.CHILDREN2, r.watched("/c"))
    script.ask("reads", r.MULTI_READ, r.multi(
        (r.GET, r.watched("/a", True)), (r.CHILDREN, r.watched("/c")), (r.GET, r.watched("/none")),
        (r.CHILDREN, r.watched("/none"))))
    script.ask("unwatched", r.SET, r.set_data("/a", b""))


def lasting_watches(script):
    for path, mode in (("/w", 0), ("/r", 1), ("/", 1), ("no path", 0), (None, 0), ("", 1)):
        script.ask(f"add {path} {mode}", r.ADD_WATCH, r.with_number(path, mode), who="bob")
    for mode in (-1, 2, 1 << 30):
        script.ask(f"add of mode {mode}", r.ADD_WATCH, r.with_number("/w", mode), who="bob")
    script.ask("add of no mode", r.ADD_WATCH, r.s("/w"), who="bob")
    script.ask("add of no path", r.ADD_WATCH, r.with_number(r.TOO_LONG, 0), who="bob")

    def change(name, op, body):
        script.ask(name, op, body)
        script.ask(f"{name}, told", r.EXISTS, r.watched("/none"), who="bob")

    for path in ("/w", "/w/k", "/r", "/r/k", "/r/k/l"):
        change(f"create {path}", r.CREATE, r.create(path))
        change(f"set {path}", r.SET, r.set_data(path, b"x"))
        change(f"acl {path}", r.SET_ACL, r.set_acl(path, r.OPEN))
    change("many", r.MULTI, r.multi((r.CREATE, r.create("/r/m")), (r.SET, r.set_data("/w", b"")),
                                    (r.DELETE, r.with_number("/r/m"))))
    change("none", r.MULTI, r.multi((r.CREATE, r.create("/r/m")), (r.DELETE, r.with_number("/z"))))
    script.ask("also once", r.GET, r.watched("/r/k", True), who="bob")
    for path in ("/w/k", "/w", "/r/k/l", "/r/k", "/r"):
        change(f"delete {path}", r.DELETE, r.with_number(path))


def watches_removed(script):
    script.ask("data", r.CREATE, r.create("/d"))
    script.ask("persistent", r.ADD_WATCH, r.with_number("/p", 0))
    script.ask("recursive", r.ADD_WATCH, r.with_number("/r", 1))
    for op in (r.CHECK_WATCHES, r.REMOVE_WATCHES):
        for kind in (-1, 0, 6, 1 << 30):
            script.ask(f"op {op} of kind {kind}", op, r.with_number("/d", kind))
        script.ask(f"op {op} of no kind", op, r.s("/d"))
        script.ask(f"op {op} of no body", op)
        for kind in (1, 2, 3):
            script.ask(f"op {op} of kind {kind}, nobody", op, r.with_number("/d", kind))
    script.ask("any of null", r.REMOVE_WATCHES, r.with_number(None, 3))
    script.ask("get", r.GET, r.watched("/d", True))
    script.ask("children", r.CHILDREN, r.watched("/d", True))
    for op in (r.CHECK_WATCHES, r.REMOVE_WATCHES, r.REMOVE_WATCHES):
        for kind in (1, 2):
            script.ask(f"op {op} of kind {kind}", op, r.with_number("/d", kind))
    for path in ("/p", "/r"):
        script.ask(f"check {path}", r.CHECK_WATCHES, r.with_number(path, 3))
        script.ask(f"remove {path}", r.REMOVE_WATCHES, r.with_number(path, 3))
        script.ask(f"remove {path} again", r.REMOVE_WATCHES, r.with_number(path, 3))
        script.ask(f"create {path}", r.CREATE, r.create(path))
    script.ask("no utf8", r.ADD_WATCH, r.with_number(b"/a\xff", 0))
    script.ask("other no utf8", r.REMOVE_WATCHES, r.with_number(b"/a\xe6\xbc", 3))
    script.ask("rest of no utf8", r.REMOVE_WATCHES, r.with_number(b"/a\xff", 3))


def watches_set_again(script):
    for path in ("/d", "/e", "/c", "/p", "/r"):
        script.ask(f"create {path}", r.CREATE, r.create(path))
    script.ask("all five", r.SET_WATCHES2,
               r.set_watches2(1, ["/d", "/none"], ["/e", "/later"], ["/c", "/none"],
                              ["/p", "/none"], ["/r", "/s"]), who="bob", xid=-8)
    script.ask("none missed", r.SET_WATCHES2,
               r.set_watches2(1 << 40, ["/d"], ["/later"], ["/c"], [], []), who="bob", xid=-8)
    script.ask("four", r.SET_WATCHES2, r.set_watches2(0, [], [], [], []), who="bob", xid=-8)
    script.ask("null list", r.SET_WATCHES2, r.set_watches2(0, [], [], [], None, []), who="bob",
               xid=-8)
    script.ask("null list of three", r.SET_WATCHES, r.set_watches2(0, [], None, []), who="bob",
               xid=-8)
    for path in ("/later", "/c/k", "/p/k", "/r/k", "/d/k", "/s", "/s/k"):
        script.ask(f"create {path}", r.CREATE, r.create(path))
        script.ask(f"told of {path}", r.EXISTS, r.watched("/none"), who="bob")


def quotas(script):
    script.ask("a", r.CREATE, r.create("/a", b"12"))
    script.ask("b", r.CREATE, r.create("/a/b", b"345"))
    script.ask("quota", r.CREATE, r.create("/zookeeper/quota/a"))
    script.ask("limits", r.CREATE, r.create("/zookeeper/quota/a/zookeeper_limits",
                                            b"count=1,bytes=1=;byteHardLimit=20;countHardLimit=4"))
    script.ask("not counted yet", r.CREATE, r.create("/a/early", b"x"))
    script.ask("stats", r.CREATE,
               r.create("/zookeeper/quota/a/zookeeper_stats", b"count=0,bytes=0"))

    def change(name, op, body, who="ann"):
        script.ask(name, op, body, who)
        script.ask(f"{name}, stats", r.GET, r.watched("/zookeeper/quota/a/zookeeper_stats"))

    change("c", r.CREATE_CONTAINER, r.create("/a/c", b"6", 4))
    change("one too many", r.CREATE_TTL, r.create_ttl("/a/d", 1000))
    change("one too many again", r.CREATE, r.create("/a/c/d", b"", 2))
    change("there already", r.CREATE, r.create("/a/c"))
    change("not below", r.CREATE, r.create("/ab"))
    change("up to the limit", r.SET, r.set_data("/a/b", b"x" * 16))
    change("beyond", r.SET, r.set_data("/a/b", b"x" * 17))
    change("beyond, wrong version", r.SET, r.set_data("/a/b", b"x" * 17, 9))
    change("null", r.SET, r.set_data("/a/b", None))
    change("gone", r.DELETE, r.with_number("/a/c"))
    change("many", r.MULTI, r.multi((r.CREATE, r.create("/a/m", b"m" * 5)),
                                    (r.SET, r.set_data("/a", b"")),
                                    (r.DELETE, r.with_number("/a/early"))))
    change("too much in many", r.MULTI, r.multi((r.CREATE, r.create("/a/n")),
                                                (r.CREATE, r.create("/a/o", b"o" * 30))))
    change("ephemeral", r.CREATE, r.create("/a/e", b"ee", 1), who="bob")
    script.leave("bob")
    change("after bob", r.EXISTS, r.watched("/a/e"))
    change("no limits", r.DELETE, r.with_number("/zookeeper/quota/a/zookeeper_limits"))
    change("not counted", r.CREATE, r.create("/a/f", b"f" * 30))
    change("limits again", r.CREATE, r.create("/zookeeper/quota/a/zookeeper_limits",
                                              b"count=-1,bytes=-1"))
    change("counted", r.CREATE, r.create("/a/g", b"g"))
    change("stats anew", r.MULTI, r.multi(
        (r.DELETE, r.with_number("/zookeeper/quota/a/zookeeper_stats")),
        (r.CREATE, r.create("/zookeeper/quota/a/zookeeper_stats"))))


def views(script):
    for path in ("/e", "/e1", "/f"):
        script.ask(f"mine {path}", r.CREATE, r.create(path, b"", 1))
    script.ask("other", r.CREATE, r.create("/e2", b"", 1), who="bob")
    for prefix in ("/", "", " ", None, "/e", "/e1", "e", "/g", " /e", "/ "):
        script.ask(f"ephemerals {prefix}", r.EPHEMERALS, r.s(prefix))
    for path in ("/a", "/a/b", "/a/b/c", "/ab"):
        script.ask(f"create {path}", r.CREATE, r.create(path))
    for path in ("/a", "/a/b", "/ab", "/zookeeper"):
        script.ask(f"number {path}", r.ALL_CHILDREN_NUMBER, r.s(path))


def unknown_operations(script):
    script.ask("before", r.CREATE, r.create("/a"), who="cut off")
    for op in (999, 10, 23, -2, 0):
        script.ask(f"op {op}", op, who="cut off")
        script.is_closed(f"op {op} closes", "cut off")


def newer_than_380(script):
    """Where a later ZooKeeper answers otherwise, we answer as that."""
    script.ask("closed", r.CREATE, r.create("/closed", b"", 0, [(30, "world", "anyone")]))
    script.ask("exists, unreadable", r.EXISTS, r.watched("/closed"))
    script.ask("create2 in a multi", r.MULTI, r.multi((r.CREATE2, r.create("/b"))))
    script.ask("flags in a multi", r.MULTI, r.multi((r.CREATE, r.create("/c", b"", 7))))
    script.ask("persistent", r.ADD_WATCH, r.with_number("/p", 0))
    script.ask("get", r.EXISTS, r.watched("/p", True))
    script.ask("only the persistent one", r.CHECK_WATCHES, r.with_number("/p", 4))
    script.ask("no children watch", r.CHECK_WATCHES, r.with_number("/p", 1))
    script.ask("persistent one", r.REMOVE_WATCHES, r.with_number("/p", 4))
    script.ask("data watch", r.REMOVE_WATCHES, r.with_number("/p", 2))
    script.ask("leftover", r.REMOVE_WATCHES, r.with_number("/p", 3))


SCRIPTS = (kinds_of_create, bad_fields, versions, lists, multis, lasting_watches, watches_removed,
           watches_set_again, quotas, views, unknown_operations, every_operation, not_for_clients,
           pings, logins, kinds_of_watches, reconfigs, kinds_in_multi, newer_than_380)

# Where we answer otherwise than ZooKeeper 3.8.0: script, requests, the two errors (None: the same,
# whatever it is), and why. Nothing else of these answers is compared.
DIFFERENCES = [
    ("bad_fields", "op 9, path (surrogates|no utf8|cut utf8)", None,
     "paths are bytes here, and come back as they are"),
    ("watches_removed", "other no utf8", (-121, 0), "to 3.8.0 both are /a and U+FFFD"),
    ("watches_removed", "rest of no utf8", (0, -121), "the same"),
    ("bad_fields", "(multi of op .*|check), path null", None,
     "3.8.0 loses the zxid of a multi with a null path; since 3.9 it is an error's, as here"),
    ("every_operation", "op 1[78] with nonsense", (-121, -5), "it is of kind 5, a kind of 3.9"),
    ("every_operation", "op -?[0-9]+ with [a-z]+|closing with a body", None,
     "a reconfig or createSession that cannot be read spends a zxid here"),
    ("reconfigs", ".*", None, "the same"),
    ("logins", "digest with no utf8, who now", None, "names are bytes, in Java they are texts"),
    ("not_for_clients", "check", (-6, -5),
     "unknown to clients, as in 3.9: 3.8.0 logs it when it holds, and no follower can read that"),
    ("not_for_clients", "check, no path", (-6, -8), "the same"),
    ("not_for_clients", "deleteContainer", (-6, -8), "it is the leader's, not any client's"),
    ("kinds_of_watches", "op .* of (none|exists), kind [45]", (-121, -5), "kinds of 3.9"),
    ("kinds_of_watches", "op .* of persistent, kind 4", (0, -5), "the same"),
    ("kinds_of_watches", "op .* of persistent, kind 5", (-121, -5), "the same"),
    ("kinds_of_watches", "op .* of recursive, kind 5", (0, -5), "the same"),
    ("kinds_of_watches", "op .* of recursive, kind 4", (-121, -5), "the same"),
    ("kinds_of_watches", "op .* of (persistent|recursive), kind [12]", (-121, 0),
     "since 3.9 kinds are watches of their own"),
    ("newer_than_380", "exists, unreadable", (-102, 0), "since 3.8.6 it needs READ"),
    ("newer_than_380", "create2 in a multi", (0, 0), "since 3.9 it is answered with its stat"),
    ("newer_than_380", "flags in a multi", (-5, 0), "since 3.9 such a multi is not read"),
    ("newer_than_380", "only the persistent one", (0, -5), "a kind of 3.9"),
    ("newer_than_380", "no children watch", (-121, 0), "since 3.9 kinds are watches of their own"),
    ("newer_than_380", "persistent one", (0, -5), "the same"),
    ("newer_than_380", "leftover", (-121, 0), "the same"),
]


def difference(script, name):
    """(there is one, the two errors)."""
    for of, names, errors, _ in DIFFERENCES:
        if of == script.__name__ and re.fullmatch(names, name):
            return True, errors
    return False, None


@unittest.skipUnless(HAS_GENUINE, NO_GENUINE)
class Differential(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.servers = []
        for genuine in (False, True):
            ensemble = cls.enterClassContext(harness.Ensemble(
                1, extendedTypesEnabled="true", enforceQuota="true",
                **{"DigestAuthenticationProvider.superDigest": shared.SUPER_DIGEST}))
            ensemble[1].genuine = genuine
            ensemble[1].start()
            cls.servers.append(ensemble)
        for ensemble in cls.servers:
            ensemble.wait_serving()

    def compare(self, script):
        ours, theirs = (r.Script(ensemble[1]) for ensemble in self.servers)
        for run in (ours, theirs):
            try:
                script(run)
            finally:
                run.close()
        self.assertEqual(len(ours.answers), len(theirs.answers))
        for (name, *mine), (_, *other) in zip(ours.answers, theirs.answers):
            with self.subTest(name):
                differs, errors = difference(script, name)
                if not differs:
                    self.assertEqual(mine, other)
                else:
                    codes = mine[0][0], other[0][0]
                    self.assertEqual(codes, errors or (codes[1], codes[1]))


def test_of(script):
    return lambda self: self.compare(script)


for each in SCRIPTS:
    setattr(Differential, f"test_{each.__name__}", test_of(each))

if __name__ == "__main__":
    harness.main(limit_s=110)
