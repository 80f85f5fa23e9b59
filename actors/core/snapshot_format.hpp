// SPDX-License-Identifier: Apache-2.0
/// What both sides of the snapshot codec know of the format (FileSnap, SnapStream).
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string_view>

namespace troupe::core::snapshot_format {

inline constexpr std::int32_t magic = 0x5A4B534E;  // "ZKSN"
inline constexpr std::int32_t version = 2;
inline constexpr std::int64_t database_id = -1;
inline constexpr std::string_view end_mark = "/";

/// No string or list in a snapshot is near this long; a length beyond it is no length.
inline constexpr std::int32_t item_bytes_max = 1 << 30;

/// Adler-32 of `bytes` behind those that `before` is the sum of. Starts at 1.
[[nodiscard]] inline std::uint32_t checksum(std::uint32_t before, std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::adler32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace troupe::core::snapshot_format
