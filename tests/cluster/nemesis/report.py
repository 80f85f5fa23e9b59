# SPDX-License-Identifier: Apache-2.0
"""What a run of the nemesis has shown: how long no write was possible, by kind of fault, and
whether the servers hold the same at the end."""

import json
import os
import statistics
import subprocess

HEAD = ("fault", "times", "longest without a write (s)", "median (s)",
        "longest until all serve (s)")


class Probe:
    """What probe.py writes, read as it comes."""

    def __init__(self, path):
        self.path = path
        self.offset = 0
        self.times_us = []

    def read(self):
        if os.path.exists(self.path):
            with open(self.path, "rb") as f:
                f.seek(self.offset)
                data = f.read()
            data = data[:data.rfind(b"\n") + 1]
            self.offset += len(data)
            self.times_us += [int(line.split()[0]) for line in data.splitlines()]
        return self.times_us

    def last_us(self):
        times = self.read()
        return times[-1] if times else 0


def gap_s(times_us, began_us, until_us):
    """The longest time without a write from `began_us` on; what was going on then counts whole, but
    only from the beginning."""
    edges = [began_us] + [t for t in times_us if began_us < t <= until_us]
    after = next((t for t in times_us if t > until_us), until_us)
    edges.append(after)
    return max((b - a for a, b in zip(edges, edges[1:])), default=0) / 1e6


def table(done, times_us):
    """Lines of Markdown, one a kind of fault, the worst first."""
    kinds = {}
    for x in done:
        kinds.setdefault(x.kind, []).append(
            (gap_s(times_us, x.began_us, x.served_us), (x.served_us - x.ended_us) / 1e6))
    rows = [(kind, len(all_of), max(g for g, _ in all_of),
             statistics.median(g for g, _ in all_of), max(s for _, s in all_of))
            for kind, all_of in kinds.items()]
    lines = ["| " + " | ".join(HEAD) + " |", "|---" + "|--:" * (len(HEAD) - 1) + "|"]
    for kind, times, longest, median, served in sorted(rows, key=lambda r: -r[2]):
        lines.append(f"| {kind} | {times} | {longest:.2f} | {median:.2f} | {served:.1f} |")
    return lines


def each_fault(done, times_us):
    """One line a fault, as it was done."""
    first = done[0].began_us if done else 0
    return [f"{(x.began_us - first) / 1e6:8.1f} s  {x.kind}: {x.what}; held "
            f"{(x.ended_us - x.began_us) / 1e6:.1f} s, without a write "
            f"{gap_s(times_us, x.began_us, x.served_us):.2f} s, all serve "
            f"{(x.served_us - x.ended_us) / 1e6:.1f} s after its end" for x in done]


def differing_trees(paths):
    """By server's number, the file of its tree: what differs from the first, a few lines."""
    first, *others = sorted(paths.items())
    with open(first[1], encoding="utf-8") as f:
        expected = set(f.read().splitlines())
    problems = []
    for number, path in others:
        with open(path, encoding="utf-8") as f:
            found = set(f.read().splitlines())
        if found != expected:
            some = [f"  only server.{first[0]}: {x}" for x in sorted(expected - found)[:5]]
            some += [f"  only server.{number}: {x}" for x in sorted(found - expected)[:5]]
            problems.append(f"the tree of server.{number} is not that of server.{first[0]}:\n" +
                            "\n".join(some))
    return problems, len(expected)


def count_lines(path):
    """(operations, those that were acknowledged, those whose outcome is unknown)"""
    counts = [0, 0, 0]
    with open(path, encoding="utf-8") as f:
        for line in f:
            if '"op":' not in line:
                continue
            answer = json.loads(line)["answer"]
            counts[0] += 1
            counts[1] += answer == "ok"
            counts[2] += answer == "unknown"
    return counts


def check_history(program, path):
    """(whether it holds, what the checker said)"""
    done = subprocess.run([program, path], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=3600)
    return done.returncode == 0, done.stdout
