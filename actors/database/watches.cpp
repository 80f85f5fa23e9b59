// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/core/replies.hpp"
#include "actors/database/parts.hpp"
#include "messages/in_steps.hpp"

namespace troupe::database_parts {
namespace {

using state = database_state;

/// A client that comes back hears of nothing that it may not read, as if it had been here: then the
/// watch is spent, and it was told nothing. (ZooKeeper's tells.)
bool may_hear(const state& s, const state::connection& c, const watch_event& missed) {
  const auto* node = s.tree.find(missed.path);
  return node == nullptr || s.options.context->config.skip_acl ||
         core::is_allowed(*s.tree.acl_of(*node), permission::read, c.shown);
}

/// The connection's watches are as many as it may have, or as long. A watch that is not set must
/// not be silent: it is an error to whoever asks for one, and the end of a connection that asks for
/// all it had before.
void refuse_watch(database_ptr self, const state::connection& c) {
  auto& s = self->state;
  ++s.stats.watches_refused;
  log_limit(self, c, "client.watchesMax", s.options.context->config.client_watches_max);
}

}  // namespace

bool may_watch(database_ptr self, connection_id id, const state::connection& c,
               core::watch_kind kind, std::string_view path) {
  if (self->state.watches.has_room(id.value, kind, path)) return true;
  refuse_watch(self, c);
  return false;
}

void set_watches(database_ptr self, connection_id id, state::connection& c,
                 const state::waiting_request& asked) {
  auto& s = self->state;
  auto at = s.tree.last_processed();
  const auto step = [&s] { s.walks.step(); };
  auto request = decode_set_watches(asked.request.op, asked.request.body, step);
  if (!request) return reply(self, id, c, asked, at, request.error(), {});
  if (!s.watches.has_room(id.value, core::watches::holding_of(*request))) {
    refuse_watch(self, c);
    return close_after_output(s, id, c);
  }
  for (const auto& event : s.watches.set_watches(id.value, *request, s.tree, s.walks)) {
    s.walks.step(steps_of_output);
    if (may_hear(s, c, event)) send_event(s, id, c, framed(zxid{-1}, event));  // of no txn
  }
  for (auto each : {&request->one_shot.data, &request->one_shot.exist, &request->one_shot.child,
                    &request->persistent, &request->persistent_recursive})
    free_in_steps(*each, step);
  bound_watches(self);
  reply(self, id, c, asked, at, request->is_cut ? error_code::marshalling_error : error_code::ok,
        {});
}

void answer_watch_op(database_ptr self, connection_id id, state::connection& c,
                     const state::waiting_request& asked) {
  auto& s = self->state;
  auto answer = core::answer_watch_op(asked.request.op, asked.request.body, id.value, s.watches);
  if (answer.err == error_code::bad_arguments) refuse_watch(self, c);
  bound_watches(self);
  reply(self, id, c, asked, s.tree.last_processed(), answer.err, answer.body);
}

core::watches no_watches(const node_context& context) {
  core::watches out;
  // A quarter of what all may have, so that no client has it to itself.
  out.set_max_of_one({static_cast<std::size_t>(context.config.client_watches_max),
                      static_cast<std::size_t>(context.watch_bytes_max()) / 4});
  return out;
}

void bound_watches(database_ptr self) {
  auto& s = self->state;
  const auto& context = *s.options.context;
  const auto max = static_cast<std::size_t>(context.watch_bytes_max());
  if (s.watches.bytes() <= max) return;
  const auto chosen = s.connections.find(s.most_watching);
  if (chosen != s.connections.end() && chosen->second.output.close) return;  // it is about to go
  const auto most = s.watches.greatest_holder();
  auto at = most ? s.connections.find(connection_id{*most}) : s.connections.end();
  if (at == s.connections.end() || at->second.output.close) return;
  auto& c = at->second;
  context.log.warn("client_cut_off", {{"client", c.shown.front().id},
                                      {"session", c.session},
                                      {"reason", "has the most of all watches"},
                                      {"watch_bytes", s.watches.held_by(*most).bytes},
                                      {"all_bytes", s.watches.bytes()},
                                      {"limit", max}});
  context.gauges->clients_cut_off.fetch_add(1, std::memory_order_relaxed);
  s.most_watching = at->first;
  close_after_output(s, at->first, c);
}

}  // namespace troupe::database_parts
