#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A server that runs can be asked and stopped whatever has become of its zoo.cfg, nobody else's is
touched, and what is said while it starts is true."""

import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import time
import unittest

import harness
from harness import ACTOR_NODE, Ensemble

NOBODY = "nobody"


def nobody_can_run_it():
    """The user has to exist, and the program not to lie below a directory that is closed to it."""
    if os.geteuid() != 0:
        return False
    try:
        return subprocess.run([ACTOR_NODE, "version"], user=NOBODY, cwd="/", check=False,
                              capture_output=True).returncode == 0
    except (PermissionError, LookupError):
        return False


def lowest_free_port():
    """From which on a port is anybody's."""
    with open("/proc/sys/net/ipv4/ip_unprivileged_port_start", encoding="ascii") as f:
        return int(f.read())


@unittest.skipIf(harness.GENUINE, "only actor-node has these verbs")
class Verbs(unittest.TestCase):
    servers = 1

    def setUp(self):
        self.ensemble = Ensemble(self.servers)
        self.server = self.ensemble[1]
        self.addCleanup(self.ensemble.__exit__, None, None, None)
        self.addCleanup(self.end_all)

    def end_all(self):
        """Every server of this test, also one of which the test does not know: it has files open
        in the test's own directory, or is named on its command line."""
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    words = f.read().split(b"\0")
                if os.path.basename(words[0]) != b"actor-node":
                    continue
                fds = f"/proc/{pid}/fd"
                opened = [os.readlink(os.path.join(fds, fd)) for fd in os.listdir(fds)]
                if any(self.ensemble.dir in x for x in opened + [w.decode() for w in words]):
                    os.kill(int(pid), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError):
                continue

    @staticmethod
    def began(pid):
        """When the process began; None when it has ended."""
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
                fields = f.read().rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] == "Z" else fields[19]

    def run_verb(self, *arguments, user=None, cwd="/"):
        done = subprocess.run([ACTOR_NODE, *arguments], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, user=user, cwd=cwd,
                              timeout=2 * harness.DEADLINE_S)
        return done.returncode, done.stdout

    def start(self, server):
        code, said = self.run_verb("start", "--config", server.config)
        self.assertEqual(code, 0, said)
        return self.pid_file(server)

    def serve(self):
        """Starts the standalone server; its process, when it serves."""
        pid = self.start(self.server)
        harness.wait_until(lambda: self.server.mode() == "standalone", "it serves")
        return pid

    @staticmethod
    def pid_file(server):
        try:
            with open(os.path.join(server.data, "zookeeper_server.pid"), encoding="ascii") as f:
                return int(f.read())
        except (FileNotFoundError, ValueError):
            return None

    def rewrite(self, change, server=None):
        path = (server or self.server).config
        with open(path, encoding="ascii") as f:
            text = f.read()
        with open(path, "w", encoding="ascii") as f:
            f.write(change(text))

    def assert_says(self, answer, code, *parts):
        self.assertEqual(answer[0], code, answer[1])
        for part in parts:
            self.assertIn(part, answer[1])


def without(key):
    return lambda text: "".join(x for x in text.splitlines(True) if not x.startswith(key))


class WhateverBecameOfTheConfig(Verbs):
    """Each change leaves a server that `status` still asks and `stop` still stops."""

    def lives_through(self, change):
        pid = self.serve()
        change()
        self.assert_says(self.run_verb("status", self.server.config), 0, "Mode: standalone")
        self.assert_says(self.run_verb("pid", self.server.config), 0, f"{pid}\n")
        self.assert_says(self.run_verb("stop", self.server.config), 0, "STOPPED")
        self.assertIsNone(self.began(pid))

    def test_a_value_that_is_none(self):
        self.lives_through(lambda: self.rewrite(lambda text: text + "syncLimit=five\n"))

    def test_a_line_that_is_no_property(self):
        self.lives_through(lambda: self.rewrite(lambda text: text + "x=\\u12\n"))

    def test_servers_of_which_it_is_none(self):
        lines = "server.7=127.0.0.1:1:2\nserver.8=127.0.0.1:3:4\n"
        self.lives_through(lambda: self.rewrite(lambda text: text + lines))

    def test_a_data_directory_that_is_named_no_more(self):
        self.lives_through(lambda: self.rewrite(without("dataDir")))

    def test_a_misspelt_data_directory(self):
        self.lives_through(lambda: self.rewrite(lambda text: text.replace("dataDir", "datadir")))

    def test_another_data_directory(self):
        other = os.path.join(self.server.dir, "other")
        self.lives_through(lambda: self.rewrite(lambda text: text + f"dataDir={other}\n"))

    def test_another_client_port(self):
        port = harness.free_ports(1)[0]
        self.lives_through(lambda: self.rewrite(lambda text: text + f"clientPort={port}\n"))

    def test_a_file_that_is_gone(self):
        self.lives_through(lambda: os.remove(self.server.config))

    def test_a_pid_file_that_is_gone(self):
        self.lives_through(
            lambda: os.remove(os.path.join(self.server.data, "zookeeper_server.pid")))

    def test_a_data_directory_that_is_gone(self):
        self.lives_through(lambda: shutil.rmtree(self.server.data))

    def test_its_data_directory_alone(self):
        pid = self.serve()
        self.assert_says(self.run_verb("status", self.server.data), 0, "Mode: standalone")
        self.assert_says(self.run_verb("restart", self.server.data), 0, "Mode: standalone")
        again = self.pid_file(self.server)
        self.assertNotEqual(again, pid)
        self.assert_says(self.run_verb("stop", cwd=self.server.data), 0, "STOPPED")
        self.assertIsNone(self.began(again))


class Stopping(Verbs):
    def test_restart_refuses_before_it_stops(self):
        pid = self.serve()
        with open(self.server.config, encoding="ascii") as f:
            whole = f.read()
        port = harness.free_ports(1)[0]
        with socket.create_server((harness.HOST, port)):
            for line, code in (("syncLimit=five", 2), (f"clientPort={port}", 1),
                               ("java.security.auth.login.config=/nowhere/jaas.conf", 2),
                               ("session.passwordSecretFile=/nowhere/secret", 1),
                               ("auditlog.file=/proc/nowhere/audit.log\naudit.enable=true", 1),
                               (f"dataDir={self.server.dir}/other", 1)):
                self.rewrite(lambda text, line=line: text + line + "\n")
                said = self.run_verb("restart", self.server.config)
                names = line.split("\n", maxsplit=1)[0].split("=")
                self.assertTrue(any(x in said[1] for x in names), said[1])
                self.assert_says(said, code, "it still runs", f"process {pid}")
                self.rewrite(lambda text: whole)
                self.assertEqual(self.server.mode(), "standalone", line)
        self.assert_says(self.run_verb("stop", self.server.config), 0, "STOPPED")

    def test_two_configs_of_one_directory(self):
        pid = self.serve()
        other = os.path.join(self.server.dir, "other.cfg")
        shutil.copy(self.server.config, other)
        for verb in ("stop", "restart"):
            self.assert_says(self.run_verb(verb, other), 1, "NOT STOPPED", f"process {pid}",
                             self.server.config)
        self.assert_says(self.run_verb("status", other), 1, "another server", self.server.config)
        self.assert_says(self.run_verb("start", other), 1, "already running", self.server.config)
        self.assert_says(self.run_verb("pid", other), 1, "another server")
        self.assertEqual(self.server.mode(), "standalone")
        link = os.path.join(self.server.dir, "link.cfg")
        os.symlink(self.server.config, link)
        self.assert_says(self.run_verb("stop", link), 0, "STOPPED")

    def test_a_copy_of_a_running_servers_directory_runs_nothing(self):
        self.serve()
        copy = os.path.join(self.server.dir, "copy")
        shutil.copytree(self.server.data, copy)
        self.assert_says(self.run_verb("stop", copy), 0, "no server to stop")
        self.assertEqual(self.server.mode(), "standalone")

    def test_a_secret_beside_zoo_cfg_is_read_from_where_the_server_was_started(self):
        with open(os.path.join(self.server.dir, "secret"), "w", encoding="ascii") as f:
            f.write("0123456789abcdef0123456789abcdef\n")
            os.fchmod(f.fileno(), 0o600)
        self.rewrite(lambda text: text + "session.passwordSecretFile=secret\n")
        self.assert_says(self.run_verb("start", "zoo.cfg", cwd=self.server.dir), 0, "STARTED")
        self.assert_says(self.run_verb("restart", "zoo.cfg", cwd=self.server.dir), 0, "Mode:")

    def test_check_data_heeds_what_stands_above_the_file(self):
        self.serve()
        self.assert_says(self.run_verb("stop", self.server.config), 0, "STOPPED")
        self.assert_says(self.run_verb("check-data", "--config", self.server.config), 0,
                         self.server.data)
        nowhere = f"dataDir={self.server.dir}/nowhere"
        self.assert_says(self.run_verb("check-data", "--config", self.server.config, "--set",
                                       nowhere), 1, f"{self.server.dir}/nowhere")
        self.assert_says(self.run_verb("check-data", self.server.data, "--set", nowhere), 2,
                         f"--set {nowhere}", "accepted: one of the two")

    def test_a_port_that_another_address_has_is_free_here(self):
        other = socket.create_server(("127.0.0.2", self.server.client_port))
        self.addCleanup(other.close)
        self.serve()
        self.assert_says(self.run_verb("restart", self.server.config), 0, "Mode: standalone")
        self.rewrite(lambda text: text + "clientPortAddress=0.0.0.0\n")
        self.assert_says(self.run_verb("restart", self.server.config), 1, "clientPort",
                         "it still runs")

    @unittest.skipUnless(nobody_can_run_it(), "becomes another user, who can run the program")
    def test_another_user_may_not_stop_it_and_is_told(self):
        pid = self.serve()
        closed = self.run_verb("stop", self.server.data, user=NOBODY)
        self.assertEqual(closed[0], 2, closed[1])  # not even whether there is such a directory
        for path in (self.server.dir, os.path.dirname(self.server.dir)):
            os.chmod(path, 0o755)
        os.chmod(self.server.data, 0o700)
        self.assert_says(self.run_verb("stop", self.server.config, user=NOBODY), 1, "NOT STOPPED",
                         "Permission denied")
        self.assert_says(self.run_verb("status", self.server.config, user=NOBODY), 0, "Mode:")
        os.chmod(self.server.data, 0o755)
        self.assert_says(self.run_verb("stop", self.server.config, user=NOBODY), 1, "NOT STOPPED",
                         f"process {pid}", "Operation not permitted")
        self.assert_says(self.run_verb("status", self.server.config, user=NOBODY), 0, "Mode:")
        self.assertEqual(self.server.mode(), "standalone")

    def test_two_servers_of_one_config_are_told_apart(self):
        other = os.path.join(self.server.dir, "other")
        port = harness.free_ports(1)[0]
        placed = ("--set", f"dataDir={other}", "--set", f"clientPort={port}")
        self.assertEqual(self.run_verb("start", self.server.config, *placed)[0], 0)
        self.assert_says(self.run_verb("stop", self.server.config), 0, "no server to stop")
        pid = self.serve()
        self.assert_says(self.run_verb("stop", self.server.config, *placed), 0, "STOPPED")
        self.assertEqual(self.server.mode(), "standalone")
        self.assert_says(self.run_verb("pid", self.server.config), 0, f"{pid}\n")

    def test_a_paused_server_is_told_and_stopped(self):
        pid = self.serve()
        os.kill(pid, signal.SIGSTOP)
        self.assert_says(self.run_verb("status", self.server.config), 1, "paused (SIGSTOP)")
        self.assert_says(self.run_verb("stop", self.server.config), 0, "paused", "STOPPED")
        self.assertIsNone(self.began(pid))

    def test_one_that_does_not_end_in_time_is_told(self):
        pid = self.serve()
        said = self.run_verb("stop", self.server.config, "--patience-ms", "0")
        self.assert_says(said, 1, "NOT STOPPED", f"process {pid}", "still running after 0 ms")

    def test_ports_that_cannot_be_had_are_told_in_words(self):
        self.serve()
        other = harness.Server(os.path.join(self.server.dir, "b"), 2, False, harness.free_ports(3))
        other.write_config([])
        said = self.run_verb("start", other.config, "--set",
                             f"clientPort={self.server.client_port}")
        self.assert_says(said, 1, "FAILED TO START", f"clientPort {self.server.client_port}",
                         f"in use by process {self.pid_file(self.server)}", self.server.config)
        with socket.create_server((harness.HOST, other.client_port)):
            self.assert_says(self.run_verb("start", other.config), 1,
                             f"in use by process {os.getpid()}")
        said = self.run_verb("start", other.config, "--set", "clientPortAddress=192.0.2.7")
        self.assert_says(said, 1, "this machine has no address 192.0.2.7", harness.HOST)
        # No resolver is asked for a name with a label of more than 63 letters.
        said = self.run_verb("start", other.config, "--set", f"clientPortAddress={'x' * 70}")
        self.assert_says(said, 1, f"{'x' * 70} has no address")

    @unittest.skipUnless(nobody_can_run_it(), "becomes another user, who can run the program")
    @unittest.skipUnless(lowest_free_port() > 1, "every port is anybody's here")
    def test_a_low_port_is_for_root(self):
        port = lowest_free_port() - 1
        os.chmod(os.path.dirname(self.server.dir), 0o755)
        folder = os.path.join(self.server.dir, "low")
        os.mkdir(folder)
        shutil.chown(folder, NOBODY)
        os.chmod(self.server.dir, 0o755)
        said = self.run_verb("start", self.server.config, "--set", f"dataDir={folder}", "--set",
                             f"clientPort={port}", user=NOBODY)
        self.assert_says(said, 1, f"clientPort {port}", f"ports below {port + 1} are for root")


class LivingDirectory(Verbs):
    """What a server writes while it is looked at is no damage, and who runs there is said."""

    def test_tools_read_a_directory_that_is_written(self):
        self.rewrite(lambda text: text + "snapCount=200\npreAllocSize=64\n")
        pid = self.serve()
        zk = self.server.client()
        zk.create("/x", b"")
        tools = os.path.dirname(ACTOR_NODE)
        node, log = ACTOR_NODE, os.environ.get("ACTOR_LOG", os.path.join(tools, "actor-log"))
        commands = [(log, "verify"), (log, "summary"), (log, "txns"), (log, "snapshot"),
                    (node, "check-data")]
        for n in range(25):
            asked = [zk.set_async("/x", os.urandom(3000)) for _ in range(100)]
            program, what = commands[n % len(commands)]
            done = subprocess.run([program, what, self.server.data], text=True, check=False,
                                  capture_output=True, timeout=harness.DEADLINE_S)
            self.assertEqual(done.returncode, 0, done.stdout[-2000:] + done.stderr)
            self.assertIn(f"process {pid}, an actor-node started from {self.server.config}",
                          done.stdout + done.stderr)
            for x in asked:
                x.get(timeout=harness.DEADLINE_S)
        self.assertEqual(self.server.mode(), "standalone")


class WaitingForOthers(Verbs):
    def test_a_genuine_zookeeper_that_does_not_answer_has_not_ended(self):
        with subprocess.Popen(["bash", "-c", "exec -a org.apache.zookeeper sleep 600"],
                              preexec_fn=harness.die_with_parent) as genuine:
            self.addCleanup(genuine.kill)
            with open(os.path.join(self.server.data, "zookeeper_server.pid"), "w",
                      encoding="ascii") as f:
                f.write(str(genuine.pid))
            harness.wait_until(lambda: "genuine" in self.run_verb("status", self.server.config)[1],
                               "it is found")
            self.assert_says(self.run_verb("status", "--wait=1", self.server.config), 4,
                             "NOT YET SERVING", "a genuine ZooKeeper")
            genuine.kill()
            genuine.wait()

    def test_a_server_of_which_only_the_lock_is_seen_has_not_ended(self):
        """As one of another container's: its number in the pid file is nobody's here."""
        with open(os.path.join(self.server.data, "zookeeper_server.pid"), "w",
                  encoding="ascii") as f:
            f.write(str(2**22 - 1))
            f.flush()
            fcntl.fcntl(f, 37, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))  # F_OFD_SETLK
            self.assert_says(self.run_verb("status", "--wait=1", self.server.config), 4,
                             "NOT YET SERVING", "a process elsewhere")


class Waiting(Verbs):
    servers = 3

    def test_start_waits_until_it_serves_or_says_why_it_does_not(self):
        began = time.monotonic()
        said = self.run_verb("start", "--wait=2", "--config", self.server.config)
        self.assert_says(said, 4, "STARTED", "NOT YET SERVING, after 2 s", "starting",
                         "State: looking", "Unreachable: server.2")
        self.assertGreaterEqual(time.monotonic() - began, 2)
        said = self.run_verb("status", self.server.config)
        self.assert_says(said, 1, "It is starting: process", "State: looking")
        self.start(self.ensemble[2])
        self.assert_says(self.run_verb("status", "--wait", self.server.config), 0, "Mode: ")
        code, said = self.run_verb("start", "--wait", self.ensemble[3].config)
        self.assertEqual((code, said.splitlines()[-1]), (0, "Mode: follower"), said)
        code, said = self.run_verb("restart", self.ensemble[3].config)
        self.assertEqual((code, said.splitlines()[-1]), (0, "Mode: follower"), said)
        self.assertEqual(self.ensemble[3].mode(), "follower")

    def test_status_does_not_contradict_itself_while_servers_come_up(self):
        self.start(self.server)
        self.assert_says(self.run_verb("status", self.server.config), 1, "It is starting: process")
        self.start(self.ensemble[2])
        self.start(self.ensemble[3])
        end = time.monotonic() + harness.DEADLINE_S
        serving = set()
        while serving != {1, 2, 3}:
            self.assertLess(time.monotonic(), end)
            for s in self.ensemble:
                code, said = self.run_verb("status", s.config)
                self.assertFalse("not serving" in said and "Serving: yes" in said, said)
                if code == 0:
                    serving.add(s.id)
                    self.assertRegex(said, "Mode: (leader|follower)")
                else:
                    self.assertIn("starting", said)


if __name__ == "__main__":
    harness.main(limit_s=300)
