// SPDX-License-Identifier: Apache-2.0
/// Rounds of the I/O thread: sockets are looked at between the turns of many actors.
#include "actors/io_loop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <caf/all.hpp>
#include <caf/io/middleman.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "actors/pinned.hpp"

namespace troupe {
namespace {

using worker_actor = caf::typed_actor<caf::reacts_to<int>>;

struct nothing {
  static inline const char* name = "worker";
};

/// What the workers of one test do and see; all on the I/O thread.
struct shift {
  caf::actor_system* system = nullptr;
  int turns = 0;
  int turns_before_the_socket = -1;
  std::vector<int> order;
  std::atomic<bool> over{false};
};

/// As long as a round, so that each turn is one.
void pass_a_round() {
  const auto end = std::chrono::steady_clock::now() + io_loop::round_max;
  while (std::chrono::steady_clock::now() < end) {
  }
}

/// The first one sees to it that something is there to be read: what another thread posts comes
/// through a pipe.
worker_actor::behavior_type worker(pinned_pointer<worker_actor, nothing>, shift* all, int last) {
  return {[all, last](int number) {
    all->order.push_back(number);
    if (all->turns++ == 0)
      std::thread{[all] {
        all->system->middleman().backend().post(
            [all] { all->turns_before_the_socket = all->turns; });
      }}.join();
    pass_a_round();
    if (number == last) all->over = true;
  }};
}

class IoLoop : public testing::Test {
 protected:
  template <class... Backend>
  void work(int workers) {
    caf::actor_system_config config;
    config.load<caf::io::middleman, Backend...>();
    caf::actor_system system{config};
    all_.system = &system;
    std::vector<worker_actor> crew;
    for (int i = 0; i < workers; ++i) crew.push_back(system.spawn(worker, &all_, workers - 1));
    system.middleman().backend().post([&crew] {
      for (std::size_t i = 0; i < crew.size(); ++i) caf::anon_send(crew[i], static_cast<int>(i));
    });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (!all_.over && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_TRUE(all_.over);
    for (auto& x : crew) caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  }

  shift all_;
};

TEST_F(IoLoop, LooksAtItsSocketsBetweenTheTurnsOfMany) {
  work<io_loop>(100);
  EXPECT_LE(all_.turns_before_the_socket, 3);
}

TEST_F(IoLoop, GivesTurnsInTheOrderInWhichTheyWereAskedFor) {
  work<io_loop>(50);
  ASSERT_EQ(all_.order.size(), 50u);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(all_.order[static_cast<std::size_t>(i)], i);
}

/// What this loop is for; should CAF learn to do it, the loop may go.
TEST_F(IoLoop, IsNotCafsOwn) {
  work<>(100);
  EXPECT_EQ(all_.turns_before_the_socket, 100);
}

TEST_F(IoLoop, CarriesOutWhatWasPutOffBeforeTheNextRound) {
  caf::actor_system_config config;
  config.load<caf::io::middleman, io_loop>();
  std::atomic<int> seen{0};
  {
    caf::actor_system system{config};
    auto& loop = system.middleman().backend();
    // Each is posted by the one before, on the I/O thread.
    std::function<void(int)> next = [&](int left) {
      ++seen;
      if (left > 0) loop.post([&next, left] { next(left - 1); });
    };
    loop.post([&next] { next(20); });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{60};
    while (seen < 21 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  }
  EXPECT_EQ(seen, 21);
}

}  // namespace
}  // namespace troupe
