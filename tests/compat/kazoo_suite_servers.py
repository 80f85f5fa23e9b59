# SPDX-License-Identifier: Apache-2.0
"""A pytest plugin: kazoo's own tests on the servers of tests/cluster/harness.py.

kazoo's harness makes objects that write a zoo.cfg and start Java; ours take their place, with the
same interface, the same settings and the ports of $KAZOO_SUITE_PORTS. $KAZOO_SUITE_CONFIG adds
lines to each zoo.cfg, between semicolons."""

import os
import shutil
import tempfile

from kazoo.testing import common

import harness

PORTS = list(map(int, os.environ["KAZOO_SUITE_PORTS"].split()))  # of as many servers as it has
CONFIG = os.environ.get("KAZOO_SUITE_CONFIG", "").split(";")
PER_SERVER = 3


def server_of(folder, info):
    """What kazoo calls leader_port is the first of a server's line."""
    at = PER_SERVER * (info.server_id - 1)
    return harness.Server(folder, info.server_id, info.peer_type == "observer",
                          PORTS[at:at + PER_SERVER])


class ManagedServer:
    """What kazoo's harness and its tests ask of a server."""

    def __init__(self, _software_path, server_info, peers=(), classpath=None,
                 configuration_entries=(), java_system_properties=(), jaas_config=None):
        del classpath
        folder = tempfile.mkdtemp(prefix="troupe_kazoo.")
        self.server = server_of(folder, server_info)
        self.lines = ["tickTime=2000", "maxClientCnxns=0", "readonlymode.enabled=true",
                      "initLimit=4", "syncLimit=2", f"peerType={server_info.peer_type}"]
        self.lines += configuration_entries
        self.lines += [line for line in CONFIG if line]
        self.lines += [option[len("-Dzookeeper."):] for option in java_system_properties]
        self.lines += [server_of(folder, each).line for each in [server_info, *peers]]
        if jaas_config:
            users = os.path.join(folder, "jaas.conf")
            with open(users, "w", encoding="utf-8") as f:
                f.write(jaas_config)
            self.lines += [
                f"java.security.auth.login.config={users}",
                "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider"]

    @property
    def running(self):
        return self.server.is_alive()

    @property
    def client_port(self):
        return self.server.client_port

    @property
    def address(self):
        return self.server.address

    def run(self):
        if not self.running:
            self.server.write_config(self.lines)
            self.server.start()

    def stop(self):
        if self.running:
            self.server.stop()

    def reset(self):
        self.stop()
        shutil.rmtree(self.server.data)

    def destroy(self):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.server.dir, ignore_errors=True)


common.ManagedZooKeeper = ManagedServer
