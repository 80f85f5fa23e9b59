// SPDX-License-Identifier: Apache-2.0
/// Actors that run on the I/O thread, the one of CAF's multiplexer, as its brokers do: a request
/// goes from its socket through session, database and leader and back without waking a thread.
/// Waking one costs more than most of what these actors do for a request. What takes long or waits
/// (the journal's fsync, snapshot files, dialling) has a thread of its own instead.
/// In a system without a middleman, as in tests and in the simulation, they are ordinary actors.
#pragma once

#include "actors/caf.hpp"

namespace troupe {

/// The multiplexer of a system, or null if it has no middleman.
[[nodiscard]] caf::execution_unit* io_unit(caf::actor_system& system);

/// Base, a CAF actor class, moved to the I/O thread.
template <class Base>
class pinned : public Base {
 public:
  template <class... Arguments>
  explicit pinned(caf::actor_config& config, Arguments&&... arguments)
      : Base(config, std::forward<Arguments>(arguments)...), io_(io_unit(this->home_system())) {}

  using Base::enqueue;
  void enqueue(caf::mailbox_element_ptr element, caf::execution_unit* unit) override {
    Base::enqueue(std::move(element), io_ != nullptr ? io_ : unit);
  }
  void launch(caf::execution_unit* spawner, bool lazy, bool hide) override {
    Base::launch(io_ != nullptr ? io_ : spawner, lazy, hide);
  }
  /// The multiplexer itself runs what calls itself an I/O actor; others it passes on.
  [[nodiscard]] caf::resumable::subtype_t subtype() const override {
    return io_ != nullptr ? caf::resumable::io_actor : Base::subtype();
  }

 private:
  caf::execution_unit* io_;
};

/// What a pinned actor's function takes as its self.
template <class Handle, class State>
using pinned_pointer = caf::stateful_actor<State, pinned<typename Handle::base>>*;

}  // namespace troupe
