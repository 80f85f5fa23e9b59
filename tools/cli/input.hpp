// SPDX-License-Identifier: Apache-2.0
/// Where the shell's lines come from: a terminal, edited by readline, or a file or pipe. Both wait
/// for a line and for events at once, so that an event is shown when it comes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/cli/interrupts.hpp"

namespace troupe::cli {

class input {
 public:
  virtual ~input() = default;
  /// The next line without its end; nullopt when there is none. While it waits it calls
  /// `on_event` whenever `event_fd` can be read from.
  [[nodiscard]] virtual std::optional<std::string> next(int event_fd,
                                                        const std::function<void()>& on_event) = 0;
  /// There is no next line because the user has interrupted twice.
  [[nodiscard]] virtual bool was_interrupted() const { return false; }
};

/// Lines of stdin as they are.
[[nodiscard]] std::unique_ptr<input> make_piped_input();

struct terminal_options {
  std::function<std::string()> prompt;
  /// What the last word of a line that ends at the cursor may become.
  std::function<std::vector<std::string>(std::string_view)> complete;
  std::string history_path;  // empty: lines are remembered in this run only
  interrupts* ctrl_c;        // clears the line; twice without a word between, it ends the input
};
/// Lines edited on the terminal, one such input a process. Lines that show credentials are not
/// written to the history file.
[[nodiscard]] std::unique_ptr<input> make_terminal_input(terminal_options options);

}  // namespace troupe::cli
