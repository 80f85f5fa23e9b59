// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/nemesis/client/connection.hpp"

#include <chrono>
#include <future>
#include <utility>

namespace troupe::nemesis {
namespace {

using nlohmann::json;

constexpr int connect_patience_ms = 1'000;

std::string name_of(int code) {
  switch (code) {
    case ZOK:
      return "ok";
    case ZNONODE:
      return "no_node";
    case ZNODEEXISTS:
      return "node_exists";
    case ZBADVERSION:
      return "bad_version";
    case ZNOTEMPTY:
      return "not_empty";
    case ZNOCHILDRENFOREPHEMERALS:
      return "no_children_for_ephemerals";
    case ZCONNECTIONLOSS:
    case ZOPERATIONTIMEOUT:
    case ZSESSIONEXPIRED:
    case ZSESSIONMOVED:
    case ZINVALIDSTATE:
    case ZCLOSING:
      return "unknown";
    default:
      return "error_" + std::to_string(-code);
  }
}

reply nobody_knows() {
  reply x;
  x.answer = "unknown";
  return x;
}

std::string hex(std::int64_t x) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(x));
  return text;
}

json to_json(const Stat& x) {
  return {{"czxid", x.czxid},
          {"mzxid", x.mzxid},
          {"pzxid", x.pzxid},
          {"version", x.version},
          {"cversion", x.cversion},
          {"ephemeralOwner", x.ephemeralOwner == 0 ? "0" : hex(x.ephemeralOwner)}};
}

/// An operation whose completion is to come.
struct waiting {
  reply got;
  std::promise<void> done;
};

waiting& waiting_at(const void* x) { return *static_cast<waiting*>(const_cast<void*>(x)); }

/// In the library's thread; behind it the one who waits goes on, and `x` may be gone.
void arrived(int code, const void* x) {
  auto& w = waiting_at(x);
  w.got.answer = name_of(code);
  w.got.heard_us = now_us();
  w.done.set_value();
}

std::string event_name(int type) {
  if (type == ZOO_CREATED_EVENT) return "created";
  if (type == ZOO_DELETED_EVENT) return "deleted";
  if (type == ZOO_CHANGED_EVENT) return "changed";
  return type == ZOO_CHILD_EVENT ? "children" : "other";
}

}  // namespace

connection::connection(const plan& of, recorder& to, std::string hosts, event_handler on_event)
    : plan_(of),
      to_(to),
      hosts_(std::move(hosts)),
      on_event_(std::move(on_event)),
      number_(to.next_client()) {
  open();
}

connection::~connection() { close(); }

void connection::on_watch(zhandle_t* from, int type, int state, const char* path, void* me) {
  auto* self = static_cast<connection*>(me);
  if (type == ZOO_SESSION_EVENT)
    self->heard_state(from, state);
  else if (type > 0)
    self->heard_event(type, path);
}

void connection::heard_state(zhandle_t* from, int state) {
  const auto at_us = now_us();
  const char* name = nullptr;
  std::string session;
  {
    std::lock_guard lock{guard_};
    if (state == ZOO_CONNECTED_STATE) {
      session_ = zoo_client_id(from)->client_id;
      is_connected_ = true;
      name = "connected";
    } else if (state == ZOO_EXPIRED_SESSION_STATE) {
      is_lost_ = true;
      name = "lost";
    } else if (is_connected_) {
      name = "suspended";
    }
    if (state != ZOO_CONNECTED_STATE && std::exchange(is_connected_, false)) {
      ++breaks_;
      broken_at_us_ = at_us;
    }
    session = hex(session_);
  }
  changed_.notify_all();
  if (name)
    to_.write({{"client", number_}, {"session", session}, {"state", name}, {"heard", at_us}});
}

void connection::heard_event(int type, const std::string& path) {
  to_.write({{"client", number_},
             {"session", session()},
             {"event", event_name(type)},
             {"path", path},
             {"heard", now_us()}});
  if (on_event_) on_event_(type, path);
}

void connection::note_break() {
  std::lock_guard lock{guard_};
  ++breaks_;
  broken_at_us_ = now_us();
}

void connection::open() {
  {
    std::lock_guard lock{guard_};
    is_connected_ = is_lost_ = false;
    session_ = 0;
  }
  handle_ = zookeeper_init(hosts_.c_str(), on_watch, plan_.session_ms, nullptr, this, 0);
}

void connection::close() {
  if (handle_) zookeeper_close(std::exchange(handle_, nullptr));
}

void connection::renew() {
  const auto sent = now_us();
  const auto old = session();
  note_break();
  close();
  if (old != hex(0))
    to_.write({{"client", number_},
               {"session", old},
               {"op", "close"},
               {"sent", sent},
               {"answer", "unknown"}});
  number_ = to_.next_client();
  open();
}

std::string connection::session() const {
  std::lock_guard lock{guard_};
  return hex(session_);
}

std::int64_t connection::session_number() const {
  std::lock_guard lock{guard_};
  return session_;
}

int connection::breaks() const {
  std::lock_guard lock{guard_};
  return breaks_;
}

std::int64_t connection::broken_at_us() const {
  std::lock_guard lock{guard_};
  return broken_at_us_;
}

bool connection::wait_connected(int patience_ms) {
  {
    std::unique_lock lock{guard_};
    changed_.wait_for(lock, std::chrono::milliseconds{patience_ms},
                      [this] { return is_connected_ || is_lost_; });
    if (!is_lost_) return is_connected_;
  }
  close();
  number_ = to_.next_client();
  open();
  return false;
}

/// Reads and syncs go the asynchronous way: their completions and the watches' events come in one
/// thread, in the order of the wire, so that the times written down have that order, too.
int connection::start(const operation& x, const void* to) {
  const auto* path = x.path.c_str();
  const auto watcher = x.is_watching ? on_watch : nullptr;
  if (x.op == "sync")
    return zoo_async(
        handle_, path, [](int code, const char*, const void* at) { arrived(code, at); }, to);
  if (x.op == "exists")
    return zoo_awexists(
        handle_, path, watcher, this,
        [](int code, const Stat* stat, const void* at) {
          if (stat) waiting_at(at).got.stat = *stat;
          arrived(code, at);
        },
        to);
  if (x.op == "get")
    return zoo_awget(
        handle_, path, watcher, this,
        [](int code, const char* bytes, int length, const Stat* stat, const void* at) {
          auto& got = waiting_at(at).got;
          if (stat) got.stat = *stat;
          if (code == ZOK && length > 0) got.data.assign(bytes, static_cast<std::size_t>(length));
          arrived(code, at);
        },
        to);
  return zoo_awget_children2(
      handle_, path, watcher, this,
      [](int code, const String_vector* names, const Stat* stat, const void* at) {
        auto& got = waiting_at(at).got;
        if (stat) got.stat = *stat;
        for (int n = 0; code == ZOK && n < names->count; ++n)
          got.children.emplace_back(names->data[n]);
        arrived(code, at);
      },
      to);
}

int connection::wait_for(const operation& x, reply& into) {
  const auto* path = x.path.c_str();
  const auto data = x.data.value_or("");
  const auto size = static_cast<int>(data.size());
  if (x.op == "create") {
    char name[512] = "";
    const int flags = (x.is_ephemeral ? ZOO_EPHEMERAL : 0) | (x.is_sequential ? ZOO_SEQUENCE : 0);
    const int code = zoo_create2(handle_, path, data.data(), size, &ZOO_OPEN_ACL_UNSAFE, flags,
                                 name, sizeof name, &into.stat);
    into.created = name;
    return code;
  }
  if (x.op == "delete") return zoo_delete(handle_, path, x.version);
  return zoo_set2(handle_, path, data.data(), size, x.version, &into.stat);
}

reply connection::perform(const operation& x) {
  reply got;
  if (x.op == "create" || x.op == "delete" || x.op == "set") {
    got.answer = name_of(wait_for(x, got));
    got.heard_us = now_us();
    return got;
  }
  waiting w;
  auto heard = w.done.get_future();
  if (const int code = start(x, &w); code != ZOK) {  // else the library promises a completion
    got.answer = name_of(code);
    return got;
  }
  heard.get();
  return std::move(w.got);
}

void connection::record(const operation& x, const reply& got, std::int64_t sent_us,
                        std::int64_t synced_from_us) {
  json line{{"client", number_}, {"session", session()}, {"op", x.op},
            {"path", x.path},    {"sent", sent_us},      {"answer", got.answer}};
  if (!x.key.empty()) line["key"] = x.key;
  if (x.data) line["data"] = *x.data;
  if (x.version != -1) line["version"] = x.version;
  if (x.is_ephemeral) line["ephemeral"] = true;
  if (x.is_sequential) line["sequential"] = true;
  if (x.is_watching) line["watch"] = true;
  if (!got.is_unknown()) line["heard"] = got.heard_us;
  if (synced_from_us > 0) {
    line["synced"] = true;
    line["synced_from"] = synced_from_us;
  }
  if (got.is_ok()) {
    if (x.op == "create") line["created"] = got.created;
    if (x.op == "get") line["data_read"] = got.data;
    if (x.op == "children") line["children"] = got.children;
    if (x.op != "delete" && x.op != "sync") line["stat"] = to_json(got.stat);
  }
  if (x.is_recorded) to_.write(line);
  if (!got.is_unknown()) return;
  number_ = to_.next_client();
  note_break();
}

reply connection::ask(const operation& what) {
  // What cannot be sent has no outcome to be unsure of.
  while (!wait_connected(connect_patience_ms))
    if (is_ending) return nobody_knows();
  const auto sent_us = now_us();
  auto got = perform(what);
  record(what, got, sent_us, 0);
  return got;
}

reply connection::ask_synced(const operation& what) {
  while (!wait_connected(connect_patience_ms))
    if (is_ending) return nobody_knows();
  const auto before = breaks();
  operation first{"sync", what.key, what.path, {}};
  first.is_recorded = what.is_recorded;
  const auto sync_sent_us = now_us();
  auto got = perform(first);
  record(first, got, sync_sent_us, 0);
  if (!got.is_ok()) return got;
  const auto sent_us = now_us();
  got = perform(what);
  // The library may have gone to another server between the two, for which the sync says nothing.
  record(what, got, sent_us, breaks() == before ? sync_sent_us : 0);
  return got;
}

}  // namespace troupe::nemesis
