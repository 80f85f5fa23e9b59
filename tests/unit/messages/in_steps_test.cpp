// SPDX-License-Identifier: Apache-2.0
/// What is read and written in steps is what it is in one piece, with a step for each part.
#include "messages/in_steps.hpp"

#include <gtest/gtest.h>

namespace troupe {
namespace {

constexpr int parts = 1000;

txn long_multi() {
  multi_txn body;
  for (int i = 0; i < parts; i += 2) {
    const auto path = "/multi/" + std::to_string(i);
    body.ops.push_back(
        {op_code::create, create_txn{path, "data", {{31, {"world", "anyone"}}}, true, i}});
    body.ops.push_back({op_code::error, error_txn{error_code::no_node}});
  }
  return {
      {session_id{7}, cxid{3}, zxid{9}, 1000, op_code::multi}, std::move(body), txn_digest{2, 77}};
}

txn long_close() {
  close_session_txn body{std::vector<std::string>{}};
  for (int i = 0; i < parts; ++i) body.paths->push_back("/close/" + std::to_string(i));
  return {{session_id{7}, cxid{3}, zxid{9}, 1000, op_code::close_session},
          std::move(body),
          txn_digest{2, 77}};
}

class InSteps : public testing::Test {
 protected:
  int steps = 0;
  const step_teller step = [this] { ++steps; };
  int taken() { return std::exchange(steps, 0); }
};

TEST_F(InSteps, LongTxnsAreWrittenAndReadAsInOnePiece) {
  for (const auto& x : {long_multi(), long_close()}) {
    auto made = make_logged(x, step);
    EXPECT_EQ(made->bytes, encode_txn(x));
    EXPECT_EQ(made->bytes.size(), encoded_bytes(x));
    EXPECT_GE(taken(), parts) << "written";
    auto read = parse_logged(made->bytes, step);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->value, x);
    EXPECT_GE(taken(), parts) << "read";
  }
}

TEST_F(InSteps, ATxnThatEndsTooEarlyIsNone) {
  for (const auto& x : {long_multi(), long_close()}) {
    const auto bytes = encode_txn(x);
    for (std::size_t cut : {bytes.size() / 2, bytes.size() - 13, std::size_t{40}})
      EXPECT_FALSE(parse_logged(bytes.substr(0, cut), step)) << cut;
  }
}

TEST_F(InSteps, ACountOfMoreThanThereMayBeIsNotBelieved) {
  for (auto type : {op_code::multi, op_code::close_session}) {
    std::string bytes;
    jute::writer w{bytes};
    w(session_id{7}, cxid{3}, zxid{9}, std::int64_t{1000}, type, std::int32_t{0x7fffffff});
    bytes += std::string(100, '\0');
    EXPECT_FALSE(parse_logged(bytes, step));
  }
}

TEST_F(InSteps, LongRequestsAreReadAsInOnePiece) {
  std::string multi, watches, reads;
  jute::writer m{multi}, w{watches}, r{reads};
  w(zxid{5}, std::vector<std::string>(parts, "/x"), std::vector<std::string>{},
    std::vector<std::string>{});
  for (int i = 0; i < parts; ++i) {
    m(multi_header{op_code::check, false, -1}, check_request{"/x", i});
    r(multi_header{op_code::get_data, false, -1}, read_request{"/x", false});
  }
  m(multi_header{op_code::error, true, -1});
  r(multi_header{op_code::error, true, -1});

  auto decoded = decode_write(op_code::multi, multi, step);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(std::get<multi_request>(*decoded).ops.size(), std::size_t{parts});
  EXPECT_GE(taken(), parts);
  auto set = decode_set_watches(op_code::set_watches, watches, step);
  ASSERT_TRUE(set);
  EXPECT_EQ(set->one_shot.data.size(), std::size_t{parts});
  EXPECT_GE(taken(), parts);
  auto several = decode_multi_read(reads, step);
  ASSERT_TRUE(several);
  EXPECT_EQ(several->size(), std::size_t{parts});
  EXPECT_GE(taken(), parts);
  free_in_steps(*several, step);
  EXPECT_TRUE(several->empty());
  EXPECT_EQ(taken(), parts);
}

}  // namespace
}  // namespace troupe
