#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The four-letter words of our servers beside those of Debian's own ZooKeeper, in the same role and
after the same load: the same lines, the same fields, the same kinds of values. Needs Debian's
packages zookeeper and openjdk-17-jre-headless."""

import contextlib
import re
import unittest

from shared import PATIENCE, START_S, harness

# What a Java server alone can tell: its machine, and figures beyond those that the administrator's
# guide lists.
JAVAS_OWN = re.compile(r"java\.|zk_(?!(version|server_state|peer_state|ephemerals_count|uptime|"
                       r"num_alive_connections|(avg|min|max)_latency|outstanding_requests|"
                       r"znode_count|packets_(sent|received)|watch_count|approximate_data_size|"
                       r"(open|max)_file_descriptor_count|(global|local)_sessions|"
                       r"connection_drop_probability|(last|min|max)_proposal_size|"
                       r"(last|min|max)_client_response_size|learners|synced_\w+|pending_syncs|"
                       r"leader_uptime|quorum_size|auth_failed_count)$)")
KINDS = [("number", r"-?\d+(\.\d+(E-?\d+)?)?"), ("hex", r"0x[0-9a-f]+"), ("megabytes", r"\d+MB"),
         ("three numbers", r"-?[\d.]+/-?[\d.]+/-?[\d.]+"), ("version", r"3\.8\.0\S*, built on .*"),
         ("path", r"/\S*"), ("nothing", r"")]
LOOSE = [(r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \w+ \d{4}", "DATE"),
         (r"127\.0\.0\.1:\d+", "ADDRESS"), (r"0x[0-9a-f]+", "HEX"), (r"\[[01]\]\(", "[I]("),
         (r"lop=\w+", "lop=OP"), (r"-?[\d.]+/-?[\d.]+/-?[\d.]+", "N/N/N"), (r"-?\b\d+\b", "N")]


def kind_of(value):
    return next((name for name, form in KINDS if re.fullmatch(form, value.strip())), "text")


def fields_of(text, separator):
    """Name of field -> kind of value."""
    pairs = (line.partition(separator) for line in text.splitlines())
    return {re.sub(r"^server\.\d+$", "server.N", key): kind_of(value)
            for key, found, value in pairs if found and not JAVAS_OWN.match(key)}


def shapes_of(text):
    """The lines with what differs from run to run taken out, each once, in order of their first."""
    text = re.sub(r"(?m)^(Zookeeper version|Mode):.*", r"\1: X", text)
    for form, word in LOOSE:
        text = re.sub(form, word, text)
    return list(dict.fromkeys(text.split("\n")))


def work(server):
    """A client that has an ephemeral znode and has done something."""
    zk = server.client(session_s=20.0)
    for path in ("/cmp/a", "/cmp/b"):
        zk.ensure_path(path)
    zk.create(f"/cmp/e{server.id}", b"", ephemeral=True)
    for _ in range(5):
        zk.set("/cmp/a", b"y")
    return zk


def watch(zk):
    """Watches of each kind, which nothing sets off."""
    def hear(_):
        pass
    zk.get("/cmp/a", watch=hear)
    zk.get_children("/cmp/b", watch=hear)
    zk.exists("/cmp/none", watch=hear)


class WordsBesideZooKeeper(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        cls.addClassCleanup(cls.stack.close)
        cls.by_role = {True: {}, False: {}}  # genuine or not -> role -> server
        ensembles = []
        for genuine in (True, False):
            for count in ((2, 1), (1, 0)):
                ensemble = cls.stack.enter_context(harness.Ensemble(*count, **PATIENCE))
                for server in ensemble:
                    server.genuine = genuine
                    server.start()
                ensembles.append((genuine, ensemble))
        for genuine, ensemble in ensembles:
            harness.wait_until(lambda e=ensemble: all(s.mode() for s in e), "all serve",
                               deadline_s=START_S)
            for server in ensemble:
                cls.by_role[genuine][server.mode()] = server
        clients = [work(server) for servers in cls.by_role.values()
                   for server in servers.values()]
        for zk in clients:
            watch(zk)

    def pairs(self):
        for role in ("leader", "follower", "observer", "standalone"):
            with self.subTest(role=role):
                yield self.by_role[True][role], self.by_role[False][role]

    @staticmethod
    def ask(server, word):
        return harness.four_letter(server.client_port, word)

    def both(self, word):
        for theirs, ours in self.pairs():
            reference, answer = self.ask(theirs, word), self.ask(ours, word)
            self.assertNotEqual(reference, "", f"the reference does not answer {word}")
            yield reference, answer

    def test_fields(self):
        for word, separator in (("srvr", ":"), ("mntr", "\t"), ("conf", "="), ("envi", "="),
                                ("dirs", ":")):
            for reference, answer in self.both(word):
                self.assertEqual(fields_of(answer, separator), fields_of(reference, separator),
                                 word)

    def test_lines_in_order(self):
        for word in ("srvr", "wchs", "dirs"):
            for reference, answer in self.both(word):
                self.assertEqual(shapes_of(answer), shapes_of(reference), word)

    def test_lines_of_lists(self):
        for word in ("stat", "cons", "wchp", "wchc", "dump"):
            for reference, answer in self.both(word):
                self.assertEqual(sorted(shapes_of(answer)), sorted(shapes_of(reference)), word)
                # The ends have no order to differ in.
                self.assertEqual(answer.endswith("\n\n"), reference.endswith("\n\n"), word)

    def test_membership_comes_last(self):
        for reference, answer in self.both("conf"):
            def tail(text):
                at = text.find("membership:")
                return shapes_of(re.sub(r":\d+", ":N", text[at:])) if at >= 0 else None
            self.assertEqual(tail(answer), tail(reference))

    def test_words_without_figures(self):
        for word in ("ruok", "isro", "gtmk", "crst", "srst", "stmk\0\0\0\0\0\0\1\x32"):
            for reference, answer in self.both(word):
                self.assertEqual(answer, reference, word)

    def test_words_that_say_nothing(self):
        for word in ("hash", "stmk", "nope"):
            for theirs, ours in self.pairs():
                self.assertEqual(self.ask(theirs, word), "", word)
                self.assertEqual(self.ask(ours, word), "", word)

    def test_resets_take_effect(self):
        for pair in self.pairs():
            for server in pair:
                self.ask(server, "crst")
                line = next(x for x in self.ask(server, "cons").splitlines() if ",sid=" in x)
                self.assertRegex(line, r"recved=\d,sent=\d,")
                self.ask(server, "srst")
                received = int(harness.field(self.ask(server, "srvr"), "Received"))
                self.assertLessEqual(received, 9)


class WordsThatAreNotAllowed(unittest.TestCase):

    def test_are_refused_in_the_same_words(self):
        with contextlib.ExitStack() as stack:
            servers = []
            for genuine in (True, False):
                ensemble = stack.enter_context(harness.Ensemble(1, **{
                    "4lw.commands.whitelist": "stat"}))
                ensemble[1].genuine = genuine
                servers.append(ensemble[1])
                ensemble[1].start()
            for server in servers:
                harness.wait_until(server.mode, "it serves")  # srvr is always allowed
            for word in ("ruok", "isro", "mntr", "cons", "dump", "wchs", "envi", "conf", "srst",
                         "hash", "gtmk", "stmk"):
                theirs, ours = (harness.four_letter(s.client_port, word) for s in servers)
                self.assertIn("is not executed because it is not in the whitelist.", theirs)
                self.assertEqual(ours, theirs)


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    harness.main(limit_s=110)
