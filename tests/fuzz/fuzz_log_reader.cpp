// SPDX-License-Identifier: Apache-2.0
/// Damaged transaction logs: whatever the bytes are, reading ends, with a prefix of the true
/// history or with a refusal that names a file; and what opens for appending takes the next txn.
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

constexpr int rounds = 12'000;

struct corpus {
  std::vector<std::string> files;  // two log files that follow each other
  std::vector<std::string> names;
  std::vector<zxid> ids;
};

std::vector<corpus> make_corpora() {
  std::vector<corpus> out;
  out.push_back({{genuine_file("log.1"), genuine_file("log.10")}, {"log.1", "log.10"}, {}});
  out.push_back({{log_bytes({at(1, 1), at(1, 2), at(1, 3)}), log_bytes({at(1, 4), at(2, 1)})},
                 {"log.100000001", "log.100000004"},
                 {}});
  for (auto& c : out) {
    for (auto& f : c.files) f.resize(f.size() + 300);
    memory_disk d;
    for (std::size_t i = 0; i < c.files.size(); ++i) d.put("/d/" + c.names[i], c.files[i]);
    c.ids = read_all(d, "/d").ids;
  }
  return out;
}

std::size_t below(std::mt19937_64& random, std::size_t n) { return n == 0 ? 0 : random() % n; }

void mutate(std::string& bytes, std::mt19937_64& random) {
  auto at = below(random, bytes.size());
  auto n = std::min(below(random, 64) + 1, bytes.size() - at);
  switch (below(random, 8)) {
    case 0:
      bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
      break;
    case 1:
      bytes[at] = static_cast<char>(random());
      break;
    case 2:
      bytes.resize(at);
      break;
    case 3:
      bytes.replace(at, n, n, '\0');
      break;
    case 4:
      bytes.erase(at, n);
      break;
    case 5:
      bytes.insert(at, bytes.substr(below(random, bytes.size()), n));
      break;
    case 6:
      bytes.replace(at, n, n, '\xff');
      break;
    case 7:
      bytes.append(bytes.substr(at, n));
      break;
  }
}

[[noreturn]] void fail(int round, const char* what) {
  std::fprintf(stderr, "round %d: %s\n", round, what);
  std::exit(1);
}

/// Only the header's zxids decide what follows what, so a txn that is read stands where it stood.
void check(int round, memory_disk& d, const corpus& c) {
  auto all = read_all(d, "/d");
  if (all.ids.size() > c.ids.size()) fail(round, "more txns than were written");
  for (std::size_t i = 0; i < all.ids.size(); ++i)
    if (all.ids[i] != c.ids[i]) fail(round, "another txn than was written");
  if (!all.refusal.empty()) {
    if (all.refusal.find("/d/log.") == std::string::npos) fail(round, "a refusal names no file");
    return;
  }
  auto log = txn_log::open(d, options_for("/d"));
  if (!log) fail(round, "it reads but does not open");
  auto last = all.ids.empty() ? zxid{0} : all.ids.back();
  if (log->last_zxid() != last) fail(round, "it opens at another end than it reads to");
  if (!log->append(*sample_txn(at(9, 1))) || !log->sync()) fail(round, "it takes no next txn");
  auto more = read_all(d, "/d");
  if (!more.refusal.empty() || more.ids.size() != all.ids.size() + 1)
    fail(round, "what was appended is not read");
}

void run() {
  auto corpora = make_corpora();
  for (const auto& c : corpora)
    if (c.ids.size() < 5) fail(0, "the corpus is not there");
  int refused = 0, shortened = 0;
  for (int round = 0; round < rounds; ++round) {
    std::mt19937_64 random{static_cast<std::uint64_t>(round)};
    const auto& c = corpora[below(random, corpora.size())];
    auto files = c.files;
    for (auto n = below(random, 3) + 1; n > 0; --n) {
      auto& file = files[below(random, files.size())];
      if (!file.empty()) mutate(file, random);
    }
    memory_disk d;
    for (std::size_t i = 0; i < files.size(); ++i) d.put("/d/" + c.names[i], files[i]);
    auto all = read_all(d, "/d");
    refused += all.refusal.empty() ? 0 : 1;
    shortened += all.refusal.empty() && all.ids.size() < c.ids.size() ? 1 : 0;
    check(round, d, c);
  }
  if (refused == 0 || shortened == 0) fail(rounds, "the mutations do not reach both outcomes");
  std::printf("%d logs: %d refused, %d shortened\n", rounds, refused, shortened);
}

}  // namespace
}  // namespace troupe::storage

int main() { troupe::storage::run(); }
