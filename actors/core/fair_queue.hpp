// SPDX-License-Identifier: Apache-2.0
/// Whose turn it is among many who wait, each with the first of its pieces. As time goes by each
/// gets about the same number of bytes, however long its pieces are, and who comes now and then
/// with a short one is not behind all the long ones of others: fair queueing by finish times
/// (Demers, Keshav and Shenker, SIGCOMM 1989), its clock being where the last piece began.
/// Invariant: of two who wait all the time, none gets more than the other by more than the longest
/// piece of each. Units: bytes.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace troupe::core {

template <class Member>
class fair_queue {
 public:
  struct piece {
    Member of;
    std::int64_t bytes = 0;
  };

  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  [[nodiscard]] bool contains(const Member& x) const {
    const auto at = marks_.find(x);
    return at != marks_.end() && at->second.waits;
  }

  /// It waits from now on with a piece of so many bytes, and with no other.
  void push(const Member& x, std::int64_t bytes) {
    auto& mark = marks_[x];
    assert(!mark.waits);
    mark = {std::max(mark.value, now_) + std::max<std::int64_t>(bytes, 1), pushed_++, true};
    waiting_.insert({mark.value, mark.nth, x, bytes});
  }

  /// Who is next, if anybody waits.
  [[nodiscard]] std::optional<piece> first() const {
    if (waiting_.empty()) return std::nullopt;
    const auto& [mark, nth, of, bytes] = *waiting_.begin();
    return piece{of, bytes};
  }

  /// The first one's turn has come: it waits no more.
  void pop_first() {
    assert(!waiting_.empty());
    const auto& [mark, nth, of, bytes] = *waiting_.begin();
    now_ = std::max(now_, mark - std::max<std::int64_t>(bytes, 1));
    marks_[of].waits = false;
    waiting_.erase(waiting_.begin());
    if (waiting_.empty()) marks_.clear();  // nobody is ahead of anybody any more
  }

  /// It is gone, and what it had counts no more.
  void remove(const Member& x) {
    const auto at = marks_.find(x);
    if (at == marks_.end()) return;
    const auto& mark = at->second;
    if (mark.waits) waiting_.erase(waiting_.lower_bound({mark.value, mark.nth, x, 0}));
    marks_.erase(at);
  }

 private:
  struct mark_of {
    std::int64_t value = 0;  // of its newest piece: how far it is, in bytes that all got
    std::uint64_t nth = 0;
    bool waits = false;
  };

  std::int64_t now_ = 0;  // where the piece that had its turn last began
  std::uint64_t pushed_ = 0;
  std::map<Member, mark_of> marks_;
  std::set<std::tuple<std::int64_t, std::uint64_t, Member, std::int64_t>> waiting_;
};

}  // namespace troupe::core
