// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/log_format.hpp"

#include <zlib.h>

#include <algorithm>

#include "actors/storage/file_names.hpp"
#include "messages/client/jute.hpp"

namespace troupe::storage {
namespace {
constexpr std::int32_t log_magic = 0x5a4b4c47;  // "ZKLG"
constexpr std::int32_t log_version = 2;
constexpr std::uint64_t padding_room_bytes = 4096;
}  // namespace

std::string log_name(zxid first) { return "log." + bare_hex(first.value); }

std::optional<zxid> parse_log_name(std::string_view name) {
  constexpr std::string_view prefix = "log.";
  if (name.substr(0, prefix.size()) != prefix) return std::nullopt;
  return parse_bare_hex(name.substr(prefix.size()));
}

std::string encode_log_header(zxid after) {
  std::string out;
  jute::writer w{out};
  w(log_magic, log_version, after.value);
  return out;
}

std::uint32_t checksum_of(std::string_view payload) {
  return static_cast<std::uint32_t>(
      ::adler32_z(1, reinterpret_cast<const Bytef*>(payload.data()), payload.size()));
}

void append_entry(std::string& out, std::string_view payload) {
  jute::writer w{out};
  w.i64(checksum_of(payload));
  w.bytes(payload);
  out.push_back('B');
}

std::uint64_t padded_size(std::uint64_t position, std::uint64_t size, std::int64_t prealloc_bytes) {
  if (prealloc_bytes <= 0 || position + padding_room_bytes < size) return size;
  auto step = static_cast<std::uint64_t>(prealloc_bytes);
  if (position <= size) return size + step;
  return (position + step) / step * step;
}

io_result<std::vector<log_file>> list_logs(disk& d, const std::string& directory) {
  auto entries = d.list_directory(directory);
  if (!entries) return tl::unexpected(std::move(entries.error()));
  std::vector<log_file> out;
  for (const auto& entry : *entries)
    if (auto first = parse_log_name(entry.name); first && !entry.is_directory)
      out.push_back({*first, join_path(directory, entry.name)});
  std::sort(out.begin(), out.end(),
            [](const log_file& a, const log_file& b) { return a.first < b.first; });
  return out;
}

}  // namespace troupe::storage
