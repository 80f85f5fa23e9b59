#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""actor-cli on our servers: against a transcript of ZooKeeper's own zkCli.sh, as a single command,
in a pipe and on a terminal."""

import fcntl
import http.server
import os
import pty
import re
import select
import socket
import socketserver
import ssl
import stat
import struct
import subprocess
import termios
import threading
import time
import unittest

import cli_shell
import shared
from cli_shell import ACTOR_CLI, Shell, harness, once

COMMANDS = """addWatch addauth close config connect create delete deleteall delquota exit get getAcl
    getAllChildrenNumber getEphemerals help history listquota ls printwatches quit reconfig redo
    removewatches set setAcl setquota stat sync version whoami""".split()
NOBODY = "127.0.0.1:1"


class Terminal:
    """An actor-cli on a terminal of its own."""

    def __init__(self, hosts, history=""):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = dict(os.environ, TERM="dumb", ACTOR_CLI_HISTORY=history,
                               INPUTRC="/dev/null")
            os.execve(ACTOR_CLI, [ACTOR_CLI, "-server", hosts], environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 200, 0, 0))
        self.said = ""

    def until(self, pattern):
        """What it shows up to the end of that."""
        end = time.monotonic() + harness.DEADLINE_S
        while not (found := re.search(pattern, self.said)):
            if not select.select([self.fd], [], [], max(0.0, end - time.monotonic()))[0]:
                raise AssertionError(f"no {pattern!r} in what it shows: {self.said!r}")
            self.said += os.read(self.fd, 65536).decode().replace("\r", "")
        before, self.said = self.said[:found.end()], self.said[found.end():]
        return before

    def type(self, text):
        os.write(self.fd, text.encode())

    def quit(self):
        self.type("quit\n")
        return self.exit_code()

    def exit_code(self):
        _, status = os.waitpid(self.pid, 0)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(status)


class ActorCli(shared.OnThreeServers):
    maxDiff = None

    @property
    def hosts(self):
        return self.servers.hosts

    def once(self, *command):
        return once(ACTOR_CLI, self.hosts, *command)

    def shell(self, hosts=None, *arguments):
        return self.enterContext(Shell(ACTOR_CLI, hosts or self.hosts, *arguments))

    # -- single commands ----------------------------------------------------------------------

    def test_says_what_the_transcript_says(self):
        cli_shell.check(self, ACTOR_CLI, self.servers[1].address, cli_shell.BASIC)

    def test_says_what_the_transcript_of_later_operations_says(self):
        ensemble = self.enterContext(harness.Ensemble(1, extendedTypesEnabled="true"))
        ensemble.start_all()
        cli_shell.check(self, ACTOR_CLI, ensemble.hosts, cli_shell.LATER)

    def test_one_command_prints_its_output_and_nothing_else(self):
        self.zk.create(self.at("b"), b"two words")
        self.zk.create(self.at("a"))
        self.zk.sync("/")
        self.assertEqual(self.once("sync", "/"), (0, "Sync is OK\n", ""))
        self.assertEqual(self.once("ls", self.top), (0, "[a, b]\n", ""))
        self.assertEqual(self.once("get", self.at("b")), (0, "two words\n", ""))
        self.assertEqual(self.once("get", "-b", self.at("b")), (0, "dHdvIHdvcmRz\n", ""))
        self.assertEqual(self.once("set", self.at("b"), "more of them"), (0, "", ""))
        self.assertEqual(self.zk.get(self.at("b"))[0], b"more of them")
        self.assertEqual(self.once("set", "-b", self.at("b"), "AP8="), (0, "", ""))
        self.assertEqual(self.zk.get(self.at("b"))[0], b"\x00\xff")

    def test_one_command_that_fails_says_so_by_its_exit_code(self):
        none = self.at("none")
        self.assertEqual(self.once("get", none), (1, "", f"Node does not exist: {none}\n"))
        self.assertEqual(self.once("delete", "-v", "7", self.top),
                         (1, "", f"version No is not valid : {self.top}\n"))
        self.assertEqual(self.once("get"), (1, "", "get [-s] [-w] [-b] path\n"))

    def test_an_unknown_command_lists_those_that_are_known(self):
        code, out, err = self.once("nosuch")
        self.assertEqual((code, out), (127, ""))
        *usage, last = err.splitlines()
        self.assertEqual(last, "Command not found: nosuch")
        self.assertEqual([line.split()[0] for line in usage[1:]], COMMANDS)
        self.assertEqual(self.once("help")[:2], (0, "\n".join(usage) + "\n"))
        self.assertEqual(self.once("help", "delete")[:2], (0, "delete [-v version] path\n"))

    def test_a_bad_invocation_is_explained(self):
        for words in (("-timeout", "soon", "ls", "/"), ("-nosuch", "ls", "/")):
            code, out, err = self.once(*words)
            self.assertEqual((code, out), (2, ""))
            self.assertIn("accepted", err)

    def test_a_dead_server_in_the_list_does_not_matter(self):
        hosts = f"{NOBODY},{self.servers[1].address},127.0.0.1:2"
        for _ in range(5):  # where it begins is chance
            self.assertEqual(once(ACTOR_CLI, hosts, "ls", self.top), (0, "[]\n", ""))

    def test_without_any_server_it_fails_soon(self):
        refused = f"{NOBODY} refuses connections: nothing listens there\n"
        for command in (("ls", "/"), ("whoami",), ("addauth", "digest", "a:b")):
            path = " for /" if command[-1] == "/" else ""
            self.assertEqual(once(ACTOR_CLI, NOBODY, *command),
                             (1, "", f"KeeperErrorCode = ConnectionLoss{path}: {refused}"))
        self.assertEqual(once(ACTOR_CLI, NOBODY, "-timeout", "200", "-waitforconnection", "sync",
                              "/"),
                         (1, "", f"no server of {NOBODY} has answered within 200 ms: {refused}"))

    def test_the_second_connection_of_a_single_command_is_awaited(self):
        me = "Auth scheme: User\nip: 127.0.0.1\n"
        self.zk.create(self.at("a"))
        for hosts in (self.hosts, self.servers[1].address, f"{NOBODY},{self.servers[2].address}"):
            for _ in range(3):
                self.assertEqual(once(ACTOR_CLI, hosts, "whoami"), (0, me, ""))
                self.assertEqual(once(ACTOR_CLI, hosts, "addWatch", "/"), (0, "", ""))
                self.assertEqual(once(ACTOR_CLI, hosts + self.top, "getAllChildrenNumber", "/"),
                                 (0, "1\n", ""))
        none = self.at("none")
        self.assertEqual(self.once("getAllChildrenNumber", none),
                         (1, "", f"Node does not exist: {none}\n"))

    # -- in a pipe ----------------------------------------------------------------------------

    def test_lines_from_a_pipe(self):
        lines = f"create {self.at('a')}\n\nls {self.top}\nget {self.at('none')}\nls {self.at('a')}"
        done = subprocess.run([ACTOR_CLI, "-server", self.hosts], input=lines, text=True,
                              capture_output=True, check=False, timeout=harness.DEADLINE_S)
        self.assertEqual((done.returncode, done.stdout), (0, "[a]\n[]\n"))
        self.assertEqual(done.stderr, f"Created {self.at('a')}\n"
                                      f"Node does not exist: {self.at('none')}\n")

    def test_paths_below_a_chroot(self):
        sh = self.shell(self.hosts + self.top)
        self.assertEqual(sh.ask("create -e /e", "create /a", "get -w /a", "ls /"),
                         "Created /e\nCreated /a\nnull\n[a, e]\n")
        self.zk.sync("/")
        self.assertEqual(sorted(self.zk.get_children(self.top)), ["a", "e"])
        self.zk.set(self.at("a"), b"x")
        sh.until(r"^WatchedEvent state:SyncConnected type:NodeDataChanged path:/a$")
        self.assertEqual(sh.ask("getEphemerals", "getAllChildrenNumber /"), "\n[/e]\n2\n")

    def test_ephemerals_that_others_deleted_are_no_longer_listed(self):
        sh = self.shell()
        sh.ask(*(f"create -e {self.at(name)}" for name in "abc"))
        self.zk.sync("/")
        self.zk.delete(self.at("a"))
        self.zk.delete(self.at("b"))
        self.zk.create(self.at("b"), ephemeral=True)
        self.assertEqual(sh.ask("sync /", f"getEphemerals {self.top}"),
                         f"Sync is OK\n[{self.at('c')}]\n")

    def test_events_are_not_shown_while_printwatches_is_off(self):
        sh = self.shell()
        said = sh.ask(f"get -w {self.top}", f"stat -w {self.at('new')}", "printwatches off",
                      f"set {self.top} x", "printwatches on", f"create {self.at('new')}")
        told = f"WatchedEvent state:SyncConnected type:NodeCreated path:{self.at('new')}"
        self.assertEqual(cli_shell.split_events(said)[1], [told])

    def test_close_and_connect(self):
        sh = self.shell()
        sh.ask(f"create -e {self.at('e')}")
        said = sh.ask("close", "ls /", f"connect {self.hosts}", f"ls {self.top}")
        self.assertEqual(said, "\nWATCHER::\n\nWatchedEvent state:Closed type:None path:null\n"
                               "Not connected\n"
                               "\nWATCHER::\n\nWatchedEvent state:SyncConnected type:None "
                               "path:null\n[]\n")

    def test_a_refused_identity_ends_the_session(self):
        said = self.shell().ask("addauth nosuch x", f"connect {self.hosts}", "sync /")
        self.assertIn("WatchedEvent state:AuthFailed type:None path:null\n", said)
        self.assertTrue(said.endswith("Sync is OK\n"), said)

    def test_its_session_and_its_watches_follow_to_another_server(self):
        sh = self.shell()
        sh.ask(f"create -e {self.at('mine')}", f"create {self.at('kept')}",
               f"get -w {self.at('kept')}")
        self.zk.sync("/")
        session = self.zk.exists(self.at("mine")).ephemeralOwner
        home = self.servers[session >> 56]  # the id says at which server it began
        home.stop()
        sh.until(r"^WatchedEvent state:Disconnected type:None path:null$")
        sh.until(r"^WatchedEvent state:SyncConnected type:None path:null$")
        self.zk.retry(self.zk.set, self.at("kept"), b"meanwhile")
        sh.until(rf"^WatchedEvent state:SyncConnected type:NodeDataChanged path:{self.at('kept')}$")
        self.assertEqual(sh.ask("getEphemerals"), f"\n[{self.at('mine')}]\n")
        self.servers.start_all()

    # -- on a terminal ------------------------------------------------------------------------

    def test_a_terminal_completes_and_remembers(self):
        history = os.path.join(self.servers.dir, "history")
        self.zk.create(self.at("first-child"), b"here")
        prompt = rf"\[zk: {self.hosts}\(CONNECTED\) {{}}\] "
        first = Terminal(self.hosts, history)
        first.until(prompt.format(0))
        first.type("add\t\t")
        first.until(r"addWatch +addauth")
        first.type("auth digest ann:pw\n")
        first.until(prompt.format(1))
        first.type(f"sync /\nget -w {self.top[:-1]}\t/fir\t\n")
        shown = first.until(prompt.format(3))
        self.assertIn(f"get -w {self.at('first-child')}\nhere\n", shown)
        first.type("half a li")
        first.until("half a li")
        self.zk.set(self.at("first-child"), b"x")
        first.until(rf"type:NodeDataChanged path:{self.at('first-child')}\n")
        first.until(prompt.format(3) + "half a li")
        first.type("\x15redo 2\n")  # Ctrl-U: away with it
        first.until(r"\nx\n")
        self.assertEqual(first.quit(), 0)

        with open(history, encoding="utf-8") as f:
            self.assertEqual(f.read().splitlines(),
                             ["sync /", f"get -w {self.at('first-child')}", "redo 2", "quit"])
        self.assertEqual(stat.S_IMODE(os.stat(history).st_mode), 0o600)
        second = Terminal(self.hosts, history)
        second.until(prompt.format(0))
        second.type("\x10\x10\x10\n")  # Ctrl-P, three lines up
        second.until(rf"get -w {self.at('first-child')}\nx\n")
        self.assertEqual(second.quit(), 0)

    def test_ctrl_c_clears_the_line_and_twice_quits(self):
        shell = Terminal(self.servers[1].address)
        prompt = r"\(CONNECTED\) \d+\] "
        shell.until(prompt)
        shell.type("delete /half a li")
        shell.until("half a li")
        shell.type("\x03")
        shell.until(r"\^C\n" + r"\[zk: .*" + prompt)
        shell.type("sync /\n")  # and nothing of the line before
        self.assertIn("\nSync is OK\n", shell.until(prompt))
        shell.type("\x03")
        shell.until(r"Ctrl-C again or Ctrl-D quits")
        shell.until(prompt)
        shell.type("\x03")
        self.assertEqual(shell.exit_code(), 130)

    def test_ctrl_c_interrupts_a_command_and_ctrl_d_quits(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts and says nothing
            shell = Terminal("127.0.0.1:%d" % silent.getsockname()[1])
            for command in ("ls /", "whoami"):
                shell.until(r"\(CONNECTING\) \d\] ")
                shell.type(command + "\n")
                shell.until(command + "\n")
                time.sleep(0.3)
                began = time.monotonic()
                shell.type("\x03")
                shell.until(r"Interrupted")
                self.assertLess(time.monotonic() - began, 2 * harness.SLOWNESS)
            shell.until(r"\(CONNECTING\) \d\] ")
            shell.type("\x04")
            self.assertEqual(shell.exit_code(), 1)


class Causes(unittest.TestCase):
    """Why a command could not be done, whatever it was."""
    maxDiff = None

    def why(self, hosts, *command):
        code, out, err = once(ACTOR_CLI, hosts, *(command or ("get", "/a")))
        self.assertEqual((code, out), (1, ""), err)
        return err

    def serve(self, handler):
        """Address of a server that does that with each of its connections."""
        server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return "127.0.0.1:%d" % server.server_address[1]

    def test_a_name_that_nobody_knows(self):
        err = self.why("nosuch.invalid:2181")
        self.assertIn("nosuch.invalid:2181 the name cannot be resolved: ", err)

    def test_several_servers_are_a_line_each(self):
        err = self.why(NOBODY + ",127.0.0.1:2/a/root")
        self.assertEqual(err, "KeeperErrorCode = ConnectionLoss for /a: no server can be used\n"
                              f"  {NOBODY} refuses connections: nothing listens there\n"
                              "  127.0.0.1:2 refuses connections: nothing listens there\n")

    def test_ports_of_another_kind(self):
        web = self.serve(http.server.SimpleHTTPRequestHandler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate it says no
        tls = self.serve(lambda s, *_: self.try_tls(context, s))
        banner = self.serve(lambda s, *_: s.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"))
        shuts = self.serve(lambda s, *_: None)
        for address, said in ((web, "speaks HTTP"), (tls, "speaks TLS"),
                              (banner, 'it says "SSH-2.0-OpenSSH_9.2"'),
                              (shuts, "closes it without a word")):
            began = time.monotonic()
            self.assertIn(f"{address} ", err := self.why(address))
            self.assertIn(said, err)
            self.assertLess(time.monotonic() - began, 15 * harness.SLOWNESS, err)

    @staticmethod
    def try_tls(context, connection):
        try:
            context.wrap_socket(connection, server_side=True)
        except (ssl.SSLError, OSError):
            pass

    def test_peer_and_election_port_of_a_server(self):
        ensemble = self.enterContext(harness.Ensemble(3))
        ensemble.start_all()
        for port in (ensemble[1].peer_port, ensemble[1].election_port):
            err = self.why(f"127.0.0.1:{port}", "-timeout", "5000", "get", "/a")
            self.assertRegex(err, "no client port.*peer or election port")

    def test_no_quorum_and_then_reads_only(self):
        ensemble = self.enterContext(harness.Ensemble(3, **{"readonlymode.enabled": "true"}))
        ensemble[1].start()
        address = ensemble[1].address
        harness.wait_until(lambda: ensemble[1].ask("isro"), "it answers")
        if ensemble[1].ask("isro") == "null":
            err = self.why(address)
            self.assertIn(f"ConnectionLoss for /a: {address} ", err)
            self.assertRegex(err, "does not serve.*1 of 3 voters reachable, 2 needed|-r accepts")
        harness.wait_until(lambda: ensemble[1].ask("isro") == "ro", "it serves reads")
        self.assertIn(f"{address} serves reads only: no quorum; -r accepts that", self.why(address))
        self.assertEqual(once(ACTOR_CLI, address, "-r", "whoami")[0], 0)
        self.assertEqual(once(ACTOR_CLI, address, "-r", "getAllChildrenNumber", "/")[0], 0)
        self.assertEqual(once(ACTOR_CLI, address, "-r", "addWatch", "/")[0], 0)
        self.assertEqual(self.why(address, "-r", "create", "/a"),
                         "Not a read-only call: /a: the server has no quorum, so it serves reads "
                         "only\n")

    def test_a_server_whose_words_are_not_allowed(self):
        ensemble = self.enterContext(
            harness.Ensemble(3, **{"4lw.commands.whitelist": "ruok"}))
        ensemble[1].start()
        harness.wait_until(lambda: ensemble[1].ask("ruok") == "imok", "it answers")
        address = ensemble[1].address
        self.assertIn(f"{address} runs and does not serve", self.why(address))


if __name__ == "__main__":
    harness.main(limit_s=100)
