# SPDX-License-Identifier: Apache-2.0
"""The lines of a server's audit log, ours or the genuine one's."""

import os
import re

FORM = r"^[-0-9]{10} [:0-9]{8},[0-9]{3} (INFO|ERROR) o\.a\.z\.a\.Slf4jAuditLogger: (.*)$"
LINE = re.compile(FORM)
GENUINE_LINE = re.compile(r"(INFO|ERROR) org\.apache\.zookeeper\.audit\.Slf4jAuditLogger - (.*)$",
                          re.M)


def lines_of(server):
    """(level, record) of each line; a record's fields in their order."""
    if server.genuine:
        found = GENUINE_LINE.findall(server.log_text())
    else:
        try:
            with open(os.path.join(server.data, "zookeeper_audit.log"), encoding="utf-8") as f:
                matched = [LINE.match(line) for line in f]
        except FileNotFoundError:
            return []
        assert all(matched), "each line has the form of logback's"
        found = [m.groups() for m in matched]
    return [(level, record.split("\t")) for level, record in found]
