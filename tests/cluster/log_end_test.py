#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What power, rot and a full disk leave at the end of a real log: what a start does about it, and
that check-data and `actor-log verify` say the same beforehand. Standalone, and as one of three.

The full disk is a tmpfs in a mount namespace of the test's own; without root's rights that part is
skipped."""

import json
import os
import struct
import subprocess
import sys
import unittest

import harness
from harness import ACTOR_NODE, Ensemble, wait_until

ACTOR_LOG = os.path.join(os.path.dirname(ACTOR_NODE), "actor-log")
HEADER_BYTES = 16
OVERHEAD_BYTES = 13
INSIDE = "TROUPE_LOG_END_INSIDE"
PREALLOCATED_KB = 64
WOULD_NOT_START = 3


def logs_of(server):
    folder = os.path.join(server.data, "version-2")
    names = [n for n in os.listdir(folder) if n.startswith("log.")]
    return [os.path.join(folder, n) for n in sorted(names, key=lambda n: int(n[4:], 16))]


def entries_of(path):
    """Where each entry begins and ends."""
    with open(path, "rb") as f:
        data = f.read()
    found = []
    at = HEADER_BYTES
    while at + OVERHEAD_BYTES <= len(data):
        length = struct.unpack(">i", data[at + 8:at + 12])[0]
        end = at + OVERHEAD_BYTES + length
        if length <= 0 or end > len(data) or data[end - 1:end] != b"B":
            break
        found.append((at, end))
        at = end
    return found


def write_at(path, offset, data):
    with open(path, "r+b") as f:
        f.seek(offset)
        f.write(data)


def tear_a_batch(path):
    """The place of a batch's first entry is empty, and the second one is there."""
    begin, end = entries_of(path)[-1]
    with open(path, "rb") as f:
        f.seek(begin)
        entry = f.read(end - begin)
    write_at(path, end + len(entry), entry)


def turn_a_bit(path):
    begin, _ = entries_of(path)[-1]
    with open(path, "rb") as f:
        f.seek(begin + 40)
        byte = f.read(1)[0]
    write_at(path, begin + 40, bytes([byte ^ 1]))


def zero_the_last_two(path):
    found = entries_of(path)
    begin, end = found[-2][0], found[-1][1]
    write_at(path, begin, bytes(end - begin))


def take_the_end(path):
    _, end = entries_of(path)[-1]
    write_at(path, end - 1, b"\0")


ROT = {"a bit": turn_a_bit, "zeros": zero_the_last_two, "no end": take_the_end}


def check_data(server):
    done = subprocess.run([ACTOR_NODE, "check-data", "--json", server.data],
                          text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                          timeout=harness.DEADLINE_S)
    return done.returncode, json.loads(done.stdout)


def verify(server):
    done = subprocess.run([ACTOR_LOG, "verify", server.data], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, timeout=harness.DEADLINE_S)
    return done.returncode, done.stdout


class LogEnd(unittest.TestCase):

    @staticmethod
    def close_clients(ensemble):
        while ensemble.clients:
            harness.close(ensemble.clients.pop())

    def write(self, ensemble, first, last):
        zk = ensemble.client()
        for n in range(first, last):
            zk.create(f"/n{n}", f"value {n}".encode())
        self.close_clients(ensemble)

    def expect(self, server, last):
        zk = server.client()
        zk.sync("/")
        for n in range(last):
            self.assertEqual(zk.get(f"/n{n}")[0], f"value {n}".encode(), f"{server}")
        server.close_clients()

    def expect_refused(self, server):
        """It runs, so that it can say what it found, and serves nobody."""
        server.start()
        wait_until(lambda: "disk_unusable" in server.log_text(), "it says that it cannot serve")
        self.assertIn("was synced up to", server.log_text())
        self.assertIsNone(server.mode())
        self.assertIn("Serving: no", server.ask("whys"))

    def standalone(self):
        e = Ensemble(1, preAllocSize=PREALLOCATED_KB)
        os.remove(os.path.join(e[1].data, "myid"))
        return e

    def stopped(self, ensemble, count=8):
        """With that many znodes, all of them acknowledged."""
        ensemble.start_all()
        self.write(ensemble, 0, count)
        for s in ensemble:
            s.stop()

    # -- standalone ---------------------------------------------------------------------------

    def test_torn_batch_is_cut_and_a_standalone_server_starts(self):
        with self.standalone() as e:
            self.stopped(e)
            tear_a_batch(logs_of(e[1])[-1])
            code, seen = check_data(e[1])
            self.assertEqual(code, 0, seen)
            self.assertIn("a start cuts", " ".join(seen["notes"]))
            self.assertIn("unfinished_end", seen["logs"][-1])
            code, text = verify(e[1])
            self.assertEqual(code, 0, text)
            self.assertIn("unfinished end", text)
            e.start_all()
            self.assertIn("torn_batch_cut", e[1].log_text())
            self.expect(e[1], 8)
            self.write(e, 8, 12)
            e[1].kill()
            e.start_all()
            self.expect(e[1], 12)

    def test_rot_of_what_was_acknowledged_is_served_by_no_standalone_server(self):
        for name, spoil in ROT.items():
            with self.subTest(name), self.standalone() as e:
                self.stopped(e)
                spoil(logs_of(e[1])[-1])
                code, seen = check_data(e[1])
                self.assertEqual(code, WOULD_NOT_START, seen)
                self.assertIn("was synced up to", seen["problems"][0]["text"])
                code, text = verify(e[1])
                self.assertEqual(code, 1, text)
                self.assertIn("was synced up to", text)
                self.expect_refused(e[1])

    def test_kill_and_a_second_of_rest_are_enough_for_rot_to_be_seen(self):
        with self.standalone() as e:
            e.start_all()
            self.write(e, 0, 5)
            log = logs_of(e[1])[-1]
            mark = os.path.join(os.path.dirname(log), "actor-node.synced")

            def noted():
                end = entries_of(log)[-1][1]
                with open(mark, encoding="latin1") as f:
                    return f" offset={end} " in f.read(512)

            wait_until(noted, "the mark follows the log when nothing more comes")
            e[1].kill()
            turn_a_bit(log)
            self.expect_refused(e[1])

    def test_directory_without_a_mark_or_with_another_files_opens(self):
        with self.standalone() as e:
            self.stopped(e)
            log = logs_of(e[1])[-1]
            os.remove(os.path.join(os.path.dirname(log), "actor-node.synced"))
            e.start_all()
            self.expect(e[1], 8)
            self.write(e, 8, 10)
            e[1].stop()
            # A backup of before, brought back file by file: the mark is of the files that went.
            newest = logs_of(e[1])[-1]
            with open(newest, "rb") as f:
                data = f.read()
            first_end = entries_of(newest)[0][1]
            os.remove(newest)
            with open(newest, "wb") as f:
                f.write(data[:first_end] + bytes(len(data) - first_end))
            e.start_all()
            self.expect(e[1], 8)

    # -- one of three -------------------------------------------------------------------------

    def test_torn_batches_of_all_three_are_cut_and_one_leads(self):
        with Ensemble(3, preAllocSize=PREALLOCATED_KB) as e:
            self.stopped(e)
            for s in e:
                tear_a_batch(logs_of(s)[-1])
            e.start_all()
            for s in e:
                self.expect(s, 8)
                self.assertNotIn("history_damaged", s.log_text())
            harness.assert_same_trees(e)

    def test_rot_at_one_of_three_is_replaced_by_the_others_history(self):
        for name, spoil in ROT.items():
            with self.subTest(name), Ensemble(3, preAllocSize=PREALLOCATED_KB) as e:
                self.stopped(e)
                spoil(logs_of(e[1])[-1])
                code, seen = check_data(e[1])
                self.assertEqual(code, WOULD_NOT_START, seen)
                e[1].start()
                e[2].start()
                e.stays({1: None, 2: None}, 4 * harness.SLOWNESS)  # no quorum without the third
                e[3].start()
                e.wait_serving()
                self.assertIn("history_damaged", e[1].log_text())
                for s in e:
                    self.expect(s, 8)
                harness.assert_same_trees(e)

    # -- a nearly full disk -------------------------------------------------------------------

    def mount(self, server, size):
        os.makedirs(server.data, exist_ok=True)
        with open(os.path.join(server.data, "myid"), encoding="ascii") as f:
            my_id = f.read()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", server.data],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        if done.returncode != 0:
            self.skipTest(f"no tmpfs can be mounted: {done.stdout}")
        with open(os.path.join(server.data, "myid"), "w", encoding="ascii") as f:
            f.write(my_id)
        self.addCleanup(subprocess.run, ["umount", "-l", server.data], check=False)

    def fill_up(self, server, but):
        """Takes all the room but so many bytes."""
        room = os.statvfs(server.data)
        with open(os.path.join(server.data, "filler"), "wb") as f:
            f.write(bytes(max(0, room.f_bavail * room.f_frsize - but)))

    def large_log(self, ensemble, megabytes):
        zk = ensemble.client()
        zk.create("/large", b"")
        for _ in range(megabytes):
            zk.set("/large", os.urandom(900_000))
        self.close_clients(ensemble)

    def test_log_larger_than_the_room_that_is_left_is_opened(self):
        if os.environ.get(INSIDE) is None:
            self.skipTest("no mount namespace")
        for voters in (1, 3):
            with self.subTest(voters=voters), Ensemble(voters, preAllocSize=PREALLOCATED_KB) as e:
                for s in e:
                    self.mount(s, "24m")
                e.start_all()
                self.large_log(e, 9)
                for s in e:
                    s.kill()
                for s in e:
                    self.fill_up(s, 3 << 20)
                    code, seen = check_data(s)
                    self.assertEqual(code, 0, seen)
                e.start_all()
                zk = e.client()
                zk.set("/large", b"less")
                for s in e:
                    self.assertNotIn("disk_unusable", s.log_text())
                    left = [n for n in os.listdir(os.path.join(s.data, "version-2"))
                            if n.endswith(".tmp")]
                    self.assertEqual(left, [])

    def test_full_disk_is_foretold(self):
        if os.environ.get(INSIDE) is None:
            self.skipTest("no mount namespace")
        with Ensemble(1, preAllocSize=PREALLOCATED_KB) as e:
            self.mount(e[1], "8m")
            self.stopped(e)
            self.fill_up(e[1], 0)
            code, seen = check_data(e[1])
            self.assertEqual(code, WOULD_NOT_START, seen)
            self.assertIn("bytes are free", seen["problems"][-1]["text"])


def go_inside():
    """Into a mount namespace of our own, where that may be."""
    if os.environ.get(INSIDE) or os.geteuid() != 0:
        return
    probe = subprocess.run(["unshare", "-m", "true"], check=False, stderr=subprocess.DEVNULL)
    if probe.returncode == 0:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])


if __name__ == "__main__":
    go_inside()
    harness.main(limit_s=380)
