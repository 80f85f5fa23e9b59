#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""hostile.py for a short while: that the abuses work, and that honest sessions and locks, roles and
limits hold. How long a write may take, and floods of bytes that fill memory.limit and a learner's
share of it (limits_test.py has the limit itself), are for hostile.py alone: here load and servers
share the machine with other tests."""

import sys

import harness
import hostile
from hostile import Hostile  # unittest finds it here  # noqa: F401  # pylint: disable=unused-import

if __name__ == "__main__":
    hostile.main(sys.argv[1:], seconds=20, without="floods_of_data,unread_writes",
                 p99_ms_max=3000 * harness.SLOWNESS)
