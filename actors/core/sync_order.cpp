// SPDX-License-Identifier: Apache-2.0
#include "actors/core/sync_order.hpp"

namespace troupe::core {
namespace {

std::string_view name_of(sync_step step) {
  switch (step) {
    case sync_step::truncate:
      return "TRUNC";
    case sync_step::diff:
      return "DIFF";
    case sync_step::snapshot:
    case sync_step::last_of_snapshot:
      return "SNAP";
    case sync_step::proposal:
      return "a proposal or commit";
    case sync_step::new_leader:
      return "NEWLEADER";
    case sync_step::up_to_date:
      return "UPTODATE";
  }
  return "something unknown";
}

}  // namespace

std::optional<sync_order::stage> sync_order::behind(sync_step step) const {
  const bool has_begun_none = at_ == stage::begun;
  const bool is_in_snapshot = at_ == stage::snapshot;
  switch (step) {
    case sync_step::truncate:
      return has_begun_none ? std::optional{stage::cut} : std::nullopt;
    case sync_step::diff:
      if (has_begun_none || at_ == stage::cut || at_ == stage::diff) return stage::diff;
      return std::nullopt;
    case sync_step::snapshot:
      return has_begun_none || is_in_snapshot ? std::optional{stage::snapshot} : std::nullopt;
    case sync_step::last_of_snapshot:
      return has_begun_none || is_in_snapshot ? std::optional{stage::whole} : std::nullopt;
    case sync_step::proposal:
      if (is_in_snapshot || at_ == stage::over) return std::nullopt;
      return at_ == stage::announced ? at_ : stage::proposals;
    case sync_step::new_leader:
      if (is_in_snapshot || at_ >= stage::announced) return std::nullopt;
      return stage::announced;
    case sync_step::up_to_date:
      return at_ == stage::announced ? std::optional{stage::over} : std::nullopt;
  }
  return std::nullopt;
}

std::optional<std::string> sync_order::take(sync_step step) {
  static constexpr std::string_view places[] = {
      "before anything else", "behind TRUNC",         "behind DIFF",      "within SNAP",
      "behind SNAP",          "behind its proposals", "behind NEWLEADER", "behind UPTODATE"};
  if (auto next = behind(step)) {
    at_ = *next;
    return std::nullopt;
  }
  return std::string{name_of(step)} + ' ' + std::string{places[static_cast<int>(at_)]};
}

}  // namespace troupe::core
