// SPDX-License-Identifier: Apache-2.0
/// A recovery may be cut short itself, at any of its calls to the disk, by a kill, by power, or by
/// one call that fails: the next one comes to the same end.
#include <gtest/gtest.h>

#include <cerrno>

#include "actors/storage/sync_mark.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

enum class cut_short_by { kill_or_error, power };
/// What power left out of the first batch of a new log file, in bytes; a whole entry is behind it.
struct tear {
  const char* name;
  std::size_t from, to;
};
constexpr std::size_t header = log_header_bytes;
const std::size_t entry_bytes = sample_txn(at(1, 1))->bytes.size() + entry_overhead_bytes;

struct torn_file {
  std::string name;
  tear lost;
  bool has_older;  // there is a log before it, and all of that was synced
  cut_short_by how;
};
void PrintTo(const torn_file& x, std::ostream* out) { *out << x.name; }

class TornFirstBatch : public testing::TestWithParam<torn_file> {
 protected:
  static constexpr int calls_max = 60;

  static void append(memory_disk& d, std::int64_t from, std::int64_t to) {
    auto log = txn_log::open(d, options_for("/d"));
    ASSERT_TRUE(log) << log.error().text();
    for (auto i = from; i <= to; ++i) ASSERT_TRUE(log->append(*sample_txn(at(1, i))));
    ASSERT_TRUE(log->sync());
  }
  /// Entries 1 to 5 stand in one file if there is an older one, and four more in the torn one.
  void make(memory_disk& d) {
    ASSERT_TRUE(d.create_directories("/d"));
    if (GetParam().has_older) {
      append(d, 1, 5);
      auto noted = txn_log::open(d, options_for("/d"));
      ASSERT_TRUE(noted);
    }
    const auto first = GetParam().has_older ? 6 : 1;
    append(d, first, first + 3);
    const auto path = join_path("/d", log_name(at(1, first)));
    auto file = std::move(*d.open_writable(path, open_mode::existing));
    const auto [name, from, to] = GetParam().lost;
    ASSERT_TRUE(file->write_at(from, std::string(to - from, '\0')));
    ASSERT_TRUE(file->sync());
    ASSERT_EQ(read_sync_mark(d, "/d")->mark->offset, 0u) << "nobody was told of this batch";
  }
  static std::vector<zxid> acknowledged() {
    std::vector<zxid> out;
    for (std::int64_t i = 1; i <= 5 && GetParam().has_older; ++i) out.push_back(at(1, i));
    return out;
  }
};

TEST_P(TornFirstBatch, IsCutOffHoweverOftenThatIsBegun) {
  int calls = 0;
  for (bool done = false; !done; ++calls) {
    ASSERT_LT(calls, calls_max);
    memory_disk d;
    make(d);
    int left = calls;
    std::string last_call;
    d.fail = [&](const std::string& operation, const std::string& path) {
      if (left-- > 0) return 0;
      if (last_call.empty()) last_call = operation + " " + path;
      return EIO;
    };
    done = txn_log::open(d, options_for("/d")).has_value();
    d.fail = nullptr;
    if (GetParam().how == cut_short_by::power) d.crash();
    const auto found = read_all(d, "/d", at(1, 1));
    ASSERT_EQ(found.refusal, "") << "cut short at call " << calls << ", " << last_call;
    ASSERT_EQ(found.ids, acknowledged());
    auto log = txn_log::open(d, options_for("/d"));
    ASSERT_TRUE(log) << log.error().text();
    const auto next = at(1, static_cast<std::int64_t>(acknowledged().size()) + 1);
    ASSERT_TRUE(log->continue_after(acknowledged().empty() ? zxid{} : acknowledged().back()));
    ASSERT_TRUE(log->append(*sample_txn(next)));
    ASSERT_TRUE(log->sync());
    d.crash();
    ASSERT_EQ(read_all(d, "/d", at(1, 1)).ids.back(), next);
  }
  EXPECT_GT(calls, 3);
}

std::vector<torn_file> torn_files() {
  const tear tears[] = {{"first_entry", header, header + entry_bytes},
                        {"part_of_it", header + 20, header + 40},
                        {"header", 0, header},
                        {"header_and_entry", 0, header + entry_bytes},
                        {"end_of_header", 8, header + 8}};
  std::vector<torn_file> out;
  for (const auto& lost : tears)
    for (bool has_older : {false, true})
      for (auto how : {cut_short_by::kill_or_error, cut_short_by::power})
        out.push_back({std::string{lost.name} + (has_older ? "_of_a_later" : "_of_the_only") +
                           (how == cut_short_by::power ? "_power" : "_kill"),
                       lost, has_older, how});
  return out;
}
INSTANTIATE_TEST_SUITE_P(Tears, TornFirstBatch, testing::ValuesIn(torn_files()),
                         [](const auto& x) { return x.param.name; });

}  // namespace
}  // namespace troupe::storage
