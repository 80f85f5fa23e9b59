#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""hostile.py for a short while: that the abuses work, and that honest sessions and locks, roles,
memory and files hold. How long a write may take is for hostile.py on a machine of its own: here
load, servers and other tests share the machine."""

import sys

import harness
import hostile
from hostile import Hostile  # unittest finds it here  # noqa: F401  # pylint: disable=unused-import

if __name__ == "__main__":
    hostile.main(sys.argv[1:], seconds=22, p99_ms_max=3000 * harness.SLOWNESS)
