#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""kazoo's own tests, all that Debian's package has, on ensembles of three: whatever passes with
ZooKeeper 3.8.0 has to pass here.

data/kazoo_passes_with_zookeeper.txt names them, and is written anew by
`SERVER_KIND=zookeeper kazoo_suite_test.py --passed > FILE`. The parts run side by side, each with
an ensemble of its own: kazoo's tests wait more than they work."""

import os
import subprocess
import sys
import tempfile
import time
import unittest
from xml.etree import ElementTree

import kazoo.tests

from shared import harness

FOLDER = os.path.dirname(kazoo.tests.__file__)
HERE = os.path.dirname(os.path.abspath(__file__))
LIST = os.path.join(HERE, "data", "kazoo_passes_with_zookeeper.txt")
READ_ONLY = "test_connection.py::TestReadOnlyMode"
# It asks for read-only sessions of a server that is alone, which ZooKeeper grants to local ones.
LOCAL_SESSIONS = "localSessionsEnabled=true;localSessionsUpgradingEnabled=true"
PARTS = [["test_eventlet_handler.py", "test_gevent_handler.py", "test_cache.py", "test_barrier.py"],
         ["test_partitioner.py", "test_watchers.py"],
         [READ_ONLY]]
PART_S = 150


def parts():
    """What each pytest is asked for. The last part is what the others leave."""
    named = {argument for part in PARTS for argument in part}
    rest = sorted(name for name in os.listdir(FOLDER)
                  if name.startswith("test_") and name.endswith(".py") and name not in named)
    return [*PARTS, [*rest, f"--deselect={READ_ONLY}"]]


class Part:
    """One pytest and its ensemble."""

    def __init__(self, arguments, ports, folder):
        self.report = os.path.join(folder, "report.xml")
        self.log = os.path.join(folder, "log")
        environment = dict(
            os.environ, KAZOO_SUITE_PORTS=" ".join(map(str, ports)), ZOOKEEPER_VERSION="3.8.0",
            KAZOO_SUITE_CONFIG=LOCAL_SESSIONS if READ_ONLY in arguments else "",
            PYTHONPATH=os.pathsep.join([HERE, os.path.dirname(harness.__file__)]),
            PYTHONDONTWRITEBYTECODE="1")
        command = [sys.executable, "-m", "pytest", "-p", "kazoo_suite_servers", "-c", os.devnull,
                   "-p", "no:cacheprovider", "--rootdir", FOLDER, "--tb=short", "-q",
                   "--timeout", "60", "--junitxml", self.report, "-o", "junit_family=xunit1"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(  # pylint: disable=consider-using-with
                command + arguments, cwd=FOLDER, env=environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, preexec_fn=harness.die_with_parent)

    def outcomes(self, end):
        """Waits; returns test -> None when it has passed, or what is told of it."""
        try:
            self.process.wait(max(1.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if not os.path.exists(self.report):
            with open(self.log, encoding="utf-8", errors="replace") as f:
                raise AssertionError("pytest has not come to its end:\n" + f.read()[-5000:])
        found = {}
        for case in ElementTree.parse(self.report).iter("testcase"):
            name = f"{case.get('classname').removeprefix('kazoo.tests.')}.{case.get('name')}"
            told = [f"{part.tag}: {part.get('message')}\n{part.text or ''}" for part in case
                    if part.tag in ("failure", "error", "skipped")]
            found[name] = "\n".join(told) or None
        return found


def run_all():
    with tempfile.TemporaryDirectory(prefix="troupe_kazoo.") as folder:
        asked = parts()
        ports = harness.free_ports(9 * len(asked))
        running = []
        for number, arguments in enumerate(asked):
            own = os.path.join(folder, str(number))
            os.mkdir(own)
            running.append(Part(arguments, ports[9 * number:9 * number + 9], own))
        end = time.monotonic() + PART_S * harness.SLOWNESS
        found = {}
        for part in running:
            found.update(part.outcomes(end))
        return found


class KazoosOwnTests(unittest.TestCase):

    def test_pass_as_with_zookeeper(self):
        with open(LIST, encoding="utf-8") as f:
            expected = f.read().split()
        found = run_all()
        print(f"{sum(told is None for told in found.values())} of {len(found)} tests pass; "
              f"with ZooKeeper 3.8.0: {len(expected)}", file=sys.stderr)
        self.assertGreater(len(expected), 400)
        for name in expected:
            with self.subTest(name):
                self.assertIsNone(found.get(name, "it was not run"))


if __name__ == "__main__":
    if sys.argv[1:] == ["--passed"]:
        print("\n".join(sorted(name for name, told in run_all().items() if told is None)))
    else:
        harness.main(limit_s=PART_S + 15)
