// SPDX-License-Identifier: Apache-2.0
#include "actors/peer/peer.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/base/error_text.hpp"
#include "actors/core/epoch_bounds.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/discovery.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/peer/parts.hpp"
#include "actors/trace/traced.hpp"
#include "config/list_difference.hpp"
#include "config/server_line.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using namespace peer_parts;
using self_ptr = peer_ptr;
using namespace std::chrono_literals;
using std::chrono::milliseconds;

/// A server looks for a leader this long, or for a tick if that is longer, before it serves reads
/// without one (QuorumPeer.run).
constexpr milliseconds read_only_grace = 2s;
/// The zxid of one that may follow whom the others elect and has no vote (ZOOKEEPER-3243).
constexpr zxid no_candidate{-1};
/// After an election that failed.
constexpr auto election_retry_delay = 1s;
/// A server that cannot follow the leader it finds (it has promised a later epoch, say) would ask
/// and be refused as fast as it can.
constexpr auto fruitless_term = 200ms;
constexpr auto term_retry_delay = 100ms;
constexpr std::chrono::milliseconds term_retry_delay_max = 2s;

milliseconds reads_after(self_ptr self) {
  return std::max(read_only_grace, milliseconds{self->state.options.context->config.tick_ms});
}

/// No election takes so long: a server that reads its tree anew for its readers' sake keeps none
/// waiting.
milliseconds reread_after(self_ptr self) {
  return milliseconds{self->state.options.context->config.init_limit_ms()};
}

void looking(self_ptr self, std::string reason) {
  auto& st = self->state.status;
  st.state = server_state::looking;
  st.serving = false;
  st.phase.clear();
  st.leader.reset();
  st.reason = std::move(reason);
  self->send(self->state.options.election, role_taken{server_state::looking, {}});
}

/// These are the servers from now on.
void take_over(self_ptr self, const membership_ptr& list) {
  auto& s = self->state;
  if (list->version <= s.members->committed->version) return;
  auto me = s.options.context->me;
  const auto* was = s.members->committed->find(me);
  const auto* is = list->find(me);
  auto place = [](const config::server_entry& x) {
    return std::tie(x.host, x.peer_port, x.election_port, x.client_address, x.client_port);
  };
  const auto& context = *s.options.context;
  if (is != nullptr && was != nullptr && place(*was) != place(*is) && context.moved)
    context.moved(*is);
  s.members = config::with_committed(*s.members, list);
  self->send(s.options.database, know_membership{list});
}

/// One term of whatever role was elected, from its first to its last word.
coro::task<role_ended> play_role(self_ptr self, term now, server_id me) {
  auto& s = self->state;
  s.endings.clear();
  s.last_word = {};
  auto& st = s.status;
  st.leader = now.leader;
  st.phase = "discovery";
  st.reason =
      "following the election: synchronizing with server " + std::to_string(now.leader.value);
  auto sink = caf::actor_cast<role_sink>(self);
  if (now.leader == me) {
    st.state = server_state::leading;
    st.reason = "elected: waiting for a quorum of followers";
    self->send(s.options.election, role_taken{st.state, {}});
    s.leading = s.options.make_leader(self, now, sink);
    self->monitor(s.leading);
    s.role = s.leading.address();
  } else {
    st.state = now.observes ? server_state::observing : server_state::following;
    self->send(s.options.election, role_taken{st.state, {}});
    auto role = s.options.make_learner(self, now, sink);
    self->monitor(role);
    s.role = role.address();
  }
  // Only its down message tells that a role is over: what it sent to the journal is there by then.
  auto ending = s.endings.next();
  auto over = co_await ending;
  s.role = nullptr;
  s.leading = nullptr;
  self->send(s.options.database, stop_serving{});
  co_return over;
}

/// The peer's life.
coro::task<> run(self_ptr self) {
  auto& s = self->state;
  auto me = s.options.context->me;
  auto loading = load_from_disk(self);
  co_await loading;
  // The tree may hold what is not known to be committed, of a term that was not established.
  bool may_reread = false;
  int fruitless = 0;     // terms in a row that were over at once
  bool has_led = false;  // in the last term
  for (std::string reason = "no leader yet";;) {
    looking(self, reason);
    if (fruitless > 1) {
      auto pause = coro::sleep(self, std::min(fruitless * term_retry_delay, term_retry_delay_max));
      co_await pause;
    }
    auto settling = settle_history(self);
    auto history = co_await settling;
    if (!history) {
      auto reloading = load_from_disk(self);
      co_await reloading;
      ++fruitless;
      continue;
    }
    s.options.context->log.info(
        "looking", {{"zxid", history->last}, {"epoch", history->current}, {"reason", reason}});
    const bool reads_without_leader = s.options.context->config.read_only_mode && s.is_readable;
    if (reads_without_leader) s.reading.start(serve_reads(self, reads_after(self)));
    const auto how = candidacy_of(self, *history);
    history->stands = how.stands;
    s.accepted = history->accepted;
    auto patience = how.patience;
    if (may_reread && reads_without_leader && s.tree_doubt.empty())
      patience = std::min<std::chrono::nanoseconds>(patience, reread_after(self));
    auto electing =
        coro::ask<elected>(self, s.options.election, patience,
                           look_for_leader{how.stands ? history->last : no_candidate,
                                           history->current, history->members, has_led});
    auto choice = co_await electing;
    stop_reads(self);
    if (!choice && choice.error() == caf::sec::request_timeout) {
      if (!std::exchange(may_reread, false) || !reads_without_leader) continue;
      auto rereading = reread_for_readers(self);
      co_await rereading;
      continue;
    }
    if (!choice) {
      reason = "election failed: " + text_of(choice.error());
      auto pause = coro::sleep(self, election_retry_delay);
      co_await pause;
      continue;
    }
    if (choice->newer) {
      reason = "another server knows of a newer membership";
      self->send(s.options.journal, store_membership{choice->newer});
      take_over(self, choice->newer);
      continue;
    }
    auto applying = apply_logged(self, history->last);
    if (!co_await applying) {
      reason = "what is logged here could not be applied";
      looking(self, reason);
      auto reloading = load_from_disk(self, true);
      co_await reloading;
      ++fruitless;
      continue;
    }
    history->leader = choice->leader;
    history->electing = choice->members ? choice->members : s.members;
    history->observes = history->electing->is_observer(me);
    history->gives_way = choice->gives_way;
    history->needs_snapshot = history->damaged || s.cannot_cut || !s.tree_doubt.empty();
    auto began = self->clock().now();
    auto playing = play_role(self, *history, me);
    auto over = co_await playing;
    reason = over.reason;
    may_reread = true;
    has_led = history->leader == me;
    fruitless = self->clock().now() - began < fruitless_term ? fruitless + 1 : 0;
    s.options.context->log.info("role_ended", {{"reason", reason}});
    if (!s.disk_trouble.empty()) {
      looking(self, "the disk failed: " + s.disk_trouble);
      auto reloading = load_from_disk(self);
      co_await reloading;
    } else if (!s.log_refusal.empty()) {
      looking(self, reason);
      auto reloading = load_from_disk(self);
      co_await reloading;
    } else if (over.trusts == role_ended::trust::no_cut) {
      s.cannot_cut = true;
    } else if (over.trusts != role_ended::trust::tree) {
      looking(self, reason);
      auto rereading = read_tree_anew(self, over.trusts, reason);
      co_await rereading;
    }
  }
}

void refuse(self_ptr self, std::string reason, bool retry) {
  wire::NotLeading no;
  no.set_server(self->state.options.context->me.value);
  no.set_reason(std::move(reason));
  no.set_retry(retry);
  if (self->current_sender()) self->send(caf::actor_cast<refusal_sink>(self->current_sender()), no);
}

/// Why a learner with another list of servers is not taken in; empty: it is. Where files alone say
/// who the servers are, they change one restart at a time: what counts then is that no quorum of
/// its list could miss one of ours.
std::string why_not(self_ptr self, const config::membership& ours, const wire::LearnerInfo& hello) {
  const bool may_change = self->state.options.context->config.reconfig_enabled;
  if (may_change && hello.membership_version() != ours.version.value) return {};
  if (hello.server_list_digest() == config::digest_of(ours)) return {};
  const auto theirs = read_membership(hello.server_list());
  if (!theirs) return "its server list cannot be read here";
  const auto me = self->state.options.context->me;
  if (!may_change && quorum_of(*theirs, me).overlaps(quorum_of(ours, me))) return {};
  return "its server list differs from ours: " + config::describe(config::compare(ours, *theirs)) +
         "; accepted: the same voters, groups and weights" +
         (may_change ? std::string{", or a reconfig"} : ", or one voter more or fewer");
}

/// Why a learner's promise cannot be one of this ensemble's; empty: it can. Taken in, it would be
/// everybody's.
std::string why_no_promise(self_ptr self, const wire::LearnerInfo& hello) {
  const auto ours = self->state.accepted;
  const epoch theirs{hello.accepted_epoch()};
  if (core::may_be_promised(theirs, ours)) return {};
  self->state.options.context->log.repeated(
      log::level::warn, std::to_string(hello.server()), "epoch_implausible",
      {{"peer", hello.server()}, {"accepted", theirs}, {"ours", ours}});
  return "its acceptedEpoch " + std::to_string(theirs.value) + " is implausible beside " +
         std::to_string(ours.value) + " here (accepted: up to " +
         std::to_string(core::epochs_missed_max) + " more, below " +
         std::to_string(core::epoch_max.value) +
         "): the file is spoilt, or the server is another ensemble's; if it is of this one, stop "
         "it and write the greatest acceptedEpoch of the other servers there";
}

/// A learner introduces itself: to the leader with it, if this server leads and the learner is of
/// this ensemble. Where the servers may change, one with an older list is told ours, and a stranger
/// is one that may be added; so it is while files are changed one restart at a time.
void introduce(self_ptr self, const wire::LearnerInfo& hello) {
  auto& s = self->state;
  const auto& ours = *s.members->committed;
  const bool may_change = s.options.context->config.reconfig_enabled;
  const server_id id{hello.server()};
  if (may_change && zxid{hello.membership_version()} > s.members->seen->version)
    return refuse(self, "it knows of a newer membership", false);
  if (auto reason = why_not(self, ours, hello); !reason.empty())
    return refuse(self, std::move(reason), false);
  if (id == s.options.context->me)
    return refuse(self, "no other server." + std::to_string(id.value) + " here", false);
  if (auto reason = why_no_promise(self, hello); !reason.empty())
    return refuse(self, std::move(reason), false);
  // While it looks it may yet lead; once it has settled on another, whoever asks had better look,
  // too.
  const bool may_lead = s.status.state == server_state::looking;
  if (!s.leading) return refuse(self, "it is " + std::string(to_string(s.status.state)), may_lead);
  s.leading->enqueue(self->current_sender(), caf::make_message_id(), caf::make_message(hello),
                     self->context());
}

caf::result<server_status> tell_status(self_ptr self) {
  auto promise = self->make_response_promise<server_status>();
  auto& s = self->state;
  auto finish = [self, promise](const leader_status& led) mutable {
    self->request(self->state.options.election, caf::infinite, get_election_status{})
        .then(
            [self, promise, led](const election_status& election) mutable {
              auto status = self->state.status;
              const auto& members = *self->state.members->committed;
              status.reconfig = led.reconfig;
              status.membership_version = members.version;
              status.members = self->state.members->committed;
              status.voters = quorum_of(members, self->state.options.context->me).size();
              status.election = election;
              status.learners = led.learners;
              status.proposal_bytes_last = led.proposal_bytes_last;
              status.proposal_bytes_min = led.proposal_bytes_min;
              status.proposal_bytes_max = led.proposal_bytes_max;
              status.pending_syncs = led.pending_syncs;
              status.led_ms = led.led_ms;
              promise.deliver(std::move(status));
            },
            [self, promise](const caf::error&) mutable { promise.deliver(self->state.status); });
  };
  if (!s.leading) {
    finish({});
    return promise;
  }
  self->request(s.leading, 1s, get_leader_status{})
      .then(finish, [finish](const caf::error&) mutable { finish({}); });
  return promise;
}

}  // namespace

peer_state::~peer_state() {
  if (auto actor = caf::actor_cast<caf::actor>(role))
    caf::anon_send_exit(actor, caf::exit_reason::kill);
}

peer_actor::behavior_type peer(self_ptr self, peer_options options) {
  auto& s = self->state;
  s.options = std::move(options);
  s.members = s.options.members;
  s.patience = core::disk_patience{s.options.context->config.tick_ms};
  s.status.id = s.options.context->me;
  s.status.standalone = s.options.context->config.is_standalone();
  s.status.reason = "reading the data directory";
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& st = self->state;
    if (down.source != st.role) return;
    auto last_word = std::exchange(st.last_word, {});
    if (last_word.reason.empty()) last_word.reason = "the role ended: " + text_of(down.reason);
    st.endings.push(std::move(last_word));
  });
  s.work.on_failure([self](std::exception_ptr) {
    self->state.options.context->log.error("peer_failed", {});
    self->quit(caf::sec::runtime_error);
  });
  s.work.start(run(self));
  return trace::traced(
      s.options.context->trace, "zk.peer",
      [self](const wire::LearnerInfo& m) { introduce(self, m); },
      [self](const disk_failed& m) { on_disk_failed(self, m.reason); },
      [self](const log_refused& m) { on_log_refused(self, m.reason); },
      [self](const role_established& m) {
        auto& st = self->state;
        if (self->current_sender() != caf::actor_cast<caf::strong_actor_ptr>(st.role)) return;
        st.status.serving = true;
        st.status.phase = "broadcast";
        st.status.reason.clear();
        st.status.era = m.era;
        st.tree_doubt.clear();  // a learner's is the leader's now; a leader's is what all will have
        st.cannot_cut = false;
        st.is_readable = true;
        self->send(st.options.election, role_taken{st.status.state, m.era});
      },
      [self](const role_ended& m) {
        if (self->current_sender() == caf::actor_cast<caf::strong_actor_ptr>(self->state.role))
          self->state.last_word = m;
      },
      [self](const membership_committed& m) {
        take_over(self, m.list);
        self->send(self->state.options.election, members_changed{self->state.members});
      },
      [self](const tree_differs& m) {
        auto& st = self->state;
        if (self->current_sender() != caf::actor_cast<caf::strong_actor_ptr>(st.role)) return;
        st.status.serving = false;
        st.status.reason =
            "its tree is not the one that the digest of txn " + to_string(m.at) + " is of";
        st.is_readable = false;
      },
      [self](const get_server_status&) { return tell_status(self); },
      [self](const reset_statistics& m) {
        if (self->state.leading) self->send(self->state.leading, m);
      });
}

}  // namespace troupe
