// SPDX-License-Identifier: Apache-2.0
#include "config/commit_date.hpp"

namespace troupe::config {

std::string_view commit_date() { return TROUPE_COMMIT_DATE; }

}  // namespace troupe::config
