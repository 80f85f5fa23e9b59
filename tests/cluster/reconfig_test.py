# SPDX-License-Identifier: Apache-2.0
"""The servers of a running ensemble change while a client writes: nothing that was acknowledged is
lost, and there is no error that a retry does not heal (zookeeperReconfig.md; ReconfigTest,
ReconfigRecoveryTest and ReconfigFailureCasesTest of ZooKeeper).
"""

import os
import shutil
import threading
import time
import unittest

from kazoo.exceptions import (BadArgumentsError, BadVersionError, ConnectionLoss,
                              NewConfigNoQuorumError, NoAuthError, NodeExistsError,
                              OperationTimeoutError, ReconfigInProcessError, SessionExpiredError)
from kazoo.handlers.threading import KazooTimeoutError

from harness import (DEADLINE_S, GENUINE, HOST, Ensemble, connect, four_letter, free_ports, main,
                     wait_until)

PASSWORD = "super:test"
DIGEST = "super:D/InIHSb7yEEbrWz8b9l71RjZJU="
PASSING = (ConnectionLoss, OperationTimeoutError, SessionExpiredError, KazooTimeoutError)


def line(server, role="participant"):
    return (f"server.{server.id}={HOST}:{server.peer_port}:{server.election_port}:{role};"
            f"{HOST}:{server.client_port}")


class Growing(Ensemble):
    """Servers whose zoo.cfg names the members of the time when they join."""

    def __init__(self, servers, first, **config):
        super().__init__(servers, standaloneEnabled="false", reconfigEnabled="true",
                         **{"DigestAuthenticationProvider.superDigest": DIGEST}, **config)
        for s in self:
            with open(s.config, encoding="ascii") as f:
                s.common = [x for x in f.read().splitlines()
                            if not x.startswith(("server.", "clientPort"))]
        for s in self:
            self.write_members(s, first)

    def write_members(self, server, numbers):
        with open(server.config, "w", encoding="ascii") as f:
            f.write("\n".join(server.common + [line(self[n]) for n in numbers]) + "\n")

    def admin(self, *numbers):
        """A client that may change the servers."""
        return connect(",".join(self[n].address for n in numbers), self.clients,
                       auth_data=[("digest", PASSWORD)])


def retried(ask, deadline_s=DEADLINE_S):
    """What an operator does: once more, until it is done."""
    end = time.monotonic() + deadline_s
    while True:
        try:
            return ask()
        except (NewConfigNoQuorumError, ReconfigInProcessError) + PASSING:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def members_of(text):
    return sorted(int(x.split("=")[0][7:]) for x in text.decode().splitlines()
                  if x.startswith("server."))


def version_of(text):
    return int(text.decode().splitlines()[-1].split("=")[1], 16)


class Writer:
    """Creates /w/0, /w/1, ... and knows which were acknowledged."""

    def __init__(self, zk):
        self.zk = zk
        self.acknowledged = []
        self.errors = []
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        retried(lambda: zk.ensure_path("/w"))
        self.thread.start()

    def run(self):
        n = 0
        while not self.ending.is_set():
            try:
                self.zk.create_async(f"/w/{n}", str(n).encode()).get(timeout=5)
            except NodeExistsError:
                pass  # by a try whose answer was lost
            except PASSING:
                time.sleep(0.02)
                continue
            except Exception as error:  # pylint: disable=broad-except
                self.errors.append(repr(error))
                return
            self.acknowledged.append(n)
            n += 1

    def goes_on(self, more=10):
        seen = len(self.acknowledged)
        wait_until(lambda: len(self.acknowledged) >= seen + more or self.errors,
                   lambda: f"{more} more writes; {len(self.acknowledged) - seen} came")
        assert not self.errors, self.errors

    def end(self):
        self.ending.set()
        self.thread.join(DEADLINE_S)
        assert not self.errors, self.errors
        return self.acknowledged


class ReconfigTest(unittest.TestCase):

    def join(self, e, admin, number, present):
        """Starts a server beside the present ones and makes it a voter."""
        joiner = e[number]
        e.write_members(joiner, present + [number])
        joiner.start()
        wait_until(lambda: joiner.mode() == "follower", lambda: f"{joiner} follows: {e.roles()}")
        text, _ = retried(lambda: admin.reconfig(joining=line(joiner), leaving=None,
                                                 new_members=None))
        self.assertEqual(members_of(text), sorted(present + [number]))

    def leave(self, admin, number):
        text, _ = retried(lambda: admin.reconfig(joining=None, leaving=str(number),
                                                 new_members=None))
        self.assertNotIn(number, members_of(text))

    def check_writes(self, e, acknowledged, numbers):
        for n in numbers:
            zk = e[n].client()
            zk.sync("/w")
            held = set(map(int, zk.get_children("/w")))
            self.assertEqual(sorted(set(acknowledged) - held), [], f"lost at {e[n]}")

    def test_ensemble_grows_from_one_to_five_and_shrinks_to_three_while_a_client_writes(self):
        with Growing(5, [1]) as e:
            e.start(1)
            wait_until(lambda: e[1].mode() == "leader", "one server leads")
            admin = e.admin(1)
            writer = Writer(e.client())
            for number in (2, 3, 4, 5):
                self.join(e, admin, number, list(range(1, number)))
                writer.goes_on()
            e.wait_serving()
            # Any two may be lost now.
            e[1].kill()
            e[2].kill()
            writer.goes_on()
            e.start(1, 2)
            e.wait_serving()
            admin = e.admin(3, 4, 5)
            for number in (1, 2):
                self.leave(admin, number)
                writer.goes_on()
            e[1].stop()
            e[2].stop()
            writer.goes_on()
            self.check_writes(e, writer.end(), [3, 4, 5])

    def test_leader_that_is_removed_hands_over_and_follows_without_a_vote(self):
        with Growing(3, [1, 2, 3]) as e:
            leader = e.start_all()
            writer = Writer(e.client())
            others = [s.id for s in e if s is not leader]
            admin = e.admin(*others)
            self.leave(admin, leader.id)
            writer.goes_on()
            e.wait_roles({leader.id: "follower"})
            self.assertIn("leader", [e[n].mode() for n in others])
            # It may go for good, and no vote of it is missed.
            leader.kill()
            writer.goes_on()
            self.check_writes(e, writer.end(), others)

    def test_removed_server_is_added_again(self):
        with Growing(3, [1, 2, 3]) as e:
            leader = e.start_all()
            gone = next(s for s in e if s is not leader)
            admin = e.admin(leader.id)
            self.leave(admin, gone.id)
            text, _ = retried(lambda: admin.reconfig(joining=line(gone), leaving=None,
                                                     new_members=None))
            self.assertEqual(members_of(text), [1, 2, 3])
            e[next(s.id for s in e if s not in (leader, gone))].kill()
            admin.create("/needs-the-third")

    def test_server_moves_to_other_ports_while_it_runs(self):
        """ReconfigTest.testPortChange, for all three ports."""
        with Growing(3, [1, 2, 3]) as e:
            leader = e.start_all()
            others = [s for s in e if s is not leader]
            moved = others[0]
            admin = e.admin(leader.id)
            there_before = moved.client()
            old_client_port = moved.client_port
            moved.client_port, moved.peer_port, moved.election_port = free_ports(3)
            text, _ = retried(lambda: admin.reconfig(joining=line(moved), leaving=None,
                                                     new_members=None))
            self.assertIn(line(moved).encode(), text)
            wait_until(lambda: moved.mode() == "follower", "it serves at its new client port")
            wait_until(lambda: four_letter(old_client_port, "ruok", 1) == "",
                       "and no longer at the old one")
            there_before.create("/still-there")
            self.assertIn(line(moved), four_letter(moved.client_port, "conf"))
            # Whoever starts now finds it at the new ports, and a leader is elected over them.
            leader.kill()
            wait_until(lambda: sorted(filter(None, (s.mode() for s in others))) ==
                       ["follower", "leader"], lambda: f"the two go on: {e.roles()}")
            others[1].client().create("/after")
            leader.start()
            e.wait_serving()
            moved.stop()
            moved.start()
            e.wait_serving()
            self.assertTrue(moved.client().exists("/after"))

    def test_participant_becomes_observer_and_back(self):
        with Growing(4, [1, 2, 3, 4]) as e:
            leader = e.start_all()
            changed = next(s for s in e if s is not leader)
            admin = e.admin(leader.id)
            retried(lambda: admin.reconfig(joining=line(changed, "observer"), leaving=None,
                                           new_members=None))
            e.wait_roles({changed.id: "observer"})
            retried(lambda: admin.reconfig(joining=line(changed), leaving=None, new_members=None))
            e.wait_roles({changed.id: "follower"})

    def test_files_hold_the_new_list_and_a_restart_of_all_finds_it(self):
        with Growing(3, [1, 2]) as e:
            e.start(1, 2)
            wait_until(lambda: e[1].mode() and e[2].mode(), "two servers serve")
            admin = e.admin(1, 2)
            self.join(e, admin, 3, [1, 2])
            text, stat = admin.get("/zookeeper/config")
            self.assertEqual(stat.version, -1)
            self.assertEqual(stat.last_modified_transaction_id, version_of(text))
            for s in e:
                pointed = wait_until(lambda s=s: self.dynamic_file_of(s, version_of(text)),
                                     f"{s} has the new list in its files")
                with open(pointed, encoding="ascii") as f:
                    self.assertEqual(len(f.read().splitlines()), 3)
                self.assertTrue(os.path.exists(s.config + ".bak"))
            for s in e:
                s.stop()
            e.start_all()
            again, _ = e.client().get("/zookeeper/config")
            self.assertEqual(members_of(again), [1, 2, 3])

    def test_copied_directories_belong_to_the_servers_that_the_new_files_name(self):
        """A backup that is brought up elsewhere, or a move to other ports with all servers down."""
        with Growing(3, [1, 2, 3]) as old:
            old.start_all()
            writer = Writer(old.client())
            writer.goes_on()
            retried(lambda: old.admin(1).reconfig(joining=None, leaving="3", new_members=None))
            acknowledged = writer.end()
            for s in old:
                s.stop()
            with Growing(3, [1, 2, 3]) as new:
                for s in new:
                    shutil.rmtree(os.path.join(s.data, "version-2"), ignore_errors=True)
                    shutil.copytree(os.path.join(old[s.id].data, "version-2"),
                                    os.path.join(s.data, "version-2"))
                new.start_all()
                self.check_writes(new, acknowledged, [1, 2, 3])
                text, _ = new.client().get("/zookeeper/config")
                self.assertEqual(members_of(text), [1, 2, 3])
                self.assertIn(f":{new[1].peer_port}:".encode(), text)

    def dynamic_file_of(self, server, version):
        with open(server.config, encoding="ascii") as f:
            lines = f.read().splitlines()
        self.assertFalse(any(x.startswith("server.") for x in lines) and GENUINE)
        pointed = [x.split("=", 1)[1] for x in lines if x.startswith("dynamicConfigFile=")]
        return pointed[0] if pointed and pointed[0].endswith(f"{version:x}") else None

    def test_errors_are_zookeepers(self):
        with Growing(5, [1, 2, 3]) as e:
            e.start(1, 2, 3)
            wait_until(lambda: all(e[n].mode() for n in (1, 2, 3)), "three servers serve")
            anybody = e.client()
            admin = e.admin(1, 2, 3)
            text, _ = anybody.get("/zookeeper/config")
            self.assertEqual(members_of(text), [1, 2, 3])
            with self.assertRaises(NoAuthError):
                anybody.reconfig(joining=None, leaving="3", new_members=None)
            with self.assertRaises(BadVersionError):
                admin.reconfig(joining=None, leaving="3", new_members=None,
                               from_config=version_of(text) + 1)
            with self.assertRaises(BadArgumentsError):
                admin.reconfig(joining="some thing", leaving=None, new_members=None)
            with self.assertRaises(BadArgumentsError):
                admin.reconfig(joining=None, leaving="1,2,3", new_members=None)
            with self.assertRaises(NewConfigNoQuorumError):  # 4 and 5 do not run
                admin.reconfig(joining=None, leaving=None,
                               new_members=",".join(line(e[n]) for n in (1, 4, 5)))
            self.assertEqual(anybody.get("/zookeeper/config")[0], text)

    def test_minority_changes_nothing(self):
        with Growing(3, [1, 2, 3]) as e:
            leader = e.start_all()
            admin = e.admin(leader.id)
            for s in e:
                if s is not leader:
                    s.pause()
            with self.assertRaises(PASSING + (NewConfigNoQuorumError,)):
                admin.reconfig_async(joining=None, leaving=",".join(
                    str(s.id) for s in e if s is not leader), new_members=None,
                    from_config=-1).get(timeout=6)
            for s in e:
                if s is not leader:
                    s.resume()
            e.wait_serving()
            text, _ = e.client().get("/zookeeper/config")
            # What was proposed may have become the list once the others were back; else not.
            self.assertIn(members_of(text), ([1, 2, 3], [leader.id]))

    def test_joiner_with_a_mistake_in_its_list_joins_all_the_same(self):
        with Growing(4, [1, 2, 3]) as e:
            e.start(1, 2, 3)
            wait_until(lambda: all(e[n].mode() for n in (1, 2, 3)), "three servers serve")
            admin = e.admin(1, 2, 3)
            wrong = line(e[2]).replace(str(e[2].election_port), "1")
            with open(e[4].config, "w", encoding="ascii") as f:
                f.write("\n".join(e[4].common + [line(e[1]), wrong, line(e[3]), line(e[4])]) + "\n")
            e[4].start()
            wait_until(lambda: e[4].mode() == "follower", lambda: f"it follows: {e.roles()}")
            text, _ = retried(lambda: admin.reconfig(joining=line(e[4]), leaving=None,
                                                     new_members=None))
            self.assertEqual(members_of(text), [1, 2, 3, 4])

    @unittest.skipIf(GENUINE, "our own word")
    def test_status_tells_of_a_reconfig_that_waits_for_a_quorum(self):
        with Growing(3, [1, 2, 3], syncLimit=20) as e:
            leader = e.start_all()
            admin = e.admin(leader.id)
            others = [s for s in e if s is not leader]
            for s in others:
                s.pause()
            asked = admin.reconfig_async(joining=None, leaving=str(others[0].id), new_members=None,
                                         from_config=-1)
            wait_until(lambda: "Reconfig under way" in four_letter(leader.client_port, "whys"),
                       lambda: "status says so; the client " +
                       (f"was told {asked.exception!r}" if asked.ready() else "waits"))
            for s in others:
                s.resume()
            wait_until(lambda: "Reconfig under way" not in four_letter(leader.client_port, "whys"),
                       "status says that it is over")


if __name__ == "__main__":
    main(limit_s=300)
