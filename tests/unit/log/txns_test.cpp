// SPDX-License-Identifier: Apache-2.0
/// What TxnLogToolkit -d shows, and more.
#include "tests/unit/log/tool.hpp"

namespace troupe::log_tool {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST_F(Tool, GenuineTxnsArePrintedOneALine) {
  put_genuine({"log.1", "log.10"});
  EXPECT_EQ(run({"txns", "/z"}), exit_code::fine) << err;
  EXPECT_THAT(out, HasSubstr(" zxid 0x2 session 0x100001ed29a0000 cxid 0x1 create path=\"/a\" "
                             "data=3 bytes \"one\" acl=world:anyone:cdrwa parent_cversion=1 "
                             "digest=0xbbcc9e2d\n"));
  EXPECT_THAT(out, HasSubstr("multi of 4\n    create path=\"/m\""));
  EXPECT_THAT(out, HasSubstr("createTTL path=\"/t\" data=1 byte \"t\" acl=world:anyone:cdrwa "
                             "parent_cversion=6 ttl_ms=3600000"));
  EXPECT_THAT(out, HasSubstr("error err=-110 (node_exists)"));
  EXPECT_THAT(out, HasSubstr("create2 path=\"/n\" data=null"));
  EXPECT_THAT(out, HasSubstr("closeSession paths=[\"/e\"]"));
  EXPECT_THAT(out, HasSubstr(" zxid 0x12 "));
  EXPECT_EQ(err, "");
}

TEST_F(Tool, JsonHasEveryFieldWithFileAndOffset) {
  put_genuine({"log.1"});
  EXPECT_EQ(run({"txns", "--json", "/z/version-2/log.1"}), exit_code::fine);
  auto all = lines();
  ASSERT_EQ(all.size(), 15u);
  EXPECT_EQ(all[0]["type"], "createSession");
  EXPECT_EQ(all[0]["timeout_ms"], 10000);
  EXPECT_EQ(all[0]["offset"], 16);
  EXPECT_EQ(all[0]["file"], "/z/version-2/log.1");
  EXPECT_EQ(all[1]["time_ms"], 1795355497181);
  EXPECT_EQ(all[1]["acl"][0]["perms"], 31);
  EXPECT_EQ(all[7]["ops"].size(), 4u);
  EXPECT_EQ(all[7]["ops"][2]["type"], "check");
  EXPECT_EQ(all[12]["data"], nullptr);
  EXPECT_EQ(all[14]["paths"], (std::vector<std::string>{"/e"}));
  EXPECT_EQ(all[14]["digest"]["tree"], "0x3a4ddc94b");
}

TEST_F(Tool, TxnsAreChosenByZxidSessionTypeAndPath) {
  put_genuine({"log.1", "log.10"});
  auto zxids = [this](std::vector<std::string> filter) {
    filter.insert(filter.begin(), {"txns", "--json", "/z"});
    EXPECT_EQ(run(filter), exit_code::fine) << err;
    std::vector<std::string> out_zxids;
    for (const auto& x : lines()) out_zxids.push_back(x["zxid"]);
    return out_zxids;
  };
  using list = std::vector<std::string>;
  EXPECT_EQ(zxids({"--from", "0xf", "--to", "10"}), (list{"0xf", "0x10"}));
  EXPECT_EQ(zxids({"--type", "setACL"}), (list{"0x7"}));
  EXPECT_EQ(zxids({"--path", "/a"}), (list{"0x2", "0x3", "0x4", "0x7"}));
  EXPECT_EQ(zxids({"--path", "/m"}), (list{"0x8"})) << "in a multi";
  EXPECT_EQ(zxids({"--path", "/e"}), (list{"0x5", "0xf"})) << "closed with its session";
  EXPECT_EQ(zxids({"--session", "0x100001ed29a0000"}).size(), 15u);
}

TEST_F(Tool, BytesThatAreNoTextAreShownAsHexAndBase64) {
  txn t;
  t.header = {session_id{1}, cxid{1}, zxid{1}, 0, op_code::set_data};
  t.body = set_data_txn{"/a", std::string{"\xff\x00\x01", 3}, 1};
  auto bytes = storage::encode_log_header();
  storage::append_entry(bytes, encode_txn(t));
  d.put("/l/log.1", bytes);
  EXPECT_EQ(run({"txns", "/l"}), exit_code::fine);
  EXPECT_THAT(out, HasSubstr(R"(data=3 bytes "\xff\x00\x01")"));
  EXPECT_THAT(out, HasSubstr("1970-01-01T00:00:00.000Z"));
  run({"txns", "--json", "/l"});
  EXPECT_EQ(lines().at(0)["data_base64"], "/wAB");
}

TEST_F(Tool, LongDataIsCutUnlessAllIsAskedFor) {
  auto bytes = storage::encode_log_header();
  storage::append_entry(bytes, storage::sample_txn(zxid{1}, 200)->bytes);
  d.put("/l/log.1", bytes);
  run({"txns", "/l"});
  EXPECT_THAT(out, HasSubstr("200 bytes \"" + std::string(64, 'x') + "\"..."));
  run({"txns", "--data", "/l"});
  EXPECT_THAT(out, HasSubstr(std::string(200, 'x') + "\""));
}

TEST_F(Tool, DamageEndsTheFileWithItsNameAndOffset) {
  put_genuine({"log.10"});
  auto bytes = storage::genuine_file("log.1");
  bytes[200] ^= 1;
  d.put("/z/version-2/log.1", bytes);
  EXPECT_EQ(run({"txns", "/z"}), exit_code::found);
  EXPECT_THAT(err, HasSubstr("/z/version-2/log.1 at offset 179: an entry's checksum"));
  EXPECT_THAT(out, HasSubstr("zxid 0x2 "));
  EXPECT_THAT(out, Not(HasSubstr("zxid 0x3 ")));
  EXPECT_THAT(out, HasSubstr("zxid 0x10 ")) << "the next file is shown all the same";
}

TEST_F(Tool, TornTailIsNoDamage) {
  auto bytes = storage::genuine_file("log.1");
  d.put("/l/log.1", bytes.substr(0, bytes.size() - 1));
  EXPECT_EQ(run({"txns", "/l"}), exit_code::fine);
  EXPECT_THAT(err, HasSubstr("/l/log.1 has an unfinished end at offset 1428"));
}

TEST_F(Tool, WhatIsNotThereOrNotUnderstoodIsSaid) {
  EXPECT_EQ(run({"txns", "/nowhere"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("/nowhere"));
  d.put("/e/other", "");
  EXPECT_EQ(run({"txns", "/e"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("no ZooKeeper data directory"));
  EXPECT_EQ(run({"txns", "/e", "--from", "xyz"}), exit_code::failed);
  EXPECT_THAT(err, HasSubstr("hexadecimal"));
  EXPECT_EQ(run({}), exit_code::failed);
  EXPECT_EQ(run({"--help"}), exit_code::fine);
  d.put("/e/log.1", "this is no log of txns");
  EXPECT_EQ(run({"txns", "/e"}), exit_code::found);
  EXPECT_THAT(err, HasSubstr("/e/log.1 at offset 0: this is no transaction log"));
}

}  // namespace
}  // namespace troupe::log_tool
