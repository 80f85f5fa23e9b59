// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/file_events.hpp"

#include <chrono>
#include <cstdio>
#include <mutex>
#include <optional>

#include "actors/trace/own_files.hpp"

namespace troupe::log {

spdlog::file_event_handlers makes_own_files() {
  spdlog::file_event_handlers out;
  out.before_open = [](const spdlog::filename_t& path) {
    if (auto made = make_log_file(path); !made) throw spdlog::spdlog_ex(made.error());
  };
  return out;
}

void lost_line(const std::string& why) {
  using clock = std::chrono::steady_clock;
  static std::mutex guard;
  static std::optional<clock::time_point> told;
  std::lock_guard lock(guard);
  const auto now = clock::now();
  if (told && now - *told < std::chrono::hours{1}) return;
  told = now;
  std::fprintf(stderr, "log lines are lost: %s\n", why.c_str());
}

}  // namespace troupe::log
