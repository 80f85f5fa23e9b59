// SPDX-License-Identifier: Apache-2.0
/// Mirrors DataTree.processTxn and ZooKeeper's DataTreeTest.
#include "actors/core/tree.hpp"

#include <gtest/gtest.h>
#include <pthread.h>

#include "tests/unit/core/support.hpp"

namespace troupe::core::testing {
namespace {

constexpr session_id ann{0x100}, bob{0x200};
const acl_list read_only{{permission::read, {"world", "anyone"}}};

txn at(std::int64_t zxid_value, op_code type, txn_body body, session_id client = ann) {
  return {{client, cxid{1}, zxid{zxid_value}, 1000 + zxid_value, type}, std::move(body), {}};
}
txn create_at(std::int64_t z, std::string path, std::int32_t parent_cversion,
              bool ephemeral = false, session_id client = ann) {
  return at(
      z, op_code::create,
      create_txn{std::move(path), jute::buffer{"x"}, open_to_all(), ephemeral, parent_cversion},
      client);
}
txn delete_at(std::int64_t z, std::string path) {
  return at(z, op_code::remove, delete_txn{std::move(path)});
}

TEST(Tree, NewDatabaseHasWhatZooKeeperPutsThere) {
  tree t;
  EXPECT_EQ(t.node_count(), 5U);  // as srvr counts: "/" twice
  EXPECT_EQ(t.approximate_data_size(), 44);
  for (auto path : {"/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"})
    ASSERT_TRUE(t.find(path)) << path;
  EXPECT_EQ(t.stat_of(t.root()).cversion, -1);
  auto config = t.find("/zookeeper/config");
  EXPECT_EQ(*t.acl_of(*config), read_only);
  EXPECT_EQ(config->stats.aversion, -1);
  EXPECT_EQ(t.last_processed(), zxid{0});
}

TEST(Tree, PathsThatNameNothingAreNotFound) {
  tree t;
  t.apply(create_at(1, "/a", 1));
  for (auto path : {"/b", "/a/b", "/a/", "//a", "a", "/a//"}) EXPECT_FALSE(t.find(path)) << path;
  EXPECT_EQ(t.find(""), t.find("/"));
  EXPECT_EQ(t.find("/a")->path(), "/a");
  EXPECT_EQ(t.find("/zookeeper/quota")->path(), "/zookeeper/quota");
}

TEST(Tree, CreateSetsTheChildsStatAndTheParents) {
  tree t;
  auto done = t.apply(create_at(7, "/a", 1));
  auto child = t.stat_of(*t.find("/a"));
  EXPECT_EQ(child.czxid, zxid{7});
  EXPECT_EQ(child.mzxid, zxid{7});
  EXPECT_EQ(child.pzxid, zxid{7});
  EXPECT_EQ(child.ctime, 1007);
  EXPECT_EQ(child.data_length, 1);
  EXPECT_EQ(done.result.node_stat, child);
  auto root = t.stat_of(t.root());
  EXPECT_EQ(root.pzxid, zxid{7});
  EXPECT_EQ(root.cversion, 0);  // 2 * 1 create - 2 children
  EXPECT_EQ(root.num_children, 2);
  EXPECT_EQ(t.last_processed(), zxid{7});
}

TEST(Tree, ClientSeesCversionCountCreatesAndDeletes) {
  tree t;
  t.apply(create_at(1, "/a", 1));
  t.apply(create_at(2, "/a/b", 1));
  EXPECT_EQ(t.stat_of(*t.find("/a")).cversion, 1);
  t.apply(delete_at(3, "/a/b"));
  EXPECT_EQ(t.stat_of(*t.find("/a")).cversion, 2);
  EXPECT_EQ(t.find("/a")->stats.cversion, 1);
  EXPECT_EQ(t.find("/a")->stats.pzxid, zxid{3});
}

TEST(Tree, ParentCversionOfOldLogsIsCountedHere) {
  tree t;
  t.apply(create_at(1, "/a", -1));
  t.apply(create_at(2, "/b", -1));
  EXPECT_EQ(t.root().stats.cversion, 2);
}

TEST(Tree, SetDataTakesVersionFromTheTxn) {
  tree t;
  t.apply(create_at(1, "/a", 1));
  auto done = t.apply(at(2, op_code::set_data, set_data_txn{"/a", jute::buffer{"longer"}, 5}));
  auto s = t.stat_of(*t.find("/a"));
  EXPECT_EQ(s.version, 5);
  EXPECT_EQ(s.mzxid, zxid{2});
  EXPECT_EQ(s.pzxid, zxid{1});
  EXPECT_EQ(s.data_length, 6);
  EXPECT_EQ(done.result.node_stat, s);
  EXPECT_EQ(t.approximate_data_size(), 44 + 2 + 6);
}

TEST(Tree, NullDataIsNotEmptyData) {
  tree t;
  t.apply(create_at(1, "/a", 1));
  t.apply(at(2, op_code::set_data, set_data_txn{"/a", std::nullopt, 1}));
  EXPECT_TRUE(t.find("/a")->data.is_null());
  t.apply(at(3, op_code::set_data, set_data_txn{"/a", jute::buffer{""}, 2}));
  EXPECT_FALSE(t.find("/a")->data.is_null());
  EXPECT_EQ(t.find("/a")->data.to_buffer(), jute::buffer{""});
}

TEST(Tree, SetAclTakesListAndAversion) {
  tree t;
  t.apply(create_at(1, "/a", 1));
  auto done = t.apply(at(2, op_code::set_acl, set_acl_txn{"/a", read_only, 1}));
  EXPECT_EQ(*t.acl_of(*t.find("/a")), read_only);
  EXPECT_EQ(done.result.node_stat->aversion, 1);
  EXPECT_TRUE(done.triggers.empty());
}

TEST(Tree, TriggersNameTheZnodeThenItsParent) {
  tree t;
  auto created = t.apply(create_at(1, "/a", 1)).triggers;
  ASSERT_EQ(created.size(), 2U);
  EXPECT_EQ(created[0].type, event_type::node_created);
  EXPECT_EQ(created[0].path, "/a");
  EXPECT_EQ(created[1].type, event_type::node_children_changed);
  EXPECT_EQ(created[1].path, "/");
  auto deleted = t.apply(delete_at(2, "/a")).triggers;
  ASSERT_EQ(deleted.size(), 2U);
  EXPECT_EQ(deleted[0].type, event_type::node_deleted);
  EXPECT_EQ(*deleted[0].acl, open_to_all());
  EXPECT_EQ(deleted[1].path, "/");
}

// -- sessions and ephemerals ----------------------------------------------------------------------

TEST(Tree, ClosedSessionTakesItsEphemeralsAtOneZxid) {
  tree t;
  t.apply(at(1, op_code::create_session, create_session_txn{4000}));
  t.apply(at(2, op_code::create_session, create_session_txn{5000}, bob));
  t.apply(create_at(3, "/e1", 1, true));
  t.apply(create_at(4, "/e2", 2, true));
  t.apply(create_at(5, "/other", 3, true, bob));
  EXPECT_EQ(t.sessions(), (session_timeouts{{ann, 4000}, {bob, 5000}}));
  EXPECT_EQ(t.ephemerals(ann), (std::vector<std::string>{"/e1", "/e2"}));
  EXPECT_EQ(t.ephemeral_count(), 3U);
  EXPECT_EQ(t.ephemeral_owners(), (std::vector{ann, bob}));
  auto done = t.apply(
      at(6, op_code::close_session, close_session_txn{std::vector<std::string>{"/e1", "/e2"}}));
  EXPECT_FALSE(t.find("/e1"));
  EXPECT_TRUE(t.find("/other"));
  EXPECT_EQ(t.root().stats.pzxid, zxid{6});
  EXPECT_EQ(done.triggers.size(), 4U);
  EXPECT_EQ(t.sessions(), (session_timeouts{{bob, 5000}}));
  EXPECT_EQ(t.ephemeral_count(), 1U);
}

TEST(Tree, CloseOfLogsBefore36DeletesByOwner) {
  tree t;
  t.apply(create_at(1, "/e", 1, true));
  t.apply(at(2, op_code::close_session, close_session_txn{}));
  EXPECT_FALSE(t.find("/e"));
}

TEST(Tree, ContainersAndTtlNodesAreNobodysEphemerals) {
  tree t;
  t.set_extended_types(true);
  t.apply(at(1, op_code::create_container,
             create_container_txn{"/c", jute::buffer{""}, open_to_all(), 1}));
  t.apply(
      at(2, op_code::create_ttl, create_ttl_txn{"/t", jute::buffer{""}, open_to_all(), 2, 5000}));
  EXPECT_EQ(t.ephemeral_count(), 0U);
  EXPECT_EQ(t.kind_of(*t.find("/c")), owner_kind::container);
  EXPECT_EQ(t.kind_of(*t.find("/t")), owner_kind::ttl);
  EXPECT_EQ(t.stat_of(*t.find("/c")).ephemeral_owner, session_id{0});
  EXPECT_EQ(t.stat_of(*t.find("/t")).ephemeral_owner, session_id{0});
  EXPECT_EQ(static_cast<std::uint64_t>(t.find("/t")->stats.ephemeral_owner.value),
            0xff00000000001388U);
}

// -- multi ----------------------------------------------------------------------------------------

TEST(Tree, MultiHappensAtOneZxidWithAResultForEachOp) {
  tree t;
  auto done = t.apply(
      at(9, op_code::multi,
         multi_txn{{{op_code::create, create_txn{"/a", jute::buffer{""}, open_to_all(), false, 1}},
                    {op_code::set_data, set_data_txn{"/a", jute::buffer{"new"}, 1}},
                    {op_code::check, check_version_txn{"/a", 2}}}}));
  ASSERT_EQ(done.multi.size(), 3U);
  EXPECT_EQ(done.multi[1].node_stat->version, 1);
  EXPECT_EQ(done.multi[2].err, error_code::ok);
  EXPECT_EQ(t.find("/a")->stats.mzxid, zxid{9});
  EXPECT_EQ(done.triggers.size(), 3U);
}

TEST(Tree, FailedMultiChangesNothingAndTellsWhichOpItWas) {
  tree t;
  auto before = t.digest();
  auto done = t.apply(
      at(9, op_code::multi,
         multi_txn{{{op_code::create, create_txn{"/a", jute::buffer{""}, open_to_all(), false, 1}},
                    {op_code::error, error_txn{error_code::bad_version}},
                    {op_code::error, error_txn{error_code::runtime_inconsistency}}}}));
  EXPECT_FALSE(t.find("/a"));
  EXPECT_EQ(t.digest(), before);
  ASSERT_EQ(done.multi.size(), 3U);
  EXPECT_EQ(done.multi[0].type, op_code::error);
  EXPECT_EQ(done.multi[0].err, error_code::ok);
  EXPECT_EQ(done.multi[1].err, error_code::bad_version);
  EXPECT_EQ(done.multi[2].err, error_code::runtime_inconsistency);
  EXPECT_TRUE(done.triggers.empty());
  EXPECT_EQ(t.last_processed(), zxid{9});
}

// -- replay over a fuzzy copy (FileTxnSnapLog.restore, DataTreeTest, FuzzySnapshotRelatedTest)
// ------

TEST(TreeReplay, CreateOfAPresentZnodeTakesItsListAndRaisesTheParent) {
  tree t;
  t.apply(create_at(5, "/a", 1));
  auto again = create_at(6, "/a", 4);
  std::get<create_txn>(again.body).acl = read_only;
  EXPECT_EQ(t.apply(again).result.err, error_code::node_exists);
  EXPECT_EQ(*t.acl_of(*t.find("/a")), read_only);
  EXPECT_EQ(t.find("/a")->stats.czxid, zxid{5});
  EXPECT_EQ(t.root().stats.cversion, 4);
  EXPECT_EQ(t.root().stats.pzxid, zxid{6});
}

TEST(TreeReplay, NeverLowersCversionAndPzxidOfTheParent) {
  tree t;
  t.apply(create_at(9, "/new", 8));
  t.apply(create_at(3, "/old", 2));
  EXPECT_EQ(t.root().stats.cversion, 8);
  EXPECT_EQ(t.root().stats.pzxid, zxid{9});
  t.apply(delete_at(4, "/old"));
  EXPECT_EQ(t.root().stats.pzxid, zxid{9});
  EXPECT_EQ(t.last_processed(), zxid{9});
}

TEST(TreeReplay, DeleteOfAnAbsentZnodeStillRaisesPzxid) {
  tree t;
  EXPECT_EQ(t.apply(delete_at(6, "/never")).result.err, error_code::no_node);
  EXPECT_EQ(t.root().stats.pzxid, zxid{6});
}

TEST(TreeReplay, DeleteTakesChildrenOfALaterLifeAlong) {
  tree t;
  t.apply(create_at(7, "/a", 1));
  t.apply(create_at(8, "/a/b", 1));
  t.apply(create_at(9, "/a/b/e", 1, true));
  t.apply(delete_at(5, "/a"));
  EXPECT_EQ(t.node_count(), 5U);
  EXPECT_EQ(t.ephemeral_count(), 0U);
  EXPECT_EQ(t.approximate_data_size(), 44);
  t.apply(create_at(7, "/a", 1));
  t.apply(create_at(8, "/a/b", 1));
  EXPECT_EQ(t.find("/a")->num_children(), 1);
}

TEST(TreeReplay, OrphansAndPathsThatAreNoneHarmNothing) {
  tree t;
  auto before = t.digest();
  for (auto path : {"/x/y", "x", "", "/zookeeper/nope/deeper"})
    EXPECT_EQ(t.apply(create_at(1, path, 1)).result.err, error_code::no_node) << path;
  for (auto path : {"/", "", "x"})
    EXPECT_EQ(t.apply(delete_at(1, path)).result.err, error_code::no_node) << path;
  EXPECT_EQ(t.apply(create_at(1, "/", 0)).result.err, error_code::node_exists);
  EXPECT_TRUE(t.find("/"));
  EXPECT_EQ(t.digest(), before);
}

// -- digest ---------------------------------------------------------------------------------------

TEST(TreeDigest, TxnWithAnotherDigestThanTheTreesIsNoticed) {
  tree t;
  auto x = create_at(1, "/a", 1);
  x.digest = txn_digest{digest_version, 12345};
  auto compared = t.apply(x);
  EXPECT_FALSE(compared.digest_matches);
  EXPECT_EQ(compared.digest_told, 12345);
  auto other_version = create_at(2, "/b", 2);
  other_version.digest = txn_digest{1, 12345};
  EXPECT_TRUE(t.apply(other_version).digest_matches);
}

TEST(TreeDigest, FuzzyCopyIsComparedFromTheRecordedZxidOn) {
  tree t;
  t.set_last_processed(zxid{1});
  EXPECT_TRUE(t.expect_digest({zxid{3}, digest_version, 12345}));
  EXPECT_EQ(t.fuzzy_until(), zxid{3});
  auto wrong = txn_digest{digest_version, 777};
  auto x = create_at(2, "/a", 1);
  x.digest = wrong;
  EXPECT_TRUE(t.apply(x).digest_matches);
  EXPECT_TRUE(t.apply(create_at(3, "/b", 2)).digest_matches) << "the next txn may explain it";
  EXPECT_EQ(t.fuzzy_until(), zxid{3});
  EXPECT_EQ(t.last_digest(), (zxid_digest{zxid{3}, digest_version, 12345}));
  EXPECT_TRUE(t.apply(create_at(4, "/c", 3)).digest_matches) << "it carries no digest";
  x = create_at(5, "/d", 4);
  x.digest = wrong;
  auto compared = t.apply(x);
  EXPECT_FALSE(compared.digest_matches);
  EXPECT_EQ(compared.digest_told, 777);
  EXPECT_EQ(t.fuzzy_until(), std::nullopt);
  EXPECT_TRUE(t.apply(create_at(6, "/e", 5)).digest_matches);
}

TEST(TreeDigest, FuzzyCopyThatHoldsAPartOfTheTxnBehindIsProvedByThatTxnsDigest) {
  tree whole;
  whole.apply(create_at(1, "/a", 1));
  whole.apply(create_at(2, "/b", 2));
  const auto told = zxid_digest{zxid{2}, digest_version, whole.digest()};
  auto last = create_at(3, "/c", 3);
  whole.apply(last);
  last.digest = txn_digest{digest_version, whole.digest()};

  tree copy;  // of the time after the first txn, but for /c
  copy.apply(create_at(1, "/a", 1));
  copy.apply(last);
  copy.set_last_processed(zxid{1});
  EXPECT_TRUE(copy.expect_digest(told));
  EXPECT_TRUE(copy.apply(create_at(2, "/b", 2)).digest_matches);
  EXPECT_NE(copy.digest(), told.value);
  EXPECT_TRUE(copy.apply(last).digest_matches);
  EXPECT_EQ(copy.fuzzy_until(), std::nullopt);
  EXPECT_EQ(copy.digest(), whole.digest());
}

TEST(TreeDigest, CopyThatIsNotFuzzyIsComparedAtOnce) {
  tree t;
  t.apply(create_at(3, "/a", 1));
  EXPECT_TRUE(t.expect_digest({zxid{3}, digest_version, t.digest()}));
  EXPECT_FALSE(t.expect_digest({zxid{3}, digest_version, t.digest() + 1}));
  EXPECT_TRUE(t.expect_digest({zxid{2}, digest_version, 1}));
  EXPECT_TRUE(t.expect_digest({zxid{3}, 1, 1}));
  EXPECT_TRUE(t.apply(create_at(4, "/b", 2)).digest_matches);
}

TEST(TreeDigest, NewEpochDoesNotMoveTheZxidOfTheDigest) {
  tree t;
  EXPECT_EQ(t.last_digest(), (zxid_digest{zxid{0}, digest_version, 0}));
  t.set_last_processed(zxid{0x100000005});
  EXPECT_EQ(t.last_digest().at, zxid{0x100000005});
  t.set_last_processed(zxid{0x200000000});
  EXPECT_EQ(t.last_digest(), (zxid_digest{zxid{0x100000005}, digest_version, t.digest()}));
  t.apply(create_at(0x200000001, "/a", 1));
  EXPECT_EQ(t.last_digest().at, zxid{0x200000001});
}

TEST(TreeDigest, ZnodesBelowZookeeperCountNothing) {
  tree t;
  auto before = t.digest();
  t.set_config("server.1=localhost:1:2\nversion=100000000", zxid{0x100000000}, 5);
  EXPECT_EQ(t.digest(), before);
  EXPECT_EQ(t.find("/zookeeper/config")->stats.version, -1);
  EXPECT_EQ(t.find("/zookeeper/config")->stats.mzxid, zxid{0x100000000});
  EXPECT_EQ(t.last_processed(), zxid{0});
}

void grow_deep_and_cut() {
  constexpr int depth = 2000;
  tree t;
  std::string path;
  for (int i = 0; i < depth; ++i) t.apply(create_at(i + 1, path += "/d", 1));
  EXPECT_EQ(t.node_count(), 5U + depth);
  auto kept = std::move(t);
  kept.apply(delete_at(depth + 1, "/d"));
  EXPECT_EQ(kept.node_count(), 5U);
  tree whole;
  path.clear();
  for (int i = 0; i < depth; ++i) whole.apply(create_at(i + 1, path += "/d", 1));
}

TEST(TreeDepth, DeepTreesAreFreedWithoutRecursion) {
  // A small stack stands for a depth that would take too long to grow here.
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, 128 * 1024), 0);
  pthread_t thread;
  auto run = [](void*) -> void* {
    grow_deep_and_cut();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, nullptr), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

}  // namespace
}  // namespace troupe::core::testing
