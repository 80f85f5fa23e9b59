// SPDX-License-Identifier: Apache-2.0
/// Watch events on their way from the threads of the connections to the one that prints.
/// Owns: a file descriptor that can be read from while events wait. Any thread may call any method.
#pragma once

#include <mutex>
#include <vector>

#include "tools/cli/texts.hpp"

namespace troupe::cli {

class event_queue {
 public:
  event_queue();
  ~event_queue();
  event_queue(const event_queue&) = delete;
  event_queue& operator=(const event_queue&) = delete;

  void push(event x);
  /// What came since the last call, in order.
  [[nodiscard]] std::vector<event> take();
  [[nodiscard]] int fd() const { return fd_; }

 private:
  std::mutex mutex_;
  std::vector<event> waiting_;
  int fd_;
};

}  // namespace troupe::cli
