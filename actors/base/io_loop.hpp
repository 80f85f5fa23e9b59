// SPDX-License-Identifier: Apache-2.0
/// The loop of the I/O thread: sockets and the actors that are pinned to it (pinned.hpp) in turn.
/// It differs from CAF's own in one thing: CAF looks at its sockets when every actor that has
/// something to do had its turn, so that thousands of short turns are one long wait. Here a round
/// ends after round_max, or with a slice of long work (long_work.hpp), and whose turn has not come
/// is first in the next one: so who waits for a step of its own waits for few slices.
/// Order: first come, first served; what a turn puts off, as a socket's change from unread to read,
/// is carried out before the next turn.
/// How much of the processor rounds take is in turns.hpp; each is what a connection waits for one
/// step of its own, at most.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

#include <caf/intrusive_ptr.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/resumable.hpp>

namespace troupe {

class io_loop : public caf::io::network::default_multiplexer {
 public:
  /// Turns that begin later than this after the round has belong to the next.
  static constexpr std::chrono::microseconds round_max{2000};

  explicit io_loop(caf::actor_system* system);

  /// What other threads send still comes by CAF's pipe, and is resumed where that is read.
  void exec_later(caf::resumable* what) override;
  void run() override;
  void run_once() override;
  bool try_run_once() override;

 private:
  bool go_round(bool may_wait);
  void run_ready();

  std::deque<caf::intrusive_ptr<caf::resumable>> ready_;
};

}  // namespace troupe
