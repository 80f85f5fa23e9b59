// SPDX-License-Identifier: Apache-2.0
/// Is a history of one object linearizable? That is: can each operation be put at one moment
/// between its call and its return, so that the object, taken through them in that order, gives
/// the answers that were heard? (Herlihy & Wing 1990, "Linearizability: a correctness condition for
/// concurrent objects". Objects are judged one by one: by their theorem of locality a history is
/// linearizable if and only if it is so for each of them.)
///
/// The search is Wing & Gong's (1993, "Testing and verifying concurrent objects") with what Lowe
/// added to it (2017, "Testing for linearizability"): it goes through calls and returns in their
/// order and puts operations into the object's life just in time, when one of them returns; and it
/// remembers (set of operations put, state), so that no such configuration is looked at twice. It
/// is breadth first: all configurations that explain the history so far are kept, few as a rule,
/// and when an operation's return leaves none, then all that was heard before it is the longest
/// linearizable prefix and that operation the one that cannot be placed.
///
/// An operation whose answer never came may take effect at any time after its call, or never, and
/// is open until the end. What keeps the search small all the same:
/// - what only looks is put as soon as it fits: later would not be better;
/// - of configurations alike but for such open operations, one that has used fewer of them can do
///   all that the other can, so only the least are kept;
/// - of open operations that would do the same, the one called first goes first;
/// - it is tried first with few configurations, and with open operations only where nothing else
///   explains an answer, then with more. What holds so holds. If that fails, an object to which
///   open operations may happen any number of times, whose configurations need not remember them,
///   may show that nothing explains the history. Only what is left then is searched to the end.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace troupe::history {

/// An object as one client alone would know it. `step` is the state behind the operation with the
/// answer that was heard, none if the object in that state cannot give it. What `only_looks` may
/// let more be known of the state, but changes nothing that another answer depends on.
template <typename M>
concept object_model = requires(const M& model, const typename M::state& before,
                                const typename M::operation& op) {
  { model.step(before, op) } -> std::same_as<std::optional<typename M::state>>;
  { model.only_looks(op) } -> std::same_as<bool>;
  { model.hash(before) } -> std::convertible_to<std::size_t>;
  requires std::equality_comparable<typename M::state>;
  requires std::equality_comparable<typename M::operation>;
};

inline constexpr std::int64_t no_return = std::numeric_limits<std::int64_t>::max();

/// An operation and when it may have taken effect.
template <typename Operation>
struct timed {
  Operation what;
  std::int64_t call_us = 0;
  std::int64_t return_us = no_return;  // no_return: it may have happened at any time, or never
};

template <typename State>
struct search_result {
  enum class verdict { holds, does_not, gave_up };
  verdict said = verdict::holds;
  std::size_t placed = 0;            // operations that returned and could be placed
  std::size_t stuck = 0;             // unless it holds: the operation whose return came next
  std::vector<std::size_t> pending;  // called then and not returned
  std::vector<State> before;         // what the object may have been, at most a few
  std::uint64_t work = 0;            // steps that were tried, and comparisons of what they led to
};

template <object_model M>
class linearizability_search {
 public:
  using state = typename M::state;
  using op = timed<typename M::operation>;

  linearizability_search(const M& model, const std::vector<op>& ops, std::uint64_t work_max)
      : model_(model), ops_(ops), work_max_(work_max) {
    give_slots();
  }

  [[nodiscard]] search_result<state> run(const state& initial) {
    using said = typename search_result<state>::verdict;
    constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
    constexpr manner manners[]{{0, 100, 1, false},  {0, 500, 4, false},    {1, 5'000, 8, false},
                               {3, all, 32, false}, {all, all, all, true}, {all, all, all, false}};
    search_result<state> best;
    std::uint64_t work = 0;
    for (const auto& how : manners) {
      auto found = run(initial, how);
      work += found.work;
      bool shows_it_holds = found.said == said::holds && !how.repeats_open;
      bool shows_it_does_not = found.said == said::does_not && !was_cut_;
      if (!how.repeats_open && (work == found.work || found.placed > best.placed)) best = found;
      if (shows_it_holds || shows_it_does_not) {
        best = found;
        best.work = work;
        return best;
      }
    }
    best.said = said::gave_up;
    best.work = work;
    return best;
  }

 private:
  /// A state, and which operations brought the object there: of those called and not returned, and
  /// of those that never returned. Whatever returned is in every configuration and in no set.
  struct configuration {
    state at;
    std::vector<std::uint64_t> put;  // bits by slot: first the known ones, then the open ones

    [[nodiscard]] bool has(std::size_t slot) const { return (put[slot / 64] >> (slot % 64)) & 1; }
    void set(std::size_t slot) { put[slot / 64] |= std::uint64_t{1} << (slot % 64); }
    void clear(std::size_t slot) { put[slot / 64] &= ~(std::uint64_t{1} << (slot % 64)); }
  };

  /// Configurations, none of which is another with more open operations used up.
  struct configurations {
    std::vector<configuration> all;
    std::unordered_map<std::size_t, std::vector<std::size_t>> alike;  // by hash; never iterated

    std::size_t alike_max = std::numeric_limits<std::size_t>::max();
    bool was_cut = false;  // one was refused because there were so many alike
    std::uint64_t compared = 0;

    /// False if there was one as good.
    bool insert(const M& model, configuration c, std::size_t known_words) {
      auto hash = model.hash(c.at);
      for (std::size_t i = 0; i < known_words; ++i) hash = hash * 0x9e3779b97f4a7c15u + c.put[i];
      auto& bucket = alike[hash];
      compared += bucket.size();
      for (auto i : bucket)
        if (is_as_good(all[i], c, known_words)) return false;
      for (auto i : bucket)
        if (is_as_good(c, all[i], known_words)) {
          all[i] = std::move(c);  // others that it is as good as may stay; they cost time alone
          return true;
        }
      if (bucket.size() >= alike_max) {  // those of one hash are of one state but by accident
        was_cut = true;
        return false;
      }
      bucket.push_back(all.size());
      all.push_back(std::move(c));
      return true;
    }

    static bool is_as_good(const configuration& a, const configuration& b, std::size_t known) {
      for (std::size_t i = 0; i < a.put.size(); ++i)
        if (i < known ? a.put[i] != b.put[i] : (a.put[i] & ~b.put[i]) != 0) return false;
      return a.at == b.at;
    }
  };

  /// How far one search goes.
  struct manner {
    std::size_t more_open;  // how many more than are needed may be put before one return
    std::size_t width;      // so many configurations behind a return are enough
    std::size_t alike;      // so many of one state, which differ in what open operations they used
    bool repeats_open;      // they may happen any number of times: too much is explained
  };

  struct event {
    std::int64_t time_us;
    bool is_return;  // behind the calls of the same moment: those may have been earlier
    std::size_t which;
  };

  /// Orders calls and returns, and gives each operation a bit: a known one until it returns, an
  /// open one for good.
  void give_slots() {
    for (std::size_t i = 0; i < ops_.size(); ++i) {
      events_.push_back({ops_[i].call_us, false, i});
      if (ops_[i].return_us != no_return) events_.push_back({ops_[i].return_us, true, i});
    }
    std::stable_sort(events_.begin(), events_.end(), [](const event& a, const event& b) {
      return std::pair{a.time_us, a.is_return} < std::pair{b.time_us, b.is_return};
    });
    slot_.resize(ops_.size());
    twin_.resize(ops_.size());
    std::vector<std::size_t> free, open;
    std::size_t known = 0;
    for (const auto& e : events_) {
      if (e.is_return) {
        free.push_back(slot_[e.which]);
      } else if (ops_[e.which].return_us == no_return) {
        auto same = std::find_if(open.rbegin(), open.rend(),
                                 [&](std::size_t i) { return ops_[i].what == ops_[e.which].what; });
        if (same != open.rend()) twin_[e.which] = *same;
        open.push_back(e.which);
      } else {
        slot_[e.which] = free.empty() ? known++ : free.back();
        if (!free.empty()) free.pop_back();
      }
    }
    known_words_ = (known + 63) / 64;
    words_ = known_words_ + (open.size() + 63) / 64;
    for (std::size_t i = 0; i < open.size(); ++i) slot_[open[i]] = known_words_ * 64 + i;
  }

  std::optional<state> step(const state& before, std::size_t which) {
    ++result_.work;
    return model_.step(before, ops_[which].what);
  }

  /// Puts what only looks and sees what is known.
  void put_what_looks(configuration& c) {
    for (auto i : called_) {
      if (c.has(slot_[i]) || !model_.only_looks(ops_[i].what)) continue;
      auto behind = step(c.at, i);
      if (behind && *behind == c.at) c.set(slot_[i]);
    }
  }

  [[nodiscard]] search_result<state> run(const state& initial, const manner& how) {
    using said = typename search_result<state>::verdict;
    result_ = {};
    now_ = {};
    called_.clear();
    open_.clear();
    was_cut_ = false;
    now_.insert(model_, {initial, std::vector<std::uint64_t>(words_)}, known_words_);
    for (const auto& e : events_) {
      if (!e.is_return) {
        (ops_[e.which].return_us == no_return ? open_ : called_).push_back(e.which);
        continue;
      }
      auto next = advance(e.which, how);
      if (result_.work > work_max_) return stop(said::gave_up, e.which);
      if (next.all.empty()) return stop(said::does_not, e.which);
      std::erase(called_, e.which);
      now_ = std::move(next);
      ++result_.placed;
    }
    return result_;
  }

  /// All configurations in which `due` has been put, from those of now: first without any further
  /// open operation, then with one, and so on.
  configurations advance(std::size_t due, const manner& how) {
    configurations next, seen;
    next.alike_max = seen.alike_max = how.alike;
    std::deque<configuration> todo, with_one_more;
    auto reach = [&](configuration c, std::deque<configuration>& to) {
      put_what_looks(c);
      if (c.has(slot_[due])) {
        c.clear(slot_[due]);
        next.insert(model_, std::move(c), known_words_);
      } else if (seen.insert(model_, c, known_words_)) {
        to.push_back(std::move(c));
      }
    };
    for (const auto& c : now_.all) reach(c, todo);
    std::size_t further = 0;  // rounds since one configuration had `due` in it
    for (std::size_t open_put = 0;; ++open_put) {
      for (; !todo.empty() && result_.work <= work_max_; todo.pop_front()) {
        result_.work += std::exchange(next.compared, 0) + std::exchange(seen.compared, 0);
        was_cut_ = was_cut_ || next.was_cut || seen.was_cut;
        if (next.all.size() >= how.width) {
          was_cut_ = true;
          return next;
        }
        const auto& c = todo.front();
        for (auto i : called_)
          if (auto put = put_one(c, i, true)) reach(std::move(*put), todo);
        for (auto i : open_)
          if (!twin_[i] || (!how.repeats_open && c.has(slot_[*twin_[i]])))
            if (auto put = put_one(c, i, !how.repeats_open)) reach(std::move(*put), with_one_more);
      }
      if (with_one_more.empty() || open_put == open_.size() || result_.work > work_max_) break;
      if (!next.all.empty() && further++ == how.more_open) {
        was_cut_ = true;
        break;
      }
      std::swap(todo, with_one_more);
    }
    was_cut_ = was_cut_ || next.was_cut || seen.was_cut;
    return next;
  }

  /// The configuration behind one more operation, if it is possible and brings anything.
  std::optional<configuration> put_one(const configuration& c, std::size_t which, bool remembers) {
    if (c.has(slot_[which])) return {};
    auto behind = step(c.at, which);
    if (!behind) return {};
    bool is_open = ops_[which].return_us == no_return;
    if (is_open && *behind == c.at) return {};
    configuration out{std::move(*behind), c.put};
    if (remembers) out.set(slot_[which]);
    return out;
  }

  search_result<state> stop(typename search_result<state>::verdict said, std::size_t at) {
    constexpr std::size_t states_shown_max = 4;
    result_.said = said;
    result_.stuck = at;
    result_.pending = called_;
    for (const auto& c : now_.all) {
      auto known = std::find(result_.before.begin(), result_.before.end(), c.at);
      if (known == result_.before.end()) result_.before.push_back(c.at);
      if (result_.before.size() == states_shown_max) break;
    }
    return result_;
  }

  const M& model_;
  const std::vector<op>& ops_;
  std::uint64_t work_max_;
  std::vector<event> events_;
  std::vector<std::size_t> slot_;                 // by operation
  std::vector<std::optional<std::size_t>> twin_;  // by open operation: the last like it before
  std::size_t known_words_ = 0, words_ = 0;
  configurations now_;
  std::vector<std::size_t> called_, open_;  // by time of call
  bool was_cut_ = false;                    // a configuration was left out
  search_result<state> result_;
};

/// Judges the operations of one object that begins as `initial`. Each of its few searches gives up
/// after `work_max` steps; if none came to a verdict, it says so.
template <object_model M>
[[nodiscard]] search_result<typename M::state> search_linearization(
    const M& model, const std::vector<timed<typename M::operation>>& ops, typename M::state initial,
    std::uint64_t work_max) {
  return linearizability_search<M>{model, ops, work_max}.run(initial);
}

}  // namespace troupe::history
