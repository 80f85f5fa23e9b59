#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A nemesis on real processes: genuine clients work on an ensemble of real servers while these are
killed, paused, cut off from each other, out of disk and reconfigured, and whatever the clients
asked and heard is judged at the end.

    nemesis.py --minutes 30 --seed 7 --out DIR

The clients are kazoo (two processes) and ZooKeeper's own C client library (one, nemesis-client). In
DIR: history.jsonl, all that they asked and heard; table, how long no write was possible, by kind of
fault; trees and logs of all servers. Exit code 1 and what did not hold, when anything did not.

ACTOR_CLUSTER    the program; default build/release/bin/actor-cluster
NEMESIS_CLIENT   default: nemesis-client beside it
HISTORY_CHECK    default: history-check beside it
"""

import argparse
import glob
import json
import os
import random
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "nemesis"))
import report  # pylint: disable=wrong-import-position
from ensemble import ACTOR_CLUSTER, Ensemble, harness  # pylint: disable=wrong-import-position
from faults import KINDS, Nemesis  # pylint: disable=wrong-import-position
from census import wait_until_empty  # pylint: disable=wrong-import-position
from final import final_reads, make_objects  # pylint: disable=wrong-import-position
from kazoo_workloads import WORKLOADS  # pylint: disable=wrong-import-position
from recorder import Plan, Recorder, now_us  # pylint: disable=wrong-import-position

BIN = os.path.dirname(os.path.abspath(ACTOR_CLUSTER))
NEMESIS_CLIENT = os.environ.get("NEMESIS_CLIENT", os.path.join(BIN, "nemesis-client"))
HISTORY_CHECK = os.environ.get("HISTORY_CHECK", os.path.join(BIN, "history-check"))
CLIENTS_A_PROCESS = 1_000_000
ROUND_S = 30
SPARE_ROUNDS = 10  # for what takes longer than planned
END_S = 120        # for the workers to come to their end
SETTLE_S = 20      # and for the servers to forget them, beside their sessions' timeout


def say(text):
    print(f"{time.strftime('%T')} {text}", flush=True)


class Processes:
    """The clients' processes and the probe. Each ends when its stdin does: never later than we."""

    def __init__(self, folder):
        self.folder = folder
        self.running = {}

    def start(self, name, command):
        with open(os.path.join(self.folder, f"{name}.out"), "wb") as output:
            self.running[name] = subprocess.Popen(  # pylint: disable=consider-using-with
                command, stdin=subprocess.PIPE, stdout=output, stderr=output,
                preexec_fn=harness.die_with_parent)

    def ended_early(self):
        return [f"{name} ended with {p.returncode}" for name, p in self.running.items()
                if p.poll() is not None]

    def end(self, *names):
        """Tells them; what they said if it was not well."""
        problems = []
        for name in names:
            self.running[name].stdin.close()
        for name in names:
            process = self.running.pop(name)
            try:
                code = process.wait(END_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                code = "no end in time"
            if code != 0:
                with open(os.path.join(self.folder, f"{name}.out"), encoding="utf-8",
                          errors="replace") as f:
                    problems.append(f"{name}: {code}\n" + f.read()[-5000:])
        return problems

    def kill(self):
        for process in self.running.values():
            process.kill()
            process.wait()


class Run:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder
        self.dice = random.Random(options.seed)
        self.problems = []
        self.done = []
        self.history = self.at("history.jsonl")
        self.probe = report.Probe(self.at("probe"))
        self.processes = Processes(folder)
        self.ensemble = None
        self.recorder = Recorder(self.history, 1)
        self.recorder.write(history=1, source=f"nemesis --seed {options.seed}", unit="us")

    def at(self, name):
        return os.path.join(self.folder, name)

    def plan(self, name, first_client, workers):
        """Written for a process of clients; its path."""
        o = self.options
        with open(self.at(f"{name}.json"), "w", encoding="utf-8") as f:
            json.dump({"history": self.history, "servers": self.ensemble.addresses,
                       "begin_us": self.begin_us, "round_us": ROUND_S * 1_000_000,
                       "rounds": int(o.minutes * 60 / ROUND_S) + SPARE_ROUNDS, "seed": o.seed,
                       "session_ms": o.session_ms, "pace_ms": o.pace_ms,
                       "first_client": first_client, "workers": workers}, f)
        return self.at(f"{name}.json")

    def run(self):
        o = self.options
        with Ensemble(o.servers, self.folder) as self.ensemble:
            try:
                say(f"{o.servers} servers serve; seed {o.seed}, output in {self.folder}")
                self.begin_us = now_us()
                self.own_plan = Plan(self.plan("own", 1, []))
                make_objects(self.own_plan, self.recorder)
                self.start_processes()
                self.torment()
                self.heal_and_end()
            except Exception:  # pylint: disable=broad-except
                self.problems.append(traceback.format_exc())
            finally:
                self.processes.kill()
                self.name_logs()
        self.judge()
        return 1 if self.problems else 0

    def start_processes(self):
        """Of each workload's workers one after the other goes to the C client and to kazoo."""
        groups = {"c": [], "kazoo-1": [], "kazoo-2": []}
        turn = 0
        for workload in self.options.workloads:
            for number in range(self.options.workers):
                name = ("c", "kazoo-1", "c", "kazoo-2")[turn % 4]
                groups[name].append({"workload": workload, "number": number})
                turn += 1
        for n, (name, workers) in enumerate(groups.items()):
            if workers:
                plan = self.plan(name, (n + 1) * CLIENTS_A_PROCESS, workers)
                command = [NEMESIS_CLIENT, "--plan", plan] if name == "c" else \
                    [sys.executable, os.path.join(HERE, "nemesis", "kazoo_main.py"), plan]
                self.processes.start(name, command)
        self.processes.start("probe", [sys.executable, os.path.join(HERE, "nemesis", "probe.py"),
                                       self.probe.path, *self.ensemble.addresses])

    def torment(self):
        o = self.options
        self.ensemble.until(lambda: self.probe.last_us() > 0, "the probe writes nothing")
        time.sleep(o.rest_s)
        nemesis = Nemesis(self.ensemble, self.dice, self.recorder, self.probe.last_us, say)
        end = time.monotonic() + o.minutes * 60
        kinds = o.faults if o.once else nemesis.order(o.faults)
        for kind in kinds:
            if time.monotonic() > end:
                break
            self.done.append(nemesis.do(kind, o.rest_s))
            say("   " + report.each_fault(self.done[-1:], self.probe.read())[0].split("; ", 1)[1])
            if problems := self.processes.ended_early():
                self.problems += problems
                break

    def heal_and_end(self):
        say("all is healed; the workers end")
        self.ensemble.cluster.heal()
        self.ensemble.wait_all_serve()
        self.problems += self.processes.end(*self.processes.running)
        say("the final reads")
        final_reads(self.own_plan, self.recorder, self.options.workers)
        trees = {}
        for n in self.ensemble.numbers:
            trees[n] = self.at(f"tree.{n}")
            dumped = subprocess.run([NEMESIS_CLIENT, "--dump", self.ensemble.address(n), "--out",
                                     trees[n]], capture_output=True, text=True, check=False)
            if dumped.returncode != 0:
                self.problems.append(f"no tree of server.{n}: {dumped.stderr}")
                return
        differing, count = report.differing_trees(trees)
        self.problems += differing
        if not differing:
            say(f"the trees of all servers are equal, {count} znodes")
        self.problems += wait_until_empty(self.ensemble.addresses,
                                          2 * self.options.session_ms / 1000 + SETTLE_S)

    def name_logs(self):
        """By short names beside the rest; the files stay where the servers wrote them."""
        for path in glob.glob(self.at("host*/*/server.*/server.log")):
            os.symlink(path, self.at(os.path.basename(os.path.dirname(path)) + ".log"))

    def judge(self):
        operations, acknowledged, unknown = report.count_lines(self.history)
        say(f"{operations} operations, {acknowledged} acknowledged, {unknown} unknown; "
            f"{len(self.done)} faults")
        holds, said = report.check_history(HISTORY_CHECK, self.history)
        with open(self.at("verdict"), "w", encoding="utf-8") as f:
            f.write(said)
        print(said)
        if not holds:
            self.problems.append(f"the history does not hold; {self.at('verdict')} tells what")
        times = self.probe.read()
        lines = report.table(self.done, times)
        with open(self.at("table"), "w", encoding="utf-8") as f:
            f.write("\n".join(lines + [""] + report.each_fault(self.done, times)) + "\n")
        print("\n".join(lines))
        for problem in self.problems:
            print(f"\nnemesis: {problem}", flush=True)
        if not self.problems:
            say("all promises held")


def words_of(all_words):
    def read(text):
        words = text.split(",")
        for word in words:
            if word not in all_words:
                raise argparse.ArgumentTypeError(
                    f"'{word}' is not known; accepted, with commas between: {','.join(all_words)}")
        return words

    return read


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5, help="how long faults are begun")
    parser.add_argument("--once", action="store_true", help="each fault once, as they are listed")
    parser.add_argument("--servers", type=int, default=5, choices=range(3, 10))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", help="a directory that is not there yet; default: nemesis.SEED")
    parser.add_argument("--faults", type=words_of(KINDS), default=KINDS, help=",".join(KINDS))
    parser.add_argument("--workloads", type=words_of(list(WORKLOADS)), default=list(WORKLOADS),
                        help=",".join(WORKLOADS))
    parser.add_argument("--workers", type=int, default=3, help="of each workload")
    parser.add_argument("--pace-ms", type=int, default=60, help="a worker rests between operations")
    parser.add_argument("--session-ms", type=int, default=4000)
    parser.add_argument("--rest-s", type=float, default=3, help="between faults")
    options = parser.parse_args()
    for program in (ACTOR_CLUSTER, NEMESIS_CLIENT, HISTORY_CHECK):
        if not os.access(program, os.X_OK):
            parser.error(f"there is no program {program}; tools/build release actor-cluster "
                         "nemesis-client history-check makes it")
    folder = os.path.abspath(options.out or f"nemesis.{options.seed}")
    if os.path.exists(folder):
        parser.error(f"--out {folder}: it is there already")
    os.makedirs(folder)
    sys.exit(Run(options, folder).run())


if __name__ == "__main__":
    main()
