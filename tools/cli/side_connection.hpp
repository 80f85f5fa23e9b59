// SPDX-License-Identifier: Apache-2.0
/// A second session beside the C library's, for the operations that it does not have: addWatch,
/// whoAmI, getAllChildrenNumber. It speaks the protocol itself, connects when it is first needed,
/// always to the server that the first session is at, and shows the same identities. While it holds
/// persistent watches it comes back by itself after a loss and sets them again.
/// Owns: a socket, its thread, a session without ephemeral znodes. Calls come from one thread.
/// Units: timeouts in ms.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "messages/client/records.hpp"
#include "tools/cli/client.hpp"
#include "tools/cli/event_queue.hpp"

namespace troupe::cli {

/// AddWatchMode on the wire.
enum class watch_mode : std::int32_t { persistent = 0, persistent_recursive = 1 };

struct side_options {
  int timeout_ms = 30'000;
  std::string chroot;                         // before every path on the wire
  bool read_only = false;                     // be content with a server that has no quorum
  std::function<result<void>()> reach;        // waits until `server` has one to tell
  std::function<std::vector<char>()> server;  // a sockaddr; empty: there is none to be reached
  std::function<bool()> interrupted;          // true: whoever waits is to stop
};

class side_connection {
 public:
  side_connection(side_options options, event_queue& events);
  ~side_connection();
  side_connection(const side_connection&) = delete;
  side_connection& operator=(const side_connection&) = delete;

  /// An identity to show on this connection and on those that replace it.
  void add_auth(const auth_id& x);
  /// The answer's body. Connects first, where that is needed.
  [[nodiscard]] result<std::string> ask(op_code op, const std::string& body);
  [[nodiscard]] result<void> add_watch(const std::string& path, watch_mode mode);
  [[nodiscard]] result<void> remove_watch(const std::string& path, bool locally);
  [[nodiscard]] bool watches(const std::string& path) const;
  [[nodiscard]] bool has_watches() const;
  /// Waits until the events of all that was written before are in the queue.
  void settle();

  [[nodiscard]] std::string on_wire(const std::string& path) const;

 private:
  using answer = std::promise<result<std::string>>;

  void run();
  [[nodiscard]] int dial();
  [[nodiscard]] bool shake_hands(int fd);
  [[nodiscard]] bool introduce(int fd);
  void serve(int fd);
  [[nodiscard]] bool take(std::string_view payload);
  void tell(std::string_view body);
  [[nodiscard]] bool covers(const std::string& wire) const;
  void fail_waiting();
  [[nodiscard]] result<void> connect();
  [[nodiscard]] result<std::string> exchange(op_code op, const std::string& body);
  [[nodiscard]] bool wait_ready(std::unique_lock<std::mutex>& lock);

  const side_options options_;
  event_queue& events_;
  std::string unread_;  // came with the handshake; the thread's

  mutable std::mutex mutex_;  // of all that follows
  std::condition_variable changed_;
  bool stopping_ = false;
  bool wanted_ = false;  // somebody waits for a connection
  int fd_ = -1;          // of a connection that serves
  std::int32_t next_xid_ = 1;
  zxid last_zxid_;
  session_id session_;
  std::string password_;
  int granted_timeout_ms_;
  std::vector<auth_id> identities_;
  std::map<std::string, watch_mode> watches_;  // paths as on the wire
  std::map<std::int32_t, answer> waiting_;
  std::thread thread_;  // last: uses the others
};

}  // namespace troupe::cli
