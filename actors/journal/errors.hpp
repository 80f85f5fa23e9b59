// SPDX-License-Identifier: Apache-2.0
/// What the files' own errors become for those who asked.
#pragma once

#include <caf/error.hpp>

#include "actors/base/disk_errors.hpp"
#include "actors/storage/disk.hpp"

namespace troupe {

inline caf::error error_of(const storage::io_error& why) {
  return why.is_of_the_disk() ? disk_error(why.text()) : error_of_asking(why.text());
}

}  // namespace troupe
