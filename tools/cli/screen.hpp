// SPDX-License-Identifier: Apache-2.0
/// A terminal to print on: names, data and ACLs are what any client of the ensemble has written,
/// and none of it shall steer the terminal (messages/printable.hpp). A file or a pipe gets the
/// bytes as they are. Invariant: what one `<<` prints holds whole characters.
#pragma once

#include <ostream>
#include <streambuf>

namespace troupe::cli {

/// For as long as it lives, what is printed on `on` goes through it, if `descriptor` is a terminal.
class screen : private std::streambuf {
 public:
  screen(std::ostream& on, int descriptor);
  ~screen() override;
  screen(const screen&) = delete;
  screen& operator=(const screen&) = delete;

 private:
  int_type overflow(int_type c) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;
  int sync() override;

  std::ostream& on_;
  std::streambuf* behind_;  // null: not a terminal
};

}  // namespace troupe::cli
