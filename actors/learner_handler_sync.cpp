// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/caf.hpp"
#include "actors/core/mutants.hpp"
#include "actors/coro/ask.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/error_text.hpp"
#include "actors/learner_handler_parts.hpp"

namespace troupe::learner_handler_parts {

using self_ptr = learner_handler_ptr;
using std::chrono::milliseconds;

namespace {

/// Bytes of txns in one message while synchronizing.
constexpr std::size_t sync_batch_bytes = 512 * 1024;

/// A message for each batch, and others have their turns between two of them. False: the term with
/// the learner has ended.
coro::task<bool> send_txns(self_ptr self, std::vector<txn_ptr> txns) {
  auto& s = self->state;
  for (std::size_t next = 0; next < txns.size();) {
    wire::SyncTxns batch;
    batch.set_epoch(s.era.value);
    for (std::size_t bytes = 0; next < txns.size() && bytes < sync_batch_bytes; ++next) {
      batch.add_txns(txns[next]->bytes);
      bytes += txns[next]->bytes.size();
    }
    s.sent_upto = txns[next - 1]->id();
    const auto bytes = batch.ByteSizeLong();
    s.unheard_bytes.add(static_cast<std::int64_t>(bytes));
    self->send(s.options.learner, batch);
    note_sent(self, bytes);
    if (next == txns.size()) break;
    auto others = coro::sleep(self, milliseconds{0});
    co_await others;
    auto way = wait_for_way(self);
    if (!co_await way) co_return false;
  }
  co_return true;
}

/// Streams the tree, piece by piece as the learner gives credit.
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
    while (s.credit == 0) {
      auto waiting = s.credit_or_ack.wait_for(self, init_limit(self));
      if (!co_await waiting) {
        self->send(s.options.database, close_stream{stream->stream});
        end(self, "the learner took no snapshot piece for initLimit");
        co_return false;
      }
    }
    --s.credit;
    auto cutting = coro::ask<snapshot_piece>(self, s.options.database, init_limit(self),
                                             get_stream_piece{stream->stream});
    auto piece = co_await cutting;
    if (!piece) {
      end(self, "the snapshot broke off: " + text_of(piece.error()));
      co_return false;
    }
    last = piece->last;
    wire::SnapshotChunk chunk;
    chunk.set_epoch(s.era.value);
    chunk.set_zxid(piece->as_of.value);
    chunk.set_data(std::move(piece->bytes));
    chunk.set_last(last);
    s.sent_upto = piece->as_of;
    self->send(s.options.learner, chunk);
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
