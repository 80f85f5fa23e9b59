#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo's sessions, watches and recipes on an ensemble: what a client sees of other clients, and
what survives when its connection breaks and it comes back at another server."""

import threading
import unittest

from kazoo import exceptions as refused
from kazoo.client import KazooState
from kazoo.recipe.counter import Counter

import shared
from shared import harness
from raw_client import SYNC, Closed, RawClient, encode_string

EXISTS, CLOSE_SESSION = 3, -11  # operations
CREATED, DELETED, CHANGED, CHILD = 1, 2, 3, 4  # what events tell
SHORT_S = 2 * harness.TICK_MS / 1000  # the shortest timeout that a server grants


class Watches(shared.OnThreeServers):

    def test_each_kind_tells_once(self):
        self.zk.create(self.at("a"))
        data, exist, child = shared.Events(), shared.Events(), shared.Events()
        watching = self.client_of(2)
        watching.get(self.at("a"), watch=data)
        self.assertIsNone(watching.exists(self.at("b"), watch=exist))
        watching.get_children(self.top, watch=child)

        self.zk.set(self.at("a"), b"1")
        self.zk.set(self.at("a"), b"2")
        self.zk.create(self.at("b"))
        self.zk.delete(self.at("b"))
        self.zk.create(self.at("c"))
        watching.sync("/")
        data.wait(("CHANGED", self.at("a")))
        exist.wait(("CREATED", self.at("b")))
        child.wait(("CHILD", self.top))

    def test_a_deleted_znode_tells_all_who_watched_it(self):
        path = self.zk.create(self.at("a"))
        data, exist, child, above = (shared.Events() for _ in range(4))
        watching = self.client_of(3)
        watching.get(path, watch=data)
        watching.exists(path, watch=exist)
        watching.get_children(path, watch=child)
        watching.get_children(self.top, watch=above)
        self.zk.delete(path)
        for events in (data, exist, child):
            events.wait(("DELETED", path))
        above.wait(("CHILD", self.top))

    def test_a_multi_tells_what_each_of_its_steps_did(self):
        path = self.zk.create(self.at("a"))
        data, child = shared.Events(), shared.Events()
        watching = self.client_of(2)
        watching.get(path, watch=data)
        watching.get_children(self.top, watch=child)
        many = self.zk.transaction()
        many.set_data(path, b"1")
        many.create(self.at("b"))
        many.commit()
        data.wait(("CHANGED", path))
        child.wait(("CHILD", self.top))

    def test_a_failed_read_leaves_no_watch(self):
        events = shared.Events()
        watching = self.client_of(1)
        self.assertRaises(refused.NoNodeError, watching.get, self.at("a"), watch=events)
        self.zk.create(self.at("a"))
        watching.sync("/")
        self.assertEqual(events.seen, [])

    def test_an_event_is_told_before_the_answer_that_shows_the_change(self):
        with RawClient(self.servers[2]) as raw:
            self.assertTrue(raw.connect())
            raw.request(EXISTS, encode_string(self.at("a")) + b"\1")
            raw.create(self.at("a"))
            self.assertEqual(raw.events, [(CREATED, self.at("a"))])

    def test_watches_follow_to_another_server(self):
        """setWatches, as Java's and C's clients send it: what happened meanwhile is told, and the
        rest is armed again. (kazoo tells its watches of the loss instead, and sets them anew.)"""
        for name in ("changed", "deleted", "emptied", "kept", "parent", "quiet", "recreated"):
            self.zk.create(self.at(name))
        self.zk.sync("/")
        seen = self.zk.last_zxid
        self.zk.set(self.at("changed"), b"1")
        for name in ("deleted", "emptied"):
            self.zk.delete(self.at(name))
        self.zk.create(self.at("parent/x"))
        self.zk.create(self.at("made"))
        self.zk.delete(self.at("recreated"))
        self.zk.create(self.at("recreated"))
        self.client_of(2)  # server 2 has it all

        with RawClient(self.servers[2]) as raw:
            self.assertTrue(raw.connect(last_zxid=seen))
            _, error, _ = raw.set_watches(
                seen,
                data=list(map(self.at, ("changed", "deleted", "kept", "recreated"))),
                exist=list(map(self.at, ("made", "later"))),
                child=list(map(self.at, ("emptied", "parent", "quiet"))))
            self.assertEqual(error, 0)
            self.assertEqual(sorted(raw.events), sorted([
                (CHANGED, self.at("changed")), (DELETED, self.at("deleted")),
                (CHANGED, self.at("recreated")), (CREATED, self.at("made")),
                (DELETED, self.at("emptied")), (CHILD, self.at("parent"))]))

            raw.events.clear()
            self.zk.set(self.at("kept"), b"1")
            self.zk.create(self.at("quiet/x"))
            self.zk.create(self.at("later"))
            self.zk.set(self.at("changed"), b"told once already")
            raw.request(SYNC, encode_string("/"))
            self.assertEqual(raw.events, [
                (CHANGED, self.at("kept")), (CHILD, self.at("quiet")), (CREATED, self.at("later"))])

    def test_recipes_of_watches_survive_the_loss_of_their_server(self):
        watching = self.servers.client()
        values, children = [], []
        watching.DataWatch(self.top, lambda data, stat: values.append(data))
        watching.ChildrenWatch(self.top, lambda names: children.append(sorted(names)))
        lost = watching._connection._socket.getpeername()[1]  # pylint: disable=protected-access
        server = next(s for s in self.servers if s.client_port == lost)
        server.stop()
        harness.wait_until(lambda: watching.connected, "the client is at another server")
        self.zk.retry(self.zk.set, self.top, b"after")
        self.zk.retry(self.zk.create, self.at("after"))
        harness.wait_until(lambda: values[-1:] == [b"after"], lambda: f"the data; seen {values}")
        harness.wait_until(lambda: children[-1:] == [["after"]],
                           lambda: f"the children; seen {children}")
        self.servers.start_all()


class Sessions(shared.OnThreeServers):

    def test_a_session_moves_with_its_ephemerals_and_its_password(self):
        moving = self.client_of(1)
        session = moving.client_id
        moving.create(self.at("mine"), ephemeral=True)
        states = []
        moving.add_listener(states.append)
        for number in (2, 3, 1):
            shared.move(moving, self.servers[number])
            self.assertEqual(moving.client_id, session)
            self.assertEqual(moving.exists(self.at("mine")).ephemeralOwner, session[0])
        self.assertNotIn(KazooState.LOST, states)

    def test_close_ends_the_ephemerals_at_once_and_in_one_txn(self):
        going = self.client_of(2, session_s=30)
        for n in range(5):
            going.create(self.at(f"e{n}"), ephemeral=True)
        going.create(self.at("stays"))
        gone = shared.Events()
        self.zk.sync("/")
        self.zk.get(self.at("e0"), watch=gone)
        going.stop()
        gone.wait(("DELETED", self.at("e0")))
        self.zk.sync("/")
        self.assertEqual(self.zk.get_children(self.top), ["stays"])

    def test_a_session_that_nobody_keeps_expires_everywhere(self):
        with RawClient(self.servers[2]) as raw:
            self.assertTrue(raw.connect(timeout_ms=1))
            self.assertEqual(raw.timeout_ms, 1000 * SHORT_S)
            raw.create(self.at("brief"), flags=1)
            raw.create(self.at("lasting"))
            session, password = raw.session, raw.password
            self.zk.sync("/")
            gone = shared.Events()
            self.assertEqual(self.zk.exists(self.at("brief"), watch=gone).ephemeralOwner, session)
            gone.wait(("DELETED", self.at("brief")))
            self.assertTrue(raw.is_closed())
        self.assertEqual(self.zk.get_children(self.top), ["lasting"])
        for server in self.servers:
            with RawClient(server) as late:
                self.assertFalse(late.connect(session=session, password=password))

    def test_pings_keep_a_session(self):
        with RawClient(self.servers[3]) as raw:
            raw.connect(timeout_ms=1)
            raw.create(self.at("mine"), flags=1)
            beats = threading.Event()
            for _ in range(6):
                beats.wait(SHORT_S / 2)
                raw.ping()
            self.zk.sync("/")
            self.assertIsNotNone(self.zk.exists(self.at("mine")))

    def test_the_timeout_is_negotiated_between_two_and_twenty_ticks(self):
        for asked, granted in ((1, 2 * harness.TICK_MS), (3000, 3000),
                               (10 ** 7, 20 * harness.TICK_MS)):
            with RawClient(self.servers[1]) as raw:
                raw.connect(timeout_ms=asked)
                self.assertEqual(raw.timeout_ms, granted)
                raw.request(CLOSE_SESSION)

    def test_a_wrong_password_opens_nothing_and_ends_nothing(self):
        self.zk.create(self.at("mine"), ephemeral=True)
        session, _ = self.zk.client_id
        for number in (1, 2, 3):
            with RawClient(self.servers[number]) as thief:
                try:
                    self.assertFalse(thief.connect(session=session, password=b"x" * 16))
                    self.assertTrue(thief.is_closed())
                except Closed:  # ZooKeeper cuts off either of the two, and then the other
                    self.assertTrue(harness.GENUINE)
        self.assertEqual(self.zk.retry(self.zk.exists, self.at("mine")).ephemeralOwner, session)
        self.assertEqual(self.zk.client_id[0], session)

    def test_a_client_learns_that_its_session_has_expired_and_gets_a_new_one(self):
        zk = self.client_of(1, session_s=SHORT_S)
        first = zk.client_id[0]
        zk.create(self.at("mine"), ephemeral=True)
        states = []
        zk.add_listener(states.append)
        away = threading.Event()
        zk.add_listener(lambda state: away.wait(harness.DEADLINE_S)
                        if state == KazooState.SUSPENDED else None)
        shared.break_connection(zk)
        harness.wait_until(lambda: self.zk.exists(self.at("mine")) is None, "the session expires")
        away.set()
        harness.wait_until(lambda: KazooState.LOST in states and zk.connected,
                           lambda: f"lost and back; it saw {states}")
        self.assertNotEqual(zk.client_id[0], first)

    def test_a_client_that_has_seen_more_is_not_taken_back_in_time(self):
        with RawClient(self.servers[1]) as raw:
            self.assertRaises(Closed, raw.connect, last_zxid=2 ** 62)


class Recipes(shared.OnThreeServers):
    """Each with a client at every server."""

    def setUp(self):
        super().setUp()
        self.three = [self.client_of(number) for number in (1, 2, 3)]

    def all_do(self, work):
        """work(client, index) of each client in a thread; fails with the first failure."""
        failures = []

        def one(index, zk):
            try:
                work(zk, index)
            except Exception as error:  # pylint: disable=broad-except
                failures.append(error)

        threads = [threading.Thread(target=one, args=pair) for pair in enumerate(self.three)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(harness.DEADLINE_S)
            self.assertFalse(thread.is_alive(), "it hangs")
        if failures:
            raise failures[0]

    def test_lock(self):
        inside, most, turns = [], [], []

        def work(zk, index):
            for turn in range(5):
                with zk.Lock(self.at("lock"), str(index)):
                    inside.append(index)
                    most.append(len(inside))
                    turns.append((index, turn))
                    inside.remove(index)

        self.all_do(work)
        self.assertEqual(max(most), 1)
        self.assertEqual(len(turns), 15)
        self.three[0].sync(self.at("lock"))  # the last one to let go may be another server's
        self.assertEqual(self.three[0].Lock(self.at("lock")).contenders(), [])

    def test_a_lock_passes_on_when_its_holder_goes(self):
        holder, waiting, _ = self.three
        self.assertTrue(holder.Lock(self.at("lock")).acquire())
        lock = waiting.Lock(self.at("lock"))
        self.assertFalse(lock.acquire(blocking=False))
        threading.Thread(target=holder.stop).start()
        self.assertTrue(lock.acquire(timeout=harness.DEADLINE_S))

    def test_election(self):
        led = []

        def work(zk, index):
            zk.Election(self.at("election"), str(index)).run(led.append, index)

        self.all_do(work)
        self.assertEqual(sorted(led), [0, 1, 2])

    def test_barrier(self):
        barrier = self.zk.Barrier(self.at("barrier"))
        barrier.create()
        passed = []
        all_were_held = threading.Barrier(3, timeout=harness.DEADLINE_S)

        def work(zk, index):
            zk.sync("/")
            self.assertFalse(zk.Barrier(self.at("barrier")).wait(timeout=0.1))
            all_were_held.wait()
            if index == 0:
                barrier.remove()
            self.assertTrue(zk.Barrier(self.at("barrier")).wait(timeout=harness.DEADLINE_S))
            passed.append(index)

        self.all_do(work)
        self.assertEqual(len(passed), 3)

    def test_double_barrier(self):
        inside = []

        def work(zk, index):
            barrier = zk.DoubleBarrier(self.at("barrier"), 3, str(index))
            barrier.enter()
            inside.append(index)
            barrier.leave()

        self.all_do(work)
        self.assertEqual(sorted(inside), [0, 1, 2])

    def test_queue(self):
        def put(zk, index):
            queue = zk.Queue(self.at("queue"))
            for n in range(10):
                queue.put(f"{index}.{n}".encode())

        taken = []

        def take(zk, _):
            zk.sync("/")
            queue = zk.Queue(self.at("queue"))
            while (found := queue.get()) is not None:
                taken.append(found)

        self.all_do(put)
        self.all_do(take)
        self.assertEqual(sorted(taken), sorted(f"{c}.{n}".encode()
                                               for c in range(3) for n in range(10)))

    def test_counter(self):
        def work(zk, _):
            counter = Counter(zk, self.at("counter"))
            for _ in range(10):
                counter += 1

        self.all_do(work)
        self.zk.sync("/")
        self.assertEqual(Counter(self.zk, self.at("counter")).value, 30)


if __name__ == "__main__":
    harness.main(limit_s=90)
