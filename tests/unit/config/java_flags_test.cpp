// SPDX-License-Identifier: Apache-2.0
/// What zkEnv.sh and zkServer.sh would give Java, read from the text.
#include "config/java_flags.hpp"

#include <gmock/gmock.h>

#include "config/load.hpp"

namespace troupe::config {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

java_flags read(const std::string& java_env, const environment& from = {},
                const std::string& zookeeper_env = "") {
  return read_java_flags(from, {{"zookeeper-env.sh", zookeeper_env}, {"java.env", java_env}});
}
java_flag flag(std::string property, std::string value, std::string where = "java.env:1") {
  return {std::move(property), std::move(value), std::move(where)};
}

TEST(JavaFlags, EveryWayToAssignIsRead) {
  for (auto text :
       {"JVMFLAGS=-Dzookeeper.snapCount=7", "export JVMFLAGS=\"-Dzookeeper.snapCount=7\"",
        "  SERVER_JVMFLAGS='-Xmx1g  -Dzookeeper.snapCount=7' # why",
        "JVMFLAGS=-Dzookeeper.\\\nsnapCount=7", "A=1; export B=2 JVMFLAGS=-Dzookeeper.snapCount=7;",
        "\xef\xbb\xbfJVMFLAGS=-Dzookeeper.snapCount=7\r\n",
        "declare -x JVMFLAGS=-Dzookeeper.snapCount=7"}) {
    auto found = read(text);
    ASSERT_THAT(found.flags, SizeIs(1)) << text;
    EXPECT_EQ(found.flags[0].property, "zookeeper.snapCount") << text;
    EXPECT_EQ(found.flags[0].value, "7") << text;
    EXPECT_THAT(found.warnings, IsEmpty()) << text;
  }
}

TEST(JavaFlags, SeveralWordsOverSeveralLinesKeepTheirPlaces) {
  auto found = read(
      "# flags\nexport JVMFLAGS=\"-Xmx512m \\\n  -Dzookeeper.a=1\n -Dzookeeper.b=x=y -Dempty=\"\n");
  EXPECT_THAT(found.flags, ElementsAre(flag("zookeeper.a", "1", "java.env:3"),
                                       flag("zookeeper.b", "x=y", "java.env:4"),
                                       flag("empty", "", "java.env:4")));
}

TEST(JavaFlags, VariablesAreExpandedAndKeepTheirSource) {
  auto found = read("export JVMFLAGS=\"$JVMFLAGS -Dzookeeper.b=${WHO:-me}$NOT_SET\"",
                    {{"JVMFLAGS", "-Dzookeeper.a=1"}}, "WHO=you\n");
  EXPECT_THAT(found.flags, ElementsAre(flag("zookeeper.a", "1", "the environment's JVMFLAGS"),
                                       flag("zookeeper.b", "you")));
  EXPECT_THAT(read("JVMFLAGS=-Dzookeeper.b=2", {{"JVMFLAGS", "-Dzookeeper.a=1"}}).flags,
              ElementsAre(flag("zookeeper.b", "2")))
      << "a file that does not build upon the environment replaces it";
  EXPECT_THAT(read("JVMFLAGS+=' -Dzookeeper.b=2'", {{"JVMFLAGS", "-Dzookeeper.a=1"}}).flags,
              SizeIs(2));
  EXPECT_THAT(read("JVMFLAGS='-Dzookeeper.a=$WHO'").flags,
              ElementsAre(flag("zookeeper.a", "$WHO")));
}

TEST(JavaFlags, LastWordOfAPropertyCountsAndJvmflagsStandBehindTheServersOwn) {
  auto found = read("JVMFLAGS='-Da=1 -Da=2'\nSERVER_JVMFLAGS='-Da=3 -Db=4'");
  EXPECT_THAT(found.flags, ElementsAre(flag("b", "4", "java.env:2"), flag("a", "2")));
  EXPECT_THAT(read("JVMFLAGS=-Da=2", {}, "JVMFLAGS=-Da=1\n").flags, ElementsAre(flag("a", "2")));
}

TEST(JavaFlags, NothingIsExecutedAndWhatOnlyAShellKnowsIsNamed) {
  auto computed = read("JVMFLAGS=\"-Da=$(cat /etc/passwd) `id` -Db=2\"");
  EXPECT_THAT(computed.flags, ElementsAre(flag("b", "2")));
  EXPECT_THAT(computed.warnings, ElementsAre(HasSubstr("java.env:1: JVMFLAGS: ")));
  auto conditional = read("if [ -n \"$X\" ]; then\n  JVMFLAGS=-Da=1\nfi\ntrue && JVMFLAGS=-Da=2\n");
  EXPECT_THAT(conditional.flags, IsEmpty());
  EXPECT_THAT(conditional.warnings, ElementsAre(HasSubstr("java.env:2"), HasSubstr("java.env:4")));
  EXPECT_THAT(read("f() {\nJVMFLAGS=-Da=1\n}\nJVMFLAGS=-Db=1 some command\n").flags, IsEmpty());
  EXPECT_THAT(read("cat <<EOF\nJVMFLAGS=-Da=1\nEOF\n").warnings,
              ElementsAre(HasSubstr("here-document")));
  EXPECT_THAT(read("JVMFLAGS=\"-Da=1").flags, SizeIs(1));
  for (auto text :
       {"$", "\\", "${", "$(", "`", "JVMFLAGS=${", "JVMFLAGS=$((", "'", "&&", "(((", "=", "+="})
    EXPECT_THAT(read(text).flags, IsEmpty()) << text;
}

TEST(JavaFlags, PropertyNamesAKeyAsZooKeeperReadsIt) {
  EXPECT_EQ(key_of_property("zookeeper.DigestAuthenticationProvider.superDigest"),
            "DigestAuthenticationProvider.superDigest");
  EXPECT_EQ(key_of_property("jute.maxbuffer"), "jute.maxbuffer");
  EXPECT_EQ(key_of_property("zookeeper.clientPort"), "") << "read from the file alone";
  EXPECT_EQ(key_of_property("zookeeper.server.1"), "");
  EXPECT_EQ(key_of_property("snapCount"), "");
  EXPECT_EQ(key_of_property("com.sun.management.jmxremote"), "");
}

// -- in a config -------------------------------------------------------------------------------

loaded with(const std::string& zoo_cfg, const std::string& java_env) {
  auto none = [](const std::string&) -> std::optional<std::string> { return std::nullopt; };
  auto out = parse("dataDir=/d\nclientPort=1\n" + zoo_cfg, "zoo.cfg", none, {}, read(java_env));
  EXPECT_TRUE(out) << out.error();
  return out.value_or(loaded{});
}

TEST(JavaFlags, StandBelowTheFileAndAreToldWithTheirSource) {
  const auto env = "JVMFLAGS='-Djute.maxbuffer=0x200000 -Dzookeeper.snapCount=7 -Dother=1'";
  auto from = with("snapCount=9\n", env);
  EXPECT_EQ(from.value.jute_buffer_bytes_max, 0x200000);
  EXPECT_EQ(from.value.snap_count, 9);
  EXPECT_THAT(from.warnings, ElementsAre(HasSubstr("java.env:1: jute.maxbuffer: taken from")));
  EXPECT_THAT(print_with_sources(from), HasSubstr("\n# java.env:1\njute.maxbuffer=2097152\n"));
  EXPECT_THAT(with("", "JVMFLAGS=-Dzookeeper.tickTime=5").warnings,
              ElementsAre(HasSubstr("zoo.cfg alone")));
  EXPECT_THAT(with("", "JVMFLAGS=-Dzookeeper.snapcount=5").warnings,
              ElementsAre(HasSubstr("snapCount")));
}

TEST(JavaFlags, SecretIsTakenAndShownNowhere) {
  auto from = with("", "JVMFLAGS=-Dzookeeper.DigestAuthenticationProvider.superDigest=super:abcd=");
  EXPECT_EQ(from.value.super_digest, "super:abcd=");
  EXPECT_THAT(from.warnings, Not(Contains(HasSubstr("abcd"))));
  EXPECT_THAT(print_with_sources(from), Not(HasSubstr("abcd")));
}

}  // namespace
}  // namespace troupe::config
