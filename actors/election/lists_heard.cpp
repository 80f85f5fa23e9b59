// SPDX-License-Identifier: Apache-2.0
#include "actors/election/lists_heard.hpp"

#include <algorithm>
#include <utility>

#include "actors/base/ensemble.hpp"
#include "actors/core/election_round.hpp"

namespace troupe {
namespace {

using kind = election_status::differing_list::kind;

constexpr std::size_t lines_told_max = 4;  // of one sender
/// Who changes its text without end fills no log.
constexpr auto said_again_after = std::chrono::seconds{10};

const char* event_of(kind what) {
  switch (what) {
    case kind::under_change:
      return "server_list_under_change";
    case kind::addresses:
      return "server_address_differs";
    case kind::refused:
      break;
  }
  return "server_list_differs";
}

}  // namespace

void lists_heard::compare_with(membership_ptr ours) {
  ours_ = std::move(ours);
  our_lines_ = config::told_lines(*ours_);
  heard_.clear();
}

std::optional<core::quorum> lists_heard::note(const telling& x, const log::logger& to) {
  if (x.lines == our_lines_) {
    forget(x.from);
    return std::nullopt;
  }
  auto known = heard_.find(x.from);
  if (known != heard_.end() && known->second.lines == x.lines) return known->second.list;
  heard now;
  now.lines = x.lines;
  if (const auto list = read_membership(x.lines)) {
    now.difference = config::compare(*ours_, *list);
    now.has_us = list->find(x.me) != nullptr;
    now.what = now.difference.of_quorums ? kind::refused : kind::addresses;
    if (now.difference.of_quorums) {
      now.list = quorum_of(*list, x.from);
      if (x.only_files_say && now.list->overlaps(quorum_of(*ours_, x.me)))
        now.what = kind::under_change;
    }
  } else {
    now.difference = {true, {{"", "nothing that can be read"}}};
  }
  if (known == heard_.end() && heard_.size() >= core::refused_senders_max) return now.list;
  now.said = known == heard_.end() ? std::nullopt : known->second.said;
  if (!now.said || x.now - *now.said >= said_again_after) {
    tell(x.from, now, to);
    now.said = x.now;
  }
  return heard_.insert_or_assign(x.from, std::move(now)).first->second.list;
}

void lists_heard::tell(server_id from, const heard& x, const log::logger& to) const {
  const auto& lines = x.difference.lines;
  for (std::size_t i = 0; i < std::min(lines.size(), lines_told_max); ++i)
    to.warn(event_of(x.what),
            {{"peer", from.value}, {"ours", lines[i].ours}, {"theirs", lines[i].theirs}});
  if (!x.has_us) to.warn("server_not_listed", {{"peer", from.value}});
}

std::vector<election_status::differing_list> lists_heard::differing() const {
  std::vector<election_status::differing_list> out;
  for (const auto& [from, x] : heard_)
    for (std::size_t i = 0; i < std::min(x.difference.lines.size(), lines_told_max); ++i)
      out.push_back({from, x.difference.lines[i].ours, x.difference.lines[i].theirs, x.what});
  return out;
}

std::vector<server_id> lists_heard::without_us() const {
  std::vector<server_id> out;
  for (const auto& [from, x] : heard_)
    if (!x.has_us) out.push_back(from);
  return out;
}

}  // namespace troupe
