# SPDX-License-Identifier: Apache-2.0
"""The objects of all rounds, made before the workers begin and read when they have ended."""

import threading

from kazoo_connection import Connection
from recorder import GUARDED_FROM, REGISTERS_A_ROUND, WATCHES_A_ROUND


def opened(plan, recorder):
    return Connection(plan, recorder, ",".join(plan.servers), threading.Event())


def make_objects(plan, recorder):
    zk = opened(plan, recorder)

    def make(path, key=None, data=""):
        got = zk.ask("create", key, path=path, data=data)
        if not got.ok:
            raise RuntimeError(f"{path} was not created: {got.answer}")

    for name in ("register", "set", "counter", "queue", "ephemeral", "lock", "lock/0", "watch",
                 "probe"):
        make(f"/{name}")
    for n in range(plan.rounds):
        make(f"/set/{n}")
        make(f"/queue/{n}")
        make(f"/counter/{n}", f"counter/{n}", "0")
        make(f"/register/{GUARDED_FROM + n}", f"register/{GUARDED_FROM + n}", "0")
    for n in range(plan.rounds * WATCHES_A_ROUND):
        make(f"/watch/{n}", f"watch/{n}", "0")
    zk.close()


def final_reads(plan, recorder, workers):
    """Synced, of everything that was worked on."""
    zk = opened(plan, recorder)
    rounds = range(plan.round() + 1)

    def read(op, key):
        got = zk.ask(op, key, synced=True)
        if got.answer not in ("ok", "no_node"):
            raise RuntimeError(f"the final read of {key}: {got.answer}")
        value = sorted(got.value) if op == "children" and got.ok else got.value
        recorder.write(final={key: value})

    for n in range(len(rounds) * REGISTERS_A_ROUND):
        read("get", f"register/{n}")
    for n in range(len(rounds) * WATCHES_A_ROUND):
        read("get", f"watch/{n}")
    for n in rounds:
        read("get", f"register/{GUARDED_FROM + n}")
        read("get", f"counter/{n}")
        read("children", f"set/{n}")
        read("children", f"queue/{n}")
    for n in range(workers):
        read("exists", f"ephemeral/{n}")
    zk.close()
