// SPDX-License-Identifier: Apache-2.0
/// The network of one server of a test cluster: whatever it dials goes through a filter that can
/// hold each direction, delay it, and let go again, as TCP would. Bytes come in order and none is
/// lost within a connection; a cut is a black hole, so nobody is told, no connect ends, and what
/// was said meanwhile comes when the link heals. As with TCP_USER_TIMEOUT, a connection whose bytes
/// from here were held for silence_limit is reset here; the other end learns of it after the heal.
///
/// The connections others have dialled are theirs to filter, so each server of a cluster needs the
/// faults of all. When a process is killed its sockets close, and a cut hides that from nobody.
/// Threads: one of its own moves the bytes; all functions may be called from any.
#pragma once

#include <memory>

#include "actors/node/connector.hpp"
#include "tools/cluster/faults.hpp"

namespace troupe::cluster {

class link_filter {
 public:
  /// `me` is the server whose links these are.
  explicit link_filter(server_number me);
  link_filter(const link_filter&) = delete;
  link_filter& operator=(const link_filter&) = delete;
  ~link_filter();

  /// From its return on, no byte passes that `now` holds.
  void set(const faults& now);

  /// Waits while either direction is held, for a handshake needs both. The socket is one end of a
  /// pair of ours; behind the other the bytes go on to the real connection.
  [[nodiscard]] tl::expected<int, std::string> connect(server_id to, const std::string& host,
                                                       std::uint16_t port,
                                                       const connect_options& options);

 private:
  class pump;
  std::shared_ptr<pump> pump_;
};

}  // namespace troupe::cluster
