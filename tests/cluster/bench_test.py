#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""actor-bench against real servers: every operation runs through and leaves nothing behind; servers
that answer wrongly, go away or were never there are failures that say why."""

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import unittest

import harness
from harness import Ensemble

ACTOR_BENCH = os.path.join(os.path.dirname(harness.ACTOR_NODE), "actor-bench")
OPERATIONS = ("set", "get", "create", "mixed", "ephemeral", "watch")
LATENCIES = ("p50", "p90", "p99", "p99_9", "max")


def bench(*arguments):
    """Exit code, and all that was said."""
    done = subprocess.run([ACTOR_BENCH, *arguments], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=4 * harness.DEADLINE_S)
    return done.returncode, done.stdout


def with_json(*arguments):
    """Exit code, all that was said, and the JSON."""
    with tempfile.TemporaryDirectory(prefix="troupe_bench.") as folder:
        path = os.path.join(folder, "measured.json")
        code, said = bench(*arguments, "--json", path)
        with open(path, encoding="utf-8") as f:
            return code, said, json.load(f)


class AgainstAnEnsemble(unittest.TestCase):

    servers = None

    @classmethod
    def setUpClass(cls):
        cls.servers = cls.enterClassContext(Ensemble(3))
        cls.servers.start_all()

    def setUp(self):
        self.addCleanup(self.nothing_is_left)

    def nothing_is_left(self):
        self.assertEqual(self.servers.client().get_children("/"), ["zookeeper"])
        while self.servers.clients:
            harness.close(self.servers.clients.pop())
        for server in self.servers:
            said = harness.four_letter(server.client_port, "mntr")
            self.assertIn("zk_ephemerals_count\t0\n", said)

    def run_good(self, *arguments):
        code, said, measured = with_json(*arguments, "--servers", self.servers.hosts)
        self.assertEqual(code, 0, said)
        return said, measured

    def check_shape(self, run):
        latency = [run["latency_us"][key] for key in LATENCIES]
        self.assertEqual(latency, sorted(latency))
        self.assertGreater(latency[0], 0)
        self.assertGreater(run["operations"], 0)
        self.assertAlmostEqual(run["operations_per_s"], run["operations"] / run["elapsed_s"], 3)
        self.assertIsNone(run["failure"])
        self.assertEqual(run["servers"], self.servers.hosts.split(","))
        self.assertEqual((run["connections_lost"], run["operations_lost"]), (0, 0))

    def test_every_operation_runs_through(self):
        for operation in OPERATIONS:
            with self.subTest(operation):
                said, measured = self.run_good(operation, "--seconds", "1", "--warmup", "0.3",
                                               "--connections", "4", "--window", "3")
                self.assertIn("op/s", said)
                self.assertEqual(measured["program"], "actor-bench")
                [run] = measured["runs"]
                self.check_shape(run)
                name = operation + ("90" if operation == "mixed" else "")
                self.assertEqual((run["workload"], run["loop"]), (f"{name}@4x3", "closed"))
                self.assertEqual(run["elapsed_s"], 1)

    def test_operations_are_counted_exactly_and_shared_by_threads(self):
        for operation in OPERATIONS:
            with self.subTest(operation):
                _, measured = self.run_good(operation, "--ops", "203", "--connections", "5",
                                            "--window", "2", "--threads", "2")
                self.check_shape(measured["runs"][0])
                self.assertEqual(measured["runs"][0]["operations"], 203)

    def test_open_loop_keeps_its_rate(self):
        _, measured = self.run_good("mixed", "--rate", "200", "--seconds", "2", "--warmup", "0",
                                    "--connections", "3")
        run = measured["runs"][0]
        self.check_shape(run)
        self.assertEqual((run["loop"], run["operations"], run["not_sent"]), ("open", 400, 0))
        self.assertIn("coordinated omission", run["latency_is"])
        self.assertEqual([s["second"] for s in run["seconds"]][:2], [1, 2])
        self.assertTrue(all(s["is_counted"] for s in run["seconds"]))
        self.assertEqual(sum(s["operations"] for s in run["seconds"]), 400)

    def test_open_loop_sees_a_stall_in_all_operations_that_fall_into_it(self):
        """A closed loop of one connection would see it in one operation."""
        alone = self.servers[1].address
        with tempfile.NamedTemporaryFile(suffix=".json") as out, subprocess.Popen(
                [ACTOR_BENCH, "get", "--servers", alone, "--rate", "100", "--seconds", "3",
                 "--warmup", "0", "--json", out.name], stderr=subprocess.PIPE,
                stdout=subprocess.DEVNULL, text=True) as running:
            running.stderr.readline()  # the first second is over
            self.servers[1].pause()
            threading.Event().wait(1)
            self.servers[1].resume()
            running.stderr.read()
            self.assertEqual(running.wait(harness.DEADLINE_S), 0)
            run = json.load(out)["runs"][0]
        self.assertEqual(run["operations"], 300)
        # A third of the operations were due in that second: half of these waited longer than half
        # of it, though each was answered at once when the server went on.
        self.assertGreater(run["latency_us"]["p90"], 400_000)
        self.assertGreater(run["latency_us"]["max"], 800_000)
        self.servers.wait_serving()

    def test_comparison_of_two_targets(self):
        code, said, measured = with_json(
            "--suite", "set@2x1,get@2x2", "--rounds", "1", "--seconds", "0.3", "--warmup", "0.1",
            "--quiet", "--compare", f"one={self.servers[1].address}",
            f"two={self.servers[2].address}")
        self.assertEqual(code, 0, said)
        self.assertEqual([r["target"] for r in measured["runs"]], ["one", "two", "two", "one"] * 2)
        self.assertEqual([r["workload"] for r in measured["comparison"]], ["set@2x1", "get@2x2"])
        for row in measured["comparison"]:
            rates = [row[name]["operations_per_s"] for name in ("one", "two")]
            self.assertAlmostEqual(row["ratio"]["operations_per_s"], rates[0] / rates[1], 6)
            self.assertEqual(set(row["ratio"]["latency"]), set(LATENCIES))
        self.assertRegex(said, r"(?m)^set@2x1 +one +[\d,]+ +\d")
        self.assertRegex(said, r"(?m)^ +ratio +\d+\.\d\d")

    def test_interrupted_run_says_so_and_cleans_up(self):
        with subprocess.Popen([ACTOR_BENCH, "set", "--servers", self.servers.hosts, "--seconds",
                               "100", "--warmup", "0"], stderr=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as running:
            running.stderr.readline()
            running.send_signal(signal.SIGINT)
            said = running.stdout.read()
            self.assertEqual(running.wait(harness.DEADLINE_S), 130)
        self.assertIn("interrupted", said)
        self.assertIn("op/s", said)

    def test_root_that_is_there_already_is_not_touched(self):
        zk = self.servers.client()
        zk.create("/precious/data", b"x", makepath=True)
        self.addCleanup(zk.delete, "/precious", recursive=True)
        code, said = bench("set", "--servers", self.servers.hosts, "--root", "/precious")
        self.assertEqual(code, 1)
        self.assertIn("/precious is there already", said)
        self.assertEqual(zk.get_children("/precious"), ["data"])
        zk.delete("/precious", recursive=True)


class OverALoss(unittest.TestCase):

    def lose_a_server(self, *arguments):
        with Ensemble(3) as servers:
            leader = servers.start_all()
            victim = next(s for s in servers if s is not leader)
            with subprocess.Popen(
                    [ACTOR_BENCH, "set", "--servers", servers.hosts, "--connections", "6",
                     "--seconds", "4", "--warmup", "0", *arguments], text=True,
                    stderr=subprocess.PIPE, stdout=subprocess.PIPE) as running:
                first = running.stderr.readline()
                victim.kill()
                said = first + running.stderr.read() + running.stdout.read()
                code = running.wait(harness.DEADLINE_S)
            self.assertEqual(servers.client().get_children("/"), ["zookeeper"])
            return code, said

    def test_lost_connection_is_a_failure(self):
        code, said = self.lose_a_server()
        self.assertEqual(code, 1, said)
        self.assertRegex(said, r"connection \d to 127\.0\.0\.1:\d+: it was lost: .*--reconnect")

    def test_with_reconnect_it_is_counted(self):
        code, said = self.lose_a_server("--reconnect")
        self.assertEqual(code, 0, said)
        self.assertRegex(said, r"lost +2 connections, \d operations under way")


class WrongServer(unittest.TestCase):
    """A server that grants sessions and answers everything rightly, until told otherwise."""

    def setUp(self):
        self.listener = self.enterContext(socket.create_server((harness.HOST, 0)))
        self.address = f"{harness.HOST}:{self.listener.getsockname()[1]}"
        self.zxid = 0
        self.gets = 0
        self.answer_get = None
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with contextlib.suppress(OSError, EOFError), client, client.makefile("rwb") as stream:
            def read():
                head = stream.read(4)
                if len(head) < 4:
                    raise EOFError
                return stream.read(struct.unpack(">i", head)[0])

            def write(payload):
                stream.write(struct.pack(">i", len(payload)) + payload)
                stream.flush()

            read()
            write(struct.pack(">iiqi", 0, 30000, 7, 16) + bytes(17))
            while True:
                request = read()
                xid, kind = struct.unpack(">ii", request[:8])
                answer = self.answer(xid, kind, request[8:])
                if answer is None:
                    return
                write(answer)

    def answer(self, xid, kind, body):
        self.zxid += 1
        good = struct.pack(">iqi", xid, self.zxid, 0)
        if kind == 4:
            self.gets += 1
            right = good + struct.pack(">i", 100) + bytes(100) + bytes(68)
            return self.answer_get(xid, right) if self.gets > 50 else right
        if kind in (1, 9):  # create, sync: the path, which the request begins with
            size = struct.unpack(">i", body[:4])[0]
            return good + body[:4 + size]
        return good + (struct.pack(">i", 0) if kind == 8 else b"")

    def run_bad(self, answer_get):
        self.answer_get = answer_get
        code, said = bench("get", "--servers", self.address, "--keys", "3", "--seconds", "20",
                           "--warmup", "0", "--window", "4")
        self.assertEqual(code, 1, said)
        return said

    def test_error_fails(self):
        said = self.run_bad(lambda xid, _: struct.pack(">iqi", xid, self.zxid, -101))
        self.assertRegex(said, r"connection 1 to \S+: the reply to get \(xid \d+\) is the error "
                               r"no_node \(-101\)")

    def test_order_fails(self):
        said = self.run_bad(lambda xid, right: struct.pack(">i", xid + 1) + right[4:])
        self.assertRegex(said, r"get \(xid \d+\) was due, and one with xid \d+ came")

    def test_short_reply_fails(self):
        said = self.run_bad(lambda xid, right: right[:-1])
        self.assertIn("shorter than its record", said)

    def test_zxid_that_goes_backwards_fails(self):
        said = self.run_bad(lambda xid, right: right[:4] + struct.pack(">q", 1) + right[12:])
        self.assertRegex(said, r"has zxid 0x1 after the connection has seen 0x\w+")

    def test_closed_connection_fails(self):
        said = self.run_bad(lambda *_: None)
        # The kernel resets a connection that is closed with requests unread.
        self.assertRegex(said, "it was lost: (the server closed it|Connection reset by peer)")

    def test_the_same_server_answering_rightly_is_fine(self):
        self.answer_get = lambda _, right: right
        code, said = bench("get", "--servers", self.address, "--keys", "3", "--ops", "500")
        self.assertEqual(code, 0, said)


class Nobody(unittest.TestCase):

    def test_server_that_is_not_there(self):
        [port] = harness.free_ports(1)
        code, said, measured = with_json("set", "--servers", f"{harness.HOST}:{port}")
        self.assertEqual(code, 1)
        self.assertIn(f"actor-bench: connection to {harness.HOST}:{port}: Connection refused", said)
        self.assertIn("Connection refused", measured["runs"][0]["failure"])
        self.assertNotIn("op/s", said)

    def test_name_that_nobody_has(self):
        code, said = bench("set", "--servers", "nobody.invalid:2181")
        self.assertEqual(code, 1)
        self.assertIn("the name of server nobody.invalid:2181 cannot be resolved", said)

    def test_command_line_that_is_not_understood(self):
        self.assertEqual(bench("set", "--servers", "a:b")[0], 2)
        code, said = bench()
        self.assertEqual(code, 2)
        self.assertIn("an OPERATION (set, get, create, mixed, ephemeral or watch) or --suite", said)


if __name__ == "__main__":
    harness.main(300)
