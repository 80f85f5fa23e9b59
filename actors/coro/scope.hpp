// SPDX-License-Identifier: Apache-2.0
/// The owner of an actor's running tasks. Make it the last member of the actor's state: then it
/// dies first, before what its tasks use, and every task ends with the actor.
/// Owns: the frames of its tasks; the frame of a finished task is destroyed at once.
/// Order: use it, as everything here, only inside the actor's handlers.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>

#include "actors/coro/task.hpp"

namespace troupe::coro {

class scope {
 public:
  /// Called with what a task of this scope threw, after the task has left the scope; what it does
  /// is the owner's choice, usually to quit the actor. It may cancel, start into and even destroy
  /// the scope.
  using failure_handler = std::function<void(std::exception_ptr)>;

  explicit scope(failure_handler on_failure = {});
  /// Cancels. Tasks started by the destructors of cancelled ones are cancelled too.
  ~scope();
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;

  /// For states that CAF default-constructs. Without a handler the first failure is kept, see
  /// failure().
  void on_failure(failure_handler handler);

  /// Runs the task until it first waits, then keeps it until it finishes.
  void start(task<> work);

  /// Destroys all frames. May be called from one of the scope's own tasks: those that are on the
  /// call stack right now (the caller, and whoever woke it) end at their next suspension instead.
  /// Tasks started afterwards are not concerned.
  void cancel();

  /// Number of tasks that have neither finished nor been cancelled.
  [[nodiscard]] std::size_t running() const;

  /// The first exception that found no handler; null when there was none.
  [[nodiscard]] std::exception_ptr failure() const { return failure_; }

 private:
  friend class detail::fiber;
  void fail(std::exception_ptr what);

  detail::list<detail::fiber> fibers_;
  failure_handler on_failure_;
  std::exception_ptr failure_;
};

}  // namespace troupe::coro
