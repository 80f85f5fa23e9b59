// SPDX-License-Identifier: Apache-2.0
/// The little of a zoo.cfg by which its server is found, taken from a file that need not be valid:
/// a server that runs can be asked and stopped whatever has become of its file. Where the file is
/// valid it says what load() says.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/load.hpp"

namespace troupe::config {

struct partial_config {
  std::string data_dir;        // absolute; empty: no line says it
  std::string client_address;  // as in node_config
  std::uint16_t client_port = 0;
};

/// `read` is asked for myid, which tells this server's line, and for a dynamicConfigFile.
[[nodiscard]] partial_config read_partial_config(std::string_view text, const file_reader& read,
                                                 const std::vector<setting>& settings = {});

/// The same of a file; one that cannot be read says nothing.
[[nodiscard]] partial_config load_partial_config(const std::string& path,
                                                 const std::vector<setting>& settings);

}  // namespace troupe::config
