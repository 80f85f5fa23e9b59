// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/event_queue.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace troupe::cli {

event_queue::event_queue() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

event_queue::~event_queue() { ::close(fd_); }

void event_queue::push(event x) {
  const std::lock_guard lock{mutex_};
  waiting_.push_back(std::move(x));
  ::eventfd_write(fd_, 1);  // fails only when it is readable anyway
}

std::vector<event> event_queue::take() {
  const std::lock_guard lock{mutex_};
  eventfd_t count = 0;
  ::eventfd_read(fd_, &count);
  return std::exchange(waiting_, {});
}

}  // namespace troupe::cli
