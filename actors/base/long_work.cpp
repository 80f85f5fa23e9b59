// SPDX-License-Identifier: Apache-2.0
#include "actors/base/long_work.hpp"

#include <cassert>
#include <utility>

namespace troupe {

void long_work::begin(std::function<void()> task, std::optional<clock::time_point> until) {
  assert(!is_under_way());
  slices_ = 0;
  stack_ = std::make_unique<coro::side_stack>(std::move(task));
  go_on(until);
}

void long_work::go_on(std::optional<clock::time_point> until) {
  until_ = until;
  allow(units());
  ++slices_;
  bool more = false;
  try {
    more = stack_->run();
  } catch (...) {
    stack_.reset();
    throw;
  }
  if (!more) stack_.reset();
}

std::size_t long_work::rest() {
  return !until_ || clock::now() >= *until_ ? pause() : units();
}

std::size_t long_work::pause() {
  stack_->pause();
  return units();
}

}  // namespace troupe
