// SPDX-License-Identifier: Apache-2.0
/// A leader among neighbours that only listen: what its tests share.
#pragma once

#include <map>

#include "actors/base/ensemble.hpp"
#include "actors/interfaces/broadcast.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/discovery.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/roles.hpp"
#include "actors/interfaces/synchronization.hpp"
#include "actors/leading/leader.hpp"
#include "tests/actor/neighbours.hpp"

namespace troupe::test {

using namespace std::chrono_literals;

class Leader : public room {
 protected:
  Leader() : Leader(false) {}
  explicit Leader(bool may_reconfigure) {
    context->config.reconfig_enabled = may_reconfigure;
    journal_ = keep(fake_journal(system(), &on));
    database_ = keep(fake_database(system(), &on));
    auto peer = keep(fake_peer(system(), &on));
    leader_options options{context,   config::make_view(config::membership_of(context->config)),
                           epoch{1},  epoch{1},
                           at(1, 5),  journal_,
                           database_, peer,
                           {}};
    options.make_handler = [this](caf::local_actor*, leader_actor, learner_actor,
                                  const wire::LearnerInfo& hello) {
      auto made = keep(fake_handler(system(), &on, "handler of " + std::to_string(hello.server())));
      handlers_[hello.server()] = made;
      return made;
    };
    leader_ = keep(system().spawn(leader, options));
    run();
  }

  /// A learner's server says hello; the leader makes a handler for it.
  void introduce(std::int64_t id, bool observer = false) {
    wire::LearnerInfo hello;
    hello.set_server(id);
    hello.set_observer(observer);
    auto from = keep(fake_learner(system(), &on));
    caf::send_as(from, leader_, hello);
    run();
  }
  /// The handler of a learner speaks.
  template <class M>
  void say(std::int64_t id, M m) {
    say_as(handlers_.at(id), std::move(m));
  }
  template <class M>
  void say_as(const learner_handler_actor& from, M m) {
    // As a request, so that an answer finds its way, and goes by the one who asked.
    caf::actor_cast<caf::actor>(leader_)->enqueue(caf::actor_cast<caf::strong_actor_ptr>(from),
                                                  caf::make_message_id(7),
                                                  caf::make_message(std::move(m)), nullptr);
    run();
  }
  void join(std::int64_t id, epoch accepted = epoch{1}) {
    introduce(id);
    say(id, join_epoch{{id}, false, accepted});
    say(id, learner_promised{{id}, true, epoch{1}, at(1, 5)});
  }
  /// A learner that is brought up to date, as far as its handler has to tell the leader.
  void sync(std::int64_t id, zxid upto = at(1, 5)) {
    say(id, begin_sync{{id}, at(1, 5)});
    say(id, learner_synced{{id}, upto});
  }
  void establish_with(std::int64_t id) {
    join(id);
    sync(id);
    on.news();
  }
  void propose_one(zxid id) {
    caf::anon_send(leader_, propose{txns_of({id})});
    run();
  }

  journal_actor journal_;
  database_actor database_;
  leader_actor leader_;
  std::map<std::int64_t, learner_handler_actor> handlers_;
};

}  // namespace troupe::test
