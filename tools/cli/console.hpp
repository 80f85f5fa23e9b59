// SPDX-License-Identifier: Apache-2.0
/// Where the shell prints. One thread prints everything, so that a watch event never stands in the
/// middle of a command's output.
/// Order: events that came before an answer are printed before what the command says of it.
#pragma once

#include <functional>
#include <iosfwd>

#include "tools/cli/event_queue.hpp"

namespace troupe::cli {

enum class console_mode {
  one_shot,  // one command, and nothing but its output
  piped,     // lines from a file or a pipe: no banner, no prompt, no word of the first connection
  interactive,  // a terminal
};

class console {
 public:
  console(console_mode mode, event_queue& events, std::ostream& out, std::ostream& err)
      : mode_(mode), events_(events), out_(out), err_(err) {}

  /// The command's output; what waits of events is shown first.
  [[nodiscard]] std::ostream& out();
  [[nodiscard]] std::ostream& err();
  /// Prints the events that wait, as zkCli.sh does.
  void show_events();
  void flush();

  [[nodiscard]] console_mode mode() const { return mode_; }

  bool print_watches = true;
  /// Called before events are shown in the middle of a command: brings those that are under way.
  std::function<void()> settle;

 private:
  console_mode mode_;
  event_queue& events_;
  std::ostream& out_;
  std::ostream& err_;
  bool was_connected_ = false;
};

}  // namespace troupe::cli
