// SPDX-License-Identifier: Apache-2.0
/// Stand-ins for the neighbours of a role: each writes down in words what it is told, in one list
/// of the test's, so that a test can state an order across actors; some answer as the test has laid
/// out. The schedule and the clock stand still until the test moves them.
#pragma once

#include <gmock/gmock.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/caf.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/node_context.hpp"
#include "actors/sinks.hpp"
#include "config/membership.hpp"
#include "tests/unit/coro/world.hpp"
#include "tests/unit/storage/log_samples.hpp"

namespace troupe::test {

using storage::at;
using storage::sample_txn;

inline std::vector<txn_ptr> txns_of(const std::vector<zxid>& ids) {
  std::vector<txn_ptr> out;
  for (auto id : ids) out.push_back(sample_txn(id));
  return out;
}

/// A reconfig that makes these servers the voters.
inline txn_ptr reconfig_txn(zxid id, const std::vector<std::int64_t>& voters,
                            const std::vector<std::int64_t>& observers = {}) {
  std::string text;
  for (auto n : voters) text += "server." + std::to_string(n) + "=h:2888:3888\n";
  for (auto n : observers) text += "server." + std::to_string(n) + "=h:2888:3888:observer\n";
  txn t;
  t.header = {session_id{0x1000}, cxid{8}, id, 1'700'000'000'000, op_code::reconfig};
  t.body = set_data_txn{"/zookeeper/config", text + "version=" + to_hex(id.value).substr(2), -1};
  return make_logged(std::move(t));
}

/// Holds back the answers of a stand-in while the test says so.
class gate {
 public:
  void open_in(caf::actor_system& system) { keeper_ = system.spawn(keep); }
  void close_down() {
    caf::anon_send_exit(keeper_, caf::exit_reason::kill);
    keeper_ = nullptr;
  }
  void hold() { caf::anon_send(keeper_, caf::put_atom::value); }
  void release_one() { caf::anon_send(keeper_, caf::get_atom::value); }
  void release() { caf::anon_send(keeper_, caf::flush_atom::value); }

  /// Answers ok_atom, when it lets it pass.
  [[nodiscard]] const caf::actor& keeper() const { return keeper_; }

  /// The answer to the request that `self` handles now, made when the gate lets it pass.
  template <class Reply, class Self>
  caf::result<Reply> answer(Self* self, std::function<Reply()> make) {
    auto promise = self->template make_response_promise<Reply>();
    self->request(keeper_, caf::infinite, caf::ok_atom::value)
        .then([promise, make](caf::ok_atom) mutable { promise.deliver(make()); });
    return promise;
  }

 private:
  static caf::behavior keep(caf::event_based_actor* self) {
    auto held = std::make_shared<std::deque<caf::response_promise>>();
    auto holding = std::make_shared<bool>(false);
    auto pass_one = [held] {
      if (held->empty()) return;
      held->front().deliver(caf::ok_atom::value);
      held->pop_front();
    };
    return {[=](caf::ok_atom) -> caf::result<caf::ok_atom> {
              if (!*holding) return caf::ok_atom::value;
              held->push_back(self->make_response_promise());
              return held->back();
            },
            [=](caf::put_atom) { *holding = true; }, [=](caf::get_atom) { pass_one(); },
            [=](caf::flush_atom) {
              *holding = false;
              while (!held->empty()) pass_one();
            }};
  }

  caf::actor keeper_;
};

/// What the stand-ins heard, and how they answer.
struct scene {
  std::vector<std::string> heard;
  void note(std::string words) { heard.push_back(std::move(words)); }
  /// What was heard since the last time this was asked.
  std::vector<std::string> news() { return std::exchange(heard, {}); }
  /// The same of one of them: what different actors hear at once has no order.
  std::vector<std::string> news_of(std::string_view who) {
    auto all = news();
    std::erase_if(all, [who](const std::string& words) { return !words.starts_with(who); });
    return all;
  }

  gate disk;  // the journal's
  loaded_data on_disk;
  std::deque<log_range> ranges;  // answers to read_log; when used up: complete and empty
  zxid last_logged;

  gate touches;  // the database's
  std::vector<session_id> touched;
  bool leads = true;
  sync_source plan;
  zxid applied;
  std::string shown_membership;
  std::deque<snapshot_piece> pieces;
};

inline journal_actor::behavior_type fake_journal(journal_actor::pointer self, scene* on) {
  return {[=](const load_data&) -> caf::result<loaded_data> {
            on->note("journal: load");
            auto data = on->on_disk;
            data.image = std::make_shared<core::image>();
            data.image->data.set_last_processed(data.last_logged);
            return data;
          },
          [=](const append_txns& m) {
            for (const auto& t : m.txns) on->note("journal: append " + to_string(t->id()));
            auto upto = m.txns.back()->id();
            on->last_logged = upto;
            if (!m.to) return;
            self->request(on->disk.keeper(), caf::infinite, caf::ok_atom::value)
                .then([=, to = m.to](caf::ok_atom) { self->send(to, logged{upto}); });
          },
          [=](const store_epoch& m) -> caf::result<stored> {
            on->note(std::string{"journal: store "} +
                     (m.kind == epoch_kind::accepted ? "accepted " : "current ") +
                     std::to_string(m.era.value));
            return on->disk.answer<stored>(self, [] { return stored{}; });
          },
          [=](const truncate_log& m) -> caf::result<loaded_data> {
            on->note("journal: truncate to " + to_string(m.keep_upto));
            on->last_logged = m.keep_upto;
            loaded_data left;
            left.image = std::make_shared<core::image>();
            left.image->data.set_last_processed(m.keep_upto);
            left.last_logged = m.keep_upto;
            return on->disk.answer<loaded_data>(self, [left] { return left; });
          },
          [=](const read_log& m) -> caf::result<log_range> {
            on->note("journal: read after " + to_string(m.after));
            log_range range;
            range.complete = true;
            range.last_logged = on->last_logged;
            if (!on->ranges.empty()) {
              range = on->ranges.front();
              on->ranges.pop_front();
            }
            return on->disk.answer<log_range>(self, [range] { return range; });
          },
          [=](const install_piece& m) -> caf::result<stored> {
            on->note("journal: install piece of " + to_string(m.as_of));
            return on->disk.answer<stored>(self, [] { return stored{}; });
          },
          [=](const store_membership& m) {
            on->note("journal: store list " + to_string(m.committed->version));
          }};
}

inline database_actor::behavior_type fake_database(database_actor::pointer self, scene* on) {
  auto note = [on](std::string words) { on->note("database: " + std::move(words)); };
  return {[=](const install_image& m) {
            on->applied = m.image->data.last_processed();
            note("install " + to_string(on->applied));
          },
          [=](const start_leading& m) { note("lead " + std::to_string(m.era.value)); },
          [=](const start_learning& m) { note("learn " + std::to_string(m.era.value)); },
          [=](const start_read_only&) { note("read only"); },
          [=](const stop_serving&) { note("stop"); },
          [=](const apply_txns& m) {
            for (const auto& t : m.txns) note("apply " + to_string(t->id()));
            on->applied = m.txns.back()->id();
          },
          [=](const sync_done& m) { note("sync done " + std::to_string(m.xid.value)); },
          [=](const forwarded_writes&) { note("forwarded"); },
          [=](const revalidate_session&) -> caf::result<session_verdict> {
            if (on->leads) return session_verdict{true, 4000, {}};
            return caf::make_error(caf::sec::runtime_error);
          },
          [=](const touch_sessions& m) { note("touch " + std::to_string(m.sessions.size())); },
          [=](const collect_touches&) -> caf::result<touched_sessions> {
            return on->touches.answer<touched_sessions>(
                self, [on] { return touched_sessions{on->touched}; });
          },
          [=](const expire_sessions&) {},
          [=](const get_last_zxid&) {
            return last_zxid{on->applied, on->shown_membership};
          },
          [=](const know_membership&) {},
          [=](const synced_servers&) {},
          [=](const plan_sync&) {
            note("plan");
            return on->plan;
          },
          [=](const open_stream&) {
            note("open stream");
            return stream_opened{1};
          },
          [=](const get_stream_piece&) -> caf::result<snapshot_piece> {
            if (on->pieces.empty()) return caf::make_error(caf::sec::runtime_error);
            auto piece = std::move(on->pieces.front());
            on->pieces.pop_front();
            return piece;
          },
          [=](const close_stream&) { note("close stream"); },
          [=](const take_snapshot&) {},
          [=](const next_piece&) {},
          [=](const open_session&) { return session_opened{}; },
          [=](const client_requests&) {},
          [=](const connection_closed&) {},
          [=](const get_database_stats&) { return database_stats{}; },
          [=](const get_database_details&) { return database_details{}; },
          [=](const reset_statistics&) {}};
}

inline role_sink::behavior_type fake_peer(role_sink::pointer, scene* on) {
  return {
      [=](const role_established& m) {
        on->note("peer: established " + std::to_string(m.era.value));
      },
      [=](const role_ended& m) { on->note("peer: ended, " + m.reason); },
      [=](const membership_committed& m) { on->note("peer: list " + to_string(m.list->version)); }};
}

/// A handler, as its leader or its learner sees it.
inline learner_handler_actor::behavior_type fake_handler(learner_handler_actor::pointer, scene* on,
                                                         std::string name) {
  auto note = [=](std::string words) { on->note(name + ": " + std::move(words)); };
  return {
      [=](const wire::AckEpoch& m) {
        note("ACKEPOCH " + std::to_string(m.epoch()) + (m.counts() ? "" : ", not counting"));
      },
      [=](const wire::AckNewLeader& m) { note("ACK of NEWLEADER " + std::to_string(m.epoch())); },
      [=](const wire::Ack& m) { note("ACK " + to_hex(m.zxid())); },
      [=](const wire::Pong& m) { note("pong " + std::to_string(m.touched_size())); },
      [=](const wire::Forward& m) { note("forward " + std::to_string(m.requests_size())); },
      [=](const wire::Revalidate& m) { note("revalidate " + to_hex(m.session())); },
      [=](const wire::SnapshotCredit& m) { note("credit " + std::to_string(m.chunks())); },
      [=](const forward_proposals& m) {
        for (const auto& t : m.txns) note("propose " + to_string(t->id()));
      },
      [=](const forward_commit& m) { note("commit " + to_string(m.upto)); },
      [=](const forward_committed& m) {
        for (const auto& t : m.txns) note("inform " + to_string(t->id()));
      },
      [=](const forward_sync_done& m) { note("sync done " + std::to_string(m.xid.value)); },
      [=](const forward_ping&) {},
      [=](const leader_serves&) { note("leader serves"); }};
}

/// A learner, as its handler sees it.
inline learner_actor::behavior_type fake_learner(learner_actor::pointer, scene* on) {
  auto note = [on](std::string words) { on->note("learner: " + std::move(words)); };
  auto proposed = [note](std::string what, const auto& m) {
    for (const auto& bytes : m.txns()) note(what + " " + to_string(parse_logged(bytes)->id()));
  };
  return {[=](const wire::NotLeading&) { note("not leading"); },
          [=](const wire::LeaderInfo& m) { note("LEADERINFO " + std::to_string(m.epoch())); },
          [=](const wire::Truncate& m) { note("TRUNC " + to_hex(m.zxid())); },
          [=](const wire::SyncTxns& m) { proposed("DIFF", m); },
          [=](const wire::SnapshotChunk& m) { note(m.last() ? "SNAP, last piece" : "SNAP"); },
          [=](const wire::NewLeader& m) { note("NEWLEADER " + std::to_string(m.epoch())); },
          [=](const wire::UpToDate&) { note("UPTODATE"); },
          [=](const wire::Proposal& m) { proposed("PROPOSAL", m); },
          [=](const wire::Commit& m) { note("COMMIT " + to_hex(m.zxid())); },
          [=](const wire::Inform& m) { proposed("INFORM", m); },
          [=](const wire::SyncDone& m) { note("SYNC " + std::to_string(m.cxid())); },
          [=](const wire::Ping&) { note("PING"); },
          [=](const wire::Revalidated& m) {
            note(m.valid() ? "session is valid" : "session is not valid");
          },
          [=](const logged&) {},
          [=](const forwarded_writes&) {},
          [=](const revalidate_session&) { return session_verdict{}; }};
}

/// A room with one schedule, one clock and one scene. Whatever is spawned through it ends with it.
class room : public testing::Test {
 protected:
  room() : context(std::make_shared<node_context>()) {
    context->me = server_id{1};
    context->detach_journal = false;
    on.disk.open_in(system());
    on.touches.open_in(system());
    auto& config = context->config;
    config.my_id = context->me;
    config.tick_ms = 1000;
    config.init_limit_ticks = 10;
    config.sync_limit_ticks = 4;
    for (int n = 1; n <= 3; ++n)
      config.servers.push_back({.id = {n},
                                .host = "host" + std::to_string(n),
                                .peer_port = 2888,
                                .election_port = 3888,
                                .observer = false});
  }
  void TearDown() override {
    on.disk.close_down();
    on.touches.close_down();
    for (auto& x : spawned_) caf::anon_send_exit(x, caf::exit_reason::kill);
    spawned_.clear();
    world_.run();
  }

  template <class Handle>
  Handle keep(Handle x) {
    spawned_.push_back(caf::actor_cast<caf::actor>(x));
    return x;
  }
  void kill(const caf::actor& x) {
    caf::anon_send_exit(x, caf::exit_reason::kill);
    run();
  }
  void run() { world_.run(); }
  void advance(std::chrono::nanoseconds by) { world_.advance(by); }
  /// Lets time pass in steps short enough for every timer.
  void pass(std::chrono::milliseconds span) {
    for (; span.count() > 0; span -= std::chrono::milliseconds{100})
      advance(std::chrono::milliseconds{100});
  }
  caf::actor_system& system() { return world_.system; }

  scene on;
  std::shared_ptr<node_context> context;

 private:
  coro::test::world world_;
  std::vector<caf::actor> spawned_;
};

}  // namespace troupe::test
