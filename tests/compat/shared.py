# SPDX-License-Identifier: Apache-2.0
"""What the tests of this directory share: one ensemble of three for a whole file.

SERVER_KIND=zookeeper runs the same tests against Debian's own ZooKeeper: whatever they ask for is
what it does, or they are wrong.
"""

import os
import re
import socket
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cluster"))

from kazoo.security import make_digest_acl_credential

import harness  # noqa: E402  pylint: disable=wrong-import-position

SUPER_DIGEST = make_digest_acl_credential("super", "above all")
GENUINE_FILES = os.path.join(harness.ROOT, "tests", "unit", "storage", "data")  # see its README
ACTOR_LOG = os.path.join(os.path.dirname(harness.ACTOR_NODE), "actor-log")

# A Java server takes seconds to start, on a busy machine many.
PATIENCE = {"tickTime": 1000, "initLimit": 40, "syncLimit": 20}
START_S = 90 * harness.SLOWNESS


def tool(*arguments):
    """Runs a program to its end: exit code, output, errors."""
    done = subprocess.run(arguments, capture_output=True, text=True, check=False,
                          timeout=harness.DEADLINE_S)
    return done.returncode, done.stdout, done.stderr


def digest_mismatches(server):
    """How often its tree had not the digest that a txn promised."""
    text = harness.four_letter(server.client_port, "mntr")
    return int(re.search(r"zk_digest_mismatches_count\t(\d+)", text)[1])


def assert_verified(server, differing=0):
    """actor-log reads all files of a server that was stopped, follows every txn, and of the digests
    that stand there this many differ."""
    _, out, err = tool(ACTOR_LOG, "verify", server.data)
    damaged = [line for line in (out + err).splitlines() if re.search("/(log|snapshot)[.]", line)
               and not re.search(": whole, |checksums right, no hole$", line)]
    found = re.search(r" compared, (\d+) differ", out)
    assert not damaged and found and int(found[1]) == differing, \
        f"{server}, {differing} digests were to differ: {out}{err}"


def differing_znodes(one, other):
    """Of two trees as tree_of() gives them, the first few that are not the same: path -> both."""
    paths = [path for path in sorted({*one, *other}) if one.get(path) != other.get(path)]
    return {path: (one.get(path), other.get(path)) for path in paths[:5]}


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
