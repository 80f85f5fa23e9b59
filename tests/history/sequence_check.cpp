// SPDX-License-Identifier: Apache-2.0
// Numbers of sequential znodes. They begin anew with a new life of the parent, so only znodes that
// were made with certainly no removal of the parent between them are compared.
#include <algorithm>
#include <map>

#include "tests/history/checks.hpp"
#include "tests/history/facts.hpp"
#include "tests/history/names.hpp"

namespace troupe::history {
namespace {

struct numbered {
  std::int64_t number;
  std::string path;
  const operation* made;
};

trouble pair_of(std::string what, const numbered& first, const numbered& second) {
  return {std::move(what), {"first   " + first.made->text(), "second  " + second.made->text()}};
}

/// Spans that no removal touches are numbered; a create that any may have been beside has none.
class lives_of_parent {
 public:
  explicit lives_of_parent(std::vector<span> removals) : removals_(std::move(removals)) {
    std::sort(removals_.begin(), removals_.end(),
              [](const span& a, const span& b) { return a.from_us < b.from_us; });
  }

  /// Which life a create belongs to: how many removals lie before it. -1: that is not certain.
  [[nodiscard]] std::int64_t of(const operation& op) const {
    std::int64_t before = 0;
    for (const auto& r : removals_) {
      if (r.from_us > *op.heard_us) break;
      if (r.to_us >= op.sent_us) return -1;
      ++before;
    }
    return before;
  }

 private:
  std::vector<span> removals_;
};

void judge_life(std::vector<numbered> made, verdict& out) {
  std::map<std::int64_t, const numbered*> taken;
  for (const auto& each : made) {
    auto [at, is_new] = taken.try_emplace(each.number, &each);
    if (!is_new)
      out.troubles.push_back(pair_of("a sequence number was given twice", *at->second, each));
  }
  std::stable_sort(made.begin(), made.end(), [](const numbered& a, const numbered& b) {
    return a.made->sent_us < b.made->sent_us;
  });
  auto heard = made;
  std::stable_sort(heard.begin(), heard.end(), [](const numbered& a, const numbered& b) {
    return *a.made->heard_us < *b.made->heard_us;
  });
  const numbered* greatest = nullptr;
  auto next = heard.begin();
  for (const auto& each : made) {
    for (; next != heard.end() && *next->made->heard_us < each.made->sent_us; ++next)
      if (greatest == nullptr || next->number > greatest->number) greatest = &*next;
    if (greatest != nullptr && each.number < greatest->number)
      out.troubles.push_back(
          pair_of("a sequence number is smaller than one that was told before it was asked for",
                  *greatest, each));
  }
}

}  // namespace

verdict check_sequences(const history& h) {
  verdict out{"sequences", "sequence numbers rise and never come again", 0, {}, {}, ""};
  auto facts = gather_facts(h);
  std::map<std::string, std::vector<numbered>> by_parent;
  for (const auto& op : h.operations)
    for (const auto& [asked, created] : changes_of(op)) {
      auto number = number_of(created);
      if (asked->sequential && op.is_ok() && number)
        by_parent[parent_of(created)].push_back({*number, created, &op});
    }
  for (const auto& [parent, made] : by_parent) {
    lives_of_parent lives{facts[parent].removals};
    std::map<std::int64_t, std::vector<numbered>> by_life;
    for (const auto& each : made)
      if (auto life = lives.of(*each.made); life >= 0) by_life[life].push_back(each);
    for (auto& [life, each] : by_life) {
      out.judged += each.size();
      judge_life(std::move(each), out);
    }
  }
  return out;
}

}  // namespace troupe::history
