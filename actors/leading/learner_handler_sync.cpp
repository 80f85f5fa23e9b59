// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/error_text.hpp"
#include "actors/core/mutants.hpp"
#include "actors/core/txn_batches.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/interfaces/snapshots.hpp"
#include "actors/interfaces/synchronization.hpp"
#include "actors/leading/learner_handler_parts.hpp"

namespace troupe::learner_handler_parts {

using self_ptr = learner_handler_ptr;
using std::chrono::milliseconds;

namespace {

void send_batch(self_ptr self, const std::vector<txn_ptr>& txns) {
  auto& s = self->state;
  wire::SyncTxns batch;
  batch.set_epoch(s.era.value);
  std::size_t bytes = 0;
  for (const auto& txn : txns) {
    batch.add_txns(txn->bytes);
    bytes += txn->bytes.size();
  }
  self->send(s.options.learner, std::move(batch));
  note_sent(self, bytes);
}

/// A message for each batch, or for each part of a txn that is long, and others have their turns
/// between two of them. False: the term with the learner has ended.
coro::task<bool> send_txns(self_ptr self, std::vector<txn_ptr> txns) {
  auto& s = self->state;
  const auto bytes_max = s.options.context->message_bytes_max;
  bool is_first = true;
  for (auto& batch : core::in_batches(txns, bytes_max)) {
    for (const auto& txn : batch) s.unheard_bytes.add(static_cast<std::int64_t>(txn->bytes.size()));
    const bool is_long = batch.front()->bytes.size() > bytes_max;
    std::uint64_t offset = 0;
    do {
      if (!std::exchange(is_first, false)) {
        self->end_round();
        auto others = coro::sleep(self, milliseconds{0});
        co_await others;
        auto way = wait_for_way(self);
        if (!co_await way) co_return false;
      }
      if (is_long)
        offset = send_part<wire::SyncTxns>(self, *batch.front(), offset);
      else
        send_batch(self, batch);
    } while (offset > 0);
    s.sent_upto = batch.back()->id();
  }
  co_return true;
}

/// Of a piece of the tree in one message: what pieces are, unless a znode makes one longer.
std::size_t chunk_bytes_max(self_ptr self) {
  return 4 * self->state.options.context->message_bytes_max;
}

/// Sends a piece of the tree, as the learner gives credit: in parts, when a znode makes it long.
/// False: the learner took none for too long.
coro::task<bool> send_piece(self_ptr self, snapshot_piece piece) {
  auto& s = self->state;
  s.sent_upto = piece.as_of;
  std::uint64_t offset = 0;
  do {
    while (s.credit == 0) {
      auto waiting = s.credit_or_ack.wait_for(self, init_limit(self));
      if (!co_await waiting) co_return false;
    }
    --s.credit;
    const auto part = core::part_at(piece.bytes, offset, chunk_bytes_max(self));
    wire::SnapshotChunk chunk;
    chunk.set_epoch(s.era.value);
    chunk.set_zxid(piece.as_of.value);
    chunk.set_data(part.bytes.data(), part.bytes.size());
    chunk.set_last(piece.last && part.place.rest == 0);
    self->send(s.options.learner, std::move(chunk));
    offset += part.bytes.size();
  } while (offset < piece.bytes.size());
  co_return true;
}

/// Streams the tree, piece by piece.
coro::task<bool> send_snapshot(self_ptr self) {
  auto& s = self->state;
  auto opening =
      coro::ask<stream_opened>(self, s.options.database, init_limit(self), open_stream{});
  auto stream = co_await opening;
  if (!stream) {
    end(self, "no snapshot to send: " + text_of(stream.error()));
    co_return false;
  }
  s.credit = snapshot_credit;
  for (bool last = false; !last;) {
    auto cutting = coro::ask<snapshot_piece>(self, s.options.database, init_limit(self),
                                             get_stream_piece{stream->stream});
    auto piece = co_await cutting;
    if (!piece) {
      end(self, "the snapshot broke off: " + text_of(piece.error()));
      co_return false;
    }
    last = piece->last;
    auto sending = send_piece(self, std::move(*piece));
    if (!co_await sending) {
      self->send(s.options.database, close_stream{stream->stream});
      end(self, "the learner took no snapshot piece for initLimit");
      co_return false;
    }
  }
  co_return true;
}

/// DIFF from further back than the window in memory; false when the log does not reach back, true
/// when sent.
coro::task<bool> send_from_log(self_ptr self, zxid peer_last, std::uint64_t bytes_max,
                               std::vector<txn_ptr> window) {
  auto& s = self->state;
  auto reading = coro::ask<log_range>(self, s.options.journal, init_limit(self),
                                      read_log{peer_last, bytes_max});
  auto range = co_await reading;
  if (!range || (!range->holds_after && !mutated(mutant::log_diff_unproved))) co_return false;
  // The log may end behind the committed window's end: what is not committed comes as a proposal
  // later.
  auto window_begins = window.empty() ? zxid{} : window.front()->id();
  std::vector<txn_ptr> older;
  for (auto& txn : range->txns)
    if (txn->id() < window_begins) older.push_back(std::move(txn));
  bool reaches_window =
      range->complete || (!range->txns.empty() && older.size() < range->txns.size());
  if (window.empty() || !reaches_window) co_return false;
  auto sending_older = send_txns(self, std::move(older));
  if (!co_await sending_older) co_return true;
  auto sending_window = send_txns(self, std::move(window));
  co_await sending_window;
  co_return true;
}

}  // namespace

coro::task<bool> bring_up_to_date(self_ptr self, zxid peer_last, bool needs_snapshot) {
  auto& s = self->state;
  auto planning = coro::ask<sync_source>(self, s.options.leader, init_limit(self),
                                         begin_sync{s.options.id, peer_last, needs_snapshot});
  auto plan = co_await planning;
  if (!plan) {
    end(self, "no sync plan: " + text_of(plan.error()));
    co_return false;
  }
  using how = sync_source::kind;
  static constexpr std::string_view names[] = {"diff", "trunc", "trunc+diff", "diff_from_log",
                                               "snap"};
  s.options.context->log.info("learner_sync", {{"peer", s.options.id},
                                               {"how", names[static_cast<int>(plan->how)]},
                                               {"from", peer_last},
                                               {"to", plan->committed}});
  s.sent_upto = peer_last;
  if (plan->how == how::truncate || plan->how == how::truncate_then_diff) {
    wire::Truncate cut;
    cut.set_epoch(s.era.value);
    cut.set_zxid(plan->keep_upto.value);
    self->send(s.options.learner, cut);
    s.sent_upto = plan->keep_upto;
  }
  bool snapshot = plan->how == how::snapshot;
  if (plan->how == how::diff_from_log) {
    auto from_log = send_from_log(self, peer_last, plan->log_bytes_max, plan->txns);
    snapshot = !co_await from_log;
  } else {
    auto sending = send_txns(self, std::move(plan->txns));
    co_await sending;
  }
  if (s.ended) co_return false;
  if (!snapshot) co_return true;
  auto sending = send_snapshot(self);
  co_return co_await sending;
}

}  // namespace troupe::learner_handler_parts
