# SPDX-License-Identifier: Apache-2.0
"""What the tests of this directory share: one ensemble of three for a whole file.

SERVER_KIND=zookeeper runs the same tests against Debian's own ZooKeeper: whatever they ask for is
what it does, or they are wrong.
"""

import os
import socket
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cluster"))

from kazoo.security import make_digest_acl_credential

import harness  # noqa: E402  pylint: disable=wrong-import-position

SUPER_DIGEST = make_digest_acl_credential("super", "above all")
GENUINE_FILES = os.path.join(harness.ROOT, "tests", "unit", "storage", "data")  # see its README


class OnThreeServers(unittest.TestCase):
    """`self.servers` serves and outlives each test; clients that a test opens do not. Each test has
    a znode of its own, `self.top`, made by `self.zk`, a client of all servers."""

    servers = None

    @classmethod
    def setUpClass(cls):
        cls.servers = cls.enterClassContext(harness.Ensemble(
            3, **{"DigestAuthenticationProvider.superDigest": SUPER_DIGEST}))
        try:
            cls.servers.start_all()
        except BaseException:
            cls.servers.show_logs()
            raise

    def setUp(self):
        self.addCleanup(self.close_clients)
        self.zk = self.servers.client()
        self.top = "/" + self.id().rsplit(".", 1)[-1]
        self.zk.create(self.top)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before and self.servers is not None:
            self.servers.show_logs()
        return result

    def close_clients(self):
        for server in self.servers:
            server.close_clients()
        while self.servers.clients:
            harness.close(self.servers.clients.pop())

    def at(self, name):
        """The path of a znode of this test."""
        return f"{self.top}/{name}"

    def client_of(self, number, **options):
        """A client of that server alone, which has seen all that was done before."""
        zk = self.servers[number].client(**options)
        zk.sync("/")
        return zk


def break_connection(zk):
    """As a broken network does; the client notices, and comes back by itself."""
    zk._connection._socket.shutdown(socket.SHUT_RDWR)  # pylint: disable=protected-access


def cut(zk):
    """Breaks a client's connection and waits until it is back."""
    noticed = threading.Event()

    def listener(_):
        noticed.set()
        return True  # and listens no longer

    zk.add_listener(listener)
    break_connection(zk)
    assert noticed.wait(harness.DEADLINE_S), "the client did not notice that its connection broke"
    harness.wait_until(lambda: zk.connected, "the client is back")


def move(zk, server):
    """Has a client come back at another server."""
    zk.set_hosts(server.address)
    cut(zk)


class Events:
    """A watch that remembers what it was told."""

    def __init__(self):
        self.seen = []

    def __call__(self, event):
        self.seen.append((event.type, event.path))

    def wait(self, *expected):
        """Exactly these have come."""
        harness.wait_until(lambda: len(self.seen) >= len(expected),
                           lambda: f"events {expected}; there are {self.seen}")
        assert tuple(self.seen) == expected, f"events {expected}; there are {self.seen}"
