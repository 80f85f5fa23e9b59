# SPDX-License-Identifier: Apache-2.0
"""For each rule of tidy.py: small trees that break it, and trees like them that do not."""

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
# Not written in one piece, so that the rules do not find them here.
REMINDER = "TO" + "DO"
PLACE = "/ho" + "me/somebody/x"
SLEEP = "std::this_thread::sleep" + "_for(1ms);\n"


def cpp(body, path="actors/peer/a.cpp"):
    return {path: SPDX + body}


BROKEN = {
    "include_arrows": [
        cpp('#include "actors/leading/leader.hpp"\n', "actors/core/a.hpp"),
        cpp('#include "actors/core/tree.hpp"\n', "messages/a.hpp"),
        cpp("#include <caf/all.hpp>\n", "actors/core/a.cpp"),
        cpp("#include <caf/all.hpp>\n", "actors/storage/a.cpp"),
        cpp("#include <thread>\n", "actors/core/a.cpp"),
        cpp('#include "messages/peer/zab.pb.h"\n', "actors/core/a.cpp"),
        cpp('#include "messages/ids.hpp"\n', "actors/coro/a.hpp"),
        cpp('#include "actors/storage/disk.hpp"\n', "actors/leading/leader.cpp"),
        cpp('#include "actors/node/links.hpp"\n', "actors/leading/leader.cpp"),
        cpp('#include "actors/journal/journal.hpp"\n', "actors/leading/leader.cpp"),
        cpp('#include "actors/interfaces/peer.hpp"\n', "actors/base/a.hpp"),
        cpp('#include "actors/database/database.hpp"\n', "actors/interfaces/a.hpp"),
        cpp('#include "actors/base/a.hpp"\n', "actors/core/a.hpp"),
        cpp('#include "tests/sim/world.hpp"\n', "actors/node/a.cpp"),
        cpp('#include "tree.hpp"\n', "actors/core/a.cpp"),
        cpp("", "elsewhere/a.cpp"),
    ],
    "actor_headers": [
        {"actors/peer/a.hpp": SPDX + '#include "actors/peer/b.hpp"\nf(a::stateful_pointer);\n',
         "actors/peer/b.hpp": SPDX + "f(b::stateful_pointer);\n"},
    ],
    "lambda_coroutines": [
        cpp("auto f = [self]() -> task<> { if (x) { co_await y; } };\n"),
        cpp("auto f = [&] { co_return; };\n"),
        cpp("auto f = [=](int a, g(b)) mutable { for (;;) { co_yield a; } };\n"),
    ],
    "coroutine_parameters": [
        cpp("task<> f(const vote& x);\n"),
        cpp("coro::task<std::vector<int>> f(a x,\n  std::string_view y) {}\n"),
        cpp("task<void> leader::run(std::function<void(int)> g, T&& x);\n"),
    ],
    "no_sleeps": [cpp(SLEEP), cpp(SLEEP, "tests/sim/a.cpp")],
    "no_hidden_inputs": [
        cpp("auto t = std::chrono::system_clock::now();\n"),
        cpp("std::random_device seed;\n", "actors/core/a.cpp"),
        cpp("int x = rand();\n"),
        cpp("auto t = std::time(nullptr);\n", "actors/storage/a.cpp"),
        cpp("auto t = std::chrono::steady_clock::now();\n", "actors/core/a.cpp"),
        cpp("auto t = __" + "DATE__;\n"),
    ],
    "spdx_line": [
        {"actors/peer/a.cpp": "int x;\n"},
        {"tools/up": "#!/bin/bash\necho\n"},
        {"tests/CMakeLists.txt": "project()\n"},
    ],
    "file_length": [cpp("\n" * 550)],
    "line_length": [cpp("// " + "x" * 98 + "\n"), {"tests/a.py": "# " + SPDX[3:] + "x" * 101}],
    "nothing_left_undone": [
        cpp(f"// {REMINDER}: later\n"),
        {"docs/a.md": f"{REMINDER}\n"},
        cpp("TEST(A, DIS" + "ABLED_B) {}\n", "tests/unit/a.cpp"),
    ],
    "speaks_of_itself": [{"docs/a.md": f"see {PLACE}\n"}, cpp("// ../sha" + "red/x\n")],
    "languages_in_step": [
        {"README.md": "# a\n## b\n", "README.zh-CN.md": "# a\n"},
        {"README.md": "# a\n```\nx\n```\n", "README.zh-CN.md": "# a\n```\ny\n```\n"},
        {"README.md": "# a\n```\nx\n```\n", "README.zh-CN.md": "# a\n"},
        {"README.md": "# a\n"},
        {"docs/guide.md": "# a\n"},
        {"docs/other.zh-CN.md": "# a\n"},
    ],
    "links_lead_somewhere": [
        {"docs/a.md": "[b](b.md)\n"},
        {"docs/a.md": "[b](docs/b.md)\n", "docs/b.md": "# b\n"},
        {"docs/a.md": "[b](b.md#c)\n", "docs/b.md": "# b\n```\n# c\n```\n"},
        {"docs/a.md": "# A b\n[b](#A-b)\n"},
        {"docs/a.md": "# a\n# a\n[b](#a-2)\n"},
        {"docs/a.md": "# a\n[b](../tools/x)\n", "tools/y": ""},
        {"docs/a.md": "# a\n[b](../messages/a.hpp#c)\n", "messages/a.hpp": SPDX},
    ],
    "one_version": [
        {"CMakeLists.txt": "# " + SPDX[3:] + "project(troupe VERSION 1.2.3)\n",
         "actors/node/version.hpp": SPDX + 'version = "1.2.4"\n'},
        {"CMakeLists.txt": "# " + SPDX[3:] + "project(troupe VERSION 1.2.3)\n",
         "actors/client/four_letter.hpp": SPDX + 'version = "3.8.0-troupe-1.2.4"\n'},
    ],
}

CLEAN = [
    cpp('#include "messages/ids.hpp"\n#include "actors/core/vote.hpp"\n#include <vector>\n',
        "actors/core/a.cpp"),
    cpp('#include "actors/storage/disk.hpp"\n#include <caf/all.hpp>\n',
        "actors/journal/journal.cpp"),
    cpp('#include "actors/node/links.hpp"\n', "tests/sim/a.cpp"),
    {"actors/peer/a.hpp": SPDX + '#include "actors/interfaces/x.hpp"\nf(a::stateful_pointer);\n',
     "actors/interfaces/x.hpp": SPDX + "using x = caf::typed_actor<>;\n",
     "actors/peer/a.cpp": SPDX + '#include "actors/peer/a.hpp"\n#include "actors/peer/b.hpp"\n',
     "actors/peer/b.hpp": SPDX + "f(b::stateful_pointer);\n"},
    cpp("[[nodiscard]] task<> f(a x) { auto g = [x] { return x; }; h[2] = 1; co_await g(); }\n"),
    cpp("task<std::vector<int>> f(leader_ptr self, std::vector<zxid> x);  // by value, no &\n"),
    cpp("// sleep" + "_for is not used\nint x = 1'000'000; auto s = \"rand()\";\n"),
    cpp("int operand(int); int y = operand(2); auto t = time_of(nullptr);\n"),
    cpp(SLEEP, "tests/cluster/a.cpp"),
    cpp("std::random_device seed;\n", "actors/node/a.cpp"),
    cpp("\n" * 498 + "// " + "x" * 97 + "\n"),
    {"tools/up": "#!/bin/bash\n# " + SPDX[3:] + "echo\n"},
    {"README.md": "# a\n```\nx  # one\n# two\n```\n## b\n",
     "README.zh-CN.md": "# c\n```\nx  # three\n# four\n```\n## d\n"},
    {"docs/a.md": "# A `b`: [c](https://x.org/#y), d_e\n# f\n# f\n[x](#a-b-c-d_e) [y](#f-1)\n"
                  "[z](../tools/) [`u`](../tools/up) [v](b.md#一二) `[w](gone)`\n"
                  "```\n[w](gone)\n```\n",
     "docs/b.md": "# 一、二\n", "tools/up": "#!/bin/bash\n# " + SPDX[3:] + "echo\n"},
    {"CMakeLists.txt": "# " + SPDX[3:] + "project(troupe VERSION 1.2.3)\n",
     "actors/node/version.hpp": SPDX + 'version = "1.2.3"\n'},
]


def run(check, rules):
    """Prints what is wrong with the rules; 0 when each finds its breaches and no others do."""
    faults = [f"{rule}: no case shows that it can fail" for rule in sorted(rules - set(BROKEN))]
    for rule, trees in BROKEN.items():
        for tree in trees:
            found = {breach[0] for breach in check(tree)}
            if found != {rule}:
                faults.append(f"{rule}: found {sorted(found)} in {tree}")
    for tree in CLEAN:
        for breach in check(tree):
            faults.append(f"clean, yet: {breach}")
    print("\n".join(faults) if faults else
          f"{sum(map(len, BROKEN.values()))} broken trees found, {len(CLEAN)} clean ones passed")
    return 1 if faults else 0
