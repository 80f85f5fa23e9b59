// SPDX-License-Identifier: Apache-2.0
/// The users that a JAAS file gives a server for DIGEST-MD5, as a ZooKeeper installation has it:
///
///     Server {
///       org.apache.zookeeper.server.auth.DigestLoginModule required
///       user_super="its password"
///       user_bob="another";
///     };
///
/// Errors: the line, 0 for the file as a whole, and what is accepted. The caller names the file.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "config/properties.hpp"

namespace troupe::config {

using sasl_users = std::map<std::string, std::string>;  // password by user name

/// The entry `section` of a JAAS file's text (the JDK's ConfigFile grammar). Other entries are
/// read over, whatever login module they name.
[[nodiscard]] tl::expected<sasl_users, syntax_error> read_jaas_users(std::string_view text,
                                                                     std::string_view section);

}  // namespace troupe::config
