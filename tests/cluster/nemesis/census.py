# SPDX-License-Identifier: Apache-2.0
"""What servers keep once every client has gone: nothing, or somebody forgets to clean up."""

import time

from harness import four_letter

# Of mntr. The connection that asks is one, and the word a request of four bytes.
MOST = {"zk_num_alive_connections": 1, "zk_outstanding_requests": 0, "zk_watch_count": 0,
        "zk_watch_bytes": 0, "zk_ephemerals_count": 0, "zk_global_sessions": 0,
        "zk_client_unsent_bytes": 0, "zk_client_request_bytes": 4}


def left_over(answer):
    """name -> value of what is more than it may be. A figure that is not told is one, too."""
    told = dict(line.split("\t", 1) for line in answer.splitlines() if "\t" in line)
    return {name: told.get(name, "not told") for name, most in MOST.items()
            if not told.get(name, "").isdigit() or int(told[name]) > most}


def wait_until_empty(addresses, deadline_s):
    """Problems, one a server that still keeps something when the sessions' time is over."""
    limit = time.monotonic() + deadline_s
    problems = []
    for address in addresses:
        host, port = address.rsplit(":", 1)
        while rest := left_over(four_letter(int(port), "mntr", host=host)):
            if time.monotonic() > limit:
                problems.append(f"{address} keeps what nobody is left to use: {rest}")
                break
            time.sleep(0.2)
    return problems
