# SPDX-License-Identifier: Apache-2.0
"""Ensembles of real server processes on loopback, for tests.

ACTOR_NODE    the server program; default build/release/bin/actor-node
SERVER_KIND   actor-node, or zookeeper: the same tests against Debian's own ZooKeeper, which shows
              that they ask for nothing that ZooKeeper does not do
SLOWNESS      stretches ticks and deadlines, for servers under a sanitizer
CLUSTER_KEEP  when set, directories of failed tests stay

Only processes that a test has started itself are signalled, and they die with it.
"""

import ctypes
import logging
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from typing import NamedTuple

from kazoo.client import KazooClient
from kazoo.retry import KazooRetry

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
ACTOR_NODE = os.environ.get("ACTOR_NODE", os.path.join(ROOT, "build/release/bin/actor-node"))
GENUINE = os.environ.get("SERVER_KIND", "actor-node") == "zookeeper"
SLOWNESS = float(os.environ.get("SLOWNESS", "3" if GENUINE else "1"))
TICK_MS = int(500 * max(1.0, SLOWNESS / 2))
DEADLINE_S = 30 * SLOWNESS
HOST = "127.0.0.1"

logging.getLogger("kazoo").addHandler(logging.NullHandler())
logging.getLogger("kazoo").propagate = False


# ---------------------------------------------------------------- small tools

def free_ports(count):
    """Loopback ports that nobody uses, below the range from which clients are given theirs."""
    ports = []
    while len(ports) < count:
        port = random.randrange(11000, 31000)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
        if port not in ports:
            ports.append(port)
    return ports


def wait_until(condition, what, deadline_s=None, step_s=0.05):
    """Returns the first true value of condition(); fails with what() or what after the deadline."""
    end = time.monotonic() + (deadline_s or DEADLINE_S)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within the deadline: {what() if callable(what) else what}")
        time.sleep(step_s)


def four_letter(port, word, timeout_s=5.0, host=HOST):
    """The answer's text; empty when there is none."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as s:
            s.sendall(word.encode())
            answer = bytearray()
            while True:
                part = s.recv(65536)
                if not part:
                    return answer.decode("utf-8", "replace")
                answer += part
    except OSError:
        return ""


def field(answer, key):
    """What follows "key: " in a line of an answer, or None."""
    for line in answer.splitlines():
        if line.startswith(key + ": "):
            return line[len(key) + 2:].strip()
    return None


def die_with_parent():
    """In a child: the kernel kills it when the test dies, however that happens."""
    ctypes.CDLL("libc.so.6", use_errno=True).prctl(1, signal.SIGKILL)


# ---------------------------------------------------------------- one server

class Place(NamedTuple):
    """Where a server runs: its address, and what in front of its command brings it there."""
    host: str = HOST
    within: tuple = ()


class Server:
    """A server's directory and ports, and its process when there is one."""

    def __init__(self, folder, number, observer, ports, place=Place()):
        self.id = number
        self.host, self.within = place
        self.observer = observer
        self.dir = folder
        self.data = os.path.join(folder, "data")
        self.config = os.path.join(folder, "zoo.cfg")
        self.log = os.path.join(folder, "server.log")
        self.client_port, self.peer_port, self.election_port = ports
        self.genuine = GENUINE  # a test may start either kind in one directory
        self.process = None
        self.clients = []

    def __repr__(self):
        return f"server.{self.id}"

    @property
    def address(self):
        return f"{self.host}:{self.client_port}"

    @property
    def line(self):
        role = "observer" if self.observer else "participant"
        return f"server.{self.id}={self.host}:{self.peer_port}:{self.election_port}:{role}"

    def write_config(self, lines):
        os.makedirs(self.data, exist_ok=True)
        with open(self.config, "w", encoding="ascii") as f:
            f.write("\n".join([f"dataDir={self.data}", f"clientPort={self.client_port}",
                               f"clientPortAddress={self.host}"] + lines) + "\n")
        with open(os.path.join(self.data, "myid"), "w", encoding="ascii") as f:
            f.write(f"{self.id}\n")

    def command(self):
        if not self.genuine:
            return [ACTOR_NODE, "start-foreground", "--config", self.config]
        jars = ("zookeeper", "slf4j-simple", "netty-codec", "netty-resolver",
                "netty-transport-native-unix-common", "snappy-java")
        with open(self.config, encoding="ascii") as f:  # what ZooKeeper does not read from there
            properties = [f"-D{line.strip()}" for line in f
                          if line.startswith(("znode.", "java.", "readonlymode."))]
        return ["java", "-cp", ":".join(f"/usr/share/java/{j}.jar" for j in jars), "-Xmx128m",
                "-Dfile.encoding=UTF-8", *properties,
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                "-Dzookeeper.admin.enableServer=false", "-Dzookeeper.jmx.log4j.disable=true",
                "org.apache.zookeeper.server.quorum.QuorumPeerMain", self.config]

    # -- life ---------------------------------------------------------------------------------

    def is_alive(self):
        return self.process is not None and self.process.poll() is None

    def start(self):
        assert not self.is_alive(), f"{self} runs already"
        with open(self.log, "ab") as log:
            log.write(f"==== start {time.strftime('%T')} ====\n".encode())
            log.flush()
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                [*self.within, *self.command()], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent)

    def signal(self, number):
        assert self.is_alive(), f"{self} does not run, so it cannot be signalled"
        self.process.send_signal(number)

    def stop(self):
        """SIGTERM, as `actor-node stop` and `kill` do; a server has to end by itself."""
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self} did not end on SIGTERM") from None
        assert self.genuine or self.process.returncode == 0, \
            f"{self} ended with {self.process.returncode}"

    def kill(self):
        self.signal(signal.SIGKILL)
        self.process.wait()

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def exit_code(self):
        """Waits for it to end by itself."""
        try:
            return self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self} was expected to end and runs on") from None

    # -- what it says -------------------------------------------------------------------------

    def ask(self, word):
        return four_letter(self.client_port, word, host=self.host)

    def mode(self):
        """leader, follower, observer, standalone; None while it does not serve."""
        return field(self.ask("srvr"), "Mode")

    def zxid(self):
        return int(field(self.ask("srvr"), "Zxid") or "-1", 16)

    def status(self):
        """Exit code and output of `actor-node status`; None when there is no actor-node."""
        if not os.access(ACTOR_NODE, os.X_OK):
            return None
        done = subprocess.run([ACTOR_NODE, "status", "--config", self.config], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=DEADLINE_S)
        return done.returncode, done.stdout

    def log_text(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def client(self, session_s=8.0, **options):
        """A kazoo client of this server alone; closed at the end of the ensemble."""
        return connect(self.address, self.clients, session_s, **options)

    def close_clients(self):
        while self.clients:
            close(self.clients.pop())


def connect(hosts, owner, session_s=8.0, **options):
    zk = KazooClient(hosts=hosts, timeout=session_s, randomize_hosts=False,
                     connection_retry=KazooRetry(max_tries=-1, delay=0.05, backoff=1,
                                                 max_delay=0.2), **options)
    owner.append(zk)
    zk.start(timeout=DEADLINE_S)
    return zk


def close(zk):
    try:
        zk.stop()
        zk.close()
    except Exception as error:  # pylint: disable=broad-except
        print(f"closing a client: {error!r}", file=sys.stderr)


# ---------------------------------------------------------------- an ensemble

class Ensemble:
    """Servers 1..voters, then observers. As a context: ends them all, shows the logs on failure."""

    def __init__(self, voters, observers=0, places=None, **config):
        """places: a Place for each server; all of them on loopback when not said."""
        self.dir = tempfile.mkdtemp(prefix="troupe_cluster.")
        count = voters + observers
        ports = free_ports(3 * count)
        self.clients = []
        self.servers = [Server(os.path.join(self.dir, str(n + 1)), n + 1, n >= voters,
                               ports[3 * n:3 * n + 3], places[n] if places else Place())
                        for n in range(count)]
        values = {"tickTime": TICK_MS, "initLimit": 10, "syncLimit": 5, "maxClientCnxns": 0,
                  "4lw.commands.whitelist": "*", **config}
        lines = [f"{key}={value}" for key, value in values.items()]
        if count > 1:
            lines += [s.line for s in self.servers]
        for s in self.servers:
            s.write_config(lines + (["peerType=observer"] if s.observer else []))

    def __getitem__(self, number):
        return self.servers[number - 1]

    def __iter__(self):
        return iter(self.servers)

    @property
    def hosts(self):
        return ",".join(s.address for s in self)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if error is not None:
            self.show_logs()
        for s in self:
            if s.is_alive():
                s.process.kill()  # also one that is paused
                s.process.wait()
        for zk in self.clients:
            close(zk)
        for s in self:
            s.close_clients()
        if error is not None and os.environ.get("CLUSTER_KEEP"):
            print(f"kept: {self.dir}", file=sys.stderr)
        else:
            shutil.rmtree(self.dir, ignore_errors=True)

    def show_logs(self, lines=40):
        for s in self:
            state = "runs" if s.is_alive() else "ended" if s.process else "was never started"
            print(f"\n---- {s} {s.address} ({state}), the end of its log", file=sys.stderr)
            text = s.log_text().splitlines()
            # A sanitizer's report, however long it is.
            report = next((n for n, line in enumerate(text)
                           if "WARNING: ThreadSanitizer" in line or "ERROR: Address" in line),
                          len(text))
            print("\n".join(text[min(report, max(0, len(text) - lines)):]), file=sys.stderr)
            if s.is_alive():
                print(f"srvr: {s.ask('srvr')!r}", file=sys.stderr)
                print(f"whys: {s.ask('whys')!r}", file=sys.stderr)

    def client(self, session_s=8.0, **options):
        """A kazoo client of all servers; closed at the end of the ensemble."""
        return connect(self.hosts, self.clients, session_s, **options)

    # -- roles --------------------------------------------------------------------------------

    def roles(self):
        return {s.id: s.mode() for s in self if s.is_alive()}

    def wait_roles(self, expected, deadline_s=None):
        """Until these servers have these roles: {1: "follower", 2: "leader", 3: None}."""
        seen = {}

        def reached():
            seen.update({n: self[n].mode() for n in expected})
            return seen == expected

        wait_until(reached, lambda: f"roles {expected}; they are {seen}", deadline_s)

    def stays(self, expected, seconds):
        """These servers have these roles now and for that long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            seen = {n: self[n].mode() for n in expected}
            if seen != expected:
                raise AssertionError(f"roles {expected} should have stayed; they are {seen}")
            time.sleep(0.05)

    def start(self, *numbers):
        for n in numbers or range(1, len(self.servers) + 1):
            self[n].start()

    def start_all(self, deadline_s=None):
        """Starts what does not run and waits until one leads and all serve. Returns the leader."""
        for s in self:
            if not s.is_alive():
                s.start()
        return self.wait_serving(deadline_s)

    def wait_serving(self, deadline_s=None):
        def serving():
            modes = [s.mode() for s in self]
            return all(modes) and (len(modes) == 1 or modes.count("leader") == 1)

        wait_until(serving, lambda: f"all serve and one leads; they are {self.roles()}", deadline_s)
        return next(s for s in self if s.mode() in ("leader", "standalone"))

    def wait_quiet(self):
        """Until all running servers have the same last zxid, twice."""
        def same():
            return [s.zxid() for s in self if s.is_alive()]

        wait_until(lambda: len(set(same())) == 1 and same() == same(),
                   lambda: f"one zxid everywhere; they are {list(map(hex, same()))}", step_s=0.2)


# ---------------------------------------------------------------- trees

def tree_of(zk):
    """Everything a server holds: path -> (data, stat, acl). Without /zookeeper/config, which each
    server writes for itself when it starts."""
    zk.sync("/")
    found = {}
    waiting = ["/"]
    while waiting:
        batch, waiting = waiting, []
        asked = [(p, zk.get_async(p), zk.get_children_async(p), zk.get_acls_async(p))
                 for p in batch]
        for path, data, children, acls in asked:
            value, stat = data.get(timeout=DEADLINE_S)
            if path != "/zookeeper/config":
                found[path] = (value, tuple(stat), acls.get(timeout=DEADLINE_S)[0])
            base = "" if path == "/" else path
            waiting += [f"{base}/{name}" for name in children.get(timeout=DEADLINE_S)]
    return found


def assert_same_trees(ensemble, **client_options):
    """Every server of the ensemble holds the same znodes, stats included. Returns them."""
    # A session's begin and end are txns: with them all come to a zxid of the present epoch.
    ensemble[1].client()
    ensemble[1].close_clients()
    ensemble.wait_quiet()
    trees = {}
    for s in ensemble:
        trees[s.id] = tree_of(s.client(**client_options))
        s.close_clients()
    first, *others = trees.items()
    for number, tree in others:
        for path in sorted(set(first[1]) | set(tree)):
            if first[1].get(path) != tree.get(path):
                raise AssertionError(f"{path} differs: server.{first[0]} has {first[1].get(path)}, "
                                     f"server.{number} has {tree.get(path)}")
    return first[1]


# ---------------------------------------------------------------- a test program

class TimedOut(BaseException):
    """Not an Exception, so that no handler in a test takes it for an answer."""


def main(limit_s):
    """Runs the tests of the calling file; fails, logs shown, when all of them take too long."""
    def out_of_time(_number, _frame):
        raise TimedOut(f"the tests took longer than {limit_s * SLOWNESS:.0f} s")

    if not GENUINE and not os.access(ACTOR_NODE, os.X_OK):
        sys.exit(f"no server program at {ACTOR_NODE}; tools/build makes it")
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(int(limit_s * SLOWNESS))
    unittest.main(module="__main__", verbosity=2)
