// SPDX-License-Identifier: Apache-2.0
/// Usage: fuzz_TARGET [FILE...]
/// Without a file: every file of the target's corpus, then seeds with damage of every kind, the
/// same in every run, for about a second. Ends with 0 when each was taken or refused as it should
/// be.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "tests/fuzz/target.hpp"

namespace {

using namespace troupe::fuzz;
using randomness = std::mt19937_64;

constexpr long rounds_max = 100'000;
constexpr auto time_max = std::chrono::seconds(1);

std::string present;  // the input that is being tried

/// A finding says its input, for `xxd -r -p`.
void show_input(int) {
  std::fprintf(stderr, "the input, in hex:\n");
  for (unsigned char c : present) std::fprintf(stderr, "%02x", c);
  std::fprintf(stderr, "\n");
}

void run(const std::string& bytes) {
  present = bytes;
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

void replay(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  require(in.is_open(), "cannot open " + path.string());
  run({std::istreambuf_iterator<char>{in}, {}});
}

/// The names in the corpus; they are hashes of what is in them.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> out;
  for (const auto& entry : std::filesystem::directory_iterator{directory})
    out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

std::size_t below(randomness& random, std::size_t n) {
  return n == 0 ? 0 : static_cast<std::size_t>(random() % n);
}

void damage(std::string& bytes, const std::string& other, randomness& random) {
  const auto at = below(random, bytes.size());
  const auto n = below(random, 20) + 1;
  switch (below(random, 9)) {
    case 0:
      if (!bytes.empty()) bytes[at] = static_cast<char>(random());
      break;
    case 1:
      if (!bytes.empty()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
      break;
    case 2:
      bytes.erase(at, n);
      break;
    case 3:
      bytes.insert(at, bytes.substr(below(random, bytes.size()), below(random, 100)));
      break;
    case 4:
      bytes.insert(at, other.substr(below(random, other.size()), below(random, 100)));
      break;
    case 5:
      bytes.replace(at, std::min<std::size_t>(4, bytes.size() - at), 4,
                    below(random, 2) == 0 ? '\xff' : '\x7f');
      break;
    case 6:
      bytes.replace(at, std::min(n, bytes.size() - at), n, '\0');
      break;
    case 7:
      bytes.insert(at, std::to_string(random() % 100'000));
      break;
    default:
      bytes.resize(at);
      break;
  }
}

/// How many inputs it tried.
long bend_seeds() {
  const auto good = seeds();
  for (const auto& seed : good) {
    origin = &seed;
    run(seed);
  }
  randomness random{20240229};
  const auto end = std::chrono::steady_clock::now() + time_max;
  long tried = 0;
  for (; tried < rounds_max && std::chrono::steady_clock::now() < end; ++tried) {
    const auto& seed = good[below(random, good.size())];
    auto bytes = seed;
    for (auto times = below(random, 4); times > 0; --times)
      damage(bytes, good[below(random, good.size())], random);
    origin = &seed;
    run(bytes);
  }
  return tried;
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGABRT, show_input);
  for (int i = 1; i < argc; ++i) replay(argv[i]);
  if (argc > 1) return EXIT_SUCCESS;
  const auto corpus = files_in(TROUPE_FUZZ_CORPUS);
  require(!corpus.empty(), "there is no file in " TROUPE_FUZZ_CORPUS);
  for (const auto& file : corpus) replay(file);
  outcomes = {};
  const auto tried = bend_seeds();
  std::printf("%zu files and %ld inputs; of what was in the latter %ld taken, %ld refused\n",
              corpus.size(), tried, outcomes.taken, outcomes.refused);
  // Fewer: the damage no longer reaches what lies behind.
  const auto all = outcomes.taken + outcomes.refused;
  return outcomes.taken > all / 20 && outcomes.refused > all / 50 ? EXIT_SUCCESS : EXIT_FAILURE;
}
