# SPDX-License-Identifier: Apache-2.0
"""zoo.cfg files that say the same servers in different words, as container images write them, and
files that are changed one restart at a time, without reconfig.
"""

import glob
import os
import socket
import unittest

from kazoo.exceptions import ConnectionLoss, OperationTimeoutError, SessionExpiredError

from harness import (DEADLINE_S, GENUINE, HOST, Ensemble, connect, four_letter, free_ports, main,
                     wait_until)

NAMES = ("127.0.0.1", "localhost", "LocalHost", "LOCALHOST")
PASSING = (ConnectionLoss, OperationTimeoutError, SessionExpiredError)


class Lists(Ensemble):
    """Each server has a list of its own words."""

    def __init__(self, count, **config):
        super().__init__(count, **config)
        for s in self:
            with open(s.config, encoding="ascii") as f:
                s.common = [x for x in f.read().splitlines() if not x.startswith("server.")]

    def line(self, server, host):
        return f"server.{server.id}={host}:{server.peer_port}:{server.election_port}"

    def write_list(self, of, numbers, own="0.0.0.0"):
        lines = [self.line(self[n], own if n == of.id else NAMES[(n + of.id) % len(NAMES)])
                 for n in numbers]
        with open(of.config, "w", encoding="ascii") as f:
            f.write("\n".join(of.common + lines) + "\n")

    def restart(self, number):
        self[number].stop()
        self[number].start()

    def wait_serving_all(self, numbers):
        def serving():
            modes = [self[n].mode() for n in numbers]
            return modes.count("leader") == 1 and modes.count("follower") == len(numbers) - 1
        wait_until(serving, lambda: f"one leads and all others follow: {self.roles()}")


def written(zk, path, value):
    """As a client does it that may lose its connection."""
    def attempt():
        try:
            zk.ensure_path(path)
            zk.set(path, value)
            return True
        except PASSING:
            return False
    wait_until(attempt, f"{path} is written")


class ServerListsTest(unittest.TestCase):

    def test_each_names_itself_by_the_wildcard(self):
        with Lists(3) as servers:
            for s in servers:
                servers.write_list(s, (1, 2, 3))
            servers.start_all()
            zk = servers.client()
            zk.create("/a", b"x")
            self.assertEqual(servers[1].client().get("/a")[0], b"x")
            if GENUINE:
                return
            for s in servers:
                self.assertIn(f"Server address differs: server.{s.id % 3 + 1}: ours ",
                              s.ask("whys"))
                code, said = s.status()
                self.assertEqual(code, 0, said)
                self.assertIn("Server address differs", said)
                told = s.log_text().count("server_address_differs")
                self.assertTrue(0 < told <= 16, f"{told} lines")
                self.assertNotIn("server_list_differs", s.log_text())

    def test_from_three_to_four_and_to_another_port_one_restart_at_a_time(self):
        with Lists(4) as servers:
            for n in (1, 2, 3):
                servers.write_list(servers[n], (1, 2, 3))
                servers[n].start()
            servers.wait_serving_all((1, 2, 3))
            zk = connect(",".join(s.address for s in servers), servers.clients)
            written(zk, "/a", b"three")

            servers.write_list(servers[4], (1, 2, 3, 4))
            servers[4].start()
            wait_until(lambda: servers[4].mode() == "follower", "the fourth follows")
            if not GENUINE:
                self.assertIn("Server list under change", servers[4].ask("whys"))
                self.assertIn("Not listed: server.1", servers[4].ask("whys"))
                self.assertIn("server_not_listed", servers[4].log_text())
            for n in (1, 2, 3):
                servers.write_list(servers[n], (1, 2, 3, 4))
                servers.restart(n)
                wait_until(lambda: servers[n].mode() in ("follower", "leader"),
                           f"server {n} is back")
                written(zk, "/a", b"server %d" % n)
            servers.wait_serving_all((1, 2, 3, 4))
            for s in servers:
                self.assertNotIn("Server list", s.ask("whys"))

            # Four, so that three are a quorum: without any one of them.
            servers[1].stop()
            servers.wait_serving_all((2, 3, 4))
            written(zk, "/a", b"without 1")
            servers[1].peer_port, servers[1].election_port = free_ports(2)
            servers.write_list(servers[1], (1, 2, 3, 4))
            servers[1].start()
            wait_until(lambda: servers[1].mode() == "follower", "1 follows from its new ports")
            for n in (2, 3, 4):
                servers.write_list(servers[n], (1, 2, 3, 4))
                servers.restart(n)
                wait_until(lambda: servers[n].mode() in ("follower", "leader"),
                           f"server {n} is back")
            servers.wait_serving_all((1, 2, 3, 4))
            self.assertEqual(servers[1].client().get("/a")[0], b"without 1")

    @unittest.skipIf(GENUINE, "ZooKeeper lets two such lists elect apart from each other")
    def test_two_voters_more_at_once_are_refused_with_the_line_and_what_to_do(self):
        with Lists(5) as servers:
            for n in (1, 2, 3):
                servers.write_list(servers[n], (1, 2, 3))
                servers[n].start()
            servers.wait_serving_all((1, 2, 3))
            servers.write_list(servers[5], (1, 2, 3, 4, 5))
            servers[5].start()
            wait_until(lambda: "Server list differs: server.1" in servers[5].ask("whys"),
                       lambda: f"5 says why it does not join: {servers[5].ask('whys')}")
            self.assertIn("Not listed: server.2", servers[5].ask("whys"))
            self.assertIsNone(servers[5].mode())
            wait_until(lambda: "Server list differs: server.5" in servers[1].ask("whys"),
                       "and so does 1")

    @unittest.skipIf(GENUINE, "ZooKeeper's followers keep the wildcard as their leader's address")
    def test_with_reconfig_nobody_keeps_a_wildcard_as_the_address_of_another(self):
        with Lists(3, reconfigEnabled="true") as servers:
            for s in servers:
                servers.write_list(s, (1, 2, 3))
            servers.start_all()
            servers.client().create("/a", b"x")
            wait_until(lambda: all(glob.glob(s.config + ".dynamic.*") for s in servers),
                       "the list is in everybody's files")
            for s in servers:
                with open(max(glob.glob(s.config + ".dynamic.*")), encoding="ascii") as f:
                    for line in f.read().splitlines():
                        own = line.startswith(f"server.{s.id}=")
                        self.assertEqual("=0.0.0.0:" in line, own, f"{s}: {line}")
            for s in servers:
                s.stop()
            servers.start_all()
            self.assertEqual(servers.client().get("/a")[0], b"x")


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
        return True
    except OSError:
        return False


class AddressesTest(unittest.TestCase):

    def standalone(self, *lines):
        ensemble = Ensemble(1)
        server = ensemble[1]
        with open(server.config, encoding="ascii") as f:
            kept = [x for x in f.read().splitlines() if not x.startswith("clientPortAddress")]
        with open(server.config, "w", encoding="ascii") as f:
            f.write("\n".join(kept + list(lines)) + "\n")
        return ensemble

    @unittest.skipUnless(has_ipv6(), "this host has no IPv6")
    def test_port_without_an_address_or_with_a_wildcard_is_of_both_kinds(self):
        for lines in ([], ["clientPortAddress=0.0.0.0"], ["clientPortAddress=[::]"]):
            with self.standalone(*lines) as ensemble:
                ensemble.start_all()
                server = ensemble[1]
                for host in ("127.0.0.1", "::1"):
                    self.assertEqual(four_letter(server.client_port, "ruok", host=host), "imok",
                                     f"{lines} at {host}")
                if not GENUINE:
                    self.assertIn(" /127.0.0.1:", four_letter(server.client_port, "cons"))

    @unittest.skipUnless(has_ipv6(), "this host has no IPv6")
    def test_address_in_brackets_is_listened_on_alone(self):
        with self.standalone("clientPortAddress=[::1]") as ensemble:
            server = ensemble[1]
            server.start()
            wait_until(lambda: four_letter(server.client_port, "ruok", host="::1") == "imok",
                       "it answers at ::1")
            self.assertEqual(four_letter(server.client_port, "ruok"), "")

    @unittest.skipUnless(has_ipv6(), "this host has no IPv6")
    def test_ensemble_of_ipv6_servers(self):
        with Lists(3) as servers:
            for s in servers:
                s.common = [x for x in s.common if not x.startswith("clientPort")]
                s.host = "::1"
            for s in servers:
                lines = [f"server.{x.id}=[::1]:{x.peer_port}:{x.election_port};[::]:{x.client_port}"
                         for x in servers]
                with open(s.config, "w", encoding="ascii") as f:
                    f.write("\n".join(s.common + lines) + "\n")
            servers.start_all()
            cli = os.path.join(os.path.dirname(os.environ.get("ACTOR_NODE", "")) or
                               "build/release/bin", "actor-cli")
            if os.access(cli, os.X_OK):
                import subprocess  # pylint: disable=import-outside-toplevel
                for where in (f"[::1]:{servers[1].client_port}",
                              f" {HOST}:{servers[2].client_port} "):
                    done = subprocess.run([cli, "-server", where, "ls", "/"], text=True,
                                          capture_output=True, check=False, timeout=DEADLINE_S)
                    self.assertIn("[zookeeper]", done.stdout, f"{where}: {done}")

    @unittest.skipIf(GENUINE, "its words are Java's")
    def test_port_that_is_taken_is_told_in_plain_words(self):
        with Lists(3) as servers:
            for s in servers:
                servers.write_list(s, (1, 2, 3))
            with socket.socket() as taken:
                taken.bind(("0.0.0.0", servers[1].election_port))
                taken.listen()
                servers[1].start()
                self.assertNotEqual(servers[1].exit_code(), 0)
                text = servers[1].log_text()
                self.assertIn(f"election port {servers[1].election_port} of server.1", text)
                self.assertIn("in use by process", text)
                self.assertNotIn("cannot_open_port", text)


if __name__ == "__main__":
    main(limit_s=300)
