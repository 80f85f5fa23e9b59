// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/snappy_stream.hpp"

#include <snappy.h>

#include <algorithm>
#include <optional>

#include "messages/client/jute.hpp"

namespace troupe::storage {
namespace {

using namespace std::string_view_literals;

constexpr auto magic = "\x82SNAPPY\x00"sv;
constexpr std::int32_t version = 1;
constexpr std::size_t header_bytes = 16;
constexpr std::size_t length_bytes = 4;
constexpr std::size_t block_content_bytes = std::size_t{32} << 10;  // SnappyOutputStream's default
/// snappy-java can be told to write larger blocks; no snapshot has one near this.
constexpr std::size_t block_bytes_max = std::size_t{64} << 20;
/// The longest copy is 64 bytes of content and stands in 3; a block that says more is no block.
constexpr std::size_t content_per_byte_max = 64;

std::string block_fault(std::string what) { return "snappy: " + std::move(what); }

/// Empty, or what is wrong with a header of 16 bytes.
std::string header_fault(std::string_view header) {
  if (header.substr(0, magic.size()) != magic) return block_fault("the stream's mark is not there");
  jute::reader r{header.substr(magic.size() + 4)};
  if (auto oldest = r.i32(); oldest > version)
    return block_fault("the stream needs a reader of version " + std::to_string(oldest) +
                       "; 1 is known here");
  return {};
}

}  // namespace

tl::expected<void, std::string> unsnappy::feed(
    std::string_view in,
    const std::function<tl::expected<void, std::string>(std::string_view)>& sink) {
  pending_.append(in);
  std::string_view rest{pending_};
  tl::expected<void, std::string> done;
  while (done) {
    // Streams may stand one behind the other: a header in the place of a block.
    if (!header_read_ || rest.substr(0, length_bytes) == magic.substr(0, length_bytes)) {
      if (rest.size() < header_bytes) break;
      if (auto fault = header_fault(rest.substr(0, header_bytes)); !fault.empty())
        done = tl::unexpected(std::move(fault));
      rest.remove_prefix(header_bytes);
      header_read_ = true;
      continue;
    }
    if (rest.size() < length_bytes) break;
    auto length = jute::reader{rest}.i32();
    if (length <= 0 || static_cast<std::size_t>(length) > block_bytes_max) {
      done = tl::unexpected(block_fault("a block's length is " + std::to_string(length)));
      break;
    }
    auto bytes = static_cast<std::size_t>(length);
    if (rest.size() < length_bytes + bytes) break;
    std::size_t content_bytes = 0;
    auto block = rest.substr(length_bytes, bytes);
    if (!snappy::GetUncompressedLength(block.data(), block.size(), &content_bytes) ||
        content_bytes > block_bytes_max || content_bytes > content_per_byte_max * bytes ||
        !snappy::Uncompress(block.data(), block.size(), &block_))
      done = tl::unexpected(block_fault("a block cannot be decompressed"));
    else
      done = sink(block_);
    rest.remove_prefix(length_bytes + bytes);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return done;
}

void snappy_stream::put_block(std::string& out, std::string_view content) {
  jute::writer w{out};
  if (!header_written_) {
    w.raw(magic);
    w.i32(version);
    w.i32(version);
    header_written_ = true;
  }
  if (content.empty()) return;
  std::string block;
  snappy::Compress(content.data(), content.size(), &block);
  w.bytes(block);
}

std::string snappy_stream::feed(std::string_view in) {
  std::string out;
  pending_.append(in);
  std::string_view rest{pending_};
  for (; rest.size() >= block_content_bytes; rest.remove_prefix(block_content_bytes))
    put_block(out, rest.substr(0, block_content_bytes));
  pending_.erase(0, pending_.size() - rest.size());
  return out;
}

std::string snappy_stream::finish() {
  std::string out;
  put_block(out, pending_);
  pending_.clear();
  return out;
}

}  // namespace troupe::storage
