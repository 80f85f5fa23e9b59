#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Who may come back to a session: session.passwordSecretFile."""

import os
import struct
import unittest

import harness
from harness import Ensemble
from raw_client import RawClient

EPHEMERAL = 1
GET = 4
OWNER = struct.Struct(">q")
SECRET = "the secret of the ensemble in this test"


def owner_of(client, path):
    """What anybody who may read the znode sees of whose it is."""
    _, error, body = client.request(GET, struct.pack(">i", len(path)) + path.encode() + b"\0")
    assert error == 0, error
    (size,) = struct.unpack(">i", body[:4])
    behind_data = body[4 + max(size, 0):]
    return OWNER.unpack(behind_data[44:52])[0]


def zookeepers_password(session):
    """What ZooKeeper's servers accept for a session: java.util.Random seeded with its id."""
    mask = (1 << 48) - 1
    seed = ((session & ((1 << 64) - 1)) ^ 0xB3415C00 ^ 0x5DEECE66D) & mask
    out = b""
    for _ in range(4):
        seed = (seed * 0x5DEECE66D + 0xB) & mask
        out += struct.pack("<I", seed >> 16 & 0xFFFFFFFF)
    return out


def with_secrets(ensemble, lines, mode=0o400):
    """One file for each server; `lines` of them all, or by server number."""
    for s in ensemble:
        path = os.path.join(s.dir, "secret")
        if os.path.exists(path):
            os.remove(path)
        text = lines if isinstance(lines, str) else lines[s.id]
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, mode)
        with open(s.config, encoding="ascii") as f:
            if "passwordSecretFile" in f.read():
                continue
        with open(s.config, "a", encoding="ascii") as f:
            f.write(f"session.passwordSecretFile={path}\n")
    return ensemble


class SessionPasswords(unittest.TestCase):

    def steal(self, ensemble):
        """True: a session is taken over by what its ephemeral shows."""
        with RawClient(ensemble[1]) as victim, RawClient(ensemble[1]) as thief:
            victim.connect()
            self.assertEqual(victim.create("/lock", flags=EPHEMERAL)[1], 0)
            thief.connect()
            session = owner_of(thief, "/lock")
            self.assertEqual(session, victim.session)
            with RawClient(ensemble[1]) as robber:
                return robber.connect(session, zookeepers_password(session))

    def test_without_a_secret_whoever_reads_the_owner_can_take_the_session(self):
        with Ensemble(1) as e:
            e.start_all()
            self.assertTrue(self.steal(e))

    def test_with_a_secret_he_cannot(self):
        with with_secrets(Ensemble(1), SECRET) as e:
            e.start_all()
            self.assertFalse(self.steal(e))
            self.assertIn("reason=\"a password of ZooKeeper's kind", e[1].log_text())
            self.assertNotIn(SECRET, e[1].log_text())

    def test_sessions_move_between_servers_with_one_secret(self):
        with with_secrets(Ensemble(3), SECRET + "\n") as e:
            e.start_all()
            with RawClient(e[1]) as first:
                first.connect()
                self.assertEqual(first.create("/mine", flags=EPHEMERAL)[1], 0)
            for number in (2, 3, 1):
                with RawClient(e[number]) as moved:
                    self.assertTrue(moved.connect(first.session, first.password), number)
                    self.assertEqual(moved.password, first.password)
                    self.assertEqual(owner_of(moved, "/mine"), first.session)

    def test_a_server_with_another_secret_refuses_them_and_says_why(self):
        secrets = {1: SECRET, 2: SECRET, 3: "quite another secret"}
        with with_secrets(Ensemble(3), secrets) as e:
            e.start_all()
            with RawClient(e[1]) as first:
                first.connect()
            with RawClient(e[2]) as same:
                self.assertTrue(same.connect(first.session, first.password))
            with RawClient(e[3]) as other:
                self.assertFalse(other.connect(first.session, first.password))
            self.assertIn("a secret that is not in session.passwordSecretFile", e[3].log_text())
            told = [line.rsplit(" of=", 1)[1] for s in e for line in s.log_text().splitlines()
                    if "session_passwords" in line]
            self.assertEqual(len(told), 3)
            self.assertEqual(told[0], told[1])
            self.assertNotEqual(told[0], told[2])

    def test_a_secret_is_changed_and_taken_into_use_without_a_lost_session(self):
        """From ZooKeeper's passwords to a secret, to the next secret, server by server."""
        newer = "the secret that comes next"
        steps = [f"zookeeper\n{SECRET}\n", f"{SECRET}\nzookeeper\n", f"{newer}\n{SECRET}\n"]
        with with_secrets(Ensemble(1), "zookeeper") as e:
            e.start_all()
            keeper = RawClient(e[1])
            keeper.connect(timeout_ms=60_000)
            for lines in steps:
                e[1].stop()
                with_secrets(e, lines)
                e[1].start()
                e.wait_serving()
                again = RawClient(e[1])
                self.assertTrue(again.connect(keeper.session, keeper.password, 60_000), lines)
                keeper.socket.close()
                keeper = again
            self.assertNotEqual(keeper.password, zookeepers_password(keeper.session))
            keeper.socket.close()

    def test_a_file_that_others_may_read_or_that_is_no_secret_stops_the_start(self):
        for lines, mode, why in ((SECRET, 0o644, "permissions are 0644"),
                                 (SECRET, 0o460, "permissions are 0460"),
                                 ("too short", 0o400, "9 bytes is too short"),
                                 ("", 0o400, "there is no secret in it")):
            with with_secrets(Ensemble(1), lines, mode) as e:
                e[1].start()
                self.assertNotEqual(e[1].exit_code(), 0)
                self.assertIn(why, e[1].log_text())
                self.assertIn(os.path.join(e[1].dir, "secret"), e[1].log_text())
        with with_secrets(Ensemble(1), SECRET) as e:
            os.remove(os.path.join(e[1].dir, "secret"))
            e[1].start()
            self.assertNotEqual(e[1].exit_code(), 0)
            self.assertIn("No such file", e[1].log_text())


if __name__ == "__main__":
    harness.main(limit_s=240)
