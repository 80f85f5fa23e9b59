#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Records more files of a genuine ZooKeeper (Debian's package with libsnappy-java, standalone,
loopback): those that its options change. See README.md.

Usage: record.py OUTPUT_DIRECTORY
"""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "..", "..", "cluster"))

from kazoo.client import KazooClient

import harness  # noqa: E402  pylint: disable=wrong-import-position

HERE = os.path.dirname(os.path.abspath(__file__))
JARS = ("zookeeper", "slf4j-nop", "netty-codec", "netty-resolver",
        "netty-transport-native-unix-common", "snappy-java")
LEFT_OPEN = []  # clients


def run(folder, work, **options):
    """Starts a server in the folder, does the work with a client of it, kills it."""
    port = harness.free_ports(1)[0]
    config = os.path.join(folder, "zoo.cfg")
    with open(config, "w", encoding="ascii") as f:
        f.write(f"dataDir={folder}\nclientPort={port}\nclientPortAddress=127.0.0.1\n"
                "preAllocSize=64\ntickTime=500\nextendedTypesEnabled=true\n"
                "4lw.commands.whitelist=*\n")
        f.writelines(f"{key}={value}\n" for key, value in options.items())
    server = subprocess.Popen(  # pylint: disable=consider-using-with
        ["java", "-cp", ":".join(f"/usr/share/java/{j}.jar" for j in JARS), "-Xmx128m",
         "-XX:+UseSerialGC", "-Dzookeeper.admin.enableServer=false",
         "-Dzookeeper.jmx.log4j.disable=true",
         "org.apache.zookeeper.server.quorum.QuorumPeerMain", config],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        harness.wait_until(lambda: "Mode:" in harness.four_letter(port, "srvr"), "it serves")
        work(f"127.0.0.1:{port}")
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def nothing(_hosts):
    """A start alone writes a snapshot."""


def few_writes(hosts):
    """A closed session with an ephemeral, and an open one with another."""
    first, second = KazooClient(hosts=hosts), KazooClient(hosts=hosts, timeout=30)
    first.start()
    first.create("/gone", ephemeral=True)
    first.create("/kept", b"1")
    first.set("/kept", b"22")
    first.stop()
    second.start()
    second.create("/kept/mine", b"me", ephemeral=True)
    LEFT_OPEN.append(second)


def keep(folder, to, names):
    """Copies files of the folder, all when there are no names; without the zeros behind a log."""
    os.makedirs(to, exist_ok=True)
    for name in os.listdir(os.path.join(folder, "version-2")):
        if names is None or name in names:
            with open(os.path.join(folder, "version-2", name), "rb") as f:
                content = f.read()
            if name.startswith("log."):
                content = content.rstrip(b"\0")
            with open(os.path.join(to, name), "wb") as f:
                f.write(content)


def main():
    out = sys.argv[1]
    for suffix, method in (("gz", "gz"), ("snappy", "snappy")):
        folder = tempfile.mkdtemp()
        os.makedirs(os.path.join(folder, "version-2"))
        for name in ("snapshot.0", "log.1", "log.10"):
            shutil.copy(os.path.join(HERE, name), os.path.join(folder, "version-2"))
        run(folder, nothing, **{"snapshot.compression.method": method})
        print(sorted(os.listdir(os.path.join(folder, "version-2"))))
        keep(folder, out, {f"snapshot.12.{suffix}"})
        shutil.rmtree(folder)
    for kind, option in (("without-digest", "digest.enabled"),
                         ("without-paths", "closeSessionTxn.enabled")):
        folder = tempfile.mkdtemp()
        options = {option: "false"}
        run(folder, few_writes, **options)
        run(folder, nothing, **options)
        print(sorted(os.listdir(os.path.join(folder, "version-2"))))
        keep(folder, os.path.join(out, kind), None)
        shutil.rmtree(folder)
    os._exit(0)  # the clients whose sessions stay open would try to come back


if __name__ == "__main__":
    main()
