# SPDX-License-Identifier: Apache-2.0
"""The history file, to which several processes add whole lines, and what all of them agree on: the
clock, the objects of a round, who is pinned to one server."""

import itertools
import json
import os
import time

REGISTERS_A_ROUND = 4
WATCHES_A_ROUND = 2
GUARDED_FROM = 1_000_000  # registers that a lock guards, one a round


def now_us():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


class Recorder:
    def __init__(self, path, first_client):
        self.fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self.numbers = itertools.count(first_client)

    def write(self, **line):
        """One call a line: with O_APPEND the kernel keeps it whole beside those of others."""
        data = (json.dumps(line, separators=(",", ":")) + "\n").encode()
        if os.write(self.fd, data) != len(data):
            raise OSError("the history cannot be written")

    def next_client(self):
        """Of one sequential client; it ends with an operation whose outcome is unknown."""
        return next(self.numbers)


class Plan:
    """What a process of clients is to do; nemesis.py writes it, all of them read it."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as f:
            self.__dict__.update(json.load(f))

    def round(self):
        return max(0, min((now_us() - self.begin_us) // self.round_us, self.rounds - 1))

    def hosts_for(self, number):
        """All servers, or for every third worker one alone: its session ends when that is away."""
        first = number % len(self.servers)
        if number % 3 == 2:
            return self.servers[first]
        return ",".join(self.servers[first:] + self.servers[:first])
