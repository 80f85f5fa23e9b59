// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/gzip.hpp"

#include <cassert>
#include <new>

namespace troupe::storage {
namespace {

constexpr int gzip_window_bits = 15 + 16;  // 16: with gzip's header and checksum
constexpr std::size_t out_bytes = std::size_t{256} << 10;

Bytef* input(std::string_view in) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));  // zlib only reads it
}

}  // namespace

gunzip::gunzip() {
  if (::inflateInit2(&stream_, gzip_window_bits) != Z_OK) throw std::bad_alloc{};
}
gunzip::~gunzip() { ::inflateEnd(&stream_); }

tl::expected<void, std::string> gunzip::feed(
    std::string_view in,
    const std::function<tl::expected<void, std::string>(std::string_view)>& sink) {
  std::string out(out_bytes, '\0');
  stream_.next_in = input(in);
  stream_.avail_in = static_cast<uInt>(in.size());
  do {
    if (done_) return tl::unexpected(std::string{"there are bytes after the compressed data"});
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    int result = ::inflate(&stream_, Z_NO_FLUSH);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      return tl::unexpected(std::string{"gzip: "} +
                            (stream_.msg ? stream_.msg : "the data cannot be inflated"));
    done_ = result == Z_STREAM_END;
    auto produced = out.size() - stream_.avail_out;
    if (produced > 0)
      if (auto taken = sink(std::string_view{out}.substr(0, produced)); !taken) return taken;
    if (produced == 0 && !done_) break;  // all of the input is inside
  } while (stream_.avail_in > 0 || (!done_ && stream_.avail_out == 0));
  return {};
}

gzip::gzip() {
  if (::deflateInit2(&stream_, Z_BEST_SPEED, Z_DEFLATED, gzip_window_bits, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw std::bad_alloc{};
}
gzip::~gzip() { ::deflateEnd(&stream_); }

std::string gzip::run(std::string_view in, int flush) {
  std::string out;
  stream_.next_in = input(in);
  stream_.avail_in = static_cast<uInt>(in.size());
  int result = Z_OK;
  do {
    auto filled = out.size();
    out.resize(filled + out_bytes);
    stream_.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
    stream_.avail_out = static_cast<uInt>(out_bytes);
    result = ::deflate(&stream_, flush);
    assert(result != Z_STREAM_ERROR);
    out.resize(out.size() - stream_.avail_out);
  } while (stream_.avail_in > 0 || (flush == Z_FINISH && result != Z_STREAM_END));
  return out;
}

std::string gzip::feed(std::string_view in) { return run(in, Z_NO_FLUSH); }
std::string gzip::finish() { return run({}, Z_FINISH); }

}  // namespace troupe::storage
