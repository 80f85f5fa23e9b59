// SPDX-License-Identifier: Apache-2.0
/// Txns as older ZooKeepers wrote them. Those of 3.8.0 are in the storage and core tests' files.
/// Mirrors SerializeUtils.deserializeTxn and CreateTxnV0.
#include "messages/txn.hpp"

#include <gtest/gtest.h>

namespace troupe {
namespace {

const std::vector<acl_entry> open_acl{{31, {"world", "anyone"}}};

std::string header_of(op_code type) {
  std::string out;
  jute::writer w{out};
  w(session_id{0x77}, cxid{1}, zxid{9}, std::int64_t{1000}, type);
  return out;
}

TEST(OldTxn, CreateOfBefore34HasNoParentCversion) {
  auto bytes = header_of(op_code::create);
  jute::writer w{bytes};
  w(std::string{"/a"}, jute::buffer{"x"}, open_acl, true);
  auto read = parse_logged(bytes);
  ASSERT_TRUE(read);
  auto create = std::get<create_txn>(read->value.body);
  EXPECT_EQ(create, (create_txn{"/a", "x", open_acl, true, -1}));
  EXPECT_FALSE(read->value.digest);
  EXPECT_EQ(read->bytes, bytes) << "what is logged and sent on stays as it was";
}

TEST(OldTxn, CreateOfBefore34StandsInAMultiToo) {
  std::string inner;
  jute::writer iw{inner};
  iw(std::string{"/a"}, jute::buffer{}, open_acl, false);
  auto bytes = header_of(op_code::multi);
  jute::writer w{bytes};
  w(std::int32_t{1}, op_code::create, inner);
  auto read = decode_txn(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<create_txn>(std::get<multi_txn>(read->body).ops.at(0).body).parent_cversion,
            -1);
}

TEST(Txn, LengthIsKnownBeforeTheBytesAre) {
  const std::vector<acl_entry> acl{{31, {"world", "anyone"}}, {1, {"digest", "ann:hash"}}};
  const multi_txn several{{{op_code::create, create_txn{"/a", "data", acl, true, 3}},
                           {op_code::check, check_version_txn{"/b", 1}},
                           {op_code::error, error_txn{error_code::no_node}}}};
  const std::vector<txn_body> bodies{create_txn{"/a", "data", acl, true, 3},
                                     create_container_txn{"/a", std::nullopt, acl, 3},
                                     create_ttl_txn{"/a", "", {}, 3, 1000},
                                     delete_txn{"/a"},
                                     set_data_txn{"/a", "data", 1},
                                     set_acl_txn{"/a", acl, 1},
                                     check_version_txn{"/a", 1},
                                     create_session_txn{4000},
                                     close_session_txn{std::vector<std::string>{"/a", "/b/c"}},
                                     close_session_txn{},
                                     error_txn{error_code::no_node},
                                     several,
                                     multi_txn{}};
  for (const auto& body : bodies) {
    txn x{.body = body};
    EXPECT_EQ(encoded_bytes(x), encode_txn(x).size()) << body.index();
    x.digest = txn_digest{};
    EXPECT_EQ(encoded_bytes(x), encode_txn(x).size()) << body.index();
  }
  std::size_t ops = 0;
  for (const auto& op : several.ops) ops += encoded_bytes(op);
  EXPECT_EQ(ops + encoded_bytes(txn{.body = multi_txn{}}), encoded_bytes(txn{.body = several}));
}

TEST(OldTxn, CloseSessionOfBefore36HasNoBody) {
  auto read = decode_txn(header_of(op_code::close_session));
  ASSERT_TRUE(read);
  EXPECT_FALSE(std::get<close_session_txn>(read->body).paths);
}

// closeSessionTxn.enabled=false with digest.enabled=true.
TEST(OldTxn, CloseSessionWithoutABodyMayHaveADigest) {
  for (std::int64_t sum : {std::int64_t{0}, std::int64_t{0x123456789}, std::int64_t{1} << 32}) {
    auto bytes = header_of(op_code::close_session);
    jute::writer w{bytes};
    w(std::int32_t{2}, sum);
    auto read = decode_txn(bytes);
    ASSERT_TRUE(read) << sum;
    EXPECT_FALSE(std::get<close_session_txn>(read->body).paths);
    EXPECT_EQ(read->digest, (txn_digest{2, sum}));
    EXPECT_EQ(encode_txn(*read), bytes);
  }
}

TEST(OldTxn, CloseSessionWithPathsOfTheSameLengthHasPaths) {
  for (const auto& paths : {std::vector<std::string>{"/abc"}, std::vector<std::string>{}}) {
    auto bytes = header_of(op_code::close_session);
    jute::writer w{bytes};
    w(paths);
    auto read = decode_txn(bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(std::get<close_session_txn>(read->body).paths, paths);
  }
}

TEST(OldTxn, UnknownTypesAndBodiesThatAreCutAreNoTxns) {
  EXPECT_FALSE(decode_txn(header_of(static_cast<op_code>(99))));
  EXPECT_FALSE(decode_txn(header_of(op_code::create)));
  EXPECT_FALSE(decode_txn(header_of(op_code::set_data)));
}

}  // namespace
}  // namespace troupe
