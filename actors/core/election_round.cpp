// SPDX-License-Identifier: Apache-2.0
#include "actors/core/election_round.hpp"

#include <algorithm>
#include <cassert>
#include <limits>
#include <utility>

#include "actors/core/mutants.hpp"

namespace troupe::core {
namespace {

using timer = election_effects::timer;

constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
/// Of who does not stand for election: any candidate is better.
constexpr vote nobody{{lowest}, {lowest}, {lowest}, {}};
/// The zxid of a database that was emptied and may not be trusted with a vote.
constexpr zxid untrusted{-1};

std::set<server_id> supporters_of(const cast_vote& v, const std::map<server_id, cast_vote>& votes) {
  std::set<server_id> out;
  for (const auto& [from, theirs] : votes)
    if (agree(theirs, v)) out.insert(from);
  return out;
}

/// The broadcast reaches every voter, so no voter needs an answer beside it.
election_effects tidy(election_effects out, const quorum& ensemble) {
  auto& to = out.answer_to;
  if (out.broadcast) std::erase_if(to, [&](server_id id) { return ensemble.is_voter(id); });
  std::sort(to.begin(), to.end());
  to.erase(std::unique(to.begin(), to.end()), to.end());
  return out;
}

}  // namespace

const char* to_string(election_record::ground g) {
  switch (g) {
    case election_record::ground::none:
      return "none";
    case election_record::ground::all_reachable_agreed:
      return "all_reachable_agreed";
    case election_record::ground::quorum_after_wait:
      return "quorum_after_wait";
    case election_record::ground::settled_quorum:
      return "settled_quorum";
  }
  return "unknown";
}

election_round::election_round(server_id me, quorum ensemble, std::uint64_t server_list_digest)
    : me_(me), ensemble_(std::move(ensemble)), digest_(server_list_digest) {}

void election_round::reconfigure(quorum ensemble, std::uint64_t server_list_digest, zxid version,
                                 bool by_version) {
  ensemble_ = std::move(ensemble);
  digest_ = server_list_digest;
  version_ = version;
  by_version_ = by_version;
  refused_.clear();
  other_lists_.clear();
  told_logs_.clear();
}

election_effects election_round::start(zxid last, epoch current, standing how) {
  active_ = true;
  state_ = server_state::looking;
  ++round_.value;
  own_last_ = last;
  own_epoch_ = current;
  how_ = how;
  leaves_it_to_others_ = !missed_for_longer_logs().empty();
  own_ = candidacy();
  withheld_.reset();
  heard_ = {me_};
  if (own_ != nobody && last != untrusted && how == standing::once_heard)
    withheld_ = std::exchange(own_, nobody);
  interval_ms_ = notification_interval_min_ms;
  received_.clear();
  out_of_election_.clear();
  candidates_.clear();
  finalizing_ = false;
  election_effects out{.broadcast = true, .finalize = timer::stop};
  propose(own_, out);
  stand_once_heard(out);
  judge(out);
  return tidy(std::move(out), ensemble_);
}

/// This server as its own candidate in this round; nobody if it may not be one.
vote election_round::candidacy() const {
  const bool may_stand = ensemble_.is_voter(me_) && may_be_elected(me_) &&
                         how_ != standing::for_others && !leaves_it_to_others_;
  const bool says_who_it_is = ensemble_.is_voter(me_) && own_last_ == untrusted;  // and never votes
  return may_stand || says_who_it_is ? vote{me_, own_last_, own_epoch_, round_} : nobody;
}

/// Others may be elected than before: the best of them that this round has heard of. A vote that is
/// taken back within its round may be counted by somebody yet, as that of a server which has died
/// since; who is elected by it finds no quorum to promise it an epoch.
void election_round::reconsider(election_effects& out) {
  if (!withheld_) own_ = candidacy();
  auto best = own_;
  for (const auto& [from, cast] : received_)
    if (from != me_ && may_be_elected(cast.what.leader) && is_better(cast.what, best, ensemble_))
      best = cast.what;
  if (best.leader != proposal_.leader) {
    propose(best, out);
    out.broadcast = true;
  }
  judge(out);
}

election_effects election_round::on_notification(const notification& n) {
  election_effects out;
  if (n.from == me_) {
    refuse(n, refusal::my_own_id, out);
  } else if (!accepts_list_of(n)) {
    refuse(n, refusal::other_server_list, out);
  } else {
    note_list(n, out);
    if (ensemble_.is_voter(n.from)) told_logs_[n.from] = n.own;
    if (!out.decided) on_vote(n, out);
    weigh_longer_logs(out);
  }
  return tidy(std::move(out), ensemble_);
}

bool election_round::accepts_list_of(const notification& n) const {
  if (n.server_list_digest == digest_) return true;
  if (by_version_) return n.membership_version != version_;
  if (!n.list || !n.list->overlaps(ensemble_)) return false;
  const bool is_known = other_lists_.contains(n.from);
  if (!is_known && other_lists_.size() >= refused_senders_max) return false;
  return std::ranges::all_of(other_lists_, [&](const auto& other) {
    return other.first == n.from || other.second.overlaps(*n.list);
  });
}

/// Who may be elected depends on the lists that are about.
void election_round::note_list(const notification& n, election_effects& out) {
  if (by_version_) return;
  const auto before = electable();
  const auto known = other_lists_.find(n.from);
  if (n.server_list_digest == digest_) {
    if (known == other_lists_.end()) return;
    other_lists_.erase(known);
  } else {
    if (known != other_lists_.end() && known->second == *n.list) return;
    other_lists_.insert_or_assign(n.from, *n.list);
  }
  if (is_looking() && electable() != before) reconsider(out);
}

/// A stranger is told what we think all the same, for it has no other way to learn why nobody hears
/// it; one of ours hears us anyway, and the two would go on answering each other.
void election_round::refuse(const notification& n, refusal why, election_effects& out) {
  const auto from = n.from;
  out.refused = refused_sender{from, why};
  if (refused_.size() < refused_senders_max || refused_.contains(from)) refused_[from] = why;
  if (from == me_) return;
  looking_.erase(from);
  received_.erase(from);
  out_of_election_.erase(from);
  other_lists_.erase(from);
  if (active_ && n.state == server_state::looking && !ensemble_.is_voter(from))
    out.answer_to.push_back(from);
  if (is_looking()) judge(out);
}

void election_round::on_vote(const notification& n, election_effects& out) {
  refused_.erase(n.from);
  if (!active_ || !is_known(n.state)) return;
  const bool asks = n.state == server_state::looking;
  if (asks)
    looking_.insert(n.from);
  else
    looking_.erase(n.from);

  if (!ensemble_.is_voter(n.from)) {
    // An observer, or a stranger who wants to join, is told what we think, settled or not, and
    // never counted. One whose list is older than ours is told by anybody who knows better.
    if (asks && (ensemble_.is_voter(me_) || n.membership_version < version_))
      out.answer_to = {n.from};
  } else if (!is_looking()) {
    // A vote is worth hearing only from a voter.
    if (asks && (ensemble_.is_voter(me_) || n.membership_version < version_))
      out.answer_to = {n.from};
    if (asks) looking_.erase(n.from);
  } else {
    on_vote_of_voter(n, out);
  }
}

void election_round::on_vote_of_voter(const notification& n, election_effects& out) {
  heard_.insert(n.from);
  const bool stands_now = stand_once_heard(out);
  const bool names_voter = ensemble_.is_voter(n.proposed.leader);
  if (n.state == server_state::looking) {
    if (may_be_elected(n.proposed.leader) || n.proposed.leader == nobody.leader)
      on_vote_of_looking(n, out);
  } else if (names_voter && n.state != server_state::observing) {
    on_vote_of_settled(n, out);
  }
  if (stands_now && is_looking()) judge(out);
}

void election_round::on_vote_of_looking(const notification& n, election_effects& out) {
  if (n.proposed.round < round_) {
    // It lags, and a voter's round pulls it along. An observer's would not: the two would go on
    // answering each other.
    if (ensemble_.is_voter(me_)) out.answer_to.push_back(n.from);
    return;
  }
  if (own_.last == untrusted || n.proposed.last == untrusted) return;
  note_candidate(n.proposed);
  if (n.proposed.round > round_) {
    round_ = n.proposed.round;
    received_.clear();
    const bool takes_theirs = !withheld_ && is_better(n.proposed, own_, ensemble_);
    propose(takes_theirs ? n.proposed : own_, out);
    out.broadcast = true;
  } else if (!withheld_ && is_better(n.proposed, proposal_, ensemble_)) {
    propose(n.proposed, out);
    out.broadcast = true;
  } else if (ensemble_.is_voter(me_) && is_better(proposal_, n.proposed, ensemble_)) {
    out.answer_to.push_back(n.from);  // it began to look after we had said this
  }
  received_[n.from] = {n.proposed, n.state};
  judge(out);
}

void election_round::on_vote_of_settled(const notification& n, election_effects& out) {
  using ground = election_record::ground;
  const cast_vote theirs{n.proposed, n.state};
  const auto leader = n.proposed.leader;
  note_candidate(n.proposed);
  if (mutated(mutant::any_leader_followed) && n.from == leader)
    return decide(n.proposed, ground::settled_quorum, out_of_election_, out);
  if (n.proposed.round == round_) {
    received_[n.from] = theirs;
    if (is_led(theirs, received_) && leader_confirms(n.proposed, received_))
      return decide(n.proposed, ground::settled_quorum, received_, out);
  }
  out_of_election_[n.from] = theirs;
  if (is_led(theirs, out_of_election_) && leader_confirms(n.proposed, out_of_election_)) {
    round_ = n.proposed.round;
    return decide(n.proposed, ground::settled_quorum, out_of_election_, out);
  }
  judge(out);
}

election_effects election_round::on_silence() {
  if (!is_looking()) return {};
  interval_ms_ = std::min(interval_ms_ * 2, notification_interval_max_ms);
  return {.broadcast = true};
}

election_effects election_round::on_finalize_timeout() {
  election_effects out;
  if (!is_looking() || !std::exchange(finalizing_, false)) return out;
  // Whoever had a better vote has changed ours by now, and so stopped this timer.
  decide(proposal_, election_record::ground::quorum_after_wait, received_, out);
  return tidy(std::move(out), ensemble_);
}

election_effects election_round::on_reachable(server_id server) {
  const auto before = electable();
  unreachable_.erase(server);
  election_effects out;
  if (!is_looking()) return out;
  if (ensemble_.is_voter(server) && server != me_) out.answer_to = {server};
  if (electable() != before) reconsider(out);
  weigh_longer_logs(out);
  return tidy(std::move(out), ensemble_);
}

election_effects election_round::on_unreachable(server_id server) {
  const auto before = electable();
  if (ensemble_.is_voter(server) || ensemble_.is_observer(server))
    unreachable_.insert(server);
  else
    other_lists_.erase(server);  // a stranger's, who may be gone for good
  looking_.erase(server);
  election_effects out;
  if (is_looking()) electable() != before ? reconsider(out) : judge(out);
  weigh_longer_logs(out);
  return tidy(std::move(out), ensemble_);
}

election_effects election_round::settle(server_state role, const vote& on) {
  assert(role != server_state::looking);
  active_ = true;
  state_ = role;
  proposal_ = on;
  round_ = std::max(round_, on.round);
  election_effects out;
  if (std::exchange(finalizing_, false)) out.finalize = timer::stop;
  if (ensemble_.is_voter(me_)) out.answer_to.assign(looking_.begin(), looking_.end());
  looking_.clear();
  return out;
}

void election_round::resign() {
  active_ = false;
  state_ = server_state::looking;
  finalizing_ = false;
}

notification election_round::mine() const { return {me_, state_, proposal_, digest_, version_}; }

/// True: from now on this server has a vote of its own.
bool election_round::stand_once_heard(election_effects& out) {
  if (!withheld_ || !ensemble_.has_quorum(heard_)) return false;
  own_ = *std::exchange(withheld_, std::nullopt);
  if (!may_be_elected(me_)) own_ = nobody;
  propose(own_, out);
  out.broadcast = true;
  return true;
}

/// Ends the election, waits for a better vote, or stops waiting, as the votes now stand.
void election_round::judge(election_effects& out) {
  if (!has_quorum_for({proposal_}, received_)) {
    if (std::exchange(finalizing_, false)) out.finalize = timer::stop;
  } else if (everyone_reachable_agrees()) {
    decide(proposal_, election_record::ground::all_reachable_agreed, received_, out);
  } else if (!std::exchange(finalizing_, true)) {
    out.finalize = timer::start;
  }
}

void election_round::decide(const vote& v, election_record::ground why,
                            const std::map<server_id, cast_vote>& votes, election_effects& out) {
  const auto learning = ensemble_.is_voter(me_) ? server_state::following : server_state::observing;
  const auto role = v.leader == me_ ? server_state::leading : learning;
  record_ = {why, {v, role}, candidates_, votes, unreachable_, refused_};
  finalizing_ = false;
  auto told = settle(role, v);
  out.finalize = timer::stop;
  out.decided = record_.result;
  out.answer_to.insert(out.answer_to.end(), told.answer_to.begin(), told.answer_to.end());
}

/// From now on this server says `v`, in its own round. A wait for something better than the last
/// proposal is over: judge() starts another.
void election_round::propose(const vote& v, election_effects& out) {
  proposal_ = v;
  proposal_.round = round_;
  if (std::exchange(finalizing_, false)) out.finalize = timer::stop;
  note_candidate(proposal_);
  if (ensemble_.is_voter(me_) && own_.last != untrusted)
    received_[me_] = {proposal_, server_state::looking};
}

void election_round::note_candidate(const vote& v) {
  if (ensemble_.is_voter(v.leader)) candidates_[v.leader] = v;
}

bool election_round::has_quorum_for(const cast_vote& v,
                                    const std::map<server_id, cast_vote>& votes) const {
  return ensemble_.is_voter(v.what.leader) && ensemble_.has_quorum(supporters_of(v, votes));
}

/// Settled servers were elected by the list that was in force; a newer one of which our log alone
/// knows may have come to nothing. A leader goes by its own list, and so may who only follows it.
bool election_round::is_led(const cast_vote& v, const std::map<server_id, cast_vote>& votes) const {
  const auto supporters = supporters_of(v, votes);
  if (ensemble_.has_either_quorum(supporters)) return true;
  const auto theirs = other_lists_.find(v.what.leader);
  return v.what.leader != me_ && theirs != other_lists_.end() &&
         theirs->second.has_quorum(supporters);
}

bool election_round::may_be_elected(server_id id) const {
  return ensemble_.is_voter(id) && std::ranges::all_of(other_lists_, [&](const auto& other) {
           const bool has_a_say =
               ensemble_.is_voter(other.first) && !unreachable_.contains(other.first);
           return !has_a_say || other.second.is_voter(id);
         });
}

/// Two lists overlap, so what such a log has more is in that of a voter here if it is committed:
/// who leads by the other list, with a quorum of which none is ahead of it, has all of it.
std::set<server_id> election_round::missed_for_longer_logs() const {
  if (other_lists_.empty() || mutated(mutant::longer_log_of_an_unlisted_blocks)) return {};
  std::set<server_id> there, ahead;
  for (auto id : ensemble_.voters()) {
    if (unreachable_.contains(id)) continue;
    there.insert(id);
    const auto told = told_logs_.find(id);
    if (id != me_ && told != told_logs_.end() && told->second > log_end{own_epoch_, own_last_} &&
        !may_be_elected(id))
      ahead.insert(id);
  }
  auto without = there;
  for (auto id : ahead) without.erase(id);
  return ensemble_.has_quorum(there) && !ensemble_.has_quorum(without) ? ahead
                                                                       : std::set<server_id>{};
}

/// In a new round, in which no vote for this server of before counts.
void election_round::weigh_longer_logs(election_effects& out) {
  if (!is_looking() || missed_for_longer_logs().empty() != leaves_it_to_others_) return;
  auto again = start(own_last_, own_epoch_, how_);
  again.refused = out.refused;
  again.answer_to.insert(again.answer_to.end(), out.answer_to.begin(), out.answer_to.end());
  out = std::move(again);
}

std::set<server_id> election_round::electable() const {
  std::set<server_id> out;
  for (auto id : ensemble_.voters())
    if (may_be_elected(id)) out.insert(id);
  return out;
}

/// FastLeaderElection.checkLeader: followers may go on naming a leader that has crashed, so the
/// leader itself must have said that it leads. We do not lead on the word of an older round, nor
/// for what we held in an earlier life and hold no more.
bool election_round::leader_confirms(const vote& v,
                                     const std::map<server_id, cast_vote>& votes) const {
  if (v.leader == me_) return v.round == round_ && own_.last != untrusted && v.last <= own_.last;
  auto it = votes.find(v.leader);
  return it != votes.end() && it->second.by == server_state::leading;
}

bool election_round::everyone_reachable_agrees() const {
  const auto& voters = ensemble_.voters();
  return std::all_of(voters.begin(), voters.end(), [this](server_id id) {
    if (unreachable_.contains(id) || refused_.contains(id)) return true;
    auto it = received_.find(id);
    return it != received_.end() && agree(it->second, {proposal_});
  });
}

}  // namespace troupe::core
