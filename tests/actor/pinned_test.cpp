// SPDX-License-Identifier: Apache-2.0
#include "actors/base/pinned.hpp"

#include <gtest/gtest.h>

#include <caf/actor_system_config.hpp>
#include <caf/io/broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <sstream>
#include <string>
#include <thread>

namespace troupe {
namespace {

using teller = caf::typed_actor<caf::replies_to<int>::with<std::string>>;

std::string this_thread() {
  std::ostringstream out;
  out << std::this_thread::get_id();
  return out.str();
}

struct nothing {
  static inline const char* name = "teller";
};

teller::behavior_type tell_thread(pinned_pointer<teller, nothing>) {
  return {[](int) { return this_thread(); }};
}

caf::behavior tell_broker_thread(caf::io::broker*) {
  return {[](int) { return this_thread(); }};
}

template <class Handle>
std::string thread_of(caf::actor_system& system, const Handle& actor) {
  caf::scoped_actor asking{system};
  std::string told;
  asking->request(actor, caf::infinite, 1)
      .receive([&told](const std::string& x) { told = x; },
               [](const caf::error&) { ADD_FAILURE() << "no answer"; });
  return told;
}

TEST(Pinned, RunsOnTheThreadOfTheBrokers) {
  caf::actor_system_config config;
  config.load<caf::io::middleman>();
  caf::actor_system system{config};
  auto first = system.spawn(tell_thread);
  auto second = system.spawn(tell_thread);
  auto broker = system.middleman().spawn_broker(tell_broker_thread);
  auto io_thread = thread_of(system, broker);
  EXPECT_NE(io_thread, this_thread());
  EXPECT_EQ(thread_of(system, first), io_thread);
  EXPECT_EQ(thread_of(system, second), io_thread);
  caf::anon_send_exit(first, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(second, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(broker, caf::exit_reason::user_shutdown);
}

TEST(Pinned, IsAnOrdinaryActorWhereThereIsNoMiddleman) {
  caf::actor_system_config config;
  caf::actor_system system{config};
  auto actor = system.spawn(tell_thread);
  EXPECT_FALSE(thread_of(system, actor).empty());
  caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
}

}  // namespace
}  // namespace troupe
