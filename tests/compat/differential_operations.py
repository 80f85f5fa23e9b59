# SPDX-License-Identifier: Apache-2.0
"""Scripts of differential_test.py about operations as such: each number that a client can send, and
what few clients ever ask."""

import struct

import wire as r

CREATE_SESSION = -10
PING = 11


def every_operation(script):
    """Each number with no body, cut ones and nonsense; what is not known ends the connection."""
    bodies = {"nothing": b"", "cut": b"\0\0", "null": r.i(-1), "nonsense": b"\0\0\0\5junk!" * 3}
    special = (r.CLOSE, PING, r.CHECK, r.DELETE_CONTAINER)
    for name, body in bodies.items():
        wide = name == "nothing"
        for op in range(-200 if wide else -20, 201 if wide else 120):
            if op in special or (op == CREATE_SESSION and len(body) >= 4):
                continue
            answer = script.ask(f"op {op} with {name}", op, body, who="one")
            if answer[0] == -6:
                script.is_closed(f"op {op} with {name} closes", "one")
    script.ask("closing with a body", r.CLOSE, b"junk", who="another")
    script.is_closed("closed", "another")


def not_for_clients(script):
    script.ask("check", r.CHECK, who="one")
    script.ask("check, no path", r.CHECK, r.with_number("a"), who="two")
    script.ask("deleteContainer", r.DELETE_CONTAINER, r.s("/none"), who="three")


def pings(script):
    """Answered by the xid of pings, whatever they were asked by."""
    for xid in (-(1 << 31), -100, -9, -8, -4, -2, -1, 0, 1, (1 << 31) - 1):
        for body in (b"", b"junk"):
            client = script.client("ann")
            client.send_frame(struct.pack(">ii", xid, PING) + body)
            answered, _, err = struct.unpack(">iqi", client.receive_frame())
            script.answers.append((f"ping {xid}", (err, answered), []))
    for xid in (-(1 << 31), -100, -9, -8, -4, -2, 0, (1 << 31) - 1):
        script.ask(f"read {xid}", r.GET, r.watched("/zookeeper/quota"), xid=xid)
        script.ask(f"failed read {xid}", r.EXISTS, r.watched("/none"), xid=xid)
        script.ask(f"write {xid}", r.CREATE, r.create(f"/of{xid}"), xid=xid)
        script.ask(f"failed write {xid}", r.CREATE, r.create("/a/b"), xid=xid)


def logins(script):
    """Who shows what; a refusal, and what cannot be read, end the connection."""
    shown = {"null": None, "nothing": b"", "x": b"x", "user": b"ann:pw", "colon": b":",
             "no password": b"ann:", "no user": b":pw", "three": b"a:b:c", "no utf8": b"\xff:\xfe",
             "address": b"127.0.0.1", "anyone": b"anyone", "long": b"u:" + b"p" * 1000}
    for scheme in ("digest", "ip", "world", "auth", "super", "x509", "host", "ensemble", "nobody",
                   "Digest", "", None):
        for name, data in shown.items():
            label = f"{scheme} with {name}"
            answer = script.ask(label, r.AUTH, r.i(0) + r.s(scheme) + r.s(data), who="one", xid=-4)
            if answer[0] == -115:
                script.is_closed(f"{label} closes", "one")
            elif answer[0] == 0:
                script.ask(f"{label}, who now", r.WHO_AM_I, who="one")
                script.leave("one")
    for name, body in {"no body": b"", "cut": b"\0\0", "no scheme": r.i(0),
                       "no data": r.i(0) + r.s("digest")}.items():
        script.ask(name, r.AUTH, body, who="one", xid=-4)
    script.ask("another type", r.AUTH, r.i(7) + r.s("digest") + r.s("ann:pw"), who="one", xid=-4)


def kinds_of_watches(script):
    """Each kind that may be asked about and removed, on each kind that is there."""
    there = {"none": None, "persistent": (r.ADD_WATCH, r.with_number("/w", 0)),
             "recursive": (r.ADD_WATCH, r.with_number("/w", 1)),
             "exists": (r.EXISTS, r.watched("/w", True))}
    for name, add in there.items():
        for kind in (-1, 0, 1, 2, 3, 4, 5, 6, 100):
            for op in (r.CHECK_WATCHES, r.REMOVE_WATCHES):
                if add is not None:
                    script.ask(f"{name} is set", *add, who="one")
                script.ask(f"op {op} of {name}, kind {kind}", op, r.with_number("/w", kind),
                           who="one")
                script.leave("one")


def reconfigs(script):
    """Refused without what it takes; a standalone server has no servers to change."""
    asked = {"nothing": (None, None, None, -1), "joining": ("server.9=h:1:2", None, None, -1),
             "leaving": (None, "9", None, -1), "no number": (None, "x", None, -1),
             "no line": ("garbage", None, None, -1), "new": (None, None, "server.1=h:1:2;3", -1),
             "both": ("server.9=h:1:2", None, "server.1=h:1:2", -1), "empty": ("", "", "", -1),
             "version": ("server.9=h:1:2", None, None, 7)}
    bodies = {name: r.s(a) + r.s(b) + r.s(c) + r.q(version)
              for name, (a, b, c, version) in asked.items()}
    bodies.update({"no body": b"", "cut": b"\0"})
    for name, body in bodies.items():
        script.ask(f"nobody asks, {name}", r.RECONFIG, body)
    script.ask("super", r.AUTH, r.i(0) + r.s("digest") + r.s("super:above all"), who="one", xid=-4)
    for name, body in bodies.items():
        script.ask(f"super asks, {name}", r.RECONFIG, body, who="one")


def kinds_in_multi(script):
    for op in (*range(-20, 30), *range(98, 110)):
        for name, body in (("nothing", b""), ("a path", r.s("/zookeeper") + b"\0" * 20)):
            script.ask(f"multi of op {op} with {name}", r.MULTI, r.multi((op, body)))
        script.ask(f"multiRead of op {op}", r.MULTI_READ, r.multi((op, r.watched("/zookeeper"))))
