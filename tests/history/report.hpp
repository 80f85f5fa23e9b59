// SPDX-License-Identifier: Apache-2.0
/// Verdicts for people and for programs.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "tests/history/checks.hpp"

namespace troupe::history {

/// One file's history and what became of it.
struct judged_history {
  std::string file;
  const history* of = nullptr;
  std::vector<verdict> verdicts;

  [[nodiscard]] bool holds() const;
};

/// At most `troubles_max` of each check are told in full.
void print_text(std::ostream& out, const judged_history& judged, std::size_t troubles_max);
/// One object, on a line of its own.
void print_json(std::ostream& out, const judged_history& judged, std::size_t troubles_max);

}  // namespace troupe::history
