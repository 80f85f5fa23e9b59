// SPDX-License-Identifier: Apache-2.0
/// What is wrong between the servers of a test cluster and under them, as one value: links that
/// hold their bytes or are slow, disks that are full or slow. The client keeps it, hosts pass it
/// on, each server looks up what is its own. Links are directed: (from, to). Errors: one line that
/// names the word and what is accepted.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace troupe::cluster {

using server_number = int;
inline constexpr server_number server_number_max = 255;
inline constexpr std::int64_t delay_ms_max = 60'000;

/// Servers on one side of a cut.
using side = std::set<server_number>;

struct link_fault {
  bool is_held = false;       // bytes wait until the link heals, as behind an unplugged cable
  std::int64_t delay_ms = 0;  // each byte comes so much later, in order
  friend bool operator==(const link_fault&, const link_fault&) = default;
};

struct disk_fault {
  bool is_full = false;      // what would grow a file fails with ENOSPC
  std::int64_t sync_ms = 0;  // each sync takes so much longer
  friend bool operator==(const disk_fault&, const disk_fault&) = default;
};

class faults {
 public:
  /// Holds both directions of every link between servers of different sides. Links within a side,
  /// and those of servers that are on none, stay as they are.
  void cut(const std::vector<side>& sides);
  void cut_one_way(const side& from, const side& to);
  /// Delays what this server says and what it hears. 0: no longer.
  void slow(server_number who, std::int64_t delay_ms);
  void disk_full(server_number who);
  /// 0: no longer.
  void disk_slow(server_number who, std::int64_t sync_ms);
  /// Everything works again.
  void heal() { *this = faults{}; }

  /// The delays of both ends add up.
  [[nodiscard]] link_fault between(server_number from, server_number to) const;
  [[nodiscard]] disk_fault disk_of(server_number who) const;
  [[nodiscard]] bool is_empty() const { return *this == faults{}; }

  [[nodiscard]] nlohmann::json to_json() const;
  /// Error: it is not what to_json() makes.
  [[nodiscard]] static tl::expected<faults, std::string> from_json(const nlohmann::json& from);

  friend bool operator==(const faults&, const faults&) = default;

 private:
  std::set<std::pair<server_number, server_number>> held_;
  std::map<server_number, std::int64_t> slow_;
  std::map<server_number, disk_fault> disks_;
};

/// "1,2 / 3,4,5": two sides or more of servers 1..servers, none of them on two.
[[nodiscard]] tl::expected<std::vector<side>, std::string> parse_sides(std::string_view text,
                                                                       server_number servers);

/// "20ms", "2s" or, as milliseconds, "20".
[[nodiscard]] tl::expected<std::int64_t, std::string> parse_delay_ms(std::string_view text);

/// For people, one phrase a fault; "none" without any.
[[nodiscard]] std::string to_text(const faults& x);

}  // namespace troupe::cluster
