// SPDX-License-Identifier: Apache-2.0
#include "actors/journal/membership.hpp"

#include <string>
#include <utility>

#include "actors/base/ensemble.hpp"
#include "actors/storage/disk.hpp"

namespace troupe {

std::pair<std::string, std::string> split_path(const std::string& path) {
  auto slash = path.rfind('/');
  if (slash == path.npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

storage::io_result<void> write_membership(storage::disk& on, const config::node_config& config,
                                          const config::membership& list) {
  if (config.config_file.empty()) return {};
  auto [directory, name] = split_path(config.config_file);
  auto text = storage::read_file(on, config.config_file);
  if (!text && !text.error().is_missing()) return tl::unexpected(std::move(text.error()));
  auto before = text ? std::move(*text) : std::string{};
  if (!before.empty() && before.find("dynamicConfigFile") == before.npos)
    if (auto kept = storage::replace_file(on, directory, name + ".bak", before); !kept) return kept;
  auto listed = config::dynamic_file_name(config.config_file, list.version);
  const auto* me = list.find(config.my_id.value_or(standalone_id));
  return storage::replace_file(on, directory, split_path(listed).second, config::print_lines(list))
      .and_then([&] {
        return storage::replace_file(
            on, directory, name,
            config::point_to(before, listed, me != nullptr && me->client_port.has_value()));
      });
}

}  // namespace troupe
