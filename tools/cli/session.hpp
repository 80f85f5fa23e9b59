// SPDX-License-Identifier: Apache-2.0
/// What a shell is connected with: the C library's session, the side connection for what it lacks,
/// and what the shell remembers of both. Calls come from one thread.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tools/cli/client.hpp"
#include "tools/cli/event_queue.hpp"
#include "tools/cli/side_connection.hpp"

namespace troupe::cli {

class session {
 public:
  /// Begins to connect and does not wait. The error is a sentence.
  [[nodiscard]] static tl::expected<std::unique_ptr<session>, std::string> open(
      const client_options& options, event_queue& events);

  [[nodiscard]] client& zk() { return *client_; }
  [[nodiscard]] side_connection& side() { return side_; }

  /// As client's, and remembers what is ephemeral.
  [[nodiscard]] result<std::string> create(const std::string& path, const jute::buffer& data,
                                           const std::vector<acl_entry>& acl, std::int32_t flags,
                                           std::int64_t ttl_ms);
  [[nodiscard]] result<void> add_auth(const auth_id& x);
  [[nodiscard]] result<void> remove_watches(const std::string& path, watch_kind kind, bool locally);
  /// This session's ephemeral znodes whose paths begin so, sorted. The C library has no such call,
  /// and only the session itself may make it; but all ephemerals of a session that began here were
  /// created here, so each that was is asked for whether it is still this session's.
  [[nodiscard]] result<std::vector<std::string>> ephemerals(const std::string& prefix);

  /// Waits until the events of this session's own writes are in the queue.
  void settle();

 private:
  session(std::unique_ptr<client> opened, const client_options& options, event_queue& events);

  std::unique_ptr<client> client_;
  side_connection side_;  // behind client_: asks it for its server
  std::set<std::string> ephemerals_;
  std::uint64_t settled_writes_ = 0;
};

}  // namespace troupe::cli
