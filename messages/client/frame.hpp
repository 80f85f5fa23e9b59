// SPDX-License-Identifier: Apache-2.0
/// Frames of the client protocol: a big-endian length of 4 bytes, then that many bytes of payload.
/// Cuts a stream of bytes into payloads, however the reads fell, and knows nothing of what they
/// mean.
/// Errors: a length that no payload may have makes the stream `bad()`; payloads before it are still
/// handed out, nothing behind it is, since nobody can say where the next frame begins.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "messages/client/jute.hpp"

namespace troupe {

/// The length that ended a stream, and the greatest that would have been taken.
struct bad_frame {
  std::int32_t length = 0;
  std::int32_t length_max = 0;
  friend bool operator==(const bad_frame&, const bad_frame&) = default;
};

/// "negative", "zero" or "too long".
[[nodiscard]] std::string_view to_string(const bad_frame& why);

/// Invariant: holds what was fed and not yet handed out, and not a byte more: a length is believed
/// only as far as its payload has arrived.
class frame_splitter {
 public:
  explicit frame_splitter(std::int32_t payload_bytes_max = 0)
      : payload_bytes_max_(payload_bytes_max) {}

  /// Takes what a read brought. Ends the validity of payloads handed out before.
  void feed(std::string_view bytes);

  /// The next whole payload, valid until feed() or take_behind(); nullopt when more bytes are
  /// needed, or bad().
  [[nodiscard]] std::optional<std::string_view> next();

  /// What is behind the first `head` bytes of the payload that next() has returned last, as the
  /// caller's own. A long one is not copied.
  [[nodiscard]] std::string take_behind(std::size_t head);

  /// Set by the next() that met an impossible length; final.
  [[nodiscard]] const std::optional<bad_frame>& bad() const { return bad_; }

  /// What was fed and not yet handed out.
  [[nodiscard]] std::string_view waiting() const { return std::string_view(bytes_).substr(taken_); }

 private:
  std::int32_t payload_bytes_max_;
  std::string bytes_;
  std::size_t taken_ = 0;  // the first so many of bytes_ were handed out
  std::size_t last_ = 0;   // of these, the payload handed out last
  std::optional<bad_frame> bad_;
};

inline constexpr std::size_t frame_prefix_bytes = 4;

/// Puts `payload` behind its length.
void append_frame(std::string& out, std::string_view payload);

/// One frame of these records one behind the other: `append_frame_of(out, header, body)`.
template <class... Records>
void append_frame_of(std::string& out, const Records&... records) {
  const auto begin = out.size();
  jute::writer w{out};
  w.i32(0);
  w(records...);
  const auto length = static_cast<std::uint32_t>(out.size() - begin - frame_prefix_bytes);
  for (std::size_t i = 0; i < frame_prefix_bytes; ++i)
    out[begin + i] = static_cast<char>(length >> (8 * (frame_prefix_bytes - 1 - i)));
}

}  // namespace troupe
