// SPDX-License-Identifier: Apache-2.0
/// The history file, to which several processes add whole lines. An operation is written once, when
/// its answer is known or given up. Errors: a line that cannot be written ends the process, since a
/// history with holes proves nothing.
#pragma once

#include <atomic>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

namespace troupe::nemesis {

class recorder {
 public:
  recorder(const std::string& path, std::int64_t first_client);
  ~recorder();
  recorder(const recorder&) = delete;
  recorder& operator=(const recorder&) = delete;

  void write(const nlohmann::json& line);
  /// Of one sequential client; it ends with an operation whose outcome is unknown.
  [[nodiscard]] std::int64_t next_client() { return next_client_++; }

 private:
  int fd_;
  std::atomic<std::int64_t> next_client_;
};

}  // namespace troupe::nemesis
