// SPDX-License-Identifier: Apache-2.0
/// How far a voter is behind its leader, in bytes, and whether clients are held back for it. What
/// a learner has not logged is held for it, here and there, and one that is too far behind is let
/// go and has to take everything anew. So from `bytes_max` on, until half of it, clients hold their
/// large writes back, as long as it gets on. One that stands still for `still_ms_max`, or that does
/// not catch up within `held_ms_max`, is waited for no more until it has: a single slow or dead
/// server does not stop the others.
/// Units: bytes; ms of any clock that does not go back.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include "messages/ids.hpp"

namespace troupe::core {

class learner_lag {
 public:
  struct limits {
    std::int64_t bytes_max = 0;
    std::int64_t still_ms_max = 0;
    std::int64_t held_ms_max = 0;
  };

  learner_lag() = default;
  explicit learner_lag(limits at) : limits_(at) {}

  /// It is to get so many bytes, the last of them of the txn `upto`.
  void forwarded(zxid upto, std::int64_t bytes, std::int64_t now_ms) {
    if (begun_ == logged_) moved(now_ms);  // until now there was nothing to do
    begun_ += bytes;
    // In steps: what many small txns are need not be known exactly.
    if (!steps_.empty() && begun_ - before_last_ < step_bytes) {
      steps_.back() = {upto, begun_};
    } else {
      before_last_ = steps_.empty() ? logged_ : steps_.back().end;
      steps_.push_back({upto, begun_});
    }
  }
  /// All up to `upto` is on its disk.
  void logged(zxid upto, std::int64_t now_ms) {
    const auto before = logged_;
    for (; !steps_.empty() && steps_.front().upto <= upto; steps_.pop_front())
      logged_ = steps_.front().end;
    if (logged_ != before) moved(now_ms);
  }
  /// It took something else: a piece of a snapshot, a message.
  void moved(std::int64_t now_ms) { moved_ms_ = now_ms; }

  [[nodiscard]] std::int64_t bytes() const { return begun_ - logged_; }

  /// Whether clients are to hold back for it, from now on.
  [[nodiscard]] bool holds(std::int64_t now_ms) {
    if (bytes() <= (is_behind_ ? limits_.bytes_max / 2 : limits_.bytes_max)) {
      is_behind_ = is_given_up_ = false;
      return false;
    }
    if (!is_behind_) behind_since_ms_ = now_ms;
    is_behind_ = true;
    if (now_ms - behind_since_ms_ > limits_.held_ms_max) is_given_up_ = true;
    return !is_given_up_ && now_ms - moved_ms_ <= limits_.still_ms_max;
  }

 private:
  static constexpr std::int64_t step_bytes = 64 * 1024;
  struct step {
    zxid upto;
    std::int64_t end = 0;  // bytes from the beginning
  };

  limits limits_;
  std::int64_t begun_ = 0, logged_ = 0;
  std::int64_t before_last_ = 0;  // where the last step begins
  std::deque<step> steps_;
  std::int64_t moved_ms_ = 0, behind_since_ms_ = 0;
  bool is_behind_ = false, is_given_up_ = false;
};

}  // namespace troupe::core
