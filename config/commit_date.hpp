// SPDX-License-Identifier: Apache-2.0
/// When these sources were committed, in ZooKeeper's form of a build's date, which exporters and
/// client libraries parse: "2026-11-29 16:49 UTC" (cmake/CommitDate.cmake).
#pragma once

#include <string_view>

namespace troupe::config {

[[nodiscard]] std::string_view commit_date();

}  // namespace troupe::config
