// SPDX-License-Identifier: Apache-2.0
/// What the system allows this process, at its start.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "config/node_config.hpp"

namespace troupe {

/// Descriptors that may be open at a time, before and after raise_open_files().
struct open_files_limit {
  std::int64_t was = 0;
  std::int64_t now = 0;
};

/// Raises the soft limit to the hard one, as Java does: the soft one is low for the sake of
/// programs that use select().
open_files_limit raise_open_files();

/// A file's content; nullopt: there is none to read.
using text_reader = std::function<std::optional<std::string>(const std::string& path)>;
[[nodiscard]] std::optional<std::string> read_text(const std::string& path);

struct cgroup_limit {
  std::int64_t bytes = 0;
  std::string file;  // that says so
};
/// The least memory limit of this process' cgroup and those above it, v2 or v1.
[[nodiscard]] std::optional<cgroup_limit> find_cgroup_limit(const text_reader& read = read_text);

/// What memory.limit comes to on this machine.
struct memory_allowance {
  std::int64_t bytes = 0;  // 0: no limit
  std::string why;         // in words: "memory.limit=50% of 536870912 bytes in /sys/fs/cgroup/..."
};
[[nodiscard]] memory_allowance allow_memory(const config::memory_limit& asked,
                                            const std::optional<cgroup_limit>& cgroup,
                                            std::int64_t machine_bytes);
/// The same for here and now.
[[nodiscard]] memory_allowance allow_memory(const config::memory_limit& asked);

/// Of this process, now; 0 where /proc does not tell.
[[nodiscard]] std::int64_t resident_bytes();

}  // namespace troupe
