// SPDX-License-Identifier: Apache-2.0
/// Random histories, each from its seed: what prep foresees is what apply does, replicas agree, and
/// a fuzzy snapshot with the txns after it is the live database (ZooKeeper's
/// FuzzySnapshotRelatedTest).
#include <gtest/gtest.h>

#include <deque>
#include <random>

#include "actors/core/path.hpp"
#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

/// Everything a client or a replica could tell apart, but for the numbers of access lists.
std::string describe(const tree& t, const znode& node) {
  auto out = node.path() + " " + jute::encode(node.stats) + (node.data.is_null() ? "-" : "+");
  out += std::string{node.data.view()};
  for (const auto& entry : *t.acl_of(node)) out += jute::encode(entry);
  out += "\n";
  if (node.children)
    for (const auto& child : *node.children) out += describe(t, child);
  return out;
}
std::string describe(const tree& t) {
  auto out = describe(t, t.root());
  for (const auto& [id, timeout] : t.sessions()) {
    out += to_string(id) + " " + std::to_string(timeout);
    for (const auto& path : t.ephemerals(id)) out += " " + path;
    out += "\n";
  }
  return out + std::to_string(t.node_count()) + " " + std::to_string(t.approximate_data_size()) +
         " " + std::to_string(t.ephemeral_count()) + " " + std::to_string(t.digest());
}

/// A stream of requests over few paths and sessions, so that they meet.
class requests {
 public:
  explicit requests(std::uint64_t seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t n) { return random_() % n; }

  write_request next() {
    write_request out{session_id{1 + static_cast<std::int64_t>(below(4))}, cxid{++count_}};
    out.identities = {{"ip", "127.0.0.1"}};
    if (below(2)) out.identities.push_back({"digest", "ann:hash"});
    switch (below(16)) {
      case 0:
        out.op = op_code::create_session;
        out.body = body_of_timeout(static_cast<std::int32_t>(4000 + below(4)));
        break;
      case 1:
        out.op = op_code::close_session;
        break;
      case 2:
      case 3:
      case 4: {
        std::vector<std::pair<op_code, std::string>> ops;
        for (auto n = below(5); n > 0; --n) ops.push_back(op(true));
        out.op = op_code::multi;
        out.body = body_of_multi(ops);
        break;
      }
      default:
        std::tie(out.op, out.body) = op(false);
    }
    return out;
  }

 private:
  std::string path() {
    static constexpr std::string_view names[] = {"a", "b", "c"};
    std::string out;
    for (auto depth = 1 + below(3); depth > 0; --depth) out += "/" + std::string{names[below(3)]};
    return out;
  }
  acl_list acl() {
    if (below(3)) return open_to_all();
    return {{static_cast<std::int32_t>(1 + below(31)), {"world", "anyone"}},
            {permission::all, {"digest", "ann:hash"}}};
  }
  std::int32_t version() { return below(3) ? -1 : static_cast<std::int32_t>(below(3)); }

  std::pair<op_code, std::string> op(bool in_multi) {
    switch (below(in_multi ? 8 : 9)) {
      case 0:
      case 1:
      case 2:
        return {below(2) ? op_code::create : op_code::create2,
                body_of_create(path(), std::string(below(20), 'x'),
                               static_cast<std::int32_t>(below(4)), acl())};
      case 3:
        return {op_code::create, body_of_create("/a", "", 0, acl())};
      case 4:
      case 5:
        return {op_code::remove, body_of_delete(path(), version())};
      case 6:
        return {op_code::set_data, body_of_set(path(), std::to_string(below(99)), version())};
      case 7:
        if (in_multi) return {op_code::check, body_of_check(path(), version())};
        [[fallthrough]];
      default:
        return {op_code::set_acl, body_of_set_acl(path(), acl(), version())};
    }
  }

  std::mt19937_64 random_;
  std::int32_t count_ = 0;
};

/// A leading server whose planned txns wait before they are applied, and its log.
struct leading {
  tree data;
  prep planner{data};
  std::deque<txn> waiting;
  std::vector<txn> log;
  std::int64_t now_ms = 1;
  bool is_short_of_room = false;

  explicit leading(bool short_of_room = false) : is_short_of_room(short_of_room) {
    planner.begin(zxid{0x100000001});
  }

  /// The bounds are such that some creates and multis are too long, and most closes.
  void plan(const write_request& request) {
    if (is_short_of_room)
      planner.set_options({.txn_bytes_max = request.op == op_code::close_session ? 60U : 240U});
    waiting.push_back(planner.plan(request, ++now_ms));
  }
  void apply_first() {
    auto x = std::move(waiting.front());
    waiting.pop_front();
    auto done = data.apply(x);
    planner.applied(x.header.id);
    ASSERT_TRUE(done.digest_matches) << to_string(x.header.id);
    bool refused = x.header.type == op_code::error;
    bool failed_multi = !done.multi.empty() && done.multi.back().type == op_code::error;
    ASSERT_TRUE(refused || failed_multi || done.result.err == error_code::ok)
        << to_string(x.header.id);
    log.push_back(std::move(x));
  }
};

class History : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(History, WhatIsPlannedAheadAppliesAsForeseenOnLeaderAndReplica) {
  requests asked{GetParam()};
  leading server{GetParam() % 2 == 0};
  tree replica;
  for (int step = 0; step < 1500; ++step) {
    server.plan(asked.next());
    while (server.waiting.size() > asked.below(12)) {
      ASSERT_NO_FATAL_FAILURE(server.apply_first());
      auto carried = decode_txn(encode_txn(server.log.back()));
      ASSERT_TRUE(carried);
      ASSERT_EQ(*carried, server.log.back());
      ASSERT_TRUE(replica.apply(*carried).digest_matches);
    }
  }
  while (!server.waiting.empty()) {
    ASSERT_NO_FATAL_FAILURE(server.apply_first());
    replica.apply(server.log.back());
  }
  EXPECT_EQ(server.planner.outstanding(), 0U);
  EXPECT_GT(replica.node_count(), 6U);
  EXPECT_EQ(encode_all(server.data), encode_all(replica));
  EXPECT_EQ(describe(server.data), describe(replica));
}

TEST_P(History, FuzzySnapshotAndTheTxnsAfterItAreTheLiveDatabase) {
  requests asked{GetParam()};
  leading server{GetParam() % 2 == 0};
  for (int round = 0; round < 12; ++round) {
    for (int step = 0; step < 60; ++step) {
      server.plan(asked.next());
      server.apply_first();
    }
    snapshot_encoder encoder{server.data};
    std::string bytes;
    while (!encoder.done()) {
      bytes += encoder.next(1 + asked.below(300));
      for (auto n = asked.below(8); n > 0; --n) {
        server.plan(asked.next());
        const auto& next = server.waiting.front();
        if (auto* close = std::get_if<close_session_txn>(&next.body); close && !close->paths)
          encoder.before_close(next.header.client);
        server.apply_first();
      }
    }
    auto copy = decode_all(bytes, 1 + asked.below(500));
    ASSERT_TRUE(copy) << copy.error();
    copy->data.set_last_processed(encoder.at());
    EXPECT_TRUE(copy->data.expect_digest(*copy->digest));
    for (const auto& x : server.log) {
      if (x.header.id <= encoder.at()) continue;
      ASSERT_TRUE(copy->data.apply(x).digest_matches) << to_string(x.header.id);
    }
    ASSERT_EQ(describe(copy->data), describe(server.data)) << "round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, History, ::testing::Range<std::uint64_t>(1, 41));

}  // namespace
}  // namespace troupe::core::testing
