// SPDX-License-Identifier: Apache-2.0
/// The bytes of a transaction log file, as ZooKeeper's FileTxnLog writes them. All big-endian.
///
///     file    = header entry* zeros
///     header  = magic i32 "ZKLG" | version i32 2 | database id i64                16 bytes
///     entry   = adler32 of payload, i64 | payload length i32 | payload | 'B'      13 bytes +
///     payload payload = a txn's bytes (messages/txn.hpp), at least its 32-byte header
///
/// The database id is 0 in ZooKeeper's files, and nobody reads it there. Here it is the zxid that
/// the log stood at when the file was begun: a file before it that ends earlier has lost its end,
/// which nothing else tells when an epoch begins between the two.
/// A file is named log.<zxid of its first entry, hex>. The zeros are preallocated room: before an
/// entry is written at `position`, the file is extended when fewer than 4096 bytes of it remain
/// (FilePadding). Lengths and offsets are bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/storage/disk.hpp"
#include "messages/ids.hpp"
#include "messages/txn.hpp"

namespace troupe::storage {

inline constexpr std::uint64_t log_header_bytes = 16;
inline constexpr std::size_t entry_head_bytes = 12;      // checksum and length
inline constexpr std::size_t entry_overhead_bytes = 13;  // and the 'B'
inline constexpr std::size_t payload_bytes_min = 32;     // a txn header

inline constexpr std::int64_t prealloc_bytes_default = std::int64_t{64} << 20;

[[nodiscard]] std::string log_name(zxid first);
/// nullopt for every name but log.<1..16 hex digits>: what else lies in the directory is foreign.
[[nodiscard]] std::optional<zxid> parse_log_name(std::string_view name);

[[nodiscard]] std::string encode_log_header(zxid after = {});
/// Adler-32, which the file stores as 64 bits.
[[nodiscard]] std::uint32_t checksum_of(std::string_view payload);
void append_entry(std::string& out, std::string_view payload);

/// The size a file of `size` bytes must have before an entry is written at `position`.
/// `prealloc_bytes` <= 0: it is never extended ahead.
[[nodiscard]] std::uint64_t padded_size(std::uint64_t position, std::uint64_t size,
                                        std::int64_t prealloc_bytes);

/// Whether `next` may stand right after `previous` in one history: the next of the same epoch, or
/// the first of a later one (a leader's zxids start at counter 1).
[[nodiscard]] constexpr bool follows(zxid previous, zxid next) {
  if (next.in_epoch() == previous.in_epoch()) return next.value == previous.value + 1;
  return next.in_epoch() > previous.in_epoch() && next.counter() == 1;
}

struct log_file {
  zxid first;  // from the name
  std::string path;
};
/// The log files of a directory, ascending.
[[nodiscard]] io_result<std::vector<log_file>> list_logs(disk& d, const std::string& directory);

}  // namespace troupe::storage
