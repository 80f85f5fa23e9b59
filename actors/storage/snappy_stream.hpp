// SPDX-License-Identifier: Apache-2.0
/// Streaming snappy for snapshots, in the framing of snappy-java's SnappyOutputStream, which is
/// what ZooKeeper writes with snapshot.compression.method=snappy. All numbers big-endian.
///
///     stream = header block*
///     header = 82 "SNAPPY" 00 | version i32 1 | oldest version that can read it i32 1     16 bytes
///     block  = length i32 | that many bytes of raw snappy, 32 KiB of content at most as written
///
/// The framing has no end mark and no checksum of its own: a stream may end behind any block, and
/// what it holds has to say whether it is whole (snapshots end with seals).
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace troupe::storage {

class unsnappy {
 public:
  /// Takes bytes cut anywhere; what they hold goes into `sink`, block by block. An error is a text:
  /// of the framing, or the sink's own.
  [[nodiscard]] tl::expected<void, std::string> feed(
      std::string_view in,
      const std::function<tl::expected<void, std::string>(std::string_view)>& sink);
  /// Whether the stream may end here.
  [[nodiscard]] bool done() const { return header_read_ && pending_.empty(); }

 private:
  bool header_read_ = false;
  std::string pending_;  // of a header or block that is not whole yet
  std::string block_;
};

class snappy_stream {
 public:
  /// The compressed bytes that are ready; maybe none yet.
  [[nodiscard]] std::string feed(std::string_view in);
  [[nodiscard]] std::string finish();

 private:
  void put_block(std::string& out, std::string_view content);
  bool header_written_ = false;
  std::string pending_;  // less than a block
};

}  // namespace troupe::storage
