// SPDX-License-Identifier: Apache-2.0
/// A coroutine of an actor: lazy, with one owner, resumed only inside the actor's own handlers.
/// Owns: the frame. Destroying the task destroys the frame and thereby cancels: clean up by RAII.
/// Order: nothing runs until the task is awaited by another task or given to a scope.
/// Errors: an exception goes to the task that awaits this one; out of a scope's own task it goes to
/// the scope's failure handler.
/// Rules: coroutines are free functions with parameters by value (`self` is the only pointer);
/// after a co_await the world may have moved, and the message in work is another one: make response
/// promises in the handler and pass them in.
#pragma once

#include <cassert>
#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

#include "actors/coro/fiber.hpp"

namespace troupe::coro {

template <class T = void>
class task;

namespace detail {

struct return_to_parent {
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> finished) const noexcept {
    promise_base& promise = finished.promise();
    if (promise.parent) promise.in_fiber->hand_over(promise.parent);
  }
  void await_resume() const noexcept {}
};

struct promise_of_any : promise_base {
  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] return_to_parent final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { failure = std::current_exception(); }
};

template <class T>
struct promise : promise_of_any {
  task<T> get_return_object() noexcept;
  template <class U>
  requires std::is_constructible_v<T, U&&>
  void return_value(U&& x) { result.emplace(std::forward<U>(x)); }
  T take() {
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
    return std::move(*result);
  }
  std::optional<T> result;
};

template <>
struct promise<void> : promise_of_any {
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() {
    if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
  }
};

}  // namespace detail

template <class T>
class [[nodiscard]] task {
  static_assert(!std::is_reference_v<T>, "a task hands out values: what it refers to may be gone");

 public:
  using promise_type = detail::promise<T>;
  using handle = std::coroutine_handle<promise_type>;

  task() = default;
  explicit task(handle frame) noexcept : frame_(frame) {}
  task(task&& other) noexcept : frame_(std::exchange(other.frame_, {})) {}
  task& operator=(task&& other) noexcept {
    task old(std::exchange(frame_, std::exchange(other.frame_, {})));
    return *this;
  }
  ~task() {
    if (frame_) frame_.destroy();
  }

  explicit operator bool() const noexcept { return static_cast<bool>(frame_); }

  /// Gives up ownership of the frame.
  [[nodiscard]] handle release() noexcept { return std::exchange(frame_, {}); }

  /// A task is awaited at most once; named or not makes no difference. It stays the frame's owner.
  [[nodiscard]] auto operator co_await() noexcept {
    assert(frame_ && "awaiting a task that was moved from");
    return awaiter{frame_};
  }

 private:
  struct awaiter {
    handle child;
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> parent) const noexcept {
      detail::promise_base& mine = child.promise();
      assert(!mine.in_fiber && "a task is awaited at most once");
      mine.in_fiber = parent.promise().in_fiber;
      mine.parent = parent;
      mine.in_fiber->hand_over(child);
    }
    T await_resume() const { return child.promise().take(); }
  };

  handle frame_{};
};

template <class T>
task<T> detail::promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<promise>::from_promise(*this));
}
inline task<void> detail::promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<promise>::from_promise(*this));
}

}  // namespace troupe::coro
