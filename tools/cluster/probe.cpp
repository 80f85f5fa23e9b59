// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/probe.hpp"

#include <caf/io/all.hpp>

#include "actors/base/error_text.hpp"
#include "actors/node/network_settings.hpp"
#include "tools/cluster/served.hpp"

namespace troupe::cluster {
namespace {

struct stranger_config : caf::actor_system_config {
  stranger_config() {
    load<caf::io::middleman>();
    set("middleman.app-identifiers",
        std::vector<std::string>{servers_app_identifier, cluster_app_identifier});
    set("scheduler.max-threads", std::size_t{1});
  }
};

}  // namespace

tl::expected<std::string, std::string> probe_spawn(const address& where) {
  stranger_config config;
  caf::actor_system system{config};
  auto node = system.middleman().connect(where.host, where.port);
  if (!node) return tl::unexpected(where.text() + ": not reached: " + text_of(node.error()));
  std::string how;
  const auto no_token = caf::make_message(std::string{}, std::string{}, std::string{},
                                          std::int32_t{1}, std::string{"{}"});
  for (const char* name : {served_name, "zk.peer", "stranger"}) {
    auto spawned =
        system.middleman().remote_spawn<caf::actor>(*node, name, no_token, std::chrono::seconds{5});
    if (spawned) return tl::unexpected(where.text() + ": it has spawned a " + name);
    how += (how.empty() ? "" : ", ") + std::string{name} + ": " + text_of(spawned.error());
  }
  return how;
}

}  // namespace troupe::cluster
