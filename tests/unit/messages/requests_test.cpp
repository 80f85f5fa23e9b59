// SPDX-License-Identifier: Apache-2.0
/// The client protocol's bytes, as recorded between a Python client and a genuine ZooKeeper 3.8.0
/// (tests/unit/core/data/record.py): records read, and written again the same.
#include "messages/client/requests.hpp"

#include <gtest/gtest.h>

#include "messages/client/session_password.hpp"

namespace troupe {
namespace {

std::string bytes(std::string_view hex) {
  std::string out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(static_cast<char>(std::stoi(std::string{hex.substr(i, 2)}, nullptr, 16)));
  return out;
}

/// A frame's header, and what follows it.
std::pair<request_header, std::string> request_in(std::string_view frame) {
  jute::reader in{frame};
  request_header header;
  in(header);
  EXPECT_TRUE(in.ok());
  return {header, std::string{in.rest()}};
}

TEST(Handshake, RequestOfANewSessionIs45Bytes) {
  auto frame = bytes(
      "00000000000000000000000000004e200000000000000000000000100000000000000000000000000000000000");
  ASSERT_EQ(frame.size(), 45U);
  auto request = jute::decode<connect_request>(frame);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->timeout_ms, 20000);
  EXPECT_EQ(request->session, session_id{0});
  EXPECT_EQ(request->password, jute::buffer{std::string(16, '\0')});
  EXPECT_EQ(jute::encode(*request) + '\0', frame);
}

TEST(Handshake, AnswerCarriesTheSessionAndItsPassword) {
  auto frame = bytes("0000000000004e2001000025a03e000000000010e0a3a5caed37d738be895e4c7ea2cbc800");
  ASSERT_EQ(frame.size(), 37U);
  auto answer = jute::decode<connect_response>(frame);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->timeout_ms, 20000);
  EXPECT_EQ(answer->session, session_id{0x01000025a03e0000});
  EXPECT_EQ(answer->password, session_password(answer->session));
  EXPECT_EQ(jute::encode(*answer) + '\0', frame);
}

TEST(SessionPassword, IsWhatJavasRandomGives) {
  // new java.util.Random(id ^ 0xB3415C00L).nextBytes(new byte[16]) on OpenJDK 17
  EXPECT_EQ(session_password({0x100000022}), bytes("2f0bb06356c35f75dd7c000805f332e2"));
  EXPECT_EQ(session_password({0x0100002273580000}), bytes("9a56cc7c1f6d5ce7081cf9ae006842ac"));
  EXPECT_EQ(session_password({-1}), bytes("20f62cb5648dc2d771471c8a2486a9ee"));
  EXPECT_EQ(session_password({0}), bytes("f22acd4a97e69d6d20a49bb638eadb38"));
  EXPECT_EQ(session_password({static_cast<std::int64_t>(0xff00000000000001)}),
            bytes("054cc74a37327db215e702e20c73f005"));
}

TEST(Requests, SetDataOfNullIsReadAsNull) {
  auto [header, body] = request_in(bytes("0000001400000005000000042f612f62ffffffffffffffff"));
  EXPECT_EQ(header.xid, cxid{20});
  ASSERT_EQ(header.type, op_code::set_data);
  auto decoded = decode_write(header.type, body);
  ASSERT_TRUE(decoded);
  const auto& request = std::get<set_data_request>(std::get<write_op>(*decoded));
  EXPECT_EQ(request.path, "/a/b");
  EXPECT_EQ(request.data, std::nullopt);
  EXPECT_EQ(request.version, -1);
  EXPECT_EQ(jute::encode(header) + jute::encode(request),
            bytes("0000001400000005000000042f612f62ffffffffffffffff"));
}

TEST(Requests, DeleteWithAVersionIsRead) {
  auto [header, body] = request_in(bytes("0000001700000002000000042f612f6200000007"));
  ASSERT_EQ(header.type, op_code::remove);
  auto decoded = decode_write(header.type, body);
  ASSERT_TRUE(decoded);
  const auto& request = std::get<delete_request>(std::get<write_op>(*decoded));
  EXPECT_EQ(request.path, "/a/b");
  EXPECT_EQ(request.version, 7);
}

TEST(Requests, AuthIsReadWithItsOwnXid) {
  auto [header, body] =
      request_in(bytes("fffffffc0000006400000000000000066469676573740000000a616e6e3a736563726574"));
  EXPECT_EQ(header.xid.value, special_xid::auth);
  ASSERT_EQ(header.type, op_code::auth);
  auto request = jute::decode<auth_request>(body);
  ASSERT_TRUE(request);
  EXPECT_EQ(request->scheme, "digest");
  EXPECT_EQ(request->auth, jute::buffer{"ann:secret"});
}

TEST(Replies, HeaderAndStatAreReadAndWrittenTheSame) {
  auto frame = bytes(
      "0000001400000000000000160000000000000000000000040000000000000016000001a2038d9f8f000001a2038d"
      "9fb1000000010000000000000000000000000000000000000000000000000000000000000004");
  jute::reader in{frame};
  reply_header header;
  stat s;
  in(header, s);
  ASSERT_TRUE(in.ok());
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(header.id, zxid{0x16});
  EXPECT_EQ(s.czxid, zxid{4});
  EXPECT_EQ(s.mzxid, zxid{0x16});
  EXPECT_EQ(s.version, 1);
  EXPECT_EQ(jute::encode(header) + jute::encode(s), frame);
}

TEST(Replies, ErrorIsAHeaderAlone) {
  auto header = jute::decode<reply_header>(bytes("000000120000000000000014ffffff99"));
  ASSERT_TRUE(header);
  EXPECT_EQ(header->err, error_code::bad_version);
}

// -- what does not decode -------------------------------------------------------------------------

TEST(Requests, ShortBodiesAndNullPathsAreMarshallingErrors) {
  auto error = [](op_code op, std::string_view body) {
    auto decoded = decode_write(op, body);
    return decoded ? error_code::ok : decoded.error();
  };
  auto whole =
      jute::encode(create_request{"/a", jute::buffer{"x"}, {{31, {"world", "anyone"}}}, 0});
  EXPECT_EQ(error(op_code::create, whole), error_code::ok);
  EXPECT_EQ(error(op_code::create, whole + "more"), error_code::ok);
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_EQ(error(op_code::create, whole.substr(0, n)), error_code::marshalling_error) << n;
  EXPECT_EQ(error(op_code::remove, bytes("ffffffff00000000")), error_code::marshalling_error);
  EXPECT_EQ(error(op_code::create_session, "abc"), error_code::marshalling_error);
  EXPECT_EQ(error(op_code::close_session, ""), error_code::ok);
  EXPECT_EQ(error(op_code::reconfig, ""), error_code::marshalling_error);
  EXPECT_EQ(error(op_code::get_data, ""), error_code::unimplemented);
}

TEST(Requests, MultiIsReadUpToItsEndAndTrailingBytesIgnored) {
  auto body = bytes(
                  "0000000d00ffffffff000000022f6d00000001"  // check /m 1
                  "0000000200ffffffff000000042f6d2f6e00000000"
                  "ffffffff01ffffffff") +
              "rest";
  auto decoded = decode_write(op_code::multi, body);
  ASSERT_TRUE(decoded);
  const auto& ops = std::get<multi_request>(*decoded).ops;
  ASSERT_EQ(ops.size(), 2U);
  EXPECT_EQ(type_of(ops[0]), op_code::check);
  EXPECT_EQ(type_of(ops[1]), op_code::remove);
  EXPECT_EQ(std::get<delete_request>(ops[1]).path, "/m/n");
}

TEST(Requests, MultiWithoutEndOrWithAnotherOpIsAMarshallingError) {
  auto error = [](std::string_view hex) {
    auto decoded = decode_write(op_code::multi, bytes(hex));
    return decoded ? error_code::ok : decoded.error();
  };
  EXPECT_EQ(error(""), error_code::marshalling_error);
  EXPECT_EQ(error("0000000d00ffffffff000000022f6d00000001"), error_code::marshalling_error);
  EXPECT_EQ(error("0000000400ffffffff000000022f6d00ffffffff01ffffffff"),
            error_code::marshalling_error);
  EXPECT_EQ(error("ffffffff01ffffffff"), error_code::ok);
  EXPECT_EQ(error("0000001300ffffffff"), error_code::marshalling_error);
}

TEST(Requests, SetWatchesOfBothKindsAreRead) {
  auto one_shot = jute::encode(set_watches_request{zxid{3}, {"/a"}, {}, {"/b"}});
  auto first = decode_set_watches(op_code::set_watches, one_shot);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->one_shot.data, std::vector<std::string>{"/a"});
  EXPECT_TRUE(first->persistent.empty());
  EXPECT_FALSE(decode_set_watches(op_code::set_watches2, one_shot));
  auto second =
      decode_set_watches(op_code::set_watches2,
                         jute::encode(set_watches2_request{{zxid{3}, {}, {"/c"}, {}}, {"/p"}, {}}));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->persistent, std::vector<std::string>{"/p"});
}

// DataTree.setWatches goes through the lists one by one, and fails at the null one.
TEST(Requests, SetWatchesEndsAtANullList) {
  const std::vector<std::string> one{"/a"};
  auto first = jute::encode(set_watches_request{zxid{3}, one, {}, {}});
  auto part = [&](std::size_t list) { return list < 1 ? 8 : 8 + 4 + 6 + 4 * (list - 1); };
  auto whole = first + jute::encode(std::vector<std::string>{}) + jute::encode(one);
  EXPECT_FALSE(decode_set_watches(op_code::set_watches2, whole)->is_cut);
  for (std::size_t list = 1; list < 4; ++list) {
    auto broken = whole;
    broken.replace(part(list), 4, bytes("ffffffff"));
    auto decoded = decode_set_watches(op_code::set_watches2, broken);
    ASSERT_TRUE(decoded) << list;
    EXPECT_TRUE(decoded->is_cut) << list;
    EXPECT_EQ(decoded->one_shot.data, one) << list;
    EXPECT_TRUE(decoded->persistent_recursive.empty()) << list;
  }
  EXPECT_FALSE(decode_set_watches(op_code::set_watches2, whole.substr(0, whole.size() - 1)));
}

TEST(Requests, OperationsOfTheServersOwnAreNoWritesOfClients) {
  for (auto op : {op_code::create_session, op_code::delete_container, op_code::check,
                  op_code::error, op_code::notification, op_code::multi_read})
    EXPECT_FALSE(is_write(op)) << static_cast<int>(op);
  for (auto op : {op_code::create_container, op_code::create_ttl, op_code::multi})
    EXPECT_TRUE(is_write(op)) << static_cast<int>(op);
}

TEST(Requests, PositionsOfCreate2AreFoundInAnyMulti) {
  const std::vector<acl_entry> open{{31, {"world", "anyone"}}, {1, {"ip", "10.0.0.1"}}};
  auto create = jute::encode(create_request{"/a", "data", open, 0});
  std::string body;
  jute::writer w{body};
  auto add = [&w](op_code type, const std::string& op) {
    w(multi_header{type, false, -1});
    w.raw(op);
  };
  add(op_code::create, create);
  add(op_code::create2, create);
  add(op_code::create_ttl, jute::encode(create_ttl_request{{"/t", std::nullopt, open, 5}, 7}));
  add(op_code::set_data, jute::encode(set_data_request{"/a", "x", 1}));
  add(op_code::check, jute::encode(check_request{"/a", 1}));
  add(op_code::create2, create);
  add(op_code::remove, jute::encode(delete_request{"/a", 1}));
  auto whole = body;
  jute::writer{whole}(multi_header{op_code::error, true, -1});
  EXPECT_EQ(create2_positions(whole), (std::vector<std::size_t>{1, 5}));
  EXPECT_EQ(create2_positions(body), (std::vector<std::size_t>{1, 5}));  // without an end
  EXPECT_EQ(create2_positions(""), std::vector<std::size_t>{});
  EXPECT_EQ(create2_positions(bytes("0000006300ffffffff")), std::vector<std::size_t>{});
}

TEST(Requests, MultiReadIsDecodedWithoutWatches) {
  auto body = bytes(
      "0000000400ffffffff000000022f6101"
      "0000000800ffffffff000000022f6200"
      "ffffffff01ffffffff");
  auto ops = decode_multi_read(body);
  ASSERT_TRUE(ops);
  ASSERT_EQ(ops->size(), 2U);
  EXPECT_EQ((*ops)[0].type, op_code::get_data);
  EXPECT_FALSE((*ops)[0].request.watch);
  EXPECT_EQ((*ops)[1].request.path, "/b");
  EXPECT_FALSE(decode_multi_read(body.substr(0, body.size() - 1)));
}

}  // namespace
}  // namespace troupe
