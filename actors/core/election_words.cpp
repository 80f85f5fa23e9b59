// SPDX-License-Identifier: Apache-2.0
#include "actors/core/election_words.hpp"

#include <algorithm>
#include <optional>

namespace troupe::core {
namespace {

std::string number(server_id id) { return std::to_string(id.value); }
std::string named(server_id id) { return "server " + number(id); }

/// "server 1, server 2 and server 4".
std::string named(const std::vector<server_id>& ids) {
  std::string out;
  for (std::size_t i = 0; i < ids.size(); ++i)
    out += (i == 0 ? "" : i + 1 == ids.size() ? " and " : ", ") + named(ids[i]);
  return out;
}

std::string history_text(const vote& v) {
  return "epoch " + std::to_string(v.peer_epoch.value) + " zxid " + to_string(v.last);
}

/// This server came to a leader that others had. It elected itself with others even if these had
/// settled on it a moment before.
bool has_joined(const election_record& record) {
  return record.why == election_record::ground::settled_quorum &&
         record.result.role != server_state::leading;
}

/// Those of this very election. Whom settled servers named is of another time, as of a leader that
/// has gone since, unless that is what decided.
std::map<server_id, vote> candidates_of(const election_record& record) {
  auto out = record.candidates;
  if (!has_joined(record))
    std::erase_if(out, [&](const auto& x) { return x.second.round != record.result.chosen.round; });
  return out;
}

/// The best of those that did not win and may; nullopt: nobody else was heard of.
std::optional<vote> runner_up(const election_record& record, const quorum& ensemble) {
  std::optional<vote> best;
  for (const auto& [id, v] : candidates_of(record)) {
    if (id == record.result.chosen.leader || ensemble.weight_of(id) == 0) continue;
    if (!best || is_better(v, *best, ensemble)) best = v;
  }
  return best;
}

/// What put `winner` before `second`, in the order in which votes are compared.
std::string advantage(const vote& winner, const vote& second, const quorum& ensemble) {
  const auto rival = named(second.leader);
  if (!is_better(winner, second, ensemble))
    return "a quorum voted for it; the vote for " + rival + " (" + history_text(second) +
           "), which is ahead, came too late";
  if (winner.peer_epoch != second.peer_epoch)
    return "its epoch " + std::to_string(winner.peer_epoch.value) + " is ahead of " +
           std::to_string(second.peer_epoch.value) + " of " + rival;
  if (winner.last != second.last)
    return "its zxid " + to_string(winner.last) + " is ahead of " + to_string(second.last) +
           " of " + rival;
  return "same epoch and zxid, greatest id";
}

std::string ground_text(election_record::ground why) {
  using ground = election_record::ground;
  switch (why) {
    case ground::all_reachable_agreed:
      return "every reachable voter agreed";
    case ground::quorum_after_wait:
      return "a quorum agreed and no better vote came";
    case ground::settled_quorum:
      return "a quorum had settled on it already";
    case ground::none:
      break;
  }
  return "nothing was decided";
}

std::string candidates_text(const std::map<server_id, vote>& candidates) {
  std::string out;
  for (const auto& [id, v] : candidates)
    out += (out.empty() ? "" : ", ") + named(id) + " (" + history_text(v) + ")";
  return out;
}

/// Who had no part in a decision, and why.
std::string absent_text(const election_record& record,
                        const std::map<server_id, std::string>& errors) {
  std::string out;
  auto add = [&out](server_id id, const std::string& why) {
    out += (out.empty() ? "" : ", ") + named(id) + (why.empty() ? "" : " (" + why + ")");
  };
  for (auto id : record.unreachable) {
    const auto found = errors.find(id);
    add(id, found == errors.end() ? std::string{} : found->second);
  }
  for (const auto& [id, why] : record.refused)
    if (!record.unreachable.contains(id))
      add(id, why == refusal::my_own_id ? "claims our id" : "another server list");
  return out;
}

}  // namespace

election_account account_of(const election_record& record, const quorum& ensemble,
                            std::int64_t took_ms, const std::string& at,
                            const std::map<server_id, std::string>& errors) {
  election_account out{{"Last election", outcome_text(record, ensemble)},
                       {"Decided", "after " + std::to_string(took_ms) + " ms" +
                                       (at.empty() ? "" : ", at " + at) + ": " +
                                       ground_text(record.why)},
                       {"Votes", votes_text(record.votes, ensemble)},
                       {"Candidates", candidates_text(candidates_of(record))}};
  if (auto absent = absent_text(record, errors); !absent.empty())
    out.emplace_back("Without", std::move(absent));
  return out;
}

election_account account_of_search(const election_round& round, std::int64_t for_ms) {
  const auto& own = round.proposal();
  election_account out{{"Election under way",
           "for " + std::to_string(for_ms) + " ms; this server " +
               (round.ensemble().is_voter(own.leader)
                    ? "names " + named(own.leader) + " (" + history_text(own) + ")"
                    : "has no vote yet")},
          {"Votes so far", votes_text(round.votes(), round.ensemble())}};
  if (const auto longer = round.missed_for_longer_logs(); !longer.empty())
    out.emplace_back("Not standing",
                     "a quorum of this server's list needs " + servers_text(longer) +
                         ", with more in the log, and not in the list of every server here: "
                         "a server that does not need it may lead, or all need the same list");
  return out;
}

std::string outcome_text(const election_record& record, const quorum& ensemble) {
  using ground = election_record::ground;
  const auto& chosen = record.result.chosen;
  if (record.why == ground::none) return {};
  if (has_joined(record)) {
    std::vector<server_id> said;
    for (const auto& [from, v] : record.votes)
      if (v.by != server_state::looking && v.what.leader == chosen.leader) said.push_back(from);
    return named(chosen.leader) + " was leading already" +
           (said.empty() ? std::string{} : ", as said by " + named(said));
  }
  const auto second = runner_up(record, ensemble);
  return named(chosen.leader) + " won: " +
         (second ? advantage(chosen, *second, ensemble) : "no other candidate was heard of");
}

std::string votes_text(const std::map<server_id, cast_vote>& votes, const quorum& ensemble) {
  std::string out;
  std::vector<server_id> silent;
  for (auto id : ensemble.voters()) {
    const auto found = votes.find(id);
    if (found == votes.end()) {
      silent.push_back(id);
      continue;
    }
    const auto whom = found->second.what.leader;
    out += (out.empty() ? "" : ", ") + named(id) + " for " +
           (whom == id                  ? "itself"
            : ensemble.is_voter(whom) ? number(whom)
                                        : "nobody yet");
  }
  if (!silent.empty()) out += (out.empty() ? "no vote of " : "; no vote of ") + named(silent);
  return out;
}

std::string servers_text(const std::set<server_id>& ids) { return named({ids.begin(), ids.end()}); }

std::string reach_text(const quorum& ensemble, const std::set<server_id>& reachable) {
  const auto there = std::ranges::count_if(
      ensemble.voters(), [&reachable](server_id id) { return reachable.contains(id); });
  auto out = std::to_string(there) + " of " + std::to_string(ensemble.size()) +
             " voters reachable, ";
  if (!ensemble.is_hierarchical() && !ensemble.is_joint())
    return out + std::to_string(ensemble.size() / 2 + 1) + " needed";
  return out + (ensemble.has_quorum(reachable) ? "a quorum" : "no quorum") +
         (ensemble.is_joint() ? " of the present and the next list" : " by groups and weights");
}

}  // namespace troupe::core
