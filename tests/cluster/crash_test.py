#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9 under load, again and again: what was acknowledged is there, on every server, and all
servers hold the same. CRASH_SEED replays a run's choices (not its timing)."""

import os
import random
import threading
import time
import unittest

from kazoo.exceptions import (BadVersionError, KazooException, NodeExistsError, NoNodeError)
from kazoo.handlers.threading import KazooTimeoutError

import harness
from harness import Ensemble

ROUNDS = 20
WRITERS = 4
ANSWER_S = 20 * harness.SLOWNESS


class Writer(threading.Thread):
    """A client that creates, sets and deletes znodes of its own, and knows what it was promised.

    `known` maps each path to the set of states it may be in: data, or None for absent. A request
    that was answered leaves one state; one that was not answered leaves two, and its path is not
    written again. What the error says is never taken for an answer to an earlier, lost request.
    """

    def __init__(self, ensemble, number, seed):
        super().__init__(daemon=True)
        self.zk = ensemble.client(session_s=20)
        self.base = f"/writer{number}"
        self.zk.create(self.base)
        self.random = random.Random(seed)
        self.known = {}
        self.usable = []  # paths that exist for certain
        self.acknowledged = 0
        self.unanswered = 0
        self.fault = None
        self.stopping = threading.Event()

    def run(self):
        count = 0
        try:
            while not self.stopping.is_set():
                count += 1
                self.write(count)
        except Exception as fault:  # pylint: disable=broad-except
            self.fault = fault  # the main thread raises it

    def write(self, count):
        kind = self.random.random()
        data = f"{self.base} {count} ".encode() + b"x" * self.random.randrange(200)
        if kind < 0.5 or not self.usable:
            path = f"{self.base}/n{count}"
            self.attempt(path, None, data, self.zk.create_async(path, data))
        else:
            path = self.usable.pop(self.random.randrange(len(self.usable)))
            (before,) = self.known[path]
            if kind < 0.8:
                self.attempt(path, before, data, self.zk.set_async(path, data))
            else:
                self.attempt(path, before, None, self.zk.delete_async(path))

    def attempt(self, path, before, after, answer):
        try:
            answer.get(ANSWER_S)
        except (NodeExistsError, NoNodeError, BadVersionError):
            raise  # the state was certain, so this is a broken promise
        except (KazooException, KazooTimeoutError):
            self.known[path] = {before, after}
            self.unanswered += 1
            return
        self.known[path] = {after}
        self.acknowledged += 1
        if after is not None:
            self.usable.append(path)

    def end(self):
        self.stopping.set()
        self.join(ANSWER_S + 10)
        if self.fault:
            raise self.fault
        assert not self.is_alive(), "a writer hangs: a request was neither answered nor failed"


class Crash(unittest.TestCase):

    def choose(self, rng, ensemble):
        """Mostly one server, often the leader; sometimes a quorum; sometimes all."""
        servers = list(ensemble)
        leader = next((s for s in servers if s.mode() == "leader"), servers[0])
        kind = rng.random()
        if kind < 0.35:
            return [leader]
        if kind < 0.75:
            return [rng.choice(servers)]
        if kind < 0.9:
            return rng.sample(servers, 2)
        return servers

    def test_acknowledged_writes_survive_kills(self):
        seed = int(os.environ.get("CRASH_SEED", "0")) or random.randrange(1, 1 << 30)
        print(f"CRASH_SEED={seed}", flush=True)
        rng = random.Random(seed)
        with Ensemble(3, snapCount=300) as e:
            e.start_all()
            writers = [Writer(e, n, rng.random()) for n in range(WRITERS)]
            for w in writers:
                w.start()
            for _ in range(ROUNDS):
                time.sleep(rng.uniform(0.1, 1.0))
                victims = self.choose(rng, e)
                for s in victims:
                    s.kill()
                time.sleep(rng.choice([0, rng.uniform(0, 0.5)]))
                for s in victims:
                    s.start()
                e.wait_serving()
            time.sleep(0.5)
            for w in writers:
                w.end()
            tree = harness.assert_same_trees(e)
            self.check_promises(tree, writers)

    def check_promises(self, tree, writers):
        for w in writers:
            for path, states in w.known.items():
                is_there = tree[path][0] if path in tree else None
                self.assertIn(is_there, states, f"{path}: promised was one of these")
            strangers = {p for p in tree if p.startswith(w.base + "/")} - set(w.known)
            self.assertFalse(strangers, "znodes that nobody has asked for")
        acknowledged = sum(w.acknowledged for w in writers)
        unanswered = sum(w.unanswered for w in writers)
        print(f"{acknowledged} writes acknowledged, {unanswered} unanswered")
        self.assertGreater(acknowledged, 20 * ROUNDS, "too little load to show anything")


if __name__ == "__main__":
    harness.main(limit_s=200)
