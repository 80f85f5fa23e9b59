// SPDX-License-Identifier: Apache-2.0
/// The notes in actor-node.meta: a note whose write failed is none, for the life that goes on as
/// for the next; and none outlives what it was of.
#include <gtest/gtest.h>

#include <cerrno>
#include <functional>

#include "actors/storage/data_dir.hpp"
#include "actors/storage/snapshot_files.hpp"
#include "tests/unit/storage/log_samples.hpp"
#include "tests/unit/storage/memory_disk.hpp"

namespace troupe::storage {
namespace {

data_dir open(memory_disk& d) {
  auto opened = data_dir::open(d, {.data_dir = "/z"});
  EXPECT_TRUE(opened) << opened.error().text();
  return std::move(*opened);
}
std::string path_of(zxid id) { return "/z/version-2/" + snapshot_name(id, compression::none); }
void put_snapshot(memory_disk& d, zxid id, const std::string& bytes = "the bytes") {
  d.put(path_of(id), bytes + std::string{"\x00\x00\x00\x01/", 5});
}
std::int64_t mark_of(memory_disk& d, zxid id) { return *end_mark(d, path_of(id)); }
std::vector<zxid> snapshots(memory_disk& d) {
  std::vector<zxid> out;
  const auto files = list_snapshots(d, "/z/version-2");
  for (const auto& file : *files) out.push_back(file.id);
  return out;
}

/// What is noted, and by what it is seen that it was.
struct note {
  const char* name;
  std::function<io_result<void>(data_dir&)> write;
  std::function<std::int64_t(const data_dir&)> seen;
};
void PrintTo(const note& x, std::ostream* out) { *out << x.name; }

class Notes : public testing::TestWithParam<note> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(d.create_directories("/z"));
    auto before = open(d);
    for (auto id : {at(1, 2), at(3, 7)}) put_snapshot(d, id);
    ASSERT_TRUE(before.set_history_after(at(1, 2)));
    ASSERT_TRUE(before.set_history_after(at(3, 7)));
    ASSERT_TRUE(before.expect_snapshot(at(3, 7)));
  }
  memory_disk d;
};

TEST_P(Notes, OneWhoseWriteFailedIsNone) {
  for (const char* failing : {"create", "write", "sync", "rename"}) {
    auto opened = open(d);
    const auto before = GetParam().seen(opened);
    d.fail = [&](const std::string& operation, const std::string& path) {
      return operation == failing && path.find("actor-node.meta") != path.npos ? EIO : 0;
    };
    ASSERT_FALSE(GetParam().write(opened)) << failing;
    EXPECT_EQ(GetParam().seen(opened), before) << failing;
    d.fail = nullptr;
  }
}

TEST_P(Notes, OneThatIsTriedAgainIsDurable) {
  auto opened = open(d);
  const auto before = GetParam().seen(opened);
  d.fail = [&](const std::string&, const std::string& path) {
    return path.find("actor-node.meta") != path.npos ? ENOSPC : 0;
  };
  ASSERT_FALSE(GetParam().write(opened));
  d.fail = nullptr;
  ASSERT_TRUE(GetParam().write(opened));
  const auto after = GetParam().seen(opened);
  EXPECT_NE(after, before);
  { auto gone = std::move(opened); }
  d.crash();
  auto next = open(d);
  EXPECT_EQ(GetParam().seen(next), after);
}

const note notes[] = {
    {"history_after", [](data_dir& x) { return x.set_history_after(at(3, 9)); },
     [](const data_dir& x) { return x.history_after().value; }},
    {"history_end", [](data_dir& x) { return x.set_history_end(at(2, 5)); },
     [](const data_dir& x) { return x.history_after().value; }},
    {"expected", [](data_dir& x) { return x.expect_snapshot(at(3, 9)); },
     [](const data_dir& x) { return x.expected_snapshot().value_or(zxid{}).value; }},
    {"installed", [](data_dir& x) { return x.finish_install(); },
     [](const data_dir& x) { return x.expected_snapshot().value_or(zxid{}).value; }},
    {"covers", [](data_dir& x) { return x.set_snapshot_covers(at(3, 7), at(3, 9)); },
     [](const data_dir& x) { return x.snapshot_covers(at(3, 7)).value; }},
};
INSTANTIATE_TEST_SUITE_P(All, Notes, testing::ValuesIn(notes),
                         [](const auto& x) { return std::string{x.param.name}; });

class NotesOfSnapshots : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(d.create_directories("/z/version-2")); }
  memory_disk d;
};

TEST_F(NotesOfSnapshots, OneOfOurOwnSaysNothingOfALeadersThatTakesItsName) {
  auto opened = open(d);
  for (auto id : {zxid{}, at(1, 2)}) put_snapshot(d, id);
  ASSERT_TRUE(opened.set_snapshot_covers(at(1, 2), at(1, 4)));
  ASSERT_TRUE(opened.expect_snapshot(at(1, 2)));
  put_snapshot(d, at(1, 2));
  ASSERT_TRUE(opened.snapshot_has_come());
  EXPECT_EQ(snapshots(d), (std::vector{at(1, 2), zxid{}}));
  EXPECT_EQ(opened.snapshot_covers(at(1, 2)), at(1, 2));
  EXPECT_EQ(opened.history_after(), at(1, 2));
}

/// Which of the two is there, the next life cannot tell: it keeps the file and what was noted.
TEST_F(NotesOfSnapshots, InstallThatWasCutShortLeavesBoth) {
  {
    auto opened = open(d);
    for (auto id : {zxid{}, at(1, 2)}) put_snapshot(d, id);
    ASSERT_TRUE(opened.set_snapshot_covers(at(1, 2), at(1, 4)));
    ASSERT_TRUE(opened.expect_snapshot(at(1, 2)));
  }
  auto next = open(d);
  ASSERT_TRUE(next.finish_install());
  EXPECT_EQ(snapshots(d), (std::vector{at(1, 2), zxid{}}));
  EXPECT_EQ(next.snapshot_covers(at(1, 2)), at(1, 4));
}

TEST_F(NotesOfSnapshots, GoWithTheHistoryThatIsSetAside) {
  auto opened = open(d);
  put_snapshot(d, at(1, 2));
  ASSERT_TRUE(opened.set_snapshot_covers(at(1, 2), at(1, 4)));
  ASSERT_TRUE(opened.set_history_aside());
  EXPECT_EQ(opened.snapshot_covers(at(1, 2)), at(1, 2));
}

/// An operator or a backup has put another server's there, or an older one, while ours was down.
TEST_F(NotesOfSnapshots, OneOfAFileThatWasReplacedIsVoidForTheNextLife) {
  for (const std::string other : {"no bytes.", "the bytes, and more", ""}) {
    d.clear();
    SetUp();
    {
      auto opened = open(d);
      put_snapshot(d, at(1, 2));
      ASSERT_TRUE(opened.set_snapshot_covers(at(1, 2), at(1, 4), mark_of(d, at(1, 2))));
      EXPECT_EQ(opened.snapshot_covers(at(1, 2)), at(1, 4));
    }
    EXPECT_EQ(open(d).snapshot_covers(at(1, 2)), at(1, 4)) << "it is as it was";
    put_snapshot(d, at(1, 2), other);
    EXPECT_EQ(open(d).snapshot_covers(at(1, 2)), at(1, 2)) << other;
    put_snapshot(d, at(1, 2));
    EXPECT_EQ(open(d).snapshot_covers(at(1, 2)), at(1, 4)) << "the same bytes are the same tree";
  }
}

/// A crash may leave either file under the name: each keeps what was noted of it.
TEST_F(NotesOfSnapshots, OneThatTakesAnothersPlaceHasANoteOfItsOwn) {
  for (const bool has_come : {false, true}) {
    d.clear();
    SetUp();
    {
      auto opened = open(d);
      put_snapshot(d, at(1, 2));
      ASSERT_TRUE(opened.set_snapshot_covers(at(1, 2), at(1, 9), mark_of(d, at(1, 2))));
      put_snapshot(d, at(1, 3), "another");
      ASSERT_TRUE(opened.set_snapshot_covers(at(1, 2), at(1, 4), mark_of(d, at(1, 3))));
      EXPECT_EQ(opened.snapshot_covers(at(1, 2)), at(1, 9)) << "whichever it is";
    }
    if (has_come) put_snapshot(d, at(1, 2), "another");
    auto next = open(d);
    EXPECT_EQ(next.snapshot_covers(at(1, 2)), has_come ? at(1, 4) : at(1, 9));
    if (!has_come) continue;
    ASSERT_TRUE(next.snapshot_is_published(at(1, 2), mark_of(d, at(1, 2))));
    EXPECT_EQ(next.snapshot_covers(at(1, 2)), at(1, 4));
    ASSERT_TRUE(next.snapshot_is_published(at(1, 2), 0)) << "now one that holds nothing more";
    EXPECT_EQ(next.snapshot_covers(at(1, 2)), at(1, 2));
    { auto gone = std::move(next); }
    EXPECT_EQ(open(d).snapshot_covers(at(1, 2)), at(1, 2));
  }
}

TEST_F(NotesOfSnapshots, OneOfAnEarlierVersionIsBelievedOfAnyFileOfThatName) {
  d.put("/z/actor-node.meta", "covers.100000002=" + std::to_string(at(1, 4).value) + "\n");
  EXPECT_EQ(open(d).snapshot_covers(at(1, 2)), at(1, 2)) << "there is none";
  put_snapshot(d, at(1, 2));
  EXPECT_EQ(open(d).snapshot_covers(at(1, 2)), at(1, 4));
}

/// What is older does not lead to what is behind it.
TEST_F(NotesOfSnapshots, OneThatStandsInAGapDoesNotGo) {
  auto opened = open(d);
  for (auto id : {zxid{}, at(3, 7)}) put_snapshot(d, id);
  ASSERT_TRUE(opened.set_history_after(at(3, 7)));
  auto removed = opened.remove_snapshots_after(at(1, 2));
  ASSERT_FALSE(removed);
  EXPECT_FALSE(removed.error().is_of_the_disk()) << removed.error().text();
  EXPECT_EQ(snapshots(d), (std::vector{at(3, 7), zxid{}}));
  ASSERT_TRUE(opened.remove_snapshots_after(at(3, 7)));
  EXPECT_EQ(snapshots(d), (std::vector{at(3, 7), zxid{}}));
}

}  // namespace
}  // namespace troupe::storage
