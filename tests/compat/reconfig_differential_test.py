#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reconfigs of three servers of ours and of three of Debian's ZooKeeper 3.8.0: what is refused and
with which error, and who the servers are after what is not; but for the differences named here.

Registered only where Debian's zookeeper and a java are installed."""

import re
import unittest

import shared
import wire as r
from raw_client import Closed, RawClient
from shared import harness

SUPER = r.i(0) + r.s("digest") + r.s("super:above all")
CONFIG = "/zookeeper/config"
ANSWER_S = 10
ROLES = ("leader", "asked", "other")

# In all texts: {a} to {j} are ports that nobody has, {line1} to {line3} the lines of the servers
# that are there, {own} the addresses of the first, {peer}, {election} and {client} its ports.
# {leader} is the number of who leads, {asked} of the follower that is asked, {other} of the third,
# {two} the lines of the first two of these.
NEW = "127.0.0.1:{a}:{b};{c}"
JOINING = {
    "garbage": "garbage", "empty": "", "comma": ",", "blank": " ", "no value": "server.9=",
    "no number": f"server.={NEW}", "a word for a number": f"server.x={NEW}",
    "number below zero": f"server.-9={NEW}", "number too great": f"server.{10 ** 20}={NEW}",
    "number alone": f"9={NEW}", "weight": "weight.9=2", "group": "group.1=1:2:3",
    "two values": f"server.9={NEW}=x", "host alone": "server.9=h",
    "one port": "server.9=127.0.0.1:{a}", "no client port": "server.9=127.0.0.1:{a}:{b}",
    "client port empty": "server.9=127.0.0.1:{a}:{b};",
    "client port a word": "server.9=127.0.0.1:{a}:{b};x",
    "client port of two hosts": "server.9=127.0.0.1:{a}:{b};a:b:{c}",
    "client port of no host": "server.9=127.0.0.1:{a}:{b};:{c}",
    "client port too great": "server.9=127.0.0.1:{a}:{b};70000",
    "three parts": f"server.9={NEW};1", "port a word": "server.9=127.0.0.1:x:{b};{c}",
    "port too great": "server.9=127.0.0.1:70000:{b};{c}",
    "port below zero": "server.9=127.0.0.1:-1:{b};{c}", "port zero": "server.9=127.0.0.1:0:{b};{c}",
    "ports the same": "server.9=127.0.0.1:{a}:{a};{c}", "no host": "server.9=:{a}:{b};{c}",
    "unknown role": "server.9=127.0.0.1:{a}:{b}:learner;{c}",
    "role in capitals": "server.9=127.0.0.1:{a}:{b}:OBSERVER;{c}",
    "role twice": "server.9=127.0.0.1:{a}:{b}:observer:observer;{c}",
    "role empty": "server.9=127.0.0.1:{a}:{b}:;{c}",
    "two addresses": "server.9=127.0.0.1:{a}:{b}|127.0.0.2:{a}:{b};{c}",
    "all of another's": "server.9={own}",
    "peer port of another": "server.9=127.0.0.1:{peer}:{b};{c}",
    "election port of another": "server.9=127.0.0.1:{a}:{election};{c}",
    "client port of another": "server.9=127.0.0.1:{a}:{b};127.0.0.1:{client}",
    "not ASCII, host": "server.9=h\u00e9:{a}:{b};{c}", "not ASCII, key": f"s\u00e9rver.9={NEW}",
    "not ASCII, number": f"server.\u0669={NEW}", "no UTF-8": b"server.9=h\xff:1:2;3",
    "line end": f"server.9={NEW}\n", "blanks": f" server.9 = {NEW} ",
    "unresolved": "server.9=no-such-host.invalid:{a}:{b};{c}",
    "IPv6": "server.9=[::1]:{a}:{b};{c}", "IPv6, open": "server.9=[::1:{a}:{b};{c}",
    "observer": "server.9=127.0.0.1:{a}:{b}:observer;{c}", "voter": f"server.9={NEW}",
    "zero": f"server.0={NEW}", "three hundred": f"server.300={NEW}",
    "one twice": f"server.9={NEW},server.9=127.0.0.1:{{d}}:{{e}};{{f}}",
    "one is wrong": f"server.9={NEW},server.8=x",
    "two with one address": f"server.9={NEW},server.8={NEW}",
    "no quorum is there": "server.6=h:1:2;3,server.7=h:4:5;6,server.8=h:7:8;9,server.9=h:10:11;12",
}
LEAVING = {
    "empty": "", "comma": ",", "blank": " ", "a word": "x", "not there": "9", "below zero": "-1",
    "too great": "99999999999999999999", "hexadecimal": "0x2", "plus": "+9",
    "blanks": " {other} ", "another": "{other}", "who is asked": "{asked}",
    "who is asked and another": "{asked},{other}", "not ASCII": "\u0669", "no UTF-8": b"\xff",
    "all": "1,2,3", "two of three": "2,3",
    "one is wrong": "9,x", "empty between": "9,,9",
}
MEMBERS = {
    "empty": "", "comma": ",", "blank": " ", "garbage": "garbage", "one": "{line1}",
    "two": "{two}", "the same": "{line1},{line2},{line3}",
    "on lines": "{line1}\n\n# none\n{line2}\n{line3}\n",
    "unknown key": "{line1},{line2},{line3},mood=good",
    "version": "{line1},{line2},{line3},version=7",
    "version a word": "{line1},{line2},{line3},version=x",
    "a key of zoo.cfg": "{line1},{line2},{line3},tickTime=1000",
    "observers alone": "server.1=127.0.0.1:{peer}:{election}:observer;{client}",
    "unknown role": "{line1},{line2},server.3=127.0.0.1:{a}:{b}:learner;{c}",
    "no quorum is there": "{line1},server.8=h:1:2;3,server.9=h:4:5;6",
    "one twice": "{line1},{line2},{line3},{line3}",
    "no client port": "{line1},{line2},{line3},server.9=127.0.0.1:{a}:{b}",
    "ports the same": "{line1},{line2},server.3=127.0.0.1:{a}:{a};{c}",
    "host alone": "{line1},{line2},server.3=h",
    "a word for a number": "{line1},{line2},server.x=127.0.0.1:{a}:{b};{c}",
    "ports of another": "{line1},{line2},{line3},server.9={own}",
    "not ASCII": "{line1},{line2},{line3},server.9=h\u00e9:{a}:{b};{c}",
    "no UTF-8": b"server.1=h\xff:1:2;3",
    "weights": "{line1},{line2},{line3},weight.1=1,weight.2=1,weight.3=1",
    "groups": "{line1},{line2},{line3},group.1=1:2:3,weight.1=1,weight.2=1,weight.3=1",
    "group of nobody": "{line1},{line2},{line3},group.1=1:9",
    "weight a word": "{line1},{line2},{line3},weight.1=x",
}
OTHERS = {
    "nothing": {}, "version of another": {"version": 7}, "version 0": {"version": 0},
    "version -2": {"version": -2},
    "joins and leaves": {"joining": f"server.9={NEW}", "leaving": "9"},
    "leaves, and all": {"leaving": "x", "members": "{line1},{line2},{line3}"},
    "joins, and all are wrong": {"joining": f"server.9={NEW}", "members": "garbage"},
    "version before all": {"joining": "garbage", "version": 7},
}


def requests():
    """(name, what to ask)"""
    for field, texts in (("joining", JOINING), ("leaving", LEAVING), ("members", MEMBERS)):
        for name, text in texts.items():
            yield f"{field}, {name}", {field: text}
    yield from OTHERS.items()


def body(joining=None, leaving=None, members=None, version=-1):
    return r.s(joining) + r.s(leaving) + r.s(members) + r.q(version)


class Side:
    """One ensemble and what it answers."""

    def __init__(self, ensemble):
        self.ensemble = ensemble
        self.clients = {}
        self.roles = {}
        self.lines = self.config().split("\n")[:-1]
        ports = harness.free_ports(10)
        first = ensemble[1]
        self.words = {**dict(zip("abcdefghij", ports)), "own": self.lines[0].split("=", 1)[1],
                      "peer": first.peer_port, "election": first.election_port,
                      "client": first.client_port,
                      **{f"line{n + 1}": line for n, line in enumerate(self.lines)}}

    def client(self, mode, shows=SUPER):
        """Of whoever is that now."""
        key = mode, shows
        if key not in self.clients:
            client = RawClient(self.server_that_is(mode), timeout_s=ANSWER_S)
            client.connect(timeout_ms=20_000)
            if shows:
                client.request(r.AUTH, shows, special_xid=-4)
            self.clients[key] = client
        return self.clients[key]

    def server_that_is(self, mode):
        found = []

        def there_is():
            found[:] = [s for s in self.ensemble if s.mode() == mode]
            return found

        harness.wait_until(there_is, f"there is a {mode}")
        return found[0]

    def close(self):
        while self.clients:
            self.clients.popitem()[1].socket.close()

    def request(self, op, data, mode="leader", shows=SUPER):
        try:
            return self.client(mode, shows).request(op, data)[1:]
        except (Closed, OSError) as error:
            if (mode, shows) in self.clients:
                self.clients.pop((mode, shows)).socket.close()
            return type(error).__name__, b""

    def config(self):
        """As the leader shows it, whoever that is."""
        data = []

        def shown():
            err, body = self.request(r.GET, r.watched(CONFIG))
            data[:] = [body]
            return err == 0

        harness.wait_until(shown, "a leader shows who the servers are")
        return r.Reader(data[0]).s().decode(errors="replace")

    def ask(self, asked, mode="follower", shows=SUPER):
        """The error, and who the servers are if it has changed that."""
        before = self.config()
        self.name_roles()
        texts = {k: v.format(**self.words) if isinstance(v, str) else v for k, v in asked.items()}
        err, _ = self.request(r.RECONFIG, body(**texts), mode, shows)
        after = self.config()
        if after == before:
            return err, None
        self.restore()
        return err, self.told(after)

    def told(self, config):
        """Who the servers are, by role or number, and what else decides."""
        roles = {str(self.words[role]): role for role in ROLES}
        return sorted(group or f"{roles.get(number, number)} {kind}" for number, kind, group in
                      re.findall(r"server\.(-?\d+)=[^;\n]*:(\w+)|((?:group|weight).*)", config))

    def name_roles(self):
        """Among the texts' words. Connections stay with servers, which may have changed roles."""
        roles = self.ensemble.roles()
        if roles != self.roles:
            self.close()
            self.roles = roles
        leader = self.server_that_is("leader").id
        asked, other = (n for n in (1, 2, 3) if n != leader)
        self.words.update(zip(ROLES, (leader, asked, other)))
        self.words.update(two=",".join(self.lines[n - 1] for n in (leader, asked)))

    def restore(self):
        def done():
            err, _ = self.request(r.RECONFIG, body(members=",".join(self.lines)))
            return err == 0
        harness.wait_until(done, "the servers are those of before")
        self.ensemble.wait_serving(shared.START_S)
        self.close()  # who was removed has closed its connections, or will


UNREACHABLE = "3.8.0 takes a voter at whose address nobody can be"
NO_PORT = "what is wrong with an address is one error here; a Java exception is another there"
ANSWER_LOST = "3.8.0 may close the follower's connection to the leader that goes before the answer"

# Where we answer otherwise than ZooKeeper 3.8.0: requests, our error, its error, and why.
DIFFERENCES = [
    ("joining, number below zero", -5, 0, "ids begin with 0"),
    ("joining, (client port of )?no host", -8, 0, UNREACHABLE),
    ("joining, port zero", -8, 0, UNREACHABLE),
    ("joining, role empty", -8, 0, "a colon too many is a mistake; 3.8.0 takes it for a voter"),
    ("joining, (client )?port (too great|below zero)", -8, -5, NO_PORT),
    ("(joining, not ASCII, number|leaving, not ASCII)", -5, 0, "digits are ASCII; Java takes all"),
    ("leading, asked through the follower", 0, "Closed", ANSWER_LOST),
]


class ReconfigDifferential(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.sides = []
        for genuine in (False, True):
            ensemble = cls.enterClassContext(harness.Ensemble(
                3, reconfigEnabled="true", **shared.PATIENCE,
                **{"DigestAuthenticationProvider.superDigest": shared.SUPER_DIGEST}))
            for server in ensemble:
                server.genuine = genuine
            ensemble.start_all(shared.START_S)
            side = Side(ensemble)
            cls.addClassCleanup(side.close)
            cls.sides.append(side)

    def compare(self, name, asked, **how):
        ours, theirs = (side.ask(asked, **how) for side in self.sides)
        with self.subTest(name):
            for names, mine, its, _ in DIFFERENCES:
                if re.fullmatch(names, name) and (ours[0], theirs[0]) == (mine, its):
                    return
            self.assertEqual(ours, theirs)

    def test_refused_or_not(self):
        for name, asked in requests():
            self.compare(name, asked)

    def test_who_may_not(self):
        for name in ("nothing", "version of another"):
            self.compare(f"{name}, by anybody", OTHERS[name], shows=None)
        for name in ("garbage", "voter", "no quorum is there"):
            self.compare(f"{name}, by anybody", {"joining": JOINING[name]}, shows=None)

    def test_who_leads_is_removed(self):
        for mode in ("leader", "follower"):
            self.compare(f"leading, asked through the {mode}", {"leaving": "{leader}"}, mode=mode)


if __name__ == "__main__":
    harness.main(limit_s=110)
