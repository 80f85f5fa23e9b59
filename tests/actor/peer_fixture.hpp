// SPDX-License-Identifier: Apache-2.0
/// A peer among neighbours that only listen: what its tests share.
#pragma once

#include "actors/base/ensemble.hpp"
#include "actors/interfaces/database.hpp"
#include "actors/interfaces/election.hpp"
#include "actors/interfaces/journal.hpp"
#include "actors/interfaces/peer.hpp"
#include "actors/interfaces/roles.hpp"
#include "actors/peer/peer.hpp"
#include "config/node_config.hpp"
#include "tests/actor/neighbours.hpp"

namespace troupe::test {

using namespace std::chrono_literals;

/// An election that is decided when the test says so.
struct ballot {
  gate decision;
  int asked = 0;
  std::int64_t leader = 0;
  membership_ptr newer;
  zxid seen_version;  // of the list that it was asked to look among last
  bool has_led = false;
};
inline election_actor::behavior_type fake_election(election_actor::pointer self, scene* on,
                                                   ballot* pending) {
  return {[=](const look_for_leader& m) -> caf::result<elected> {
            on->note("election: look with " + to_string(m.last));
            ++pending->asked;
            pending->has_led = m.has_led;
            pending->seen_version = m.members->seen->version;
            return pending->decision.answer<elected>(self, [pending] {
              return elected{{pending->leader}, epoch{1}, at(1, 5), {1}, pending->newer};
            });
          },
          [=](const role_taken& m) {
            on->note("election: " + std::string{to_string(m.state)} +
                     (m.established ? " in " + std::to_string(m.established->value) : ""));
          },
          [=](const members_changed& m) {
            on->note("election: members of " + to_string(m.members->committed->version));
          },
          [=](const get_election_status&) { return election_status{}; },
          [=](const wire::Notification&) {}};
}

class Peer : public room {
 protected:
  Peer() {
    ballot_.decision.open_in(system());
    ballot_.decision.hold();
    journal_ = keep(fake_journal(system(), &on));
    database_ = keep(fake_database(system(), &on));
    auto election = keep(system().spawn(fake_election, &on, &ballot_));
    peer_options options{context,  config::make_view(config::membership_of(context->config)),
                         journal_, database_,
                         election, {},
                         {}};
    options.make_leader = [this](caf::local_actor*, const term& now, role_sink to) {
      on.note("leader made at " + to_string(now.last));
      // Only its life and death matter; a handler can stand in for any typed actor.
      auto made = keep(fake_handler(system(), &on, "leader"));
      role_ = caf::actor_cast<caf::actor>(made);
      to_ = to;
      return caf::actor_cast<leader_actor>(caf::actor_cast<caf::strong_actor_ptr>(made));
    };
    options.make_learner = [this](caf::local_actor*, const term& now, role_sink to) {
      on.note("learner made at " + to_string(now.last) +
              (now.needs_snapshot ? ", needs a snapshot" : "") + (now.damaged ? ", no vote" : ""));
      auto made = keep(fake_learner(system(), &on));
      role_ = caf::actor_cast<caf::actor>(made);
      to_ = to;
      return made;
    };
    on.on_disk.last_logged = on.last_logged = at(1, 5);
    on.on_disk.accepted = on.on_disk.current = epoch{1};
    peer_ = keep(system().spawn(peer, options));
    run();
  }
  void TearDown() override {
    ballot_.decision.close_down();
    role_ = nullptr;
    to_ = nullptr;
    room::TearDown();
  }

  void elect(std::int64_t id) {
    ballot_.leader = id;
    ballot_.decision.release_one();
    run();
  }
  server_status status() {
    server_status out;
    system().spawn([&](caf::event_based_actor* self) {
      self->request(peer_, caf::infinite, get_server_status{}).then([&](const server_status& x) {
        out = x;
      });
    });
    run();
    return out;
  }
  template <class M>
  void role_says(M m) {
    caf::send_as(role_, to_, std::move(m));
    run();
  }

  journal_actor journal_;
  database_actor database_;
  peer_actor peer_;
  ballot ballot_;
  caf::actor role_;
  role_sink to_;
};

}  // namespace troupe::test
