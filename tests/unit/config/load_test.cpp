// SPDX-License-Identifier: Apache-2.0
// What QuorumPeerConfig accepts and refuses, and what our warnings and errors say.
#include "config/load.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "config/membership.hpp"

namespace troupe::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr auto alone = "dataDir=/d\nclientPort=2181\n";
constexpr auto three =
    "dataDir=/d\nclientPort=2181\ninitLimit=10\nsyncLimit=5\n"
    "server.1=h1:1:2\nserver.2=h2:1:2\nserver.3=h3:1:2\n";

tl::expected<loaded, std::string> parse_with(const std::string& text,
                                             std::optional<std::string> myid) {
  return parse(text, "zoo.cfg", [&](const std::string& path) {
    EXPECT_TRUE(path.ends_with("/myid")) << path;
    return myid;
  });
}

loaded good(const std::string& text, std::optional<std::string> myid = "1\n") {
  auto result = parse_with(text, std::move(myid));
  EXPECT_TRUE(result.has_value()) << result.error();
  return result.value_or(loaded{});
}

std::string bad(const std::string& text, std::optional<std::string> myid = "1\n") {
  auto result = parse_with(text, std::move(myid));
  EXPECT_FALSE(result.has_value());
  auto error = result ? std::string{} : result.error();
  EXPECT_THAT(error, Not(HasSubstr("\n")));
  return error;
}

TEST(Load, AStandaloneServerNeedsOnlyDirectoryAndPort) {
  auto [cfg, warnings, said] = good(alone, std::nullopt);
  EXPECT_TRUE(cfg.is_standalone());
  EXPECT_FALSE(cfg.my_id);
  EXPECT_EQ(cfg.data_log_dir, "/d");
  EXPECT_EQ(cfg.tick_ms, 3000);
  EXPECT_EQ(cfg.min_session_timeout_ms, 6000);
  EXPECT_EQ(cfg.max_session_timeout_ms, 60000);
  EXPECT_EQ(cfg.client_address, "0.0.0.0");
  EXPECT_THAT(warnings, IsEmpty());
}

TEST(Load, EveryKeyReachesItsField) {
  auto cfg = good(
                 "tickTime=2000\ninitLimit=11\nsyncLimit=6\ndataDir=/d\ndataLogDir=/l\n"
                 "clientPort=2182\nclientPortAddress=127.0.0.1\nminSessionTimeout=100\n"
                 "maxSessionTimeout=200\nmaxClientCnxns=0\npeerType=participant\nelectionAlg=3\n"
                 "snapCount=10\npreAllocSize=64\nforceSync=no\nfsync.warningthresholdms=20\n"
                 "commitLogCount=7\nsnapshotSizeFactor=-1.5\nautopurge.snapRetainCount=4\n"
                 "autopurge.purgeInterval=24\nstandaloneEnabled=FALSE\nquorumListenOnAllIPs=true\n"
                 "globalOutstandingLimit=9\njute.maxbuffer=0xfffff\n4lw.commands.whitelist=ruok, "
                 "srvr\n"
                 "DigestAuthenticationProvider.superDigest=super:D/InIHSb7yEEbrWz8b9l71RjZJU=\n"
                 "skipACL=yes\nextendedTypesEnabled=true\nenforceQuota=true\n"
                 "znode.container.checkIntervalMs=30\nznode.container.maxPerMinute=31\n"
                 "znode.container.maxNeverUsedIntervalMs=32\n"
                 "snapshot.compression.method=GZ\nsnapshot.trust.empty=true\n"
                 "server.1=h:1:2\ngroup.3=1\nweight.1=5\n"
                 "datadir.autocreate=false\ndb.autocreate=false\nclientPortListenBacklog=33\n"
                 "maxCnxns=34\nclientTcpKeepAlive=false\nnio.sessionlessCnxnTimeout=35\n"
                 "leaderServes=no\nenforce.auth.enabled=true\nenforce.auth.schemes=digest, ip\n"
                 "connectToLearnerMasterLimit=36\ncnxTimeout=37\ntcpKeepAlive=true\n"
                 "snapSizeLimitInKb=38\ntxnLogSizeLimitInKb=39\naudit.enable=true\n"
                 "auditlog.file=/var/log/audit\n")
                 .value;
  node_config expected;
  expected.my_id = server_id{1};
  expected.tick_ms = 2000;
  expected.init_limit_ticks = 11;
  expected.sync_limit_ticks = 6;
  expected.data_dir = "/d";
  expected.data_log_dir = "/l";
  expected.client_port = 2182;
  expected.client_address = "127.0.0.1";
  expected.min_session_timeout_ms = 100;
  expected.max_session_timeout_ms = 200;
  expected.connections_per_address_max = 0;
  expected.snap_count = 10;
  expected.log_prealloc_bytes = 65536;
  expected.force_sync = false;
  expected.fsync_warning_ms = 20;
  expected.commit_log_count = 7;
  expected.snapshot_size_factor = -1.5;
  expected.purge_retain_count = 4;
  expected.purge_interval_hours = 24;
  expected.standalone_enabled = false;
  expected.listen_on_all_ips = true;
  expected.global_outstanding_max = 9;
  expected.jute_buffer_bytes_max = 0xfffff;
  expected.four_letter_words = {"ruok", "srvr"};
  expected.super_digest = "super:D/InIHSb7yEEbrWz8b9l71RjZJU=";
  expected.skip_acl = true;
  expected.extended_types = true;
  expected.enforce_quota = true;
  expected.container_check_interval_ms = 30;
  expected.container_deletes_per_minute_max = 31;
  expected.container_never_used_ms_max = 32;
  expected.snapshot_compression = snapshot_compression::gzip;
  expected.snapshot_trust_empty = true;
  expected.auto_create_directories = expected.auto_create_database = false;
  expected.listen_backlog = 33;
  expected.connections_max = 34;
  expected.client_keep_alive = false;
  expected.sessionless_ms_max = 35;
  expected.leader_serves = false;
  expected.required_auth_schemes = {"digest", "ip"};
  expected.connect_limit_ticks = 36;
  expected.connect_ms_max = 37;
  expected.peer_keep_alive = true;
  expected.snap_log_bytes_max = 38 * 1024;
  expected.log_file_bytes_max = 39 * 1024;
  expected.audit = true;
  expected.audit_file = "/var/log/audit";
  server_entry me;
  me.id = {1};
  me.host = "h";
  me.peer_port = 1;
  me.election_port = 2;
  me.weight = 5;
  me.group = 3;
  expected.servers = {me};
  EXPECT_EQ(cfg, expected);
  EXPECT_FALSE(cfg.is_standalone());
}

TEST(Load, AnEnsembleListsItsServersByIdAndKnowsItsOwn) {
  auto cfg = good(std::string{three} + "server.10=h10:1:2:observer\n", " 2 \n").value;
  ASSERT_EQ(cfg.servers.size(), 4U);
  EXPECT_EQ(cfg.servers.back().id, server_id{10});
  EXPECT_EQ(cfg.me()->host, "h2");
  EXPECT_FALSE(cfg.is_standalone());
  EXPECT_FALSE(cfg.is_observer());
}

TEST(Load, ABadValueNamesFileLineKeyValueAndWhatIsAccepted) {
  EXPECT_EQ(bad("dataDir=/d\n\ntickTime=0\n"),
            "zoo.cfg:3: tickTime=0: not valid; accepted: a whole number 1..2147483647 (ms)");
  EXPECT_EQ(bad("forceSync=true"), "zoo.cfg:1: forceSync=true: not valid; accepted: yes or no");
}

TEST(Load, ValueWithALineEndIsToldInOneLine) {
  auto none = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  auto refused = parse("server.1=a:1:0\\ \\ntb\n", "zoo.cfg", none);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().find('\n'), std::string::npos) << refused.error();
  EXPECT_NE(refused.error().find("a:1:0 \\ntb"), std::string::npos) << refused.error();
  auto warned = parse("dataDir=/d\nclientPort=1\nun\\nknown=1\n", "zoo.cfg", none);
  ASSERT_TRUE(warned) << warned.error();
  ASSERT_EQ(warned->warnings.size(), 1u);
  EXPECT_EQ(warned->warnings.front().find('\n'), std::string::npos);
}

TEST(Load, EveryKeyRefusesWhatItCannotBe) {
  for (auto line : {"tickTime=-1",
                    "tickTime=2000ms",
                    "initLimit=0",
                    "syncLimit=x",
                    "dataDir=",
                    "dataLogDir=",
                    "clientPort=0",
                    "clientPort=65536",
                    "clientPortAddress=[::1",
                    "minSessionTimeout=0",
                    "maxSessionTimeout=-2",
                    "maxClientCnxns=-1",
                    "peerType=leader",
                    "electionAlg=1",
                    "snapCount=1",
                    "preAllocSize=0",
                    "forceSync=maybe",
                    "fsync.warningthresholdms=-1",
                    "commitLogCount=0",
                    "snapshotSizeFactor=a",
                    "snapshotSizeFactor=nan",
                    "autopurge.snapRetainCount=few",
                    "autopurge.purgeInterval=1.5",
                    "standaloneEnabled=yes",
                    "quorumListenOnAllIPs=1",
                    "globalOutstandingLimit=0",
                    "jute.maxbuffer=0xg",
                    "jute.maxbuffer=1023",
                    "4lw.commands.whitelist=srv",
                    "snapshot.trust.empty=no",
                    "snapshot.compression.method=zip",
                    "server.-1=h:1:2",
                    "server.x=h:1:2",
                    "server.1=h",
                    "group.1=1:x",
                    "weight.1=-1",
                    "group.x=1",
                    "clientPortListenBacklog=-2",
                    "maxCnxns=-1",
                    "leaderServes=true",
                    "cnxTimeout=0",
                    "connectToLearnerMasterLimit=-1",
                    "datadir.autocreate=yes",
                    "enforce.auth.schemes=digest,x509",
                    "localSessionsEnabled=yes",
                    "snapSizeLimitInKb=-2",
                    "tickTime=99999999999"})
    EXPECT_THAT(bad(line), AllOf(StartsWith("zoo.cfg:1: "), HasSubstr(line), HasSubstr("accepted")))
        << line;
}

TEST(Load, WhatIsMissingIsNamed) {
  EXPECT_THAT(bad("clientPort=1\n"), HasSubstr("dataDir: missing"));
  EXPECT_THAT(bad("dataDir=/d\n"), HasSubstr("clientPort: missing"));
  EXPECT_THAT(bad("dataDir=/d\nclientPort=1\nsyncLimit=1\nserver.1=a:1:2\nserver.2=b:1:2\n"),
              HasSubstr("initLimit: missing"));
  EXPECT_THAT(bad("dataDir=/d\nclientPort=1\ninitLimit=1\nserver.1=a:1:2\nserver.2=b:1:2\n"),
              HasSubstr("syncLimit: missing"));
}

TEST(Load, MyIdIsNeededInAnEnsembleAndMustHaveALine) {
  EXPECT_THAT(bad(three, std::nullopt), StartsWith("/d/myid: missing"));
  EXPECT_THAT(bad(three, ""), StartsWith("/d/myid:1: myid=: not valid"));
  EXPECT_THAT(bad(three, "one\n"), StartsWith("/d/myid:1: myid=one: not valid"));
  EXPECT_THAT(bad(three, "4\n"), HasSubstr("there is no server.4 in zoo.cfg"));
}

TEST(Load, ExtendedTypesLeaveTheLastServerNumberToTtlZnodes) {
  auto text = std::string{alone} + "extendedTypesEnabled=true\n";
  EXPECT_THAT(bad(text, "255"), StartsWith("/d/myid:1: myid=255: too large"));
  EXPECT_EQ(good(text, "254").value.my_id, server_id{254});
  EXPECT_EQ(good(alone, "255").value.my_id, server_id{255});
}

TEST(Load, ATypoIsWarnedOfWithItsLineAndTheNearestKey) {
  auto warned = [](const std::string& line) {
    return good(std::string{alone} + line).warnings.at(0);
  };
  EXPECT_EQ(warned("ticktime=5"),
            "zoo.cfg:3: ticktime: unknown key, ignored; the nearest known key is tickTime");
  EXPECT_THAT(warned("sever.1=h:1:2"), HasSubstr("is server.N"));
  EXPECT_THAT(warned("zookeeper.snapcount=5"), HasSubstr("is snapCount"));
  EXPECT_THAT(warned("autopurge.interval=5"), HasSubstr("is autopurge.purgeInterval"));
}

TEST(Load, DynamicFileThatIsMissingIsRefusedSinceToIgnoreItWouldSplitTheEnsemble) {
  auto nothing = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  auto refused = parse(std::string{alone} + "dynamicConfigFile=/x", "zoo.cfg", nothing);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error(), StartsWith("zoo.cfg:3: dynamicConfigFile=/x: cannot be read"));
}

TEST(Load, DynamicFileListsTheServersUnderTheVersionInItsName) {
  auto read = [](const std::string& path) -> std::optional<std::string> {
    if (path.ends_with("myid")) return "2";
    if (path == "/c/zoo.cfg.dynamic.100000002")
      return "server.1=h1:1:2:participant;0.0.0.0:5\nserver.2=h2:1:2:participant;0.0.0.0:6\n";
    return std::nullopt;
  };
  const std::string head = "dataDir=/d\ninitLimit=5\nsyncLimit=2\nreconfigEnabled=true\n";
  auto loaded = parse(head + "dynamicConfigFile=/c/zoo.cfg.dynamic.100000002\n", "zoo.cfg", read);
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_TRUE(loaded->value.reconfig_enabled);
  EXPECT_EQ(loaded->value.membership_version, zxid{0x100000002});
  EXPECT_EQ(loaded->value.servers.size(), 2U);
  EXPECT_EQ(loaded->value.client_port, 6);
  auto both = parse(head + "server.1=h1:1:2;5\ndynamicConfigFile=/c/zoo.cfg.dynamic.100000002\n",
                    "zoo.cfg", read);
  ASSERT_FALSE(both);
  EXPECT_THAT(both.error(), HasSubstr("have to be in /c/zoo.cfg.dynamic.100000002"));
}

TEST(Load, AKeySaidTwiceTakesTheLastAndWarns) {
  auto [cfg, warnings, said] = good(std::string{alone} + "tickTime=1\ntickTime=2\n");
  EXPECT_EQ(cfg.tick_ms, 2);
  EXPECT_THAT(warnings, ElementsAre("zoo.cfg:4: tickTime: said before in line 3; this line wins"));
}

TEST(Load, ASingleServerLineIsStandaloneUnlessThatIsDisabled) {
  auto text = std::string{alone} + "initLimit=1\nsyncLimit=1\nserver.1=h:1:2\n";
  EXPECT_TRUE(good(text).value.is_standalone());
  EXPECT_FALSE(good(text + "standaloneEnabled=false\n").value.is_standalone());
  EXPECT_THAT(good(text, "9").warnings, ElementsAre(HasSubstr("there is no server.9")));
}

TEST(Load, ObserversNeedTheParticipantsTheyObserve) {
  auto base = std::string{alone} + "initLimit=1\nsyncLimit=1\nserver.1=h:1:2:observer\n";
  EXPECT_THAT(bad(base), HasSubstr("observers without any participant"));
  EXPECT_THAT(bad(base + "server.2=h:3:4\n"), HasSubstr("observers and a single participant"));
  EXPECT_TRUE(good(base + "server.2=h:3:4\nstandaloneEnabled=false\n").value.is_observer());
  EXPECT_TRUE(good(base + "server.2=h:3:4\nserver.3=h:5:6\n").value.is_observer());
}

TEST(Load, PeerTypeThatDiffersFromTheServerLineLosesWithAWarning) {
  auto [cfg, warnings, said] = good(std::string{three} + "peerType=observer\n");
  EXPECT_FALSE(cfg.is_observer());
  EXPECT_THAT(warnings, ElementsAre(StartsWith("zoo.cfg:8: peerType: differs")));
  EXPECT_THAT(good(std::string{three} + "peerType=participant\n").warnings, IsEmpty());
}

TEST(Load, GroupsMustCoverAllVotersOnce) {
  EXPECT_THAT(bad(std::string{three} + "group.1=1:2\n"), HasSubstr("server.3: in no group"));
  EXPECT_THAT(bad(std::string{three} + "group.1=1:2\ngroup.2=2:3\n"), HasSubstr("is in group.1"));
  EXPECT_THAT(bad(std::string{three} + "group.1=1:2:4\n"), HasSubstr("no server.4"));
  EXPECT_THAT(bad(std::string{three} + "weight.1=2\n"), HasSubstr("in no group"));
  EXPECT_THAT(bad(std::string{three} + "weight.4=2\n"), HasSubstr("no server.4"));
  EXPECT_THAT(bad(std::string{three} + "group.1=1:2:3\nweight.1=0\nweight.2=0\nweight.3=0\n"),
              HasSubstr("every participant has weight 0"));
  auto cfg = good(std::string{three} + "group.1=1:2\ngroup.2=3\nweight.3=4\n").value;
  EXPECT_TRUE(cfg.has_groups());
  EXPECT_EQ(cfg.servers[2].group, 2);
  EXPECT_EQ(cfg.servers[2].weight, 4);
  EXPECT_EQ(cfg.servers[0].weight, 1);
}

TEST(Load, TwoServersAtOnePortAreRefused) {
  EXPECT_THAT(bad(std::string{three} + "server.4=h3:2:5\n"),
              StartsWith("zoo.cfg:8: server.4: port 2 of h3 is server.3's too"));
}

/// Session ids bear the lowest byte of a server's number.
TEST(Load, TwoServersWhoseSessionsMightBeTheSameAreRefused) {
  for (const std::string n : {"257", "259", "513"})
    EXPECT_THAT(bad(std::string{three} + "server." + n + "=d:1:2\n"),
                StartsWith("zoo.cfg:8: server." + n + ": the lowest byte of its number")) << n;
  for (const std::string n : {"255", "256", "260", "512"})
    EXPECT_EQ(good(std::string{three} + "server." + n + "=d:1:2\n").value.servers.size(), 4U) << n;
  EXPECT_THAT(bad(std::string{three} + "server.0=d:1:2\nserver.256=e:1:2\n"),
              HasSubstr("is that of server.0 too"));
}

TEST(Load, EvenNumbersOfVotersAreWarnedOf) {
  auto two = std::string{alone} + "initLimit=1\nsyncLimit=1\nserver.1=a:1:2\nserver.2=b:1:2\n";
  EXPECT_THAT(good(two).warnings, ElementsAre(HasSubstr("2 participants")));
  EXPECT_THAT(good(std::string{three} + "server.4=d:1:2\n").warnings,
              ElementsAre(HasSubstr("4 participants")));
}

TEST(Load, ClientPortMayStandInTheServerLineButNotDiffer) {
  std::string base = "dataDir=/d\ninitLimit=1\nsyncLimit=1\nserver.1=a:1:2;[::1]:2181\n";
  auto cfg = good(base + "server.2=b:1:2\n").value;
  EXPECT_EQ(cfg.client_port, 2181);
  EXPECT_EQ(cfg.client_address, "::1");
  EXPECT_EQ(good(base, std::nullopt).value.client_port, 2181);
  EXPECT_EQ(good(base + "clientPort=2181\n").value.client_port, 2181);
  EXPECT_THAT(bad(base + "clientPort=2182\n"), HasSubstr("but clientPort says 2182"));
  EXPECT_THAT(bad(base + "clientPortAddress=x\n"), HasSubstr("but clientPortAddress says x"));
}

TEST(Load, SessionTimeoutsDefaultToTicksAndMustBeInOrder) {
  auto cfg = good(std::string{alone} + "tickTime=500\nminSessionTimeout=-1\n").value;
  EXPECT_EQ(cfg.min_session_timeout_ms, 1000);
  EXPECT_EQ(cfg.max_session_timeout_ms, 10000);
  EXPECT_THAT(bad(std::string{alone} + "minSessionTimeout=5\nmaxSessionTimeout=4\n"),
              StartsWith("zoo.cfg:3: minSessionTimeout=5: above maxSessionTimeout"));
  EXPECT_EQ(good(std::string{alone} + "tickTime=2147483647\n").value.max_session_timeout_ms,
            2147483647);
}

TEST(Load, TooFewSnapshotsToRetainAreRaised) {
  auto [cfg, warnings, said] = good(std::string{alone} + "autopurge.snapRetainCount=1\n");
  EXPECT_EQ(cfg.purge_retain_count, 3);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("raised to 3")));
}

TEST(Load, FourLetterWordsAreTheDefaultOnesTheListedOnesOrAll) {
  EXPECT_TRUE(good(alone).value.allows_four_letter_word("srvr"));
  EXPECT_FALSE(good(alone).value.allows_four_letter_word("stat"));
  EXPECT_FALSE(good(alone).value.allows_four_letter_word("cons"));
  auto some = good(std::string{alone} + "4lw.commands.whitelist=cons\n").value;
  EXPECT_TRUE(some.allows_four_letter_word("cons"));
  EXPECT_TRUE(some.allows_four_letter_word("srvr"));  // zkServer.sh cannot do without
  EXPECT_FALSE(some.allows_four_letter_word("isro"));
  auto read_only = good(std::string{alone} + "readonlymode.enabled=true\n").value;
  EXPECT_TRUE(read_only.allows_four_letter_word("isro"));
  auto all = good(std::string{alone} + "4lw.commands.whitelist=*\n").value;
  EXPECT_TRUE(all.allows_four_letter_word("wchp"));
}

TEST(Load, PrintedConfigReadsBackTheSame) {
  for (auto text :
       {std::string{three} + "server.4=[::1]:5:6:observer;[::1]:2185\ngroup.1=1:2\ngroup.2=3\n"
                             "weight.2=7\nsnapshotSizeFactor=0.1\n4lw.commands.whitelist=*\n",
        std::string{three}, std::string{alone} + "dataLogDir=/a\\\\b c\n"}) {
    auto cfg = good(text).value;
    auto again = good(print(cfg));
    EXPECT_EQ(again.value, cfg) << print(cfg);
    EXPECT_THAT(again.warnings, Not(Contains(HasSubstr("unknown"))));
  }
}

TEST(Load, ServerListDecidesTheSameHoweverItIsWritten) {
  auto a = good(std::string{three} + "group.1=1:2\ngroup.2=3\n").value;
  auto b = good(
               "dataDir=/"
               "other\nclientPort=5\ntickTime=9\ninitLimit=1\nsyncLimit=1\nweight.1=1\ngroup.2=3\n"
               "group.1=2 : 1\nserver.3=h3:1:2\nserver.2 = h2:1:2:participant\n"
               "server.1=h1:1:2;2181\n",
               "3")
               .value;
  EXPECT_EQ(digest_of(membership_of(a)), digest_of(membership_of(b)));
  EXPECT_NE(digest_of(membership_of(a)), digest_of(membership_of(good(three).value)));
}

TEST(Load, DigestIsFnv1aSoThatItNeverChangesBetweenVersions) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325U);
  EXPECT_EQ(digest_of(membership_of(good(three).value)), fnv1a("1\n2\n3\n"));
}

TEST(Load, FilesOnDiskAreReadAndMissingOnesNamed) {
  namespace fs = std::filesystem;
  auto dir = fs::temp_directory_path() / ("troupe_load_test." + std::to_string(::getpid()));
  fs::create_directories(dir);
  std::ofstream{dir / "zoo.cfg"} << "dataDir=" << dir.string() << "/\nclientPort=1\n";
  std::ofstream{dir / "myid"} << "5\n";
  auto result = load((dir / "zoo.cfg").string());
  ASSERT_TRUE(result.has_value()) << result.error();
  EXPECT_EQ(result->value.my_id, server_id{5});
  auto missing = load((dir / "none.cfg").string());
  ASSERT_FALSE(missing.has_value());
  EXPECT_THAT(missing.error(), AllOf(StartsWith((dir / "none.cfg").string()),
                                     HasSubstr("No such file or directory")));
  EXPECT_FALSE(load(dir.string()).has_value());
  fs::remove_all(dir);
}

TEST(Load, TheSampleIsWithoutFault) {
  std::ifstream in{std::filesystem::path{TROUPE_SOURCE_DIR} / "config/sample/zoo.cfg"};
  ASSERT_TRUE(in.is_open());
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_THAT(good(text).warnings, IsEmpty());
  // Each default that the sample shows in a comment is the default.
  auto told = text;
  for (auto i = told.find("\n#"); i != std::string::npos; i = told.find("\n#", i + 1))
    if (told[i + 2] != ' ' && !told.substr(i + 2).starts_with("group") &&
        !told.substr(i + 2).starts_with("weight") && !told.substr(i + 2).starts_with("dataLogDir"))
      told.erase(i + 1, 1);
  EXPECT_EQ(good(told).value, good(text).value);
  EXPECT_NE(told, text);
}

}  // namespace
}  // namespace troupe::config
