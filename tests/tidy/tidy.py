#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The rules of this code base that no compiler checks.

    tidy.py [ROOT]              every breach as file:line: rule: text; exit 1 if there is one
    tidy.py --self-test [ROOT]  proves that each rule finds its breach, and nothing in clean files

A rule is a function from the tree (path -> text) to breaches (path, line, text). Its docstring says
what it asks for.
"""

import os
import re
import subprocess
import sys

CODE = (".cpp", ".hpp")
MEASURED = CODE + (".proto", ".py")
LINES_MAX = 550
COLUMNS_MAX = 100
# Files that may be longer for now: path -> the most lines they may have. May shrink, never grow.
RATCHET = {}


# ---------------------------------------------------------------- the tree

def read_tree(root):
    """The project's text files: those git knows or could be told of, else all that lie there."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-co",
                             "--exclude-standard", "-z"], capture_output=True, check=False)
    if listed.returncode == 0:
        paths = listed.stdout.decode().split("\0")
    else:
        paths = []
        for folder, below, files in os.walk(root):
            below[:] = [d for d in below if d not in (".git", "build", "run", "__pycache__")]
            paths += [os.path.relpath(os.path.join(folder, f), root) for f in files]
    tree = {}
    for path in sorted(filter(None, paths)):
        try:
            with open(os.path.join(root, path), encoding="utf-8") as f:
                tree[path] = f.read()
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # no text, or deleted and not yet committed
    return tree


def code(tree, *starts):
    return [(p, t) for p, t in tree.items() if p.endswith(CODE) and p.startswith(starts or ("",))]


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def without_comments(text):
    """Comments and the insides of strings become blanks, so that offsets stay."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\''

    def blank(match):
        if re.match(r"'[0-9a-fA-F]{3}", match.group(0)):  # 1'000'000
            return match.group(0)
        return re.sub(r"[^\n]", " ", match.group(0))

    return re.sub(pattern, blank, text, flags=re.S)


def searched(tree, pattern, files):
    for path, text in files:
        for match in re.finditer(pattern, text):
            yield path, line_of(text, match.start()), match.group(0).strip()


# ---------------------------------------------------------------- rooms

# A room: where it is, which of the project's rooms it may include, which libraries it may not.
# The first that fits a path is its room.
IO = r"caf/|spdlog/|google/|CLI/"
IMPURE = IO + (r"|sys/|unistd\.h|fcntl\.h|netdb\.h|fstream|iostream|filesystem|thread|mutex"
               r"|condition_variable|future|coroutine|atomic")
# The rooms of those who speak; none of them includes another one's headers.
SPEAKERS = "peer election leading learning journal database client".split()
BELOW_BASE = "messages core config coro trace"
ACTORS = " ".join([BELOW_BASE, "storage base interfaces", *SPEAKERS, "node"])
ROOMS = [
    ("messages", r"messages/", "messages", r"spdlog/|CLI/"),
    ("core", r"actors/core/", "messages core", IMPURE),
    ("storage", r"actors/storage/", "messages core storage", IO),
    ("coro", r"actors/coro/", "coro", r"spdlog/|google/|CLI/"),
    ("trace", r"actors/trace/", "messages coro trace", r"CLI/"),
    ("base", r"actors/base/", BELOW_BASE + " base", r"CLI/"),
    ("interfaces", r"actors/interfaces/", "messages config base interfaces", r"spdlog/|CLI/"),
    *((room, rf"actors/{room}/", f"{BELOW_BASE} base interfaces {room}", r"CLI/")
      for room in SPEAKERS if room != "journal"),
    ("journal", r"actors/journal/", f"{BELOW_BASE} storage base interfaces journal", r"CLI/"),
    ("node", r"actors/node/", ACTORS, None),
    ("config", r"config/", "messages core config", IMPURE.replace("fstream|", "")
     .replace("filesystem|", "")),
    ("tests", r"tests/history/\w+_main\.cpp$", "node history tests", None),  # programs, not rules
    ("history", r"tests/history/", "history", r"caf/|spdlog/|google/|thread|coroutine"),
    ("tests", r"tests/",
     ACTORS + " tools history tests", None),
    ("tools", r"tools/", ACTORS + " tools", None),
]
# What of messages/ is for the wire between servers; core speaks plain structs.
BETWEEN_SERVERS = r"messages/(peer/|proto_inspect|type_ids)"
ACTOR_MARK = r"stateful_pointer|pinned_pointer|stateful_actor|stateful_broker"


def room_of(path):
    return next((room for room in ROOMS if re.match(room[1], path)), None)


def includes(text):
    for match in re.finditer(r'^#include ([<"])([^>"]+)[>"]', text, re.M):
        yield line_of(text, match.start()), match.group(1) == '"', match.group(2)


def include_arrows(tree):
    """Rooms include only the rooms below them, and only the libraries that are theirs."""
    for path, text in code(tree):
        room = room_of(path)
        if room is None:
            yield path, 1, "in no room"
            continue
        name, _, allowed, forbidden = room
        for line, own, what in includes(text):
            target = room_of(what)
            if target and target[0] not in allowed.split():
                yield path, line, f"{name} may not include {what}"
            elif own and not target:
                yield path, line, f"{what} is in no room; includes start at the root"
            elif not target and forbidden and re.match(forbidden, what):
                yield path, line, f"{name} may not include <{what}>"
            elif name == "core" and re.match(BETWEEN_SERVERS, what):
                yield path, line, f"core may not include {what}"


def actor_headers(tree):
    """An actor's header names other actors by their interfaces, not by their headers."""
    headers = {p for p, t in code(tree, "actors/")
               if p.endswith(".hpp") and room_of(p)[0] in ("base", "node", *SPEAKERS)
               and p != "actors/base/pinned.hpp"  # names no actor, only how one is scheduled
               and re.search(ACTOR_MARK, without_comments(t))}
    for path in sorted(headers):
        for line, _, what in includes(tree[path]):
            if what in headers:
                yield path, line, f"an actor header includes another one, {what}"


# ---------------------------------------------------------------- coroutines

LAMBDA_HEAD = re.compile(r"\[[^\[\]]*\]\s*(<[^<>]*>\s*)?(\((?:[^()]|\([^()]*\))*\))?\s*"
                         r"(mutable\s*|noexcept\s*|constexpr\s*)*(->\s*[^{};]+)?$")


def lambda_coroutines(tree):
    """No coroutine is a lambda: its captures die with the closure, not with the frame."""
    for path, text in code(tree):
        plain = without_comments(text)
        if "co_" not in plain:
            continue
        open_braces = []  # for each: is it a lambda's body
        for match in re.finditer(r"[{}]|\bco_(await|return|yield)\b", plain):
            if match.group(0) == "{":
                head = plain[max(0, match.start() - 400):match.start()]
                open_braces.append(bool(LAMBDA_HEAD.search(head)))
            elif match.group(0) == "}":
                if open_braces:
                    open_braces.pop()
            elif any(open_braces):
                yield path, line_of(plain, match.start()), f"{match.group(0)} in a lambda"


def closing(text, start, opening, closer):
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == opening) - (text[i] == closer)
        if depth == 0:
            return i
    return len(text)


def coroutine_parameters(tree):
    """Functions that return task<> take values: a reference may die before the frame does."""
    for path, text in code(tree):
        plain = without_comments(text)
        for match in re.finditer(r"\btask<", plain):
            end = closing(plain, match.end() - 1, "<", ">")
            name = re.match(r"\s+([\w:~]+)\s*\(", plain[end + 1:end + 200])
            if not name:
                continue
            start = end + name.end()
            parameters = plain[start:closing(plain, start, "(", ")") + 1]
            if re.search(r"&|string_view|\bspan<", parameters):
                yield path, line_of(plain, match.start()), f"{name.group(1)}: {parameters}"


# ---------------------------------------------------------------- time and chance

def no_sleeps(tree):
    """Nothing sleeps but tests of real processes: a sleep is a race that was lost or won."""
    pattern = r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|\btime\.sleep\b"
    files = [(p, without_comments(t) if p.endswith(CODE) else t) for p, t in tree.items()
             if p.endswith(CODE + (".py",)) and p != "tests/tidy/tidy.py"
             and not p.startswith(("tests/cluster/", "tests/compat/"))
             and not ("/data/" in p and p.endswith(".py"))]  # records samples of the genuine server
    return searched(tree, pattern, files)


def no_hidden_inputs(tree):
    """The time of day and true randomness enter in actors/node; below it they are arguments."""
    pattern = (r"\bsystem_clock\b|\brandom_device\b|\bs?rand\s*\(|\bgettimeofday\b"
               r"|\btime\s*\(\s*(nullptr|NULL|0)\s*\)|\bCLOCK_REALTIME\b")
    files = [(p, without_comments(t)) for p, t in code(tree)
             if not p.startswith(("actors/node/", "tests/", "tools/"))]
    yield from searched(tree, pattern, files)
    # The time of a build would make two builds of one commit differ.
    yield from searched(tree, r"\b__(DATE|TIME|TIMESTAMP)__\b",
                        [(p, without_comments(t)) for p, t in code(tree)])
    yield from searched(tree, r"\bsteady_clock\b", [(p, without_comments(t))
                                                    for p, t in code(tree, "actors/core/")])


# ---------------------------------------------------------------- form

def spdx_line(tree):
    """The licence stands in the first line, behind the interpreter's line if there is one."""
    for path, text in tree.items():
        name = os.path.basename(path)
        script = text.startswith("#!")
        if not (script or name.endswith(MEASURED + (".cmake", ".bash", ".sh"))
                or name == "CMakeLists.txt"):
            continue
        first = text.split("\n")[1 if script else 0:][:1]
        if "SPDX-License-Identifier: Apache-2.0" not in "".join(first):
            yield path, 1, "no SPDX line"


def file_length(tree):
    """A file fits in one head."""
    for path, text in tree.items():
        lines = text.count("\n")
        if path.endswith(MEASURED) and lines > RATCHET.get(path, LINES_MAX):
            yield path, lines, f"{lines} lines, {RATCHET.get(path, LINES_MAX)} are accepted"


def line_length(tree):
    """A line fits beside another file."""
    for path, text in tree.items():
        if path.endswith(MEASURED):
            for number, line in enumerate(text.split("\n"), 1):
                if len(line) > COLUMNS_MAX:
                    yield path, number, f"{len(line)} columns, {COLUMNS_MAX} are accepted"


def nothing_left_undone(tree):
    """What is not done is not in the tree: no reminders, no tests that are switched off; one that
    a machine cannot run says so with GTEST_SKIP() << "why"."""
    pattern = (r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|\bDISABLED_|\bGTEST_" +
               r"SKIP\b(?!\(\) << \")")
    files = [(p, t) for p, t in tree.items() if p != "LICENSE" and p != "tests/tidy/tidy.py"]
    return searched(tree, pattern, files)


def speaks_of_itself(tree):
    """The project knows no directory of somebody's machine and nobody's tools."""
    pattern = (r"(?<![\w.$}*])/(home|root|wor[k]|far[m]|Users)/|/tmp/(bas[h]|studi[o])"
               r"|(?i:\bsub-?agen[t]|\bcla[u]de\b|\bchat-?gp[t]\b|\banthropi[c]\b|\bcopilo[t]\b)"
               r"|\.\./share[d]\b|\.librar[y]\b")
    return searched(tree, pattern, [(p, t) for p, t in tree.items() if p != "LICENSE"])


# ---------------------------------------------------------------- things said twice

def headings(text):
    plain = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return [m.group(1) for m in re.finditer(r"^(#+) ", plain, re.M)]


def fences(text):
    return [re.sub(r"\s*#.*", "", b) for b in re.findall(r"^```.*?^```", text, re.M | re.S)]


IN_BOTH_LANGUAGES = ("README.md", "docs/README.md", "docs/guide.md", "docs/operations.md",
                     "tests/README.md")


def languages_in_step(tree):
    """A page X.md and its translation X.zh-CN.md have the same headings in the same order, and the
    same commands."""
    pages = {n for n in IN_BOTH_LANGUAGES if n in tree}
    pages |= {re.sub(r"\.zh-CN\.md$", ".md", n) for n in tree if n.endswith(".zh-CN.md")}
    for page in sorted(pages):
        other = page[:-len(".md")] + ".zh-CN.md"
        texts = [tree.get(n, "") for n in (page, other)]
        if headings(texts[0]) != headings(texts[1]):
            yield other, 1, f"headings differ: {[' '.join(headings(t)) for t in texts]}"
        for a, b in zip(fences(texts[0]), fences(texts[1])):
            if a != b:
                yield other, line_of(texts[1], texts[1].find(b[:20])), f"differs from:\n{a}"
        if len(fences(texts[0])) != len(fences(texts[1])):
            yield other, 1, "not as many blocks of code"


def anchors(text):
    """What GitHub makes of a page's headings."""
    found = set()
    plain = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    for match in re.finditer(r"^#+ (.*)$", plain, re.M):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match.group(1)).strip().lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        again = 0
        while anchor + (f"-{again}" if again else "") in found:
            again += 1
        found.add(anchor + (f"-{again}" if again else ""))
    return found


def links_lead_somewhere(tree):
    """A relative link leads to a file or directory of the project, and its anchor to a heading."""
    folders = {""} | {p[:m.start()] for p in tree for m in re.finditer("/", p)}
    for path, text in tree.items():
        if not path.endswith(".md"):
            continue
        blank = re.sub(r"^```.*?^```|`[^`\n]*`", lambda m: re.sub(r"[^\n]", " ", m.group(0)),
                       text, flags=re.M | re.S)
        for match in re.finditer(r"\]\(([^()\s]+)\)", blank):
            link = match.group(1)
            if re.match(r"\w+:", link):
                continue
            place, _, anchor = link.partition("#")
            target = os.path.normpath(os.path.join(os.path.dirname(path), place))
            target = path if not place else "" if target == "." else target
            if target not in tree and target not in folders:
                yield path, line_of(text, match.start()), f"{link}: nothing is there"
            elif anchor and anchor not in anchors(tree.get(target, "")):
                yield path, line_of(text, match.start()), f"{link}: no such heading"


def one_version(tree):
    """CMakeLists.txt and the headers that speak of our version name the same one."""
    made = re.search(r"project\(\w+ VERSION ([\d.]+)", tree.get("CMakeLists.txt", ""))
    for path, pattern in (("actors/node/version.hpp", r'version = "([\d.]+)"'),
                          ("actors/client/four_letter.hpp",
                           r'version = "3\.8\.0-troupe-([\d.]+)"')):
        said = re.search(pattern, tree.get(path, ""))
        if said and (not made or made.group(1) != said.group(1)):
            yield path, 1, f"{said.group(1)} here, other in CMakeLists.txt"


RULES = [include_arrows, actor_headers, lambda_coroutines, coroutine_parameters, no_sleeps,
         no_hidden_inputs, spdx_line, file_length, line_length, nothing_left_undone,
         speaks_of_itself, languages_in_step, links_lead_somewhere, one_version]


def check(tree):
    return [(rule.__name__, *breach) for rule in RULES for breach in rule(tree)]


def main():
    arguments = sys.argv[1:]
    self_test = arguments[:1] == ["--self-test"]
    here = os.path.dirname(os.path.abspath(__file__))
    root = (arguments[1:] if self_test else arguments)[:1] or [os.path.join(here, "..", "..")]
    if self_test:
        sys.path.insert(0, here)
        import self_test as cases  # pylint: disable=import-outside-toplevel
        return cases.run(check, {rule.__name__ for rule in RULES})
    tree = read_tree(root[0])
    if not tree:
        print(f"no files under {root[0]}")
        return 1
    breaches = check(tree)
    for rule, path, line, text in breaches:
        print(f"{path}:{line}: {rule}: {text}")
    print(f"{len(tree)} files, {len(RULES)} rules, {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
