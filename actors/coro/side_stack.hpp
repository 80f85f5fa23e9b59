// SPDX-License-Identifier: Apache-2.0
/// A stack beside the thread's own: a function runs there and may pause in the middle, however deep
/// in calls it is, and whoever runs it goes on. For work whose loops lie in code that knows nothing
/// of coroutines; a conversation with turns is a task (task.hpp).
/// Owns: the stack, and what the function has put on it.
/// Order: run(), until it says that the function has ended. One thread alone, the one that began.
/// Cost: beginning one takes about as long as an allocation, since stacks are kept and used again.
#pragma once

#include <exception>
#include <functional>
#include <utility>

namespace troupe::coro {

namespace detail {
struct own_stack;
}

class side_stack {
 public:
  explicit side_stack(std::function<void()> body) : body_(std::move(body)) {}
  /// What is paused there is unwound: its pause() throws, its destructors run.
  ~side_stack();
  side_stack(const side_stack&) = delete;
  side_stack& operator=(const side_stack&) = delete;

  /// Runs the function from where it paused. True: it has paused again; false: it has ended. What
  /// it throws comes out here, and it has ended then.
  [[nodiscard]] bool run();
  /// From within the function, but neither in a catch block nor in a destructor.
  void pause();

 private:
  friend struct detail::own_stack;
  void run_body();
  void go_on();

  std::function<void()> body_;
  detail::own_stack* stack_ = nullptr;  // while it has begun and not ended
  std::exception_ptr failure_;
  bool has_ended_ = false, unwinding_ = false;
};

}  // namespace troupe::coro
