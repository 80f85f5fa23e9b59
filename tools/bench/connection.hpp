// SPDX-License-Identifier: Apache-2.0
/// A non-blocking socket to a server, and the pipeline on it. Who owns it waits for the descriptor
/// (epoll, poll) and says when it is ready.
/// Errors: texts that tell what the connection ended with; the connection is closed then.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "tools/bench/pipeline.hpp"
#include "tools/bench/workload.hpp"

namespace troupe::bench {

struct address {
  endpoint name;
  sockaddr_storage at{};
  socklen_t bytes = 0;
};

/// Asks the resolver; blocks.
[[nodiscard]] tl::expected<std::vector<address>, std::string> resolve(
    const std::vector<endpoint>& servers);

/// Now, on the clock that all times of a run are told by.
[[nodiscard]] std::int64_t now_ns();

using outcome = tl::expected<void, std::string>;

class connection {
 public:
  explicit connection(std::int32_t session_timeout_ms) : pipe(session_timeout_ms) {}
  ~connection() { close(); }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  pipeline pipe;

  /// Begins to connect, and to say hello. `lost` is what the connection before leaves unanswered.
  [[nodiscard]] outcome open(const address& to, std::size_t& lost);
  void close();

  /// Reads what is there, once, and feeds it to the pipeline.
  [[nodiscard]] outcome read();
  /// Writes what the socket takes.
  [[nodiscard]] outcome flush();

  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] int fd() const { return fd_; }
  /// Whether to wait until the socket can be written.
  [[nodiscard]] bool wants_write() const { return written_ < pipe_out_.size() || connecting_; }

 private:
  outcome end(std::string why);

  int fd_ = -1;
  bool connecting_ = false;
  std::string pipe_out_;  // taken from the pipeline; written up to written_
  std::size_t written_ = 0;
};

}  // namespace troupe::bench
