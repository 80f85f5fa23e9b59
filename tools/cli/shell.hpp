// SPDX-License-Identifier: Apache-2.0
/// The shell around the commands: history, redo, connect, close, and the exit code, which is that
/// of the last command, as in zkCli.sh (class ZooKeeperMain).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tools/cli/commands.hpp"

namespace troupe::cli {

/// The list of commands with their forms, and how the program is called.
[[nodiscard]] std::string usage();

class shell {
 public:
  shell(client_options options, event_queue& events, console& io);

  /// Begins a session with these hosts, ending the one there was. Empty, or why that cannot be.
  [[nodiscard]] std::string connect(const std::string& hosts, bool wait);

  /// Runs a line and puts it into the history. False: it was quit.
  [[nodiscard]] bool run_line(const std::string& line);
  /// Runs one command without history.
  void run(const std::vector<std::string>& words);

  [[nodiscard]] int exit_code() const { return exit_code_; }
  [[nodiscard]] std::string prompt() const;
  /// What the last word of `line` may become; asks the server for children of a znode.
  [[nodiscard]] std::vector<std::string> complete(std::string_view line);

 private:
  [[nodiscard]] outcome perform(const std::vector<std::string>& words);
  /// What a person needs to know beside the error's name; empty: nothing.
  [[nodiscard]] std::string explain(error_code why);
  [[nodiscard]] std::string explain_loss();
  [[nodiscard]] outcome perform_own(const std::vector<std::string>& words);
  [[nodiscard]] outcome redo(const std::vector<std::string>& words);
  [[nodiscard]] outcome help(const std::vector<std::string>& words);
  void print_history();
  void close();

  client_options options_;
  event_queue& events_;
  console& io_;
  std::unique_ptr<session> link_;  // null: closed
  std::vector<std::string> history_;
  int exit_code_ = 0;
  bool quits_ = false;
};

}  // namespace troupe::cli
