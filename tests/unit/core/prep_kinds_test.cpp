// SPDX-License-Identifier: Apache-2.0
/// Containers, TTL znodes and the flags that ask for them: PrepRequestProcessor.pRequest2TxnCreate,
/// MultiOperationRecord, ZooKeeper's CreateContainerTest and CreateTTLTest.
#include <gtest/gtest.h>

#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

using code = error_code;

std::string body_of_ttl(std::string path, std::int64_t ttl_ms,
                        std::int32_t flags = create_flag::ttl) {
  return jute::encode(
      create_ttl_request{{std::move(path), jute::buffer{"t"}, open_to_all(), flags}, ttl_ms});
}
std::uint64_t owner_bits(const database& db, std::string_view path) {
  return static_cast<std::uint64_t>(db.data.find(path)->stats.ephemeral_owner.value);
}

struct PrepKinds : ::testing::Test {
  PrepKinds() { db.data.set_extended_types(true); }
  code ttl(std::int64_t ttl_ms, std::int32_t flags = create_flag::ttl) {
    return db.err(op_code::create_ttl, body_of_ttl("/t", ttl_ms, flags));
  }
  database db;
};

TEST_F(PrepKinds, ContainerIsATxnOfItsOwn) {
  auto planned =
      db.plan(op_code::create_container, body_of_create("/c", "d", create_flag::container));
  EXPECT_EQ(planned.header.type, op_code::create_container);
  EXPECT_EQ(planned.body, (txn_body{create_container_txn{"/c", "d", open_to_all(), 1}}));
  EXPECT_TRUE(db.apply(planned).digest_matches);
  EXPECT_EQ(owner_bits(db, "/c"), 0x8000000000000000U);
  EXPECT_EQ(db.create("/c/k"), code::ok);
  EXPECT_EQ(db.create("/c/e", "", create_flag::ephemeral), code::ok);
}

TEST_F(PrepKinds, TheOperationAndNotTheFlagMakesAContainer) {
  EXPECT_EQ(db.create("/plain", "", create_flag::container), code::ok);
  EXPECT_EQ(owner_bits(db, "/plain"), 0U);
  auto done = db.write(op_code::create_container, body_of_create("/c", "", 0));
  EXPECT_EQ(done.result.err, code::ok);
  EXPECT_TRUE(done.digest_matches);
  EXPECT_EQ(owner_bits(db, "/c"), 0x8000000000000000U);
  done = db.write(op_code::create_container, body_of_create("/s", "", create_flag::sequential));
  EXPECT_EQ(done.result.path, "/s0000000002");
  EXPECT_EQ(db.data.containers().size(), 2U);
}

TEST_F(PrepKinds, TtlIsKeptInFortyBitsOfTheOwner) {
  auto planned = db.plan(op_code::create_ttl, body_of_ttl("/t", 0xffffffffff));
  EXPECT_EQ(planned.header.type, op_code::create_ttl);
  EXPECT_EQ(planned.body, (txn_body{create_ttl_txn{"/t", "t", open_to_all(), 1, 0xffffffffff}}));
  EXPECT_TRUE(db.apply(planned).digest_matches);
  EXPECT_EQ(owner_bits(db, "/t"), 0xff0000ffffffffffU);
  EXPECT_EQ(db.create("/t/k"), code::ok);
  auto done = db.write(op_code::create_ttl, body_of_ttl("/s", 1, create_flag::ttl_sequential));
  EXPECT_EQ(done.result.path, "/s0000000001");
  EXPECT_EQ(owner_bits(db, done.result.path), 0xff00000000000001U);
}

TEST_F(PrepKinds, TtlsThatDoNotFitAndModesWithoutOneAreBadArguments) {
  for (std::int64_t ttl_ms : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1} << 40, INT64_MIN})
    EXPECT_EQ(ttl(ttl_ms), code::bad_arguments) << ttl_ms;
  for (auto flags :
       {create_flag::persistent, create_flag::ephemeral, create_flag::container, 7, -1})
    for (std::int64_t ttl_ms : {5, -1})  // the latter ends a genuine server
      EXPECT_EQ(ttl(ttl_ms, flags), code::bad_arguments) << flags << ' ' << ttl_ms;
  EXPECT_EQ(db.create("/t", "", create_flag::ttl), code::bad_arguments);
  EXPECT_EQ(db.err(op_code::create_container, body_of_create("/t", "", create_flag::ttl)),
            code::bad_arguments);
  EXPECT_FALSE(db.data.find("/t"));
}

TEST_F(PrepKinds, BadModeIsToldBeforeTheNullPath) {
  auto null_path = [](std::int32_t flags) {
    auto body = body_of_create("", "", flags);
    return body.replace(0, 4, "\xff\xff\xff\xff");
  };
  EXPECT_EQ(db.err(op_code::create, null_path(create_flag::ttl)), code::bad_arguments);
  EXPECT_EQ(db.err(op_code::create, null_path(7)), code::bad_arguments);
  EXPECT_EQ(db.err(op_code::create, null_path(create_flag::persistent)), code::marshalling_error);
}

TEST_F(PrepKinds, WithoutExtendedTypesThereAreNoTtlZnodes) {
  ASSERT_EQ(ttl(5), code::ok);
  db.data.set_extended_types(false);
  EXPECT_EQ(ttl(5), code::unimplemented);
  EXPECT_EQ(ttl(0), code::unimplemented);
  EXPECT_EQ(ttl(5, create_flag::ttl_sequential), code::unimplemented);
  EXPECT_EQ(ttl(5, create_flag::persistent), code::bad_arguments);
  EXPECT_EQ(db.create("/u", "", create_flag::ttl), code::unimplemented);
  EXPECT_EQ(db.create("/t/k"), code::no_children_for_ephemerals);  // it reads as a session's
  EXPECT_EQ(db.err(op_code::create_container, body_of_create("/c", "", create_flag::container)),
            code::ok);
}

// -- in a multi -----------------------------------------------------------------------------------

std::vector<op_code> types_in(const txn& x) {
  std::vector<op_code> out;
  for (const auto& op : std::get<multi_txn>(x.body).ops) out.push_back(op.type);
  return out;
}

TEST_F(PrepKinds, InAMultiTheFlagsDecide) {
  auto planned = db.plan(
      op_code::multi,
      body_of_multi({{op_code::create, body_of_create("/a", "", create_flag::container)},
                     {op_code::create2, body_of_create("/b")},
                     {op_code::create_container, body_of_create("/c", "", create_flag::container)},
                     {op_code::create_container, body_of_create("/d", "", create_flag::ephemeral)},
                     {op_code::create_ttl, body_of_ttl("/e", 9)},
                     {op_code::create_ttl, body_of_ttl("/f", 9, create_flag::persistent)},
                     {op_code::create_ttl, body_of_ttl("/g", 9, create_flag::container)}}));
  EXPECT_EQ(types_in(planned),
            (std::vector{op_code::create_container, op_code::create, op_code::create_container,
                         op_code::create, op_code::create_ttl, op_code::create,
                         op_code::create_container}));
  EXPECT_TRUE(db.apply(planned).digest_matches);
  EXPECT_EQ(owner_bits(db, "/d"), static_cast<std::uint64_t>(db.client.value));
  EXPECT_EQ(owner_bits(db, "/e"), 0xff00000000000009U);
  EXPECT_EQ(owner_bits(db, "/f"), 0U);
}

TEST_F(PrepKinds, InAMultiARecordThatCannotHoldItsKindIsAMarshallingError) {
  auto refuse = [this](op_code type, std::string body) {
    return db.err(op_code::multi, body_of_multi({{type, std::move(body)}}));
  };
  EXPECT_EQ(refuse(op_code::create, body_of_create("/a", "", create_flag::ttl)),
            code::marshalling_error);
  EXPECT_EQ(refuse(op_code::create2, body_of_create("/a", "", 7)), code::marshalling_error);
  EXPECT_EQ(refuse(op_code::create_container, body_of_create("/a", "", -1)),
            code::marshalling_error);
  EXPECT_EQ(refuse(op_code::create_ttl, body_of_create("/a", "", create_flag::ttl)),
            code::marshalling_error);
  EXPECT_EQ(refuse(op_code::delete_container, body_of_delete("/a")), code::marshalling_error);
  // A createTTL of no known mode is taken for a create of that mode.
  EXPECT_EQ(refuse(op_code::create_ttl, body_of_ttl("/a", 5, 7)), code::bad_arguments);
  EXPECT_EQ(refuse(op_code::create_ttl, body_of_ttl("/a", 0)), code::bad_arguments);
}

// -- what Java fails on -------------------------------------------------------------------------

TEST_F(PrepKinds, AccessListWithANullIdIsAMarshallingError) {
  const acl_list of_nobody{{permission::all, {"digest", ""}}};
  const std::string null(4, '\xff');
  auto body = body_of_create("/a", "x", 0, of_nobody);
  EXPECT_EQ(db.err(op_code::create, body), code::invalid_acl);
  body.replace(body.size() - 8, 4, null);
  EXPECT_EQ(db.err(op_code::create, body), code::marshalling_error);
  db.create("/a");
  body = body_of_set_acl("/a", of_nobody);
  EXPECT_EQ(db.err(op_code::set_acl, body), code::invalid_acl);
  body.replace(body.size() - 8, 4, null);
  EXPECT_EQ(db.err(op_code::set_acl, body), code::marshalling_error);
}

/// kazoo sends an empty id as none.
TEST_F(PrepKinds, AccessListOfWhoAsksNeedsNoId) {
  const std::string null(4, '\xff');
  auto body = body_of_create("/a", "x", 0, {{permission::all, {"auth", ""}}});
  body.replace(body.size() - 8, 4, null);
  EXPECT_EQ(db.err(op_code::create, body), code::invalid_acl);  // nobody has shown anything
  const std::string end = jute::encode(multi_header{op_code::error, true, -1});
  const std::string multi = jute::encode(multi_header{op_code::create, false, -1}) + body + end;
  EXPECT_NE(db.err(op_code::multi, multi), code::marshalling_error);
  EXPECT_EQ(db.data.find("/a"), nullptr);
  db.shown.push_back({"digest", "ann:hash"});
  EXPECT_EQ(db.err(op_code::multi, multi), code::ok);
  EXPECT_NE(db.data.find("/a"), nullptr);
}

// -- everybody may everything ---------------------------------------------------------------------

TEST_F(PrepKinds, SkippedAccessListsAreStillCheckedForTheirForm) {
  const acl_list closed{{permission::all, {"digest", "ann:hash"}}};
  db.create("/closed", "", 0, closed);
  EXPECT_EQ(db.set("/closed", "x"), code::no_auth);
  db.planner.set_options({.skip_acl = true});
  EXPECT_EQ(db.set("/closed", "x"), code::ok);
  EXPECT_EQ(db.create("/closed/k"), code::ok);
  EXPECT_EQ(db.remove("/closed/k"), code::ok);
  EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/closed", {})), code::invalid_acl);
  EXPECT_EQ(db.err(op_code::set_acl, body_of_set_acl("/closed", open_to_all())), code::ok);
}

}  // namespace
}  // namespace troupe::core::testing
