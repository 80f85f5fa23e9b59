# SPDX-License-Identifier: Apache-2.0
"""What the tests of actor-cli share: a shell fed line by line, and transcripts.

A transcript is a text file: a line of `> command`, then what a shell says to it, stdout and stderr
as they come. What differs from run to run stands in it as ZXID, DATE, SESSION and BYTES. Java's
zkCli.sh says the same, but for what `as_ours` takes away.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cluster"))

import harness  # noqa: E402  pylint: disable=wrong-import-position

ACTOR_CLI = os.environ.get("ACTOR_CLI", os.path.join(harness.ROOT, "build/release/bin/actor-cli"))
ZKCLI = "/usr/share/zookeeper/bin/zkCli.sh"
DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")

BASIC = "cli.transcript"
LATER = "cli_later_operations.transcript"  # container and TTL znodes, addWatch, quotas, whoami

EVENT = re.compile(r"^\n(?:WATCHER::|(WatchedEvent .*))\n", re.M)
DATE = r"[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \S+ \d{4}$"


def zkcli_environment(flags=""):
    return dict(os.environ, CLIENT_JVMFLAGS="-Xmx64m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "
                                            "-Dorg.slf4j.simpleLogger.defaultLogLevel=off " + flags)


class Shell:
    """A shell whose input is a pipe. Its answer to a line ends where that to a marker begins, a
    command whose answer nobody else gives."""

    def __init__(self, program, hosts, *arguments, flags=""):
        self.process = subprocess.Popen(  # pylint: disable=consider-using-with
            [program, "-server", hosts, *arguments], stdin=subprocess.PIPE, bufsize=0,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=zkcli_environment(flags),
            preexec_fn=harness.die_with_parent, start_new_session=True)
        self.said = ""
        self.markers = 0
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Of zkCli.sh's the java too, which is a child of the script.
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def _read(self):
        while part := os.read(self.process.stdout.fileno(), 65536):
            with self.changed:
                self.said += part.decode("utf-8", "replace")
                self.changed.notify_all()

    def until(self, pattern):
        """What it says before that."""
        end = time.monotonic() + harness.DEADLINE_S
        with self.changed:
            while not (found := re.search(pattern, self.said, re.M)):
                if not self.changed.wait(max(0.0, end - time.monotonic())):
                    raise AssertionError(f"no {pattern!r} in what it says: {self.said!r}")
            before, self.said = self.said[:found.start()], self.said[found.end():]
            return before

    def send(self, line):
        self.process.stdin.write((line + "\n").encode())

    def ask(self, *lines):
        """All that it says to them."""
        self.markers += 1
        for line in lines:
            self.send(line)
        self.send(f"stat /marker-{self.markers}-")
        return self.until(rf"^Node does not exist: /marker-{self.markers}-\n")

    def quit(self):
        """Its exit code."""
        self.send("quit")
        code = self.process.wait(harness.DEADLINE_S)
        self.reader.join()
        return code


def once(program, hosts, *command):
    """Exit code, stdout and stderr of one command."""
    done = subprocess.run([program, "-server", hosts, *command], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False,
                          timeout=harness.DEADLINE_S, env=zkcli_environment())
    return done.returncode, done.stdout, done.stderr


def steps_of(name):
    """(command, what it says) of a transcript."""
    with open(os.path.join(DATA, name), encoding="utf-8") as f:
        text = f.read()
    return [tuple(step.split("\n", 1)) for step in re.split(r"^> ", text, flags=re.M)[1:]]


def settled(said):
    """Without what differs from run to run."""
    said = re.sub(r"^([cmp]Zxid) = 0x[0-9a-f]+$", r"\1 = ZXID", said, flags=re.M)
    said = re.sub(r"^([cm]time) = " + DATE, r"\1 = DATE", said, flags=re.M)
    return re.sub(r"^ephemeralOwner = 0x[1-9a-f][0-9a-f]{6,}$", "ephemeralOwner = SESSION", said,
                  flags=re.M)


def as_ours(said):
    """zkCli.sh's words without the names of its classes, and with sets in order: those in brackets,
    and the identities that whoami lists."""
    said = re.sub(r"^org\.apache\.commons\.cli\.\w+: ", "", said, flags=re.M)
    head, title, names = said.partition("Auth scheme: User\n")
    said = head + title + "".join(sorted(names.splitlines(keepends=True)))
    return re.sub(r"^\[(/.*)\]$", lambda x: f"[{', '.join(sorted(x[1].split(', ')))}]", said,
                  flags=re.M)


def split_events(said):
    """Events are told by a thread of zkCli.sh's own, so between which lines they stand is open, and
    what may stand between their two lines."""
    return EVENT.sub("", said), [x for x in EVENT.findall(said) if x]


def check(test, program, hosts, name):
    """Plays a transcript; the events are compared among themselves."""
    answers, told, expected_events = [], [], []
    with Shell(program, hosts, "-waitforconnection") as shell:
        shell.ask()
        for command, transcript in steps_of(name):
            expected, events = split_events(transcript)
            said, seen = split_events(as_ours(settled(shell.ask(command))))
            answers.append((command, expected, said))
            expected_events += events
            told += seen
        test.assertEqual(shell.quit(), 1)  # as the last command: a marker, which fails
    for command, expected, said in answers:
        test.assertEqual(said, expected, f"{program} on {hosts}: {command}")
    test.assertEqual(told, expected_events)
