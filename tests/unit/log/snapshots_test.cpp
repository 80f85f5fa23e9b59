// SPDX-License-Identifier: Apache-2.0
/// What SnapshotFormatter, SnapshotRecursiveSummary and SnapshotComparer show.
#include "tests/unit/log/tool.hpp"

namespace troupe::log_tool {
namespace {

using testing::HasSubstr;

TEST_F(Tool, SnapshotIsPrintedWithStatsAndLists) {
  put_genuine({"snapshot.f"});
  EXPECT_EQ(run({"snapshot", "/z/version-2/snapshot.f"}), exit_code::fine) << err;
  EXPECT_THAT(out, HasSubstr("zxid 0xf, 9 znodes (0 ephemerals, 1 containers, 1 TTL znodes), 0 "
                             "sessions"));
  EXPECT_THAT(out, HasSubstr("\n/a/b\n  persistent created 0x3 "));
  EXPECT_THAT(out, HasSubstr("acl digest:bob:ikIaKsbtGweaHnb/jKn7OHqbunM=:cdrwa,world:anyone:r\n"));
  EXPECT_THAT(out, HasSubstr("\n/c\n  container of 0x8000000000000000 created"));
  EXPECT_THAT(out, HasSubstr("\n/n\n"));
  EXPECT_THAT(out, HasSubstr("data null\n"));
}

TEST_F(Tool, DirectoryIsPrintedAsAServerWouldLoadIt) {
  put_genuine({"without-digest/snapshot.0", "without-digest/log.1"});
  EXPECT_EQ(run({"snapshot", "--json", "/z"}), exit_code::fine) << err;
  auto all = lines();
  ASSERT_GT(all.size(), 2u);
  EXPECT_EQ(all[0]["zxid"], "0x7");
  EXPECT_EQ(all[0]["ephemerals"], 1);
  EXPECT_EQ(all[1]["ephemerals"], (std::vector<std::string>{"/kept/mine"}));
  auto mine = std::find_if(all.begin(), all.end(),
                           [](const auto& x) { return x.value("path", "") == "/kept/mine"; });
  ASSERT_NE(mine, all.end());
  EXPECT_EQ((*mine)["kind"], "ephemeral");
  EXPECT_EQ((*mine)["data"], "me");
  EXPECT_EQ((*mine)["ephemeral_owner"], all[1]["session"]);
}

TEST_F(Tool, SnapshotIsKnownByItsBytesWhateverItsName) {
  d.put("/x/copy", storage::genuine_file("snapshot.12.snappy"));
  d.put("/x/other", storage::genuine_file("snapshot.12.gz"));
  EXPECT_EQ(run({"diff", "/x/copy", "/x/other"}), exit_code::fine) << out << err;
  EXPECT_EQ(out, "the same\n");
}

TEST_F(Tool, SummaryCountsBySubtree) {
  put_genuine({"snapshot.f"});
  EXPECT_EQ(run({"summary", "--json", "/z/version-2/snapshot.f"}), exit_code::fine);
  auto rows = nlohmann::json::parse(out)["subtrees"];
  auto row = [&rows](const std::string& path) {
    for (const auto& r : rows)
      if (r["path"] == path) return r;
    return nlohmann::json{};
  };
  EXPECT_EQ(row("/")["znodes"], 9);
  EXPECT_EQ(row("/")["depth"], 2);
  EXPECT_EQ(row("/a")["znodes"], 2);
  EXPECT_EQ(row("/a")["data_bytes"], 3);
  EXPECT_EQ(row("/zookeeper")["znodes"], 3);
  EXPECT_TRUE(row("/a/b").is_null());
  EXPECT_EQ(run({"summary", "/z/version-2/snapshot.f", "/a", "--depth", "1"}), exit_code::fine);
  EXPECT_THAT(out, HasSubstr("         2               3      1  /a\n"));
  EXPECT_THAT(out, HasSubstr("         1               0      0  /a/b\n"));
  EXPECT_EQ(run({"summary", "/z/version-2/snapshot.f", "/none"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("/none"));
}

TEST_F(Tool, SummaryByBytesHasTheMostFirst) {
  put_genuine({"snapshot.f"});
  run({"summary", "--by-bytes", "--depth", "2", "/z/version-2/snapshot.f"});
  EXPECT_LT(out.find("  /\n"), out.find("  /a\n"));
  EXPECT_LT(out.find("  /a\n"), out.find("  /c\n"));
}

TEST_F(Tool, DifferencesAreNamedFieldByField) {
  put_genuine({"snapshot.f", "log.10"});
  d.put("/y/snapshot.f", storage::genuine_file("snapshot.f"));
  EXPECT_EQ(run({"diff", "/y/snapshot.f", "/z"}), exit_code::found);
  EXPECT_THAT(out, HasSubstr("+ /second\n"));
  EXPECT_THAT(out, HasSubstr("! /: pzxid 0xf / 0x11, cversion 7 / 8\n"));
  EXPECT_EQ(run({"diff", "--json", "/z", "/y/snapshot.f"}), exit_code::found);
  auto found = nlohmann::json::parse(out)["differences"];
  EXPECT_THAT(found.dump(), HasSubstr(R"("kind":"left_only","what":"","where":"/second")"));
}

TEST_F(Tool, DamagedSnapshotIsRefusedWithFileAndPlace) {
  auto bytes = storage::genuine_file("snapshot.f");
  bytes[100] ^= 1;
  d.put("/z/version-2/snapshot.f", bytes);
  EXPECT_EQ(run({"snapshot", "/z/version-2/snapshot.f"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("/z/version-2/snapshot.f"));
  EXPECT_THAT(err, HasSubstr("byte "));
  EXPECT_EQ(run({"snapshot", "/z"}), exit_code::failed);
  EXPECT_EQ(run({"snapshot", "/none"}), exit_code::failed);
}

}  // namespace
}  // namespace troupe::log_tool
