// SPDX-License-Identifier: Apache-2.0
/// How far a word is from another, and which known word somebody probably meant.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace troupe::core {

/// The fewest characters to put in, take out or replace (Levenshtein).
[[nodiscard]] inline std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    auto diagonal = row[0]++;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto here = std::min(std::min(row[j], row[j - 1]) + 1, diagonal + (a[i - 1] != b[j - 1]));
      diagonal = std::exchange(row[j], here);
    }
  }
  return row.back();
}

/// The known word that `word` is a slip of; nullopt when none is near enough to be meant.
[[nodiscard]] inline std::optional<std::string> near_miss(std::string_view word,
                                                          const std::vector<std::string>& known) {
  constexpr std::size_t word_bytes_max = 64;  // longer ones are no slips, and cost quadratically
  if (word.empty() || word.size() > word_bytes_max) return std::nullopt;
  std::optional<std::string> best;
  // Two letters that have changed places are two edits.
  std::size_t fewest = std::max<std::size_t>(word.size() < 4 ? 1 : 2, word.size() / 3) + 1;
  for (const auto& x : known) {
    if (x.size() > 2 * word_bytes_max) continue;
    // A word cut short is meant, too: "sta" for "status".
    const auto n = x.starts_with(word) && word.size() > 1 ? 0 : edit_distance(word, x);
    if (n < fewest) {
      fewest = n;
      best = x;
    }
  }
  return best;
}

}  // namespace troupe::core
