// SPDX-License-Identifier: Apache-2.0
/// Files that a server writes for people: logs and traces. Made with 0640, of which a umask may
/// take more away, in directories made with 0750; what is there already keeps its permissions.
/// Errors: a text that names the file. Where everybody may make files, as in /tmp, no other user's
/// file and no symbolic link is written to.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace troupe::log {

/// Makes a log's file if it is missing; a link to where logs go is followed, but see above.
[[nodiscard]] tl::expected<void, std::string> make_log_file(const std::string& path);

/// Opens a log's file behind what is there. The descriptor is the caller's.
[[nodiscard]] tl::expected<int, std::string> open_log_file(const std::string& path);

/// A new file with this content; one of that name which a crash has left is replaced, anything else
/// in its place is an error.
[[nodiscard]] tl::expected<void, std::string> write_new_file(const std::string& path,
                                                             std::string_view content);

}  // namespace troupe::log
