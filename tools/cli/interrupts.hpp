// SPDX-License-Identifier: Apache-2.0
/// Ctrl-C for a shell on a terminal: counted instead of ending the program, for whoever waits to
/// look at. The third that nobody has taken ends it all the same. One such object a process.
/// Owns: SIGINT's handler, and a file descriptor that can be read from while one is untaken.
#pragma once

namespace troupe::cli {

class interrupts {
 public:
  interrupts();
  ~interrupts();
  interrupts(const interrupts&) = delete;
  interrupts& operator=(const interrupts&) = delete;

  [[nodiscard]] int fd() const;
  /// One came since the last take().
  [[nodiscard]] bool pending() const;
  /// How many came since the last call.
  int take();
};

}  // namespace troupe::cli
