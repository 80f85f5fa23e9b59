# SPDX-License-Identifier: Apache-2.0
"""What is done to an ensemble, by name. Each draws its victims from the seed's dice and the roles
of the moment, is begun, holds for a while, and is ended."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Callable

from recorder import now_us


def at_once(do, numbers):
    with ThreadPoolExecutor(len(numbers)) as pool:
        list(pool.map(do, numbers))


@dataclass
class Fault:
    what: str                 # for people, with the servers' numbers
    begin: Callable[[], object]
    end: Callable[[], object]
    seconds: tuple = (4.0, 12.0)


class Faults:
    def __init__(self, ensemble, dice):
        self.ensemble = ensemble
        self.cluster = ensemble.cluster
        self.dice = dice

    # -- victims ----------------------------------------------------------------------------------

    def leader(self):
        return self.ensemble.leader()

    def follower(self):
        leader = self.leader()
        return self.dice.choice([n for n in self.ensemble.numbers if n != leader])

    def others(self, *numbers):
        return [n for n in self.ensemble.numbers if n not in numbers]

    def some(self, count, of):
        return sorted(self.dice.sample(of, count))

    @property
    def minority(self):
        return (len(self.ensemble.numbers) - 1) // 2

    # -- processes --------------------------------------------------------------------------------

    def killed(self, *numbers, seconds=(2.0, 12.0)):
        return Fault(f"kill {','.join(map(str, numbers))}",
                     lambda: at_once(self.cluster.kill, numbers),
                     lambda: at_once(self.cluster.start, numbers), seconds)

    def kill_leader(self):
        return self.killed(self.leader())

    def kill_leaders(self):
        """Each as soon as it leads."""
        killed = []

        def begin():
            for _ in range(self.minority):
                killed.append(self.leader())
                self.cluster.kill(killed[-1])

        return Fault("kill the leader, and who leads next", begin,
                     lambda: at_once(self.cluster.start, killed))

    def kill_follower(self):
        return self.killed(self.follower())

    def kill_random(self):
        return self.killed(*self.some(self.minority, self.ensemble.numbers))

    def kill_all(self):
        return self.killed(*self.some(len(self.ensemble.numbers), self.ensemble.numbers),
                           seconds=(0.0, 6.0))

    def paused(self, number):
        return Fault(f"pause {number}", lambda: self.cluster.pause(number),
                     lambda: self.cluster.resume(number), (2.0, 15.0))

    def pause_leader(self):
        return self.paused(self.leader())

    def pause_follower(self):
        return self.paused(self.follower())

    def restarted(self, number):
        return Fault(f"stop and start {number}", lambda: self.cluster.stop(number),
                     lambda: self.cluster.start(number), (0.0, 6.0))

    def restart_leader(self):
        return self.restarted(self.leader())

    def restart_follower(self):
        return self.restarted(self.follower())

    # -- links ------------------------------------------------------------------------------------

    def healed(self, what, begin, seconds=(4.0, 12.0)):
        return Fault(what, begin, self.cluster.heal, seconds)

    def cut(self, *sides):
        text = " / ".join(",".join(map(str, side)) for side in sides)
        return self.healed(f"cut {text}", lambda: self.cluster.cut(*sides))

    def isolate_leader(self):
        leader = self.leader()
        return self.cut([leader], self.others(leader))

    def cut_leader_minority(self):
        leader = self.leader()
        mates = self.some(self.minority - 1, self.others(leader))
        return self.cut([leader] + mates, self.others(leader, *mates))

    def cut_followers(self):
        """The leader keeps its quorum."""
        away = self.some(self.minority, self.others(self.leader()))
        return self.cut(away, self.others(*away))

    def cut_random(self):
        side = self.some(self.dice.randrange(1, len(self.ensemble.numbers)), self.ensemble.numbers)
        return self.cut(side, self.others(*side))

    def one_way(self):
        """What some say does not reach the others, who are heard all the same."""
        leader = self.leader()
        mute = [leader] if self.dice.randrange(2) else self.some(
            self.dice.randrange(1, self.minority + 1), self.ensemble.numbers)
        deaf = self.others(*mute)
        if self.dice.randrange(2):
            mute, deaf = deaf, mute
        names = " / ".join(",".join(map(str, side)) for side in (mute, deaf))
        return self.healed(f"cut one way {names}", lambda: self.cluster.cut_one_way(mute, deaf))

    def slow_links(self):
        number, ms = self.dice.choice(self.ensemble.numbers), self.dice.randrange(20, 400)
        return self.healed(f"slow {number} by {ms} ms",
                           lambda: self.cluster.slow(number, f"{ms}ms"))

    # -- disks ------------------------------------------------------------------------------------

    def full(self, number):
        return self.healed(f"disk of {number} full", lambda: self.cluster.disk_full(number))

    def disk_full_leader(self):
        return self.full(self.leader())

    def disk_full_follower(self):
        return self.full(self.follower())

    def slow_disk(self, number):
        ms = self.dice.randrange(50, 2500)
        return self.healed(f"disk of {number} slow by {ms} ms",
                           lambda: self.cluster.disk_slow(number, f"{ms}ms"))

    def disk_slow_leader(self):
        return self.slow_disk(self.leader())

    def disk_slow_follower(self):
        return self.slow_disk(self.follower())

    # -- members ----------------------------------------------------------------------------------

    def without(self, number):
        line = self.ensemble.server_line(number)[len(f"server.{number}="):]
        through = self.others(number)
        return Fault(f"reconfig without {number}",
                     lambda: self.ensemble.reconfig(through, leaving=str(number)),
                     lambda: self.ensemble.reconfig(through, joining=f"server.{number}={line}"))

    def reconfig_leader(self):
        return self.without(self.leader())

    def reconfig_follower(self):
        return self.without(self.follower())


KINDS = ["kill-leader", "kill-leaders", "kill-follower", "kill-random", "kill-all", "pause-leader",
         "pause-follower", "restart-leader", "restart-follower", "isolate-leader",
         "cut-leader-minority", "cut-followers", "cut-random", "one-way", "slow-links",
         "disk-full-leader", "disk-full-follower", "disk-slow-leader", "disk-slow-follower",
         "reconfig-leader", "reconfig-follower"]


@dataclass
class Done:
    """One that was begun, ended and recovered from."""
    kind: str
    what: str
    began_us: int
    ended_us: int
    written_us: int = 0  # the first write after its end
    served_us: int = 0   # when all servers served again


class Nemesis:
    def __init__(self, ensemble, dice, recorder, last_write_us, say):
        self.faults = Faults(ensemble, dice)
        self.ensemble = ensemble
        self.dice = dice
        self.recorder = recorder
        self.last_write_us = last_write_us
        self.say = say

    def order(self, kinds):
        """Endless: all of them in a drawn order, then again."""
        while True:
            yield from self.dice.sample(kinds, len(kinds))

    def do(self, kind, rest_s):
        """Begins it, ends it, and waits until a write succeeds and all servers serve again. Raises
        Unhealed when that takes too long."""
        fault = getattr(self.faults, kind.replace("-", "_"))()
        hold_s = self.dice.uniform(*fault.seconds)
        self.say(f"{kind}: {fault.what}, {hold_s:.1f} s")
        began = now_us()
        fault.begin()
        time.sleep(hold_s)
        fault.end()
        done = Done(kind, fault.what, began, now_us())
        self.recorder.write(fault=f"{kind}: {fault.what}", began=began, ended=done.ended_us)
        self.ensemble.until(lambda: self.last_write_us() > done.ended_us,
                            f"no write succeeded after the end of {fault.what}", 30)
        done.written_us = self.last_write_us()
        self.ensemble.wait_all_serve()
        done.served_us = now_us()
        time.sleep(rest_s)
        return done
