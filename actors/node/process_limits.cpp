// SPDX-License-Identifier: Apache-2.0
#include "actors/node/process_limits.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string_view>
#include <utility>

#include "actors/core/memory_budget.hpp"

namespace troupe {
namespace {

using kind = config::memory_limit::kind;

/// "max", and what is beyond any machine, is no limit.
std::optional<std::int64_t> parse_limit(const std::optional<std::string>& text) {
  constexpr std::int64_t beyond = std::int64_t{1} << 50;
  if (!text) return std::nullopt;
  std::int64_t bytes = 0;
  const auto read = std::from_chars(text->data(), text->data() + text->size(), bytes);
  if (read.ec != std::errc{} || bytes <= 0 || bytes >= beyond) return std::nullopt;
  return bytes;
}

/// In `directory` and all above it, as far as `top`.
void look_upwards(const text_reader& read, const std::string& top, std::string below,
                  const std::string& name, std::optional<cgroup_limit>& least) {
  for (;;) {
    const auto file = top + below + '/' + name;
    if (auto bytes = parse_limit(read(file)); bytes && (!least || *bytes < least->bytes))
      least = cgroup_limit{*bytes, file};
    if (below.empty()) return;
    below.erase(below.rfind('/'));
  }
}

std::string bytes_text(std::int64_t bytes) {
  return std::to_string(bytes) + " bytes (" + std::to_string(bytes >> 20) + " MiB)";
}

}  // namespace

open_files_limit raise_open_files() {
  // Descriptors are ints, whatever the system says.
  const auto counted = [](rlim_t n) {
    return static_cast<std::int64_t>(
        std::min<rlim_t>(n, static_cast<rlim_t>(std::numeric_limits<std::int32_t>::max())));
  };
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  open_files_limit out{counted(limit.rlim_cur), counted(limit.rlim_cur)};
  const auto was = std::exchange(limit.rlim_cur, limit.rlim_max);
  if (was == limit.rlim_max || ::setrlimit(RLIMIT_NOFILE, &limit) != 0) return out;
  out.now = counted(limit.rlim_cur);
  return out;
}

std::optional<std::string> read_text(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

/// A line is "0::/path" in v2, "4:cpu,memory:/path" in v1. In a container the path may be the
/// host's, of which the container sees the end only: then the top is all there is.
std::optional<cgroup_limit> find_cgroup_limit(const text_reader& read) {
  std::optional<cgroup_limit> least;
  std::istringstream lines{read("/proc/self/cgroup").value_or("")};
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const auto controllers = ',' + line.substr(first + 1, second - first - 1) + ',';
    auto path = line.substr(second + 1);
    while (path.ends_with('/')) path.pop_back();
    if (controllers == ",,")
      look_upwards(read, "/sys/fs/cgroup", path, "memory.max", least);
    else if (controllers.find(",memory,") != std::string::npos)
      look_upwards(read, "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes", least);
  }
  return least;
}

namespace {

memory_allowance as_asked(const config::memory_limit& asked,
                          const std::optional<cgroup_limit>& cgroup, std::int64_t machine_bytes) {
  if (asked.how == kind::none) return {0, "none, as memory.limit says"};
  if (asked.how == kind::cgroup && !cgroup)
    return {0, "none: memory.limit does not say, and no cgroup has a limit"};
  const auto in_cgroup = cgroup ? bytes_text(cgroup->bytes) + " of " + cgroup->file : std::string{};
  if (asked.how == kind::cgroup)
    return {cgroup->bytes, "the cgroup's, " + in_cgroup + "; memory.limit does not say"};
  if (asked.how == kind::percent) {
    const auto whole = cgroup ? cgroup->bytes : machine_bytes;
    const auto part = whole / 100 * asked.value;
    return {part, "memory.limit=" + std::to_string(asked.value) + "% of " +
                      (cgroup ? in_cgroup : bytes_text(whole) + " of this machine") + " = " +
                      bytes_text(part)};
  }
  if (cgroup && cgroup->bytes < asked.value)
    return {cgroup->bytes, "the cgroup's, " + in_cgroup + ", which is less than memory.limit, " +
                               bytes_text(asked.value)};
  return {asked.value, "memory.limit, " + bytes_text(asked.value)};
}

}  // namespace

memory_allowance allow_memory(const config::memory_limit& asked,
                              const std::optional<cgroup_limit>& cgroup,
                              std::int64_t machine_bytes) {
  constexpr auto least = core::memory_budget::limit_min;
  auto out = as_asked(asked, cgroup, machine_bytes);
  if (out.bytes == 0 || out.bytes >= least) return out;
  return {least, out.why + "; raised to " + bytes_text(least) + ", the least a server can live in"};
}

memory_allowance allow_memory(const config::memory_limit& asked) {
  struct sysinfo machine {};
  const auto total = ::sysinfo(&machine) == 0
                         ? static_cast<std::int64_t>(machine.totalram) * machine.mem_unit
                         : std::numeric_limits<std::int64_t>::max();
  return allow_memory(asked, find_cgroup_limit(), total);
}

std::int64_t resident_bytes() {
  // Total and resident pages are the first two numbers.
  char text[128];
  const int fd = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  const auto size = ::read(fd, text, sizeof text);
  ::close(fd);
  if (size <= 0) return 0;
  const std::string_view line{text, static_cast<std::size_t>(size)};
  const auto at = line.find(' ');
  std::int64_t pages = 0;
  if (at == std::string_view::npos) return 0;
  std::from_chars(line.data() + at + 1, line.data() + line.size(), pages);
  return pages * ::sysconf(_SC_PAGESIZE);
}

}  // namespace troupe
