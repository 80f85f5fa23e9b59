#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that end their sending and wait for their answers (`echo ruok | nc -N host port`), and
clients that never take what they asked for."""

import os
import shutil
import socket
import struct
import subprocess
import time
import unittest

import harness
from harness import DEADLINE_S, HOST, Ensemble
from raw_client import PING, Closed, RawClient

TIMES = int(os.environ.get("HALF_CLOSE_TIMES", "300"))
CLOSE_SESSION = -11
SET_WATCHES = 101


def ask_and_end(port, pieces, pause_s=0.0, read_bytes=65536, read_pause_s=0.0):
    """Sends the pieces, ends the sending at once, and returns all that comes until the end."""
    with socket.create_connection((HOST, port), timeout=DEADLINE_S) as s:
        for n, piece in enumerate(pieces):
            if n:
                time.sleep(pause_s)
            s.sendall(piece)
        s.shutdown(socket.SHUT_WR)
        answer = bytearray()
        while True:
            part = s.recv(read_bytes)
            if not part:
                return bytes(answer)
            answer += part
            time.sleep(read_pause_s)


def what_is_left(s):
    """All that can still be read, up to the end or a reset."""
    data = bytearray()
    with s:
        while True:
            try:
                part = s.recv(1 << 20)
            except ConnectionError:
                return data
            if not part:
                return data
            data += part


def open_files(server):
    return int(next(line.split("\t")[1] for line in server.ask("mntr").splitlines()
                    if line.startswith("zk_open_file_descriptor_count")))


def many_watches(client, count, path_bytes=200):
    """Watches on paths that are not there, so that wchp has much to say."""
    paths = [f"/{n:06d}".ljust(path_bytes, "x") for n in range(count)]
    for begin in range(0, count, 1000):
        client.set_watches(0, exist=paths[begin:begin + 1000])


class HalfClosed(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.ensemble = Ensemble(1, tickTime=4000)  # the parts of an answer have a tick to come
        cls.ensemble.__enter__()
        cls.ensemble.start_all()
        cls.port = cls.ensemble[1].client_port

    @classmethod
    def tearDownClass(cls):
        cls.ensemble.__exit__(None, None, None)

    def answered(self, *pieces, pause_s=0.0):
        return [ask_and_end(self.port, pieces, pause_s) for _ in range(TIMES)]

    def test_a_word_is_answered_every_time(self):
        for pieces in ((b"ruok",), (b"ruok\n",), (b"ruok\r\n",), (b"ru", b"ok"), (b"ruok", b"\n")):
            self.assertEqual(self.answered(*pieces), [b"imok"] * TIMES, pieces)

    def test_a_word_in_pieces_with_pauses_is_answered_every_time(self):
        few = [ask_and_end(self.port, (b"r", b"uo", b"k", b"\n"), 0.002) for _ in range(TIMES // 6)]
        self.assertEqual(few, [b"imok"] * len(few))

    def test_words_that_ask_other_actors_are_answered_every_time(self):
        for word, begin in ((b"srvr", b"Zookeeper version"), (b"mntr", b"zk_version"),
                            (b"stat\n", b"Zookeeper version"), (b"isro", b"rw")):
            for answer in self.answered(word):
                self.assertTrue(answer.startswith(begin), answer[:40])

    @unittest.skipUnless(shutil.which("nc"), "needs nc")
    def test_the_common_probe_is_answered_every_time(self):
        usage = subprocess.run(["nc", "-h"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               check=False).stdout
        if b"-N" not in usage and b"46CDdFhklNnrStUuvZz" not in usage:
            self.skipTest("nc that knows no -N")
        for _ in range(TIMES // 3):
            done = subprocess.run(["nc", "-N", HOST, str(self.port)], input=b"ruok",
                                  stdout=subprocess.PIPE, check=True, timeout=DEADLINE_S)
            self.assertEqual(done.stdout, b"imok")

    def test_a_long_answer_comes_whole_however_it_is_read(self):
        with RawClient(self.ensemble[1]) as client:
            client.connect(timeout_ms=60000)
            many_watches(client, 40_000)
            whole = len(ask_and_end(self.port, [b"wchp"]))
            self.assertGreater(whole, 40_000 * 200)
            for pieces in ((b"wchp",), (b"wchp\n",), (b"wchp", b"\n"), (b"wchp", b"\n" * 70_000)):
                self.assertEqual(len(ask_and_end(self.port, pieces, 0.001)), whole)
            slow = ask_and_end(self.port, (b"wchp", b"\n"), 0.001, 16384, 0.005)
            self.assertEqual(len(slow), whole)

    def test_requests_in_a_row_are_all_answered_before_the_close(self):
        for _ in range(TIMES // 3):
            with RawClient(self.ensemble[1]) as client:
                client.connect()
                ping = struct.pack(">iii", 8, -2, PING)
                client.send(ping * 700)  # more than may be under way at once
                client.socket.shutdown(socket.SHUT_WR)
                for _ in range(700):
                    self.assertEqual(client.receive_frame()[:4], struct.pack(">i", -2))
                self.assertTrue(client.is_closed())

    def test_a_hello_is_answered_and_the_session_lives_on(self):
        with RawClient(self.ensemble[1]) as client:
            client.send_frame(struct.pack(">iqiqi", 0, 0, 20_000, 0, 16) + b"\0" * 16)
            client.socket.shutdown(socket.SHUT_WR)
            reply = client.receive_frame()
            _, _, session, size = struct.unpack(">iiqi", reply[:20])
            self.assertTrue(client.is_closed())
        with RawClient(self.ensemble[1]) as again:
            self.assertTrue(again.connect(session, reply[20:20 + size]))

    def test_closing_a_session_is_answered(self):
        for _ in range(TIMES):
            with RawClient(self.ensemble[1]) as client:
                client.connect()
                client.send_frame(struct.pack(">ii", 1, CLOSE_SESSION))
                client.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(client.receive_frame()[:4], struct.pack(">i", 1))
                self.assertTrue(client.is_closed())

    def test_no_connection_is_left_behind(self):
        before = open_files(self.ensemble[1])
        idle = []
        for _ in range(200):  # answered, and neither read nor closed by its client
            s = socket.create_connection((HOST, self.port), timeout=DEADLINE_S)
            s.sendall(b"ruok")
            idle.append(s)
        harness.wait_until(lambda: open_files(self.ensemble[1]) <= before + 2,
                           f"{before} descriptors as before")
        for s in idle:
            self.assertEqual(s.recv(10), b"imok")
            s.close()


class Unread(unittest.TestCase):

    def test_a_client_that_reads_nothing_is_cut_off_in_time(self):
        with Ensemble(1, tickTime=4000, maxSessionTimeout=20_000) as e:
            e.start_all()
            with RawClient(e[1]) as client:
                client.connect(timeout_ms=20_000)
                many_watches(client, 80_000)  # more than the kernel takes for a client

                def whole_answer():  # a busy machine may have none within a tick
                    client.ping()
                    size = len(ask_and_end(e[1].client_port, [b"wchp"]))
                    return size if size > 80_000 * 200 else None

                whole = harness.wait_until(whole_answer, "wchp is answered")
                before = open_files(e[1])
                deaf = [socket.create_connection((HOST, e[1].client_port), timeout=DEADLINE_S)
                        for _ in range(4)]
                for n, s in enumerate(deaf):
                    s.sendall(b"wchp")
                    if n % 2:
                        s.shutdown(socket.SHUT_WR)
                harness.wait_until(lambda: open_files(e[1]) > before, "they are being answered")

                def are_gone():
                    client.ping()
                    return open_files(e[1]) <= before

                harness.wait_until(are_gone, "they are cut off", step_s=0.5)
                for s in deaf:
                    self.assertLess(len(what_is_left(s)), whole)

    def test_a_reset_ends_a_connection_at_once(self):
        with Ensemble(1) as e:
            e.start_all()
            client = RawClient(e[1])
            client.connect()
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.socket.close()
            harness.wait_until(lambda: "session_disconnected" in e[1].log_text(), "it is noticed",
                               deadline_s=5)
            with self.assertRaises((Closed, OSError)):
                client.ping()


if __name__ == "__main__":
    harness.main(limit_s=240)
