// SPDX-License-Identifier: Apache-2.0
/// A client of the simulated ensemble: speaks ZooKeeper's protocol in bytes, keeps its session over
/// reconnects to any server, sends a random mix of operations, each written value unique, and
/// writes down what it asked and was told. Checks at once what a single client can see: replies in
/// the order of requests, zxids that never go back, events before what they announce.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/client/frame.hpp"
#include "messages/client/records.hpp"
#include "tests/sim/client_wires.hpp"
#include "tests/sim/operations.hpp"
#include "tests/sim/scheduler.hpp"

namespace troupe::sim {

/// Operations whose txns grow with what the client has made and shown, beyond what any server
/// plans.
struct growing {
  int percent = 0;             // of all operations
  std::size_t name_bytes = 0;  // of its ephemerals, up to as many
  int ephemerals = 0;          // of different names
  int identities = 0;          // shown on each connection, each in every list that says "auth"
  int creates = 0;             // with such a list, in one multi, up to as many
};

struct client_options {
  int number = 0;
  std::vector<server_id> servers;
  std::int32_t timeout_ms = 6'000;
  duration think_max{200'000};      // between two operations
  std::size_t outstanding_max = 4;  // operations sent and not answered
  std::size_t keys = 6;             // shared by all clients: /k0, /k1, ...
  bool writes = true;
  bool accepts_read_only = false;   // and looks for a better server before long
  zxid shown_before;                // by somebody else, as it says; nothing here is held to it
  std::size_t big_value_bytes = 0;  // some values are padded to this; 0: none
  std::string proof;                // "user:password", shown on each connection; empty: none
  growing grows;
};

class client : public connection_hearer {
 public:
  client(scheduler& on, client_wires& wires, rng chance, client_options options, operation_log& log,
         std::function<void(std::string)> fail);

  void start();
  /// No further operations of its own; the session is kept alive until close().
  void stop_asking() { asking_ = false; }
  /// Closes the session, if there is one, and comes back no more.
  void close();

  /// Says nothing ever again, not even goodbye: the connection stays open and silent.
  void vanish();
  /// Neither reads nor writes nor pings for so long (a stopped process).
  void freeze(duration length);
  /// Before that is over.
  void wake();

  /// One operation from outside. It waits until the client has a session.
  void ask(operation op, std::function<void(const operation&)> answered = {});

  [[nodiscard]] bool is_live() const { return state_ == state::live; }
  /// Its server has no leader, and serves reads.
  [[nodiscard]] bool is_reading_only() const { return is_live() && reads_only_; }
  [[nodiscard]] bool is_over() const { return state_ == state::over; }
  [[nodiscard]] bool is_idle() const { return waiting_.empty() && sent_.empty(); }
  [[nodiscard]] session_id session() const { return session_; }
  [[nodiscard]] std::size_t answered() const { return answered_; }
  /// For people.
  [[nodiscard]] std::string state_text() const;
  /// From now on only this server is asked.
  void prefer(server_id only);

  void on_bytes(connection_id from, std::string_view bytes) override;
  void on_closed(connection_id which) override;

 private:
  enum class state { idle, greeting, live, over };
  struct request {
    std::size_t entry = 0;  // in the log
    std::string frame;
    std::function<void(const operation&)> answered;
  };

  void later(duration delay, void (client::*what)());
  void connect();
  void thaw();
  [[nodiscard]] bool is_frozen() const { return on_.now() < frozen_until_; }
  void disconnect();
  void lost();
  void forget_session();
  void tick();
  void think();
  void ask_something();
  [[nodiscard]] operation make_operation();
  [[nodiscard]] operation make_growing_operation();
  [[nodiscard]] std::string next_value();
  [[nodiscard]] std::vector<std::string> proofs() const;
  [[nodiscard]] std::string encode(const operation& op);
  void flush();

  void on_greeting(std::string_view payload);
  void look_for_better_later();
  void on_frame(std::string_view payload);
  void on_event(const reply_header& header, jute::reader& body);
  void on_watches_set(const reply_header& header);
  void tell_watches();
  void on_reply(const reply_header& header, jute::reader& body);
  void read_body(operation& op, jute::reader& body);
  void complain(const std::string& what);
  [[nodiscard]] std::string random_key();

  scheduler& on_;
  client_wires& wires_;
  rng chance_;
  client_options options_;
  operation_log& log_;
  std::function<void(std::string)> fail_;

  state state_ = state::idle;
  bool asking_ = true;
  bool closing_ = false;
  connection_id connection_;
  std::uint64_t attempts_ = 0;
  frame_splitter input_{1 << 24};
  session_id session_;
  std::string password_ = std::string(16, '\0');
  std::int32_t granted_ms_ = 0;
  std::int32_t xids_ = 0;
  std::uint64_t values_ = 0;
  std::set<std::string> data_watches_, exist_watches_;  // set and not fired, of this session
  std::vector<std::string> numbered_;                   // sequential znodes it made
  std::map<std::string, std::int32_t> versions_;        // as last seen
  zxid seen_;        // the greatest of the session's replies; sent when it reconnects
  zxid seen_here_;   // of this connection's replies
  zxid last_write_;  // of this session
  duration heard_{0}, spoke_{0};
  duration frozen_until_{0};
  std::string unread_;  // came while frozen
  bool closed_unread_ = false;
  bool reads_only_ = false;      // the session is one of a server without a leader
  std::deque<request> waiting_;  // for a session
  std::deque<request> sent_;
  std::size_t answered_ = 0;
  bool ticking_ = false, thinking_ = false;
};

}  // namespace troupe::sim
