#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""actor-node's verbs, as scripts written for zkServer.sh use them."""

import os
import re
import signal
import socket
import subprocess
import time
import unittest

import harness
from harness import ACTOR_NODE, Ensemble


@unittest.skipIf(harness.GENUINE, "only actor-node has these verbs")
class CommandLine(unittest.TestCase):

    def setUp(self):
        self.context = Ensemble(1)
        self.server = self.context[1]
        self.addCleanup(self.context.__exit__, None, None, None)
        self.addCleanup(self.end_daemon)

    def end_daemon(self):
        pid = self.pid()
        if pid is not None and self.command_line(pid).find(self.server.config) >= 0:
            os.kill(pid, signal.SIGKILL)

    def run_verb(self, *arguments, cwd=None):
        done = subprocess.run([ACTOR_NODE, *arguments], text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False, timeout=harness.DEADLINE_S,
                              cwd=cwd or self.server.dir)
        return done.returncode, done.stdout

    @property
    def pid_path(self):
        return os.path.join(self.server.data, "zookeeper_server.pid")

    def pid(self):
        try:
            with open(self.pid_path, encoding="ascii") as f:
                return int(f.read())
        except (FileNotFoundError, ValueError):
            return None

    def command_line(self, pid):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                return f.read().replace(b"\0", b" ").decode()
        except FileNotFoundError:
            return ""

    def test_start_returns_when_it_listens_and_stop_when_it_has_ended(self):
        self.assertEqual(self.run_verb("start", "--config", self.server.config),
                         (0, "Starting troupe ... STARTED\n"))
        self.assertEqual(harness.four_letter(self.server.client_port, "ruok"), "imok")
        first = self.pid()
        code, said = self.run_verb("start", "--config", self.server.config)
        self.assertEqual((code, said),
                         (1, f"Starting troupe ... already running as process {first}.\n"))
        harness.wait_until(lambda: self.server.mode() == "standalone", "it serves")
        self.assertEqual(self.run_verb("status"), (0, self.words_of_status("standalone")))
        code, said = self.run_verb("restart", self.server.config)  # zkServer.sh's way to say where
        self.assertEqual(code, 0, said)
        self.assertNotEqual(self.pid(), first)
        code, said = self.run_verb("stop")
        self.assertEqual(code, 0, said)
        self.assertTrue(said.endswith("STOPPED\n"), said)
        self.assertIsNone(self.pid())
        self.assertEqual(harness.four_letter(self.server.client_port, "ruok"), "")
        code, said = self.run_verb("stop")
        self.assertEqual((code, "no server to stop" in said), (0, True))
        code, said = self.run_verb("status")
        self.assertEqual((code, "It is probably not running." in said), (1, True), said)

    def words_of_status(self, mode):
        return (f"Using config: {self.server.config}\n"
                f"Client port found: {self.server.client_port}. "
                f"Client address: {harness.HOST}. Client SSL: false.\nMode: {mode}\n")

    def test_what_a_killed_server_left_behind_keeps_nobody_from_starting(self):
        self.assertEqual(self.run_verb("start")[0], 0)
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        harness.wait_until(lambda: not self.command_line(pid), "the process is gone")
        self.assertEqual(self.pid(), pid, "its pid file is still there")
        self.assertEqual(self.run_verb("start")[0], 0)
        self.assertNotEqual(self.pid(), pid)
        self.assertEqual(self.run_verb("stop")[0], 0)

    def test_a_pid_that_is_another_program_by_now_is_left_alone(self):
        with open(self.pid_path, "w", encoding="ascii") as f:
            f.write(str(os.getpid()))
        code, said = self.run_verb("stop")
        self.assertEqual((code, "no server to stop" in said), (0, True), said)
        self.assertEqual(self.run_verb("start")[0], 0)
        self.assertEqual(self.run_verb("stop")[0], 0)

    def test_start_says_why_it_failed(self):
        with socket.create_server((harness.HOST, self.server.client_port)):
            code, said = self.run_verb("start")
        self.assertEqual(code, 1, said)
        self.assertIn("FAILED TO START", said)
        self.assertIn(str(self.server.client_port), said)
        self.assertIsNone(self.pid())

    def test_a_bad_config_is_one_line_and_exit_code_2(self):
        with open(self.server.config, "a", encoding="ascii") as f:
            f.write("syncLimit=five\n")
        for verb in ("start", "start-foreground", "restart", "print-config"):
            code, said = self.run_verb(verb)
            self.assertEqual(code, 2, said)
            self.assertRegex(said.splitlines()[-1],
                             re.escape(self.server.config) + r":\d+: syncLimit=five: .*accepted: ")
        for verb, expected in (("stop", 0), ("status", 1)):  # which need it only to find a server
            code, said = self.run_verb(verb)
            self.assertEqual(code, expected, said)
            self.assertIn("syncLimit=five", said)
        for verb in ("start", "stop", "status", "restart", "pid"):
            self.assertEqual(self.run_verb(verb, "--config", "/nowhere/zoo.cfg")[0], 2)

    def test_a_word_that_is_no_verb_is_named(self):
        self.assertEqual(self.run_verb("strat", "a"), (
            2, "actor-node: strat: no such command; did you mean start? (--help explains)\n"))
        self.assertEqual(self.run_verb("--config", "x", "sotp")[1], (
            "actor-node: sotp: no such command; did you mean stop? (--help explains)\n"))
        code, said = self.run_verb("begin")
        self.assertEqual(code, 2, said)
        self.assertIn("begin: no such command; there are start, ", said)
        self.assertEqual(self.run_verb("start", "--confg", "x"), (
            2, "actor-node start: --confg: no such option; did you mean --config? "
               "(--help explains)\n"))
        code, said = self.run_verb("start", "--wait=soon")
        self.assertEqual((code, said.count("\n")), (2, 1), said)
        self.assertIn("--wait", said)

    def test_every_program_tells_its_version_and_what_it_does_not_understand(self):
        folder = os.path.dirname(ACTOR_NODE)
        for name in ("actor-node", "actor-cli", "actor-cluster", "actor-log", "actor-bench",
                     "sim-swarm", "history-check", "history-make", "nemesis-client"):
            def run(*arguments, program=os.path.join(folder, name)):
                return subprocess.run([program, *arguments], text=True, capture_output=True,
                                      check=False, timeout=harness.DEADLINE_S)

            told = run("--version")
            self.assertEqual((told.returncode, told.stderr), (0, ""), name)
            self.assertRegex(told.stdout, rf"^{name} of Troupe [\d.]+ \(ZooKeeper protocol "
                                          r".*\), built on .* UTC\n$")
            self.assertEqual(run("--help").returncode, 0, name)
            told = run("--no-such-option")
            self.assertEqual((told.returncode, told.stdout), (2, ""), name)
            self.assertIn("no-such-option", told.stderr)
            self.assertLessEqual(told.stderr.count("\n"), 1, told.stderr)

    @staticmethod
    def settings_of(said):
        return sorted(line for line in said.splitlines() if line and not line.startswith("#"))

    def test_print_config_is_a_config_that_says_the_same(self):
        code, said = self.run_verb("print-config")
        self.assertEqual(code, 0)
        self.assertIn(f"\n# {self.server.config}:2\nclientPort={self.server.client_port}\n", said)
        again = os.path.join(self.server.dir, "again.cfg")
        with open(again, "w", encoding="ascii") as f:
            f.write(said)
        code, said_again = self.run_verb("print-config", "--config", again)
        self.assertEqual((code, self.settings_of(said_again)), (0, self.settings_of(said)))

    def test_print_config_explains_every_key_without_a_config(self):
        code, said = self.run_verb("print-config", "--markdown", cwd="/")
        self.assertEqual(code, 0)
        with open(os.path.join(harness.ROOT, "docs", "configuration.md"), encoding="utf-8") as f:
            self.assertEqual(said, f.read())

    def test_what_is_set_on_the_command_line_stands_above_the_file(self):
        port = harness.free_ports(1)[0]
        setting = ("--set", f"clientPort={port}", "--set", "zookeeper.snapCount=77")
        code, said = self.run_verb("print-config", *setting)
        self.assertEqual(code, 0)
        self.assertIn(f"\n# --set\nclientPort={port}\n", said)
        self.assertIn("\n# --set\nsnapCount=77\n", said)
        self.assertEqual(self.run_verb("start", *setting)[0], 0)
        harness.wait_until(lambda: "Mode:" in harness.four_letter(port, "srvr"), "it serves there")
        self.assertEqual(harness.four_letter(self.server.client_port, "srvr"), "")
        self.assertEqual(self.run_verb("stop")[0], 0)
        code, said = self.run_verb("start", "--set", "tickTime")
        self.assertEqual((code, said), (2, "--set tickTime: not valid; accepted: KEY=VALUE\n"))

    def test_a_missing_directory_is_an_error_if_none_shall_be_made(self):
        elsewhere = os.path.join(self.server.dir, "not-mounted")
        code, said = self.run_verb("start", "--set", f"dataDir={elsewhere}",
                                   "--set", "datadir.autocreate=false")
        self.assertEqual(code, 1, said)
        self.assertIn(f"{elsewhere}/version-2: missing, and not made", said)
        self.assertFalse(os.path.exists(elsewhere))

    def test_version_names_the_protocol(self):
        code, said = self.run_verb("version")
        self.assertEqual(code, 0)
        self.assertRegex(
            said, r"^actor-node of Troupe \d+\.\d+\.\d+ \(ZooKeeper protocol 3\.8\), "
                  r"built on \d{4}-\d\d-\d\d \d\d:\d\d UTC\n$")
        self.assertEqual(self.run_verb("--version"), (code, said))

    def test_foreground_ends_with_0_on_sigterm_and_sigint(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            self.server.start()
            harness.wait_until(lambda: self.server.mode() == "standalone", "it serves")
            began = time.monotonic()
            self.server.signal(number)
            self.assertEqual(self.server.exit_code(), 0)
            self.assertLess(time.monotonic() - began, 5 * harness.SLOWNESS)
            self.assertIsNone(self.pid())


if __name__ == "__main__":
    harness.main(limit_s=120)
