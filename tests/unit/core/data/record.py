#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Records what a genuine ZooKeeper (Debian's package, standalone, loopback) says and writes.

Usage: record.py OUTPUT_DIRECTORY

Leaves there:
  conversation.txt   every frame of a scripted conversation, in the order it was seen:
                     "A> hex" sent on connection A, "A< hex" received on it (without frame lengths)
  snapshot.first     the snapshot the empty server wrote
  log.first          the txn log of the conversation, zero padding stripped
  snapshot.last      the snapshot it wrote when it was started again
  snapshot.ordered   the same of a database whose names stand in a hash set in their own order
  operations.txt, log.operations, snapshot.operations
                     a second conversation: the operations of ZooKeeper 3.5 to 3.7, and quotas, on a
                     server with extendedTypesEnabled and enforceQuota
genuine_test.cpp holds this project's code against them.
"""
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

JARS = ("zookeeper", "slf4j-simple", "servlet-api", "netty-codec", "netty-resolver",
        "netty-transport-native-unix-common")
CREATE, DELETE, EXISTS, GET, SET, GETACL, SETACL, CHILDREN = 1, 2, 3, 4, 5, 6, 7, 8
CHILDREN2, CHECK, MULTI, CREATE2, AUTH, SETWATCHES, CLOSE = 12, 13, 14, 15, 100, 101, -11
CHECKWATCHES, REMOVEWATCHES, CREATECONTAINER, CREATETTL, MULTIREAD = 17, 18, 19, 21, 22
EPHEMERALS, ALLCHILDREN, SETWATCHES2, ADDWATCH, WHOAMI = 103, 104, 105, 106, 107
PLAIN, EPHEMERAL, SEQUENTIAL = 0, 1, 2
CONTAINER, TTL, TTL_SEQUENTIAL = 4, 5, 6
OPEN = [(31, "world", "anyone")]


def i(x):
    return struct.pack(">i", x)


def q(x):
    return struct.pack(">q", x)


def s(x):
    if x is None:
        return i(-1)
    x = x if isinstance(x, bytes) else x.encode()
    return i(len(x)) + x


def acl(entries):
    return i(len(entries)) + b"".join(i(p) + s(a) + s(b) for p, a, b in entries)


def create(path, data=b"", flags=PLAIN, who=OPEN):
    return s(path) + s(data) + acl(who) + i(flags)


def create_ttl(path, ttl, flags=TTL, data=b""):
    return create(path, data, flags) + q(ttl)


def delete(path, version=-1):
    return s(path) + i(version)


def set_data(path, data, version=-1):
    return s(path) + s(data) + i(version)


def set_acl(path, who, version=-1):
    return s(path) + acl(who) + i(version)


def watch(path, on=False):
    return s(path) + (b"\1" if on else b"\0")


def multi(*ops):
    return b"".join(i(t) + b"\0" + i(-1) + body for t, body in ops) + i(-1) + b"\1" + i(-1)


class Connection:
    def __init__(self, name, port, out):
        self.name, self.out, self.xid = name, out, 0
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.send(i(0) + q(0) + i(20000) + q(0) + s(b"\0" * 16) + b"\0")
        self.receive()

    def send(self, payload):
        self.out.write("%s> %s\n" % (self.name, payload.hex()))
        self.socket.sendall(i(len(payload)) + payload)

    def exactly(self, n):
        data = b""
        while len(data) < n:
            more = self.socket.recv(n - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def receive(self):
        payload = self.exactly(struct.unpack(">i", self.exactly(4))[0])
        self.out.write("%s< %s\n" % (self.name, payload.hex()))
        return payload

    def ask(self, op, body=b"", xid=None):
        """One request, and everything that comes up to its reply."""
        if xid is None:
            self.xid += 1
            xid = self.xid
        self.send(i(xid) + i(op) + body)
        while struct.unpack(">i", self.receive()[:4])[0] != xid:
            pass


def writes(a, b):
    a.ask(CREATE, create("/a", b"one"))
    a.ask(CREATE2, create("/a/b", b"two"))
    a.ask(CREATE, create("/a/s", b"", SEQUENTIAL))
    a.ask(CREATE2, create("/a/s", None, SEQUENTIAL))
    a.ask(CREATE, create("/e", b"mine", EPHEMERAL))
    a.ask(CREATE, create("/e/f"))                          # no children for ephemerals
    a.ask(CREATE, create("/a"))                            # node exists
    a.ask(CREATE, create("/x/y"))                          # no node
    a.ask(CREATE, create("/a/", b""))                      # bad arguments
    a.ask(CREATE, create("relative"))                      # bad arguments
    a.ask(CREATE, create("/c", b"", 7))                    # no such mode
    a.ask(CREATE, create("/c", b"", PLAIN, []))            # invalid acl
    a.ask(CREATE, create("/c", b"", PLAIN, [(31, "auth", "")]))
    a.ask(CREATE, create("/c", b"", PLAIN, [(31, "nobody", "x")]))
    a.ask(CREATE, s(None) + s(b"") + acl(OPEN) + i(0))     # marshalling error
    a.ask(CREATE, s("/short"))                             # marshalling error
    a.ask(SET, set_data("/a", b"three", 0))
    a.ask(SET, set_data("/a", b"four", 0))                 # bad version
    a.ask(SET, set_data("/nothing", b""))
    a.ask(SET, set_data("/a/b", None))
    a.ask(SET, set_data("/", b"the root"))
    a.ask(DELETE, delete("/a"))                            # not empty
    a.ask(DELETE, delete("/a/b", 7))                       # bad version
    a.ask(DELETE, delete("/a/b", 1))
    a.ask(DELETE, delete("/a/b"))                          # no node
    a.ask(DELETE, delete("/"))                             # bad arguments
    a.ask(DELETE, delete("/zookeeper/config"))
    a.ask(AUTH, i(0) + s("digest") + s(b"ann:secret"), -4)
    a.ask(CREATE, create("/d", b"closed", PLAIN, [(31, "auth", ""), (31, "auth", "")]))
    a.ask(CREATE, create("/d/k", b"", PLAIN, [(1, "world", "anyone"), (31, "auth", "")]))
    b.ask(SET, set_data("/d", b""))                        # no auth
    b.ask(CREATE, create("/d/l"))
    b.ask(DELETE, delete("/d/k"))
    b.ask(SETACL, set_acl("/d", OPEN))
    a.ask(SETACL, set_acl("/d/k", [(1, "world", "anyone"), (31, "digest", "ann:x")], 0))
    a.ask(SETACL, set_acl("/d", OPEN, 5))                  # bad version
    b.ask(CREATE, create("/a/g", b"", EPHEMERAL))
    b.ask(CREATE, create("/a/h", b"", EPHEMERAL | SEQUENTIAL))


def multis(a):
    # No create2 in here: 3.8.0 takes it for a create, later versions no longer do.
    a.ask(MULTI, multi((CREATE, create("/m", b"1")), (CREATE, create("/m/n", b"2")),
                       (SET, set_data("/m", b"3", 0)), (CHECK, s("/m") + i(1)),
                       (DELETE, delete("/m/n", 0)), (CREATE, create("/m/o", b"", SEQUENTIAL))))
    a.ask(MULTI, multi((CREATE, create("/n", b"1")), (SET, set_data("/a", b"5", 77)),
                       (DELETE, delete("/a"))))
    a.ask(CREATE, create("/m/o", b"after", SEQUENTIAL))
    a.ask(MULTI, multi())


def reads(a, b):
    for c in (a, b):
        for path in ("/", "/a", "/d", "/d/k", "/e", "/nothing", "/zookeeper/config"):
            c.ask(EXISTS, watch(path))
            c.ask(GET, watch(path))
            c.ask(CHILDREN, watch(path))
            c.ask(CHILDREN2, watch(path))
            c.ask(GETACL, s(path))


def watches(a, b):
    b.ask(EXISTS, watch("/w", True))
    b.ask(CHILDREN, watch("/", True))
    a.ask(CREATE, create("/w"))
    b.ask(GET, watch("/w", True))
    b.ask(CHILDREN, watch("/w", True))
    a.ask(SET, set_data("/w", b"now"))
    b.ask(GET, watch("/w", True))
    b.ask(EXISTS, watch("/w", True))
    a.ask(DELETE, delete("/w"))
    b.ask(EXISTS, watch("/"))
    b.ask(SETWATCHES, q(3) + i(2) + s("/a") + s("/w") + i(2) + s("/e") + s("/w") + i(2) + s("/a") +
          s("/e"), -8)
    b.ask(EXISTS, watch("/"))


def script(port, out):
    a, b = Connection("A", port, out), Connection("B", port, out)
    writes(a, b)
    multis(a)
    reads(a, b)
    watches(a, b)
    b.ask(CLOSE)
    a.ask(EXISTS, watch("/a/g"))
    a.ask(EXISTS, watch("/a"))


def ordered(port, out):
    """Java keeps children in a hash set; these come out of it as they would out of a sorted one."""
    a = Connection("A", port, out)
    a.ask(CREATE, create("/p", b"one"))
    a.ask(CREATE, create("/q", None, EPHEMERAL))
    for name in "abcdefg":
        a.ask(CREATE, create("/p/" + name, name.encode() * 3, PLAIN, [(1, "world", "anyone")]))
    a.ask(SET, set_data("/p/c", b""))
    a.ask(SETACL, set_acl("/p", OPEN))
    a.ask(DELETE, delete("/p/d"))


def kinds(a):
    """Containers and TTL znodes, alone and in a multi. Not those of an odd pair of operation and
    flags: of them ZooKeeper logs a digest that its tree does not have."""
    a.ask(CREATECONTAINER, create("/box", b"box", CONTAINER))
    a.ask(CREATECONTAINER, create("/box", b"", CONTAINER))     # node exists
    a.ask(CREATECONTAINER, create("/box/in", b"", CONTAINER))
    a.ask(CREATECONTAINER, create("/c", b"", CONTAINER, []))   # invalid acl
    a.ask(CREATECONTAINER, create("/c", b"", 7))               # no such mode
    a.ask(CREATECONTAINER, create("/c", b"", TTL))             # bad arguments
    a.ask(CREATECONTAINER, s("/short"))                        # marshalling error
    a.ask(CREATETTL, create_ttl("/ttl", 5000, TTL, b"t"))
    a.ask(CREATETTL, create_ttl("/ttl/s", 1, TTL_SEQUENTIAL))
    a.ask(CREATETTL, create_ttl("/most", (1 << 40) - 1))
    for ttl in (0, -1, 1 << 40, -(1 << 63)):
        a.ask(CREATETTL, create_ttl("/c", ttl))                # bad arguments
    for flags in (PLAIN, EPHEMERAL, CONTAINER, 7, -1):
        a.ask(CREATETTL, create_ttl("/c", 5000, flags))        # bad arguments
    a.ask(CREATE, create("/c", b"", TTL))                      # bad arguments
    a.ask(CREATE2, create("/c", b"", TTL_SEQUENTIAL))
    a.ask(CREATETTL, create("/c", b"", TTL))                   # marshalling error: no ttl
    a.ask(MULTI, multi((CREATECONTAINER, create("/m", b"", CONTAINER)),
                       (CREATETTL, create_ttl("/m/t", 70, TTL_SEQUENTIAL)),
                       (CREATETTL, create_ttl("/m/plain", 70, PLAIN)),
                       (CREATE, create("/m/box", b"", CONTAINER)), (CHECK, s("/m") + i(0))))
    a.ask(MULTI, multi((CREATE, create("/n")), (CREATETTL, create_ttl("/n/t", 0)),
                       (CREATE, create("/o"))))                # bad arguments
    a.ask(MULTI, multi((CREATETTL, create_ttl("/n", 5, 9))))   # bad arguments
    a.ask(MULTI, multi((CREATE, create("/n", b"", TTL))))      # marshalling error
    a.ask(MULTI, multi((SETACL, set_acl("/m", OPEN))))
    a.ask(DELETE, delete("/box/in"))
    a.ask(SET, set_data("/ttl", b"again"))
    for path in ("/box", "/ttl", "/m", "/m/plain"):
        a.ask(EXISTS, watch(path))


def views(a, b):
    a.ask(CREATE, create("/mine", b"", EPHEMERAL))
    for prefix in ("/mine", "/m", "mine", "/", "", " ", None):
        a.ask(EPHEMERALS, s(prefix))
    b.ask(EPHEMERALS, s("/"))
    a.ask(EPHEMERALS)                                          # marshalling error
    for path in ("/", "/m", "/m/plain", "/zookeeper", "/nothing", "", None, "m"):
        a.ask(ALLCHILDREN, s(path))
    a.ask(WHOAMI)
    a.ask(MULTIREAD, multi((GET, watch("/ttl", True)), (CHILDREN, watch("/zookeeper/quota")),
                           (GET, watch("/nothing")), (CHILDREN, watch("/nothing"))))
    a.ask(MULTIREAD, multi())
    a.ask(MULTIREAD, multi((GET, watch(None))))                # marshalling error
    a.ask(MULTIREAD, multi((EXISTS, watch("/ttl"))))
    a.ask(MULTIREAD, multi((GET, watch("/ttl")), (DELETE, delete("/ttl"))))
    a.ask(MULTIREAD, multi((DELETE, delete("/ttl"))))
    a.ask(SET, set_data("/ttl", b"unwatched"))


def lasting_watches(a, b):
    b.ask(ADDWATCH, s("/w") + i(0))
    b.ask(ADDWATCH, s("/r") + i(1))
    for mode in (2, -1):
        b.ask(ADDWATCH, s("/w") + i(mode))                     # marshalling error
    b.ask(ADDWATCH, s("/w"))
    b.ask(ADDWATCH, s("no path") + i(0))
    for path in ("/w", "/w/k", "/r", "/r/k", "/r/k/l"):
        a.ask(CREATE, create(path))
    for path in ("/w", "/w/k", "/r/k/l", "/r"):
        a.ask(SET, set_data(path, b"now"))
    b.ask(EXISTS, watch("/"))
    for path in ("/w/k", "/w", "/r/k/l", "/r/k", "/r"):
        a.ask(DELETE, delete(path))
    b.ask(EXISTS, watch("/"))
    b.ask(CHECKWATCHES, s("/w") + i(3))  # later versions do not count it among kinds 1 and 2
    for kind in (1, 2, 3):
        b.ask(CHECKWATCHES, s("/nobody") + i(kind))            # no watcher
    for kind in (0, -1, 6):
        b.ask(CHECKWATCHES, s("/w") + i(kind))                 # marshalling error
        b.ask(REMOVEWATCHES, s("/w") + i(kind))
    b.ask(CHECKWATCHES, s("/w"))
    b.ask(REMOVEWATCHES, s("/r") + i(3))
    b.ask(REMOVEWATCHES, s("/r") + i(3))                       # no watcher
    b.ask(REMOVEWATCHES, s(None) + i(3))
    b.ask(GET, watch("/ttl", True))
    b.ask(REMOVEWATCHES, s("/ttl") + i(1))                     # no watcher
    b.ask(REMOVEWATCHES, s("/ttl") + i(2))
    a.ask(CREATE, create("/r"))
    b.ask(SETWATCHES2, q(0) + i(1) + s("/ttl") + i(1) + s("/r") + i(1) + s("/m") + i(1) + s("/p") +
          i(1) + s("/q"), -8)
    b.ask(SETWATCHES2, q(0) + i(0) * 3, -8)                    # marshalling error
    for path in ("/p", "/p/k", "/q", "/q/k"):
        a.ask(CREATE, create(path))
    b.ask(EXISTS, watch("/"))


def quotas(a):
    a.ask(CREATE, create("/limited", b"12"))
    a.ask(CREATE, create("/limited/one", b"345"))
    a.ask(CREATE, create("/zookeeper/quota/limited"))
    a.ask(CREATE, create("/zookeeper/quota/limited/zookeeper_limits",
                         b"count=1,bytes=1=;byteHardLimit=20;countHardLimit=4"))
    a.ask(CREATE, create("/zookeeper/quota/limited/zookeeper_stats", b"count=0,bytes=0"))
    stats = s("/zookeeper/quota/limited/zookeeper_stats") + b"\0"
    a.ask(GET, stats)
    a.ask(CREATE, create("/limited/two", b"6"))
    a.ask(CREATE, create("/limited/two/three"))
    a.ask(CREATE, create("/limited/four"))                     # quota exceeded
    a.ask(CREATE, create("/limitedless"))
    a.ask(GET, stats)
    a.ask(SET, set_data("/limited/one", b"x" * 17))
    a.ask(SET, set_data("/limited/one", b"x" * 18))            # quota exceeded
    a.ask(SET, set_data("/limited/one", b"x" * 18, 7))         # before the version is asked
    a.ask(SET, set_data("/limited/two", None))
    a.ask(GET, stats)
    a.ask(DELETE, delete("/limited/two/three"))
    a.ask(MULTI, multi((CREATE, create("/limited/five")), (DELETE, delete("/limited/two"))))
    a.ask(GET, stats)
    a.ask(DELETE, delete("/zookeeper/quota/limited/zookeeper_limits"))
    a.ask(CREATE, create("/limited/six"))
    a.ask(GET, stats)
    a.ask(CREATE, create("/zookeeper/quota/limited/zookeeper_limits", b"count=9,bytes=-1"))
    a.ask(CREATE, create("/limited/seven", b"z" * 100))
    a.ask(GET, stats)


def operations(port, out):
    a, b = Connection("A", port, out), Connection("B", port, out)
    kinds(a)
    views(a, b)
    lasting_watches(a, b)
    quotas(a)
    c = Connection("C", port, out)
    c.ask(999)                                                 # unimplemented, and closed


class Server:
    def __init__(self, home):
        self.home = home
        self.port = self.free_port()
        self.config = os.path.join(home, "zoo.cfg")
        with open(self.config, "w") as f:
            f.write("dataDir=%s/data\nclientPort=%d\nclientPortAddress=127.0.0.1\n"
                    "tickTime=2000\nadmin.enableServer=false\n" % (home, self.port))

    @staticmethod
    def free_port():
        """Below the ephemeral range, where a port may connect to itself."""
        while True:
            port = random.randint(11000, 31000)
            with socket.socket() as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                    return port
                except OSError:
                    pass

    def is_serving(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as c:
                c.sendall(b"srvr")
                return c.recv(100).startswith(b"Zookeeper version")
        except OSError:
            return False

    def start(self):
        path = ":".join("/usr/share/java/%s.jar" % j for j in JARS)
        self.process = subprocess.Popen(
            ["java", "-cp", path, "-Xmx128m", "-Dzookeeper.jmx.log4j.disable=true",
             "-Dzookeeper.preAllocSize=64", "-Dzookeeper.extendedTypesEnabled=true",
             "-Dzookeeper.enforceQuota=true",
             "org.apache.zookeeper.server.quorum.QuorumPeerMain", self.config],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            if self.is_serving():
                return
            time.sleep(0.1)
        raise SystemExit("the server does not start")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def files(self, kind):
        folder = os.path.join(self.home, "data", "version-2")
        names = [n for n in os.listdir(folder) if n.startswith(kind + ".")]
        names.sort(key=lambda n: int(n.split(".")[1], 16))
        return [os.path.join(folder, n) for n in names]


def run(conversation, out):
    """Start, converse, stop, start again for the snapshot of it, stop."""
    server = Server(tempfile.mkdtemp())
    server.start()
    try:
        conversation(server.port, out)
    finally:
        server.stop()
    server.start()
    server.stop()
    return server


def main(target):
    def keep(path, name):
        with open(path, "rb") as f, open(os.path.join(target, name), "wb") as to:
            data = f.read()
            to.write(data.rstrip(b"\0") if name.startswith("log") else data)

    with open(os.path.join(target, "conversation.txt"), "w") as out:
        server = run(script, out)
    keep(server.files("snapshot")[0], "snapshot.first")
    keep(server.files("snapshot")[-1], "snapshot.last")
    keep(server.files("log")[0], "log.first")
    shutil.rmtree(server.home)
    with open(os.path.join(target, "operations.txt"), "w") as out:
        server = run(operations, out)
    keep(server.files("log")[0], "log.operations")
    keep(server.files("snapshot")[-1], "snapshot.operations")
    shutil.rmtree(server.home)
    with open(os.devnull, "w") as out:
        server = run(ordered, out)
    keep(server.files("snapshot")[-1], "snapshot.ordered")
    shutil.rmtree(server.home)


if __name__ == "__main__":
    main(sys.argv[1])
