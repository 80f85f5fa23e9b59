// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/console.hpp"

#include <ostream>

namespace troupe::cli {

std::ostream& console::out() {
  if (settle) settle();
  show_events();
  return out_;
}

std::ostream& console::err() {
  out().flush();
  return err_;
}

void console::show_events() {
  for (const auto& x : events_.take()) {
    const bool connection = x.state == "SyncConnected" && !x.path;
    const bool first_connection = connection && !was_connected_;
    was_connected_ = was_connected_ || connection;
    if (mode_ == console_mode::one_shot || !print_watches) continue;
    if (mode_ == console_mode::piped && first_connection) continue;
    out_ << "\nWATCHER::\n\n" << event_text(x) << "\n";
  }
}

void console::flush() {
  if (settle) settle();
  show_events();
  out_.flush();
  err_.flush();
}

}  // namespace troupe::cli
