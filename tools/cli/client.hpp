// SPDX-License-Identifier: Apache-2.0
/// ZooKeeper's C client library as values: one session, calls that wait for their answer, errors
/// with the wire's numbers. Owns: the library's handle and with it the session, which ends with
/// this object. Calls come from one thread; events go to the queue from the library's. Order: an
/// event that the server sent before an answer is in the queue when the call returns. Units:
/// timeouts in ms. Paths are the user's; the library puts the chroot before them.
#pragma once

#include <zookeeper/zookeeper.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "messages/client/records.hpp"
#include "messages/error_code.hpp"
#include "tools/cli/event_queue.hpp"
#include "tools/cli/watch_book.hpp"

namespace troupe::cli {

template <class T>
using result = tl::expected<T, error_code>;

struct client_options {
  std::string hosts = "localhost:2181";  // host[:port][,host[:port]...][/chroot]
  int timeout_ms = 30'000;
  bool read_only = false;  // be content with a server that has no quorum
  /// Whoever waits for an answer asks this now and then; true: it does not want to wait any longer.
  std::function<bool()> interrupted = [] { return false; };
};

/// Nobody has answered, so what was asked for may have been done or not.
[[nodiscard]] constexpr bool is_loss(error_code x) {
  return x == error_code::connection_loss || x == error_code::operation_timeout;
}

/// `hosts` as ZooKeeper's C library reads them, with ZooKeeper's port for those that have none. The
/// error names the part that is no host.
[[nodiscard]] tl::expected<std::string, std::string> library_hosts(const std::string& hosts);

/// Each host, without brackets, and its port.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> servers_of(const std::string& hosts);

/// "/a" of "host:port/a"; empty when there is none.
[[nodiscard]] std::string chroot_of(const std::string& hosts);

struct znode_data {
  jute::buffer data;  // nullopt: null, which is not the same as empty
  stat info;
};
struct znode_children {
  std::vector<std::string> names;  // sorted
  stat info;
};
struct znode_acl {
  std::vector<acl_entry> acl;
  stat info;
};

class client {
 public:
  /// Begins to connect and does not wait. The error is a sentence.
  [[nodiscard]] static tl::expected<std::unique_ptr<client>, std::string> open(
      const client_options& options, event_queue& events);
  ~client();
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// False once the session has expired or its credentials were refused; it stays so.
  [[nodiscard]] bool is_alive() const;
  /// As zkCli.sh's prompt says it: CONNECTED, CONNECTING, ...
  [[nodiscard]] std::string state_name() const;
  /// Whether a server has ever served this session, and whether one does now.
  [[nodiscard]] bool was_connected() const;
  [[nodiscard]] bool is_connected() const;
  /// Waits until a server serves this session; false when that took too long, or was interrupted.
  [[nodiscard]] bool wait_connected(int timeout_ms);
  /// The same, but fails as soon as another call would: when no server of the list can be used.
  [[nodiscard]] result<void> reach();
  [[nodiscard]] session_id session() const;
  /// The server of the present connection; empty while there is none.
  [[nodiscard]] std::vector<char> server_address() const;
  /// How many calls so far may have changed a znode.
  [[nodiscard]] std::uint64_t writes() const { return writes_; }

  /// `flags` as in create_flag; `ttl_ms` only with those of TTL.
  [[nodiscard]] result<std::string> create(const std::string& path, const jute::buffer& data,
                                           const std::vector<acl_entry>& acl, std::int32_t flags,
                                           std::int64_t ttl_ms);
  [[nodiscard]] result<void> remove(const std::string& path, std::int32_t version);
  /// All of them or none.
  [[nodiscard]] result<void> remove_all(std::span<const std::string> paths);
  [[nodiscard]] result<stat> exists(const std::string& path, bool watch);
  [[nodiscard]] result<znode_data> get(const std::string& path, bool watch);
  [[nodiscard]] result<znode_data> get_config(bool watch);
  [[nodiscard]] result<stat> set(const std::string& path, const std::string& data,
                                 std::int32_t version);
  [[nodiscard]] result<znode_children> children(const std::string& path, bool watch);
  [[nodiscard]] result<znode_acl> get_acl(const std::string& path);
  [[nodiscard]] result<void> set_acl(const std::string& path, const std::vector<acl_entry>& acl,
                                     std::int32_t version);
  [[nodiscard]] result<void> sync(const std::string& path);
  [[nodiscard]] result<void> add_auth(const std::string& scheme, const std::string& auth);
  struct reconfiguration {
    const std::string* joining = nullptr;
    const std::string* leaving = nullptr;
    const std::string* members = nullptr;
    std::int64_t from_version = -1;
  };
  [[nodiscard]] result<znode_data> reconfig(const reconfiguration& x);
  /// Ends one-shot watches. `locally`: also when no server can be reached.
  [[nodiscard]] result<void> remove_watches(const std::string& path, watch_kind kind, bool locally);

 private:
  client(const client_options& options, event_queue& events);
  static void on_event(zhandle_t* handle, int type, int state, const char* path, void* self);
  void hear(int type, int state, const char* path);
  void note_watch(const std::string& path, watch_kind kind);

  /// Starts a call and waits for its answer. Before the first connection stands, each address gets
  /// its chance, and all of them together the timeout.
  template <class T, class Start>
  result<T> ask(Start start);
  template <class T>
  result<T> wait_for(std::future<result<T>> answer, std::chrono::steady_clock::time_point began);
  [[nodiscard]] bool none_is_client_port();

  event_queue& events_;
  zhandle_t* handle_ = nullptr;
  const std::string hosts_;
  const std::function<bool()> interrupted_;
  bool looked_at_servers_ = false, none_is_client_port_ = false;
  int timeout_ms_;
  int tries_max_;  // of a call before the first connection stands: each address gets its chance
  std::uint64_t writes_ = 0;
  mutable std::mutex mutex_;  // of what follows
  std::condition_variable connected_;
  bool is_connected_ = false;
  bool was_connected_ = false;
  watch_book watches_;
};

}  // namespace troupe::cli
