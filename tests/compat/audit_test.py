#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The audit log of real servers: which of them tells of what (Slf4JAuditLoggerTest,
StandaloneServerAuditTest)."""

import getpass
import os
import socket
import unittest

from kazoo import exceptions as refused
from kazoo.security import ACL, Id, make_digest_acl

from shared import harness  # first: it says where the others are
import wire
from audit_lines import LINE, lines_of
from raw_client import RawClient
from wire import CREATE, i

SYSTEM = f"user={getpass.getuser()}"


def told(server, session):
    """What is told of a session, without what is in each line."""
    return [(level, [x for x in record if not x.startswith(("session=", "ip=127.0.0.1"))])
            for level, record in lines_of(server) if f"session={session:#x}" in record]


class OnThree(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.servers = cls.enterClassContext(harness.Ensemble(3, **{"audit.enable": "true"}))
        for server in cls.servers:
            server.genuine = False
        cls.servers.start_all()

    def tearDown(self):
        for server in self.servers:
            server.close_clients()

    def test_the_clients_server_tells_and_the_others_do_not(self):
        for number in (1, 2, 3):
            zk = self.servers[number].client()
            session = zk.client_id[0]
            path = f"/of-{number}"
            zk.create(path, b"x")
            with self.assertRaises(refused.NodeExistsError):
                zk.create(path)
            zk.set(path, b"y")
            zk.get(path)
            zk.delete(path)
            user = "user=127.0.0.1"
            kind = "znode_type=persistent"
            self.assertEqual(told(self.servers[number], session), [
                ("INFO", [user, "operation=create", f"znode={path}", kind, "result=success"]),
                ("ERROR", [user, "operation=create", f"znode={path}", kind, "result=failure"]),
                ("INFO", [user, "operation=setData", f"znode={path}", "result=success"]),
                ("INFO", [user, "operation=delete", f"znode={path}", "result=success"])])
            for other in {1, 2, 3} - {number}:
                self.assertEqual(told(self.servers[other], session), [])

    def test_every_server_tells_of_ephemerals_that_went_with_their_session(self):
        zk = self.servers[2].client()
        session = zk.client_id[0]
        zk.create("/brief", ephemeral=True)
        harness.close(zk)
        last = self.servers[1].client()
        for server in self.servers:
            zk = server.client()
            zk.sync("/")
            self.assertIsNone(zk.exists("/brief"))
            self.assertEqual(told(server, session)[-1], (
                "INFO", [SYSTEM, "operation=ephemeralZNodeDeletionOnSessionCloseOrExpire",
                         "znode=/brief", "result=success"]))
        harness.close(last)

    def test_write_of_a_client_that_left_is_told_of_all_the_same(self):
        with RawClient(self.servers[3]) as client:
            client.connect()
            session = client.session
            body = wire.create("/left")
            for xid in range(1, 51):
                path = wire.create(f"/left-{xid}") if xid > 1 else body
                client.send_frame(i(xid) + i(CREATE) + path)
        harness.wait_until(lambda: len(told(self.servers[3], session)) == 50,
                           lambda: f"50 lines; there are {len(told(self.servers[3], session))}")

    def test_users_that_a_client_has_shown_stand_in_the_line(self):
        zk = self.servers[1].client(auth_data=[("digest", "ann:secret")])
        zk.create("/anns", acl=[make_digest_acl("ann", "secret", all=True)])
        zk.set_acls("/anns", [ACL(31, Id("world", "anyone")), ACL(1, Id("ip", "10.0.0.0/8"))])
        user = "user=127.0.0.1,ann"
        self.assertEqual([x[1] for x in told(self.servers[1], zk.client_id[0])], [
            [user, "operation=create", "znode=/anns", "znode_type=persistent", "result=success"],
            [user, "operation=setAcl", "znode=/anns",
             "acl=world:anyone:cdrwaip:10.0.0.0/8:r", "result=success"]])


class Life(unittest.TestCase):

    def test_start_and_stop_are_told_in_the_name_of_who_runs_the_server(self):
        with harness.Ensemble(1, **{"audit.enable": "true", "auditlog.file": "who.log"}) as one:
            server = one[1]
            server.genuine = False
            for _ in range(2):
                one.start_all()
                server.stop()
            with open(os.path.join(server.data, "who.log"), encoding="utf-8") as f:
                records = [LINE.match(line).group(2) for line in f]
            self.assertEqual(records, 2 * [f"{SYSTEM}\toperation=serverStart\tresult=success",
                                           f"{SYSTEM}\toperation=serverStop\tresult=invoked"])

    def test_start_that_fails_is_told(self):
        with harness.Ensemble(1, **{"audit.enable": "true"}) as one, RawPort(one[1].client_port):
            one[1].genuine = False
            one[1].start()
            self.assertNotEqual(one[1].exit_code(), 0)
            self.assertEqual(lines_of(one[1]),
                             [("ERROR", [SYSTEM, "operation=serverStart", "result=failure"])])

    def test_without_audit_enable_there_is_no_file(self):
        with harness.Ensemble(1) as one:
            one[1].genuine = False
            one.start_all()
            one[1].client().create("/a")
            self.assertNotIn("zookeeper_audit.log", os.listdir(one[1].data))


class RawPort:
    """Somebody else listens at that port."""

    def __init__(self, port):
        self.socket = socket.socket()
        self.socket.bind((harness.HOST, port))
        self.socket.listen()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()


if __name__ == "__main__":
    harness.main(limit_s=100)
