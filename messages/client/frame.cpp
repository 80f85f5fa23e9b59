// SPDX-License-Identifier: Apache-2.0
#include "messages/client/frame.hpp"

#include <algorithm>
#include <utility>

namespace troupe {
namespace {

/// A buffer that once held a great frame is not kept for the small ones that follow.
constexpr std::size_t kept_capacity_bytes_max = 64 * 1024;

}  // namespace

std::string_view to_string(const bad_frame& why) {
  if (why.length < 0) return "negative";
  return why.length == 0 ? "zero" : "too long";
}

void frame_splitter::feed(std::string_view bytes) {
  if (taken_ == bytes_.size()) {
    if (bytes_.capacity() > kept_capacity_bytes_max) std::string{}.swap(bytes_);
    bytes_.clear();
  } else {
    bytes_.erase(0, taken_);
  }
  taken_ = last_ = 0;
  if (!bad_) bytes_.append(bytes);
}

std::optional<std::string_view> frame_splitter::next() {
  if (bad_) return std::nullopt;
  auto left = waiting();
  if (left.size() < frame_prefix_bytes) return std::nullopt;
  jute::reader prefix{left};
  const auto length = prefix.i32();
  if (length <= 0 || length > payload_bytes_max_) {
    bad_ = bad_frame{length, payload_bytes_max_};
    return std::nullopt;
  }
  left.remove_prefix(frame_prefix_bytes);
  const auto size = static_cast<std::size_t>(length);
  if (left.size() < size) return std::nullopt;
  taken_ += frame_prefix_bytes + size;
  last_ = size;
  return left.substr(0, size);
}

std::string frame_splitter::take_behind(std::size_t head) {
  const auto begin = taken_ - last_ + std::min(head, last_);
  last_ = 0;
  if (taken_ - begin <= kept_capacity_bytes_max) return bytes_.substr(begin, taken_ - begin);
  std::string behind = bytes_.substr(taken_);
  auto out = std::exchange(bytes_, std::move(behind));
  out.resize(taken_);
  out.erase(0, begin);
  taken_ = 0;
  return out;
}

void append_frame(std::string& out, std::string_view payload) {
  jute::writer w{out};
  w.bytes(payload);
}

}  // namespace troupe
