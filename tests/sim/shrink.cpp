// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/shrink.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::sim {
namespace {

/// What two failures of one kind have in common: the words before the first number.
std::string kind_of(const run_result& r) {
  if (r.failures.empty()) return {};
  const auto& text = r.failures.front();
  auto words = text.substr(0, text.find_first_of("0123456789"));
  // "server 3 has a hole": the number comes first.
  if (words == "server ") words = text.substr(text.find(' ', words.size()) + 1).substr(0, 12);
  return words;
}

class search {
 public:
  search(const try_life& attempt, const std::function<bool()>& may_go_on, const on_shorter& tell)
      : attempt_(attempt), may_go_on_(may_go_on), tell_(tell) {
    best_.result = attempt_({});
    best_.runs = 1;
    kind_ = kind_of(best_.result);
  }

  shrunk run() {
    if (best_.result.failures.empty()) return best_;
    for (bool better = true; better && may_go_on_();) {
      better = shorten_chaos();
      better |= leave_out_faults();
      better |= leave_out_others();
    }
    return best_;
  }

 private:
  /// True: this life fails in the same way, and is the best now.
  bool still_fails(reductions without) {
    if (!may_go_on_()) return false;
    ++best_.runs;
    auto result = attempt_(without);
    if (result.failures.empty() || kind_of(result) != kind_) return false;
    best_.without = std::move(without);
    best_.result = std::move(result);
    tell_(best_.without, best_.result);
    return true;
  }

  bool shorten_chaos() {
    bool better = false;
    for (int eighths : {1, 2, 4, 6, 7})
      for (;;) {
        auto shorter = best_.without;
        shorter.chaos = best_.result.chaos * eighths / 8;
        if (best_.result.chaos < duration{100'000} || !still_fails(shorter)) break;
        better = true;
      }
    return better;
  }

  [[nodiscard]] std::vector<unsigned> faults_left() const {
    std::vector<unsigned> left;
    for (unsigned i = 0; i < best_.result.faults; ++i)
      if (best_.without.faults.count(i) == 0) left.push_back(i);
    return left;
  }

  /// In ever smaller groups, down to one by one.
  bool leave_out_faults() {
    bool better = false;
    for (auto size = faults_left().size(); size > 0; size /= 2)
      for (std::size_t at = 0;;) {
        auto left = faults_left();
        if (at >= left.size() || !may_go_on_()) break;
        auto fewer = best_.without;
        for (auto i = at; i < std::min(at + size, left.size()); ++i) fewer.faults.insert(left[i]);
        if (still_fails(fewer))
          better = true;
        else
          at += size;
      }
    return better;
  }

  bool leave_out_others() {
    bool better = false;
    for (int clients : {0, 1, 2, 3}) {
      if (best_.without.clients.value_or(4) <= clients) break;
      auto fewer = best_.without;
      fewer.clients = clients;
      if (still_fails(fewer)) better = true;
    }
    for (auto kind : {&reductions::observers, &reductions::spares, &reductions::list_changes,
                      &reductions::survivors}) {
      if (best_.without.*kind) continue;
      auto fewer = best_.without;
      fewer.*kind = true;
      if (still_fails(fewer)) better = true;
    }
    return better;
  }

  const try_life& attempt_;
  const std::function<bool()>& may_go_on_;
  const on_shorter& tell_;
  shrunk best_;
  std::string kind_;
};

std::string numbers_text(const std::set<unsigned>& numbers) {
  std::string out;
  for (auto at = numbers.begin(); at != numbers.end();) {
    auto first = *at, last = first;
    while (++at != numbers.end() && *at == last + 1) ++last;
    out += (out.empty() ? "" : ",") + std::to_string(first);
    if (last > first) out += "-" + std::to_string(last);
  }
  return out;
}

}  // namespace

shrunk shrink(const try_life& attempt, const std::function<bool()>& may_go_on,
              const on_shorter& tell) {
  return search{attempt, may_go_on, tell}.run();
}

std::string options_text(const reductions& without) {
  std::string out;
  if (without.chaos) {
    char seconds[32];
    std::snprintf(seconds, sizeof seconds, "%.6f",
                  static_cast<double>(without.chaos->count()) / 1e6);
    out += std::string(" --chaos ") + seconds;
  }
  if (!without.faults.empty()) out += " --without-faults " + numbers_text(without.faults);
  if (without.clients) out += " --clients " + std::to_string(*without.clients);
  if (without.observers) out += " --no-observers";
  if (without.spares) out += " --no-spares";
  if (without.list_changes) out += " --no-list-changes";
  if (without.survivors) out += " --no-survivors";
  return out;
}

std::optional<std::set<unsigned>> parse_numbers(const std::string& text) {
  std::set<unsigned> out;
  const char* at = text.data();
  const char* end = at + text.size();
  auto number = [&](unsigned& into) {
    auto [next, error] = std::from_chars(at, end, into);
    at = next;
    return error == std::errc{};
  };
  constexpr unsigned number_max = 100'000;
  while (at != end) {
    unsigned first = 0, last = 0;
    if (!number(first)) return std::nullopt;
    last = first;
    if (at != end && *at == '-' && (++at, !number(last))) return std::nullopt;
    if (last < first || last > number_max) return std::nullopt;
    for (auto i = first; i <= last; ++i) out.insert(i);
    if (at != end && *at++ != ',') return std::nullopt;
  }
  return out;
}

}  // namespace troupe::sim
