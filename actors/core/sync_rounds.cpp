// SPDX-License-Identifier: Apache-2.0
#include "actors/core/sync_rounds.hpp"

#include <utility>

#include "actors/core/mutants.hpp"

namespace troupe::core {

sync_rounds::sync_rounds(server_id me, quorum ensemble) : me_(me), ensemble_(std::move(ensemble)) {}

void sync_rounds::on_sync(zxid last_proposed) {
  waiting_.push_back({last_proposed, begun_ + 1});
  go_on();
}

/// An answer to an earlier round was to something said before this one began.
void sync_rounds::on_echo(server_id from, std::uint64_t round) {
  if (!is_under_way() || round != begun_) return;
  answered_.insert(from);
  go_on();
}

void sync_rounds::reconfigure(quorum ensemble) {
  ensemble_ = std::move(ensemble);
  go_on();
}

std::optional<std::uint64_t> sync_rounds::take_new_round() {
  return std::exchange(is_new_, false) ? std::optional{begun_} : std::nullopt;
}

std::optional<zxid> sync_rounds::due(zxid committed) const {
  if (waiting_.empty()) return std::nullopt;
  const auto& first = waiting_.front();
  bool proved =
      first.round <= ended_ || first.behind < committed || mutated(mutant::sync_without_quorum);
  return proved && first.behind <= committed ? std::optional{first.behind} : std::nullopt;
}

void sync_rounds::go_on() {
  for (;;) {
    if (is_under_way()) {
      if (!ensemble_.has_quorum(answered_)) return;
      ended_ = begun_;
      is_new_ = false;
    }
    if (waiting_.empty() || waiting_.back().round <= begun_) return;
    ++begun_;
    answered_ = {me_};
    is_new_ = true;
  }
}

}  // namespace troupe::core
