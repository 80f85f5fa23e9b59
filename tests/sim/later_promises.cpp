// SPDX-License-Identifier: Apache-2.0
// Servers that have promised an epoch of which no other has heard. A leader that proposes an epoch
// and comes to nothing leaves one behind; a server that was cut off with a few of these, or whose
// ensemble was brought back from a backup without it, may be ahead by any number.
#include <charconv>
#include <string>

#include "tests/sim/disk.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/world.hpp"

namespace troupe::sim {

bool platters::promise_later(std::int64_t by) {
  for (const auto& [name, file] : files_with("acceptedEpoch")) {
    if (name != "acceptedEpoch") continue;
    std::int64_t accepted = 0;
    const auto& text = file->durable;
    if (std::from_chars(text.data(), text.data() + text.size(), accepted).ec != std::errc{})
      continue;
    file->content = file->durable = std::to_string(accepted + by);
    return true;
  }
  return false;
}

void world::promise_later(server_id who, std::int64_t by) {
  if (at(who).alive || !at(who).disk->promise_later(by)) return;
  tell(std::to_string(by) + " epochs later promised by server " + std::to_string(who.value));
}

void faults::promise_later() {
  const auto who = any_server();
  on_.crash(who, any_crash());
  on_.promise_later(who, chance_.between(1, chance_.chance(50) ? 4 : 2'000));
  later([this, who] { on_.start(who); });
}

}  // namespace troupe::sim
