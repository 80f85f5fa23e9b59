// SPDX-License-Identifier: Apache-2.0
/// Mirrors FileSnap, SerializeUtils and SnapStream, and ZooKeeper's SnapshotDigestTest. Fuzzy
/// histories are in random_test.cpp, genuine files in genuine_test.cpp.
#include "actors/core/snapshot_codec.hpp"

#include <gtest/gtest.h>

#include "actors/core/snapshot_format.hpp"
#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

/// Bytes with their seals made right again, so that only what stands before them is wrong.
std::string resealed(const std::string& before_seal) {
  std::string out = before_seal;
  jute::writer w{out};
  w.bytes("/");
  w.i64(snapshot_format::checksum(1, out));
  w.bytes("/");
  return out;
}

struct Snapshot : ::testing::Test {
  Snapshot() {
    db.write(op_code::create_session, body_of_timeout(4000));
    db.create("/a", "one");
    db.create("/a/b", "two", 0, {{permission::read, {"world", "anyone"}}});
    db.create("/e", "", create_flag::ephemeral);
    db.write(op_code::set_data, jute::encode(set_data_request{"/a", std::nullopt, -1}));
  }
  std::string fault_of(const std::string& bytes) {
    auto read = decode_all(bytes, 5);
    return read ? "" : read.error();
  }
  database db;
};

TEST_F(Snapshot, ReadBackIsTheSameDatabase) {
  auto bytes = encode_all(db.data);
  for (std::size_t slice : {1, 3, 17, 100'000}) {
    EXPECT_EQ(encode_all(db.data, slice), bytes);
    auto read = decode_all(bytes, slice);
    ASSERT_TRUE(read) << read.error();
    read->data.set_last_processed(db.data.last_processed());
    EXPECT_EQ(read->data.digest(), db.data.digest());
    EXPECT_EQ(read->data.sessions(), db.data.sessions());
    EXPECT_EQ(read->data.ephemerals(db.client), std::vector<std::string>{"/e"});
    EXPECT_EQ(read->data.node_count(), db.data.node_count());
    EXPECT_EQ(read->data.approximate_data_size(), db.data.approximate_data_size());
    EXPECT_TRUE(read->data.find("/a")->data.is_null());
    EXPECT_EQ(encode_all(read->data), bytes);
  }
}

TEST_F(Snapshot, SlicesHoldTheirSizeButForOneZnode) {
  db.create("/big", std::string(1000, 'x'));
  snapshot_encoder encoder{db.data};
  std::uint64_t written = 0;
  while (!encoder.done()) {
    auto chunk = encoder.next(64);
    EXPECT_FALSE(chunk.empty());
    EXPECT_LT(chunk.size(), 64U + 1000U + 120U);
    written += chunk.size();
  }
  EXPECT_EQ(written, encoder.bytes_written());
  EXPECT_EQ(encoder.next(64), "");
}

TEST_F(Snapshot, DigestIsOfTheEndAndNameOfTheStart) {
  snapshot_encoder encoder{db.data};
  auto bytes = encoder.next(1);
  db.create("/late");
  while (!encoder.done()) bytes += encoder.next(1000);
  EXPECT_EQ(encoder.at().value + 1, db.data.last_processed().value);
  auto read = decode_all(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->digest, (zxid_digest{db.data.last_processed(), 2, db.data.digest()}));
}

TEST_F(Snapshot, ZnodesYoungerThanTheStartAreLeftToTheReplay) {
  snapshot_encoder encoder{db.data};
  auto bytes = encoder.next(1);
  db.create("/late");
  db.create("/late/child");
  db.remove("/a/b");
  db.create("/a/b", "another life");
  while (!encoder.done()) bytes += encoder.next(1);
  auto read = decode_all(bytes);
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->data.find("/late"));
  EXPECT_FALSE(read->data.find("/a/b"));
  EXPECT_TRUE(read->data.find("/e"));
}

TEST_F(Snapshot, ZnodeTheCursorStandsOnMayGo) {
  db.create("/a/c");
  db.create("/a/c/d");
  for (int cut = 1; cut < 12; ++cut) {
    snapshot_encoder encoder{db.data};
    std::string bytes;
    for (int i = 0; i < cut && !encoder.done(); ++i) bytes += encoder.next(1);
    db.remove("/a/c/d");
    db.remove("/a/c");
    while (!encoder.done()) bytes += encoder.next(1);
    auto read = decode_all(bytes);
    ASSERT_TRUE(read) << read.error();
    EXPECT_TRUE(read->data.find("/e"));
    EXPECT_TRUE(read->data.find("/zookeeper/quota"));
    db.create("/a/c");
    db.create("/a/c/d");
  }
}

/// ZOOKEEPER-3145: wherever the walk stands when the session is closed, the replay raises the same
/// parents, though the close names nobody.
TEST_F(Snapshot, CloseByTheOwnerIsReplayedOverACopyThatWasUnderWay) {
  for (std::string path : {"/p", "/p-", "/p/q", "/p/r"}) db.create(path);
  for (int cut = 1; cut < 40; ++cut) {
    db.client = session_id{0x1000 + cut};
    for (std::string path : {"/p-/e", "/p/1", "/p/9", "/p/q/e", "/p/r/1", "/p/r/2", "/z"})
      ASSERT_EQ(db.create(path, "content", 1), error_code::ok);
    snapshot_encoder encoder{db.data};
    std::string bytes;
    for (int i = 0; i < cut && !encoder.done(); ++i) bytes += encoder.next(1);
    std::vector<txn> log;
    auto happen = [&](txn x) {
      db.apply(x);
      log.push_back(std::move(x));
    };
    happen(db.plan(op_code::create, body_of_create("/p/late", "", 1)));
    auto close = db.plan(op_code::close_session, "");
    close.body = close_session_txn{};
    close.digest.reset();
    encoder.before_close(db.client);
    happen(close);
    happen(db.plan(op_code::create, body_of_create("/z", "another life")));
    while (!encoder.done()) bytes += encoder.next(1);
    auto read = decode_all(bytes, 7);
    ASSERT_TRUE(read) << read.error();
    auto& copy = read->data;
    copy.set_last_processed(encoder.at());
    EXPECT_TRUE(copy.expect_digest(*read->digest));
    for (const auto& x : log) EXPECT_TRUE(copy.apply(x).digest_matches) << "cut at " << cut;
    for (std::string path : {"/", "/p", "/p-", "/p/q", "/p/r", "/z"})
      EXPECT_EQ(copy.stat_of(*copy.find(path)), db.stat_of(path)) << path << ", cut at " << cut;
    EXPECT_EQ(copy.digest(), db.data.digest());
    EXPECT_EQ(copy.node_count(), db.data.node_count());
    db.remove("/z");
  }
}

TEST_F(Snapshot, ListThatCameAfterTheTableGrantsNobodyUntilReplay) {
  snapshot_encoder encoder{db.data};
  auto bytes = encoder.next(1);
  acl_list closed{{permission::all, {"digest", "ann:hash"}}};
  auto late = db.plan(op_code::set_acl, body_of_set_acl("/a", closed));
  db.apply(late);
  while (!encoder.done()) bytes += encoder.next(1);
  auto read = decode_all(bytes);
  ASSERT_TRUE(read);
  auto& copy = read->data;
  EXPECT_FALSE(is_allowed(*copy.acl_of(*copy.find("/a")), permission::all, {}));
  EXPECT_FALSE(is_allowed(*copy.acl_of(*copy.find("/a")), permission::all, {closed[0].id}));
  copy.set_last_processed(encoder.at());
  copy.apply(late);
  EXPECT_EQ(*copy.acl_of(*copy.find("/a")), closed);
}

TEST_F(Snapshot, ThirdSectionIsWrittenWhenAsked) {
  auto bytes = encode_all(db.data, 7, {.write_last_zxid = true});
  auto read = decode_all(bytes, 7);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->last_zxid, db.data.last_processed());
  EXPECT_EQ(bytes.size(), encode_all(db.data).size() + 8 + 13);
  EXPECT_EQ(decode_all(encode_all(db.data))->last_zxid, std::nullopt);
}

TEST_F(Snapshot, FileFromBefore36EndsBehindItsFirstSeal) {
  auto bytes = encode_all(db.data);
  bytes.resize(bytes.size() - 20 - 13);
  auto read = decode_all(bytes);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->digest, std::nullopt);
}

// ZooKeeper 3.9 with digest.enabled=false; sections have no name.
TEST_F(Snapshot, LastZxidWithoutADigestIsNotTakenForOne) {
  auto bytes = encode_all(db.data);
  bytes.resize(bytes.size() - 20 - 13);
  jute::writer w{bytes};
  w.i64(0x500000007);
  w.i64(snapshot_format::checksum(1, bytes));
  w.bytes("/");
  for (std::size_t slice : {1, 1000}) {
    auto read = decode_all(bytes, slice);
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->digest, std::nullopt);
    EXPECT_EQ(read->last_zxid, zxid{0x500000007});
  }
  auto bad = bytes;
  bad[bad.size() - 20] ^= 1;  // of the zxid
  EXPECT_NE(fault_of(bad), "");
}

// ZxidDigest.deserialize: a text, of a sum that was computed otherwise.
TEST_F(Snapshot, DigestOfVersionOneIsReadAndNotCompared) {
  auto bytes = encode_all(db.data);
  bytes.resize(bytes.size() - 20 - 13);
  jute::writer w{bytes};
  w.i64(db.data.last_processed().value);
  w.i32(1);
  w.bytes("1f2e3d");
  w.i64(snapshot_format::checksum(1, bytes));
  w.bytes("/");
  auto read = decode_all(bytes, 3);
  ASSERT_TRUE(read) << read.error();
  ASSERT_TRUE(read->digest);
  EXPECT_EQ(read->digest->version, 1);
  read->data.set_last_processed(db.data.last_processed());
  EXPECT_TRUE(read->data.expect_digest(*read->digest));
  EXPECT_EQ(read->data.fuzzy_until(), std::nullopt);
}

// -- what must be refused -------------------------------------------------------------------------

TEST_F(Snapshot, EveryCutIsRefusedButTheEndsOfSections) {
  auto bytes = encode_all(db.data, 1 << 20, {.write_last_zxid = true});
  int taken = 0;
  for (std::size_t n = 0; n < bytes.size(); ++n)
    if (decode_all(bytes.substr(0, n))) ++taken;
  EXPECT_EQ(taken, 2);  // behind the first seal and behind the second
}

TEST_F(Snapshot, EveryFlippedByteIsRefused) {
  auto bytes = encode_all(db.data);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto bad = bytes;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    // The header's last field is read and not used, but the seal covers it.
    EXPECT_FALSE(decode_all(bad)) << "byte " << i;
  }
}

TEST_F(Snapshot, FaultsNameTheByteAndWhatIsWrong) {
  auto bytes = encode_all(db.data);
  EXPECT_EQ(fault_of("ZKSX" + bytes.substr(4)),
            "snapshot malformed at byte 0: no ZKSN at the beginning");
  auto version = bytes;
  version[7] = 3;
  EXPECT_EQ(fault_of(version), "snapshot malformed at byte 0: version 3 is not 2");
  auto sum = bytes;
  sum[sum.size() - 20 - 13 - 6] ^= 1;
  EXPECT_NE(fault_of(sum).find(" where the bytes give 0x"), std::string::npos);
  EXPECT_NE(fault_of(bytes + "x").find("it ends in the middle"), std::string::npos);
  EXPECT_EQ(fault_of(""), "snapshot malformed at byte 0: it ends in the middle");
  auto three = encode_all(db.data, 100, {.write_last_zxid = true});
  EXPECT_NE(fault_of(three + "x").find("bytes after the last seal"), std::string::npos);
}

TEST_F(Snapshot, StructureIsCheckedBehindARightSeal) {
  std::string head, node;
  {
    jute::writer w{head};
    w(snapshot_format::magic, snapshot_format::version, snapshot_format::database_id);
    w.i32(0);
    w.i32(0);
  }
  auto znode_bytes = [](std::string path) {
    std::string out;
    jute::writer w{out};
    w(path, jute::buffer{""}, std::int64_t{-1}, stat_persisted{});
    return out;
  };
  auto root = znode_bytes("");
  EXPECT_EQ(fault_of(resealed(head + root + znode_bytes("/a"))), "");
  EXPECT_NE(fault_of(resealed(head)).find("no root znode"), std::string::npos);
  EXPECT_NE(fault_of(resealed(head + root + root)).find("a second root"), std::string::npos);
  EXPECT_NE(fault_of(resealed(head + root + znode_bytes("/a/b"))).find("without its parent"),
            std::string::npos);
  EXPECT_NE(fault_of(resealed(head + znode_bytes("/a"))).find("without its parent"),
            std::string::npos);
  EXPECT_NE(fault_of(resealed(head + root + znode_bytes("/a") + znode_bytes("/a"))).find("twice"),
            std::string::npos);
  EXPECT_NE(fault_of(resealed(head + root + znode_bytes("/a/"))).find("does not end with /"),
            std::string::npos);
}

TEST_F(Snapshot, LengthsThatCannotBeAreRefusedAtOnce) {
  std::string bytes = encode_all(db.data).substr(0, 16);
  snapshot_decoder decoder;
  EXPECT_FALSE(decoder.feed(bytes + "\x7f\xff\xff\xff"));
  EXPECT_EQ(decoder.finish().error(), "snapshot malformed at byte 0: a length that cannot be");
  EXPECT_FALSE(decoder.feed("more"));
}

}  // namespace
}  // namespace troupe::core::testing
