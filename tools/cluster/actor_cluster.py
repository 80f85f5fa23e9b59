# SPDX-License-Identifier: Apache-2.0
"""Test clusters from Python: a thin cover over `actor-cluster --json`.

    with Hosts(3, folder) as hosts:
        cluster = Cluster.up(hosts.addresses, hosts.secret_file, state, servers=5)
        cluster.kill(3)
        cluster.cut([1, 2], [3, 4, 5])

ACTOR_CLUSTER   the program; default build/release/bin/actor-cluster
"""

import ctypes
import json
import os
import secrets
import signal
import subprocess

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
ACTOR_CLUSTER = os.environ.get("ACTOR_CLUSTER",
                               os.path.join(ROOT, "build/release/bin/actor-cluster"))


class Refused(Exception):
    """What actor-cluster said instead of doing it."""


def command(*words):
    """The answer of one run; Refused with its reason when there is none."""
    done = subprocess.run([ACTOR_CLUSTER, *map(str, words), "--json"], text=True, timeout=180,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    lines = done.stdout.splitlines()
    answer = json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {}
    if done.returncode != 0:
        raise Refused(answer.get("error") or done.stdout + done.stderr)
    return answer


def die_with_parent():
    ctypes.CDLL("libc.so.6", use_errno=True).prctl(1, signal.SIGKILL)


class Hosts:
    """Some hosts on this machine, each a process; they and their servers end with the block."""

    def __init__(self, count, folder):
        self.secret_file = os.path.join(folder, "secret")
        with open(os.open(self.secret_file, os.O_CREAT | os.O_WRONLY, 0o600), "w",
                  encoding="ascii") as f:
            f.write(secrets.token_hex(32))
        self.processes = []
        self.addresses = []
        self.dirs = [os.path.join(folder, f"host{n}") for n in range(1, count + 1)]

    def __enter__(self):
        try:
            for folder in self.dirs:
                self.start(folder)
        except BaseException:
            self.end()
            raise
        return self

    def start(self, folder):
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            [ACTOR_CLUSTER, "host", "--listen", "127.0.0.1:0", "--dir", folder, "--secret-file",
             self.secret_file], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            preexec_fn=die_with_parent)
        self.processes.append(process)
        said = process.stdout.readline()
        if not said.startswith("host listens at "):
            raise Refused(f"a host did not start: {said!r}")
        self.addresses.append(said.split()[3].rstrip(";"))

    def __exit__(self, *_):
        self.end()

    def end(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


class Cluster:
    """A cluster that a state file describes."""

    def __init__(self, state, secret_file=None):
        self.options = ["--state", state] + (["--secret-file", secret_file] if secret_file else [])

    @classmethod
    def up(cls, hosts, secret_file, state, servers=3, observers=0, **config):
        settings = [word for key, value in config.items()
                    for word in ("--config", f"{key}={value}")]
        command("up", "--hosts", ",".join(hosts), "--secret-file", secret_file, "--state", state,
                "--servers", servers, "--observers", observers, *settings)
        return cls(state)

    def run(self, verb, *words):
        return command(verb, *words, *self.options)

    def status(self):
        return self.run("status")

    def servers(self):
        """By number: state, and mode, zxid, client, pid where there are any."""
        return {x["server"]: x for x in self.status()["servers"]}

    def leader(self):
        return self.status().get("leader")

    def connect(self):
        return self.status()["connect"]

    def wait(self, patience_ms=60_000):
        return self.run("wait", "--patience-ms", patience_ms)

    def kill(self, server):
        return self.run("kill", server)

    def stop(self, server):
        return self.run("stop", server)

    def start(self, server):
        return self.run("start", server)

    def pause(self, server):
        return self.run("pause", server)

    def resume(self, server):
        return self.run("resume", server)

    def cut(self, *sides):
        return self.run("cut", " / ".join(",".join(map(str, side)) for side in sides))

    def cut_one_way(self, speakers, hearers):
        return self.run("cut-one-way", " / ".join(",".join(map(str, x))
                                                  for x in (speakers, hearers)))

    def slow(self, server, delay):
        return self.run("slow", server, delay)

    def disk_full(self, server):
        return self.run("disk-full", server)

    def disk_slow(self, server, delay):
        return self.run("disk-slow", server, delay)

    def heal(self):
        return self.run("heal")

    def logs(self, server, lines=40):
        answer = self.run("logs", server, "--lines", lines)
        return answer["log"] + answer["output"]

    def down(self, remove_data=False):
        return self.run("down", *(["--remove-data"] if remove_data else []))
