// SPDX-License-Identifier: Apache-2.0
// What a leading server refuses because its tree would become larger than it may.
#include "actors/core/growth.hpp"

#include <gtest/gtest.h>

#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

constexpr auto later = error_code::operation_timeout;

struct full_database : database {
  full_database() {
    create("/a", std::string(1000, 'x'));
    create("/a/b");
    create("/locks");
    fill();
  }
  void fill() { planner.limit_tree(data.memory_bytes()); }
};

TEST(Growth, WhatMakesAFullTreeLargerIsRefusedForLater) {
  full_database db;
  EXPECT_EQ(db.create("/c"), later);
  EXPECT_EQ(db.create("/locks/l-", "", create_flag::ephemeral_sequential), later);
  EXPECT_EQ(db.set("/a", std::string(2000, 'y')), later);
  EXPECT_EQ(
      db.err(op_code::set_acl,
             body_of_set_acl("/a", {{permission::all, {"digest", "ann:" + std::string(99, 'd')}}})),
      later);
  EXPECT_EQ(db.err(op_code::multi,
                   body_of_multi({{op_code::remove, body_of_delete("/a/b")},
                                  {op_code::create, body_of_create("/c", std::string(500, 'x'))}})),
            later);
  EXPECT_EQ(db.planner.refused_for_memory(), 5U);
  EXPECT_FALSE(db.data.find("/c"));
  EXPECT_TRUE(db.data.find("/a/b")) << "nothing of the multi has happened";
}

TEST(Growth, WhatMakesItNoLargerIsDoneHoweverFullItIs) {
  full_database db;
  db.planner.limit_tree(0);
  EXPECT_EQ(db.set("/a", std::string(1000, 'y')), error_code::ok);
  EXPECT_EQ(db.set("/a", std::string(10, 'y')), error_code::ok);
  EXPECT_EQ(db.err(op_code::multi, body_of_multi({{op_code::create, body_of_create("/c")},
                                                  {op_code::remove, body_of_delete("/a/b")}})),
            error_code::ok)
      << "a rename";
  EXPECT_EQ(db.err(op_code::create_session, body_of_timeout(1000)), error_code::ok);
  EXPECT_EQ(db.remove("/c"), error_code::ok);
  EXPECT_EQ(db.err(op_code::close_session, {}), error_code::ok);
  EXPECT_EQ(db.planner.refused_for_memory(), 0U);
}

TEST(Growth, ARefusalSaysFirstWhatIsWrongWithTheRequest) {
  full_database db;
  EXPECT_EQ(db.create("/a"), error_code::node_exists);
  EXPECT_EQ(db.create("/none/b"), error_code::no_node);
}

TEST(Growth, WhatIsPlannedAndNotAppliedCounts) {
  full_database db;
  const auto one = memory_bytes_for("/x1", jute::buffer{std::string(1000, 'x')});
  db.planner.limit_tree(db.data.memory_bytes() + 2 * one);
  std::vector<txn> planned;
  for (auto path : {"/x1", "/x2", "/x3"})
    planned.push_back(db.plan(op_code::create, body_of_create(path, std::string(1000, 'x'))));
  EXPECT_EQ(planned[1].header.type, op_code::create);
  EXPECT_EQ(planned[2].header.type, op_code::error);
  for (const auto& x : planned) db.apply(x);
  EXPECT_EQ(db.create("/x4", std::string(1000, 'x')), later);
  db.remove("/x1");
  EXPECT_EQ(db.create("/x4", std::string(1000, 'x')), error_code::ok);
}

TEST(Growth, ARoomThatAPlannedDeleteMakesIsThereForWhatComesBehindIt) {
  full_database db;
  auto removal = db.plan(op_code::remove, body_of_delete("/a/b"));
  auto creation = db.plan(op_code::create, body_of_create("/c"));
  EXPECT_EQ(creation.header.type, op_code::create);
}

TEST(Growth, TheDigestGoesOnRightBehindARefusal) {
  full_database db;
  EXPECT_EQ(db.create("/c"), later);
  db.planner.limit_tree(std::nullopt);
  EXPECT_TRUE(db.write(op_code::create, body_of_create("/c")).digest_matches);
}

TEST(Growth, AServerThatDoesNotPlanTellsByItsTreeWhatWouldGrow) {
  full_database db;
  const auto of = [&db](op_code op, std::string body) { return growth_of(db.data, op, body); };
  EXPECT_GT(of(op_code::create, body_of_create("/c")), 0);
  EXPECT_GT(of(op_code::set_data, body_of_set("/a", std::string(2000, 'y'))), 0);
  EXPECT_EQ(of(op_code::set_data, body_of_set("/a", std::string(1000, 'y'))), 0);
  EXPECT_LT(of(op_code::remove, body_of_delete("/a/b")), 0);
  EXPECT_LE(of(op_code::multi, body_of_multi({{op_code::create, body_of_create("/c")},
                                              {op_code::remove, body_of_delete("/a/b")}})),
            0);
  EXPECT_EQ(of(op_code::close_session, {}), 0);
  EXPECT_EQ(of(op_code::get_data, jute::encode(read_request{"/a", false})), 0);
  EXPECT_EQ(of(op_code::create, "no request"), 0);
}

}  // namespace
}  // namespace troupe::core::testing
