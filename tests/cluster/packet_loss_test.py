#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Three hosts, each a network namespace, and a wire between them that loses packets.

Needs root's rights, iproute2 and iptables; without them the tests are skipped and say so. All
happens in a namespace of the test's own, which goes with it: nothing of the machine's network is
touched."""

import os
import subprocess
import sys
import unittest

from kazoo.exceptions import KazooException
from kazoo.handlers.threading import KazooTimeoutError

import harness
from harness import Ensemble

NETWORK = "10.77.0"
BRIDGE = "wire"
OF_THE_TEST = 254  # its own place on the wire, from which its clients come
INSIDE = "TROUPE_PACKET_LOSS_INSIDE"
WRITES = 60
SKIPPED = 77  # the exit code that ctest shows as such


def run(*command):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode != 0:
        raise OSError(f"`{' '.join(command)}` ended with {done.returncode}: {done.stdout.strip()}")
    return done.stdout


def address(number):
    return f"{NETWORK}.{number}"


class Host:
    """A namespace with an address on the wire. It lives as long as a process that does nothing."""

    def __init__(self, number):
        self.number = number
        self.keeper = subprocess.Popen(  # pylint: disable=consider-using-with
            ["unshare", "--net", "sleep", "infinity"], preexec_fn=harness.die_with_parent)
        own = os.readlink("/proc/self/ns/net")
        try:
            harness.wait_until(lambda: os.readlink(f"/proc/{self.keeper.pid}/ns/net") != own,
                               "a namespace of its own")
            near, far = f"near{number}", f"far{number}"
            run("ip", "link", "add", near, "type", "veth", "peer", "name", far)
            run("ip", "link", "set", far, "netns", str(self.keeper.pid))
            run("ip", "link", "set", near, "master", BRIDGE, "up")
            self.run("ip", "address", "add", f"{address(number)}/24", "dev", far)
            self.run("ip", "link", "set", far, "up")
            self.run("ip", "link", "set", "lo", "up")
            self.run("iptables", "--list")
        except BaseException:
            self.end()
            raise

    @property
    def within(self):
        return ("nsenter", "--target", str(self.keeper.pid), "--net")

    def run(self, *command):
        return run(*self.within, *command)

    def lose(self, share, chain="INPUT"):
        """That share of the packets from the other hosts, or with OUTPUT to them, is lost. What
        the test itself and its clients say is spared."""
        whom = "--source" if chain == "INPUT" else "--destination"
        self.run("iptables", "--append", chain, "!", whom, address(OF_THE_TEST),
                 "--match", "statistic", "--mode", "random", "--probability", str(share),
                 "--jump", "DROP")

    def lost(self):
        """How many packets were, since the last heal()."""
        rules = [line.split() for line in
                 self.run("iptables", "--list", "--verbose", "--exact", "--numeric").splitlines()]
        return sum(int(rule[0]) for rule in rules if "DROP" in rule[2:3])

    def heal(self):
        self.run("iptables", "--flush")

    def end(self):
        # The kernel takes the namespace away in its own time; the wire's end is to be gone now.
        subprocess.run(["ip", "link", "delete", f"near{self.number}"], check=False,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.keeper.kill()
        self.keeper.wait()


class PacketLoss(unittest.TestCase):

    def setUp(self):
        self.acknowledged = {}  # path -> data
        self.hosts = []
        for number in (1, 2, 3):
            self.hosts.append(Host(number))
            self.addCleanup(self.hosts[-1].end)

    def ensemble(self):
        return Ensemble(3, places=[harness.Place(address(h.number), h.within)
                                   for h in self.hosts])

    def write(self, ensemble, name, begun=lambda: None, limit_s=None):
        """Through each server in turn, over connections that stand before begun() is called. What
        fails or takes longer than the limit may have happened or not; without one nothing may."""
        clients = [s.client() for s in ensemble]
        begun()
        for n in range(WRITES):
            path, data = f"/{name}-{n}", f"{name} {n}".encode()
            try:
                clients[n % 3].create_async(path, data).get(timeout=limit_s or harness.DEADLINE_S)
                self.acknowledged[path] = data
            except (KazooException, KazooTimeoutError):
                if limit_s is None:
                    raise
        for s in ensemble:
            s.close_clients()

    def lose_from_all(self, share):
        for host in self.hosts:
            host.lose(share)

    def heal_all(self):
        for host in self.hosts:
            self.assertGreater(host.lost(), 0, f"packets to host {host.number}")
            host.heal()

    def expect_all_written(self, ensemble):
        held = harness.assert_same_trees(ensemble)
        for path, data in self.acknowledged.items():
            self.assertIn(path, held)
            self.assertEqual(held[path][0], data, path)

    def test_some_packets_are_lost_and_no_write(self):
        with self.ensemble() as e:
            e.start_all()
            self.lose_from_all(0.1)
            self.write(e, "some")
            self.heal_all()
            self.assertEqual(len(self.acknowledged), WRITES)
            self.expect_all_written(e)

    def test_most_packets_are_lost_and_nothing_acknowledged(self):
        with self.ensemble() as e:
            e.start_all()
            self.write(e, "meanwhile", begun=lambda: self.lose_from_all(0.7), limit_s=0.5)
            self.heal_all()
            e.wait_serving()
            self.write(e, "after")
            self.expect_all_written(e)

    def test_a_leader_that_hears_and_is_not_heard_is_replaced(self):
        with self.ensemble() as e:
            old = e.start_all()
            self.write(e, "before")
            host = self.hosts[old.id - 1]
            host.lose(1, chain="OUTPUT")
            others = [s for s in e if s is not old]
            harness.wait_until(lambda: "leader" in [s.mode() for s in others],
                               lambda: f"one of the others leads; they are {e.roles()}")
            harness.wait_until(lambda: old.mode() is None,
                               lambda: f"{old} does not serve; it says {old.mode()}")
            self.assertGreater(host.lost(), 0)
            host.heal()
            new = e.wait_serving()
            self.assertIsNot(new, old, "who leads is not replaced by who comes back")
            self.write(e, "after")
            self.expect_all_written(e)


def why_not():
    """What keeps the tests from having namespaces of their own; None when nothing does."""
    try:
        run("ip", "link", "set", "lo", "up")
        run("ip", "link", "add", BRIDGE, "type", "bridge")
        run("ip", "address", "add", f"{address(OF_THE_TEST)}/24", "dev", BRIDGE)
        run("ip", "link", "set", BRIDGE, "up")
        host = Host(1)
        try:
            host.lose(0.5)
            host.heal()
        finally:
            host.end()
    except (OSError, AssertionError) as error:
        return str(error)
    return None


if __name__ == "__main__":
    if os.environ.get(INSIDE) is None:
        try:
            run("unshare", "--net", "true")
        except OSError as error:
            print(f"skipped: no network namespace can be made: {error}")
            sys.exit(SKIPPED)
        os.execvpe("unshare", ["unshare", "--net", sys.executable, *sys.argv],
                   {**os.environ, INSIDE: "1"})
    if reason := why_not():
        print(f"skipped: {reason}")
        sys.exit(SKIPPED)
    harness.main(limit_s=180)
