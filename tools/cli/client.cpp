// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/client.hpp"

#include <netdb.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "config/host.hpp"
#include "tools/cli/diagnosis.hpp"

namespace troupe::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// How often whoever waits asks whether it is to go on.
constexpr milliseconds heartbeat{50};
/// A server that is one has answered by then: time to look whether any of them is.
constexpr milliseconds look_after{1'500};
constexpr int look_limit_ms = 1'000;
constexpr std::uint16_t default_port = 2181;

error_code code_of(int rc) {
  // Of a handle whose session is gone; no number of the protocol's.
  if (rc == ZINVALIDSTATE || rc == ZCLOSING) return error_code::session_expired;
  return static_cast<error_code>(rc);
}

stat from_library(const Stat& x) {
  return {.czxid = {x.czxid},
          .mzxid = {x.mzxid},
          .ctime = x.ctime,
          .mtime = x.mtime,
          .version = x.version,
          .cversion = x.cversion,
          .aversion = x.aversion,
          .ephemeral_owner = {x.ephemeralOwner},
          .data_length = x.dataLength,
          .num_children = x.numChildren,
          .pzxid = {x.pzxid}};
}

/// An ACL as the library takes it; it borrows the strings.
class borrowed_acl {
 public:
  explicit borrowed_acl(const std::vector<acl_entry>& acl) {
    for (const auto& x : acl)
      entries_.push_back(
          {x.perms, {const_cast<char*>(x.id.scheme.c_str()), const_cast<char*>(x.id.id.c_str())}});
    vector_ = {static_cast<std::int32_t>(entries_.size()), entries_.data()};
  }
  [[nodiscard]] ACL_vector* get() { return &vector_; }

 private:
  std::vector<ACL> entries_;
  ACL_vector vector_{};
};

// What the library calls from its own thread when an answer is there. `context` is the promise of
// it, which is this call's to delete: the one who waits may be gone when set_value() returns.

template <class T>
void fulfil(const void* context, result<T> answer) {
  std::unique_ptr<std::promise<result<T>>> waiting{
      static_cast<std::promise<result<T>>*>(const_cast<void*>(context))};
  waiting->set_value(std::move(answer));
}

void on_done(int rc, const void* context) {
  fulfil<void>(context, rc == ZOK ? result<void>{} : tl::unexpected{code_of(rc)});
}

/// The library writes the results when the answer comes, and who asked may not wait any more.
struct multi_call {
  void* waiting;  // as on_done() takes it
  std::vector<zoo_op_result_t> results;
};

void on_multi_done(int rc, const void* context) {
  const std::unique_ptr<multi_call> call{static_cast<multi_call*>(const_cast<void*>(context))};
  on_done(rc, call->waiting);
}

void on_name(int rc, const char* name, const void* context) {
  result<std::string> answer = tl::unexpected{code_of(rc)};
  if (rc == ZOK) answer = std::string{name == nullptr ? "" : name};
  fulfil<std::string>(context, std::move(answer));
}

void on_stat(int rc, const Stat* info, const void* context) {
  result<stat> answer = tl::unexpected{code_of(rc)};
  if (rc == ZOK) answer = from_library(*info);
  fulfil<stat>(context, std::move(answer));
}

void on_data(int rc, const char* bytes, int length, const Stat* info, const void* context) {
  result<znode_data> answer = tl::unexpected{code_of(rc)};
  if (rc == ZOK) {
    jute::buffer data;
    if (bytes != nullptr && length >= 0) data.emplace(bytes, static_cast<std::size_t>(length));
    answer = znode_data{std::move(data), from_library(*info)};
  }
  fulfil<znode_data>(context, std::move(answer));
}

void on_children(int rc, const String_vector* names, const Stat* info, const void* context) {
  result<znode_children> answer = tl::unexpected{code_of(rc)};
  if (rc == ZOK) {
    znode_children found{{names->data, names->data + names->count}, from_library(*info)};
    std::ranges::sort(found.names);
    answer = std::move(found);
  }
  fulfil<znode_children>(context, std::move(answer));
}

void on_acl(int rc, ACL_vector* acl, Stat* info, const void* context) {
  result<znode_acl> answer = tl::unexpected{code_of(rc)};
  if (rc == ZOK) {
    znode_acl found{{}, from_library(*info)};
    for (std::int32_t i = 0; i < acl->count; ++i)
      found.acl.push_back({acl->data[i].perms, {acl->data[i].id.scheme, acl->data[i].id.id}});
    answer = std::move(found);
  }
  fulfil<znode_acl>(context, std::move(answer));
}

std::string session_state_name(int state) {
  if (state == ZOO_CONNECTED_STATE) return "SyncConnected";
  if (state == ZOO_READONLY_STATE) return "ConnectedReadOnly";
  if (state == ZOO_EXPIRED_SESSION_STATE) return "Expired";
  if (state == ZOO_AUTH_FAILED_STATE) return "AuthFailed";
  return "Disconnected";
}

}  // namespace

tl::expected<std::string, std::string> library_hosts(const std::string& hosts) {
  const auto read = config::parse_connect_string(hosts);
  if (!read) return tl::unexpected(read.error());
  std::string out;
  for (const auto& x : read->servers)
    // The library parts host and port at the last colon, and knows no brackets.
    out += (out.empty() ? "" : ",") + x.host + ":" + std::to_string(x.port.value_or(default_port));
  return out + read->chroot;
}

std::vector<std::pair<std::string, std::string>> servers_of(const std::string& hosts) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto read = config::parse_connect_string(hosts);
  if (!read) return out;
  for (const auto& x : read->servers)
    out.emplace_back(x.host, std::to_string(x.port.value_or(default_port)));
  return out;
}

std::string chroot_of(const std::string& hosts) {
  const auto read = config::parse_connect_string(hosts);
  return read ? read->chroot : std::string{};
}

// A name may have two addresses, and which one a server listens at is not known.
client::client(const client_options& options, event_queue& events)
    : events_(events),
      hosts_(options.hosts),
      interrupted_(options.interrupted),
      timeout_ms_(options.timeout_ms),
      tries_max_(static_cast<int>(2 * (std::ranges::count(options.hosts, ',') + 1))) {}

tl::expected<std::unique_ptr<client>, std::string> client::open(const client_options& options,
                                                                event_queue& events) {
  const auto hosts = library_hosts(options.hosts);
  if (!hosts) return tl::unexpected("cannot connect to " + hosts.error());
  std::unique_ptr<client> out{new client{options, events}};
  errno = 0;
  out->handle_ = ::zookeeper_init(hosts->c_str(), &client::on_event, options.timeout_ms, nullptr,
                                  out.get(), options.read_only ? ZOO_READONLY : 0);
  if (out->handle_ != nullptr) return out;
  const auto why = std::string{std::strerror(errno)};
  const auto found = cause_text(look_at_servers(options.hosts, look_limit_ms), options.read_only);
  return tl::unexpected("cannot connect to \"" + options.hosts + "\": " +
                        (found.empty() ? "no address in it can be used (" + why + ")" : found) +
                        "; accepted: " + std::string{config::connect_string_form});
}

client::~client() {
  if (handle_ != nullptr) ::zookeeper_close(handle_);
}

void client::on_event(zhandle_t*, int type, int state, const char* path, void* self) {
  static_cast<client*>(self)->hear(type, state, path);
}

void client::hear(int type, int state, const char* path) {
  if (type != ZOO_SESSION_EVENT) {
    const std::lock_guard lock{mutex_};
    watches_.on_event(type, path);
    events_.push({"SyncConnected", event_type_name(type), path});
    return;
  }
  const std::lock_guard lock{mutex_};
  is_connected_ = state == ZOO_CONNECTED_STATE || state == ZOO_READONLY_STATE;
  was_connected_ = was_connected_ || is_connected_;
  connected_.notify_all();
  events_.push({session_state_name(state), "None"});
}

bool client::is_alive() const { return !::is_unrecoverable(handle_); }

std::string client::state_name() const {
  const auto state = ::zoo_state(handle_);
  if (state == ZOO_CONNECTED_STATE) return "CONNECTED";
  if (state == ZOO_READONLY_STATE) return "CONNECTEDREADONLY";
  if (state == ZOO_AUTH_FAILED_STATE) return "AUTH_FAILED";
  if (state == ZOO_EXPIRED_SESSION_STATE) return "CLOSED";
  return "CONNECTING";
}

bool client::was_connected() const {
  const std::lock_guard lock{mutex_};
  return was_connected_;
}

bool client::is_connected() const {
  const std::lock_guard lock{mutex_};
  return is_connected_;
}

bool client::wait_connected(int timeout_ms) {
  const auto until = steady_clock::now() + milliseconds{timeout_ms};
  std::unique_lock lock{mutex_};
  while (!is_connected_ && !interrupted_() && steady_clock::now() < until && is_alive())
    connected_.wait_until(lock, std::min(until, steady_clock::now() + heartbeat));
  return is_connected_;
}

result<void> client::reach() {
  if (is_connected()) return {};
  // Only to a call does the library say that a connection could not be made.
  auto there = exists("/", false);
  if (there || is_connected()) return {};
  return tl::unexpected{there.error()};
}

/// Whether there is no use in waiting for a first connection; looks once.
bool client::none_is_client_port() {
  if (!std::exchange(looked_at_servers_, true))
    none_is_client_port_ = cli::none_is_client_port(look_at_servers(hosts_, look_limit_ms));
  return none_is_client_port_;
}

session_id client::session() const { return {::zoo_client_id(handle_)->client_id}; }

std::vector<char> client::server_address() const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  const auto state = ::zoo_state(handle_);
  const auto bytes = [](const void* at, std::size_t count) {
    const auto* first = static_cast<const char*>(at);
    return std::vector<char>(first, first + count);
  };
  if (state == ZOO_CONNECTED_STATE)
    return ::zookeeper_get_connected_host(handle_, reinterpret_cast<sockaddr*>(&address),
                                          &length) == nullptr
               ? std::vector<char>{}
               : bytes(&address, length);
  if (state != ZOO_READONLY_STATE) return {};
  // Of a server that serves reads only the library tells no more than its text, "address:port".
  const char* text = ::zoo_get_current_server(handle_);
  const auto here = std::string_view{text == nullptr ? "" : text};
  const auto colon = std::min(here.rfind(':'), here.size());
  addrinfo wanted{};
  wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (colon == here.size() ||
      ::getaddrinfo(std::string{here.substr(0, colon)}.c_str(),
                    std::string{here.substr(colon + 1)}.c_str(), &wanted, &found) != 0)
    return {};
  auto out = bytes(found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return out;
}

template <class T>
result<T> client::wait_for(std::future<result<T>> answer, steady_clock::time_point began) {
  while (answer.wait_for(heartbeat) != std::future_status::ready) {
    if (interrupted_()) return tl::unexpected{interrupted};
    if (was_connected()) continue;  // the library bounds that itself
    const auto waited = steady_clock::now() - began;
    if (waited > milliseconds{timeout_ms_} || (waited > look_after && none_is_client_port()))
      return tl::unexpected{error_code::connection_loss};
  }
  return answer.get();
}

template <class T, class Start>
result<T> client::ask(Start start) {
  if (interrupted_()) return tl::unexpected{interrupted};
  const auto began = steady_clock::now();
  for (int tries = 1;; ++tries) {
    auto waiting = std::make_unique<std::promise<result<T>>>();
    auto answer = waiting->get_future();
    const int rc = start(waiting.get());
    if (rc != ZOK) return tl::unexpected{code_of(rc)};
    [[maybe_unused]] auto* is_the_library_s = waiting.release();
    auto out = wait_for(std::move(answer), began);
    if (out || !is_loss(out.error()) || tries >= tries_max_) return out;
    // Before the first connection nothing can have reached a server: the next address may do.
    if (was_connected() || none_is_client_port_) return out;
    if (steady_clock::now() - began > milliseconds{timeout_ms_}) return out;
  }
}

result<std::string> client::create(const std::string& path, const jute::buffer& data,
                                   const std::vector<acl_entry>& acl, std::int32_t flags,
                                   std::int64_t ttl_ms) {
  ++writes_;
  borrowed_acl entries{acl};
  const bool ttl = flags == create_flag::ttl || flags == create_flag::ttl_sequential;
  return ask<std::string>([&](void* waiting) {
    return ::zoo_acreate_ttl(handle_, path.c_str(), data ? data->data() : nullptr,
                             data ? static_cast<int>(data->size()) : -1, entries.get(), flags,
                             ttl ? ttl_ms : -1, &on_name, waiting);
  });
}

result<void> client::remove(const std::string& path, std::int32_t version) {
  ++writes_;
  return ask<void>([&](void* waiting) {
    return ::zoo_adelete(handle_, path.c_str(), version, &on_done, waiting);
  });
}

result<void> client::remove_all(std::span<const std::string> paths) {
  ++writes_;
  std::vector<zoo_op_t> ops(paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i)
    ::zoo_delete_op_init(&ops[i], paths[i].c_str(), -1);
  return ask<void>([&](void* waiting) {
    auto call = std::make_unique<multi_call>(waiting, std::vector<zoo_op_result_t>(ops.size()));
    const int rc = ::zoo_amulti(handle_, static_cast<int>(ops.size()), ops.data(),
                                call->results.data(), &on_multi_done, call.get());
    if (rc == ZOK) (void)call.release();  // the library's, until it has answered
    return rc;
  });
}

void client::note_watch(const std::string& path, watch_kind kind) {
  const std::lock_guard lock{mutex_};
  watches_.add(path, kind);
}

result<stat> client::exists(const std::string& path, bool watch) {
  auto out = ask<stat>([&](void* waiting) {
    return ::zoo_aexists(handle_, path.c_str(), watch, &on_stat, waiting);
  });
  // Also the watch for what is not there yet stands.
  if (watch && (out || out.error() == error_code::no_node)) note_watch(path, watch_kind::data);
  return out;
}

result<znode_data> client::get(const std::string& path, bool watch) {
  auto out = ask<znode_data>(
      [&](void* waiting) { return ::zoo_aget(handle_, path.c_str(), watch, &on_data, waiting); });
  if (watch && out) note_watch(path, watch_kind::data);
  return out;
}

result<znode_data> client::get_config(bool watch) {
  auto out = ask<znode_data>(
      [&](void* waiting) { return ::zoo_agetconfig(handle_, watch, &on_data, waiting); });
  if (watch && out) note_watch(ZOO_CONFIG_NODE, watch_kind::data);
  return out;
}

result<stat> client::set(const std::string& path, const std::string& data, std::int32_t version) {
  ++writes_;
  return ask<stat>([&](void* waiting) {
    return ::zoo_aset(handle_, path.c_str(), data.data(), static_cast<int>(data.size()), version,
                      &on_stat, waiting);
  });
}

result<znode_children> client::children(const std::string& path, bool watch) {
  auto out = ask<znode_children>([&](void* waiting) {
    return ::zoo_aget_children2(handle_, path.c_str(), watch, &on_children, waiting);
  });
  if (watch && out) note_watch(path, watch_kind::children);
  return out;
}

result<znode_acl> client::get_acl(const std::string& path) {
  return ask<znode_acl>(
      [&](void* waiting) { return ::zoo_aget_acl(handle_, path.c_str(), &on_acl, waiting); });
}

result<void> client::set_acl(const std::string& path, const std::vector<acl_entry>& acl,
                             std::int32_t version) {
  ++writes_;
  borrowed_acl entries{acl};
  return ask<void>([&](void* waiting) {
    return ::zoo_aset_acl(handle_, path.c_str(), version, entries.get(), &on_done, waiting);
  });
}

result<void> client::sync(const std::string& path) {
  auto done = ask<std::string>(
      [&](void* waiting) { return ::zoo_async(handle_, path.c_str(), &on_name, waiting); });
  if (!done) return tl::unexpected{done.error()};
  return {};
}

result<void> client::add_auth(const std::string& scheme, const std::string& auth) {
  // Between two connections the library refuses it as if the session were gone.
  if (auto reached = was_connected() ? result<void>{} : reach(); !reached) return reached;
  if (!wait_connected(timeout_ms_))
    return tl::unexpected{interrupted_() ? interrupted : error_code::connection_loss};
  return ask<void>([&](void* waiting) {
    return ::zoo_add_auth(handle_, scheme.c_str(), auth.data(), static_cast<int>(auth.size()),
                          &on_done, waiting);
  });
}

result<znode_data> client::reconfig(const reconfiguration& x) {
  ++writes_;
  auto text = [](const std::string* of) { return of == nullptr ? nullptr : of->c_str(); };
  return ask<znode_data>([&](void* waiting) {
    return ::zoo_areconfig(handle_, text(x.joining), text(x.leaving), text(x.members),
                           x.from_version, &on_data, waiting);
  });
}

result<void> client::remove_watches(const std::string& path, watch_kind kind, bool locally) {
  {
    // The library asks the server even when it knows of no such watch.
    const std::lock_guard lock{mutex_};
    if (!watches_.has(path, kind)) return tl::unexpected{error_code::no_watcher};
  }
  const auto type = static_cast<ZooWatcherType>(kind);
  // The library declares a pointer to the type of a pointer here, and means the latter.
  auto* completion = reinterpret_cast<void_completion_t*>(&on_done);
  auto done = ask<void>([&](void* waiting) {
    return ::zoo_aremove_all_watches(handle_, path.c_str(), type, 0, completion, waiting);
  });
  if (!done && done.error() == error_code::connection_loss && locally) {
    const int rc = ::zoo_remove_all_watches(handle_, path.c_str(), type, 1);
    done = rc == ZOK ? result<void>{} : tl::unexpected{code_of(rc)};
  }
  if (!done) return done;
  const std::lock_guard lock{mutex_};
  for (auto ended : watches_.remove(path, kind))
    events_.push({"SyncConnected",
                  ended == watch_kind::children ? "ChildWatchRemoved" : "DataWatchRemoved", path});
  return done;
}

}  // namespace troupe::cli
