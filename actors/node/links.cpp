// SPDX-License-Identifier: Apache-2.0
#include "actors/node/links.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>
#include <set>
#include <string>

#include "actors/caf.hpp"
#include "actors/trace/traced.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using self_ptr = links_actor::stateful_pointer<links_state>;

caf::result<linked> reach(self_ptr self, const context_ptr& context, const dial& asked) {
  const auto* entry = context->config.find(asked.to);
  if (entry == nullptr)
    return caf::make_error(caf::sec::invalid_argument,
                           "no server." + std::to_string(asked.to.value) + " in the server list");
  auto port = asked.port == port_kind::election ? entry->election_port : entry->peer_port;
  auto where = entry->host + ":" + std::to_string(port);
  auto promise = self->make_response_promise<linked>();
  self->request(self->system().middleman().actor_handle(), caf::infinite, caf::connect_atom::value,
                entry->host, port)
      .then(
          [promise, asked, where](const caf::node_id&, const caf::strong_actor_ptr& handle,
                                  const std::set<std::string>&) mutable {
            if (handle)
              promise.deliver(linked{asked.to, handle});
            else
              promise.deliver(caf::make_error(caf::sec::no_actor_published_at_port,
                                              where + " is not a Troupe server's port"));
          },
          [self, promise, where](const caf::error& why) mutable {
            promise.deliver(caf::make_error(caf::sec::cannot_connect_to_node,
                                            where + ": " + self->system().render(why)));
          });
  return promise;
}

}  // namespace

links_actor::behavior_type middleman_links(self_ptr self, context_ptr context) {
  auto trace = context->trace;
  return trace::traced(trace, "zk.links", [self, context](const dial& m) -> caf::result<linked> {
    return reach(self, context, m);
  });
}

}  // namespace troupe
