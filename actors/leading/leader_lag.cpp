// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "actors/base/caf.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/leading/leader_parts.hpp"

namespace troupe::leader_parts {

void note_lag(leader_ptr self, server_id id, bool lags) {
  auto& s = self->state;
  const bool before = !s.lagging.empty();
  if (lags)
    s.lagging.insert(id);
  else
    s.lagging.erase(id);
  const bool now = !s.lagging.empty();
  if (now == before) return;
  s.options.context->log.repeated(log::level::info, std::to_string(id.value),
                                  now ? "writes_held_back" : "writes_go_on", {{"peer", id}});
  self->send(s.options.database, hold_writes{now});
  for (auto& [each, learner] : s.learners) self->send(learner.handler, hold_writes{now});
}

}  // namespace troupe::leader_parts
