// SPDX-License-Identifier: Apache-2.0
#include "actors/node/links.hpp"

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/error_text.hpp"
#include "actors/node/dialler.hpp"
#include "actors/trace/traced.hpp"
#include "messages/trace_fields.hpp"

namespace troupe {
namespace {

using self_ptr = pinned_pointer<links_actor, links_state>;
using std::chrono::milliseconds;

/// For CAF's handshake behind the connecting, which a stopped process never answers.
constexpr auto handshake_limit = milliseconds{6'000};

const caf::io::middleman_actor& dialler_to(self_ptr self, const context_ptr& context,
                                           const connector& connect, server_id to) {
  auto& known = self->state.diallers[to];
  if (!known) {
    dialler_options options;
    options.connect_limit = milliseconds{context->config.connect_ms_max};
    options.keep_alive = context->config.peer_keep_alive;
    // A server silent for syncLimit has lost its role, so nobody waits for its connection longer.
    options.silence_limit =
        milliseconds{std::clamp<std::int64_t>(context->config.sync_limit_ms(), 5'000, 60'000)};
    if (connect)
      options.connect = [connect, to](const std::string& host, std::uint16_t port,
                                      const connect_options& with) {
        return connect(to, host, port, with);
      };
    known = spawn_dialler(self->system(), std::move(options));
  }
  return known;
}

std::string words_for(const caf::error& why) {
  if (why == caf::sec::request_timeout) return "no answer";
  if (why == caf::sec::disconnect_during_handshake) return "it hung up";
  return text_of(why);
}

caf::result<linked> reach(self_ptr self, const context_ptr& context, const connector& connect,
                          const dial& asked) {
  auto where = asked.host + ":" + std::to_string(asked.number);
  auto promise = self->make_response_promise<linked>();
  auto limit = milliseconds{context->config.connect_ms_max} + handshake_limit;
  self->request(dialler_to(self, context, connect, asked.to), limit, caf::connect_atom::value,
                asked.host, asked.number)
      .then(
          [promise, asked, where](const caf::node_id&, const caf::strong_actor_ptr& handle,
                                  const std::set<std::string>&) mutable {
            if (handle)
              promise.deliver(linked{asked.to, handle});
            else
              promise.deliver(caf::make_error(caf::sec::no_actor_published_at_port,
                                              where + ": not the port of a server of this kind"));
          },
          [promise, where](const caf::error& why) mutable {
            promise.deliver(
                caf::make_error(caf::sec::cannot_connect_to_node, where + ": " + words_for(why)));
          });
  return promise;
}

}  // namespace

links_state::~links_state() {
  for (auto& [id, dialler] : diallers)
    if (dialler) caf::anon_send_exit(dialler, caf::exit_reason::kill);
}

links_actor::behavior_type middleman_links(self_ptr self, context_ptr context, connector connect) {
  auto trace = context->trace;
  return trace::traced(trace, "zk.links",
                       [self, context, connect](const dial& m) -> caf::result<linked> {
                         return reach(self, context, connect, m);
                       });
}

}  // namespace troupe
