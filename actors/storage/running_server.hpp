// SPDX-License-Identifier: Apache-2.0
/// Who runs in a data directory: told from what servers leave there and from what the kernel knows
/// of processes, read-only, and for another user's server too. Not behind disk.hpp, since processes
/// are the machine's.
///
///     zookeeper_server.pid   the number alone, as zkServer.sh has it. A server of ours holds a
///     lock
///                            on it as long as it lives
///     actor-node.running     what a server of ours says of itself, one `name=value` a line; in
///                            dataDir and, if that is another, in dataLogDir. The server keeps it
///                            open, so it is found by its process when the directory is gone
///
/// Invariant: a number that is another program's by now, or that is one of another container's, is
/// never taken for the server's.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/storage/disk.hpp"

namespace troupe::storage {

/// Tells a process from the one that had its number before or will have it after.
struct process_id {
  pid_t pid = 0;
  std::uint64_t began_ticks = 0;  // clock ticks between the machine's boot and the process' start
  std::string boot;               // which boot that was

  friend bool operator==(const process_id&, const process_id&) = default;
};

/// What a running server of ours says of itself.
struct server_note {
  process_id process;
  std::string directory;  // which one this was written into: a copy of it says nothing of the copy
  std::string config_file;          // absolute; empty: none is known
  bool is_placed_by_config = true;  // false: its dataDir was said on the command line
  std::string log_file;
  std::string client_host;        // where clients reach it
  std::uint16_t client_port = 0;  // 0: it does not listen yet
};

struct running_server {
  enum class kind { actor_node, zookeeper };
  kind is = kind::actor_node;
  std::string data_dir;
  pid_t pid = 0;                  // 0: it runs, and which process it is cannot be told from here
  std::uint64_t began_ticks = 0;  // of that process
  std::optional<server_note> note;

  /// Whether the process that was found is still there.
  [[nodiscard]] bool is_there() const;

  /// "process 7, an actor-node started from /etc/zoo.cfg"
  [[nodiscard]] std::string text() const;
};

[[nodiscard]] std::string pid_path(const std::string& data_dir);

/// Who runs in the directory (dataDir; for our servers dataLogDir as well); nullopt: nobody. An
/// error when that may not be looked at.
[[nodiscard]] io_result<std::optional<running_server>> find_running(const std::string& data_dir);

/// The same for who only looks: what may not be looked at is taken for nobody.
[[nodiscard]] std::optional<running_server> running_in(const std::string& data_dir);

/// Our servers on this machine that say they were started from this zoo.cfg and were sent nowhere
/// else by the command line, wherever their data directories are. Only those whose processes we may
/// look into: our own user's, or all for root.
[[nodiscard]] std::vector<running_server> servers_of_config(const std::string& config_file);

/// Whether two paths are one file: the same name, or the same place behind links.
[[nodiscard]] bool is_same_file(const std::string& a, const std::string& b);

/// nullopt: there is no such process, or a process of that number that is another one.
[[nodiscard]] std::optional<process_id> process_of(pid_t pid);

/// One letter as in /proc/PID/stat: 'T' is stopped by SIGSTOP, 't' by a debugger, 'D' waits for a
/// disk. 0: there is no such process.
[[nodiscard]] char process_state(pid_t pid);
/// The same for a person; empty when there is nothing to tell.
[[nodiscard]] std::string blocked_reason(pid_t pid);

/// How long ago the process began.
[[nodiscard]] std::int64_t age_ms(const process_id& process);

/// The user whose process it is; their number when they have no name.
[[nodiscard]] std::string owner_of(pid_t pid);

/// As lines of a file, and back; names that a later version may add are passed over.
[[nodiscard]] std::string to_text(const server_note& note);
[[nodiscard]] std::optional<server_note> parse_note(std::string_view text);

/// The note of this process in the directories, for as long as this lives. A directory where it
/// cannot be written goes without.
class published_note {
 public:
  published_note(std::vector<std::string> directories, server_note note);
  published_note(const published_note&) = delete;
  published_note& operator=(const published_note&) = delete;
  ~published_note();

  /// Clients reach the server there from now on.
  void listens_at(std::string host, std::uint16_t port);
  /// Why it could not be written, by the last try; empty: it was.
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  void publish();
  /// The descriptor, or -1 with the problem noted.
  [[nodiscard]] int write_into(const std::string& directory);
  void close_all();
  std::vector<std::string> directories_;
  std::vector<int> open_;
  server_note note_;
  std::string problem_;
};

}  // namespace troupe::storage
