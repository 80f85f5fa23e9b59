// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/interrupts.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace troupe::cli {
namespace {

constexpr int untaken_max = 2;

// A handler has no other way to what it works on.
std::atomic<int> untaken{0};
int wake_fd = -1;

void on_interrupt(int number) {
  const int saved = errno;
  if (untaken.fetch_add(1) >= untaken_max) {
    ::signal(number, SIG_DFL);
    ::raise(number);
  }
  const std::uint64_t one = 1;
  // Fails only when it can be read from anyway.
  if (::write(wake_fd, &one, sizeof one) < 0) errno = saved;
  errno = saved;
}

}  // namespace

interrupts::interrupts() {
  wake_fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_fd < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  struct sigaction what {};
  what.sa_handler = on_interrupt;
  ::sigemptyset(&what.sa_mask);
  ::sigaction(SIGINT, &what, nullptr);
}

interrupts::~interrupts() {
  ::signal(SIGINT, SIG_DFL);
  ::close(wake_fd);
}

int interrupts::fd() const { return wake_fd; }

bool interrupts::pending() const { return untaken.load() > 0; }

int interrupts::take() {
  eventfd_t count = 0;
  ::eventfd_read(wake_fd, &count);
  return untaken.exchange(0);
}

}  // namespace troupe::cli
