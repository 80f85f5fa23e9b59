// SPDX-License-Identifier: Apache-2.0
/// A line on the terminal that says how far long work has come, and is gone when it ends. Silent
/// for the first second, and always when nobody looks.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tools/log/commands.hpp"

namespace troupe::log_tool {

class progress {
 public:
  explicit progress(const terminal& term) : term_(&term) {}
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress() { clear(); }

  /// `total` 0: not known.
  void at(const std::string& what, std::uint64_t done, std::uint64_t total);
  /// Before anything else is written.
  void clear();

 private:
  using clock = std::chrono::steady_clock;
  const terminal* term_;
  clock::time_point next_ = clock::now() + std::chrono::seconds{1};
  bool shown_ = false;
};

}  // namespace troupe::log_tool
