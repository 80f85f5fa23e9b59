// SPDX-License-Identifier: Apache-2.0
/// One worker's way to the ensemble: a handle of ZooKeeper's C client library, one operation at a
/// time, each recorded with its times and its answer. A connection that is lost makes the outcome
/// unknown and the client a new one; a session that has expired is followed by a new one.
#pragma once

#include <zookeeper/zookeeper.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "tests/cluster/nemesis/client/plan.hpp"
#include "tests/cluster/nemesis/client/recorder.hpp"

namespace troupe::nemesis {

struct operation {
  std::string op, key, path;
  std::optional<std::string> data;
  int version = -1;
  bool is_ephemeral = false;
  bool is_sequential = false;
  bool is_watching = false;
  bool is_recorded = true;
};

struct reply {
  std::string answer;
  std::string created;
  std::string data;
  std::vector<std::string> children;
  Stat stat{};
  std::int64_t heard_us = 0;
  [[nodiscard]] bool is_ok() const { return answer == "ok"; }
  [[nodiscard]] bool is_unknown() const { return answer == "unknown"; }
};

class connection {
 public:
  using event_handler = std::function<void(int type, const std::string& path)>;

  connection(const plan& of, recorder& to, std::string hosts, event_handler on_event = {});
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Waits for a connection, sends, waits for the answer, records both.
  reply ask(const operation& what);
  /// A sync, and directly behind it the read. The read's answer; the sync's if that failed.
  reply ask_synced(const operation& what);

  /// Ends the session and begins another. The library sends the end and does not wait for the
  /// answer, so its outcome is unknown.
  void renew();
  [[nodiscard]] std::string session() const;
  [[nodiscard]] std::int64_t session_number() const;
  [[nodiscard]] std::int64_t number() const { return number_; }
  /// How often the connection has been lost; one who believes to hold something compares.
  [[nodiscard]] int breaks() const;
  /// When it was lost last.
  [[nodiscard]] std::int64_t broken_at_us() const;
  void write(const nlohmann::json& line) { to_.write(line); }

 private:
  static void on_watch(zhandle_t*, int type, int state, const char* path, void* me);
  void heard_state(zhandle_t* from, int state);
  void heard_event(int type, const std::string& path);
  void note_break();
  bool wait_connected(int patience_ms);
  void open();
  void close();
  reply perform(const operation& what);
  int start(const operation& what, const void* to);
  int wait_for(const operation& what, reply& into);
  void record(const operation& what, const reply& got, std::int64_t sent_us,
              std::int64_t synced_from_us);

  const plan& plan_;
  recorder& to_;
  std::string hosts_;
  event_handler on_event_;
  zhandle_t* handle_ = nullptr;
  std::int64_t number_;
  mutable std::mutex guard_;
  std::condition_variable changed_;
  bool is_connected_ = false;
  bool is_lost_ = false;
  int breaks_ = 0;
  std::int64_t broken_at_us_ = 0;
  std::int64_t session_ = 0;
};

}  // namespace troupe::nemesis
