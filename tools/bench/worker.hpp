// SPDX-License-Identifier: Apache-2.0
/// One thread of a run: some of its connections, an epoll loop over them, and when each asks.
/// Owns: its connections. Order: connect and prepare all, wait for the start, load, let what is
/// under way end, close the sessions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tools/bench/connection.hpp"
#include "tools/bench/operations.hpp"
#include "tools/bench/run.hpp"
#include "tools/bench/scoreboard.hpp"

struct epoll_event;

namespace troupe::bench {

class worker {
 public:
  /// Has the connections `number`, `number` + threads, ... of the run.
  worker(const run_options& options, std::uint32_t number, const std::vector<address>& servers,
         std::shared_ptr<const key_space> keys, scoreboard& board);
  ~worker();
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  /// The thread's body.
  void run();

 private:
  enum class stage { down, greeting, preparing, ready, closing, closed };

  struct client {
    client(const run_options& options, std::uint32_t number, std::shared_ptr<const key_space> keys);

    std::uint32_t number;  // among all connections of the run
    std::size_t server;    // which one it is connected to
    connection link;
    operations ops;
    stage at = stage::down;
    bool is_prepared = false;      // its znodes are there
    bool is_watching_out = false;  // epoll tells when it can be written
    std::uint64_t due = 0;         // open loop: operations due and not yet started, and
    std::uint64_t started = 0;     // the number of the next one
    std::uint64_t left = 0;        // closed loop with a number of operations: not yet started
    std::int64_t sent_ns = 0;      // when something was last sent
    std::int64_t heard_ns = 0;     // when the last of its operations ended, or it began to wait
    std::int64_t retry_ns = 0;     // down: when to try again
    std::int64_t lost_ns = 0;      // since when it has no session at work; 0: it has, or never had
  };

  // -- the loop (worker.cpp) -------------------------------------------------------------------
  void loop();
  void wait_for_events();
  void on_tick();
  void begin_load();
  void tell_seconds();
  void check(client& c);
  [[nodiscard]] bool is_idle() const;
  void begin_closing();

  // -- connections (worker_clients.cpp) --------------------------------------------------------
  void connect(client& c);
  void on_ready_event(client& c, std::uint32_t events);
  void take(client& c);
  void on_begun(client& c);
  void on_answer(client& c, const answered& done);
  void flush(client& c);
  void lost(client& c, const std::string& why);
  void fail(client& c, const std::string& why);

  // -- operations (worker.cpp) -----------------------------------------------------------------
  void make_due();
  void start_more(client& c);
  void start_one(client& c, std::int64_t since_ns);
  void ended(client& c, std::int64_t since_ns);
  [[nodiscard]] bool is_open_loop() const { return options_.rate_per_s > 0; }
  [[nodiscard]] bool counts_operations() const { return options_.operations > 0; }
  [[nodiscard]] std::int64_t due_at(const client& c, std::uint64_t n) const;
  /// No answer can end the run any more: what is due is given up.
  [[nodiscard]] bool gives_up() const;

  const run_options& options_;
  const std::vector<address>& servers_;
  scoreboard& board_;
  int epoll_;
  std::vector<std::unique_ptr<client>> clients_;
  tally tally_;
  histogram second_;
  std::uint32_t seconds_told_ = 0;
  std::uint32_t not_ready_ = 0;  // connections that were never ready yet
  bool closing_ = false, aborting_ = false;
  std::vector<client*> touched_;  // by make_due()
  std::size_t turn_ = 0;          // open loop: whose operation is due next, and
  std::uint64_t round_ = 0;       // the number it has
  std::int64_t now_ = 0;          // when the present events were read
  std::int64_t begun_ns_ = 0;     // this thread
  std::int64_t start_ns_ = 0;     // the first operation; 0: not yet known
  std::int64_t count_ns_ = 0;     // the first counted one
  std::int64_t end_ns_ = 0;       // the last one is due before
  std::int64_t tick_ns_ = 0;      // the next tick
  std::int64_t closing_ns_ = 0;   // since when sessions are being closed
};

}  // namespace troupe::bench
