// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/base/error_text.hpp"
#include "actors/core/mutants.hpp"
#include "actors/coro/ask.hpp"
#include "actors/leading/leader_parts.hpp"
#include "messages/trace_fields.hpp"

namespace troupe::leader_parts {
namespace {

/// Whether its word can count in this term, as the servers are or as a reconfig would have them:
/// one that is in no list may be about to be added, which takes one that counts.
bool has_vote(const leader_state& s, const join_epoch& m) {
  if (m.observer || m.in_doubt) return false;
  const auto me = s.options.context->me;
  const auto has_weight = [&](const membership_ptr& list) {
    return list && quorum_of(*list, me).weight_of(m.learner) > 0;
  };
  if (s.electors.weight_of(m.learner) > 0 || has_weight(s.members) || has_weight(s.next))
    return true;
  return s.options.context->config.reconfig_enabled && s.members->find(m.learner) == nullptr;
}

/// The learner can follow in a later epoch only, and its vote is needed. The epoch it has promised
/// is kept here first, so that whoever leads next with this server's promise takes a later one:
/// else the leaders to come would count up to it one by one, a term each.
coro::task<> make_way(leader_ptr self, join_epoch m,
                      caf::typed_response_promise<epoch_proposed> asked) {
  auto& s = self->state;
  std::string reason = "server " + std::to_string(m.learner.value) + " has promised epoch " +
                       std::to_string(m.accepted.value) + " to another: a newer one is needed";
  if (!mutated(mutant::later_epoch_one_at_a_time)) {
    auto storing = coro::ask<stored>(self, s.options.journal, coro::infinite,
                                     store_epoch{epoch_kind::accepted, m.accepted});
    auto done = co_await storing;
    if (!done) reason += ", which cannot be kept here: " + text_of(done.error());
  }
  end_term(self, std::move(reason));
  asked.deliver(caf::make_error(caf::sec::runtime_error));
}

}  // namespace

caf::result<epoch_proposed> on_join(leader_ptr self, const join_epoch& m) {
  auto& s = self->state;
  auto promise = self->make_response_promise<epoch_proposed>();
  auto verdict = core::join_verdict::counted;
  if (auto proposed = s.handshake.proposed())
    verdict = core::judge_join({m.accepted, m.current}, has_vote(s, m), *proposed);
  if (verdict == core::join_verdict::make_way) {
    s.work.start(make_way(self, m, promise));
    return promise;
  }
  const bool counts = verdict == core::join_verdict::counted;
  if (auto at = s.learners.find(m.learner); at != s.learners.end() && !counts) {
    at->second.observer = true;
    s.options.context->log.warn(
        "learner_uncounted",
        {{"peer", m.learner}, {"accepted", m.accepted}, {"epoch", *s.handshake.proposed()}});
  }
  if (s.epoch_is_durable) {
    promise.deliver(epoch_proposed{s.era, s.members, counts});
    return promise;
  }
  s.awaiting_epoch.push_back({promise, counts});
  if (s.handshake.on_follower_info(m.learner, m.accepted)) s.progress.notify();
  return promise;
}

void answer_joins(leader_ptr self) {
  auto& s = self->state;
  for (auto& waiting : std::exchange(s.awaiting_epoch, {}))
    waiting.asked.deliver(epoch_proposed{s.era, s.members, waiting.counts});
}

}  // namespace troupe::leader_parts
