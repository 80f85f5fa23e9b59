#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""ZooKeeper's own zkCli.sh against the transcripts that actor-cli is tested with, on our server and
on the genuine one, and actor-cli on the latter. Registered only where Debian's zookeeper and a java
are installed."""

import re
import unittest

import cli_shell
import shared
from cli_shell import ACTOR_CLI, ZKCLI, Shell, harness, once


class BothShells(unittest.TestCase):
    maxDiff = None

    def serve(self, genuine, servers=1, **config):
        """Servers that end with the test."""
        ensemble = self.enterContext(
            harness.Ensemble(servers, extendedTypesEnabled="true", **config))
        for server in ensemble:
            server.genuine = genuine
        ensemble.start_all()
        return ensemble

    def test_zkcli_says_on_our_server_what_the_transcripts_say(self):
        hosts = self.serve(genuine=False).hosts
        for name in (cli_shell.BASIC, cli_shell.LATER):
            cli_shell.check(self, ZKCLI, hosts, name)

    def test_both_say_on_the_genuine_server_what_the_transcripts_say(self):
        hosts = self.serve(genuine=True).hosts
        for name in (cli_shell.BASIC, cli_shell.LATER):
            cli_shell.check(self, ACTOR_CLI, hosts, name)
            cli_shell.check(self, ZKCLI, hosts, name)

    def test_exit_codes_and_streams_of_single_commands(self):
        hosts = self.serve(genuine=True).hosts
        for command in ("create /a x", "stat /none", "getAcl", "set -x /a y", "nosuch"):
            ours = once(ACTOR_CLI, hosts, *command.replace("/a", "/o").split())
            code, out, err = once(ZKCLI, hosts, *command.replace("/a", "/j").split())
            # zkCli.sh tells of its connection first.
            out = cli_shell.split_events(re.sub("^Connecting to .*\n", "", out))[0]
            self.assertEqual((code, out), ours[:2], command)
            err = re.sub("^SLF4J.*\n", "", err, flags=re.M)
            last = cli_shell.as_ours(err).splitlines()[-1:]
            if command != "nosuch":  # it says so twice in one line
                self.assertEqual([x.replace("/j", "/o") for x in last],
                                 ours[2].splitlines() or last, command)

    def test_config_and_reconfig(self):
        hosts = self.serve(genuine=True, servers=2, reconfigEnabled="true", **{
            "DigestAuthenticationProvider.superDigest": shared.SUPER_DIGEST}).hosts
        lines = ("config", "config -s", "reconfig -remove 99",
                 "addauth digest 'super:above all'", "reconfig -s -remove 99",
                 "reconfig -v 5 -remove 99", "reconfig -members server.1=a", "config")
        answers = []
        for program in (ZKCLI, ACTOR_CLI):
            with Shell(program, hosts, "-waitforconnection") as shell:
                shell.ask()
                said = [cli_shell.settled(shell.ask(line)) for line in lines]
            said = [re.sub(r"^(version=)?[1-9a-f]\d{8}\b", r"\1VERSION", x, flags=re.M)
                    for x in said]
            answers.append([cli_shell.split_events(x)[0] for x in said])
        self.assertEqual(answers[1], answers[0])
        self.assertIn("Committed new configuration:\nserver.1=", answers[1][4])

    def test_persistent_watches_outlive_their_server_s_restart(self):
        ensemble = self.serve(genuine=True)
        with Shell(ACTOR_CLI, ensemble.hosts, "-waitforconnection") as shell:
            shell.ask("create /a", "addWatch /a", "addauth digest ann:pw")
            ensemble[1].stop()
            shell.until(r"^WatchedEvent state:Disconnected type:None path:null$")
            ensemble.start_all()
            shell.until(r"^WatchedEvent state:SyncConnected type:None path:null$")
            self.assertIn("digest: ann\n", shell.ask("whoami"))
            said = shell.ask("create /a/b", "removewatches /a")
            self.assertIn("WatchedEvent state:SyncConnected type:NodeCreated path:/a/b\n", said)
            self.assertIn("type:PersistentWatchRemoved path:/a\n", said)


if __name__ == "__main__":
    harness.main(limit_s=100)
