# SPDX-License-Identifier: Apache-2.0
"""Random requests of ZooKeeper's client protocol, right ones and wrong ones, from a seed.

A request is an `Ask`. Its body may depend on the server it goes to (a zxid, a session): then it is
a function of the world it is sent in.

What 3.8.0 and later versions answer otherwise, by intent, is left out of the stream where it would
lead the two trees or watch tables apart; differential_test asks for it, and says which and why:
- a session has watches of one mode (since 3.9 a path has several, ZOOKEEPER-4466),
- in WATCHED, which alone is watched, everybody may read (since 3.8.4 an event that its watcher may
  not read stays away, ZOOKEEPER-4799),
- no create2, no bad flags and no nulls are in a multi (3.8.0 loses the zxid of the last),
- no reconfig that does not decode (3.8.0 takes no zxid for it),
- no two paths become one when bytes that are no UTF-8 become U+FFFD (paths are bytes here),
- a quota's znodes hold what stands for a quota (3.8.0 fails on all below any other)."""

import collections

from kazoo.security import make_digest_acl_credential

import wire as r

Ask = collections.namedtuple("Ask", "name op body xid")

NAMES = {getattr(r, name): name.lower() for name in (
    "CREATE DELETE EXISTS GET SET GET_ACL SET_ACL CHILDREN SYNC CHILDREN2 CHECK MULTI CREATE2 "
    "RECONFIG CHECK_WATCHES REMOVE_WATCHES CREATE_CONTAINER CREATE_TTL MULTI_READ AUTH SET_WATCHES "
    "EPHEMERALS ALL_CHILDREN_NUMBER SET_WATCHES2 ADD_WATCH WHO_AM_I CLOSE").split()}
PING = 11

# Who asks: each has a session. The last three are never refused anything, or are watchers of the
# lasting modes.
PLAIN = ("ann", "bob", "eve", "sue")
LASTING = {"carol": 0, "dave": 1}
EVERYBODY = PLAIN + tuple(LASTING)
SUPER = "sue"
CREDENTIALS = {"ann": "ann:pw", "bob": "bob:pw", SUPER: "super:above all"}
ANNS, BOBS = ((31, "digest", make_digest_acl_credential(who, "pw")) for who in ("ann", "bob"))

WATCHED = ("a", "b", "c")   # below these are watches
GUARDED = ("k",)            # below this are access lists that nobody may read through
DEPTH_MAX = 3

BAD_PATHS = (None, "", "a", r.TOO_LONG, r.NEGATIVE, "/a/", "//a", "/a//b", "/./a", "/..", "/a/..",
             "/a\x01", "/a\x7f", "/a\x85", "/a\0b", "/a\ue000", "/a\ufff0", b"/a\xff",
             b"/b\xe6\xbc", "/missing/x")
SPECIAL_PATHS = ("/", "/zookeeper", "/zookeeper/quota")
BAD_ACLS = (None, [], [(31, None, "x")], [(31, "", "")], [(31, "nobody", "x")],
            [(31, "world", "somebody")], [(31, "digest", "ann")], [(31, "digest", "a:b:c")],
            [(31, "ip", "10.0.0")], [(31, "ip", "10.0.0.0/33")], [(31, "ip", "10.0.0.0/-1")],
            [(31, "world", "anyone"), (31, "nobody", "x")], [(31, "digest", None)],
            [(31, "ip", None)], [(31, "world", None)], [(31, "world", r.TOO_LONG)],
            [(31, r.NEGATIVE, "anyone")])
NULL_IDS = [r.s(scheme) + r.i(-1) for scheme in ("digest", "ip", "world")]
READABLE_ACLS = (r.OPEN, r.OPEN * 2, [(1, "world", "anyone"), ANNS], [(-1, "world", "anyone")],
                 [(1, "world", "anyone"), (30, "ip", "127.0.0.0/8")],
                 [(1 | 4, "world", "anyone")], [(1 | 2 | 4, "world", "anyone"), (31, "auth", "")],
                 [(31, "world", "anyone"), (0, "ip", "10.1.2.3")])
GUARDED_ACLS = READABLE_ACLS + ([ANNS], [BOBS, ANNS], [(31, "auth", "")], [(0, "world", "anyone")],
                                [(16, "world", "anyone")], [(2, "world", "anyone"), ANNS],
                                [(31, "ip", "10.0.0.0/8")], [(31, "ip", "127.0.0.1")],
                                [(31, "ip", "9.9.9.9/0")], [(30, "world", "anyone")],
                                [(31, "auth", "x"), (4, "world", "anyone")])
LIMITS = (b"count=3,bytes=100", b"count=-1,bytes=-1", b"count=2,bytes=-1=;byteHardLimit=60",
          b"count=5,bytes=50=;byteHardLimit=90;countHardLimit=4")
NUMBERS = (-1, 0, 1, 2, 3, -2, 1 << 30, -(1 << 31), (1 << 31) - 1)
TTL_MAX = (1 << 40) - 1


class Requests:
    """`rng` alone decides. `existing` are paths that answers have told of."""

    def __init__(self, rng):
        self.rng = rng
        # A limit is checked against what is applied: of requests in one go that is anybody's guess.
        self.with_quotas = rng.random() < 0.25
        self.existing = collections.deque(maxlen=60)

    def chance(self, of):
        return self.rng.random() < of

    # -- parts --------------------------------------------------------------------------------

    def path(self, bad=0.03):
        rng = self.rng
        if self.chance(bad):
            return rng.choice(BAD_PATHS)
        if self.chance(0.02):
            return rng.choice(SPECIAL_PATHS)
        if self.existing and self.chance(0.5):
            return rng.choice(self.existing)
        top = rng.choice(WATCHED + WATCHED + GUARDED)
        return "/" + "/".join([top] + rng.choices("abc", k=rng.randrange(DEPTH_MAX)))

    def watched_path(self):
        return "/" + "/".join([self.rng.choice(WATCHED)] +
                              self.rng.choices("abc", k=self.rng.randrange(DEPTH_MAX)))

    def new_path(self):
        """Where a create will often succeed."""
        path = self.path()
        if isinstance(path, str) and self.chance(0.15):
            path = path.rstrip("/") + self.rng.choice(("/n", "/ü", "/漢字", "/x y", "-", "/"))
        return path

    @staticmethod
    def is_watched(path):
        """Whether everybody may read there, whatever happens; what is no path is never there."""
        if not isinstance(path, str) or not path.startswith("/"):
            return False
        return path.split("/")[1] in WATCHED + ("", "zookeeper")

    def acl(self, path):
        if self.chance(0.6):
            return r.OPEN
        if self.chance(0.1):
            return self.rng.choice(BAD_ACLS)
        is_open = isinstance(path, str) and not path.startswith("/k")
        return self.rng.choice(READABLE_ACLS if is_open else GUARDED_ACLS)

    def data(self):
        rng = self.rng
        if self.chance(0.03):
            return rng.choice((None, r.TOO_LONG, r.NEGATIVE))
        size = rng.choice((0, 0, 1, 5, 20, 20, 50, 300, 5000 if self.chance(0.1) else 7))
        return rng.randbytes(size)

    def version(self):
        return -1 if self.chance(0.6) else self.rng.choice(NUMBERS[1:])

    def ttl(self):
        return self.rng.choice((1, 100, 3_600_000, TTL_MAX, TTL_MAX + 1, 0))

    # -- writes -------------------------------------------------------------------------------

    def create(self):
        path = self.new_path()
        flags = self.rng.choice((0, 0, 0, 0, 1, 1, 2, 3))
        if self.chance(0.05):
            flags = self.rng.choice((-1, 4, 5, 6, 7, 1 << 30))
        return self.rng.choice((r.CREATE, r.CREATE2)), r.create(path, self.data(), flags,
                                                               self.acl(path))

    def container(self):
        path = self.new_path()
        flags = 4 if self.chance(0.9) else self.rng.choice((-1, 0, 1, 2, 3, 5, 6, 7))
        return r.CREATE_CONTAINER, r.create(path, self.data(), flags, self.acl(path))

    def with_ttl(self):
        path = self.new_path()
        flags, ttl = self.rng.choice((5, 5, 6)), self.ttl()
        if self.chance(0.1):
            flags = self.rng.choice((-1, 0, 1, 2, 3, 4, 7))
        elif self.chance(0.03):  # with other flags it would end ZooKeeper's server
            ttl = -1
        return r.CREATE_TTL, r.create_ttl(path, ttl, flags, self.data())

    def delete(self):
        return r.DELETE, r.with_number(self.path(), self.version())

    def set(self):
        return r.SET, r.set_data(self.path(), self.data(), self.version())

    def set_acl(self):
        path = self.path()
        return r.SET_ACL, r.set_acl(path, self.acl(path), self.version())

    def check(self):
        return r.CHECK, r.with_number(self.path(), self.version())

    def multi(self):
        def part():
            op, body = self.rng.choice((self.create, self.create, self.container, self.with_ttl,
                                        self.delete, self.delete, self.set, self.set, self.check,
                                        self.check))()
            return (r.CREATE, None) if op == r.CREATE2 else (op, body)

        ops = []
        while len(ops) < self.rng.choice((0, 1, 2, 2, 3, 3, 6)):
            op, body = part()
            if body is not None and self.fits_in_multi(op, body):
                ops.append((op, body))
        return r.MULTI, r.multi(*ops)

    @staticmethod
    def fits_in_multi(op, body):
        if op in (r.CREATE, r.CREATE_CONTAINER) and body[-4:] not in map(r.i, range(5)):
            return False
        if op == r.CREATE_TTL and body[-12:-8] not in map(r.i, (5, 6)):
            return False
        return body[:4] != r.i(-1) and not any(id in body for id in NULL_IDS)

    def quota(self):
        rng = self.rng
        base = "/zookeeper/quota/" + rng.choice(("a", "b", "b/a"))
        kind = rng.randrange(6)
        if kind == 0:
            return r.CREATE, r.create(base)
        if kind == 1:
            return r.CREATE, r.create(base + "/zookeeper_limits", rng.choice(LIMITS))
        if kind == 2:
            return r.CREATE, r.create(base + "/zookeeper_stats", b"count=0,bytes=0")
        if kind == 3:
            return r.SET, r.set_data(base + "/zookeeper_limits", rng.choice(LIMITS))
        if kind == 4:
            return r.GET, r.watched(base + "/zookeeper_stats")
        return r.DELETE, r.with_number(base + rng.choice(("/zookeeper_limits", "/zookeeper_stats",
                                                          "")))

    def reconfig(self):
        return r.RECONFIG, r.s(None) * 3 + r.q(-1)

    # -- reads --------------------------------------------------------------------------------

    def read(self, who):
        op = self.rng.choice((r.GET, r.GET, r.EXISTS, r.EXISTS, r.CHILDREN, r.CHILDREN2))
        path = self.path()
        watch = who in PLAIN and self.is_watched(path) and self.chance(0.4)
        return op, r.watched(path, watch)

    def read_of_path(self):
        op = self.rng.choice((r.GET_ACL, r.GET_ACL, r.SYNC, r.EPHEMERALS, r.ALL_CHILDREN_NUMBER))
        path = self.path()
        if op == r.SYNC and isinstance(path, bytes):
            path = "/a"  # it would come back: paths are bytes here
        if op == r.ALL_CHILDREN_NUMBER and path == "/":
            path = "/zookeeper/quota"  # a server of ours and a standalone one differ in the config
        return op, r.s(path)

    def multi_read(self):
        ops = [(self.rng.choice((r.GET, r.CHILDREN)), r.watched(self.path()))
               for _ in range(self.rng.randrange(5))]
        return r.MULTI_READ, r.multi(*ops)

    def who_am_i(self):
        return r.WHO_AM_I, b""

    # -- watches ------------------------------------------------------------------------------

    def check_watches(self, who):
        kind = 3 if who in LASTING else self.rng.choice((1, 2, 3))
        if self.chance(0.05):
            kind = self.rng.choice((-1, 0, 6, 1 << 30))
        path = self.watched_path() if self.chance(0.9) else self.rng.choice(BAD_PATHS[1:])
        return self.rng.choice((r.CHECK_WATCHES, r.REMOVE_WATCHES)), r.with_number(path, kind)

    def add_watch(self, who):
        mode = LASTING[who]
        if self.chance(0.05):
            mode = self.rng.choice((-1, 2, 1 << 30))
        path = self.watched_path() if self.chance(0.95) else self.rng.choice(BAD_PATHS[1:])
        return r.ADD_WATCH, r.with_number(path, mode)

    def set_watches(self, who):
        lists = [[self.watched_path() for _ in range(self.rng.randrange(4))] for _ in range(3)]
        back = self.rng.choice((0, 0, 1, 3, 10, 50, -5))
        if self.chance(0.04):
            lists[self.rng.randrange(3)] = None
        if who in LASTING:
            lists = [[], [], [], [], []]
            lists[3 + LASTING[who]] = [self.watched_path() for _ in range(3)]
            return r.SET_WATCHES2, lambda w: r.set_watches2(w.zxid(back), *lists)
        if self.chance(0.3):
            return r.SET_WATCHES2, lambda w: r.set_watches2(w.zxid(back), *lists, [], [])
        return r.SET_WATCHES, lambda w: r.set_watches2(w.zxid(back), *lists)

    # -- the stream ---------------------------------------------------------------------------

    def any(self, who):
        """A well-formed request, which leaves the connection as it is."""
        kinds = ((30, self.create), (3, self.container), (4, self.with_ttl), (16, self.delete),
                 (14, self.set), (5, self.set_acl), (9, self.multi),
                 (5 * self.with_quotas, self.quota),
                 (0.3, self.reconfig), (24, lambda: self.read(who)), (7, self.read_of_path),
                 (4, self.multi_read), (0.7, self.who_am_i),
                 (3, lambda: self.check_watches(who)), (2, lambda: self.set_watches(who)))
        if who in LASTING:
            kinds += ((12, lambda: self.add_watch(who)),)
        op, body = self.rng.choices([k for _, k in kinds], [w for w, _ in kinds])[0]()
        xid = {r.SET_WATCHES: -8, r.SET_WATCHES2: -8}.get(op)
        return Ask(NAMES[op], op, body, xid)

    def batch(self, who, size):
        """To be sent in one go. It ends at a setACL: what 3.8.0 plans before that is applied, it
        still checks against the former list."""
        size = 1 if self.with_quotas else size
        asks = []
        while len(asks) < size and not (asks and asks[-1].op == r.SET_ACL):
            asks.append(self.any(who))
        return asks

    def malformed(self, who):
        """A request whose body is cut, goes on or is another's. Not a multi: half of one may have
        flags that versions read differently."""
        ask = self.any(who)
        while callable(ask.body) or ask.op in (r.MULTI, r.CREATE_TTL, r.RECONFIG):
            ask = self.any(who)
        kind = self.rng.randrange(3)
        if kind == 0:
            return ask._replace(name=f"{ask.name}, cut", body=ask.body[:self.rng.randrange(
                len(ask.body) + 1)])
        if kind == 1:
            return ask._replace(name=f"{ask.name}, more", body=ask.body + self.rng.randbytes(9))
        return ask._replace(name=f"{ask.name}, nothing", body=b"")

    def auth(self, who):
        """With a true or a false answer; the latter closes the connection."""
        scheme, what = "digest", CREDENTIALS.get(who, f"{who}:pw")
        if self.chance(0.3):
            scheme, what = self.rng.choice((("nobody", "x"), ("ip", "x"), ("world", "anyone"),
                                            ("digest", "bob"), ("auth", "x"), ("", ""), (None, "x"),
                                            ("digest", ""), ("super", "x")))
        return Ask(f"auth {scheme}", r.AUTH, r.i(0) + r.s(scheme) + r.s(what), -4)

    @staticmethod
    def ping():
        """By itself only: an answer that waits for others would be no sign of life here."""
        return Ask("ping", PING, b"", -2)

    def unknown(self):
        op = self.rng.choice((999, 10, 23, -2, 0, -100, 1 << 30))
        return Ask(f"op {op}", op, b"", None)
