// SPDX-License-Identifier: Apache-2.0
/// From zoo.cfg, myid and the command line to a node_config.
/// Errors: one line that names file, line, key, value and what is accepted; the first one found.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "config/java_flags.hpp"
#include "config/node_config.hpp"

namespace troupe::config {

/// `key=value` said on the command line; it stands above the file's.
struct setting {
  std::string key, value;

  /// nullopt when there is no `=` or nothing before it.
  [[nodiscard]] static std::optional<setting> parse(std::string_view text);
};

struct loaded {
  node_config value;
  std::vector<std::string> warnings;  // each one line: file, line, key and what is the matter
  struct said {
    std::string value;
    std::string where;  // "zoo.cfg:3", "--set", or java_flag::where
    friend bool operator==(const said&, const said&) = default;
  };
  std::map<std::string, said> said_keys;  // by the names of the table; unknown keys are left out
};

/// Reads the file at `path`, myid in the data directory that it names, the dynamicConfigFile if it
/// names one, and the shell files beside it (java_flags.hpp), whose variables `from` begins with.
[[nodiscard]] tl::expected<loaded, std::string> load(const std::string& path,
                                                     const std::vector<setting>& settings = {},
                                                     const environment& from = {});

/// Content of the file at a path, nullopt when there is none that can be read.
using file_reader = std::function<std::optional<std::string>(const std::string& path)>;

/// The same on text that is already there: `name` is what errors call the file, `read` gives the
/// other files.
[[nodiscard]] tl::expected<loaded, std::string> parse(std::string_view text,
                                                      const std::string& name,
                                                      const file_reader& read,
                                                      const std::vector<setting>& settings = {},
                                                      const java_flags& flags = {});

/// What is in force and who said so, in zoo.cfg's syntax with comments: first what was said, each
/// line under its place, then the defaults. Reading it again gives the same config but for what is
/// secret, which stands there as a comment without its value.
[[nodiscard]] std::string print_with_sources(const loaded& from);

}  // namespace troupe::config
