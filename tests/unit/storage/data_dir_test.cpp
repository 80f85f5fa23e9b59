// SPDX-License-Identifier: Apache-2.0
#include "actors/storage/data_dir.hpp"

#include <gtest/gtest.h>

#include "actors/storage/snapshot_files.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

using namespace std::string_literals;
using origin = loaded_database::origin;

data_dir_options plain() { return {.data_dir = "/z"}; }

class DataDir : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(d.create_directories("/z")); }
  std::string refusal(data_dir_options options = plain()) {
    auto opened = data_dir::open(d, std::move(options));
    return opened ? "" : opened.error().text();
  }
  memory_disk d;
};

TEST_F(DataDir, OpeningMakesTheDirectories) {
  auto opened = data_dir::open(d, {.data_dir = "/new/data", .data_log_dir = "/new/log"});
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->snapshot_directory(), "/new/data/version-2");
  EXPECT_EQ(opened->log_directory(), "/new/log/version-2");
  EXPECT_TRUE(*d.exists("/new/log/version-2"));
}

TEST_F(DataDir, SessionIdsOfALifeBeginBehindThoseOfAllBefore) {
  auto in_life_at = [this](std::int64_t wall_ms) {
    return data_dir::open(d, {.data_dir = "/z", .wall_ms = wall_ms})->claim_session_time();
  };
  EXPECT_EQ(in_life_at(500'000), 500'000);
  EXPECT_EQ(in_life_at(510'000), 510'000);
  EXPECT_EQ(in_life_at(500'000), 511'000) << "the clock was set back";
  EXPECT_EQ(in_life_at(511'200), 512'000);
  EXPECT_EQ(in_life_at(600'000), 600'000);
}

/// Unwritten, a life's ids would be those of the next one, which begins within the same second.
TEST_F(DataDir, SessionIdsDoNotBeginBeforeTheirTimeIsNoted) {
  auto opened = data_dir::open(d, {.data_dir = "/z", .wall_ms = 500'000});
  d.fail = [](const std::string&, const std::string& path) {
    return path.find("actor-node.meta") != path.npos ? ENOSPC : 0;
  };
  ASSERT_FALSE(opened->claim_session_time());
  d.fail = nullptr;
  EXPECT_EQ(opened->claim_session_time(), 500'000);
  EXPECT_EQ(opened->claim_session_time(), 500'000);
}

TEST_F(DataDir, SecondServerIsRefusedAndToldWhoHoldsIt) {
  {
    auto first = data_dir::open(d, plain());
    ASSERT_TRUE(first);
    auto why = refusal();
    EXPECT_NE(why.find("/z"), std::string::npos);
    EXPECT_NE(why.find("process with id 77"), std::string::npos) << why;
  }
  EXPECT_EQ(refusal(), "");
}

TEST_F(DataDir, SharedDataLogDirIsRefusedToo) {
  auto first = data_dir::open(d, {.data_dir = "/a", .data_log_dir = "/log"});
  ASSERT_TRUE(first);
  EXPECT_NE(refusal({.data_dir = "/b", .data_log_dir = "/log"}).find("/log"), std::string::npos);
}

TEST_F(DataDir, RunningJavaServerIsRefused) {
  d.put("/z/zookeeper_server.pid", "4711\n");
  EXPECT_EQ(refusal(), "") << "no such process";
  d.processes[4711] = "vim org.txt";
  EXPECT_EQ(refusal(), "") << "the number belongs to another program now";
  d.processes[4711] = "java -Xmx1g org.apache.zookeeper.server.quorum.QuorumPeerMain zoo.cfg";
  EXPECT_NE(refusal().find("4711"), std::string::npos);
}

TEST_F(DataDir, LogsAmongSnapshotsAreRefusedWhenTheDirectoriesDiffer) {
  d.put("/z/version-2/log.1", log_bytes({zxid{1}}));
  EXPECT_EQ(refusal(), "");
  EXPECT_NE(refusal({.data_dir = "/z", .data_log_dir = "/log"}).find("/z/version-2/log.1"),
            std::string::npos);
}

TEST_F(DataDir, SnapshotsAmongLogsAreRefusedWhenTheDirectoriesDiffer) {
  d.put("/log/version-2/snapshot.0", "x");
  EXPECT_NE(refusal({.data_dir = "/z", .data_log_dir = "/log"}).find("/log/version-2/snapshot.0"),
            std::string::npos);
}

TEST_F(DataDir, OtherFormatVersionIsRefused) {
  ASSERT_TRUE(d.create_directories("/z/version-3"));
  EXPECT_NE(refusal().find("/z/version-3"), std::string::npos);
}

TEST_F(DataDir, WhatElseLiesThereDoesNotMatter) {
  ASSERT_TRUE(d.create_directories("/z/lost+found"));
  ASSERT_TRUE(d.create_directories("/z/version-old"));
  d.put("/z/myid", "1\n");
  d.put("/z/version-2/README", "x");
  EXPECT_EQ(refusal(), "");
}

TEST_F(DataDir, RestsOfACrashAreRemoved) {
  d.put("/z/version-2/actor-node.snapshot-5.tmp", "half");
  EXPECT_EQ(refusal(), "");
  EXPECT_FALSE(d.has("/z/version-2/actor-node.snapshot-5.tmp"));
}

TEST_F(DataDir, AnotherServersDirectoryIsRefusedNamingBoth) {
  auto of = [](std::int64_t id) {
    return data_dir_options{.data_dir = "/z", .owner = server_id{id}};
  };
  EXPECT_EQ(refusal(of(2)), "");
  EXPECT_EQ(refusal(of(2)), "");
  auto why = refusal(of(3));
  EXPECT_NE(why.find("server 2"), std::string::npos) << why;
  EXPECT_NE(why.find("server 3"), std::string::npos);
  EXPECT_NE(why.find("/z/actor-node.meta"), std::string::npos);
  EXPECT_EQ(refusal(), "") << "a standalone server opens any directory";
  EXPECT_NE(refusal(of(3)), "") << "and does not take it over";
}

TEST_F(DataDir, CheckingRefusesTheSameAndChangesNothing) {
  EXPECT_TRUE(data_dir::check(d, {.data_dir = "/z", .owner = server_id{3}}));
  EXPECT_TRUE(d.list_directory("/z")->empty());
  {
    data_dir_options of_three = plain();
    of_three.owner = server_id{3};
    ASSERT_TRUE(data_dir::open(d, of_three));
  }
  auto before = d.history.size();
  auto other = data_dir::check(d, {.data_dir = "/z", .owner = server_id{4}});
  ASSERT_FALSE(other);
  EXPECT_NE(other.error().text().find("server 3"), std::string::npos);
  d.put("/log/version-2/snapshot.5", "");
  EXPECT_FALSE(data_dir::check(d, {.data_dir = "/z", .data_log_dir = "/log"}));
  d.put("/z/version-3/any", "");
  EXPECT_FALSE(data_dir::check(d, plain()));
  EXPECT_EQ(d.history.size(), before);
}

TEST_F(DataDir, NotesSurviveACrash) {
  {
    auto opened = data_dir::open(d, {.data_dir = "/z", .owner = server_id{2}});
    ASSERT_TRUE(opened->set_history_after(at(3, 9)));
    ASSERT_TRUE(opened->set_snapshot_covers(at(3, 10), at(3, 12)));
    d.put("/z/version-2/snapshot.30000000a", "whole\0\0\0\1/"s);
  }
  d.crash();
  auto opened = data_dir::open(d, {.data_dir = "/z", .owner = server_id{2}});
  ASSERT_TRUE(opened) << opened.error().text();
  EXPECT_EQ(opened->history_after(), at(3, 9));
  d.put("/z/version-2/snapshot.300000009", "whole\0\0\0\1/"s);
  ASSERT_TRUE(opened->remove_snapshots_after(at(3, 12)));
  EXPECT_TRUE(d.has("/z/version-2/snapshot.30000000a"));
  ASSERT_TRUE(opened->remove_snapshots_after(at(3, 11)));
  EXPECT_FALSE(d.has("/z/version-2/snapshot.30000000a")) << "it may hold txns up to 12";
}

/// autopurge is off by default, and under writes nearly each snapshot has a note.
TEST_F(DataDir, NotesOfManySnapshotsAreReadAgain) {
  constexpr int many = 300;
  for (int i = 1; i <= many; ++i)
    d.put("/z/version-2/" + snapshot_name(at(3, 10 * i)), "whole\0\0\0\1/"s);
  {
    auto opened = data_dir::open(d, plain());
    for (int i = 1; i <= many; ++i)
      ASSERT_TRUE(opened->set_snapshot_covers(at(3, 10 * i), at(3, 10 * i + 5)));
  }
  auto opened = data_dir::open(d, plain());
  ASSERT_TRUE(opened) << opened.error().text();
  ASSERT_TRUE(opened->remove_snapshots_after(at(3, 10 * many + 4)));
  EXPECT_FALSE(d.has("/z/version-2/" + snapshot_name(at(3, 10 * many))));
  EXPECT_TRUE(d.has("/z/version-2/" + snapshot_name(at(3, 10 * many - 10))));
}

TEST_F(DataDir, BrokenNotesAreRefused) {
  d.put("/z/actor-node.meta", "server_id=two\n");
  EXPECT_NE(refusal().find("/z/actor-node.meta"), std::string::npos);
  d.put("/z/actor-node.meta", "server_id=2\nof_a_later_version=5\n");
  EXPECT_EQ(refusal({.data_dir = "/z", .owner = server_id{2}}), "");
}

// -- loading ------------------------------------------------------------------------------------

/// Takes what load_database gives; a snapshot here is the text it consists of.
struct recorder {
  std::string snapshot;
  zxid snapshot_id{-7};
  std::vector<zxid> txns;
  int begun = 0;
  std::string bad_snapshot;  // one with this content is refused

  database_sink sink() {
    return {[this] {
              snapshot.clear();
              ++begun;
            },
            [this](std::string_view chunk) {
              snapshot += chunk;
              return tl::expected<void, std::string>{};
            },
            [this](zxid id) -> tl::expected<void, std::string> {
              if (!bad_snapshot.empty() && snapshot == bad_snapshot)
                return tl::unexpected("bad tree"s);
              snapshot_id = id;
              return {};
            },
            [this](const txn_ptr& t) {
              txns.push_back(t->id());
              return tl::expected<void, std::string>{};
            }};
  }
};

class LoadDatabase : public DataDir {
 protected:
  static std::string content(const std::string& name) { return name + " content\0\0\0\1/"s; }
  void put_snapshot(zxid id) {
    d.put("/z/version-2/" + snapshot_name(id), content(snapshot_name(id)));
  }
  void put_log(const std::vector<zxid>& ids) {
    d.put("/z/version-2/" + log_name(ids.front()), log_bytes(ids) + std::string(500, '\0'));
  }
  io_result<loaded_database> load(data_dir_options options = plain()) {
    auto opened = data_dir::open(d, options);
    if (!opened) return tl::unexpected(opened.error());
    return opened->load_database(got.sink());
  }
  recorder got;
};

TEST_F(LoadDatabase, NothingIsTheEmptyDatabase) {
  auto loaded = load();
  EXPECT_EQ(loaded->came, origin::created);
  EXPECT_EQ(loaded->last, zxid{0});
  EXPECT_EQ(got.begun, 1);
}

TEST_F(LoadDatabase, NothingIsNotTrustedWithoutAutocreateUnlessInitialized) {
  auto options = plain();
  options.auto_create_database = false;
  auto loaded = load(options);
  EXPECT_EQ(loaded->came, origin::unknown);
  EXPECT_EQ(loaded->last, zxid{-1});
  d.put("/z/initialize", "");
  EXPECT_EQ(load(options)->came, origin::created);
  EXPECT_TRUE(d.has("/z/initialize")) << "until a database is there";
  put_snapshot({0});
  EXPECT_EQ(load(options)->came, origin::restored);
  EXPECT_FALSE(d.has("/z/initialize"));
}

/// An older one and what is logged behind it would be a tree with a hole.
TEST_F(LoadDatabase, LeadersSnapshotThatIsLostIsMissedByTheLogBehindIt) {
  put_snapshot({0});
  put_log({at(1, 1), at(1, 2)});
  put_log({at(3, 1)});
  ASSERT_TRUE(load()) << "an epoch without a txn is none to miss";
  {
    auto opened = data_dir::open(d, plain());
    ASSERT_TRUE(opened->set_history_after(at(2, 7)));
  }
  const auto refused = load();
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().is_corrupt());
  EXPECT_NE(refused.error().text().find("0x200000007"), std::string::npos);
  put_snapshot(at(2, 7));
  ASSERT_TRUE(load());
}

/// The word is written before the snapshot has its name: without a file of that name it never came.
TEST_F(LoadDatabase, LeadersSnapshotThatIsRottenIsMissedAndOneThatNeverCameIsNot) {
  put_snapshot({0});
  put_log({at(1, 1), at(1, 2)});
  {
    auto opened = data_dir::open(d, plain());
    ASSERT_TRUE(opened->set_history_after(at(2, 7)));
  }
  const auto without = load();
  ASSERT_TRUE(without) << without.error().text();
  EXPECT_EQ(without->last, at(1, 2));
  d.put("/z/version-2/" + snapshot_name(at(2, 7)), "no end");
  const auto rotten = load();
  ASSERT_FALSE(rotten);
  EXPECT_TRUE(rotten.error().is_corrupt());
}

/// Until the next one has its name, the former may be all that leads over the gap.
TEST_F(LoadDatabase, LeadersSnapshotThatIsOnlyExpectedDoesNotMakeTheFormerOneForgotten) {
  put_snapshot({0});
  put_log({at(1, 1), at(1, 2)});
  put_log({at(3, 1)});
  {
    auto opened = data_dir::open(d, plain());
    ASSERT_TRUE(opened->set_history_after(at(2, 7)));
    ASSERT_TRUE(opened->expect_snapshot(at(4, 5)));
    EXPECT_EQ(opened->history_after(), at(2, 7));
  }
  d.crash();
  for (int again = 0; again < 2; ++again) EXPECT_FALSE(load());
  put_snapshot(at(2, 7));
  ASSERT_TRUE(load());
  put_snapshot(at(4, 5));
  ASSERT_TRUE(load());
  EXPECT_EQ(data_dir::open(d, plain())->history_after(), at(2, 7)) << "nobody expects it any more";
}

TEST_F(LoadDatabase, InstallThatWasCutShortIsFinished) {
  put_snapshot({0});
  put_snapshot(at(4, 5));
  put_snapshot(at(2, 7));
  {
    auto opened = data_dir::open(d, plain());
    ASSERT_TRUE(opened->set_history_after(at(4, 5)));
    ASSERT_TRUE(opened->expect_snapshot(at(2, 7)));
  }
  auto seen = data_dir::check(d, plain());
  ASSERT_TRUE(seen);
  EXPECT_EQ(seen->gaps, (std::set{at(2, 7)}));
  EXPECT_TRUE(seen->is_install_unfinished);
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->last, at(2, 7));
  EXPECT_FALSE(d.has("/z/version-2/" + snapshot_name(at(4, 5))));
  EXPECT_FALSE(data_dir::check(d, plain())->is_install_unfinished);
  EXPECT_EQ(data_dir::open(d, plain())->history_after(), at(2, 7));
}

/// Something was written that is no snapshot any more: another server has to mend it.
TEST_F(LoadDatabase, LogsBehindAnIncompleteSnapshotAreDamage) {
  put_log({at(1, 1)});
  auto none = load();
  ASSERT_FALSE(none);
  EXPECT_FALSE(none.error().is_corrupt()) << "a database of before 3.5 has none";
  d.put("/z/version-2/" + snapshot_name({0}), "no end");
  auto incomplete = load();
  ASSERT_FALSE(incomplete);
  EXPECT_TRUE(incomplete.error().is_corrupt()) << incomplete.error().text();
  EXPECT_NE(incomplete.error().text().find("none is complete"), std::string::npos);
}

TEST_F(LoadDatabase, NewestSnapshotThenTheTxnsAfterIt) {
  put_snapshot({0});
  put_snapshot(at(1, 2));
  put_log({at(1, 1), at(1, 2), at(1, 3)});
  put_log({at(2, 1)});
  auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->came, origin::restored);
  EXPECT_EQ(got.snapshot, content("snapshot.100000002"));
  EXPECT_EQ(got.snapshot_id, at(1, 2));
  EXPECT_EQ(got.txns, (std::vector{at(1, 3), at(2, 1)}));
  EXPECT_EQ(loaded->last, at(2, 1));
  EXPECT_EQ(loaded->snapshot, at(1, 2));
  EXPECT_EQ(loaded->txns, 2u);
}

TEST_F(LoadDatabase, SnapshotAheadOfAllLogs) {
  put_snapshot(at(2, 7));
  put_log({at(1, 1), at(1, 2)});
  auto loaded = load();
  EXPECT_EQ(loaded->last, at(2, 7));
  EXPECT_TRUE(got.txns.empty());
}

TEST_F(LoadDatabase, BadSnapshotFallsBackToTheOneBeforeAndSaysSo) {
  put_snapshot({0});
  put_snapshot(at(1, 2));
  d.put("/z/version-2/snapshot.100000003", "torn");
  put_log({at(1, 1), at(1, 2), at(1, 3)});
  got.bad_snapshot = content("snapshot.100000002");
  auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(got.snapshot, content("snapshot.0"));
  EXPECT_EQ(got.txns.size(), 3u);
  ASSERT_EQ(loaded->passed_over.size(), 2u);
  EXPECT_NE(loaded->passed_over[0].find("snapshot.100000003"), std::string::npos);
  EXPECT_NE(loaded->passed_over[1].find("bad tree"), std::string::npos);
}

TEST_F(LoadDatabase, FallingBackBehindTheLogsBeginningIsRefused) {
  put_snapshot({0});
  put_snapshot(at(1, 2));
  put_log({at(1, 3)});
  got.bad_snapshot = content("snapshot.100000002");
  auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().text().find("hole"), std::string::npos);
}

TEST_F(LoadDatabase, OnlyBadSnapshotsIsRefusedNamingEach) {
  put_snapshot(at(1, 2));
  got.bad_snapshot = content("snapshot.100000002");
  auto loaded = load();
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().text().find("snapshot.100000002"), std::string::npos);
}

// ZOOKEEPER-3056, 3781: an upgrade from 3.4 may have no snapshot yet.
TEST_F(LoadDatabase, LogsWithoutASnapshotAreRefusedUnlessTrusted) {
  put_log({at(1, 1), at(1, 2)});
  auto refused = load();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("snapshot.trust.empty"), std::string::npos);
  auto options = plain();
  options.trust_empty_snapshot = true;
  auto loaded = load(options);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->came, origin::replayed);
  EXPECT_EQ(got.txns.size(), 2u);
}

// ZooKeeper would begin anew. The first snapshot of all is written before there is anything.
TEST_F(LoadDatabase, TornSnapshotAloneIsRefusedUnlessItIsTheEmptyOne) {
  d.put("/z/version-2/snapshot.0", "torn");
  EXPECT_EQ(load()->came, origin::created);
  d.put("/z/version-2/snapshot.100000003", "torn after this");
  auto refused = load();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text().find("snapshot.100000003 at offset 15"), std::string::npos)
      << refused.error().text();
  auto options = plain();
  options.trust_empty_snapshot = true;
  EXPECT_EQ(load(options)->came, origin::created);
}

// ext4's directory at a mount point, editors' and people's files.
TEST_F(LoadDatabase, ForeignEntriesAreNoPartOfTheDatabase) {
  put_snapshot({0});
  put_log({at(1, 1)});
  for (const char* directory : {"/z/lost+found", "/z/version-2/lost+found", "/z/version-2/log.2"})
    ASSERT_TRUE(d.create_directories(directory));
  for (const char* file :
       {"snapshot.5.bak", "log.5.repaired", "log.5.torn", "log.x", "snapshot.", "snapshot.-1",
        "snapshot.ffffffffffffffffff", ".snapshot.9", "snapshot.7.gz.tmp", "log.9~"})
    d.put("/z/version-2/"s + file, "of somebody else");
  auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->last, at(1, 1));
  EXPECT_TRUE(loaded->passed_over.empty());
}

TEST_F(LoadDatabase, LogFilesThatHoldNothingAreNoHistory) {
  d.put("/z/version-2/log.1", encode_log_header());
  EXPECT_EQ(load()->came, origin::created);
}

TEST_F(LoadDatabase, TornTailEndsTheHistory) {
  put_snapshot({0});
  auto bytes = log_bytes({at(1, 1), at(1, 2)});
  d.put("/z/version-2/log.100000001", bytes.substr(0, bytes.size() - 2));
  auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->last, at(1, 1));
}

TEST_F(LoadDatabase, GenuineDirectoryIsLoaded) {
  for (const char* name : {"snapshot.0", "snapshot.f", "log.1", "log.10"})
    d.put("/z/version-2/"s + name, genuine_file(name));
  auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error().text();
  EXPECT_EQ(loaded->snapshot, zxid{0xf});
  EXPECT_EQ(got.snapshot, genuine_file("snapshot.f"));
  EXPECT_GT(loaded->txns, 0u);
}

}  // namespace
}  // namespace troupe::storage
