// SPDX-License-Identifier: Apache-2.0
/// Streaming gzip for snapshots, over zlib. Owns zlib's state; not copied, not moved.
#pragma once

#include <zlib.h>

#include <functional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace troupe::storage {

class gunzip {
 public:
  gunzip();
  ~gunzip();
  gunzip(const gunzip&) = delete;
  gunzip& operator=(const gunzip&) = delete;

  /// Inflates `in` into `sink`, piece by piece. An error is a text: zlib's, or the sink's own.
  [[nodiscard]] tl::expected<void, std::string> feed(
      std::string_view in,
      const std::function<tl::expected<void, std::string>(std::string_view)>& sink);
  /// Whether the end of the compressed data was reached, its checksum right.
  [[nodiscard]] bool done() const { return done_; }

 private:
  z_stream stream_{};
  bool done_ = false;
};

class gzip {
 public:
  gzip();
  ~gzip();
  gzip(const gzip&) = delete;
  gzip& operator=(const gzip&) = delete;

  /// The compressed bytes that are ready; maybe none yet.
  [[nodiscard]] std::string feed(std::string_view in);
  [[nodiscard]] std::string finish();

 private:
  std::string run(std::string_view in, int flush);
  z_stream stream_{};
};

}  // namespace troupe::storage
