// SPDX-License-Identifier: Apache-2.0
/// The file of the audit log: lines in the form of ZooKeeper's own logback.xml, rotated by size as
/// there (10 MB, 10 files beside the one being written).
/// Order: the writer may be called from any thread. Each line is out when it returns.
/// Errors: a line that cannot be written is dropped, which stderr is told of once an hour.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace troupe::log {

using audit_writer = std::function<void(bool is_failure, std::string_view text)>;

/// Opens the file behind what is there. The error's text names it.
[[nodiscard]] tl::expected<audit_writer, std::string> open_audit_log(const std::string& path);

}  // namespace troupe::log
