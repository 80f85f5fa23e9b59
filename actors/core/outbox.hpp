// SPDX-License-Identifier: Apache-2.0
/// Bytes that wait to be written to a socket, in order. They are handed on a piece at a time, so
/// that what is under the socket never holds more than a piece, nor keeps room for more when it is
/// idle.
#pragma once

#include <algorithm>
#include <cstddef>
#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace troupe::core {

class outbox {
 public:
  [[nodiscard]] std::size_t size() const { return bytes_; }

  void push(std::string bytes) {
    if (bytes.empty()) return;
    bytes_ += bytes.size();
    waiting_.push_back(std::move(bytes));
  }

  /// Appends up to `bytes_max` of what waits to `to`. Returns how many.
  std::size_t pop_into(std::vector<char>& to, std::size_t bytes_max) {
    std::size_t moved = 0;
    while (moved < bytes_max && bytes_ > 0) {
      const auto& first = waiting_.front();
      const auto count = std::min(bytes_max - moved, first.size() - taken_);
      to.insert(to.end(), first.data() + taken_, first.data() + taken_ + count);
      moved += count;
      bytes_ -= count;
      taken_ += count;
      if (taken_ < first.size()) continue;
      waiting_.pop_front();
      taken_ = 0;
    }
    return moved;
  }

 private:
  std::deque<std::string> waiting_;
  std::size_t bytes_ = 0;
  std::size_t taken_ = 0;  // of the first
};

}  // namespace troupe::core
