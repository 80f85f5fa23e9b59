// SPDX-License-Identifier: Apache-2.0
/// Actors that run on the I/O thread, the one of CAF's multiplexer, as its brokers do: a request
/// goes from its socket through session, database and leader and back without waking a thread.
/// Waking one costs more than most of what these actors do for a request. What takes long or waits
/// (the journal's fsync, snapshot files, dialling) has a thread of its own instead.
/// A turn is short: after turn_max an actor with more messages gives way to the others, and work
/// that may take longer than that is done in slices (long_work.hpp). How long turns take is in
/// turns.hpp.
/// In a system without a middleman, as in tests and in the simulation, they are ordinary actors.
#pragma once

#include <functional>
#include <optional>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/long_work.hpp"
#include "actors/base/turns.hpp"
#include "actors/trace/type_name.hpp"

namespace troupe {

/// The multiplexer of a system, or null if it has no middleman.
[[nodiscard]] caf::execution_unit* io_unit(caf::actor_system& system);

/// After which an actor with more to do gives way.
inline constexpr std::chrono::microseconds turn_max{500};

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

  /// Does the task in slices; `work` is a member of the actor's state. From here until it is done
  /// this actor handles no message: so it is the last thing that a handler does.
  void do_in_slices(long_work& work, std::function<void()> task) {
    work.begin(std::move(task), end_of_turn_);
    if (!work.is_under_way()) return;
    under_way_ = &work;
    end_turn();
  }

  /// This turn and the round end with the present message: what it has begun is much for whoever
  /// goes on with it, such as CAF's broker, and the sockets are looked at before there is more.
  void end_round() {
    if (io_ == nullptr) return;
    end_of_turn_ = turn_record::clock::now();
    turn_record::of_this_thread().note_slice();
  }

  caf::resumable::resume_result resume(caf::execution_unit* unit,
                                       std::size_t messages_max) override {
    if (io_ == nullptr) return take_turn(unit, messages_max);
    auto& record = turn_record::of_this_thread();
    auto now = turn_record::clock::now();
    end_of_turn_ = now + turn_max;
    for (;;) {
      const auto began = record.stamp(now);
      trace::handled_last = {};
      const auto result = take_turn(unit, 1);
      now = turn_record::clock::now();
      record.note_turn(this->name(), trace::handled_last, began, now);
      if (result != caf::resumable::resume_later || now >= *end_of_turn_) return result;
    }
  }
  /// None while work is under way: it is not the next thing to happen.
  caf::mailbox_element* peek_at_next_mailbox_element() override {
    return under_way_ != nullptr ? nullptr : Base::peek_at_next_mailbox_element();
  }

 private:
  /// A slice, or so many messages, one at a time as long as none begins work in slices.
  caf::resumable::resume_result take_turn(caf::execution_unit* unit, std::size_t messages_max) {
    auto result = caf::resumable::resume_later;
    for (std::size_t i = 0; i < messages_max && result == caf::resumable::resume_later; ++i) {
      if (under_way_ != nullptr) return go_on(unit);
      result = Base::resume(unit, 1);
      if (under_way_ == nullptr) continue;
      // CAF has put the actor to sleep when its mailbox was empty: whoever has sent it a message
      // since has called it as well, and then this call is one too many.
      if (result == caf::resumable::awaiting_message && !this->mailbox().try_unblock())
        return result;
      return caf::resumable::resume_later;
    }
    return result;
  }

  /// Work that waits lets others have their turns, also when it has left some of its time to them.
  void end_turn() {
    if (end_of_turn_) end_of_turn_ = turn_record::clock::time_point{};
  }

  caf::resumable::resume_result go_on(caf::execution_unit* unit) {
    this->context(unit);
    trace::handled_last = "a slice";
    turn_record::of_this_thread().note_slice();
    try {
      under_way_->go_on(end_of_turn_);
    } catch (...) {
      auto what = std::current_exception();
      under_way_ = nullptr;
      this->quit(Base::default_exception_handler(this, what));
      return this->finalize() ? caf::resumable::done : caf::resumable::resume_later;
    }
    if (under_way_->is_under_way()) {
      end_turn();
      return caf::resumable::resume_later;
    }
    under_way_ = nullptr;
    return this->finalize() ? caf::resumable::done : caf::resumable::resume_later;
  }

  caf::execution_unit* io_;
  long_work* under_way_ = nullptr;
  std::optional<long_work::clock::time_point> end_of_turn_;  // where there is a clock to go by
};

/// What a pinned actor's function takes as its self.
template <class Handle, class State>
using pinned_pointer = caf::stateful_actor<State, pinned<typename Handle::base>>*;

}  // namespace troupe
