#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The four-letter words that probes and monitoring read: the lines and fields of ZooKeeper's, with
values that follow what clients do."""

import re
import unittest

import shared
from shared import harness
from raw_client import RawClient, encode_string

SRVR = r"""Zookeeper version: \d+\.\d+\.\d+-\S+, built on \d{{4}}-\d\d-\d\d \d\d:\d\d UTC
{clients}Latency min/avg/max: \d+/\d+\.\d+/\d+
Received: \d+
Sent: \d+
Connections: \d+
Outstanding: \d+
Zxid: 0x[0-9a-f]+
Mode: {mode}
Node count: \d+
{proposals}"""
CLIENTS = r"""Clients:
( /127\.0\.0\.1:\d+\[\d\]\(queued=\d+,recved=\d+,sent=\d+\)
)+
"""
PROPOSALS = r"""Proposal sizes last/min/max: \d+/\d+/\d+
"""

# What the administrator's guide lists, and of which kind it is.
NUMBERS = """max_latency min_latency packets_received packets_sent num_alive_connections
    outstanding_requests uptime znode_count watch_count ephemerals_count approximate_data_size
    open_file_descriptor_count max_file_descriptor_count global_sessions local_sessions
    last_client_response_size min_client_response_size max_client_response_size
    auth_failed_count quorum_size""".split()
LEADERS_NUMBERS = """learners synced_followers synced_non_voting_followers synced_observers
    pending_syncs leader_uptime last_proposal_size min_proposal_size max_proposal_size""".split()
DECIMALS = "avg_latency connection_drop_probability".split()


class FourLetterWords(shared.OnThreeServers):

    def ask(self, server, word):
        return harness.four_letter(server.client_port, word)

    def figures(self, server):
        lines = self.ask(server, "mntr").splitlines()
        return dict(line.removeprefix("zk_").split("\t", 1) for line in lines)

    def test_ruok_and_isro(self):
        for server in self.servers:
            self.assertEqual(self.ask(server, "ruok"), "imok")
            self.assertEqual(self.ask(server, "isro"), "rw")

    def test_srvr_and_stat_line_by_line(self):
        for server in self.servers:
            mode = server.mode()
            self.assertIn(mode, ("leader", "follower"))
            proposals = PROPOSALS if mode == "leader" else ""
            for word, clients in (("srvr", ""), ("stat", CLIENTS)):
                pattern = SRVR.format(clients=clients, mode=mode, proposals=proposals)
                answer = self.ask(server, word)
                self.assertIsNotNone(re.fullmatch(pattern, answer), f"{word}: {answer}")

    def test_mntr_has_each_documented_figure(self):
        for server in self.servers:
            found = self.figures(server)
            leads = server.mode() == "leader"
            self.assertEqual(found["server_state"], server.mode())
            self.assertEqual(found["peer_state"],
                             ("leading" if leads else "following") + " - broadcast")
            for name in NUMBERS + (LEADERS_NUMBERS if leads else []):
                self.assertRegex(found[name], r"^-?\d+$", name)
            for name in DECIMALS:
                self.assertRegex(found[name], r"^\d+\.\d+(E-?\d+)?$", name)
            if not leads:
                self.assertEqual([name for name in LEADERS_NUMBERS if name in found], [])
            self.assertEqual(found["quorum_size"], "3")

    def test_the_leader_counts_who_follows(self):
        leader = next(s for s in self.servers if s.mode() == "leader")
        found = self.figures(leader)
        self.assertEqual((found["learners"], found["synced_followers"], found["synced_observers"]),
                         ("2", "2", "0"))
        self.assertLessEqual(int(found["leader_uptime"]), 1000 * harness.DEADLINE_S)

    def test_figures_follow_what_clients_do(self):
        server = self.servers[2]
        server.close_clients()
        before = {name: int(self.figures(server)[name]) for name in NUMBERS}
        with RawClient(server) as raw:
            raw.connect()
            raw.create(self.at("a"), b"x" * 100)
            raw.create(self.at("e"), flags=1)
            raw.request(4, encode_string(self.at("a")) + b"\1")  # getData, with a watch
            after = {name: int(self.figures(server)[name]) for name in NUMBERS}
        size = 16 + 4 + 100 + 68  # header, data, stat
        self.assertEqual(after["last_client_response_size"], size)
        self.assertGreaterEqual(after["max_client_response_size"], size)
        self.assertLess(after["min_client_response_size"], size)
        for name, more in (("znode_count", 2), ("ephemerals_count", 1), ("watch_count", 1),
                           ("num_alive_connections", 1), ("global_sessions", 1)):
            self.assertEqual(after[name] - before[name], more, name)
        self.assertGreaterEqual(after["packets_received"] - before["packets_received"], 3)
        self.assertGreaterEqual(after["packets_sent"] - before["packets_sent"], 3)
        self.assertGreaterEqual(after["approximate_data_size"] - before["approximate_data_size"],
                                100)

    def line_of(self, server, raw):
        """The line of a raw client's connection in the answer to `cons`, as a dictionary."""
        port = raw.socket.getsockname()[1]
        line = next(x for x in self.ask(server, "cons").splitlines() if f":{port}[" in x)
        return dict(pair.split("=") for pair in re.search(r"\((.*)\)", line)[1].split(","))

    def test_cons_follows_what_a_connection_does_and_crst_begins_anew(self):
        server = self.servers[2]
        with RawClient(server) as raw:
            raw.connect()
            self.assertEqual(self.line_of(server, raw)["lop"], "SESS")
            raw.create(self.at("a"), b"x")
            created = self.line_of(server, raw)
            self.assertEqual((created["lop"], created["recved"], created["sent"]),
                             ("CREA", "2", "2"))
            self.assertGreaterEqual(int(created["maxlat"]), int(created["minlat"]))
            raw.request(4, encode_string(self.at("a")) + b"\1")  # getData, with a watch
            self.assertEqual(self.line_of(server, raw)["lop"], "GETD")
            self.zk.set(self.at("a"), b"y")
            harness.wait_until(lambda: self.line_of(server, raw)["sent"] == "4", "the event counts")
            self.assertEqual(self.ask(server, "crst"), "Connection stats reset.\n")
            reset = self.line_of(server, raw)
            self.assertEqual((reset["lop"], reset["recved"], reset["sent"], reset["lzxid"]),
                             ("NA", "0", "0", "0xffffffffffffffff"))
            self.assertNotIn("lcxid", reset)

    def test_watches_are_told_by_path_and_by_session(self):
        server = self.servers[1]
        server.close_clients()
        zk = self.client_of(1)
        path = self.at("watched")
        zk.create(path)
        zk.get(path, watch=lambda _: None)
        session = f"0x{zk.client_id[0]:x}"
        self.assertEqual(self.ask(server, "wchp"), f"{path}\n\t{session}\n\n")
        self.assertEqual(self.ask(server, "wchc"), f"{session}\n\t{path}\n\n")
        self.assertEqual(self.ask(server, "wchs"),
                         "1 connections watching 1 paths\nTotal watches:1\n")

    def test_dump_names_sessions_and_their_ephemerals(self):
        path = self.at("e")
        self.zk.create(path, ephemeral=True)
        session = f"0x{self.zk.client_id[0]:x}"
        for server in self.servers:
            server.client().sync("/")
            text = self.ask(server, "dump")
            self.assertIn(f"\n{session}:\n\t{path}\n", text)
            leads = server.mode() == "leader"
            self.assertIn(f"\n\t{session}\n" if leads else f"\n{session}\t8000ms\n", text)

    def test_srst_begins_the_servers_figures_anew(self):
        leader = next(s for s in self.servers if s.mode() == "leader")
        self.zk.create(self.at("a"), b"x")
        self.assertEqual(self.ask(leader, "srst"), "Server stats reset.\n")
        found = self.figures(leader)
        self.assertLessEqual(int(found["packets_received"]), 10)
        self.assertEqual(found["max_proposal_size"], "-1")


class Limits(unittest.TestCase):
    """maxCnxns and maxClientCnxns: a connection too many is closed, and those before it stay."""

    def connections_beyond(self, **limit):
        with harness.Ensemble(1, **limit) as servers:
            servers.start_all()
            with RawClient(servers[1]) as first, RawClient(servers[1]) as second:
                first.connect()
                second.connect()
                with RawClient(servers[1]) as third:
                    self.assertTrue(third.is_closed())
                self.assertEqual(first.create("/still-served")[1], 0)

    def test_of_all_addresses(self):
        self.connections_beyond(maxCnxns=2, maxClientCnxns=0)

    def test_of_one_address(self):
        self.connections_beyond(maxClientCnxns=2)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    harness.main(limit_s=40)
