// SPDX-License-Identifier: Apache-2.0
/// An intrusive circular list whose members may die, or be woken, while it is walked.
/// Owns: nothing; a link leaves its list when it is destroyed, and a list may die before its links.
#pragma once

namespace troupe::coro::detail {

class link {
 public:
  link() = default;
  link(const link&) = delete;
  link& operator=(const link&) = delete;
  ~link() { unlink(); }

  [[nodiscard]] bool linked() const noexcept { return next_ != this; }

  void unlink() noexcept {
    prev_->next_ = next_;
    next_->prev_ = prev_;
    prev_ = next_ = this;
  }

 private:
  template <class T>
  friend class list;

  link* prev_ = this;
  link* next_ = this;
};

/// A list of T, which derives from link.
template <class T>
class list {
 public:
  [[nodiscard]] bool empty() const noexcept { return !head_.linked(); }

  void push_back(T& x) noexcept {
    link& added = x;
    added.unlink();
    added.prev_ = head_.prev_;
    added.next_ = &head_;
    head_.prev_->next_ = &added;
    head_.prev_ = &added;
  }

  /// The first member, no longer linked; null when there is none.
  [[nodiscard]] T* pop_front() noexcept {
    if (empty()) return nullptr;
    link* first = head_.next_;
    first->unlink();
    return static_cast<T*>(first);
  }

  /// Moves all members of `other` here, in order. This list must be empty.
  void take_all(list& other) noexcept {
    if (other.empty()) return;
    head_.prev_ = other.head_.prev_;
    head_.next_ = other.head_.next_;
    head_.prev_->next_ = &head_;
    head_.next_->prev_ = &head_;
    other.head_.prev_ = other.head_.next_ = &other.head_;
  }

  /// Calls `f(T&)` for each member; `f` must not change the list.
  template <class F>
  void for_each(F f) const {
    for (link* at = head_.next_; at != &head_; at = at->next_) f(*static_cast<T*>(at));
  }

 private:
  link head_;
};

}  // namespace troupe::coro::detail
