// SPDX-License-Identifier: Apache-2.0
/// Digests compared while a database is loaded (FileTxnSnapLog.restore, DataTree.compareDigest and
/// compareSnapshotDigests).
#include "actors/storage/image_builder.hpp"

#include <gtest/gtest.h>

#include "actors/storage/snapshot_files.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

txn_ptr create_txn_at(zxid id, const std::string& path, std::optional<std::int64_t> digest = {}) {
  txn t;
  t.header = {session_id{0x1000}, cxid{1}, id, 1'700'000'000'000, op_code::create};
  t.body = create_txn{
      path, "x", {{31, {"world", "anyone"}}}, false, static_cast<std::int32_t>(id.counter())};
  if (digest) t.digest = txn_digest{core::digest_version, *digest};
  return make_logged(std::move(t));
}

std::string encoded(const core::tree& data) {
  core::snapshot_encoder encoder{data};
  std::string out;
  while (!encoder.done()) out += encoder.next(1 << 20);
  return out;
}

/// The same with another digest, and a seal that is right over it.
std::string encoded(const core::tree& data, zxid digest_at, std::int64_t digest) {
  constexpr std::size_t digest_and_seal_bytes = 33;
  auto out = encoded(data);
  out.resize(out.size() - digest_and_seal_bytes);
  jute::writer w{out};
  w(digest_at, core::digest_version, digest);
  w.i64(std::int64_t{checksum_of(out)});
  w.bytes("/");
  return out;
}

class ImageBuilder : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(d.create_directories("/z/version-2")); }
  void put_snapshot(zxid id, const core::tree& data) {
    d.put("/z/version-2/" + snapshot_name(id), encoded(data));
  }
  void put_log(const std::vector<txn_ptr>& txns) {
    auto bytes = encode_log_header();
    for (const auto& t : txns) append_entry(bytes, t->bytes);
    d.put("/z/version-2/" + log_name(txns.front()->id()), bytes);
  }
  /// A tree after these creates.
  static core::tree tree_of(const std::vector<txn_ptr>& txns) {
    core::tree out;
    for (const auto& t : txns) out.apply(t->value);
    return out;
  }
  digest_findings load(std::optional<hold_back> held = {}) {
    data_dir_options rules;
    rules.data_dir = "/z";
    image_builder builder{{}, std::move(held)};
    auto how = load_database(d, "/z/version-2", "/z/version-2", rules, builder.sink());
    EXPECT_TRUE(how) << how.error().text();
    if (how) builder.finish(*how);
    image = builder.image();
    last = image->data.last_processed();
    return builder.findings();
  }
  memory_disk d;
  std::shared_ptr<core::image> image;
  zxid last;
};

TEST_F(ImageBuilder, TxnWithAnotherDigestIsNamedWithBothSums) {
  auto first = create_txn_at(at(1, 1), "/a");
  auto after_first = tree_of({first}).digest();
  put_snapshot({0}, core::tree{});
  put_log({create_txn_at(at(1, 1), "/a", after_first), create_txn_at(at(1, 2), "/b", 4711),
           create_txn_at(at(1, 3), "/c", 4712)});
  auto found = load();
  EXPECT_EQ(last, at(1, 3)) << "ZooKeeper loads it too, and says so";
  EXPECT_EQ(found.mismatches, 2u);
  ASSERT_TRUE(found.first);
  EXPECT_EQ(found.first->at, at(1, 2));
  EXPECT_EQ(found.first->told, 4711);
  EXPECT_NE(found.first->ours, 4711);
}

TEST_F(ImageBuilder, SnapshotWhoseContentIsNotItsDigestsIsNamed) {
  auto data = tree_of({create_txn_at(at(1, 1), "/a")});
  auto ours = data.digest();
  // A seal is right over whatever was written: here a digest that is another tree's.
  d.put("/z/version-2/" + snapshot_name(at(1, 1)), encoded(data, at(1, 1), ours + 5));
  auto found = load();
  EXPECT_EQ(found.mismatches, 1u);
  ASSERT_TRUE(found.first);
  EXPECT_EQ(found.first->at, at(1, 1));
  EXPECT_EQ(found.first->told, ours + 5);
  EXPECT_EQ(found.first->ours, ours);
}

/// The genuine server applies a txn to its tree before it notes its zxid, and snapshots meanwhile.
TEST_F(ImageBuilder, SnapshotThatHoldsTheNextTxnAlreadyIsAsItsWriterMeantIt) {
  auto first = create_txn_at(at(1, 1), "/a"), second = create_txn_at(at(1, 2), "/b");
  auto before = tree_of({first});
  auto both = tree_of({first, second});
  auto digest_of_both = both.digest();
  d.put("/z/version-2/" + snapshot_name(at(1, 1)), encoded(both, at(1, 1), before.digest()));
  put_log({create_txn_at(at(1, 2), "/b", digest_of_both)});
  EXPECT_EQ(load().mismatches, 0u);
  EXPECT_EQ(last, at(1, 2));
}

/// The same at the end of a snapshot during which txns were applied: its walk has passed the place
/// of the first of them, and has met the second one's znode before the digest was noted.
TEST_F(ImageBuilder, FuzzySnapshotThatHoldsTheTxnBehindItsDigestIsAsItsWriterMeantIt) {
  const auto a = create_txn_at(at(1, 1), "/a");
  auto b = create_txn_at(at(1, 2), "/b"), c = create_txn_at(at(1, 3), "/c");
  const auto told = tree_of({a, b}).digest();
  const auto digest_of_all = tree_of({a, b, c}).digest();
  const auto file = "/z/version-2/" + snapshot_name(at(1, 1));
  d.put(file, encoded(tree_of({a, c}), at(1, 2), told));
  b = create_txn_at(at(1, 2), "/b", told);
  c = create_txn_at(at(1, 3), "/c", digest_of_all);
  put_log({a, b, c});
  auto found = load();
  EXPECT_EQ(found.mismatches, 0u);
  EXPECT_EQ(found.fuzzy_until, std::nullopt);
  EXPECT_EQ(image->data.digest(), digest_of_all);

  // What stands in no log explains nothing: the txn behind shows it, or the end of the log.
  d.put(file, encoded(tree_of({a, c, create_txn_at(at(1, 4), "/d")}), at(1, 2), told));
  found = load();
  EXPECT_EQ(found.mismatches, 1u);
  ASSERT_TRUE(found.first);
  EXPECT_EQ(found.first->at, at(1, 3));
  EXPECT_TRUE(found.differs_at_end);
  put_log({a, b});
  found = load();
  ASSERT_TRUE(found.first);
  EXPECT_EQ(found.first->at, at(1, 2));
  EXPECT_EQ(found.first->told, told);
  EXPECT_TRUE(found.differs_at_end);
  EXPECT_EQ(found.fuzzy_until, std::nullopt);
}

TEST_F(ImageBuilder, SnapshotFinishedAfterTheLogsEndIsSaidToBeFuzzy) {
  auto a = create_txn_at(at(1, 1), "/a");
  auto b = create_txn_at(at(1, 2), "/b");
  core::tree data;
  data.apply(a->value);
  core::snapshot_encoder encoder{data};
  auto bytes = encoder.next(1);
  data.apply(b->value);
  while (!encoder.done()) bytes += encoder.next(1 << 20);
  d.put("/z/version-2/" + snapshot_name(at(1, 1)), bytes);
  put_log({a});
  EXPECT_EQ(load().fuzzy_until, at(1, 2));
  put_log({a, b});
  auto complete = load();
  EXPECT_EQ(complete.fuzzy_until, std::nullopt);
  EXPECT_EQ(complete.mismatches, 0u);
}

/// As a learner writes of the copy that a leader made while txns went on.
TEST_F(ImageBuilder, SnapshotOfAFuzzyCopyIsFuzzyAsWell) {
  auto a = create_txn_at(at(1, 1), "/a"), b = create_txn_at(at(1, 2), "/b");
  auto c = create_txn_at(at(1, 3), "/c", tree_of({a, b, create_txn_at(at(1, 3), "/c")}).digest());
  auto second = create_txn_at(at(1, 2), "/b", tree_of({a, b}).digest());
  core::tree data;
  data.apply(a->value);
  core::snapshot_encoder encoder{data};
  auto bytes = encoder.next(1);
  data.apply(second->value);
  data.apply(c->value);
  while (!encoder.done()) bytes += encoder.next(1 << 20);
  d.put("/z/version-2/" + snapshot_name(at(1, 1)), bytes);
  put_log({a});
  load();
  auto copied = encoded(image->data);
  d.put("/z/version-2/" + snapshot_name(at(1, 1)), copied);
  EXPECT_EQ(load().fuzzy_until, at(1, 3));
  put_log({a, second, c});
  EXPECT_EQ(load().mismatches, 0u);
}

TEST_F(ImageBuilder, WhatABadSnapshotSaidIsForgottenWithIt) {
  auto a = create_txn_at(at(1, 1), "/a");
  put_snapshot({0}, core::tree{});
  auto bytes = encoded(tree_of({a}));
  bytes[bytes.size() - 20] ^= 1;  // in the digest: its seal is wrong now
  d.put("/z/version-2/" + snapshot_name(at(1, 1)), bytes);
  put_log({a});
  auto found = load();
  EXPECT_EQ(last, at(1, 1));
  EXPECT_EQ(found.mismatches, 0u);
}

// -- what is not known to be committed
// ---------------------------------------------------------------

TEST_F(ImageBuilder, TxnsBehindWhatIsKnownToBeCommittedAreReadAndNotApplied) {
  put_snapshot({0}, core::tree{});
  put_log({create_txn_at(at(1, 1), "/a"), create_txn_at(at(1, 2), "/b"),
           create_txn_at(at(1, 3), "/c", 4711)});
  EXPECT_EQ(load(hold_back{at(1, 2)}).mismatches, 0u) << "of what is not applied nothing is known";
  EXPECT_EQ(last, at(1, 2));
  EXPECT_NE(image->data.find("/b"), nullptr);
  EXPECT_EQ(image->data.find("/c"), nullptr);
}

TEST_F(ImageBuilder, AllOfALogThatEndsBeforeWhatIsKnownIsApplied) {
  put_snapshot({0}, core::tree{});
  put_log({create_txn_at(at(1, 1), "/a")});
  load(hold_back{at(1, 2)});
  EXPECT_EQ(last, at(1, 1));
}

/// Half of it would be there: what ever was begins where all of it is.
TEST_F(ImageBuilder, NothingIsHeldBackOfWhatTheSnapshotHoldsAlready) {
  const auto first = create_txn_at(at(1, 1), "/a"), second = create_txn_at(at(1, 2), "/b");
  put_snapshot(at(1, 2), tree_of({first, second}));
  put_log({create_txn_at(at(1, 3), "/c")});
  load(hold_back{at(1, 1)});
  EXPECT_EQ(last, at(1, 3)) << "named by a txn behind";
  load(hold_back{at(1, 2)});
  EXPECT_EQ(last, at(1, 2));
  load(hold_back{at(1, 2), [](zxid) { return at(1, 3); }});
  EXPECT_EQ(last, at(1, 3)) << "noted to hold a part of a txn behind";
}

TEST_F(ImageBuilder, NothingIsHeldBackBehindALeadersFuzzyCopy) {
  const auto first = create_txn_at(at(1, 1), "/a"), second = create_txn_at(at(1, 2), "/b");
  const auto both = tree_of({first, second});
  d.put("/z/version-2/" + snapshot_name(at(1, 1)), encoded(both, at(1, 2), both.digest()));
  put_log({second, create_txn_at(at(1, 3), "/c")});
  load(hold_back{at(1, 1)});
  EXPECT_EQ(last, at(1, 3));
  load(hold_back{at(1, 2)});
  EXPECT_EQ(last, at(1, 2));
}

}  // namespace
}  // namespace troupe::storage
