#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ordinary requests whose txns would be longer than what a server logs (ZOOKEEPER-4306): they are
refused, a session can be closed whatever it owns, and no server leaves its role."""

import signal
import struct
import unittest

import harness
from harness import Ensemble
from raw_client import CREATE, RawClient, encode_string

EPHEMERAL = 1
MULTI, AUTH, CLOSE = 14, 100, -11
BAD_ARGUMENTS = -8
IDENTITIES_MAX = 256
AT_A_TIME = 200  # requests of a pipeline

#: ephemerals of one session, and the length of their paths: each needs more than 2,097,150 bytes
SESSIONS = [(3200, 800), (11000, 208)]


def create_body(path, data=b"", flags=0, scheme="world", who="anyone"):
    return (encode_string(path) + struct.pack(">i", len(data)) + data + struct.pack(">ii", 1, 31) +
            encode_string(scheme) + encode_string(who) + struct.pack(">i", flags))


def multi_body(creates):
    return b"".join(struct.pack(">i?i", CREATE, False, -1) + body for body in creates) + \
        struct.pack(">i?i", -1, True, -1)


def auth_body(text):
    return struct.pack(">i", 0) + encode_string("digest") + encode_string(text)


class Pipeline(RawClient):
    """Many requests at a time."""

    def all_of(self, op, bodies, special_xid=None):
        """Returns the error codes of the replies."""
        errors = []
        for at in range(0, len(bodies), AT_A_TIME):
            batch = bodies[at:at + AT_A_TIME]
            frames = []
            for body in batch:
                self.xid += 1
                frame = struct.pack(">ii", special_xid or self.xid, op) + body
                frames.append(struct.pack(">i", len(frame)) + frame)
            self.send(b"".join(frames))
            for _ in batch:
                errors.append(struct.unpack(">iqi", self.receive_frame()[:16])[2])
        return errors

    def own(self, parent, count, path_bytes):
        """Makes so many ephemerals with paths of that length."""
        paths = [f"{parent}/{n}-".ljust(path_bytes, "e") for n in range(count)]
        assert set(self.all_of(CREATE, [create_body(p, flags=EPHEMERAL) for p in paths])) == {0}


class TxnLength(unittest.TestCase):

    def expect_same_term(self, ensemble, leader, era):
        self.assertEqual(leader.mode(), "leader")
        self.assertEqual(leader.zxid() >> 32, era, "no election")
        for s in ensemble:
            self.assertNotRegex(s.log_text(), "disk_failed|disk_unusable|log_refused", s)

    def allow(self, server, config, request_bytes):
        with open(server.config, "w", encoding="ascii") as f:
            f.write(f"{config}jute.maxbuffer={request_bytes}\n")

    def wait_gone(self, ensemble):
        def counts():
            return [harness.field(s.ask("mntr").replace("\t", ": "), "zk_ephemerals_count")
                    for s in ensemble]
        harness.wait_until(lambda: set(counts()) == {"0"},
                           lambda: f"no ephemeral anywhere; there are {counts()}", step_s=0.5)

    def test_session_ends_whatever_it_owns(self):
        with Ensemble(3) as e:
            leader = e.start_all()
            era = leader.zxid() >> 32
            e[1].client().create("/of")
            for count, path_bytes in SESSIONS:
                with Pipeline(e[1]) as closes:
                    closes.connect()
                    closes.own("/of", count, path_bytes)
                    self.assertEqual(closes.request(CLOSE)[1], 0)
                self.wait_gone(e)
                with Pipeline(e[2]) as expires:
                    expires.connect(timeout_ms=4000)
                    expires.own("/of", count, path_bytes)
                self.wait_gone(e)
            self.expect_same_term(e, leader, era)
            harness.assert_same_trees(e)

            # What is on the disks already: all servers die while it lives.
            with Pipeline(e[1]) as dies:
                dies.connect(timeout_ms=4000)
                dies.own("/of", *SESSIONS[0])
                for s in e:
                    s.kill()
            leader = e.start_all()
            self.wait_gone(e)
            self.expect_same_term(e, leader, leader.zxid() >> 32)
            trees = harness.assert_same_trees(e)
            self.assertEqual([p for p in trees if p.startswith("/of/")], [])

            for s in e:
                s.signal(signal.SIGKILL)
                s.process.wait()
            e.start_all()
            self.assertEqual(harness.assert_same_trees(e)["/of"], trees["/of"])

    def test_lists_that_grow_with_what_was_shown_are_refused(self):
        with Ensemble(3) as e:
            leader = e.start_all()
            era = leader.zxid() >> 32
            with Pipeline(e[1]) as greedy:
                greedy.connect()
                proofs = [auth_body(f"user{n}:{'p' * 20}") for n in range(150)]
                self.assertEqual(set(greedy.all_of(AUTH, proofs, special_xid=-4)), {0})
                creates = [create_body(f"/x{n}", scheme="auth", who="") for n in range(800)]
                _, error, results = greedy.request(MULTI, multi_body(creates))
                first = struct.unpack(">i?ii", results[:13]) if error == 0 else None
                self.assertTrue(error == BAD_ARGUMENTS or first[0] == -1, (error, first))
                for body in creates[:3]:  # one is short enough
                    self.assertEqual(greedy.request(CREATE, body)[1], 0)
                taken = 0  # besides those, until there is no room
                while greedy.request(AUTH, auth_body(f"more{taken}:p"), special_xid=-4)[1] == 0:
                    taken += 1
                    self.assertLess(taken, 1000)
                self.assertEqual(taken, IDENTITIES_MAX - 150 - 1, "its address is one, too")
                self.assertTrue(greedy.is_closed())
            zk = e[2].client()
            self.assertEqual(sorted(n for n in zk.get_children("/") if n[0] == "x"),
                             ["x0", "x1", "x2"])
            self.expect_same_term(e, leader, era)
            # Who may read them.
            harness.assert_same_trees(e, auth_data=[("digest", f"user0:{'p' * 20}")])

    def test_servers_need_not_agree_on_how_long_a_request_may_be(self):
        with Ensemble(3) as e:
            configs = {}
            for s in e:
                with open(s.config, encoding="ascii") as f:
                    configs[s] = f.read()
                self.allow(s, configs[s], 4 << 20 if s.id == 3 else 1 << 16)
            e.start(1, 3)
            e.wait_roles({1: "follower", 3: "leader"})
            leader = e.start_all()
            era = leader.zxid() >> 32
            data = b"long" * 700_000
            e[3].client().create("/long", data)
            self.expect_same_term(e, leader, era)
            harness.assert_same_trees(e)
            for s in e:  # and the log can be read by whoever allows less now
                s.kill()
                self.allow(s, configs[s], 1 << 16)
            leader = e.start_all()
            self.expect_same_term(e, leader, leader.zxid() >> 32)
            self.assertEqual(harness.assert_same_trees(e)["/long"][0], data)


if __name__ == "__main__":
    harness.main(limit_s=350)
