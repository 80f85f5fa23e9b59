// SPDX-License-Identifier: Apache-2.0
/// Snapshots with damage of every kind, from a fixed seed for about two seconds: the decoder must
/// refuse or give a database that can be written and read again, and never fail itself.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "actors/core/snapshot_codec.hpp"
#include "actors/core/snapshot_format.hpp"

using namespace troupe;
using namespace troupe::core;

namespace {

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

std::string damage(std::string bytes, std::mt19937_64& random) {
  for (auto n = random() % 4; n > 0 && !bytes.empty(); --n) {
    auto at = random() % bytes.size();
    switch (random() % 5) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes.erase(at, random() % 20);
        break;
      case 2:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 100));
        break;
      case 3:
        for (auto i = at; i < std::min(at + 4, bytes.size()); ++i) bytes[i] = '\xff';
        break;
      default:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
        break;
    }
  }
  if (random() % 4) reseal(bytes);
  return bytes;
}

}  // namespace

int main() {
  const auto good = sample();
  std::mt19937_64 random{20240229};
  long taken = 0, tried = 0;
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (; tried < 200'000 && std::chrono::steady_clock::now() < end; ++tried) {
    auto bytes = damage(good, random);
    snapshot_decoder decoder;
    for (std::size_t i = 0; i < bytes.size();) {
      auto n = 1 + random() % 300;
      if (!decoder.feed(std::string_view{bytes}.substr(i, n))) break;
      i += n;
    }
    auto read = decoder.finish();
    if (!read) {
      if (read.error().find("at byte") == std::string::npos) return EXIT_FAILURE;
      continue;
    }
    ++taken;
    read->data.set_last_processed(zxid{INT64_MAX});  // no znode is younger than the snapshot
    auto again = encode_all(read->data);
    snapshot_decoder second;
    second.feed(again);
    auto same = second.finish();
    if (same) same->data.set_last_processed(zxid{INT64_MAX});
    if (!same || encode_all(same->data) != again || same->data.digest() != read->data.digest()) {
      std::fprintf(stderr, "try %ld: read once but not twice\n", tried);
      return EXIT_FAILURE;
    }
  }
  std::printf("%ld snapshots, %ld of them readable\n", tried, taken);
  return taken > 0 && taken < tried ? EXIT_SUCCESS : EXIT_FAILURE;
}
