#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Random requests of several sessions to our servers and to Debian's ZooKeeper 3.8.0 in lockstep:
every answer, error, zxid, stat and watch event has to be the same, and at the end the whole tree.

    differential_random_test.py --requests 100000 --seed 7       a long run
    differential_random_test.py --servers 3 --seed 7 --round 12  a difference again

Rounds begin at an empty tree, and each depends on the seed and its number alone. At the end both
directories are read by the other side: actor-log computes every digest that ZooKeeper wrote, and
ZooKeeper starts on ours and shows the same tree. Without java nothing of this is registered."""

import argparse
import collections
import contextlib
import os
import random
import re
import shutil
import sys
import time
import unittest

import lockstep
import random_requests as rr
import shared
import wire as r
from random_requests import Ask
from shared import harness

ROUND_REQUESTS = 2500
IN_A_TEST_S = 10       # for each of standalone and ensemble
STALLS_MAX = 3         # one after the other
DATA_LENGTH = 8        # where it is in a stat
CONFIG = {
    **shared.PATIENCE,
    "extendedTypesEnabled": "true", "enforceQuota": "true", "forceSync": "no",
    "minSessionTimeout": 60_000, "maxSessionTimeout": 90_000, "snapCount": 3_000,
    "znode.container.checkIntervalMs": 100_000_000,
    "DigestAuthenticationProvider.superDigest": shared.SUPER_DIGEST,
}

# What may differ: a pattern of "request: our item | ZooKeeper's item", and why.
JUSTIFIED = [
    (r"exists(|, more|, cut): \('answer', True, -102, .* \| \('answer', True, 0, ",
     "since 3.8.6 exists asks for READ (ZOOKEEPER-2590)"),
    (r".*: \('event', \d+, (.*)\) \| \('event', -1, \1\)$",
     "since 3.9 an event tells its txn's zxid (ZOOKEEPER-4655)"),
    (r"check_watches.*: \('answer', True, -121, .* \| \('answer', True, 0, ",
     "3.8.0 finds the watches of others too (ZOOKEEPER-4466)"),
    (r"check_watches.*: \('answer', True, -121, .* \| \('answer', True, -5, ",
     "3.8.0 fails on a path without a slash once anybody watches recursively"),
    (r"multi_read.*: \('answer', True, -5, (\d+), None, b''\) \| \('answer', True, -5, \1, None, ",
     "3.8.0 sends what it has of a multiRead that fails; nobody reads it"),
]


class Difference(Exception):
    """The worlds have answered otherwise."""


class Stalled(Exception):
    """ZooKeeper has not answered, and ours has: there is nothing to compare with. Its 3.8.0 does
    that once in some ten thousand requests to an ensemble, and not again in the same round."""


def shape(text):
    """A difference without what makes each its own."""
    text = re.sub(r"b'[^']*'|b\"[^\"]*\"|'/[^']*'", "S", text)
    return re.sub(r"-?\b\d{2,}\b", "N", text)


class Round:
    """One stream of requests to two worlds."""

    def __init__(self, ours, theirs, rng):
        self.worlds = ours, theirs
        self.rng = rng
        self.requests = rr.Requests(rng)
        self.sent = 0
        self.bodies = []
        self.justified = collections.Counter()
        self.told = collections.deque(maxlen=12)  # the newest steps
        self.unordered = set()                    # whose next events come in any order

    # -- comparing ----------------------------------------------------------------------------

    def compare(self, name, ours, theirs):
        self.told.append((name, ours, theirs))
        if lockstep.SILENT in theirs and lockstep.SILENT not in ours:
            raise Stalled(name)
        for mine, other in zip(ours + [None] * (len(theirs) - len(ours)),
                               theirs + [None] * (len(ours) - len(theirs))):
            if mine != other:
                self.judge(f"{name}: {mine} | {other}")

    def judge(self, text):
        for pattern, why in JUSTIFIED:
            if re.match(pattern, text):
                self.justified[why] += 1
                return
        raise Difference(text + (f"   BODY {self.bodies[0]}" if self.bodies else ""))

    def both(self, name, step):
        """The same step in both worlds; its answers have to be the same."""
        ours = step(self.worlds[0])
        try:
            theirs = step(self.worlds[1])
        except TimeoutError as silent:
            raise Stalled(name) from silent
        self.compare(name, [ours], [theirs])

    def ask(self, who, asks):
        """Requests in one go, and what comes back. Returns ZooKeeper's answers."""
        self.sent += len(asks)
        sent = [world.send(who, asks) for world in self.worlds]
        ours, theirs = (world.answers(who, xids) for world, xids in zip(self.worlds, sent))
        names = [ask.name for ask in asks]
        self.bodies = [ask.body for ask in asks]
        if who in self.unordered:
            ours, theirs = in_any_order(ours), in_any_order(theirs)
            self.unordered.discard(who)
        name = names[0] if len(names) == 1 else "in one go"
        if len(names) > 1:
            mine, other = (name_answers(items, names) for items in (ours, theirs))
            self.compare(f"{who} {name} ({len(names)})", [], [])
            for (each, item), (_, item_of_other) in zip(mine, other):
                self.compare(each, [item], [item_of_other])
                if item[0] == "answer":
                    self.bodies.pop(0)
            if len(mine) != len(other):
                raise Difference(f"{name}: {len(mine)} items | {len(other)} items")
        else:
            self.compare(name, ours, theirs)
        return theirs

    # -- steps --------------------------------------------------------------------------------

    def learn(self, asks, answers):
        """Paths that were made: those of later requests."""
        answers = [item for item in answers if item[0] == "answer"]
        for ask, item in zip(asks, answers):
            if ask.op in (r.CREATE, r.CREATE2, r.CREATE_CONTAINER, r.CREATE_TTL) and item[2] == 0:
                path = item[4] if ask.op == r.CREATE else item[4][0]
                if b"/zookeeper/quota/" not in path:  # with other data there 3.8.0 fails below
                    self.requests.existing.append(path.decode())

    def well_formed(self, who):
        size = 1 if self.rng.random() < 0.4 else self.rng.randrange(2, 20)
        asks = self.requests.batch(who, size)
        self.learn(asks, self.ask(who, asks))

    def reconnect(self, who):
        if any(who not in world.connections for world in self.worlds):
            self.both("connect again", lambda world: world.connect_surely(who))
        if any(who not in world.connections for world in self.worlds):  # the session is no more
            for world in self.worlds:
                world.forget(who)
            self.both("connect", lambda world: world.connect(who))

    def break_off(self, who):
        for world in self.worlds:
            world.drop(who)
        self.reconnect(who)

    def take_over(self, who):
        """At a second connection, while the first still stands."""
        self.both("take over", lambda world: world.connect(who))

    def leave(self, who):
        # ZooKeeper ends a session's ephemerals in the order of a hash.
        self.unordered.update(rr.EVERYBODY)
        self.ask(who, [Ask("close", r.CLOSE, b"", None)])
        self.both("connect", lambda world: world.connect(who))

    def wrong_password(self, who):
        self.both("wrong password", lambda world: world.connect(who, b"wrong" * 3 + b"!"))
        for world in self.worlds:
            world.drop(who)  # its connection is cut, at some time
        self.reconnect(who)

    def too_new(self, who):
        self.both("seen what was not", lambda world: world.connect(who, seen=world.zxid(-1000)))
        self.break_off(who)

    def odd_hello(self):
        rng = self.rng
        size = rng.choice((16, 16, 15, 0, 17))
        body = (r.i(rng.choice((0, 0, 1, -1))) + r.q(0) +
                r.i(rng.choice((0, -1, 1, 70_000, 60_000, 1 << 30))) +
                r.q(rng.choice((0, 0, 0, 77, -1))) + r.i(size) + b"\0" * size)
        body += rng.choice((b"", b"\0", b"\1", b"\0\0"))
        if rng.random() < 0.15:
            body = body[:rng.randrange(len(body))]
        self.both("hello", lambda world: world.say_hello(body))

    def move(self):
        """All go to another server."""
        number = self.rng.randrange(len(self.worlds[0].ensemble.servers)) + 1
        for world in self.worlds:
            world.server = world.ensemble[number]
        for who in rr.EVERYBODY:
            for world in self.worlds:
                world.drop(who)
            self.reconnect(who)

    def step(self):
        who = self.rng.choice(rr.EVERYBODY)
        kinds = ((100, lambda: self.well_formed(who)),
                 (12, lambda: self.ask(who, [self.requests.malformed(who)])),
                 (1.5, lambda: self.ask(who, [self.requests.auth(who)])),
                 (0.7, lambda: self.ask(who, [self.requests.unknown()])),
                 (1, lambda: self.ask(who, [self.requests.ping()])),
                 (2, lambda: self.break_off(who)), (1, lambda: self.take_over(who)),
                 (1, lambda: self.leave(who)), (0.5, lambda: self.wrong_password(who)),
                 (0.3, lambda: self.too_new(who)), (1.5, self.odd_hello), (0.4, self.move))
        self.rng.choices([k for _, k in kinds], [w for w, _ in kinds])[0]()
        self.reconnect(who)

    # -- a whole round ------------------------------------------------------------------------

    def begin(self):
        for world in self.worlds:
            world.begin()
        for who in rr.EVERYBODY[1:]:
            self.both("connect", lambda world, who=who: world.connect(who))
        for who, credential in rr.CREDENTIALS.items():
            self.ask(who, [Ask("auth", r.AUTH, r.i(0) + r.s("digest") + r.s(credential), -4)])

    def run(self, requests):
        self.begin()
        while self.sent < requests:
            self.step()
        self.flush()
        self.whole_tree()

    def flush(self):
        """All events that wait."""
        for who in rr.EVERYBODY:
            self.ask(who, [Ask("flush", r.EXISTS, r.watched("/"), None)])

    def whole_tree(self):
        """Each znode of both, with stats and unmasked access lists."""
        self.become_super()
        waiting = ["/a", "/b", "/c", "/k", "/zookeeper/quota"]
        while waiting:
            batch, waiting = waiting[:30], waiting[30:]
            for path in batch:
                found = self.ask(rr.SUPER, [
                    Ask("whole tree", r.GET, r.watched(path), None),
                    Ask("whole tree", r.GET_ACL, r.s(path), None),
                    Ask("whole tree", r.CHILDREN2, r.watched(path), None)])
                answer = [item for item in found if item[0] == "answer"][2]
                names = answer[4][0] if answer[2] == 0 else []
                waiting += [f"{path}/{name.decode()}" for name in names]

    def become_super(self):
        self.ask(rr.SUPER, [Ask("auth", r.AUTH,
                                r.i(0) + r.s("digest") + r.s(rr.CREDENTIALS[rr.SUPER]), -4)])


def in_any_order(items):
    """The events that come first, sorted."""
    events = [item for item in items if item[0] == "event"]
    first = next((n for n, item in enumerate(items) if item[0] != "event"), len(items))
    return sorted(events[:first], key=lambda event: event[2:]) + items[first:]


def name_answers(items, names):
    """(name of the request, item); an event is named after the answer that comes next."""
    names, number = names + ["?"], 0
    found = []
    for item in items:
        found.append((names[min(number, len(names) - 1)], item))
        number += item[0] == "answer"
    return found


def empty(world):
    """As after a start, whatever a round has left."""
    world.drop_all()
    world.connect_surely("cleaner")
    client = world.connections["cleaner"]
    client.request(r.AUTH, r.i(0) + r.s("digest") + r.s(rr.CREDENTIALS[rr.SUPER]), special_xid=-4)
    remove_below(client, "/", keep=("/zookeeper",))
    remove_below(client, "/zookeeper", keep=("/zookeeper/config",))
    for who in [who for who in world.sessions if who != "cleaner"]:
        world.connect_surely(who)
        world.connections[who].request(r.CLOSE)
        world.forget(who)
    client.request(r.CLOSE)
    world.forget("cleaner")


def remove_below(client, path, keep=()):
    _, err, data = client.request(r.CHILDREN, r.watched(path))
    for name in r.Reader(data).strings() if err == 0 else ():
        below = path.rstrip("/") + "/" + name.decode()
        if below not in keep:
            remove_below(client, below)
            client.request(r.DELETE, r.with_number(below))


class Pair:
    """Servers of ours and of ZooKeeper's, as many each, and rounds on them."""

    def __init__(self, stack, count):
        self.ensembles = []
        for genuine in (False, True):
            ensemble = stack.enter_context(harness.Ensemble(count, **CONFIG))
            for server in ensemble:
                server.genuine = genuine
            self.ensembles.append(ensemble)
        self.start()
        self.sent = 0
        self.stalled = []
        self.kinds = {}  # shape of a difference -> (text, how to see it again, the steps before)
        self.justified = collections.Counter()

    def start(self):
        for ensemble in self.ensembles:
            for server in ensemble:
                server.start()
        for ensemble in self.ensembles:
            ensemble.wait_serving(shared.START_S)

    def start_anew(self):
        """After a difference the worlds have not the same past any more."""
        for ensemble in self.ensembles:
            for server in ensemble:
                server.kill()
                shutil.rmtree(os.path.join(server.data, "version-2"))
        self.start()

    def round(self, seed, number, requests=ROUND_REQUESTS, keep_tree=False):
        """From an empty tree to an empty tree."""
        rng = random.Random(f"{seed}/{number}")
        at = rng.randrange(len(self.ensembles[0].servers)) + 1
        worlds = [lockstep.World(ensemble, at) for ensemble in self.ensembles]
        one = Round(*worlds, rng)
        try:
            one.run(requests)
            for world in worlds:
                if keep_tree:
                    world.drop_all()
                else:
                    self.empty(world, is_genuine=world is worlds[1])
        except Stalled as stalled:
            self.stalled.append(f"{seed}/{number}: {stalled}")
            self.start_anew()
        except Difference as difference:
            where = f"--servers {len(self.ensembles[0].servers)} --seed {seed} --round {number}"
            self.kinds.setdefault(shape(str(difference).split("   BODY")[0]),
                                  (str(difference), where, list(one.told)))
            self.start_anew()
        self.sent += one.sent
        self.justified += one.justified

    @staticmethod
    def empty(world, is_genuine):
        try:
            empty(world)
        except TimeoutError as silent:
            if not is_genuine:
                raise
            raise Stalled("the removing of its tree") from silent

    def rounds(self, seed, until):
        """As long as until() says so, and one more, whose tree stays for read_by_the_other()."""
        number = 0
        while not until():
            self.round(seed, number)
            number += 1
        for last in range(number, number + STALLS_MAX):  # one that stalls leaves nothing to read
            stalled_before = len(self.stalled)
            self.round(seed, last, keep_tree=True)
            if len(self.stalled) == stalled_before:
                return
        raise AssertionError(f"ZooKeeper gave no answer in {self.stalled}")

    def read_by_the_other(self):
        """actor-log follows what both wrote, txn by txn and digest by digest; ZooKeeper starts on
        what we wrote and shows what we showed. After some multis that fail, 3.8.0 writes a digest
        that its own tree has not, and counts it: as often as it, actor-log may differ."""
        ours, theirs = self.ensembles
        shown = tree_of(ours)
        # All are asked first: the last two of three would have no leader any more.
        differing = {s: shared.digest_mismatches(s) for s in [*ours, *theirs]}
        for server, count in differing.items():
            server.stop()
            shared.assert_verified(server, count)
        for server in ours:
            server.genuine = True
            server.start()
        ours.wait_serving(shared.START_S)
        differing = shared.differing_znodes(shown, tree_of(ours))
        if differing:
            raise AssertionError(f"ZooKeeper shows another tree than we did: {differing}")
        for server in ours:
            if shared.digest_mismatches(server):
                raise AssertionError(f"{server}: ZooKeeper computes other digests than we wrote")

    def report(self):
        lines = [f"{self.sent} requests to {len(self.ensembles[0].servers)} server(s), "
                 f"{len(self.kinds)} kinds of differences"]
        lines += [f"  ZooKeeper gave no answer in {name}" for name in self.stalled]
        lines += [f"  {count} times: {why}" for why, count in self.justified.most_common()]
        for text, where, told in self.kinds.values():
            lines += [f"DIFFERENCE {text}", f"    again: {where}"]
            lines += [f"    before: {name}: {ours}" for name, ours, _ in told[-6:-1]]
        return "\n".join(lines)


def tree_of(ensemble):
    """But for what is in use of the quotas. A start on a snapshot counts that anew, at ZooKeeper as
    here, and a round's requests set it to figures of their own, among others."""
    zk = ensemble.client(auth_data=[("digest", "super:above all")])
    tree = harness.tree_of(zk)
    harness.close(zk)
    for path, (_, stat, acl) in tree.items():
        if path.endswith("/zookeeper_stats"):
            tree[path] = ("counted anew", stat[:DATA_LENGTH] + stat[DATA_LENGTH + 1:], acl)
    return tree


class DifferentialRandom(unittest.TestCase):

    def check(self, servers):
        with contextlib.ExitStack() as stack:
            pair = Pair(stack, servers)
            end = time.monotonic() + IN_A_TEST_S
            pair.rounds("1", lambda: time.monotonic() > end)
            print(pair.report(), file=sys.stderr)
            self.assertFalse(pair.kinds, pair.report())
            self.assertGreater(pair.sent, 2000)
            pair.read_by_the_other()

    def test_a_server_alone(self):
        self.check(1)

    def test_an_ensemble(self):
        self.check(3)


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    options.add_argument("--requests", type=int, default=10_000)
    options.add_argument("--seed", default="1")
    options.add_argument("--servers", type=int, default=1)
    options.add_argument("--round", type=int)
    chosen = options.parse_args()
    with contextlib.ExitStack() as stack:
        pair = Pair(stack, chosen.servers)
        begin = time.monotonic()
        if chosen.round is not None:
            pair.round(chosen.seed, chosen.round)
        else:
            pair.rounds(chosen.seed, lambda: pair.sent >= chosen.requests - ROUND_REQUESTS)
            if not pair.kinds:
                pair.read_by_the_other()
        print(pair.report())
        print(f"{time.monotonic() - begin:.1f} s")
    sys.exit(bool(pair.kinds))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main()
    else:
        harness.main(limit_s=150)
