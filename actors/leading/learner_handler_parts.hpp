// SPDX-License-Identifier: Apache-2.0
/// The learner handler's inner parts: the conversation and what is passed on
/// (learner_handler.cpp), and how a learner is brought up to date (learner_handler_sync.cpp).
/// Nobody else includes this.
#pragma once

#include <chrono>
#include <string>

#include "actors/base/caf.hpp"
#include "actors/core/parts.hpp"
#include "actors/coro/task.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/leading/learner_handler.hpp"

namespace troupe::learner_handler_parts {

/// Snapshot pieces under way to a learner at a time. BASP has no back-pressure of its own.
inline constexpr std::uint32_t snapshot_credit = 4;

[[nodiscard]] std::chrono::milliseconds init_limit(learner_handler_ptr self);

/// The term with the learner is over; said once.
void end(learner_handler_ptr self, std::string reason);

/// A ping goes behind all that was sent, so its pong tells that this has arrived. One at a time is
/// measured.
void send_ping(learner_handler_ptr self, const forward_ping& asked);
/// Asks whether what was sent has arrived, when that is much and is not being asked already.
void ask_early(learner_handler_ptr self);
/// So many bytes were handed to the network.
void note_sent(learner_handler_ptr self, std::size_t bytes);
/// BASP takes what it gets, and copies it: more waits here, where all learners share it.
[[nodiscard]] bool has_way_for_more(const learner_handler_state& s);
/// Until the network may have more. False: for too long, and the term with the learner has ended.
[[nodiscard]] coro::task<bool> wait_for_way(learner_handler_ptr self);
/// Sends the part of a txn that begins at `offset`, in a message of this kind. Returns where the
/// next one begins, or 0 when this was the last.
template <class Message>
std::uint64_t send_part(learner_handler_ptr self, const logged_txn& txn, std::uint64_t offset) {
  const auto& s = self->state;
  const auto part = core::part_at(txn.bytes, offset, s.options.context->message_bytes_max);
  Message message;
  message.set_epoch(s.era.value);
  message.add_txns(part.bytes.data(), part.bytes.size());
  message.set_offset(part.place.offset);
  message.set_rest(part.place.rest);
  self->send(s.options.learner, std::move(message));
  note_sent(self, part.bytes.size());
  return part.place.rest == 0 ? 0 : offset + part.bytes.size();
}

/// Brings the learner to the leader's committed history. From `begin_sync` on the leader forwards
/// to this handler. False: the term with the learner has ended.
[[nodiscard]] coro::task<bool> bring_up_to_date(learner_handler_ptr self, zxid peer_last,
                                                bool needs_snapshot);

}  // namespace troupe::learner_handler_parts
