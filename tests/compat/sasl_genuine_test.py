#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""SASL beside the genuine server: token by token the same answers, and ZooKeeper's own zkCli.sh,
with a JAAS file, on our server. Registered only where Debian's zookeeper and a java are
installed."""

import unittest

from puresasl.client import SASLClient

import sasl_users
from cli_shell import ZKCLI, Shell
from raw_client import Closed, RawClient
from sasl_users import USERS
from wire import AUTH, CREATE, GET, SET_ACL, WHO_AM_I, i, s
import wire

SASL = 102


def serve(test, genuine, **config):
    servers = test.enterContext(sasl_users.Servers(1, genuine, **config))
    servers.start_all()
    return servers


class Conversation:
    """A client token by token; `heard` is what differs between no two servers."""

    def __init__(self, server, user="bob", password=None, **wishes):
        self.raw = RawClient(server)
        self.raw.connect()
        self.sasl = SASLClient("zk-sasl-md5", "zookeeper", "DIGEST-MD5", username=user,
                               password=password or USERS.get(user), **wishes)
        self.challenge = None
        self.heard = []

    def ask(self, op, body=b"", special_xid=None):
        try:
            zxid, err, data = self.raw.request(op, body, special_xid)
        except (Closed, ConnectionError):
            self.heard.append("closed")
            return None
        self.heard.append((zxid if op == SASL else None, err, self.shape(op, data)))
        return data if err == 0 else None

    @staticmethod
    def shape(op, data):
        """A token is random, so only what kind it is."""
        if op == SASL:
            return [word for word in (b"realm=\"zk-sasl-md5\"", b"rspauth=", b"nonce=",
                                      b"charset=utf-8", b"algorithm=md5-sess", b"\xff\xff\xff\xff")
                    if word in data]
        return wire.Reader(data).body_of(op) if op == WHO_AM_I and data else None

    def send(self, token):
        data = self.ask(SASL, s(token))
        self.challenge = data[4:] if data and data[:4] != b"\xff\xff\xff\xff" else None

    def begin(self):
        self.send(b"")

    def prove(self):
        if self.challenge is not None:
            self.send(self.sasl.process(self.challenge))

    def log_in(self):
        self.begin()
        self.prove()

    def end(self):
        if "closed" not in self.heard and self.heard[-1][1] in (-115, -124):
            self.heard.append(self.raw.is_closed())
        self.raw.socket.close()
        return self.heard


def right(c):
    c.log_in()
    c.ask(WHO_AM_I)
    c.ask(CREATE, wire.create("/x", who=[(31, "sasl", "bob")]))
    c.ask(GET, wire.watched("/x"))


def wrong(c):
    c.log_in()


def twice(c):
    c.log_in()
    c.begin()


def first_token_not_empty(c):
    c.send(b"username=\"bob\"")


def no_token(c):
    c.ask(SASL, s(None))


def no_body(c):
    c.ask(SASL)


def garbage(c):
    c.begin()
    c.send(b"\xff=,,")


def by_addauth(c):
    c.ask(AUTH, i(0) + s("sasl") + s("bob:the \"builder\""), special_xid=-4)


def others_acl(c):
    for who in ("bob", "b/c@D", "b@c@d", "a/b/c@D"):
        c.ask(SET_ACL, wire.set_acl("/x", [(31, "sasl", who)]))


class BesideZooKeeper(unittest.TestCase):
    maxDiff = None

    def compare(self, scripts, **config):
        heard = []
        for genuine in (True, False):
            servers = serve(self, genuine, **config)
            answers = {}
            for name, (script, client) in scripts.items():
                conversation = Conversation(servers[1], **client)
                script(conversation)
                answers[name] = conversation.end()
            heard.append(answers)
        self.assertEqual(*heard)
        return heard[0]

    SCRIPTS = {
        "right": (right, {}),
        "wrong password": (wrong, {"password": "no"}),
        "unknown user": (wrong, {"user": "mallory", "password": "no"}),
        "another's name": (right, {"authorization_id": "ann"}),
        "twice": (twice, {}),
        "first token": (first_token_not_empty, {}),
        "no token": (no_token, {}),
        "no body": (no_body, {}),
        "garbage": (garbage, {}),
        "addauth": (by_addauth, {}),
        "acls": (others_acl, {"user": "ann"}),
        "nobody asks": (lambda c: c.ask(GET, wire.watched("/")), {}),
    }

    def test_answers_of_a_server_with_users(self):
        heard = self.compare(self.SCRIPTS, superUser="ann")
        self.assertEqual(heard["right"][1][1], 0)
        self.assertEqual(heard["wrong password"][-2:], [(0, -115, [b"\xff\xff\xff\xff"]), True])

    def test_answers_where_sasl_is_required(self):
        heard = self.compare(self.SCRIPTS, sessionRequireClientSASLAuth="true")
        self.assertEqual(heard["nobody asks"], [(None, -124, None), True])

    def test_answers_where_failures_are_borne(self):
        heard = self.compare(self.SCRIPTS, allowSaslFailedClients="true")
        self.assertEqual(heard["wrong password"][-1], (0, 0, [b"\xff\xff\xff\xff"]))


class ZkCli(unittest.TestCase):

    def shell(self, servers, user, password=None):
        flags = servers.client_jaas(user, USERS.get(user) if password is None else password)
        return Shell(ZKCLI, servers.hosts, flags=flags)

    def test_users_of_zkcli_are_who_they_prove_to_be(self):
        servers = serve(self, genuine=False)
        with self.shell(servers, "bob") as bob, self.shell(servers, "ann") as ann:
            bob.ask("create /bobs x sasl:bob:cdrwa")
            self.assertEqual(bob.ask("get /bobs"), "x\n")
            self.assertIn("'sasl,'bob\n: cdrwa", bob.ask("getAcl /bobs"))
            self.assertIn("sasl: bob", bob.ask("whoami"))
            self.assertIn("Insufficient permission : /bobs", ann.ask("get /bobs"))
            self.assertIn("Insufficient permission : /bobs", ann.ask("set /bobs y"))
            bob.ask("delete /bobs")

    def test_where_sasl_is_required_zkcli_is_served_with_the_right_password(self):
        servers = serve(self, genuine=False, sessionRequireClientSASLAuth="true")
        with self.shell(servers, "bob") as bob:
            bob.ask("create /a x")
            self.assertEqual(bob.ask("get /a"), "x\n")

    def test_zkcli_with_a_wrong_password_is_told_so_as_by_the_genuine_server(self):
        said = []
        for genuine in (True, False):
            servers = serve(self, genuine)
            with self.shell(servers, "bob", "wrong") as shell:
                shell.send("ls /")
                said.append(shell.until("AuthFailed.*\n").splitlines()[-1:])
        self.assertEqual(*said)


if __name__ == "__main__":
    unittest.main()
