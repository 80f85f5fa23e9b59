// SPDX-License-Identifier: Apache-2.0
/// Rounds of the I/O thread: sockets are looked at between the turns of many actors.
#include "actors/base/io_loop.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <caf/all.hpp>
#include <caf/io/all.hpp>
#include <chrono>
#include <thread>
#include <vector>

#include "actors/base/pinned.hpp"
#include "actors/client/socket.hpp"

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

struct slicer_state {
  static inline const char* name = "slicer";
  long_work work;
};

/// Works in slices until what another thread posts has come through the pipe, which is a socket.
worker_actor::behavior_type slicer(pinned_pointer<worker_actor, slicer_state> self, shift* all) {
  return {[self, all](int) {
    self->do_in_slices(self->state.work, [self, all] {
      std::thread{[self, all] {
        all->system->middleman().backend().post([self, all] {
          all->turns_before_the_socket = static_cast<int>(self->state.work.slices());
        });
      }}.join();
      core::pace walks{self->state.work};
      const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds{20};
      while (all->turns_before_the_socket < 0 && std::chrono::steady_clock::now() < limit)
        walks.step();
      all->over = true;
    });
  }};
}

TEST_F(IoLoop, LooksAtItsSocketsBehindEachSliceOfLongWork) {
  caf::actor_system_config config;
  config.load<caf::io::middleman, io_loop>();
  caf::actor_system system{config};
  all_.system = &system;
  auto working = system.spawn(slicer, &all_);
  caf::anon_send(working, 1);
  while (!all_.over) std::this_thread::yield();
  EXPECT_GT(all_.turns_before_the_socket, 0);
  EXPECT_LE(all_.turns_before_the_socket, 2);
  caf::anon_send_exit(working, caf::exit_reason::user_shutdown);
}

/// Of two changes of one socket that wait together CAF forgets the later: a client that was held
/// back and heard again within one round would never be read any more.
TEST_F(IoLoop, ASocketThatIsHaltedAndTriggeredWithinARoundIsRead) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
  caf::actor_system_config config;
  config.load<caf::io::middleman, io_loop>();
  std::atomic<int> heard{0};
  {
    caf::actor_system system{config};
    auto& loop = system.middleman().backend();
    std::atomic<caf::io::broker*> reader{nullptr};
    auto broker = system.middleman().spawn_broker([&](caf::io::broker* self) -> caf::behavior {
      const auto wire = caf::make_counted<client_socket>(
          dynamic_cast<caf::io::network::default_multiplexer&>(loop), ends[0]);
      const auto socket = wire->hdl();
      self->add_scribe(wire);
      self->configure_read(socket, caf::io::receive_policy::at_most(10));
      // Each is a turn of its own, and all are in one round.
      loop.post([self, socket] { self->halt(socket); });
      loop.post([self, socket] { self->trigger(socket); });
      loop.post([&reader, self] { reader = self; });
      return [&heard](const caf::io::new_data_msg& data) {
        heard += static_cast<int>(data.buf.size());
      };
    });
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    const auto in_time = [&] { return std::chrono::steady_clock::now() < deadline; };
    while (reader == nullptr && in_time()) std::this_thread::yield();
    EXPECT_EQ(write(ends[1], "abc", 3), 3);
    while (heard < 3 && in_time()) std::this_thread::yield();
    caf::anon_send_exit(broker, caf::exit_reason::user_shutdown);
  }
  close(ends[1]);
  EXPECT_EQ(heard, 3);
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
