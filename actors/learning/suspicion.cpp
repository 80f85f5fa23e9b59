// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/coro/sleep.hpp"
#include "actors/learning/parts.hpp"

namespace troupe::learner_parts {
namespace {

/// So long a leader has to find out that not this server's tree but its own is wrong.
constexpr int verdict_ticks = 2;

/// If a quorum finds the same of its trees, the leader is the one that is wrong, and leaves before
/// this is over.
coro::task<> leave_if_alone(learner_ptr self, zxid differs_at) {
  auto& s = self->state;
  const std::chrono::milliseconds tick{s.options.context->config.tick_ms};
  auto wait = coro::sleep(self, verdict_ticks * tick);
  co_await wait;
  end_term(self,
           "the tree of this server is not the one that the digest of txn " +
               to_string(differs_at) + " is of",
           role_ended::trust::none_by_digest);
}

}  // namespace

void on_tree_differs(learner_ptr self, const tree_differs& m) {
  auto& s = self->state;
  if (s.ended || std::exchange(s.tree_differs, true)) return;
  self->send(s.options.peer, m);
  wire::TreeDiffers out;
  out.set_server(my_number(self));
  out.set_epoch(s.era.value);
  out.set_zxid(m.at.value);
  self->send(s.handler, out);
  s.work.start(leave_if_alone(self, m.at));
}

}  // namespace troupe::learner_parts
