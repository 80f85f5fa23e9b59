#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Every block of the pages below does what its page says, run one behind the other as a reader
pastes them, in one shell; and the pages in Chinese have the same blocks.

They run in the project's own directory, as if freshly cloned: over it lies a file system that is
gone when the test ends, and the network is one of its own. Both need root; without it, the blocks
are compared and not run (exit code 77).
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import harness
import readme_blocks

INSIDE = "README_TEST_INSIDE"
# In the order in which they are read: a page builds on what those before it have left running.
PAGES = ("README.md", "docs/guide.md", "docs/operations.md", "tests/README.md")
BLOCK_S = 90 * harness.SLOWNESS  # for one block
DONE = "readme-test: block ended with "


class Reader:
    """Someone who pastes blocks into a shell and looks at what they print."""

    def __init__(self, folder):
        self.folder = folder
        self.shell = subprocess.Popen(  # pylint: disable=consider-using-with
            ["bash", "--norc"], cwd=harness.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, preexec_fn=harness.die_with_parent)
        self.said = ""
        self.changed = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while part := os.read(self.shell.stdout.fileno(), 65536):
            with self.changed:
                self.said += part.decode("utf-8", "replace")
                self.changed.notify_all()

    def paste(self, text):
        """Exit code of the last command, the line of the first that failed unless it is the last,
        and all that was printed."""
        path = os.path.join(self.folder, "block")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        self.shell.stdin.write((
            "failed=; set -E; trap 'failed+=\" $LINENO\"' ERR\n"
            f"source {path} < /dev/null; ended=$?; trap - ERR\n"
            f"echo; echo '{DONE}'$ended:$failed\n").encode())
        self.shell.stdin.flush()
        ending = re.compile(rf"^{DONE}(\d+):(.*)\n", re.M)
        end = time.monotonic() + BLOCK_S
        with self.changed:
            while not (found := ending.search(self.said)):
                left = end - time.monotonic()
                if left <= 0 or self.shell.poll() is not None:
                    raise AssertionError(f"it does not come to its end; so far: {self.said}")
                self.changed.wait(min(left, 1.0))
            said, self.said = self.said[:found.start()], self.said[found.end():]
        return int(found[1]), [int(x) for x in found[2].split()], said

    def close(self):
        self.shell.stdin.close()
        try:
            self.shell.wait(10)
        except subprocess.TimeoutExpired:
            self.shell.kill()
        self.reader.join(10)  # unless something that was left running has the pipe
        self.shell.stdout.close()


class Readme(unittest.TestCase):

    def test_both_languages_have_the_same_blocks(self):
        for page in PAGES:
            translation = page.replace(".md", ".zh-CN.md")
            blocks = [readme_blocks.blocks_of(harness.ROOT, x) for x in (page, translation)]
            self.assertEqual(len(blocks[0]), len(blocks[1]), translation)
            for ours, theirs in zip(*blocks):
                self.assertEqual((ours.language, ours.code(), ours.marks),
                                 (theirs.language, theirs.code(), theirs.marks),
                                 f"{ours} / {theirs}")

    def test_every_block_does_what_it_says(self):
        if INSIDE not in os.environ:
            self.skipTest("only root may lay a file system over the project's own")
        folder = self.enterContext(tempfile.TemporaryDirectory())
        reader = Reader(folder)
        self.addCleanup(reader.close)
        blocks = [x for page in PAGES for x in readme_blocks.blocks_of(harness.ROOT, page)]
        for at, block in enumerate(blocks):
            typed = [x for x in blocks[at + 1:at + 2] if x.marked("typed into the block before")]
            began = time.monotonic()
            with self.subTest(block=str(block)):
                self.run_block(reader, block, typed)
            print(f"{time.monotonic() - began:6.1f} s  {block}", file=sys.stderr, flush=True)
        said = reader.paste("tools/down\npgrep -x -r R,S,D actor-node || echo none is left\n")[2]
        self.assertTrue(said.strip().endswith("none is left"),
                        f"servers that the pages leave running: {said}")

    def run_block(self, reader, block, typed):
        if block.marked("an example of output") or block.marked("typed into the block before"):
            return
        text = block.as_run()
        for path in block.marked("goes into"):
            with open(os.path.join(harness.ROOT, path), "a", encoding="utf-8") as f:
                f.write(text)
            for command in block.marked("then"):
                words = command.strip("`")
                code, _, said = reader.paste(f"build/release/bin/actor-node {words}\n")
                self.assertEqual(code, 0, f"{block}\n{words}\n{said}")
            return
        if block.language == "python":
            text = f"/usr/bin/python3 - << 'END'\n{text}END\n"
        elif typed:
            text = text.rstrip("\n") + f" << 'END'\n{typed[0].as_run()}END\n"
        else:
            self.assertEqual(block.language, "sh", f"{block}: neither run nor explained by a mark")
        code, failed, said = reader.paste(text)
        expected = int((block.marked("exits") or ["0"])[0])
        lines = text.splitlines()
        told = f"{block}\n{text}\n---- says\n{said}"
        self.assertEqual(code, expected, told)
        early = {lines[n - 1] for n in failed if n < len(lines)}
        meant = {x for x in lines if any(y.strip("`") in x for y in block.marked("fails"))}
        self.assertEqual(early, meant, told)
        for shown in block.marked("shows") + [m for x in typed for m in x.marked("shows")]:
            self.assertIn(shown.strip("`"), said, told)


def main():
    if INSIDE not in os.environ and os.geteuid() == 0:
        # A directory of this file system cannot lie over another of it: a tmpfs does.
        scratch = tempfile.mkdtemp(prefix="troupe_readme.")
        script = ('mount -t tmpfs scratch "$0" && mkdir "$0/new" "$0/work" && '
                  'mount -t overlay over -o "lowerdir=$1,upperdir=$0/new,workdir=$0/work" "$1" && '
                  'ip link set lo up && cd "$1" && exec "${@:2}"')
        try:
            probe = subprocess.run(["unshare", "-mnp", "--fork", "--mount-proc", "bash", "-c",
                                    script, scratch, harness.ROOT, "true"],
                                   capture_output=True, text=True, check=False)
            if probe.returncode == 0:
                done = subprocess.run(
                    ["unshare", "-mnp", "--fork", "--kill-child", "--mount-proc", "bash", "-c",
                     script, scratch, harness.ROOT, "/usr/bin/python3", os.path.abspath(__file__),
                     *sys.argv[1:]], env=dict(os.environ, **{INSIDE: "1"}), check=False)
                sys.exit(done.returncode)
            print(f"not run: {probe.stderr.strip()}", file=sys.stderr)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    if INSIDE in os.environ:
        # As freshly cloned, but built.
        subprocess.run(["git", "-c", "safe.directory=*", "clean", "-fdxq", "-e", "build"],
                       cwd=harness.ROOT, check=False)
        harness.main(limit_s=300)
    program = unittest.main(module="__main__", verbosity=2, exit=False)
    sys.exit(77 if program.result.wasSuccessful() else 1)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    main()
