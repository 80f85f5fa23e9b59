#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The audit log beside the genuine server's: of the same requests both tell the same. Registered
only where Debian's zookeeper and a java are installed."""

import re
import unittest

from shared import harness  # first: it says where the others are
import wire
from audit_lines import lines_of
from raw_client import RawClient
from wire import (AUTH, CHECK, CREATE, CREATE2, CREATE_CONTAINER, DELETE, EPHEMERAL, GET, MULTI,
                  RECONFIG, SEQUENTIAL, SET, SET_ACL, i, q, s)


class BesideZooKeeper(unittest.TestCase):
    maxDiff = None

    REQUESTS = [
        (CREATE, wire.create("/a", b"x")),
        (CREATE, wire.create("/a")),
        (CREATE, wire.create("/no/a", flags=SEQUENTIAL)),
        (CREATE, wire.create("/s", flags=SEQUENTIAL)),
        (CREATE2, wire.create("/e", flags=EPHEMERAL)),
        (CREATE_CONTAINER, wire.create("/c", flags=4)),
        (CREATE, wire.create("/bad", flags=77)),
        (CREATE, wire.create("/acl", who=[(31, "nobody", "knows")])),
        (CREATE, wire.create("relative")),
        (SET, wire.set_data("/a", b"y")),
        (SET, wire.set_data("/a", b"y", 77)),
        (SET, wire.set_data("/no", b"y")),
        (GET, wire.watched("/a")),
        (SET_ACL, wire.set_acl("/a", [(31, "world", "anyone"), (5, "ip", "127.0.0.1")])),
        (SET_ACL, wire.set_acl("/a", [(0, "world", "anyone")], 77)),
        (SET_ACL, wire.set_acl("/a", [])),
        (MULTI, wire.multi((CREATE, wire.create("/m")), (SET, wire.set_data("/m", b"")),
                           (CHECK, wire.with_number("/m")),
                           (CREATE2, wire.create("/m/s", flags=SEQUENTIAL)),
                           (CREATE_CONTAINER, wire.create("/m/c", flags=4)),
                           (DELETE, wire.with_number("/a")))),
        (MULTI, wire.multi((CREATE, wire.create("/n")), (DELETE, wire.with_number("/no")))),
        (MULTI, wire.multi((CHECK, wire.with_number("/m")))),
        (MULTI, wire.multi()),
        (DELETE, wire.with_number("/m")),
        (DELETE, wire.with_number("/c")),
        (DELETE, wire.with_number("/")),
        (RECONFIG, s("server.2=h:1:2;3") + s(None) + s(None) + q(-1)),
        (AUTH, i(0) + s("digest") + s("ann:secret")),
        (CREATE, wire.create("/locked", who=[(1, "world", "anyone")])),
        (SET, wire.set_data("/locked", b"")),
    ]

    def play(self, genuine):
        with harness.Ensemble(1, **{"audit.enable": "true"}) as one:
            one[1].genuine = genuine
            one.start_all()
            with RawClient(one[1]) as client:
                client.connect()
                for op, body in self.REQUESTS:
                    client.request(op, body, -4 if op == AUTH else None)
                session = client.session
                client.request(wire.CLOSE)
            one[1].stop()
            hidden = re.compile(r"^session=0x[0-9a-f]+$")
            self.assertTrue(any(f"session={session:#x}" in x for _, x in lines_of(one[1])))
            return [(level, [hidden.sub("session", x) for x in record])
                    for level, record in lines_of(one[1])]

    @staticmethod
    def with_users_in_order(lines):
        """The genuine server's are in the order of a hash."""
        def in_order(field):
            key, _, value = field.partition("=")
            return f"{key}={','.join(sorted(value.split(',')))}" if key == "user" else field
        return [(level, [in_order(x) for x in record]) for level, record in lines]

    def test_the_genuine_server_says_the_same_of_the_same_requests(self):
        ours, theirs = (self.play(genuine) for genuine in (False, True))
        self.assertGreater(len(ours), 20)
        self.assertEqual(self.with_users_in_order(ours), self.with_users_in_order(theirs))


if __name__ == "__main__":
    harness.main(limit_s=100)
