// SPDX-License-Identifier: Apache-2.0
#include "actors/base/io_loop.hpp"

#include <thread>
#include <utility>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include "actors/base/turns.hpp"

namespace troupe {
namespace {

/// Messages of one turn, for those who do not mind the time themselves: CAF's brokers between
/// servers, to whom a message may be a megabyte to write or to read.
constexpr std::size_t messages_max = 50;

}  // namespace

io_loop::io_loop(caf::actor_system* system) : default_multiplexer(system) {}

void io_loop::exec_later(caf::resumable* what) {
  const auto kind = what->subtype();
  const bool is_for_here =
      kind == caf::resumable::io_actor || kind == caf::resumable::function_object;
  if (!is_for_here || std::this_thread::get_id() != thread_id())
    return default_multiplexer::exec_later(what);
  ready_.emplace_back(what, false);
}

void io_loop::run() {
  while (num_socket_handlers() > 0) go_round(true);
}

void io_loop::run_once() { go_round(true); }

bool io_loop::try_run_once() { return go_round(false); }

bool io_loop::go_round(bool may_wait) {
  auto& record = turn_record::of_this_thread();
  const auto began = record.stamp(turn_record::clock::now());
  const bool had_ready = !ready_.empty();
  run_ready();
  handle_internal_events();
  const bool had_events = poll_once(may_wait && ready_.empty());
  record.note_round(began, turn_record::clock::now());
  return had_ready || had_events;
}

/// As long as there are any, so that what follows from a message is done before the next look at
/// the sockets, unless the round has taken its time. A turn's changes of sockets are carried out
/// behind it: of two changes of one socket that wait together, CAF forgets the later.
void io_loop::run_ready() {
  auto& record = turn_record::of_this_thread();
  const auto end = turn_record::clock::now() + round_max;
  while (!ready_.empty()) {
    auto next = std::move(ready_.front());
    ready_.pop_front();
    switch (next->resume(this, messages_max)) {
      case caf::resumable::resume_later:
        ready_.push_back(std::move(next));
        break;
      case caf::resumable::shutdown_execution_unit:
        next.release();  // nobody's own
        break;
      default:
        break;
    }
    handle_internal_events();
    if (record.take_slice() || turn_record::clock::now() >= end) return;
  }
}

}  // namespace troupe
