// SPDX-License-Identifier: Apache-2.0
#include "actors/node/server.hpp"

#include <caf/actor_system.hpp>
#include <utility>

#include "actors/base/caf.hpp"
#include "actors/base/ensemble.hpp"
#include "actors/client/session.hpp"
#include "actors/database/database.hpp"
#include "actors/election/election.hpp"
#include "actors/journal/journal.hpp"
#include "actors/journal/scribe.hpp"
#include "actors/leading/leader.hpp"
#include "actors/leading/learner_handler.hpp"
#include "actors/learning/follower.hpp"
#include "actors/learning/observer.hpp"
#include "actors/peer/peer.hpp"

namespace troupe {
namespace {

/// What the role actors of every term are given.
struct term_parts {
  context_ptr context;
  journal_actor journal;
  database_actor database;
  links_actor links;
};

learner_handler_actor make_handler(const term_parts& with, caf::local_actor* parent,
                                   leader_actor leading, learner_actor learner,
                                   const wire::LearnerInfo& hello) {
  return parent->system().spawn(
      learner_handler,
      learner_handler_options{with.context, std::move(leading), with.database, with.journal,
                              std::move(learner), server_id{hello.server()}, hello.observer(),
                              epoch{hello.accepted_epoch()}, epoch{hello.current_epoch()},
                              hello.in_doubt()});
}

leader_actor make_leader(const term_parts& with, caf::local_actor* parent, const term& now,
                         role_sink to) {
  return parent->system().spawn(
      leader, leader_options{with.context, now.members, now.accepted, now.current, now.last,
                             with.journal, with.database, std::move(to),
                             [with](caf::local_actor* self, leader_actor leading,
                                    learner_actor learner, const wire::LearnerInfo& hello) {
                               return make_handler(with, self, std::move(leading),
                                                   std::move(learner), hello);
                             }});
}

learner_actor make_learner(const term_parts& with, caf::local_actor* parent, const term& now,
                           role_sink to) {
  return parent->system().spawn(
      now.observes ? observer : follower,
      learner_options{with.context, now.leader, now.observes, now.accepted, now.current, now.last,
                      with.journal, with.database, std::move(to), with.links, now.members,
                      now.electing, now.needs_snapshot, !now.damaged, !now.stands,
                      now.gives_way});
}

}  // namespace

server_handles spawn_server(caf::actor_system& system, context_ptr context, links_actor links) {
  server_handles out;
  journal_options writes{context};
  out.journal = context->detach_journal
                    ? caf::actor_cast<journal_actor>(system.spawn<caf::detached>(journal, writes))
                    : caf::actor_cast<journal_actor>(system.spawn(journal, writes));
  out.database = system.spawn(database, database_options{context});
  auto members = config::make_view(config::membership_of(context->config));
  out.election = system.spawn(election, election_options{context, links, members});
  term_parts parts{context, out.journal, out.database, links};
  out.peer = system.spawn(
      peer, peer_options{context, members, out.journal, out.database, out.election,
                         [parts](caf::local_actor* self, const term& now, role_sink to) {
                           return make_leader(parts, self, now, std::move(to));
                         },
                         [parts](caf::local_actor* self, const term& now, role_sink to) {
                           return make_learner(parts, self, now, std::move(to));
                         }});
  return out;
}

client_session_actor spawn_client_session(caf::actor_system& system, context_ptr context,
                                          const server_handles& server, connection_id id,
                                          std::string address, transport_sink transport,
                                          account_ptr account) {
  return system.spawn(
      client_session,
      client_session_options{std::move(context), id, std::move(address), std::move(transport),
                             server.database, server.peer, std::move(account),
                             server.passwords});
}

void end_server(const server_handles& server) {
  caf::anon_send_exit(server.peer, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(server.election, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(server.database, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(server.journal, caf::exit_reason::user_shutdown);
}

}  // namespace troupe
