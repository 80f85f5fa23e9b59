// SPDX-License-Identifier: Apache-2.0
/// The genuine server's compressed snapshots with damage of every kind, from a fixed seed for about
/// two seconds: what comes out is the database that was written, or a refusal.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <string>

#include "actors/core/snapshot_codec.hpp"
#include "actors/storage/gzip.hpp"
#include "actors/storage/snappy_stream.hpp"

using namespace troupe;

namespace {

constexpr std::size_t content_bytes_max = std::size_t{256} << 20;

std::string genuine(const std::string& name) {
  std::ifstream in{std::string{TROUPE_GENUINE_FILES} + "/" + name, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

std::string damage(std::string bytes, std::mt19937_64& random) {
  for (auto n = random() % 3; n > 0 && !bytes.empty(); --n) {
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
        bytes.resize(at);
        break;
    }
  }
  return bytes;
}

/// The digest of the database in the bytes, fed in pieces; nullopt when they are refused.
template <class Expand>
std::optional<std::int64_t> read(const std::string& bytes, std::mt19937_64& random) {
  Expand expand;
  core::snapshot_decoder decoder;
  std::size_t total = 0;
  auto sink = [&](std::string_view chunk) -> tl::expected<void, std::string> {
    total += chunk.size();
    if (total <= content_bytes_max && decoder.feed(chunk)) return {};
    return tl::unexpected(std::string{"refused"});
  };
  for (std::size_t i = 0; i < bytes.size();) {
    auto n = 1 + random() % 300;
    if (!expand.feed(std::string_view{bytes}.substr(i, n), sink)) return std::nullopt;
    i += n;
  }
  if (!expand.done()) return std::nullopt;
  auto decoded = decoder.finish();
  return decoded ? std::optional{decoded->data.digest()} : std::nullopt;
}

}  // namespace

int main() {
  const auto gz = genuine("snapshot.12.gz"), snappy = genuine("snapshot.12.snappy");
  std::mt19937_64 random{20220303};
  const auto expected = read<storage::gunzip>(gz, random);
  if (!expected || read<storage::unsnappy>(snappy, random) != expected) {
    std::fprintf(stderr, "the two files do not hold one database\n");
    return EXIT_FAILURE;
  }
  long taken = 0, tried = 0;
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  for (; tried < 200'000 && std::chrono::steady_clock::now() < end; ++tried) {
    auto got = tried % 2 == 0 ? read<storage::gunzip>(damage(gz, random), random)
                              : read<storage::unsnappy>(damage(snappy, random), random);
    if (!got) continue;
    ++taken;
    if (got != expected) {
      std::fprintf(stderr, "try %ld: another database came out\n", tried);
      return EXIT_FAILURE;
    }
  }
  std::printf("%ld compressed snapshots, %ld of them readable\n", tried, taken);
  return taken > 0 && taken < tried ? EXIT_SUCCESS : EXIT_FAILURE;
}
