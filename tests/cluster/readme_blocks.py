# SPDX-License-Identifier: Apache-2.0
"""The fenced blocks of a page such as README.md, and what the comments in front of them
tell a test about them.

    <!-- readme-test: shortened `--seeds 500` to `--seeds 3` -->  so it is run; several may be given
    <!-- readme-test: exits 1 -->                  the last command of a shell block ends so
    <!-- readme-test: fails `--break x` -->        lines with that end with another code than 0
    <!-- readme-test: shows `Mode: leader` -->     stands in what the block prints
    <!-- readme-test: typed into the block before --> its last command has this for its input
    <!-- readme-test: goes into run/jaas.conf -->  lines for that file, behind what is there
    <!-- readme-test: then `restart run/server.1` --> with it, that goes well with actor-node
    <!-- readme-test: an example of output -->     is not run
"""

import os
import re
from typing import NamedTuple

FENCE = re.compile(r"```(\w*)\n(.*?)^```$", re.M | re.S)
MARK = re.compile(r"<!-- readme-test: (.*?) -->\n")
MARKS = re.compile(rf"(?:{MARK.pattern})*\Z")
SHORTENED = re.compile(r"shortened `(.*?)` to `(.*?)`")


class Block(NamedTuple):
    page: str
    number: int
    line: int
    language: str
    text: str
    marks: tuple

    def __str__(self):
        return f"{self.page}:{self.line}: block {self.number}: {self.text.splitlines()[0]}"

    def marked(self, kind):
        """What stands behind that word in the marks."""
        return [m[len(kind):].strip() for m in self.marks if m == kind or m.startswith(kind + " ")]

    def as_run(self):
        """With what is shortened; a text that is not there is a mistake in the page."""
        text = self.text
        for mark in self.marks:
            if (found := SHORTENED.fullmatch(mark)) is None:
                continue
            if found[1] not in text:
                raise ValueError(f"{self}: there is no {found[1]!r} to shorten in it")
            text = text.replace(found[1], found[2])
        return text

    def code(self):
        """Without comments, which are in the reader's language, and without the blanks that put
        them into one column."""
        lines = [re.sub(r"(^|\s+)#\s.*$", "", x) for x in self.text.splitlines()]
        return [x for x in lines if x.strip()]


def blocks_of(root, page):
    """The blocks of that page, a path below root, in their order."""
    with open(os.path.join(root, page), encoding="utf-8") as f:
        text = f.read()
    out = []
    for number, found in enumerate(FENCE.finditer(text), 1):
        before = text[:found.start()]
        marks = tuple(MARK.findall(before[MARKS.search(before).start():]))
        out.append(Block(page, number, before.count("\n") + 1, found[1], found[2], marks))
    return out
