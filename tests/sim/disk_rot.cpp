// SPDX-License-Identifier: Apache-2.0
// What rots on a simulated disk, and what power leaves of a batch.
#include <algorithm>
#include <utility>

#include "actors/storage/log_format.hpp"
#include "tests/sim/disk.hpp"

namespace troupe::sim {
namespace {

/// From where to where the last whole entry of a log goes that ends by `end`; {0, 0} when none
/// does.
std::pair<std::size_t, std::size_t> last_entry_in(const std::string& log, std::size_t end) {
  std::pair<std::size_t, std::size_t> last{0, 0};
  for (auto at = std::size_t{storage::log_header_bytes};
       at + storage::entry_overhead_bytes + storage::payload_bytes_min <= log.size();) {
    std::uint32_t length = 0;
    for (std::size_t i = 8; i < storage::entry_head_bytes; ++i)
      length = length << 8 | static_cast<unsigned char>(log[at + i]);
    const auto next = at + length + storage::entry_overhead_bytes;
    if (length < storage::payload_bytes_min || next > std::min(log.size(), end)) break;
    if (log[next - 1] != 'B') break;
    last = {std::exchange(at, next), next};
  }
  return last;
}

}  // namespace

/// Up to where a file's bytes have been synced for `age`.
std::size_t platters::end_of_old(const inode& file, duration age) const {
  if (!clock) return file.durable.size();
  const auto now = stopped_.value_or(clock());
  std::size_t end = 0;
  for (const auto& [when, upto] : file.synced_at)
    if (when + age <= now) end = upto;
  return std::min(end, file.durable.size());
}

void platters::stop_noting() {
  if (clock && !stopped_) stopped_ = clock();
}

bool platters::rot(const std::string& part, rng& chance, duration age) {
  auto files = files_with(part);
  if (files.empty()) return false;
  auto& [name, file] = files[chance.below(files.size())];
  auto& kept = file->durable;
  const auto spoil = [&](std::size_t at, char value) {
    if (at < file->content.size() && file->content[at] == kept[at]) file->content[at] = value;
    kept[at] = value;
  };
  const auto turn_a_bit = [&](std::size_t from, std::size_t to) {
    const auto at = from + chance.below(to - from);
    spoil(at, static_cast<char>(kept[at] ^ (1 << chance.below(8))));
  };
  const bool is_log = name.starts_with("log.");
  const auto end = is_log ? end_of_old(*file, age) : kept.size();
  const auto last = is_log ? last_entry_in(kept, end) : std::pair<std::size_t, std::size_t>{0, 0};
  if (is_log ? last.second == 0 : end == 0) return false;
  const auto how = is_log ? chance.below(100) : 0;
  if (how < 50) {
    turn_a_bit(0, is_log ? last.second : end);
  } else if (how < 75) {
    turn_a_bit(last.first, last.second);
  } else {
    const auto from = how < 87 ? last.second - 1 : last.first;
    for (auto at = from; at < last.second; ++at) spoil(at, '\0');
  }
  return true;
}

std::vector<platters::inode_ptr> platters::logs() const {
  std::map<zxid, inode_ptr> ascending;
  for (const auto& [name, file] : files_with("log."))
    if (const auto first = storage::parse_log_name(name);
        first && last_entry_in(file->durable, file->durable.size()).second != 0)
      ascending[*first] = file;
  std::vector<inode_ptr> out;
  for (const auto& [first, file] : ascending) out.insert(out.begin(), file);
  return out;
}

bool platters::rot_last_entry(spoils how, std::size_t newer_logs) {
  const auto files = logs();
  if (newer_logs >= files.size()) return false;
  auto& kept = files[newer_logs]->durable;
  const auto [from, to] = last_entry_in(kept, kept.size());
  if (how == spoils::a_bit)
    kept[from + 40] ^= 1;
  else
    for (auto at = how == spoils::all_of_it ? from : to - 1; at < to; ++at) kept[at] = '\0';
  files[newer_logs]->content = kept;
  return true;
}

bool platters::tear_a_batch() {
  const auto files = logs();
  if (files.empty()) return false;
  auto& kept = files.front()->durable;
  const auto [from, to] = last_entry_in(kept, kept.size());
  const auto entry = kept.substr(from, to - from);
  const auto at = to + entry.size();
  kept.resize(std::max(kept.size(), at + entry.size() + 100));
  kept.replace(at, entry.size(), entry);
  files.front()->content = kept;
  return true;
}

bool platters::rot(const std::string& part) {
  auto files = files_with(part);
  if (files.empty()) return false;
  auto& found = files.back().second;
  auto end = found->content.find_last_not_of('\0');  // behind it a log is empty
  if (end == std::string::npos || end < 2 || found->durable.size() <= end / 2) return false;
  found->content[end / 2] ^= 1;
  found->durable[end / 2] ^= 1;
  return true;
}

}  // namespace troupe::sim
