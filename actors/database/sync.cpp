// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/core/mutants.hpp"
#include "actors/core/sync_plan.hpp"
#include "actors/database/parts.hpp"

namespace troupe::database_parts {
namespace {

/// Of a snapshot in one message, 256 KiB in production; what simulations make smaller with the
/// slices of all work, so that txns come in between.
std::size_t piece_bytes(const database_state& s) {
  constexpr std::size_t bytes_per_step = 256;
  return s.options.context->steps_per_slice * bytes_per_step;
}
/// What a znode takes in a snapshot besides path and data: lengths, acl id, stat.
constexpr std::uint64_t znode_overhead_bytes = 76;

std::vector<txn_ptr> newer_than(const std::deque<txn_ptr>& recent, zxid after) {
  auto first = std::find_if(recent.begin(), recent.end(),
                            [after](const txn_ptr& txn) { return txn->id() > after; });
  return {first, recent.end()};
}

}  // namespace

std::string wrong_tree(zxid at) {
  return "the tree is not the one that the digest of txn " + to_string(at) + " is of";
}

sync_source plan_for(const database_state& s, const plan_sync& asked,
                     const config::node_config& config) {
  std::vector<zxid> window;
  window.reserve(s.recent.size());
  for (const auto& txn : s.recent) window.push_back(txn->id());
  auto last = s.tree.last_processed();
  auto plan = core::choose_sync({asked.peer_last, last, window});

  sync_source out;
  out.committed = last;
  using how = sync_source::kind;
  if (asked.needs_snapshot) {
    out.how = how::snapshot;
    return out;
  }
  if (auto* diff = std::get_if<core::send_diff>(&plan)) {
    out.how = how::diff;
    out.txns = newer_than(s.recent, diff->after);
  } else if (auto* cut = std::get_if<core::send_truncate>(&plan)) {
    out.how = how::truncate;
    out.keep_upto = cut->to;
  } else if (auto* both = std::get_if<core::send_truncate_then_diff>(&plan)) {
    out.how = how::truncate_then_diff;
    out.keep_upto = both->to;
    out.txns = newer_than(s.recent, both->to);
  } else if (!s.recent.empty() && asked.peer_last < s.recent.front()->id() &&
             config.snapshot_size_factor > 0) {
    // Only the journal knows what the log on disk still has; the handler asks it and falls back to
    // a snapshot.
    auto bytes = static_cast<std::uint64_t>(s.tree.approximate_data_size()) +
                 s.tree.node_count() * znode_overhead_bytes;
    out.how = how::diff_from_log;
    out.txns = {s.recent.begin(), s.recent.end()};
    out.log_bytes_max = std::min(
        static_cast<std::uint64_t>(static_cast<double>(bytes) * config.snapshot_size_factor),
        static_cast<std::uint64_t>(s.options.context->memory.catch_up_max()));
  }
  return out;
}

/// The last txn of which the tree may hold something.
zxid covered_by(const core::tree& data) {
  return std::max(data.last_processed(), data.fuzzy_until().value_or(zxid{}));
}

caf::result<stream_opened> open_new_stream(database_ptr self) {
  auto& s = self->state;
  if (s.differs_at) return caf::make_error(caf::sec::runtime_error, wrong_tree(*s.differs_at));
  auto id = s.next_stream++;
  // A handler that dies closes nothing itself.
  auto asked_by = caf::actor_cast<caf::actor_addr>(self->current_sender());
  self->monitor(asked_by);
  s.streams.insert_or_assign(
      id, database_state::stream{std::make_unique<core::snapshot_encoder>(s.tree), asked_by});
  return stream_opened{id};
}

caf::result<snapshot_piece> next_of_stream(database_ptr self, std::uint64_t stream) {
  auto& s = self->state;
  auto at = s.streams.find(stream);
  if (at == s.streams.end())
    return caf::make_error(caf::sec::invalid_argument, "the database was replaced meanwhile");
  auto& pieces = *at->second.pieces;
  auto bytes = pieces.next(piece_bytes(s));
  snapshot_piece piece{pieces.at(), covered_by(s.tree), std::move(bytes), pieces.done()};
  if (piece.last) s.streams.erase(at);
  return piece;
}

void warn_snapshots(database_state& s, const txn& next) {
  const auto* close = std::get_if<close_session_txn>(&next.body);
  if (close == nullptr || close->paths) return;
  for (auto& [id, stream] : s.streams) stream.pieces->before_close(next.header.client, s.walks);
  if (s.snapshot) s.snapshot->before_close(next.header.client, s.walks);
}

/// Nobody waits for a piece that does not come.
void give_up_snapshot(database_ptr self, const std::string& reason) {
  auto& s = self->state;
  if (s.snapshot) self->send(s.snapshot_to, snapshot_given_up{reason});
  s.snapshot.reset();
}

/// Of a tree that is not what a digest says there is none: read again it would look right, for it
/// is sealed with its own digest.
void begin_snapshot(database_ptr self, const take_snapshot& m) {
  auto& s = self->state;
  give_up_snapshot(self, "another one is asked for");
  if (s.suspect_since && !mutated(mutant::wrong_tree_snapshotted))
    return self->send(m.to, snapshot_given_up{wrong_tree(*s.suspect_since)});
  s.snapshot = std::make_unique<core::snapshot_encoder>(s.tree);
  s.snapshot_to = m.to;
  self->monitor(m.to);  // it ends early when the disk takes no more
  continue_snapshot(self);
}

void continue_snapshot(database_ptr self) {
  auto& s = self->state;
  if (!s.snapshot) return;
  auto bytes = s.snapshot->next(piece_bytes(s));
  bool last = s.snapshot->done();
  self->send(s.snapshot_to,
             snapshot_piece{s.snapshot->at(), covered_by(s.tree), std::move(bytes), last});
  if (last) s.snapshot.reset();
}

}  // namespace troupe::database_parts
