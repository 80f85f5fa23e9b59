// SPDX-License-Identifier: Apache-2.0
// Clients that come back, and what they have seen before.
#include "tests/sim/world.hpp"

namespace troupe::sim {

bool world::let_in_after_an_idle_epoch(duration limit) {
  const auto led = leader();
  if (!led) return true;
  tell("an epoch in which nothing is written");
  crash(*led, crash_kind::process);
  start(*led);
  if (!run_until(limit, [this] { return all_serve(); })) {
    fail("not served by all after a last election");
    return false;
  }
  // Whatever was cut off is of an earlier epoch.
  const auto asked = in_use();
  auto& returns =
      make_client(asked[chance_.below(asked.size())], zxid::first_of(at(*leader()).era));
  if (run_until(limit, [&returns] { return returns.is_live(); })) return true;
  fail("a client that was shown what was cut off is let in by nobody");
  return false;
}

}  // namespace troupe::sim
