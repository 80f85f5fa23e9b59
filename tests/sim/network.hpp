// SPDX-License-Identifier: Apache-2.0
/// The wires between simulated servers: what BASP over TCP does, on the virtual clock.
/// Between two servers there is at most one connection, made by the first dial; it carries the
/// messages of all their actors in order, each direction for itself. A server holds a proxy for
/// each remote actor it has dialled or heard from: sending to it, monitoring it and being answered
/// through it work as in production. When a connection is lost, its proxies die with
/// remote_link_unreachable and what was under way is gone; TCP never loses a single message.
/// A cut is a black hole, one way or both: messages wait, and arrive after a heal or never, when
/// the connection is reset meanwhile.
/// Owns: connections and proxies. Must outlive the actors, not the actor system.
#pragma once

#include <caf/message.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "actors/interfaces/links.hpp"
#include "tests/sim/rng.hpp"
#include "tests/sim/scheduler.hpp"

namespace troupe::sim {

struct network_options {
  duration delay_min{100};
  duration delay_max{3'000};
  double slow_percent = 0.5;  // of messages take up to `slow_max`, and all behind them wait
  duration slow_max{150'000};
  duration connect_timeout{5'000'000};
  duration notice_max{500'000};  // how late a side may learn that its connection was lost
  /// Of the messages delivered last on a connection that was lost come a second time on the next,
  /// as from an application that does not know what arrived. CAF itself never does that.
  double repeat_percent = 0;
};

class network {
 public:
  network(scheduler& on, rng chance, network_options options);
  ~network();

  // -- servers ------------------------------------------------------------------------------------

  /// A server's process begins to live in `where`; nobody can reach it before it publishes.
  void start(server_id who, realm where);
  void publish(server_id who, port_kind port, caf::strong_actor_ptr actor);
  /// The process is dead: what it sent and was not delivered may arrive in part, then the others
  /// learn of the loss.
  void stop(server_id who);
  /// The links seam of a server: answers its dials. To be spawned in its realm.
  [[nodiscard]] links_actor spawn_links(server_id who);

  // -- faults -------------------------------------------------------------------------------------

  void cut(server_id from, server_id to);
  void heal(server_id from, server_id to);
  void cut_both(server_id a, server_id b) {
    cut(a, b);
    cut(b, a);
  }
  void heal_all();
  [[nodiscard]] bool is_cut(server_id from, server_id to) const;
  /// The connection breaks; either side learns of it within `notice_max`.
  void reset(server_id a, server_id b);
  /// After so many more messages between the two, in whatever conversation they are.
  void reset_after(server_id a, server_id b, std::uint64_t messages);
  /// From now on messages between the two take this much longer.
  void slow_down(server_id a, server_id b, duration more);

  // -- watching -----------------------------------------------------------------------------------

  /// Sees each message between servers as it is handed over.
  using tap = std::function<void(server_id from, server_id to, const caf::message&)>;
  void set_tap(tap t);
  /// Told of what BASP could not carry: anything but the inter-server messages.
  void on_violation(std::function<void(std::string)> f);

  [[nodiscard]] std::uint64_t delivered() const;

  /// Lets go of all actors; call before the actor system ends.
  void shutdown();

  struct impl;

 private:
  std::unique_ptr<impl> impl_;
};

}  // namespace troupe::sim
