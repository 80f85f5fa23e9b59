#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo logs in by SASL (DIGEST-MD5): who gets in, what an ACL of the scheme sasl allows, and what
is asked for where SASL is required (SaslAuthTest, SaslSuperUserTest, SaslAuthRequiredTest)."""

import struct
import time
import unittest

from kazoo import exceptions as refused
from kazoo.client import KazooClient
from kazoo.protocol.states import KeeperState
from kazoo.security import make_acl, make_digest_acl

import sasl_users
import shared
from raw_client import CREATE, GET_DATA, PING, RawClient, encode_string
from sasl_users import USERS
import harness  # pylint: disable=wrong-import-order

SASL, CLOSE = 102, -11
REQUIRED = -124


def options_of(user, password=None):
    return {"sasl_options": {"mechanism": "DIGEST-MD5", "username": user,
                             "password": USERS.get(user) if password is None else password}}


def states_of(zk):
    """All that a client goes through: AUTH_FAILED is not what it ends with."""
    states, callback = [], zk._session_callback  # pylint: disable=protected-access

    def note(state):
        states.append(state)
        callback(state)

    zk._session_callback = note  # pylint: disable=protected-access
    return states


class Sasl(unittest.TestCase):
    """Three servers, and a client that is nobody."""

    @classmethod
    def setUpClass(cls):
        cls.servers = cls.enterClassContext(sasl_users.Servers(3, superUser="ann"))
        cls.servers.start_all()

    def setUp(self):
        self.addCleanup(lambda: [server.close_clients() for server in self.servers])
        self.nobody = self.servers[1].client()

    def user(self, number, name):
        zk = self.servers[number].client(**options_of(name))
        zk.sync("/")
        return zk

    def test_acl_of_a_user_holds_on_every_server(self):
        bob = self.user(1, "bob")
        bob.create("/bobs", b"x", acl=[make_acl("sasl", "bob", all=True)])
        self.assertEqual(self.user(2, "bob").get("/bobs")[0], b"x")
        self.user(3, "bob").set("/bobs", b"y")
        for number in (1, 2, 3):
            other = self.servers[number].client()
            other.sync("/")
            self.assertRaises(refused.NoAuthError, other.get, "/bobs")
            self.assertRaises(refused.NoAuthError, other.set, "/bobs", b"z")
        acls, _ = bob.get_acls("/bobs")
        self.assertEqual([(x.id.scheme, x.id.id) for x in acls], [("sasl", "bob")])
        bob.delete("/bobs")

    def test_user_super_and_a_super_user_differ(self):
        bob = self.user(1, "bob")
        bob.create("/b", acl=[make_acl("sasl", "bob", all=True)])
        bob.create("/d", acl=[make_digest_acl("me", "secret", all=True)])
        self.user(2, "super").get("/b")
        self.assertRaises(refused.NoAuthError, self.user(2, "super").get, "/d")
        ann = self.user(3, "ann")  # superUser
        ann.get("/b")
        ann.get("/d")
        ann.delete("/b")
        ann.delete("/d")

    def test_auth_in_an_acl_is_the_user(self):
        bob = self.user(2, "bob")
        bob.create("/a", acl=[make_acl("auth", "", all=True)])
        acls, _ = bob.get_acls("/a")
        self.assertEqual([(x.id.scheme, x.id.id) for x in acls], [("sasl", "bob")])
        bob.delete("/a")

    def test_who_may_stand_in_an_acl(self):
        for name in ("somebody", "zk/host@REALM", "who@REALM"):
            self.nobody.create("/a", acl=[make_acl("sasl", name, read=True)])
            self.nobody.delete("/a")
        for name in ("a/b/c@REALM", "a@b@c"):
            self.assertRaises(refused.InvalidACLError, self.nobody.create, "/a",
                              acl=[make_acl("sasl", name, read=True)])

    def test_wrong_password_and_unknown_user_do_not_get_in(self):
        for user, password in (("bob", "wrong"), ("mallory", "sword"), ("super", "")):
            zk = KazooClient(hosts=self.servers[1].address, **options_of(user, password))
            states = states_of(zk)
            zk.start_async()  # what start() says then is a matter of chance
            harness.wait_until(lambda seen=states: KeeperState.AUTH_FAILED in seen,
                               f"{user} is refused")
            harness.close(zk)
        self.nobody.get("/")

    def test_session_that_moves_logs_in_anew(self):
        bob = self.servers.client(**options_of("bob"))
        bob.create("/bobs", acl=[make_acl("sasl", "bob", all=True)])
        session = bob.client_id
        for server in self.servers:
            shared.move(bob, server)
            bob.retry(bob.set, "/bobs", b"x")
        self.assertEqual(bob.client_id, session)
        bob.delete("/bobs")


class Required(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.servers = cls.enterClassContext(
            sasl_users.Servers(1, sessionRequireClientSASLAuth="true"))
        cls.servers.start_all()

    def test_user_is_served(self):
        bob = self.servers[1].client(**options_of("bob"))
        bob.create("/a", b"x")
        time.sleep(2 * bob._session_timeout / 3000)  # pings pass  pylint: disable=protected-access
        self.assertEqual(bob.get("/a")[0], b"x")
        bob.delete("/a")

    def test_whatever_else_comes_first_is_refused_and_ends_the_connection(self):
        path = encode_string("/") + b"\0"
        for op, body, xid in ((GET_DATA, path, None), (PING, b"", -2), (CLOSE, b"", None),
                              (CREATE, path, None)):
            with self.subTest(op), RawClient(self.servers[1]) as client:
                self.assertTrue(client.connect())
                self.assertEqual(client.request(op, body, special_xid=xid), (0, REQUIRED, b""))
                self.assertTrue(client.is_closed())

    def test_digest_is_not_enough(self):
        with RawClient(self.servers[1]) as client:
            self.assertTrue(client.connect())
            credentials = struct.pack(">i", 0) + encode_string("digest") + encode_string("a:b")
            self.assertEqual(client.request(100, credentials, special_xid=-4)[1], 0)
            self.assertEqual(client.request(GET_DATA, encode_string("/") + b"\0")[1], REQUIRED)

    def test_wrong_password_says_what_is_required(self):
        with RawClient(self.servers[1]) as client:
            self.assertTrue(client.connect())
            zxid, err, body = client.request(SASL, encode_string(""))
            self.assertEqual((zxid, err), (0, 0))
            self.assertIn(b'realm="zk-sasl-md5"', body)
            self.assertEqual(client.request(SASL, encode_string("wrong")),
                             (0, REQUIRED, b"\xff\xff\xff\xff"))
            self.assertTrue(client.is_closed())


if __name__ == "__main__":
    harness.main(limit_s=100)
