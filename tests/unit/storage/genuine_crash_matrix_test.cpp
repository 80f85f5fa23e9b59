// SPDX-License-Identifier: Apache-2.0
/// What the genuine server wrote, cut at every byte and with every single bit flipped, and a whole
/// start on it: directory, snapshot, logs, the log opened for appending, epochs. It comes out with
/// a prefix of the history, exactly as it was at that txn, or with a refusal that names file and
/// offset; with nothing else, and with no file changed that a refusal would leave for a person.
#include <gtest/gtest.h>

#include <map>

#include "actors/storage/data_dir.hpp"
#include "actors/storage/epochs.hpp"
#include "actors/storage/image_builder.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

constexpr const char* folder = "/z/version-2/";

struct start_result {
  std::string refusal;  // empty: it started
  zxid last;
  std::string tree;  // its bytes
};

start_result start_on(disk& d) {
  auto refused = [](const io_error& e) { return start_result{e.text(), {}, {}}; };
  auto directory = data_dir::open(d, {.data_dir = "/z"});
  if (!directory) return refused(directory.error());
  image_builder builder;
  auto how = directory->load_database(builder.sink());
  if (!how) return refused(how.error());
  builder.finish(*how);
  auto log = txn_log::open(d, options_for("/z/version-2", 0));
  if (!log) return refused(log.error());
  if (auto positioned = log->continue_after(how->last); !positioned)
    return refused(positioned.error());
  auto era = epoch_files{d, "/z/version-2"}.load(how->last);
  if (!era) return refused(era.error());
  core::snapshot_encoder encoder{builder.image()->data};
  start_result out{{}, how->last, {}};
  while (!encoder.done()) out.tree += encoder.next(1 << 20);
  return out;
}

struct history {
  std::map<zxid, std::string> trees;  // after each txn, and before the first
  std::vector<std::uint64_t> ends;    // of each entry of the last file
  std::vector<zxid> ids;              // of those entries
};

/// Each prefix of the genuine history, from whole files.
history genuine_history(const std::vector<std::string>& logs) {
  history out;
  core::tree tree;
  auto keep = [&] {
    core::snapshot_encoder encoder{tree};
    std::string bytes;
    while (!encoder.done()) bytes += encoder.next(1 << 20);
    out.trees[tree.last_processed()] = bytes;
  };
  memory_disk d;
  keep();
  for (const auto& name : logs) {
    d.put("/l/" + name, genuine_file(name));
    auto reader = log_file_reader::open(d, "/l/" + name);
    out.ends.clear();
    out.ids.clear();
    for (;;) {
      auto entry = reader->next();
      if (!entry || !*entry) break;
      tree.apply(*decode_txn((*entry)->payload));
      keep();
      out.ends.push_back((*entry)->end);
      out.ids.push_back((*entry)->id);
    }
  }
  return out;
}

void put_files(memory_disk& d, const std::vector<std::string>& names) {
  for (const auto& name : names) d.put(folder + name, genuine_file(name));
}

/// The last of several logs, and a first and only one.
const std::vector<std::vector<std::string>> layouts = {{"log.1", "log.10"}, {"log.1"}};

class GenuineCrashMatrix : public testing::TestWithParam<std::vector<std::string>> {
 protected:
  std::string damaged_name() const { return GetParam().back(); }
  start_result start_with(const std::string& bytes) {
    memory_disk d;
    put_files(d, {"snapshot.0"});
    for (const auto& name : GetParam()) d.put(folder + name, genuine_file(name));
    d.put(folder + damaged_name(), bytes);
    auto result = start_on(d);
    // Who was started once starts again, and comes to the same.
    if (result.refusal.empty()) {
      auto again = start_on(d);
      EXPECT_EQ(again.refusal, "");
      EXPECT_EQ(again.tree, result.tree);
    } else {
      EXPECT_EQ(d.content(folder + damaged_name()), bytes) << "the evidence stays as it was";
    }
    return result;
  }
  /// The txn before the first that does not end by `offset`.
  zxid last_before(const history& h, std::size_t offset) const {
    zxid last{h.ids.front().value - 1};
    for (std::size_t i = 0; i < h.ends.size() && h.ends[i] <= offset; ++i) last = h.ids[i];
    return last;
  }
};

TEST_P(GenuineCrashMatrix, CutAnywhereStartsWithExactlyTheTxnsBeforeTheCut) {
  auto h = genuine_history(GetParam());
  auto bytes = genuine_file(damaged_name());
  for (std::size_t zeros : {0, 3000})  // the preallocated room
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
      auto damaged = bytes.substr(0, cut) + std::string(zeros, '\0');
      auto result = start_with(damaged);
      ASSERT_EQ(result.refusal, "") << cut;
      ASSERT_EQ(result.last, last_before(h, cut)) << cut;
      ASSERT_EQ(result.tree, h.trees.at(result.last)) << cut;
    }
}

TEST_P(GenuineCrashMatrix, AnyFlippedBitIsAPrefixOrARefusalWithFileAndOffset) {
  auto h = genuine_history(GetParam());
  auto bytes = genuine_file(damaged_name());
  std::size_t refused = 0;
  for (std::size_t byte = 0; byte < bytes.size(); ++byte)
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = bytes;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      auto result = start_with(damaged);
      if (result.refusal.empty()) {
        ASSERT_TRUE(h.trees.contains(result.last)) << byte << "." << bit;
        ASSERT_EQ(result.tree, h.trees.at(result.last)) << byte << "." << bit;
        ASSERT_GE(result.last, h.ids.size() > 1 ? h.ids[h.ids.size() - 2] : zxid{})
            << "only the last entry may look unfinished; " << byte << "." << bit;
      } else {
        ++refused;
        ASSERT_NE(result.refusal.find(damaged_name()), std::string::npos) << result.refusal;
        ASSERT_NE(result.refusal.find("at offset "), std::string::npos) << result.refusal;
      }
    }
  EXPECT_GT(refused, bytes.size());
}

INSTANTIATE_TEST_SUITE_P(Logs, GenuineCrashMatrix, testing::ValuesIn(layouts),
                         [](const auto& of) { return "Of" + std::to_string(of.param.size()); });

/// A snapshot is whole or is not used: the one before it and the logs give the same database.
class GenuineSnapshotMatrix : public testing::TestWithParam<std::string> {};

TEST_P(GenuineSnapshotMatrix, CutOrFlippedOneChangesNothingWhenThereIsAnother) {
  auto whole = genuine_history({"log.1", "log.10"});
  const auto& expected = whole.trees.rbegin()->second;
  auto bytes = genuine_file(GetParam());
  auto check = [&](const std::string& damaged, const std::string& what) {
    memory_disk d;
    put_files(d, {"snapshot.0", "log.1", "log.10"});
    d.put(folder + GetParam(), damaged);
    auto result = start_on(d);
    ASSERT_EQ(result.refusal, "") << what;
    ASSERT_EQ(result.tree, expected) << what;
  };
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    check(bytes.substr(0, cut), "cut at " + std::to_string(cut));
  for (std::size_t byte = 0; byte < bytes.size(); ++byte)
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = bytes;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      check(damaged, std::to_string(byte) + "." + std::to_string(bit));
    }
}

TEST_P(GenuineSnapshotMatrix, CutOrFlippedOneAloneIsTheSameDatabaseOrARefusalThatNamesIt) {
  auto bytes = genuine_file(GetParam());
  memory_disk good;
  put_files(good, {GetParam()});
  auto expected = start_on(good);
  ASSERT_EQ(expected.refusal, "");
  auto check = [&](const std::string& damaged, const std::string& what) {
    memory_disk d;
    d.put(folder + GetParam(), damaged);
    auto result = start_on(d);
    if (result.refusal.empty())
      ASSERT_EQ(result.tree, expected.tree) << what;
    else
      ASSERT_NE(result.refusal.find(GetParam()), std::string::npos) << result.refusal;
  };
  for (std::size_t cut = 0; cut < bytes.size(); ++cut)
    check(bytes.substr(0, cut), "cut at " + std::to_string(cut));
  for (std::size_t byte = 0; byte < bytes.size(); ++byte)
    for (int bit = 0; bit < 8; ++bit) {
      auto damaged = bytes;
      damaged[byte] = static_cast<char>(damaged[byte] ^ (1 << bit));
      check(damaged, std::to_string(byte) + "." + std::to_string(bit));
    }
}

INSTANTIATE_TEST_SUITE_P(Snapshots, GenuineSnapshotMatrix,
                         testing::Values("snapshot.f", "snapshot.12.gz", "snapshot.12.snappy"),
                         [](const auto& of) {
                           auto kind = of.param.substr(of.param.rfind('.') + 1);
                           return kind == "f" ? std::string{"plain"} : kind;
                         });

}  // namespace
}  // namespace troupe::storage
