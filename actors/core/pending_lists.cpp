// SPDX-License-Identifier: Apache-2.0
#include "actors/core/pending_lists.hpp"

#include <algorithm>
#include <tuple>

#include "actors/core/election_words.hpp"
#include "actors/core/mutants.hpp"

namespace troupe::core {

std::set<server_id> pending_lists::holders_of(zxid list) const {
  std::set<server_id> out;
  for (const auto& [id, log] : told_)
    if (log.list == list) out.insert(id);
  return out;
}

std::set<server_id> pending_lists::without(zxid list) const {
  std::set<server_id> out;
  for (const auto& [id, log] : told_)
    if (log.list != list) out.insert(id);
  return out;
}

std::set<server_id> pending_lists::not_ahead_of(const told_log& log) const {
  std::set<server_id> out;
  for (const auto& [id, other] : told_)
    if (std::tie(other.current, other.last) <= std::tie(log.current, log.last)) out.insert(id);
  return out;
}

bool pending_lists::is_disproved(zxid list, const quorum& present) const {
  if (mutated(mutant::orphan_list_blocks)) return false;
  if (mutated(mutant::orphan_list_dropped_unproved)) return true;
  return std::ranges::any_of(told_, [&](const auto& x) {
    const auto& [id, log] = x;
    return log.list != list && present.weight_of(id) > 0 && present.has_quorum(not_ahead_of(log));
  });
}

bool pending_lists::should_give_way(zxid list, const quorum& present,
                                    std::int64_t searched_ms) const {
  if (searched_ms < stand_by_list_ms || !is_disproved(list, present)) return false;
  return (searched_ms - stand_by_list_ms) % (give_way_ms + stand_by_list_ms) < give_way_ms;
}

std::string text_of(const pending_lists& told, const pending_list_words& w) {
  const auto out =
      "version " + to_string(w.list) + ", in the log of " + servers_text(told.holders_of(w.list));
  if (told.is_disproved(w.list, w.present))
    return out + ", was not committed: " + servers_text(told.without(w.list)) +
           " can decide without it";
  return out + " and not known to be committed; a leader needs a quorum of the present list (" +
         reach_text(w.present, w.reachable) + ") and one of this list (" +
         reach_text(w.next, w.reachable) + ")";
}

}  // namespace troupe::core
