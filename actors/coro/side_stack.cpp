// SPDX-License-Identifier: Apache-2.0
// Its check of longjmp() knows of one stack only.
#undef _FORTIFY_SOURCE
#include "actors/coro/side_stack.hpp"

#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#include <cassert>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

// The sanitizers keep books of each stack, and must hear of a change.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TROUPE_ASAN_STACKS
#endif
#if __has_feature(thread_sanitizer)
#define TROUPE_TSAN_STACKS
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define TROUPE_ASAN_STACKS
#endif
#if defined(__SANITIZE_THREAD__)
#define TROUPE_TSAN_STACKS
#endif
#ifdef TROUPE_ASAN_STACKS
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef TROUPE_TSAN_STACKS
#include <sanitizer/tsan_interface.h>
#endif

namespace troupe::coro {
namespace {

/// Only address space: what is never touched is never there.
constexpr std::size_t stack_bytes = 1024 * 1024;
constexpr std::size_t guard_bytes = 4096;
constexpr std::size_t spare_max = 4;

/// Thrown by pause() where a function ends before its time.
struct unwound {};

/// Where a stack was left. swapcontext() would do, but asks the kernel for the signal mask each
/// time, which costs more than all the rest. The sanitizers do not take to longjmp() between
/// stacks.
#if defined(TROUPE_ASAN_STACKS) || defined(TROUPE_TSAN_STACKS)
struct place {
  ucontext_t at{};
};
void go(place& from, place& to) { ::swapcontext(&from.at, &to.at); }
void go_first(place& from, ucontext_t& to) { ::swapcontext(&from.at, &to); }
#else
struct place {
  jmp_buf at{};
};
[[gnu::noinline]] void go(place& from, place& to) {
  if (_setjmp(from.at) == 0) _longjmp(to.at, 1);
}
[[gnu::noinline]] void go_first(place& from, ucontext_t& to) {
  if (_setjmp(from.at) == 0) ::setcontext(&to);
}
#endif

}  // namespace

namespace detail {

/// A stack of memory with whatever runs on it. One that has ended waits for the next.
struct own_stack {
  own_stack()
      : memory(::mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0)) {
    if (memory == MAP_FAILED) throw std::bad_alloc{};
    ::mprotect(memory, guard_bytes, PROT_NONE);  // it grows downwards
#ifdef TROUPE_TSAN_STACKS
    fiber = __tsan_create_fiber(0);
#endif
  }
  ~own_stack() {
#ifdef TROUPE_TSAN_STACKS
    __tsan_destroy_fiber(fiber);
#endif
    ::munmap(memory, guard_bytes + stack_bytes);
  }
  own_stack(const own_stack&) = delete;
  own_stack& operator=(const own_stack&) = delete;

  [[nodiscard]] std::byte* bottom() const { return static_cast<std::byte*>(memory) + guard_bytes; }

  /// From outside: until what runs here leaves.
  void enter() {
#ifdef TROUPE_ASAN_STACKS
    void* mine = nullptr;
    __sanitizer_start_switch_fiber(&mine, bottom(), stack_bytes);
#endif
#ifdef TROUPE_TSAN_STACKS
    outer_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(fiber, 0);
#endif
    if (std::exchange(has_begun, true))
      go(outside, inside);
    else
      enter_first();
#ifdef TROUPE_ASAN_STACKS
    __sanitizer_finish_switch_fiber(mine, nullptr, nullptr);
#endif
  }

  /// From inside: until enter() is called again.
  void leave() {
    [[maybe_unused]] void* mine = nullptr;
#ifdef TROUPE_ASAN_STACKS
    __sanitizer_start_switch_fiber(&mine, outer_stack, outer_bytes);
#endif
#ifdef TROUPE_TSAN_STACKS
    __tsan_switch_to_fiber(outer_fiber, 0);
#endif
    go(inside, outside);
    arrived(mine);
  }

  void arrived([[maybe_unused]] void* mine) {
#ifdef TROUPE_ASAN_STACKS
    __sanitizer_finish_switch_fiber(mine, &outer_stack, &outer_bytes);
#endif
  }

  void enter_first();
  void run_work() { work->run_body(); }

  void* memory;
  side_stack* work = nullptr;
  bool has_begun = false;
  place inside, outside;
#ifdef TROUPE_ASAN_STACKS
  const void* outer_stack = nullptr;
  std::size_t outer_bytes = 0;
#endif
#ifdef TROUPE_TSAN_STACKS
  void* fiber = nullptr;
  void* outer_fiber = nullptr;
#endif
};

namespace {

/// makecontext() passes numbers only.
thread_local own_stack* entered_first = nullptr;

void run_for_ever() {
  auto& here = *std::exchange(entered_first, nullptr);
  here.arrived(nullptr);
  for (;;) {
    here.run_work();
    here.leave();
  }
}

std::vector<std::unique_ptr<own_stack>>& spare_stacks() {
  static thread_local std::vector<std::unique_ptr<own_stack>> spare;
  return spare;
}

own_stack* take_stack() {
  auto& spare = spare_stacks();
  if (spare.empty()) return new own_stack;
  auto out = std::move(spare.back());
  spare.pop_back();
  return out.release();
}

void give_back(own_stack* used) {
  std::unique_ptr<own_stack> kept{used};
  kept->work = nullptr;
  if (spare_stacks().size() < spare_max) spare_stacks().push_back(std::move(kept));
}

}  // namespace

void own_stack::enter_first() {
  ucontext_t beginning{};
  ::getcontext(&beginning);
  beginning.uc_stack.ss_sp = bottom();
  beginning.uc_stack.ss_size = stack_bytes;
  beginning.uc_link = nullptr;
  ::makecontext(&beginning, &run_for_ever, 0);
  entered_first = this;
  go_first(outside, beginning);
}

}  // namespace detail

void side_stack::run_body() {
  try {
    body_();
  } catch (const unwound&) {
  } catch (...) {
    failure_ = std::current_exception();
  }
  has_ended_ = true;
}

void side_stack::go_on() {
  stack_->enter();
  if (has_ended_) detail::give_back(std::exchange(stack_, nullptr));
}

side_stack::~side_stack() {
  if (stack_ == nullptr) return;
  unwinding_ = true;
  go_on();
  assert(stack_ == nullptr && "who is unwound does not pause");
}

bool side_stack::run() {
  assert(!has_ended_);
  if (stack_ == nullptr) {
    stack_ = detail::take_stack();
    stack_->work = this;
  }
  go_on();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  return stack_ != nullptr;
}

void side_stack::pause() {
  if (unwinding_) throw unwound{};
  stack_->leave();
  if (unwinding_) throw unwound{};
}

}  // namespace troupe::coro
