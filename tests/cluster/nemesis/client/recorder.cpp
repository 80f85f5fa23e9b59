// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/nemesis/client/recorder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

namespace troupe::nemesis {

recorder::recorder(const std::string& path, std::int64_t first_client)
    : fd_(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644)),
      next_client_(first_client) {
  if (fd_ >= 0) return;
  std::perror(path.c_str());
  std::exit(2);
}

recorder::~recorder() { ::close(fd_); }

void recorder::write(const nlohmann::json& line) {
  // One call a line: with O_APPEND the kernel keeps it whole beside those of other processes.
  const auto text = line.dump() + "\n";
  if (::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size())) return;
  std::perror("the history cannot be written");
  std::exit(2);
}

}  // namespace troupe::nemesis
