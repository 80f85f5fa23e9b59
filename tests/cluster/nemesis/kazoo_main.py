#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The workers that speak through kazoo; nemesis.py starts them. They end when stdin does. Exit
code: 0 nothing wrong, 1 something was and is told."""

import logging
import sys
import threading
import traceback

from kazoo_workloads import WORKLOADS
from recorder import Plan, Recorder


def main(plan_path):
    logging.getLogger("kazoo").addHandler(logging.NullHandler())
    logging.getLogger("kazoo").propagate = False
    plan = Plan(plan_path)
    recorder = Recorder(plan.history, plan.first_client)
    ending = threading.Event()
    problems = []

    def tell_problem(what):
        problems.append(what)
        print(f"problem: {what}", flush=True)

    def live(worker):
        try:
            worker.run()
        except BaseException:  # pylint: disable=broad-except
            tell_problem("a worker broke: " + traceback.format_exc())

    threads = []
    for n, x in enumerate(plan.workers):
        worker = WORKLOADS[x["workload"]](plan, x["number"], recorder, ending,
                                          plan.seed * 1000 + n, tell_problem)
        threads.append(threading.Thread(target=live, args=[worker]))
        threads[-1].start()
    sys.stdin.read()
    ending.set()
    for thread in threads:
        thread.join()
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
