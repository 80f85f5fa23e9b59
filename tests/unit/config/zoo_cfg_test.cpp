// SPDX-License-Identifier: Apache-2.0
// Files that genuine servers start with, and files as people write them the first time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "config/load.hpp"

namespace troupe::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto alone = "dataDir=/d\nclientPort=2181\n";
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

// -- what ZooKeeper accepts, too
// -------------------------------------------------------------------

TEST(ZooCfg, NumbersOfServersBeginAtZeroAndNeedNoByte) {
  auto cfg = good(
      "dataDir=/d\nclientPort=1\ninitLimit=1\nsyncLimit=1\nserver.0=a:1:2\n"
      "server.257=b:1:2\nserver.1001=c:1:2\nserver.9223372036854775807=d:1:2\n"
      "server.7=e:1:2\ngroup.0=0:257\ngroup.1=1001:9223372036854775807:7\nweight.0=2\n",
      "0\n");
  EXPECT_EQ(cfg.value.my_id, server_id{0});
  EXPECT_EQ(cfg.value.servers.size(), 5U);
  EXPECT_THAT(cfg.warnings, IsEmpty());
  EXPECT_EQ(good(std::string{alone}, "1001").value.my_id, server_id{1001});
  EXPECT_THAT(bad(std::string{alone} + "extendedTypesEnabled=true\n", "1001"),
              HasSubstr("accepted: 0..254"));
}

TEST(ZooCfg, PurgesThatAreOffMayBeSaidByAnyNumberBelowOne) {
  for (auto hours : {"-1", "0", "-24"})
    EXPECT_EQ(
        good(std::string{alone} + "autopurge.purgeInterval=" + hours).value.purge_interval_hours,
        0);
  EXPECT_EQ(good(std::string{alone} + "autopurge.snapRetainCount=-5").value.purge_retain_count, 3);
}

TEST(ZooCfg, EmptyClientAddressIsTheLoopbackAsInJava) {
  auto [cfg, warnings, said] = good(std::string{alone} + "clientPortAddress=\n");
  EXPECT_EQ(cfg.client_address, "127.0.0.1");
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("taken for 127.0.0.1")));
}

TEST(ZooCfg, ClientAddressMayBeIpv6InBracketsOrNot) {
  for (auto text : {"[::1]", "::1", " [ ::1 ] "})
    EXPECT_EQ(good(std::string{alone} + "clientPortAddress=" + text).value.client_address, "::1");
  auto cfg = good(
                 "dataDir=/d\ninitLimit=1\nsyncLimit=1\nserver.1=[::1]:2888:3888;[::]:2181\n"
                 "server.2=[fe80::1%eth0]:2888:3888;2181\n")
                 .value;
  EXPECT_EQ(cfg.client_address, "::");
  EXPECT_EQ(cfg.client_port, 2181);
  EXPECT_EQ(cfg.servers[1].host, "fe80::1%eth0");
}

TEST(ZooCfg, BlanksRoundAnyPartDoNotCount) {
  auto cfg = good(
                 "  dataDir =  /d \nclientPort\t=\t2181 \t\nclientPortAddress = localhost \n"
                 "initLimit = 1\r\nsyncLimit : 1\nserver.1 =  h1 : 1 : 2 : participant ; 2181 \n"
                 "server.2= h2:1:2 ;\n4lw.commands.whitelist= ruok ,\tstat \n")
                 .value;
  EXPECT_EQ(cfg.data_dir, "/d");
  EXPECT_EQ(cfg.client_port, 2181);
  EXPECT_EQ(cfg.servers[0].host, "h1");
  EXPECT_FALSE(cfg.servers[1].client_port);
  EXPECT_TRUE(cfg.allows_four_letter_word("stat"));
}

TEST(ZooCfg, SchemeThatIsToBeTakenAwayIsRefused) {
  EXPECT_THAT(bad("DigestAuthenticationProvider.enabled=false"),
              AllOf(HasSubstr("refused"), HasSubstr("accepted: true")));
  EXPECT_THAT(good(std::string{alone} + "DigestAuthenticationProvider.enabled=true").warnings,
              IsEmpty());
}

TEST(ZooCfg, ServerLineOfSeveralAddressesOrWithASecurePortSaysWhatIsNotThere) {
  EXPECT_THAT(bad("server.1=a:1:2|b:1:2"), HasSubstr("there is no multiAddress"));
  EXPECT_THAT(bad("server.1=a:1:2;2181;2281"), HasSubstr("there is no TLS"));
}

// -- a first zoo.cfg, written by hand -------------------------------------------------------------

TEST(ZooCfg, KeyThatIsMissingNamesTheLineThatMeantIt) {
  EXPECT_THAT(bad("datadir=/d\nclientPort=1\n"),
              AllOf(HasSubstr("dataDir: missing"), HasSubstr("zoo.cfg:1 has datadir")));
  EXPECT_THAT(bad("dataDir=/d\nclientport=1\n"),
              AllOf(HasSubstr("clientPort: missing"), HasSubstr("zoo.cfg:2 has clientport")));
  EXPECT_THAT(bad("dataDir=/d\nclientPort=1\ninitlimit=1\nsyncLimit=1\nserver.1=a:1:2\n"
                  "server.2=b:1:2\n"),
              HasSubstr("zoo.cfg:3 has initlimit"));
  EXPECT_THAT(bad("clientPort=1\n"), Not(HasSubstr("did it mean")));
}

TEST(ZooCfg, ByteOrderMarkIsNoPartOfTheFirstKey) {
  const std::string mark = "\xef\xbb\xbf";
  EXPECT_EQ(good(mark + alone, mark + "7\r\n").value.my_id, server_id{7});
  EXPECT_THAT(bad(std::string{"\xff\xfe"} + "d\0"), HasSubstr("UTF-8"));
}

TEST(ZooCfg, QuotesRoundAValueAreAnErrorAndNoPartOfAPath) {
  for (auto line : {"dataDir=\"/d\"", "dataLogDir='/d'", "tickTime=\"2000\"", "clientPort='1'",
                    "java.security.auth.login.config=\"/etc/jaas\"", "auditlog.file=\"a\""})
    EXPECT_THAT(bad(line), AllOf(HasSubstr("quotes"), HasSubstr("accepted"))) << line;
}

TEST(ZooCfg, OwnLineThatListensEverywhereIsWarnedOfWhereOthersAreToldOfIt) {
  auto text = std::string{
      "dataDir=/d\nclientPort=1\ninitLimit=1\nsyncLimit=1\n"
      "server.1=0.0.0.0:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n"};
  EXPECT_THAT(good(text).warnings, IsEmpty());
  EXPECT_THAT(good(text + "reconfigEnabled=true\n").warnings,
              ElementsAre(HasSubstr("server.1=0.0.0.0")));
}

TEST(ZooCfg, FilesBesideItAreReadAndPasswordsOpenToAllWarnedOf) {
  namespace fs = std::filesystem;
  std::string dir = fs::temp_directory_path() / "zoo_cfg.XXXXXX";
  ASSERT_NE(::mkdtemp(dir.data()), nullptr);
  const auto write = [&](const char* name, const std::string& text, fs::perms rights) {
    std::ofstream{dir + "/" + name} << text;
    fs::permissions(dir + "/" + name, rights);
  };
  constexpr auto open = fs::perms{0644}, closed = fs::perms{0640};
  write("zoo.cfg", "dataDir=" + dir + "\nclientPort=1\n", open);
  write("java.env",
        "JVMFLAGS=\"$JVMFLAGS -Djava.security.auth.login.config=" + dir + "/jaas.conf\"\n", closed);
  write("jaas.conf",
        "Server { org.apache.zookeeper.server.auth.DigestLoginModule required "
        "user_bob=\"geheim\"; };",
        open);
  const environment from{{"JVMFLAGS", "-Dzookeeper.snapCount=7"}};
  auto read = load(dir + "/zoo.cfg", {}, from);
  ASSERT_TRUE(read) << read.error();
  EXPECT_EQ(read->value.snap_count, 7);
  EXPECT_EQ(read->value.sasl_users.at("bob"), "geheim");
  EXPECT_THAT(read->warnings, Contains(AllOf(HasSubstr("jaas.conf: "), HasSubstr("chmod 640"))));
  EXPECT_THAT(read->warnings, Each(Not(HasSubstr("geheim"))));
  EXPECT_THAT(print_with_sources(*read), HasSubstr("# the environment's JVMFLAGS\nsnapCount=7\n"));
  write("jaas.conf", "", closed);
  write("jaas.conf",
        "Server { org.apache.zookeeper.server.auth.DigestLoginModule required "
        "user_bob=\"geheim\"; };",
        closed);
  EXPECT_THAT(load(dir + "/zoo.cfg", {}, from)->warnings, Each(Not(HasSubstr("chmod"))));
  fs::remove_all(dir);
}

}  // namespace
}  // namespace troupe::config
