#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ZooKeeper's own C client, the shell cli_mt of Debian's zookeeper-bin: its commands, its watches,
and its return to another server when its own is gone."""

import os
import re
import subprocess
import threading
import time
import unittest

from kazoo.security import make_acl, make_digest_acl

import shared
from shared import harness

CLI = "/usr/lib/zookeeper/bin/cli_mt"


class Shell:
    """A cli_mt. Its own loop answers a line when the line's answer has come from the server."""

    def __init__(self, hosts):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [CLI, "-h", hosts], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, bufsize=0, preexec_fn=harness.die_with_parent)
        self.said = ""
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()
        self.expect(r"state = CONNECTED_STATE")

    def _read(self):
        while part := os.read(self.process.stdout.fileno(), 65536):
            with self.changed:
                self.said += part.decode()
                self.changed.notify_all()

    def expect(self, pattern):
        """Waits for that in what it says; returns the match and forgets all up to its end."""
        end = time.monotonic() + harness.DEADLINE_S
        with self.changed:
            while not (found := re.search(pattern, self.said, re.MULTILINE)):
                if not self.changed.wait(end - time.monotonic()):
                    raise AssertionError(f"no {pattern!r} in what it says: {self.said!r}")
            self.said = self.said[found.end():]
            return found

    def do(self, line, *patterns):
        """Gives it a line and waits for these, in this order. Returns the last match."""
        self.process.stdin.write((line + "\n").encode())
        return [self.expect(pattern) for pattern in patterns][-1]

    def quit(self):
        self.process.stdin.write(b"quit\n")
        code = self.process.wait(harness.DEADLINE_S)
        self.reader.join()
        return code

    def close(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()


class CClient(shared.OnThreeServers):

    def setUp(self):
        super().setUp()
        self.shell = self.shell_of(self.servers.hosts)

    def shell_of(self, hosts):
        shell = Shell(hosts)
        self.addCleanup(shell.close)
        return shell

    def answer(self, code, path=None):
        """How cli_mt prints the end of a command."""
        return rf"^\[?{re.escape(path or self.at('a'))}\]?: rc = {code}\b"

    def test_create_set_get_delete(self):
        path, sh = self.at("a"), self.shell
        sh.do(f"create {path}", self.answer(0), rf"^\s+name = {path}$")
        sh.do(f"create {path}", self.answer(-110))
        sh.do(f"set {path} hello", self.answer(0), r"^\tversion=1\taversion=0$",
              r"^\tephemeralOwner = 0$")
        found = sh.do(f"get {path}", self.answer(0), r"value_len = 5\nhello\nStat:",
                      r"\tczxid=([0-9a-f]+)\n\tmtime=.*\n\tmzxid=([0-9a-f]+)$")
        stat = self.zk.exists(path)
        self.assertEqual([int(text, 16) for text in found.groups()], [stat.czxid, stat.mzxid])
        sh.do(f"get {self.at('none')}", self.answer(-101, self.at("none")))
        sh.do(f"create {path}/b", rf"^\s+name = {path}/b$")
        sh.do(f"delete {path}", self.answer(-111))
        sh.do(f"delete {path}/b", self.answer(0, f"{path}/b"))
        sh.do(f"delete {path}", self.answer(0))
        sh.do(f"delete {path}", self.answer(-101))
        sh.do(f"create {path}/none/b", self.answer(-101, f"{path}/none/b"))

    def test_create2_returns_a_stat(self):
        self.shell.do(f"create2 {self.at('a')}", self.answer(0), rf"^\s+name = {self.at('a')}$",
                      r"^\tczxid=[0-9a-f]+$", r"^\tversion=0\taversion=0$")

    def test_kinds_of_znodes(self):
        sh = self.shell
        sh.do(f"create +s {self.at('s')}", rf"name = {self.at('s')}0000000000$")
        sh.do(f"create +e {self.at('e')}", rf"name = {self.at('e')}$")
        sh.do(f"create +es {self.at('es')}", rf"name = {self.at('es')}0000000002$")
        sh.do(f"create {self.at('e/child')}", self.answer(-108, self.at("e/child")))
        self.zk.sync("/")
        self.assertEqual(sorted(self.zk.get_children(self.top)),
                         ["e", "es0000000002", "s0000000000"])
        self.assertEqual(sh.quit(), 0)
        self.zk.sync("/")
        self.assertEqual(self.zk.get_children(self.top), ["s0000000000"])

    def test_ls_and_ls2(self):
        for name in ("one", "two"):
            self.zk.create(self.at(name))
        for command in ("ls", "ls2"):
            self.shell.do(f"sync {self.top}", self.answer(0, self.top))
            found = self.shell.do(f"{command} {self.top}", r"((?:^\t\w+\n){2})(?!\t\w+\n)")
            self.assertEqual(sorted(found[1].split()), ["one", "two"])

    def test_sync_shows_what_another_client_wrote(self):
        shell = self.shell_of(self.servers[3].address)
        for n in range(10):
            self.client_of(1).set(self.top, str(n).encode())
            shell.do(f"sync {self.top}", self.answer(0, self.top))
            shell.do(f"get {self.top}", rf"value_len = 1\n{n}$")
            self.servers[1].close_clients()

    def test_acls(self):
        path, sh = self.at("a"), self.shell
        self.zk.create(path, b"secret", acl=[make_digest_acl("ann", "pw", all=True)])
        self.zk.create(self.at("plain"), acl=[make_acl("world", "anyone", read=True)])
        sh.do(f"sync {path}", self.answer(0))
        sh.do(f"get {path}", self.answer(-102))
        sh.do(f"set {self.at('plain')} x", self.answer(-102, self.at("plain")))
        sh.do("addauth digest ann:pw", r"")
        sh.do(f"get {path}", self.answer(0), r"^secret$")
        sh.do(f"set {path} hers", self.answer(0))

    def test_watches_tell_once(self):
        path, sh = self.at("a"), self.shell
        told = r"^Watcher {}_EVENT state = CONNECTED_STATE for path {}$"
        sh.do(f"wexists {path}", r"-101")
        self.zk.create(path)
        sh.expect(told.format("CREATED", path))
        sh.do(f"get {path}", self.answer(0))
        sh.do(f"ls {self.top}", self.answer(0, self.top))
        self.zk.set(path, b"1")
        sh.expect(told.format("CHANGED", path))
        self.zk.set(path, b"2")
        self.zk.delete(path)
        sh.expect(told.format("CHILD", self.top))
        sh.do(f"sync {self.top}", self.answer(0, self.top))
        self.assertNotIn("Watcher", sh.said)

    def test_its_session_and_its_watches_follow_to_another_server(self):
        self.zk.create(self.at("kept"))
        sh = self.shell
        sh.do(f"sync {self.top}", self.answer(0, self.top))
        sh.do(f"create +e {self.at('mine')}", rf"name = {self.at('mine')}$")
        sh.do(f"get {self.at('kept')}", self.answer(0, self.at("kept")))
        self.zk.sync("/")
        session = self.zk.exists(self.at("mine")).ephemeralOwner
        self.servers[session >> 56].stop()  # the id says at which server it began
        sh.expect(r"state = CONNECTING_STATE")
        self.zk.retry(self.zk.set, self.at("kept"), b"meanwhile")
        sh.expect(rf"^Watcher CHANGED_EVENT state = CONNECTED_STATE for path {self.at('kept')}$")
        self.assertEqual(self.zk.exists(self.at("mine")).ephemeralOwner, session)
        self.servers.start_all()


if __name__ == "__main__":
    harness.main(limit_s=60)
