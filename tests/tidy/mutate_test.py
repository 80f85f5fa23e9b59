#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tools/mutate: its rules on sample text, and a whole run on a small project of its own, whose
checkout has to stay as it was."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "tools", "mutation"))

import slips  # noqa: E402  pylint: disable=wrong-import-position


def planted(text, rule=None):
    """What becomes of `text` by each slip of that rule, or by each at all."""
    return [s.in_text(text) for s in slips.slips_of(text) if rule in (None, s.rule)]


class Rules(unittest.TestCase):
    def test_comparisons_become_their_neighbours(self):
        self.assertEqual(planted("return a < b;", "comparison"), ["return a <= b;"])
        self.assertEqual(planted("return a >= b;", "comparison"), ["return a > b;"])
        self.assertEqual(planted("return a == b;", "comparison"), ["return a != b;"])

    def test_what_only_looks_like_a_comparison_is_left_alone(self):
        for text in ("std::vector<int> a;", "template <class T>\nT f();", "#include <map>\n",
                     "bool operator==(const x&) const = default;", "a->b();", "auto&& x = y;",
                     'say("a < b");', "// a < b\n"):
            self.assertEqual(planted(text, "comparison") + planted(text, "and, or"), [], text)

    def test_and_becomes_or(self):
        self.assertEqual(planted("return a && b;", "and, or"), ["return a || b;"])

    def test_a_condition_is_turned_round(self):
        self.assertIn("if (!(a > 0)) f();", planted("if (a > 0) f();", "negated condition"))
        self.assertIn("if (a) f();", planted("if (!a) f();", "negated condition"))
        self.assertIn("if (auto x = g(); !(x > 1)) f();",
                      planted("if (auto x = g(); x > 1) f();", "negated condition"))
        self.assertEqual(planted("if (auto x = g()) f();", "negated condition"), [])

    def test_strings_in_a_condition_stay(self):
        self.assertIn('if (!(a == "x && y")) f();',
                      planted('if (a == "x && y") f();', "negated condition"))

    def test_an_early_exit_is_forgotten(self):
        self.assertEqual(planted("if (a) return b(1, 2);\nc();", "exit removed"),
                         ["if (a) {}\nc();"])
        self.assertEqual(planted("if (f(a)) continue;", "exit removed"), ["if (f(a)) {}"])

    def test_statements_are_forgotten_but_declarations_and_log_lines_are_not(self):
        text = ("void f() {\n  auto x = g();\n  s.table.erase(x);\n  int y = 1;\n  s.n = 1;\n"
                "  ++s.m;\n  log.info(\"told\", {});\n  return;\n}\n")
        removed = planted(text, "statement removed")
        self.assertEqual(len(removed), 3)
        for statement in ("s.table.erase(x);", "s.n = 1;", "++s.m;"):
            self.assertIn(text.replace(statement, "{}"), removed)

    def test_a_statement_under_a_condition_is_forgotten_alone(self):
        self.assertEqual(planted("{\n  if (a) b(c);\n}", "statement removed"),
                         ["{\n  if (a) {}\n}"])

    def test_arguments_are_swapped_but_those_of_another_kind_are_not(self):
        self.assertEqual(planted("f(first, second);", "arguments swapped"), ["f(second, first);"])
        self.assertEqual(planted("f(self, x);", "arguments swapped"), [])
        self.assertEqual(planted("void f(const x& a, int b);", "arguments swapped"), [])

    def test_off_by_one_and_what_is_not_taken_away(self):
        self.assertEqual(planted("x = n + 1;", "off by one"), ["x = n;"])
        self.assertEqual(planted("g(std::exchange(s.gone, {}));", "not cleared"), ["g(s.gone);"])
        self.assertEqual(planted("return std::min(a, 3);", "min, max"), ["return std::max(a, 3);"])
        self.assertEqual(planted("  n -= b;", "sign"), ["  n += b;"])

    def test_mutants_of_the_simulation_are_no_conditions(self):
        self.assertEqual(planted("if (mutated(mutant::x)) f();", "negated condition"), [])

    def test_lines_are_those_that_were_asked_for(self):
        text = "a = b < c;\nd = e < f;\ng = h < i;\n"
        found = slips.in_lines(slips.slips_of(text), text, [(2, 2)])
        self.assertEqual({s.line_of(text) for s in found}, {2})


CMAKE = """cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES CXX)
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
add_executable(unit_core tests/limit_test.cpp actors/core/limit.cpp)
add_executable(unit_other tests/other.cpp)
"""
PRESETS = """{"version": 6, "configurePresets": [{"name": "release", "generator": "Ninja",
  "binaryDir": "${sourceDir}/build/release"}]}"""
LIMIT = """bool is_allowed(int n, int max, bool& told) {
  if (n > max) return false;
  told = true;
  return true;
}
"""
TEST = """bool is_allowed(int n, int max, bool& told);
int main() {
  bool told = false;
  return is_allowed(4, 3, told) || !is_allowed(2, 3, told) ? 1 : 0;
}
"""


class WholeRun(unittest.TestCase):
    """The small project's test does not look at the limit itself, nor at what is told."""

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="mutate-test-")
        self.addCleanup(shutil.rmtree, self.root)
        for folder in ("actors/core", "tests", "tools"):
            os.makedirs(os.path.join(self.root, folder))
        for path, text in (("CMakeLists.txt", CMAKE), ("CMakePresets.json", PRESETS),
                           ("actors/core/limit.cpp", LIMIT), ("tests/limit_test.cpp", TEST),
                           ("tests/other.cpp", "int main() {}\n"), (".gitignore", "/build/\n")):
            with open(os.path.join(self.root, path), "w", encoding="utf-8") as f:
                f.write(text)
        shutil.copy2(os.path.join(ROOT, "tools", "mutate"), os.path.join(self.root, "tools"))
        shutil.copytree(os.path.join(ROOT, "tools", "mutation"),
                        os.path.join(self.root, "tools", "mutation"),
                        ignore=shutil.ignore_patterns("__pycache__"))
        self.git("init", "-q", "-b", "main")
        self.git("add", ".")
        self.git("-c", "user.name=t", "-c", "user.email=t@t", "commit", "-q", "-m", "all")

    def git(self, *words):
        subprocess.run(["git", "-C", self.root, *words], check=True, capture_output=True)

    def mutate(self, *arguments):
        environment = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        return subprocess.run([os.path.join(self.root, "tools", "mutate"), *arguments], text=True,
                              capture_output=True, check=False, timeout=300, env=environment)

    def state(self, without=(".git", "build")):
        out = {}
        for folder, below, files in os.walk(self.root):
            below[:] = [d for d in below if d not in without]
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as f:
                    out[path] = (os.stat(path).st_mtime_ns, f.read())
        return out

    def test_survivors_are_told_and_the_checkout_stays_as_it_was(self):
        before = self.state()
        done = self.mutate("--files", "actors", "--count", "50")
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(self.state(), before)
        self.assertFalse(os.path.exists(os.path.join(self.root, "build", "mutate")))
        summary = done.stdout[done.stdout.index("\n\n"):]
        self.assertIn("slips found", summary)
        self.assertIn("found by unit_core", done.stdout)
        # One slip a line is drawn; what told is, nobody looks at.
        self.assertIn("-  told = true;", summary)
        self.assertNotIn("return true", summary.split("survivors")[0])
        name = summary.split("tools/mutate --slip ")[1].split()[0]
        again = self.mutate("--slip", name)
        self.assertEqual(again.returncode, 1, again.stdout + again.stderr)
        self.assertIn("0 of 1 slips found", again.stdout)

    def test_a_build_that_is_there_is_taken_over_and_stays_as_it_was(self):
        subprocess.run(["cmake", "--preset", "release"], cwd=self.root, check=True,
                       capture_output=True)
        subprocess.run(["ninja", "-C", "build/release"], cwd=self.root, check=True,
                       capture_output=True)
        before = self.state(without=(".git",))
        done = self.mutate("--files", "actors", "--count", "2")
        self.assertIn("2 slips found", done.stdout, done.stderr)
        self.assertEqual(self.state(without=(".git",)), before)

    def test_only_changed_lines_are_asked_for(self):
        path = os.path.join(self.root, "actors", "core", "limit.cpp")
        with open(path, "w", encoding="utf-8") as f:
            f.write(LIMIT.replace("n > max", "n >= max"))
        listed = self.mutate("--change", "main", "--list", "--count", "50")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertIn("1 lines offer a slip", listed.stdout)
        self.assertIn("limit.cpp:2:", listed.stdout)

    def test_a_red_test_proves_nothing(self):
        with open(os.path.join(self.root, "tests", "limit_test.cpp"), "w", encoding="utf-8") as f:
            f.write("int main() { return 1; }\n")
        done = self.mutate("--files", "actors", "--count", "1")
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("unit_core fails without any slip", done.stderr)

    def test_wrong_usage_says_what_is_accepted(self):
        done = self.mutate("--count", "0")
        self.assertEqual(done.returncode, 2)
        self.assertIn("a number above 0", done.stderr)


if __name__ == "__main__":
    unittest.main()
