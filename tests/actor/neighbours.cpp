// SPDX-License-Identifier: Apache-2.0
/// Compiled once: what an actor of many messages costs a compiler is seconds, in every file.
#include "tests/actor/neighbours.hpp"

#include "actors/base/disk_errors.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/client.hpp"
#include "actors/interfaces/database_stats.hpp"
#include "actors/interfaces/forwarding.hpp"
#include "actors/interfaces/statistics.hpp"
#include "actors/storage/disk.hpp"

namespace troupe::test {
namespace {

journal_actor::behavior_type journal(journal_actor::pointer self, scene* on) {
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
            if (std::exchange(on->has_new_history, false))
              return error_of_asking("it does not go on from there");
            log_range range;
            range.complete = true;
            range.last_logged = on->last_logged;
            range.accepted = on->on_disk.accepted;
            range.current = on->on_disk.current;
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
          [=](const probe_disk&) -> caf::result<stored> {
            on->note("journal: probe");
            if (on->probe_fails) return caf::make_error(caf::sec::runtime_error, "no space");
            return stored{};
          },
          [=](const store_membership& m) {
            on->note("journal: store list " + to_string(m.committed->version));
          },
          [=](const known_committed& m) { on->note("journal: committed " + to_string(m.upto)); }};
}

database_actor::behavior_type database(database_actor::pointer self, scene* on) {
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
          [=](const forwarded_writes& m) {
            for (const auto& each : m.requests)
              note("forwarded " + std::to_string(each.cx.value) + ", " +
                   std::to_string(each.body.size()) + " bytes" +
                   (each.known == known_to::its_server ? ", local" : ""));
          },
          [=](const stale_write& m) { note("stale write " + std::to_string(m.xid.value)); },
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
            return last_zxid{on->applied, on->shown_membership, false};
          },
          [=](const know_membership&) {},
          [=](const hold_writes& m) { note(m.hold ? "hold writes" : "let writes go"); },
          [=](const synced_servers&) {},
          [=](const plan_sync& m) {
            note(m.needs_snapshot ? "plan a snapshot" : "plan");
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
          [](const client_has_room&) {},
          [=](const connection_closed&) {},
          [=](const get_database_stats&) { return database_stats{}; },
          [=](const get_database_details&) { return database_details{}; },
          [=](const reset_statistics&) {}};
}

role_sink::behavior_type peer(role_sink::pointer, scene* on) {
  return {
      [=](const role_established& m) {
        on->note("peer: established " + std::to_string(m.era.value));
      },
      [=](const role_ended& m) {
        on->note("peer: ended, " + m.reason +
                 (m.trusts == role_ended::trust::tree ? "" : " (wrong tree)"));
      },
      [=](const membership_committed& m) { on->note("peer: list " + to_string(m.list->version)); },
      [=](const tree_differs& m) { on->note("peer: tree differs at " + to_string(m.at)); }};
}

/// Of a message that holds a part; empty: it holds what is whole.
template <class Message>
std::string place_of(const Message& m) {
  if (m.offset() == 0 && m.rest() == 0) return {};
  return ": from " + std::to_string(m.offset()) + ", " + std::to_string(m.rest()) + " to come";
}

/// A handler, as its leader or its learner sees it.
learner_handler_actor::behavior_type handler(learner_handler_actor::pointer, scene* on,
                                             std::string name) {
  auto note = [=](std::string words) { on->note(name + ": " + std::move(words)); };
  return {
      [=](const wire::AckEpoch& m) {
        note("ACKEPOCH " + std::to_string(m.epoch()) + (m.counts() ? "" : ", not counting") +
             (m.needs_snapshot() ? ", needs a snapshot" : ""));
      },
      [=](const wire::AckNewLeader& m) { note("ACK of NEWLEADER " + std::to_string(m.epoch())); },
      [=](const wire::Ack& m) { note("ACK " + to_hex(m.zxid())); },
      [=](const wire::Pong& m) {
        note("pong " + std::to_string(m.touched_size()) +
             (m.round() == 0 ? "" : " in round " + std::to_string(m.round())));
      },
      [=](const wire::TreeDiffers& m) { note("tree differs at " + to_hex(m.zxid())); },
      [=](const wire::Forward& m) {
        const bool is_local = m.requests_size() > 0 && m.requests(0).known_to() == 1;
        note("forward " + std::to_string(m.requests_size()) + (is_local ? " local" : "") +
             place_of(m));
      },
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
      [=](const stale_write& m) { note("stale write " + std::to_string(m.xid.value)); },
      [=](const forward_ping& m) {
        if (m.round_only) return note("round " + std::to_string(m.round));
        ++on->pings;
        on->round_of_pings = m.round;
      },
      [=](const hold_writes& m) { note(m.hold ? "hold writes" : "let writes go"); },
      [=](const leader_serves&) { note("leader serves"); }};
}

/// A learner, as its handler sees it.
learner_actor::behavior_type learner(learner_actor::pointer, scene* on) {
  auto note = [on](std::string words) { on->note("learner: " + std::move(words)); };
  auto proposed = [note](std::string what, const auto& m) {
    if (const auto place = place_of(m); !place.empty()) return note(what + place);
    for (const auto& bytes : m.txns()) note(what + " " + to_string(parse_logged(bytes)->id()));
  };
  return {[=](const wire::NotLeading& m) { note(m.retry() ? "not leading yet" : "not leading"); },
          [=](const wire::LeaderInfo& m) { note("LEADERINFO " + std::to_string(m.epoch())); },
          [=](const wire::Truncate& m) { note("TRUNC " + to_hex(m.zxid())); },
          [=](const wire::SyncTxns& m) { proposed("DIFF", m); },
          [=](const wire::SnapshotChunk& m) {
            on->snapshot_bytes.push_back(m.data().size());
            note(m.last() ? "SNAP, last piece" : "SNAP");
          },
          [=](const wire::NewLeader& m) { note("NEWLEADER " + std::to_string(m.epoch())); },
          [=](const wire::UpToDate&) { note("UPTODATE"); },
          [=](const wire::Proposal& m) { proposed("PROPOSAL", m); },
          [=](const wire::Commit& m) { note("COMMIT " + to_hex(m.zxid())); },
          [=](const wire::Inform& m) { proposed("INFORM", m); },
          [=](const wire::SyncDone& m) { note("SYNC " + std::to_string(m.cxid())); },
          [=](const wire::StaleWrite& m) { note("STALE " + std::to_string(m.cxid())); },
          [=](const wire::Ping& m) {
            note("PING" + (m.round() == 0 ? "" : " in round " + std::to_string(m.round())) +
                 (m.round_only() ? " alone" : "") + (m.hold_writes() ? ", hold writes" : ""));
          },
          [=](const wire::Revalidated& m) {
            note(m.valid() ? "session is valid" : "session is not valid");
          },
          [=](const logged&) {},
          [=](const forwarded_writes&) {},
          [=](const revalidate_session&) { return session_verdict{}; },
          [=](const tree_differs&) {}};
}

}  // namespace

journal_actor fake_journal(caf::actor_system& system, scene* on) {
  return system.spawn(journal, on);
}

database_actor fake_database(caf::actor_system& system, scene* on) {
  return system.spawn(database, on);
}

role_sink fake_peer(caf::actor_system& system, scene* on) { return system.spawn(peer, on); }

learner_handler_actor fake_handler(caf::actor_system& system, scene* on, std::string name) {
  return system.spawn(handler, on, std::move(name));
}

learner_actor fake_learner(caf::actor_system& system, scene* on) {
  return system.spawn(learner, on);
}

}  // namespace troupe::test
