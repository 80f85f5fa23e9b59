# SPDX-License-Identifier: Apache-2.0
"""One worker's way to the ensemble: a kazoo client, one operation at a time, each recorded with its
times and its answer. Nothing is tried again unseen. A connection that is lost makes the outcome
unknown and the client a new one; a session that has expired is followed by a new one."""

import sys
import threading

from kazoo import exceptions
from kazoo.client import KazooClient, KazooState
from kazoo.handlers.threading import KazooTimeoutError
from kazoo.protocol.states import EventType
from kazoo.retry import KazooRetry

from recorder import now_us

ANSWERS = {
    exceptions.NoNodeError: "no_node",
    exceptions.NodeExistsError: "node_exists",
    exceptions.BadVersionError: "bad_version",
    exceptions.NotEmptyError: "not_empty",
    exceptions.NoChildrenForEphemeralsError: "no_children_for_ephemerals",
}
UNKNOWN = (exceptions.ConnectionLoss, exceptions.SessionExpiredError, KazooTimeoutError,
           exceptions.OperationTimeoutError, exceptions.ConnectionClosedError,
           exceptions.SessionMovedError, exceptions.CancelledError)
EVENTS = {EventType.CREATED: "created", EventType.DELETED: "deleted",
          EventType.CHANGED: "changed", EventType.CHILD: "children"}
ANSWER_S = 15
CONNECT_S = 1.0


def stat_of(x):
    return {"czxid": x.czxid, "mzxid": x.mzxid, "pzxid": x.pzxid, "version": x.version,
            "cversion": x.cversion,
            "ephemeralOwner": hex(x.ephemeralOwner & 0xFFFFFFFFFFFFFFFF)
                              if x.ephemeralOwner else "0"}


class Reply:
    def __init__(self, answer, value=None, stat=None):
        self.answer = answer
        self.value = value  # data, children or a created path
        self.stat = stat

    @property
    def ok(self):
        return self.answer == "ok"

    @property
    def unknown(self):
        return self.answer == "unknown"


class Connection:
    def __init__(self, plan, recorder, hosts, ending, on_event=None):
        self.plan = plan
        self.recorder = recorder
        self.hosts = hosts
        self.ending = ending
        self.on_event = on_event
        self.number = recorder.next_client()
        self.breaks = 0        # one who believes to hold something compares
        self.broken_at_us = 0
        self.open()

    def open(self):
        self.session = "0x0"
        self.lost = False
        self.connected = threading.Event()
        self.zk = zk = KazooClient(
            hosts=self.hosts, timeout=self.plan.session_ms / 1000, randomize_hosts=False,
            connection_retry=KazooRetry(max_tries=-1, delay=0.05, backoff=1, max_delay=0.2),
            command_retry=KazooRetry(max_tries=0))
        zk.add_listener(lambda state: self.heard_state(zk, state))
        zk.start_async()

    def heard_state(self, zk, state):
        """In kazoo's own thread. `zk`: not one that was left behind."""
        at_us = now_us()
        if zk is not self.zk:
            return
        if state == KazooState.CONNECTED:
            if self.lost:
                return  # kazoo goes on by itself; we open another
            self.session = hex(zk.client_id[0] & 0xFFFFFFFFFFFFFFFF)
            self.connected.set()
            name = "connected"
        else:
            name = "suspended" if state == KazooState.SUSPENDED else "lost"
            self.lost = self.lost or name == "lost"
            self.connected.clear()
            self.note_break(at_us)
        self.recorder.write(client=self.number, session=self.session, state=name, heard=at_us)

    def note_break(self, at_us):
        self.breaks += 1
        self.broken_at_us = at_us

    def heard_event(self, event):
        if event.type not in EVENTS:
            return
        self.recorder.write(client=self.number, session=self.session, event=EVENTS[event.type],
                            path=event.path, heard=now_us())
        if self.on_event:
            self.on_event(event.path)

    def close(self):
        zk, self.zk = self.zk, None
        try:
            zk.stop()
            zk.close()
        except Exception as error:  # pylint: disable=broad-except
            print(f"closing a client: {error!r}", file=sys.stderr)

    def renew(self):
        """Ends the session and begins another. kazoo does not tell whether the server has answered
        the closing, so that stays unknown; what is read afterwards tells."""
        sent, session = now_us(), self.session
        self.note_break(sent)
        self.close()
        if session != "0x0":
            self.recorder.write(client=self.number, session=session, op="close", sent=sent,
                                answer="unknown")
        self.number = self.recorder.next_client()
        self.open()

    def wait_connected(self):
        """False at the end, and when the session is a new one."""
        while not self.connected.wait(CONNECT_S) or self.lost:
            if self.lost:
                self.close()
                self.number = self.recorder.next_client()
                self.open()
            elif self.ending.is_set():
                return False
        return True

    def send(self, op, path, data, version, ephemeral, sequential, watch):
        zk = self.zk
        watcher = self.heard_event if watch else None
        if op == "create":
            return zk.create_async(path, data, ephemeral=ephemeral, sequence=sequential,
                                   include_data=True)
        if op == "delete":
            return zk.delete_async(path, version)
        if op == "set":
            return zk.set_async(path, data, version)
        if op == "sync":
            return zk.sync_async(path)
        if op == "exists":
            return zk.exists_async(path, watcher)
        if op == "get":
            return zk.get_async(path, watcher)
        return zk.get_children_async(path, watcher, include_data=True)

    def ask(self, op, key, path=None, data=None, version=-1, ephemeral=False, sequential=False,
            watch=False, synced=False, recorded=True):
        path = path or "/" + key
        if not self.wait_connected():
            return Reply("unknown")
        line = {"op": op, "path": path, "recorded": recorded}
        if key:
            line["key"] = key
        breaks = self.breaks
        if synced:
            sync_sent = now_us()
            got = self.perform({**line, "op": "sync"}, "sync", path)
            if not got.ok:
                return got
            if self.breaks == breaks:
                line.update(synced=True, synced_from=sync_sent)
        # Whether a read watches is not told: kazoo hands out events and answers in threads of their
        # own, so their times have not the order of the wire.
        for name, value in (("data", data), ("ephemeral", ephemeral), ("sequential", sequential),
                            ("version", version)):
            if value not in (None, False, -1):
                line[name] = value
        return self.perform(line, op, path, None if data is None else data.encode(), version,
                            ephemeral, sequential, watch, synced_at=breaks if synced else None)

    def perform(self, line, op, path, data=None, version=-1, ephemeral=False, sequential=False,
                watch=False, synced_at=None):
        session = self.session
        line.update(client=self.number, session=session, sent=now_us())
        try:
            value = self.send(op, path, data, version, ephemeral, sequential, watch).get(
                timeout=ANSWER_S)
            got = self.understood(op, value)
        except UNKNOWN:
            got = Reply("unknown")
        except exceptions.ZookeeperError as error:
            got = Reply(ANSWERS.get(type(error), f"error_{-error.code}"))
        heard = now_us()
        if self.lost or self.session != session:
            got = Reply("unknown")  # asked in a session that kazoo began by itself
        if synced_at is not None and self.breaks != synced_at:
            # On another connection perhaps, of which the sync says nothing.
            line.pop("synced", None)
            line.pop("synced_from", None)
        line["answer"] = got.answer
        is_recorded = line.pop("recorded")
        if got.unknown:
            if is_recorded:
                self.recorder.write(**line)
            self.number = self.recorder.next_client()
            self.note_break(now_us())
            return got
        line["heard"] = heard
        if got.ok:
            if op in ("create", "get", "children"):
                line[{"create": "created", "get": "data_read", "children": "children"}[op]] = \
                    got.value
            if got.stat:
                line["stat"] = stat_of(got.stat)
        if is_recorded:
            self.recorder.write(**line)
        return got

    @staticmethod
    def understood(op, value):
        if op == "create":
            return Reply("ok", *value)
        if op == "get":
            return Reply("ok", value[0].decode(), value[1])
        if op == "children":
            return Reply("ok", *value)
        if op == "exists":
            return Reply("ok", None, value) if value else Reply("no_node")
        return Reply("ok", None, value if op == "set" else None)
