// SPDX-License-Identifier: Apache-2.0
#include "actors/peer.hpp"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

#include "actors/caf.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/ensemble.hpp"
#include "actors/error_text.hpp"
#include "actors/trace/traced.hpp"
#include "config/server_line.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using self_ptr = pinned_pointer<peer_actor, peer_state>;
using namespace std::chrono_literals;

/// Between two tries to read a data directory that failed.
constexpr auto disk_retry_delay = 1s;
/// A server that cannot follow the leader it finds (it has promised a later epoch, say) would ask
/// and be refused as fast as it can.
constexpr auto fruitless_term = 200ms;
constexpr auto term_retry_delay = 100ms;
constexpr std::chrono::milliseconds term_retry_delay_max = 2s;
/// A server looks for a leader this long, or for a tick if that is longer, before it serves reads
/// without one (QuorumPeer.run).
constexpr std::chrono::milliseconds read_only_grace = 2s;
/// Of logged txns read at a time while log and database are brought together.
constexpr std::uint64_t catch_up_bytes_max = 16 << 20;

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

/// The list that the log holds, when it is newer than what is known to be committed. An established
/// list is in the files before anything is logged under it. So where the files name none that ever
/// was, or the server is configured to stand alone (ZooKeeperServerMain), the log's is that of
/// another ensemble, from which the directory was copied.
void look_into_log(self_ptr self, const std::string& text) {
  auto& s = self->state;
  if (!s.options.context->config.reconfig_enabled) return;
  const auto& committed = s.members->committed;
  auto logged = text.empty() || !committed->was_established() ? nullptr : read_membership(text);
  s.members = config::with_seen(*s.members, logged ? logged : committed);
}

/// Reads the data directory into the database, as often as it takes.
coro::task<> load_from_disk(self_ptr self) {
  auto& s = self->state;
  for (;;) {
    auto loading =
        coro::ask<loaded_data>(self, s.options.journal, coro::infinite,
                               load_data{caf::actor_cast<snapshot_source>(s.options.database),
                                         caf::actor_cast<failure_sink>(self)});
    auto data = co_await loading;
    if (data && s.disk_trouble.empty()) {
      s.options.context->log.info(
          "data_loaded",
          {{"zxid", data->last_logged}, {"accepted", data->accepted}, {"current", data->current}});
      self->send(s.options.database,
                 install_image{data->image, std::move(data->recent), data->digest_mismatches});
      self->send(s.options.database, know_membership{s.members->committed});
      co_return;
    }
    if (data) {
      // A disk that failed has to take a write before this server stands for election again: a
      // leader that cannot write would be elected and fail, over and over.
      auto probing = coro::ask<stored>(self, s.options.journal, coro::infinite,
                                       store_epoch{epoch_kind::accepted, data->accepted});
      auto probed = co_await probing;
      if (probed) {
        s.disk_trouble.clear();
        continue;
      }
      data = std::move(probed.error());
    }
    s.disk_trouble = text_of(data.error());
    s.status.reason = "the data directory cannot be used: " + s.disk_trouble;
    s.options.context->log.warn("load_failed", {{"reason", s.disk_trouble}});
    auto pause = coro::sleep(self, disk_retry_delay);
    co_await pause;
  }
}

/// Applies what this server has logged and not applied (ZKDatabase.fastForwardDataBase), or reads
/// the log anew if it ends before what is applied. Null: the disk failed.
coro::task<std::optional<term>> settle_history(self_ptr self) {
  auto& s = self->state;
  for (;;) {
    auto asking = coro::ask<last_zxid>(self, s.options.database, coro::infinite, get_last_zxid{});
    auto applied = co_await asking;
    if (!applied) co_return std::nullopt;
    auto reading = coro::ask<log_range>(self, s.options.journal, coro::infinite,
                                        read_log{applied->id, catch_up_bytes_max});
    auto range = co_await reading;
    if (!range) {
      s.disk_trouble = text_of(range.error());
      co_return std::nullopt;
    }
    if (range->last_logged < applied->id) {
      // A role ended while the journal cut its log: what was cut off must leave the database too.
      auto reloading = load_from_disk(self);
      co_await reloading;
      continue;
    }
    bool complete = range->complete;
    term out{{}, range->accepted, range->current, range->last_logged, {}};
    if (!range->txns.empty()) self->send(s.options.database, apply_txns{std::move(range->txns)});
    if (!complete) continue;
    auto last = coro::ask<last_zxid>(self, s.options.database, coro::infinite, get_last_zxid{});
    auto now = co_await last;
    if (!now) co_return std::nullopt;
    look_into_log(self, now->membership);
    out.members = s.members;
    co_return out;
  }
}

/// One term of whatever role was elected, from its first to its last word.
coro::task<std::string> play_role(self_ptr self, term now, server_id me) {
  auto& s = self->state;
  s.endings.clear();
  s.last_word.clear();
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
  co_return over.reason;
}

/// Reads for clients that ask for no more, once there is no leader for a while.
coro::task<> serve_reads(self_ptr self) {
  auto& s = self->state;
  const std::chrono::milliseconds tick{s.options.context->config.tick_ms};
  auto grace = coro::sleep(self, std::max(read_only_grace, tick));
  co_await grace;
  s.status.read_only = true;
  s.options.context->log.info("serving_reads_only", {{"reason", s.status.reason}});
  self->send(s.options.database, start_read_only{});
  for (;;) {
    auto pause = coro::sleep(self, tick / 2);
    co_await pause;
    self->send(s.options.database, expire_sessions{});
  }
}

void stop_reads(self_ptr self) {
  auto& s = self->state;
  s.reading.cancel();
  if (std::exchange(s.status.read_only, false)) self->send(s.options.database, stop_serving{});
}

/// The peer's life.
coro::task<> run(self_ptr self) {
  auto& s = self->state;
  auto me = s.options.context->me;
  auto loading = load_from_disk(self);
  co_await loading;
  int fruitless = 0;  // terms in a row that were over at once
  for (std::string reason = "no leader yet";;) {
    looking(self, reason);
    if (fruitless > 1) {
      auto pause = coro::sleep(self, std::min(fruitless * term_retry_delay, term_retry_delay_max));
      co_await pause;
    }
    auto settling = settle_history(self);
    auto history = co_await settling;
    if (!history) {
      s.status.reason = "the disk failed: " + s.disk_trouble;
      auto reloading = load_from_disk(self);
      co_await reloading;
      ++fruitless;
      continue;
    }
    s.options.context->log.info(
        "looking", {{"zxid", history->last}, {"epoch", history->current}, {"reason", reason}});
    if (s.options.context->config.read_only_mode) s.reading.start(serve_reads(self));
    auto electing =
        coro::ask<elected>(self, s.options.election, coro::infinite,
                           look_for_leader{history->last, history->current, history->members});
    auto choice = co_await electing;
    stop_reads(self);
    if (!choice) {
      reason = "election failed: " + text_of(choice.error());
      auto pause = coro::sleep(self, disk_retry_delay);
      co_await pause;
      continue;
    }
    if (choice->newer) {
      reason = "another server knows of a newer membership";
      self->send(s.options.journal, store_membership{choice->newer});
      take_over(self, choice->newer);
      continue;
    }
    history->leader = choice->leader;
    history->electing = choice->members ? choice->members : s.members;
    history->observes = history->electing->is_observer(me);
    auto began = self->clock().now();
    auto playing = play_role(self, *history, me);
    reason = co_await playing;
    fruitless = self->clock().now() - began < fruitless_term ? fruitless + 1 : 0;
    s.options.context->log.info("role_ended", {{"reason", reason}});
    if (!s.disk_trouble.empty()) {
      looking(self, "the disk failed: " + s.disk_trouble);
      auto pause = coro::sleep(self, disk_retry_delay);
      co_await pause;
      auto reloading = load_from_disk(self);
      co_await reloading;
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

/// A learner introduces itself: to the leader with it, if this server leads and the learner is of
/// this ensemble. Where the servers may change, one with an older list is told ours, and a stranger
/// is one that may be added.
void introduce(self_ptr self, const wire::LearnerInfo& hello) {
  auto& s = self->state;
  const auto& ours = *s.members->committed;
  bool may_change = s.options.context->config.reconfig_enabled;
  server_id id{hello.server()};
  zxid version{hello.membership_version()};
  if (may_change && version > s.members->seen->version)
    return refuse(self, "it knows of a newer membership", false);
  bool same = version == ours.version || !may_change;
  if (same && hello.server_list_digest() != config::digest_of(ours))
    return refuse(self, "its server list differs from ours", false);
  const auto* entry = ours.find(id);
  if (id == s.options.context->me || (entry == nullptr && !may_change))
    return refuse(self, "no server." + std::to_string(id.value) + " here", false);
  if (!may_change && ours.is_observer(id) != hello.observer())
    return refuse(self, "our server list has another role for it", false);
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
  s.status.id = s.options.context->me;
  s.status.standalone = s.options.context->config.is_standalone();
  s.status.reason = "reading the data directory";
  self->set_down_handler([self](const caf::down_msg& down) {
    auto& st = self->state;
    if (down.source != st.role) return;
    auto reason = std::exchange(st.last_word, {});
    if (reason.empty()) reason = "the role ended: " + text_of(down.reason);
    st.endings.push({std::move(reason)});
  });
  s.work.on_failure([self](std::exception_ptr) {
    self->state.options.context->log.error("peer_failed", {});
    self->quit(caf::sec::runtime_error);
  });
  s.work.start(run(self));
  return trace::traced(
      s.options.context->trace, "zk.peer",
      [self](const wire::LearnerInfo& m) { introduce(self, m); },
      [self](const disk_failed& m) {
        auto& st = self->state;
        st.disk_trouble = m.reason;
        st.options.context->log.warn("disk_failed", {{"reason", m.reason}});
        st.last_word = "the disk failed: " + m.reason;
        if (auto role = caf::actor_cast<caf::actor>(st.role))
          self->send_exit(role, caf::exit_reason::kill);
      },
      [self](const role_established& m) {
        auto& st = self->state;
        if (self->current_sender() != caf::actor_cast<caf::strong_actor_ptr>(st.role)) return;
        st.status.serving = true;
        st.status.phase = "broadcast";
        st.status.reason.clear();
        st.status.era = m.era;
        self->send(st.options.election, role_taken{st.status.state, m.era});
      },
      [self](const role_ended& m) {
        if (self->current_sender() == caf::actor_cast<caf::strong_actor_ptr>(self->state.role))
          self->state.last_word = m.reason;
      },
      [self](const membership_committed& m) {
        take_over(self, m.list);
        self->send(self->state.options.election, members_changed{self->state.members});
      },
      [self](const get_server_status&) { return tell_status(self); },
      [self](const reset_statistics& m) {
        if (self->state.leading) self->send(self->state.leading, m);
      });
}

}  // namespace troupe
