// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <iostream>

#include "actors/storage/posix_disk.hpp"
#include "actors/storage/running_server.hpp"
#include "tools/log/cli.hpp"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  troupe::storage::posix_disk disk;
  troupe::log_tool::terminal term{std::cout,
                                  std::cerr,
                                  std::cin,
                                  ::isatty(STDIN_FILENO) == 1,
                                  ::isatty(STDERR_FILENO) == 1,
                                  troupe::storage::running_in};
  return troupe::log_tool::run(argc, argv, disk, term);
}
