// SPDX-License-Identifier: Apache-2.0
/// A host's end of the process of one server: starts it, has the server spawned in it, signals it,
/// and knows how it ended. Every process is started here and signalled by its pidfd, so no stranger
/// is ever hit.
/// Threads: one for all functions, since a process dies with the thread that has started it.
/// Errors: one line that says what and why.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "tools/cluster/faults.hpp"

namespace troupe::cluster {

/// What spawns and speaks to the actors in the processes: CAF's network layer of this host.
class spawner {
 public:
  spawner();
  ~spawner();

  struct parts;
  [[nodiscard]] parts& get() { return *parts_; }

 private:
  std::unique_ptr<parts> parts_;
};

struct server_files {
  std::string config_path;
  std::string log_path;
  std::string output_path;  // what does not go through the log, as the words of a crash
};

class child {
 public:
  /// Returns when the server's ports listen, or with why they do not.
  [[nodiscard]] static tl::expected<child, std::string> start(spawner& with, server_number who,
                                                              const server_files& files,
                                                              const faults& wrong);
  child(child&&) noexcept;
  child& operator=(child&&) noexcept;
  /// Kills it.
  ~child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool is_paused() const { return is_paused_; }
  /// "running", "paused", "killed", "ended with exit code 1", ...
  [[nodiscard]] std::string state();
  [[nodiscard]] bool is_running();

  /// Heard by a process that is paused when it goes on.
  [[nodiscard]] tl::expected<void, std::string> set(const faults& wrong);
  void kill();
  void pause();
  void resume();
  /// SIGTERM. Error: it has not ended within the time, and runs on.
  [[nodiscard]] tl::expected<void, std::string> stop(int patience_ms);

 private:
  struct inner;
  child(pid_t pid, int pidfd, spawner& with);
  void signal(int number);
  bool wait_end(int timeout_ms);

  pid_t pid_;
  int pidfd_;
  spawner* with_;
  bool is_paused_ = false;
  bool was_killed_ = false;
  int status_ = -1;  // of waitpid; -1: it has not ended
  std::unique_ptr<inner> inner_;
};

}  // namespace troupe::cluster
