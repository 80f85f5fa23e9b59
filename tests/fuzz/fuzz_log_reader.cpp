// SPDX-License-Identifier: Apache-2.0
/// Two transaction log files that follow each other, as bytes: reading ends, with a history without
/// holes or with a refusal that names a file; and what opens for appending takes the next txn.
/// Chance damage leaves a prefix of the true history, never another one.
///     input = options | first zxid in 8 bytes, of each file | length of the first in 2 | bytes
/// options & 1: the entries' checksums are made to fit; & 2: there is room behind the entries.
#include <algorithm>

#include "tests/fuzz/checks.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace {

using namespace troupe;
using namespace troupe::storage;
using fuzz::require;

constexpr std::size_t head_bytes = 1 + 8 + 8 + 2;

std::string encoded(char options, zxid first, zxid second, const std::string& one,
                    const std::string& two) {
  return options + fuzz::number(static_cast<std::uint64_t>(first.value), 8) +
         fuzz::number(static_cast<std::uint64_t>(second.value), 8) + fuzz::number(one.size(), 2) +
         one + two;
}

/// A file as it was before it was extended ahead.
std::string entries_of(std::string file) {
  file.erase(file.find_last_not_of('\0') + 1);
  return file;
}

/// Writes the checksum that each entry's payload has.
void make_checksums_fit(std::string& file) {
  for (auto at = log_header_bytes; at + entry_overhead_bytes <= file.size();) {
    jute::reader head{std::string_view{file}.substr(at + 8)};
    const auto length = static_cast<std::uint32_t>(head.i32());
    if (length > file.size() - at - entry_overhead_bytes) return;
    const auto sum = checksum_of(std::string_view{file}.substr(at + entry_head_bytes, length));
    if (length > 0) file.replace(at, 8, fuzz::number(sum, 8));
    at += entry_overhead_bytes + length;
  }
}

void put_files(memory_disk& d, fuzz::input in) {
  const auto options = in.number();
  const zxid first{static_cast<std::int64_t>(in.number(8))};
  const zxid second{static_cast<std::int64_t>(in.number(8))};
  std::string files[2];
  files[0] = in.take(in.number(2));
  files[1] = in.rest();
  for (auto& file : files) {
    if ((options & 1) != 0) make_checksums_fit(file);
    if ((options & 2) != 0) file.resize(file.size() + 300);
  }
  d.put("/d/" + log_name(first), files[0]);
  if (!files[1].empty()) d.put("/d/" + log_name(second), files[1]);
}

/// Only the header's zxids decide what follows what, so a txn that is read stands where it stood.
void check_against(const std::string& origin, std::string_view bytes, const read_back& all) {
  if (bytes.substr(1, head_bytes - 1) != std::string_view{origin}.substr(1, head_bytes - 1) ||
      (bytes.front() & 1) != 0)
    return;
  memory_disk d;
  put_files(d, fuzz::input{origin});
  const auto truth = read_all(d, "/d").ids;
  require(all.ids.size() <= truth.size(), "more txns than were written");
  require(std::equal(all.ids.begin(), all.ids.end(), truth.begin()),
          "another txn than was written");
}

/// nullopt behind the last zxid there is.
std::optional<zxid> next_after(zxid last) {
  const zxid next{last.value + 1};
  if (next.counter() != 0) return next;
  return std::nullopt;
}

void check_appending(memory_disk& d, const read_back& all) {
  auto log = txn_log::open(d, options_for("/d"));
  require(log.has_value(), log ? "" : "it reads but does not open: " + log.error().text());
  const auto last = all.ids.empty() ? zxid{0} : all.ids.back();
  require(log->last_zxid() == last, "it opens at another end than it reads to");
  const auto next = next_after(last);
  if (!next) return;
  require(log->append(*sample_txn(*next)) && log->sync(), "it takes no next txn");
  const auto more = read_all(d, "/d");
  require(more.refusal.empty() && more.ids.size() == all.ids.size() + 1,
          "what was appended is not read: " + more.refusal);
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const auto one = log_bytes({at(1, 1), at(1, 2), at(1, 3)}), two = log_bytes({at(1, 4), at(2, 1)});
  const auto genuine_one = entries_of(genuine_file("log.1"));
  const auto genuine_two = entries_of(genuine_file("log.10"));
  std::vector<std::string> out;
  for (char options : {'\0', '\1', '\2'}) {
    out.push_back(encoded(options, at(1, 1), at(1, 4), one, two));
    out.push_back(encoded(options, zxid{0x1}, zxid{0x10}, genuine_one, genuine_two));
  }
  return out;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < head_bytes) return 0;
  memory_disk d;
  put_files(d, fuzz::input{data, size});
  const auto all = read_all(d, "/d");
  if (fuzz::origin != nullptr)
    check_against(*fuzz::origin, {reinterpret_cast<const char*>(data), size}, all);
  for (std::size_t i = 1; i < all.ids.size(); ++i)
    require(follows(all.ids[i - 1], all.ids[i]), "a history with a hole");
  if (!all.refusal.empty()) {
    require(all.refusal.find("/d/log.") != std::string::npos, "a refusal names no file");
    fuzz::count(false);
    return 0;
  }
  fuzz::count(true);
  check_appending(d, all);
  return 0;
}
