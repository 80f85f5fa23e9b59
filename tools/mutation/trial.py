# SPDX-License-Identifier: Apache-2.0
"""A copy of the checkout in which slips are planted, built and tried. The checkout is only read.

Where the system allows a private mount namespace, the copy stands in the checkout's place for
whoever builds and tests, so that the build that is there is taken over as it is: paths in it are
absolute. Elsewhere the copy is built anew, once.
"""

import os
import re
import shutil
import signal
import subprocess
import time

# The tests without a real server, by their programs; each is run as it stands here.
PROGRAMS = re.compile(r"^bin/(unit_\w+|actor_tests|sim_tests|sim-swarm)$")
FAILED_TEST = re.compile(r"^\[  FAILED  \] ([\w./]+)|^seed \d+ FAILED: (.*)", re.M)
BUILD_S_MAX = 1200
SHORTEST_RUN_S = 60
SLOWER_MAX = 10


class Broken(Exception):
    """The copy cannot be built, or its tests fail, before anything is planted."""


def namespace_command(copy, root):
    """What runs the rest of its command line with the copy in the place of the checkout."""
    into = 'mount --bind "$0" "$1" && cd "$1" && shift && exec "$@"'
    for options in (["--mount"], ["--mount", "--map-root-user"]):
        command = ["unshare", *options, "sh", "-c", into, copy, root]
        try:
            tried = subprocess.run([*command, "true"], capture_output=True, check=False)
        except OSError:
            return None
        if tried.returncode == 0:
            return command
    return None


class Copy:
    def __init__(self, root, where, preset, seeds):
        self.root = root
        self.path = os.path.join(where, "tree")
        self.preset = preset
        self.seeds = seeds
        self.usual_s = {}
        self.files_of = {}
        shutil.rmtree(where, ignore_errors=True)
        os.makedirs(self.path)
        self._copy_sources()
        build = os.path.join("build", preset)
        self.inside = None
        if os.path.exists(os.path.join(root, build, "build.ninja")):
            self.inside = namespace_command(self.path, root)
        if self.inside:
            os.makedirs(os.path.join(self.path, "build"))
            subprocess.run(["cp", "-a", "--reflink=auto", os.path.join(root, build),
                            os.path.join(self.path, "build")], check=True)
            self.build = os.path.join(root, build)
        else:
            self.inside = ["env", "-C", self.path]
            self.build = os.path.join(self.path, build)
            done, said = self._run(["cmake", "--preset", preset], BUILD_S_MAX)
            if done != 0:
                raise Broken(f"cmake does not configure the copy:\n{said}")

    def _copy_sources(self):
        listed = subprocess.run(["git", "-C", self.root, "ls-files", "-co", "--exclude-standard",
                                 "-z"], capture_output=True, check=True)
        for path in filter(None, listed.stdout.decode().split("\0")):
            source, target = os.path.join(self.root, path), os.path.join(self.path, path)
            if os.path.isfile(source):
                os.makedirs(os.path.dirname(target), exist_ok=True)
                shutil.copy2(source, target)

    def _run(self, command, seconds_max):
        """(exit code, output); the code is None when it was ended because it took too long."""
        with subprocess.Popen([*self.inside, *command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              process_group=0, errors="replace") as process:
            try:
                said, _ = process.communicate(timeout=seconds_max)
                return process.returncode, said
            except BaseException as why:
                os.killpg(process.pid, signal.SIGKILL)
                said, _ = process.communicate()
                if isinstance(why, subprocess.TimeoutExpired):
                    return None, said
                raise

    def _ninja(self, *arguments, seconds_max=BUILD_S_MAX):
        return self._run(["ninja", "-C", self.build, *arguments], seconds_max)

    def read_build_graph(self):
        """Which test program is built from which files of the checkout."""
        code, targets = self._ninja("-t", "targets", "all")
        if code != 0:
            raise Broken(targets)
        deps, target = {}, None
        for line in self._ninja("-t", "deps")[1].splitlines():
            if line.startswith(" "):
                deps[target].add(self._relative(line.strip()))
            elif ": #deps" in line:
                target = line.split(":")[0]
                deps[target] = set()
        for line in targets.splitlines():
            program = line.split(":")[0]
            if PROGRAMS.match(program):
                files = set()
                for path in self._ninja("-t", "inputs", program)[1].splitlines():
                    files |= deps.get(path, {self._relative(path)})
                self.files_of[program] = files

    def _relative(self, path):
        place = self.build[:-len(os.path.join("build", self.preset))]
        return path[len(place):] if path.startswith(place) else path

    def affected(self, path):
        """The programs built from `path`: its own room's first, then the quicker ones."""
        room = os.path.basename(os.path.dirname(path))
        own = {f"bin/unit_{room}"}
        if own.isdisjoint(self.files_of) and path.startswith("actors/"):
            own = {"bin/actor_tests"}
        late = {"bin/sim_tests": 1, "bin/sim-swarm": 2}
        return sorted((p for p, files in self.files_of.items() if path in files),
                      key=lambda p: (p not in own, late.get(p, 0), self.usual_s.get(p, 0), p))

    def _try_one(self, program, seconds_max):
        command = [os.path.join(self.build, program)]
        command += ["--seeds", str(self.seeds)] if program == "bin/sim-swarm" else [
            "--gtest_brief=1"]
        return self._run(command, seconds_max)

    def measure(self, programs):
        """Builds and runs each as it is: a slip that a red test 'finds' would prove nothing."""
        for program in programs:
            code, said = self._ninja(program, seconds_max=10 * BUILD_S_MAX)
            if code != 0:
                raise Broken(f"{program} does not build:\n{said[-2000:]}")
            started = time.monotonic()
            code, said = self._try_one(program, BUILD_S_MAX)
            if code != 0:
                raise Broken(f"{program} fails without any slip:\n{said[-2000:]}")
            self.usual_s[program] = time.monotonic() - started
            print(f"{os.path.basename(program)} passes without a slip, in "
                  f"{self.usual_s[program]:.0f} s", flush=True)

    def write(self, path, text):
        with open(os.path.join(self.path, path), "w", encoding="utf-8") as f:
            f.write(text)

    def try_programs(self, programs):
        """(True, by what) if one of them notices; (False, "") if none does; (None, why) if the copy
        does not compile."""
        for program in programs:
            code, said = self._ninja(program)
            if code is None:
                return None, "the build took too long"
            if code != 0:
                if ": error: " not in said and "undefined reference" not in said:
                    raise Broken(f"{program} does not build:\n{said[-2000:]}")
                return None, "it does not compile"
            slow = max(SHORTEST_RUN_S, SLOWER_MAX * self.usual_s.get(program, 0))
            code, said = self._try_one(program, slow)
            name = os.path.basename(program)
            if code is None:
                return True, f"{name}, which hangs"
            if code != 0:
                failed = FAILED_TEST.search(said)
                what = (failed[1] or failed[2][:60]) if failed else f"ended with {code}"
                return True, f"{name}: {what}"
        return False, ""
