// SPDX-License-Identifier: Apache-2.0
/// What an error says to people: its own words if it has any, else the name CAF has for it.
#pragma once

#include <caf/error.hpp>
#include <caf/exit_reason.hpp>
#include <caf/sec.hpp>
#include <string>

namespace troupe {

[[nodiscard]] inline std::string text_of(const caf::error& why) {
  if (!why) return "normal";  // how an actor's end is told that quit by itself; it has no context
  const auto& words = why.context();
  if (words.size() > 0 && words.match_element<std::string>(0)) return words.get_as<std::string>(0);
  if (why.category() == caf::atom("system")) return to_string(static_cast<caf::sec>(why.code()));
  if (why.category() == caf::atom("exit"))
    return to_string(static_cast<caf::exit_reason>(why.code()));
  return to_string(why);
}

}  // namespace troupe
