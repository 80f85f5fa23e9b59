// SPDX-License-Identifier: Apache-2.0
#include "tests/actor/database_fixture.hpp"

namespace troupe::test {
namespace {

client_sink::behavior_type client(client_sink::pointer, scene* on, std::string name) {
  return {[=](const client_output& m) {
    for (const auto& words : words_of(m.frames)) on->note(name + ": " + words);
    if (m.wants_room) on->note(name + ": wants room");
    if (m.close) on->note(name + ": closed");
  }};
}

forward_sink::behavior_type upstream(forward_sink::pointer self, upstream_script* to) {
  return {[=](const forwarded_writes& m) {
            to->forwarded.insert(to->forwarded.end(), m.requests.begin(), m.requests.end());
          },
          [=](const revalidate_session&) -> caf::result<session_verdict> {
            ++to->questions;
            return to->verdicts.answer<session_verdict>(self, [to] { return to->verdict; });
          },
          [=](const tree_differs& m) { to->differs_at = m.at; }};
}

proposal_sink::behavior_type leader(proposal_sink::pointer, std::vector<txn_ptr>* planned) {
  return {[=](const propose& m) { planned->insert(planned->end(), m.txns.begin(), m.txns.end()); },
          [](const sync_behind&) {}, [](const epoch_exhausted&) {}, [](const tree_differs&) {}};
}

}  // namespace

database_actor make_database(caf::actor_system& system, context_ptr context) {
  return system.spawn(database, database_options{std::move(context)});
}

client_sink fake_client(caf::actor_system& system, scene* on, std::string name) {
  return system.spawn(client, on, std::move(name));
}

forward_sink fake_upstream(caf::actor_system& system, upstream_script* to) {
  return system.spawn(upstream, to);
}

proposal_sink fake_leader(caf::actor_system& system, std::vector<txn_ptr>* planned) {
  return system.spawn(leader, planned);
}

}  // namespace troupe::test
