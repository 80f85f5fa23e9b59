// SPDX-License-Identifier: Apache-2.0
/// Compressed snapshots: expanding ends in the same content however the bytes are cut, or in a
/// refusal, and makes no more of them than the format can hold; what was expanded survives being
/// compressed again. Chance damage never gives another database than the one that was written.
///     input = options | cuts | bytes; options & 1: snappy, else gzip
#include <optional>

#include "actors/core/snapshot_codec.hpp"
#include "actors/storage/gzip.hpp"
#include "actors/storage/snappy_stream.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/unit/storage/log_samples.hpp"

namespace {

using namespace troupe;
using fuzz::require;

// A byte of deflate holds 1032 of content at most, three of snappy 64.
constexpr std::size_t growth_max = 1100;
constexpr std::size_t content_bytes_max = std::size_t{8} << 20;

struct expanded {
  std::string content;
  std::string refusal;
  friend bool operator==(const expanded&, const expanded&) = default;
};

template <class Expand>
expanded expand_with(std::string_view bytes, fuzz::cuts where) {
  Expand expand;
  expanded out;
  const auto sink = [&](std::string_view chunk) -> tl::expected<void, std::string> {
    out.content += chunk;
    if (out.content.size() <= content_bytes_max) return {};
    return tl::unexpected(std::string{"it is too long"});
  };
  require(Expand{}.done() == false, "nothing is a whole stream");
  while (!bytes.empty()) {
    if (const auto fed = expand.feed(where.next(bytes), sink); !fed) {
      require(!fed.error().empty(), "a refusal without a word");
      out.refusal = fed.error();
      return out;
    }
  }
  if (!expand.done()) out.refusal = "cut off";
  return out;
}

expanded expand(bool is_snappy, std::string_view bytes, const fuzz::cuts& where) {
  return is_snappy ? expand_with<storage::unsnappy>(bytes, where)
                   : expand_with<storage::gunzip>(bytes, where);
}

template <class Compress>
std::string compress_with(std::string_view content, fuzz::cuts where) {
  Compress compress;
  std::string out;
  while (!content.empty()) out += compress.feed(where.next(content));
  return out + compress.finish();
}

/// The digest of the database in the content; nullopt when there is none.
std::optional<std::int64_t> digest_of(const expanded& x) {
  if (!x.refusal.empty()) return std::nullopt;
  core::snapshot_decoder decoder;
  decoder.feed(x.content);
  const auto decoded = decoder.finish();
  return decoded ? std::optional{decoded->data.digest()} : std::nullopt;
}

/// A snappy block of 5 bytes that says it holds 63 MiB.
std::string block_that_claims_too_much() {
  const auto genuine = storage::genuine_file("snapshot.12.snappy");
  return std::string("\1\0", 2) + genuine.substr(0, 16) + fuzz::number(5, 4) + "\xff\xff\xff\x1f\1";
}

struct parts {
  bool is_snappy;
  fuzz::cuts where;
  std::string_view bytes;
};
parts parts_of(fuzz::input in) {
  const bool is_snappy = (in.number() & 1) != 0;
  fuzz::cuts where{in};
  return {is_snappy, std::move(where), in.rest()};
}

void check_against_origin(const expanded& got) {
  static const auto expected = [] {
    const auto good = fuzz::seeds();
    const auto gz = parts_of(fuzz::input{good[0]}), snappy = parts_of(fuzz::input{good[1]});
    const auto one = digest_of(expand(false, gz.bytes, gz.where));
    require(one && one == digest_of(expand(true, snappy.bytes, snappy.where)),
            "the two files do not hold one database");
    return one;
  }();
  const auto digest = digest_of(got);
  fuzz::count(digest.has_value());
  require(!digest || digest == expected, "another database came out");
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  return {std::string("\0\0", 2) + storage::genuine_file("snapshot.12.gz"),
          std::string("\1\0", 2) + storage::genuine_file("snapshot.12.snappy"),
          std::string("\0\2\x63\0", 4) + storage::genuine_file("snapshot.12.gz"),
          "\1\2\x63\1" + storage::genuine_file("snapshot.12.snappy"), block_that_claims_too_much()};
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [is_snappy, where, bytes] = parts_of(fuzz::input{data, size});
  const auto got = expand(is_snappy, bytes, where);
  require(got.content.size() <= growth_max * bytes.size() || got.content.size() > content_bytes_max,
          "more content than its bytes can hold");
  if (fuzz::origin != nullptr)
    check_against_origin(got);
  else
    fuzz::count(got.refusal.empty());
  if (got.content.size() > content_bytes_max) return 0;
  const fuzz::cuts whole{bytes.size() + 1};
  if (got.refusal.empty())
    require(expand(is_snappy, bytes, whole) == got, "in pieces it is another content");
  if (got.content.empty()) return 0;
  const auto packed = is_snappy ? compress_with<storage::snappy_stream>(got.content, where)
                                : compress_with<storage::gzip>(got.content, where);
  require(expand(is_snappy, packed, whole) == expanded{got.content, {}},
          "what was compressed expands to another content");
  return 0;
}
