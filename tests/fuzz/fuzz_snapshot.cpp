// SPDX-License-Identifier: Apache-2.0
/// Snapshots: the decoder must refuse or give a database that can be written and read again, and
/// takes the bytes however they are cut.
///     input = options | cuts | snapshot; options & 1: its first seal is made to fit
#include "actors/core/snapshot_codec.hpp"
#include "actors/core/snapshot_format.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/unit/storage/log_samples.hpp"

namespace {

using namespace troupe;
using namespace troupe::core;
using fuzz::require;

std::string encode_all(const tree& source) {
  snapshot_encoder encoder{source};
  std::string out;
  while (!encoder.done()) out += encoder.next(4096);
  return out;
}

std::string sample() {
  tree t;
  acl_list open = *open_acl(), closed{{31, {"digest", "a:b"}}};
  auto apply = [&t, at = std::int64_t{0}](op_code type, txn_body body) mutable {
    ++at;
    t.apply({{session_id{7}, cxid{1}, zxid{at}, at, type}, std::move(body), {}});
  };
  apply(op_code::create_session, create_session_txn{4000});
  apply(op_code::create, create_txn{"/a", jute::buffer{"data"}, open, false, 1});
  apply(op_code::create, create_txn{"/a/b", std::nullopt, closed, false, 1});
  apply(op_code::create, create_txn{"/a/e", jute::buffer{""}, open, true, 2});
  return encode_all(t);
}

/// Makes the first seal fit again, so that damage is not caught there alone.
void reseal(std::string& bytes) {
  constexpr std::size_t tail = 20 + 13, seal = 13;
  if (bytes.size() < tail + seal) return;
  auto at = bytes.size() - tail - seal;
  std::string sum;
  jute::writer{sum}.i64(snapshot_format::checksum(1, std::string_view{bytes}.substr(0, at)));
  bytes.replace(at, 8, sum);
  sum.clear();
  jute::writer{sum}.i64(
      snapshot_format::checksum(1, std::string_view{bytes}.substr(0, bytes.size() - seal)));
  bytes.replace(bytes.size() - seal, 8, sum);
}

tl::expected<image, std::string> decode(std::string_view bytes, fuzz::cuts where) {
  snapshot_decoder decoder;
  while (!bytes.empty() && decoder.feed(where.next(bytes))) {
  }
  return decoder.finish();
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const auto good = sample();
  const std::string one_piece{"\1\0", 2};
  return {one_piece + good, "\1\3\7\x20\1" + good, one_piece + storage::genuine_file("snapshot.0"),
          one_piece + storage::genuine_file("snapshot.f"),
          std::string(2, '\0') + storage::genuine_file("snapshot.0")};
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  const bool has_to_fit = (in.number() & 1) != 0;
  const fuzz::cuts drawn{in};
  std::string bytes{in.rest()};
  if (has_to_fit) reseal(bytes);
  auto read = decode(bytes, drawn);
  const auto at_once = decode(bytes, fuzz::cuts{bytes.size() + 1});
  require(read.has_value() == at_once.has_value(), "in pieces it is taken, or whole, but not both");
  if (!read) {
    require(read.error().find("at byte") != std::string::npos, "a refusal that names no byte");
    require(read.error() == at_once.error(), "in pieces it is refused for another reason");
    fuzz::count(false);
    return 0;
  }
  fuzz::count(true);
  require(read->data.digest() == at_once->data.digest(), "in pieces it is another database");
  read->data.set_last_processed(zxid{INT64_MAX});  // no znode is younger than the snapshot
  const auto again = encode_all(read->data);
  auto same = decode(again, fuzz::cuts{again.size() + 1});
  require(same.has_value(), "read once but not twice");
  same->data.set_last_processed(zxid{INT64_MAX});
  require(encode_all(same->data) == again && same->data.digest() == read->data.digest(),
          "what was written again is another database");
  return 0;
}
