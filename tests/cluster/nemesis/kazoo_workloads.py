# SPDX-License-Identifier: Apache-2.0
"""What the workers do until the end, one class a workload. All of them share their objects with the
workers of other processes, which do the same through another client library."""

import random
import threading

from kazoo.exceptions import KazooException
from kazoo.handlers.threading import KazooTimeoutError

from kazoo_connection import Connection
from recorder import GUARDED_FROM, REGISTERS_A_ROUND, WATCHES_A_ROUND, now_us

LOCK_PATIENCE_S = 20
SETTLED_AFTER_US = 25_000_000  # operations of a round that is over have ended by then
SETTLE_US = 10_000_000         # the same at the end, when all is healed
WATCH_PATIENCE_US = 20_000_000


class Worker:
    def __init__(self, plan, number, recorder, ending, seed, tell_problem):
        self.plan = plan
        self.number = number
        self.ending = ending
        self.tell_problem = tell_problem
        self.random = random.Random(seed)
        self.values = 0
        self.zk = Connection(plan, recorder, plan.hosts_for(number), ending, self.heard)

    def heard(self, path):
        """A watch of ours has told of this."""

    def run(self):
        try:
            while not self.ending.is_set():
                self.step()
                self.rest()
            self.settle()
        finally:
            self.zk.close()

    def step(self):
        raise NotImplementedError

    def settle(self):
        """After the end."""

    def rest(self):
        self.ending.wait(self.plan.pace_ms / 1000 * self.random.uniform(0.5, 1.5))

    def fresh(self):
        self.values += 1
        return f"k{self.zk.number}-{self.values}"


class Registers(Worker):
    seen = (None, -1)

    def step(self):
        key = f"register/{self.plan.round() * REGISTERS_A_ROUND}"
        key = f"register/{int(key[9:]) + self.random.randrange(REGISTERS_A_ROUND)}"
        version = self.seen[1] if self.seen[0] == key else -1
        die = self.random.randrange(100)
        if die < 38:
            got = self.zk.ask("get", key, synced=die >= 20)
        elif die < 75:
            got = self.zk.ask("set", key, data=self.fresh(), version=version if die < 58 else -1)
        elif die < 88:
            got = self.zk.ask("create", key, data=self.fresh())
        else:
            got = self.zk.ask("delete", key, version=version if die < 94 else -1)
        if got.ok and got.stat:
            self.seen = (key, got.stat.version)


class Sets(Worker):
    def step(self):
        key = f"set/{self.plan.round()}"
        die = self.random.randrange(100)
        if die < 75:
            value = self.fresh()
            self.zk.ask("create", key, path=f"/{key}/e-{value}", data=value)
        else:
            self.zk.ask("children", key, synced=die >= 88)


class Counters(Worker):
    def step(self):
        key = f"counter/{self.plan.round()}"
        found = self.zk.ask("get", key, synced=self.random.randrange(4) == 0)
        if found.ok:
            self.zk.ask("set", key, data=str(int(found.value) + 1), version=found.stat.version)


class Queues(Worker):
    def step(self):
        key = f"queue/{self.plan.round()}"
        if self.random.randrange(2) == 0:
            self.zk.ask("create", key, path=f"/{key}/q-", data=self.fresh(), sequential=True)
            return
        found = self.zk.ask("children", key)
        if found.ok and found.value:
            self.zk.ask("delete", key, path=f"/{key}/{min(found.value)}")


class Ephemerals(Worker):
    def step(self):
        key = f"ephemeral/{self.number}"
        self.zk.ask("create", key, data=self.fresh(), ephemeral=True)
        for _ in range(self.random.randrange(5, 25)):
            if self.ending.is_set():
                break
            whose = self.number if self.random.randrange(3) else \
                self.random.randrange(self.number + 1)
            self.zk.ask("exists", f"ephemeral/{whose}", synced=self.random.randrange(2) == 0)
            self.rest()
        if self.random.randrange(3) == 0:
            self.zk.ask("delete", key)
        else:
            self.zk.renew()
            self.zk.ask("exists", key, synced=True)


class Locks(Worker):
    """kazoo's own recipe, its operations unrecorded: what counts is who believes to hold it."""

    def step(self):
        if not self.zk.wait_connected():
            return
        lock = self.zk.zk.Lock("/lock/0", f"k{self.zk.number}")
        if not self.acquired(lock):
            # It may have left a place in the queue that it knows nothing of; the session takes it.
            self.zk.renew()
            return
        self.hold(int(lock.node[-10:]))
        try:
            lock.release()
        except (KazooException, KazooTimeoutError):
            self.zk.renew()

    def acquired(self, lock):
        """Its recipe goes on over a lost connection. So the place is looked at once more, which is
        ours while it is there."""
        try:
            if not lock.acquire(timeout=LOCK_PATIENCE_S):
                return False
        except (KazooException, KazooTimeoutError):
            return False
        self.breaks = self.zk.breaks
        there = self.zk.ask("exists", None, path=f"/lock/0/{lock.node}",
                            recorded=False)
        return there.ok and hex(there.stat.ephemeralOwner) == self.zk.session

    def hold(self, token):
        since, session, client = now_us(), self.zk.session, self.zk.number
        self.guarded_write(token)
        self.ending.wait(self.random.uniform(0.02, 0.12))
        until = now_us()
        if self.zk.breaks != self.breaks:
            # Who has lost the connection holds nothing from that moment on.
            until = max(since, min(until, self.zk.broken_at_us))
        self.zk.recorder.write(lock="lock/0", client=client, session=session, token=token,
                               held_from=since, held_to=until)

    def guarded_write(self, token):
        """Fenced: who finds a later token than his own keeps away, and the version tells whether
        it came in between."""
        key = f"register/{GUARDED_FROM + self.plan.round()}"
        found = self.zk.ask("get", key)
        if found.ok and int(found.value) <= token and self.zk.breaks == self.breaks:
            self.zk.ask("set", key, data=str(token), version=found.stat.version)


class Watches(Worker):
    """Sees a znode only by watching it: reads when it has heard of a change and at no other time.
    So when the writing has ended, what it saw last is the last there is, or a watch was lost."""

    def __init__(self, *args):
        self.guard = threading.Lock()
        self.flagged = set()
        self.seen = {}  # by number, mzxid
        self.of_round = -1
        self.breaks = None
        super().__init__(*args)

    def heard(self, path):
        with self.guard:
            self.flagged.add(path)

    def step(self):
        self.take_up_round()
        self.follow()
        if self.random.randrange(2) == 0:
            number = self.of_round * WATCHES_A_ROUND + self.random.randrange(WATCHES_A_ROUND)
            self.zk.ask("set", f"watch/{number}", data=self.fresh())

    def take_up_round(self):
        now = self.plan.round()
        if now != self.of_round:
            self.of_round = now
            for number in range(now * WATCHES_A_ROUND, (now + 1) * WATCHES_A_ROUND):
                self.seen[number] = 0
                self.heard(f"/watch/{number}")
        if now_us() - self.plan.begin_us - now * self.plan.round_us >= SETTLED_AFTER_US:
            for number in [n for n in self.seen if n // WATCHES_A_ROUND < now]:
                self.check(number)
                del self.seen[number]

    def follow(self):
        """Reads what we were told of, and watches it anew."""
        if self.zk.breaks != self.breaks:
            # kazoo forgets its watches with the connection, and says so.
            self.breaks = self.zk.breaks
            for number in self.seen:
                self.heard(f"/watch/{number}")
        with self.guard:
            told, self.flagged = self.flagged, set()
        for path in sorted(told):
            got = self.zk.ask("get", path[1:], watch=True)
            number = int(path[7:])
            if not got.ok:
                self.heard(path)
            elif number in self.seen:
                self.seen[number] = max(self.seen[number], got.stat.mzxid)

    def follow_for(self, duration_us):
        until = now_us() + duration_us
        while now_us() < until:
            self.follow()
            threading.Event().wait(0.02)

    def settle(self):
        self.follow_for(SETTLE_US)
        for number in self.seen:
            self.check(number)

    def check(self, number):
        deadline = now_us() + WATCH_PATIENCE_US
        last = 0
        while now_us() < deadline:
            found = self.zk.ask("exists", f"watch/{number}", synced=True)
            if found.ok:
                last = found.stat.mzxid
            self.follow_for(200_000)
            if last and self.seen[number] >= last:
                return
        self.tell_problem(
            f"client {self.zk.number} of session {self.zk.session} watches /watch/{number} and has "
            f"seen it at mzxid {self.seen[number]} last; it is at {last}, and no event has told so")


WORKLOADS = {"register": Registers, "set": Sets, "counter": Counters, "queue": Queues,
             "ephemeral": Ephemerals, "lock": Locks, "watch": Watches}
