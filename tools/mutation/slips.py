# SPDX-License-Identifier: Apache-2.0
"""Slips that a tired engineer makes, found in C++ text by rule. Text in, places out.

A slip replaces text[start:end]. The rules look for what a compiler lets pass: code is formatted by
clang-format, so a comparison has blanks around it and a template's bracket has none. What does not
compile all the same is for the caller to leave out.
"""

import bisect
import re
from typing import NamedTuple


class Slip(NamedTuple):
    rule: str
    start: int
    end: int
    text: str

    def in_text(self, text):
        return text[:self.start] + self.text + text[self.end:]

    def line_of(self, text):
        return text.count("\n", 0, self.start) + 1


STATEMENT_LINES_MAX = 8
OTHER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||",
         "||": "&&", "std::min": "std::max", "std::max": "std::min", "+=": "-=", "-=": "+=",
         "true": "false", "false": "true"}
NO_STATEMENT = set("""return co_return co_yield if else for while do switch case default break
    continue goto try catch throw using namespace auto const constexpr static inline struct class
    enum union template typename public private protected friend explicit virtual typedef delete
    static_assert assert operator""".split())
# Of the actor itself, and of pairs that no hand writes the other way round.
NO_SWAP = re.compile(r"\bself\b(?!->)|\bend\(\)|\bsize\(\)$")
NO_CALL = set("if for while switch return catch sizeof decltype co_return co_await alignof".split())


def without_comments(text):
    """Comments, preprocessor lines and the insides of strings become blanks; offsets stay."""
    pattern = (r'//[^\n]*|/\*.*?\*/|^[ \t]*#[^\n]*|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'
               r"'(?:\\.|[^'\\\n])'")

    def blank(match):
        found = match[0]
        if found[0] in "\"'":
            return found[0] + "_" * (len(found) - 2) + found[-1]
        return re.sub(r"[^\n]", " ", found)
    return re.sub(pattern, blank, text, flags=re.S | re.M)


def closing(code, at):
    """Where the bracket that opens at `at` is closed; None if nowhere."""
    depth = 0
    for match in re.compile(r"[(){}\[\]]").finditer(code, at):
        depth += 1 if match[0] in "({[" else -1
        if depth == 0:
            return match.start()
    return None


def end_of_statement(code, at):
    """Behind the semicolon that ends what begins at `at`; None if a block ends first."""
    depth = 0
    for match in re.compile(r"[(){}\[\];]").finditer(code, at):
        if match[0] == ";" and depth == 0:
            return match.end()
        depth += match[0] in "({["
        depth -= match[0] in ")}]"
        if depth < 0:
            return None
    return None


# ---------------------------------------------------------------- the rules

def other_operator(rule, pattern):
    def find(code):
        for match in re.finditer(pattern, code):
            line = code[code.rfind("\n", 0, match.start()) + 1:match.start()]
            if not re.search(r"\btemplate\b|\boperator\b|\bfor \($", line):
                yield Slip(rule, match.start(), match.end(), OTHER[match[0]])
    return find


def one_off(code):
    """A `+ 1` or `- 1` is forgotten."""
    for match in re.finditer(r"(?<=[\w)\]]) [+-] 1\b(?![.\w'])", code):
        yield Slip("off by one", match.start(), match.end(), "")


def not_cleared(code):
    """What should be taken away stays."""
    for match in re.finditer(r"\bstd::exchange\(", code):
        end = closing(code, match.end() - 1)
        first = re.match(r"[\w.\->:\[\]]+(?=,)", code[match.end():end or match.end()])
        if first:
            yield Slip("not cleared", match.start(), end + 1, first[0])


def conditions(code):
    """(start, end, end of the bracket) of what an `if` asks, without what it declares first."""
    for match in re.finditer(r"\bif \(", code):
        end = closing(code, match.end() - 1)
        if end is None:
            continue
        start = match.end()
        declared = code.rfind("; ", start, end)
        if declared >= 0:
            start = declared + 2
        elif re.match(r"\s*(const )?[\w:<>]+[ *&]+\w+\s*=[^=]", code[start:end]):
            yield None, None, end
            continue
        if "mutated(" not in code[match.start():end]:
            yield start, end, end


def negated(code):
    for start, end, _ in conditions(code):
        if start is None:
            continue
        asked = code[start:end]
        if asked.startswith("!") and "&&" not in asked and "||" not in asked:
            yield Slip("negated condition", start, start + 1, "")
        else:
            yield Slip("negated condition", start, end, f"!({asked})")


def exit_removed(code):
    """Somebody leaves under a condition, and now goes on."""
    for _, _, end in conditions(code):
        match = re.compile(r"\s+(return|co_return|continue|break)\b").match(code, end + 1)
        stop = match and end_of_statement(code, match.end())
        if stop:
            yield Slip("exit removed", end + 1, stop, " {}")


def statement_starts(code):
    yield from (m.end() for m in re.finditer(r"[;{}]\s+(?=\S)|\belse\s+(?=\S)", code))
    for match in re.finditer(r"\b(?:if|for|while) \(", code):
        end = closing(code, match.end() - 1)
        blank = end and re.compile(r"\s+(?=[^\s{])").match(code, end + 1)
        if blank:
            yield blank.end()


ACTS = re.compile(r"(?:co_await |\+\+|--)?([a-z_]\w*)(?:(?:::|\.|->)\w+|\[[^\]\n]*\]|\([^()\n]*\))*"
                  r"(?:\(|\+\+|--|;| (?:[-+|&]|<<|>>)?= )")


def statement_removed(code):
    """A call or an assignment is forgotten. Lines for the log are no behaviour."""
    for start in set(statement_starts(code)):
        acts = ACTS.match(code, start)
        end = acts and acts[1] not in NO_STATEMENT and end_of_statement(code, start)
        if not end or code.count("\n", start, end) >= STATEMENT_LINES_MAX:
            continue
        said = code[start:end]
        is_log = re.search(r"\blog(?:->|\.|::)(?:info|warn|error|debug)\(|\blog_\w+\(", said)
        if not is_log and re.search(r"[(=]|\+\+|--", said):
            yield Slip("statement removed", start, end, "{}")


def declared_type(name, code):
    """As a declaration or a parameter in the same file says it; "" if none does."""
    found = re.search(rf"([\w:]+(?:<[\w:, *&]*>)?[&*]*) [&*]?{re.escape(name)}\s*[,;)={{]", code)
    return found[1] if found and found[1] not in NO_STATEMENT else ""


def are_of_one_kind(one, other, code):
    """Whether a compiler lets one stand for the other, as far as names tell: of members too."""
    kinds = [declared_type(re.split(r"\.|->|::", x.rstrip("()"))[-1], code) for x in (one, other)]
    return kinds[0] == kinds[1]


def arguments_swapped(code):
    word = r"[\w.\->:\[\]*&]+(?:\(\))?"
    for match in re.finditer(r"\b(\w+)[({]", code):
        end = closing(code, match.end() - 1)
        if end is None or match[1] in NO_CALL:
            continue
        for pair in re.finditer(rf"(?<![\w.>])({word}),\s({word})(?=[,)}}])",
                                code[match.end():end + 1]):
            before = code[match.end():match.end() + pair.start()]
            at_top = all(before.count(a) == before.count(b) for a, b in ("()", "{}", "[]"))
            if (at_top and pair[1] != pair[2] and not NO_SWAP.search(pair[0]) and
                    are_of_one_kind(pair[1], pair[2], code)):
                yield Slip("arguments swapped", match.end() + pair.start(),
                           match.end() + pair.end(), f"{pair[2]}, {pair[1]}")


RULES = (
    other_operator("comparison", r"(?<= )(<=|>=|<|>|==|!=)(?= )"),
    other_operator("and, or", r"(?<= )(&&|\|\|)(?=\s)"),
    other_operator("min, max", r"\bstd::(?:min|max)\b(?=[(<])"),
    other_operator("sign", r"(?<= )[+-]=(?= )"),
    other_operator("true, false", r"(?<=\breturn )(?:true|false)(?=;)|(?<= = )(?:true|false)\b"),
    one_off, not_cleared, negated, exit_removed, statement_removed, arguments_swapped,
)


def slips_of(text):
    """All slips that `text` offers, in the order of their places."""
    code = without_comments(text)
    found = set()
    for rule in RULES:
        for slip in rule(code):
            # Strings were blanks while the rules looked: what a slip keeps has to be in full.
            kept = slip.text
            if kept == f"!({code[slip.start:slip.end]})":
                kept = f"!({text[slip.start:slip.end]})"
            found.add(slip._replace(text=kept))
    return sorted(found, key=lambda s: (s.start, s.end, s.rule))


def in_lines(slips, text, ranges):
    """Those that begin in one of the ranges (first, last) of lines."""
    starts = [0] + [m.end() for m in re.finditer("\n", text)]
    return [s for s in slips
            if any(a <= bisect.bisect_right(starts, s.start) <= b for a, b in ranges)]
