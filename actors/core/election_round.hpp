// SPDX-License-Identifier: Apache-2.0
/// FastLeaderElection as a value: notifications, reachability and timeouts go in, effects come out.
/// It lives as long as its server: while the server is looking it elects, and while it is settled
/// it tells those who look what it settled on.
///
/// Five things differ from ZooKeeper. The first four do not change who may be elected:
/// - The election ends at once when every voter that may be reachable has voted the same; the wait
///   for a better vote is only for those who have not. It is one wait, not one after each message.
/// - A voter that hears a worse vote in its own round answers it: the sender may have begun to look
///   too late to hear ours, and would else learn it only when we repeat ourselves.
/// - A server that settles says so to everyone it last heard looking, instead of being asked.
/// - A leader whose term is over gives no vote before it has heard a quorum. One that is heard and
///   hears nobody would else be elected again for its history, and waited for until initLimit.
/// - Where files alone say who the servers are, they change one restart at a time, and meanwhile
///   servers have different lists. A sender's is accepted if every quorum of it shares a server
///   with every quorum of ours and of the others that are accepted: then no two leaders that go by
///   different ones of these lists can both be established, whoever voted for them by whatever
///   list. Any other list is refused. While lists differ, only who is a voter of all of them is
///   elected, so that everybody has an address for it; and who only follows may trust a quorum of
///   the list by which the leader leads. One that is kept from it by that and has the longest log
///   promises an epoch to nobody. So who could not lead by its own list without its promise does
///   not stand, and leaves it to those by whose list it is not needed.
///
/// Invariant: a vote counts only if its sender and its leader are voters, and the sender's list is
/// ours, or accepted beside ours, or of another version. While looking, `round()` only grows; it
/// becomes the ensemble's when this server joins one that is settled. Units: ms.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "actors/core/quorum.hpp"
#include "actors/core/vote.hpp"
#include "messages/ids.hpp"

namespace troupe::core {

inline constexpr std::int64_t notification_interval_min_ms = 200;
/// ZooKeeper backs off to 60 s, and so finds a healed network late.
inline constexpr std::int64_t notification_interval_max_ms = 2'000;
inline constexpr std::int64_t finalize_wait_ms = 200;
inline constexpr std::size_t refused_senders_max = 255;

/// Where a server's log ends, in the order by which one is ahead of another.
struct log_end {
  epoch current;
  zxid last;
  friend auto operator<=>(const log_end&, const log_end&) = default;
};

/// What one server tells another about its vote. The round is that of the vote.
struct notification {
  server_id from;
  server_state state = server_state::looking;
  vote proposed;
  std::uint64_t server_list_digest = 0;       // of what decides in the sender's list
  zxid membership_version;                    // of the list with that digest
  std::optional<quorum> list = std::nullopt;  // the sender's, where it is known not to be ours
  log_end own{};                              // the sender's log
  friend bool operator==(const notification&, const notification&) = default;
};

struct election_result {
  vote chosen;
  server_state role = server_state::looking;  // leading, following or observing
};

/// When a server gives its vote in a search, and for whom.
enum class standing {
  at_once,
  once_heard,  // for nobody before a quorum was heard in this search
  for_others,  // a voter of a list only that its log does not hold
};

/// Why a sender's words are not counted, whatever they are.
enum class refusal { other_server_list, my_own_id };

struct refused_sender {
  server_id from;
  refusal why = refusal::other_server_list;
};

/// What the caller does next, in this order: send, set the timer, tell who asked for a leader.
struct election_effects {
  enum class timer { unchanged, start, stop };

  bool broadcast = false;             // send mine() to every other voter
  std::vector<server_id> answer_to;   // send mine() to these; ascending
  timer finalize = timer::unchanged;  // one timer of finalize_wait_ms; `start` restarts it
  std::optional<election_result> decided;
  std::optional<refused_sender> refused;
};

/// Why this leader: what the last election of this server was decided on.
struct election_record {
  enum class ground {
    none,                  // nothing decided yet
    all_reachable_agreed,  // every voter that may be reachable had voted the same
    quorum_after_wait,     // a quorum had, and nobody came with a better vote in finalize_wait_ms
    settled_quorum,        // a quorum was already led by it
  };
  ground why = ground::none;
  election_result result;
  std::map<server_id, vote> candidates;  // by the leader proposed, as last seen
  std::map<server_id, cast_vote> votes;  // by voter, of those that were counted
  std::set<server_id> unreachable;       // voters, when it was decided
  std::map<server_id, refusal> refused;  // when it was decided
};
[[nodiscard]] const char* to_string(election_record::ground g);

class election_round {
 public:
  election_round() = default;
  election_round(server_id me, quorum ensemble, std::uint64_t server_list_digest);
  /// Other servers decide from now on. While looking, start() has to follow. With `by_version` a
  /// list of another version is no reason to refuse its sender.
  void reconfigure(quorum ensemble, std::uint64_t server_list_digest, zxid version,
                   bool by_version);

  /// Looks for a leader, in a new round, with this server's own last logged zxid and current epoch.
  [[nodiscard]] election_effects start(zxid last, epoch current, standing how = standing::at_once);
  [[nodiscard]] election_effects on_notification(const notification& n);
  /// Nothing was heard for notification_interval_ms(). Doubles the interval.
  [[nodiscard]] election_effects on_silence();
  [[nodiscard]] election_effects on_finalize_timeout();
  /// A way to `server` exists now: it is told our vote.
  [[nodiscard]] election_effects on_reachable(server_id server);
  /// There is no way to `server` now. Nobody waits for its vote, but what it voted still counts.
  [[nodiscard]] election_effects on_unreachable(server_id server);
  /// The role's word on what we are, for those who look: the new epoch once it is known
  /// (QuorumPeer.updateElectionVote), or a role that was not elected here. Ends looking.
  [[nodiscard]] election_effects settle(server_state role, const vote& on);

  /// The role is over and start() is yet to come: until then nobody is told of the old vote.
  void resign();

  /// What this server says now, but for where its log ends; meaningful once started or settled.
  [[nodiscard]] notification mine() const;
  [[nodiscard]] server_state state() const { return state_; }
  [[nodiscard]] bool is_looking() const { return active_ && state_ == server_state::looking; }
  [[nodiscard]] election_round_number round() const { return round_; }
  /// The vote proposed while looking, the vote settled on otherwise.
  [[nodiscard]] const vote& proposal() const { return proposal_; }
  [[nodiscard]] std::int64_t notification_interval_ms() const { return interval_ms_; }
  [[nodiscard]] const std::set<server_id>& unreachable() const { return unreachable_; }
  /// Who is refused now, and why, until a notification of theirs is acceptable; at most
  /// refused_senders_max are remembered.
  [[nodiscard]] const std::map<server_id, refusal>& refused() const { return refused_; }
  [[nodiscard]] const election_record& last_decision() const { return record_; }
  /// By voter, those of this round that count so far.
  [[nodiscard]] const std::map<server_id, cast_vote>& votes() const { return received_; }
  [[nodiscard]] const quorum& ensemble() const { return ensemble_; }
  /// Lists that are not ours and are accepted beside it, by who goes by them.
  [[nodiscard]] const std::map<server_id, quorum>& other_lists() const { return other_lists_; }
  /// By the list of every voter that may be reachable: what others could not follow gets no votes
  /// of theirs.
  [[nodiscard]] bool may_be_elected(server_id id) const;
  /// Voters that may not be elected, whose logs are ahead of this server's, and without whom there
  /// would be no quorum for it: it does not stand. Empty: it may.
  [[nodiscard]] std::set<server_id> missed_for_longer_logs() const;

 private:
  void refuse(const notification& n, refusal why, election_effects& out);
  [[nodiscard]] bool accepts_list_of(const notification& n) const;
  void note_list(const notification& n, election_effects& out);
  void reconsider(election_effects& out);
  [[nodiscard]] vote candidacy() const;
  [[nodiscard]] std::set<server_id> electable() const;
  void weigh_longer_logs(election_effects& out);
  void on_vote(const notification& n, election_effects& out);
  void on_vote_of_voter(const notification& n, election_effects& out);
  void on_vote_of_looking(const notification& n, election_effects& out);
  void on_vote_of_settled(const notification& n, election_effects& out);
  bool stand_once_heard(election_effects& out);
  void judge(election_effects& out);
  void decide(const vote& v, election_record::ground why,
              const std::map<server_id, cast_vote>& votes, election_effects& out);
  void propose(const vote& v, election_effects& out);
  void note_candidate(const vote& v);
  [[nodiscard]] bool has_quorum_for(const cast_vote& v,
                                    const std::map<server_id, cast_vote>& votes) const;
  [[nodiscard]] bool is_led(const cast_vote& v, const std::map<server_id, cast_vote>& votes) const;
  [[nodiscard]] bool leader_confirms(const vote& v,
                                     const std::map<server_id, cast_vote>& votes) const;
  [[nodiscard]] bool everyone_reachable_agrees() const;

  server_id me_;
  quorum ensemble_;
  std::uint64_t digest_ = 0;
  zxid version_;
  bool by_version_ = false;

  std::map<server_id, quorum> other_lists_;  // at most refused_senders_max
  std::map<server_id, log_end> told_logs_;   // of voters, as last heard

  bool active_ = false;  // false before the first start() or settle(), and between roles
  server_state state_ = server_state::looking;
  election_round_number round_;
  zxid own_last_;  // what start() was given
  epoch own_epoch_;
  standing how_ = standing::at_once;
  vote own_;  // this server as its own candidate; nobody while it does not stand
  bool leaves_it_to_others_ = false;  // for the longer logs that it would miss
  std::optional<vote> withheld_;  // what own_ will be once a quorum was heard
  std::set<server_id> heard_;     // voters, in this search, while own_ is withheld
  vote proposal_;                 // see proposal()
  std::int64_t interval_ms_ = notification_interval_min_ms;
  bool finalizing_ = false;  // a quorum agrees and the finalize timer runs

  std::map<server_id, cast_vote> received_;         // votes of this round
  std::map<server_id, cast_vote> out_of_election_;  // votes of settled servers, of any round
  std::map<server_id, vote> candidates_;
  std::set<server_id> looking_;  // who was last heard looking, and not answered since we settled
  std::set<server_id> unreachable_;
  std::map<server_id, refusal> refused_;
  election_record record_;
};

}  // namespace troupe::core
