// SPDX-License-Identifier: Apache-2.0
/// A follower among neighbours that only listen, from its hello to the broadcast.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/base/ensemble.hpp"
#include "actors/interfaces/discovery.hpp"
#include "actors/interfaces/links.hpp"
#include "actors/interfaces/roles.hpp"
#include "actors/learning/follower.hpp"
#include "actors/learning/learner.hpp"
#include "tests/actor/neighbours.hpp"

namespace troupe::test {

/// What stands at the leader's peer port.
struct port {
  caf::strong_actor_ptr listening;  // null: connection refused
  int dials = 0;
};

inline links_actor::behavior_type fake_links(links_actor::pointer, std::shared_ptr<port> to) {
  return {[to](const dial& x) -> caf::result<linked> {
    ++to->dials;
    if (!to->listening)
      return caf::make_error(caf::sec::cannot_connect_to_node,
                             std::string{"host3:2888: Connection refused"});
    return linked{x.to, to->listening};
  }};
}

inline introduction_sink::behavior_type listen(introduction_sink::pointer self, scene* on,
                                               learner_actor* came) {
  return {[=](const wire::LearnerInfo& m) {
    on->note("hello of " + std::to_string(m.server()));
    *came = caf::actor_cast<learner_actor>(self->current_sender());
  }};
}

class Follower : public room {
 protected:
  Follower() {
    port_ = std::make_shared<port>();
    auto peer_port = keep(system().spawn(listen, &on, &came_));
    port_->listening = caf::actor_cast<caf::strong_actor_ptr>(peer_port);
    handler_ = keep(fake_handler(system(), &on, "handler"));
  }
  void TearDown() override {
    came_ = nullptr;
    port_->listening = nullptr;
    room::TearDown();
  }

  void start() {
    auto journal = keep(fake_journal(system(), &on));
    auto database = keep(fake_database(system(), &on));
    auto peer = keep(fake_peer(system(), &on));
    auto links = keep(system().spawn(fake_links, port_));
    on.last_logged = at(1, 5);
    follower_ = keep(system().spawn(
        follower, learner_options{context,
                                  server_id{3},
                                  false,
                                  accepted,
                                  epoch{1},
                                  at(1, 5),
                                  journal,
                                  database,
                                  peer,
                                  links,
                                  config::make_view(config::membership_of(context->config)),
                                  {},
                                  loses_past,
                                  !loses_past}));
    run();
  }

  template <class M>
  void leader_says(M m, std::int64_t era = 2) {
    m.set_epoch(era);
    caf::send_as(handler_, follower_, std::move(m));
    run();
  }
  template <class M>
  static M carrying(const std::vector<zxid>& ids) {
    M m;
    for (auto id : ids) m.add_txns(sample_txn(id)->bytes);
    return m;
  }
  void leader_commits(zxid upto) {
    wire::Commit m;
    m.set_zxid(upto.value);
    leader_says(m);
  }
  void discover() {
    start();
    wire::LeaderInfo info;
    info.set_leader(3);
    leader_says(info);
  }
  void broadcast() {
    discover();
    leader_says(wire::NewLeader{});
    leader_says(wire::UpToDate{});
    on.news();
  }

  bool loses_past = false;
  epoch accepted{1};
  std::shared_ptr<port> port_;
  learner_actor came_;
  learner_handler_actor handler_;
  learner_actor follower_;
};

}  // namespace troupe::test
