#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Fourteen kinds of abuse at once against three servers that may have 256 MB and 1,024 files each,
while two honest clients write, read and hold a lock: no honest session is lost, their writes are
answered, and no server goes above its limits or leaves its role.

  hostile.py [--seconds 120] [--only KIND[,KIND...]] [--without KIND] [--seed N]

Fails when an honest session is lost, a write takes more than 500 ms at p99, or a server leaves its
role or goes above its limits. hostile_test.py runs a short one in every test run."""

import argparse
import contextlib
import json
import multiprocessing
import os
import re
import shutil
import sys
import time
import unittest

from kazoo.exceptions import KazooException

import abuses
import harness
from harness import Ensemble, Place, connect, wait_until

LIMIT_MB = 256
FILES_MAX = 1024
P99_MS_MAX = 500 * harness.SLOWNESS
COUNTER = "/honest/counter"
TRY_LATER = (-7,)  # OperationTimeout: no room for more at the moment
OPTIONS = argparse.Namespace(seconds=120, only="", without="", seed=1, p99_ms_max=P99_MS_MAX)


# ---------------------------------------------------------------- an honest client

def add_under_lock(zk, lock):
    """What only who holds the lock may do: read, then write without asking for the version."""
    with lock:
        value = int(zk.get(COUNTER)[0])
        zk.set(COUNTER, f"{value + 1:010}".encode())


def be_honest(number, hosts, until, out):
    """Holds a lock of its own, writes and reads back, and adds under a lock of both; writes down
    how long each write took. A server without room for more says so to creates, and so to locks."""
    told = {"writes_ms": [], "lost": 0, "added": 0, "refused": 0, "failed": [], "session": ""}
    zk = connect(hosts, [], session_s=10.0)
    told["session"] = f"0x{zk.client_id[0]:x}"
    zk.add_listener(lambda state: told.update(lost=told["lost"] + (state == "LOST")))
    mine, held = f"/honest/{number}", f"/honest/held{number}"
    zk.create(mine, b"0" * 10)
    zk.create(held, b"", ephemeral=True)
    lock = zk.Lock("/honest/lock", str(number))
    turn = 0
    while time.monotonic() < until:
        turn += 1
        value = f"{turn:010}".encode()
        try:
            began = time.monotonic()
            zk.set(mine, value)
            told["writes_ms"].append((time.monotonic() - began) * 1000)
            if zk.get(mine)[0] != value:
                told["failed"].append(f"{time.strftime('%T')} turn {turn} reads another value")
            if zk.exists(held).ephemeralOwner != zk.client_id[0]:
                told["failed"].append(f"{time.strftime('%T')} the lock is another's")
            if turn % 20 == 0:
                add_under_lock(zk, lock)
                told["added"] += 1
        except KazooException as error:
            if getattr(error, "code", 0) in TRY_LATER:
                told["refused"] += 1
            else:
                told["failed"].append(f"{time.strftime('%T')} turn {turn}: {error!r}")
            time.sleep(0.1)
        time.sleep(0.01)
    with open(out, "w", encoding="ascii") as f:
        json.dump(told, f)
    harness.close(zk)


def be_hostile(kind, ports, until, seed, out):
    os.nice(19)  # the abuse is what is sent, not the CPU time that sending it takes
    abuser = abuses.Abuser(ports, until, seed)
    kind(abuser)
    with open(out, "w", encoding="ascii") as f:
        json.dump(abuser.done, f)


# ---------------------------------------------------------------- what is watched

def resident_mb(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS:")) / 1024


def open_files(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def figures(server):
    """What mntr tells, {} where there was no answer."""
    with contextlib.suppress(OSError):
        lines = server.ask("mntr").splitlines()
        return dict(line.split("\t", 1) for line in lines if "\t" in line)
    return {}


COUNTED = ("tree", "sessions", "buffers")


def counted_mb(told):
    return {part: int(told[f"zk_memory_{part}_bytes"]) >> 20 for part in COUNTED}


class Watch:
    """The greatest of what was seen of each server, and the roles that were not as they should."""

    def __init__(self, ensemble, roles):
        self.ensemble, self.roles = ensemble, roles
        self.resident = {s.id: 0.0 for s in ensemble}
        self.counted = {}  # MB by part when the most was resident and the server told it
        self.files = {s.id: 0 for s in ensemble}
        self.other_roles = []
        self.silent = 0

    def look(self):
        for s in self.ensemble:
            if not s.is_alive():
                self.other_roles.append(f"{s} ended with {s.process.returncode}")
                continue
            told, resident = figures(s), resident_mb(s)
            is_whole = told.get("zk_memory_tree_bytes", "0") != "0"  # not told in a hurry
            if is_whole and resident > self.counted.get(s.id, {"resident": 0})["resident"]:
                self.counted[s.id] = {"resident": round(resident), **counted_mb(told)}
            self.resident[s.id] = max(self.resident[s.id], resident)
            self.files[s.id] = max(self.files[s.id], open_files(s))
            role = told.get("zk_server_state")
            if role is None:  # no room for a connection, or no time for the answer within a tick
                self.silent += 1
            elif role != self.roles[s.id]:
                self.other_roles.append(f"{s}: {role} at {time.strftime('%T')}")


def role_changes(server):
    """Each time that the server looked for a leader, by its log."""
    return len(re.findall(r"(?m) looking node=", server.log_text()))


def show_lines(ensemble, text):
    """What the servers' logs say of a session."""
    for s in ensemble:
        for line in s.log_text().splitlines():
            if text in line:
                print(f"{s}: {line}", flush=True)


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Hostile(unittest.TestCase):

    def kinds(self):
        named = {kind.__name__: kind for kind in abuses.KINDS}
        only = OPTIONS.only.split(",") if OPTIONS.only else list(named)
        return [named[name] for name in only if name not in OPTIONS.without.split(",")]

    def test_honest_clients_do_not_notice(self):
        if not shutil.which("prlimit"):
            self.skipTest("no prlimit")
        within = ("prlimit", f"--nofile={FILES_MAX}:{FILES_MAX}")
        places = [Place(within=within)] * 3
        with Ensemble(3, places=places, maxClientCnxns=0, **{"memory.limit": f"{LIMIT_MB}m"}) as e:
            e.start_all()
            zk = e.client()
            zk.create("/honest", b"")
            zk.create(COUNTER, b"0" * 10)
            e.client()
            abuses.set_the_stage(e[1])
            self.judge(e, *self.run_all(e))

    def run_all(self, e):
        until = time.monotonic() + OPTIONS.seconds
        fork = multiprocessing.get_context("fork")
        e[1].client().set("/honest", b"begin")
        epoch = e[1].zxid() >> 32
        out = {}
        workers = []

        def begin(name, work, *arguments):
            out[name] = os.path.join(e.dir, name)
            workers.append(fork.Process(target=work, args=(*arguments, out[name]), name=name))

        for number, first in ((1, 0), (2, 1)):
            hosts = ",".join(s.address for s in [*e][first:] + [*e][:first])
            begin(f"honest{number}", be_honest, number, hosts, until)
        ports = [s.client_port for s in e]
        for n, kind in enumerate(self.kinds()):
            begin(kind.__name__, be_hostile, kind, ports, until - 2, OPTIONS.seed * 100 + n)
        watch = Watch(e, e.roles())
        looked = {s.id: role_changes(s) for s in e}
        for w in workers:
            w.start()
        while time.monotonic() < until:
            watch.look()
            time.sleep(0.5)
        for w in workers:
            w.join(60)
            if w.is_alive():
                w.kill()
        watch.other_roles += [f"{s} looked for a leader" for s in e
                              if role_changes(s) != looked[s.id]]
        told = {}
        for name, path in out.items():
            with open(path, encoding="ascii") as f:
                told[name] = json.load(f)
        return told, watch, epoch

    def judge(self, e, told, watch, epoch):
        honest = [told.pop("honest1"), told.pop("honest2")]
        times = [ms for h in honest for ms in h["writes_ms"]]
        print(f"abuse: {told}")
        print(f"honest: {len(times)} writes, p50 {percentile(times, .5):.1f} ms, "
              f"p99 {percentile(times, .99):.1f}, longest {max(times):.1f}; "
              f"{sum(h['added'] for h in honest)} turns with the lock, "
              f"{sum(h['refused'] for h in honest)} refused for want of room")
        print(f"resident MB at most: { {n: round(mb) for n, mb in watch.resident.items()} }, "
              f"files: {watch.files}, without an answer {watch.silent} times")
        print(f"MB counted by the server itself when the most was resident: {watch.counted}",
              f"load: {os.getloadavg()}", flush=True)
        for h in honest:
            if h["lost"] or h["failed"]:
                show_lines(e, h["session"])
            self.assertEqual((h["lost"], h["failed"][:5]), (0, []))
        self.assertFalse(watch.other_roles)
        for s in e:
            self.assertNotIn("disk_failed", s.log_text(), s)
        wait_until(lambda: all(s.mode() for s in e), "all serve when it is over")
        self.assertEqual(e[1].zxid() >> 32, epoch, "another epoch began")
        counter = int(e.client().get(COUNTER)[0])
        self.assertEqual(counter, sum(h["added"] for h in honest), "two had the lock at once")
        self.assertLess(percentile(times, 0.99), OPTIONS.p99_ms_max)
        self.assertLess(max(watch.resident.values()), LIMIT_MB)
        self.assertLessEqual(max(watch.files.values()), FILES_MAX)
        for kind, count in told.items():
            self.assertGreater(count, 0, f"{kind} has done nothing")


def main(arguments, **fixed):
    """Runs with what the command line says; `fixed` stands above it."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--only", default="")
    parser.add_argument("--without", default="")
    parser.add_argument("--seed", type=int, default=1)
    parsed, rest = parser.parse_known_args(arguments)
    vars(OPTIONS).update(vars(parsed), **fixed)
    sys.argv[1:] = rest
    harness.main(OPTIONS.seconds + 240)


if __name__ == "__main__":
    main(sys.argv[1:])
