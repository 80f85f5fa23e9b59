// SPDX-License-Identifier: Apache-2.0
/// The Java properties that a ZooKeeper installation gives its server outside of zoo.cfg: -D words
/// in JVMFLAGS and SERVER_JVMFLAGS, which come from the environment or from zookeeper-env.sh and
/// java.env beside zoo.cfg (zkEnv.sh, zkServer.sh).
/// A shell file is never executed: of it, assignments are read whose values can be told from its
/// text and the environment. What depends on a condition or on a command's output is not read, and
/// said so where it could matter. Order: the environment, zookeeper-env.sh, java.env, each over the
/// one before it; then SERVER_JVMFLAGS before JVMFLAGS, and of one property the last word counts.
/// Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::config {

using environment = std::map<std::string, std::string>;

struct shell_file {
  std::string path, text;
};

struct java_flag {
  std::string property, value;
  std::string where;  // "/etc/zookeeper/java.env:3", or "the environment's JVMFLAGS"
  friend bool operator==(const java_flag&, const java_flag&) = default;
};

struct java_flags {
  std::vector<java_flag> flags;       // one a property; in the order of the command line
  std::vector<std::string> warnings;  // of what is not read and may hold such flags
};

/// The files in the order in which zkEnv.sh reads them.
inline constexpr const char* shell_file_names[] = {"zookeeper-env.sh", "java.env"};

[[nodiscard]] java_flags read_java_flags(const environment& from,
                                         const std::vector<shell_file>& files);

/// The key of zoo.cfg that a Java property sets; empty when ZooKeeper's server reads no such
/// property, or reads that setting from zoo.cfg alone.
[[nodiscard]] std::string key_of_property(std::string_view property);

}  // namespace troupe::config
