// SPDX-License-Identifier: Apache-2.0
/// How the journal says no: whether the disk has failed, which its peer counts and waits for, or
/// what was asked cannot be had from these files, which is no fault of any disk.
#pragma once

#include <string>
#include <utility>

#include <caf/error.hpp>
#include <caf/sec.hpp>

namespace troupe {

inline caf::error disk_error(std::string text) {
  return caf::make_error(caf::sec::runtime_error, std::move(text));
}
/// The files do not hold it, or what they hold cannot be read, or it must not be done.
inline caf::error error_of_asking(std::string text) {
  return caf::make_error(caf::sec::invalid_argument, std::move(text));
}
[[nodiscard]] inline bool is_of_the_disk(const caf::error& why) {
  return why != caf::sec::invalid_argument;
}

}  // namespace troupe
