# SPDX-License-Identifier: Apache-2.0
"""The ensemble that the nemesis torments: servers remote-spawned on hosts of this machine, and what
there is to know of them from outside."""

import contextlib
import os
import sys
import time

from kazoo.client import KazooClient
from kazoo.exceptions import KazooException
from kazoo.handlers.threading import KazooTimeoutError

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, ".."), os.path.join(HERE, "..", "..", "..", "tools", "cluster")]
import harness  # pylint: disable=wrong-import-position
from actor_cluster import ACTOR_CLUSTER, Cluster, Hosts  # pylint: disable=wrong-import-position

SUPER = "super:test"
SUPER_DIGEST = "super:D/InIHSb7yEEbrWz8b9l71RjZJU="
PATIENCE_S = 60
PASSING = (KazooException, KazooTimeoutError)


class Unhealed(Exception):
    """The ensemble did not come back within the time it has for that."""


class Ensemble:
    def __init__(self, servers, folder):
        self.numbers = list(range(1, servers + 1))
        self.hosts = Hosts(servers, folder)
        self.folder = folder
        self.cluster = None
        self.ports = {}

    def __enter__(self):
        self.hosts.__enter__()
        self.cluster = Cluster.up(
            self.hosts.addresses, self.hosts.secret_file, os.path.join(self.folder, "cluster.json"),
            len(self.numbers), reconfigEnabled="true", standaloneEnabled="false",
            maxClientCnxns="0", **{"DigestAuthenticationProvider.superDigest": SUPER_DIGEST})
        self.ports = {n: int(x["client"].split(":")[1])
                      for n, x in self.cluster.servers().items()}
        return self

    def __exit__(self, *_):
        self.hosts.end()

    def address(self, number):
        return f"{harness.HOST}:{self.ports[number]}"

    @property
    def addresses(self):
        return [self.address(n) for n in self.numbers]

    # -- who serves -----------------------------------------------------------------------------

    def mode(self, number):
        answer = harness.four_letter(self.ports[number], "srvr", timeout_s=0.5)
        return harness.field(answer, "Mode")

    def leader(self):
        """The number of the one that leads."""
        def leading():
            return next((n for n in self.numbers if self.mode(n) == "leader"), None)

        return self.until(leading, "no server leads")

    def until(self, condition, otherwise, patience_s=PATIENCE_S):
        end = time.monotonic() + patience_s
        while not (value := condition()):
            if time.monotonic() > end:
                said = otherwise() if callable(otherwise) else otherwise
                raise Unhealed(f"{said}, after {patience_s} s")
            time.sleep(0.05)
        return value

    def wait_all_serve(self):
        def modes():
            return {n: self.mode(n) for n in self.numbers}

        def all_serve():
            now = modes()
            return all(now.values()) and list(now.values()).count("leader") == 1

        self.until(all_serve, lambda: f"not all servers serve: {modes()}")

    # -- what only an operator does ---------------------------------------------------------------

    @contextlib.contextmanager
    def client(self, *numbers, super_user=False):
        zk = KazooClient(",".join(self.address(n) for n in numbers or self.numbers), timeout=8,
                         auth_data=[("digest", SUPER)] if super_user else None)
        try:
            zk.start(timeout=PATIENCE_S)
            yield zk
        finally:
            harness.close(zk)

    def reconfig(self, through, joining=None, leaving=None):
        """Asks again until it is done."""
        end = time.monotonic() + PATIENCE_S
        with self.client(*through, super_user=True) as zk:
            while True:
                try:
                    return zk.reconfig(joining=joining, leaving=leaving, new_members=None)[0]
                except PASSING as error:
                    if time.monotonic() > end:
                        raise Unhealed(f"reconfig joining={joining} leaving={leaving}: {error!r}, "
                                       f"after {PATIENCE_S} s") from error
                    time.sleep(0.2)

    def server_line(self, number):
        """As the servers' present list has it, and as one who joins has to give it: with the client
        port, which zoo.cfg may name elsewhere."""
        with self.client() as zk:
            zk.sync("/")
            lines = zk.get("/zookeeper/config")[0].decode().splitlines()
        line = next(x for x in lines if x.startswith(f"server.{number}="))
        return line if ";" in line else f"{line};{self.address(number)}"
