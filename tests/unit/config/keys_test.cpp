// SPDX-License-Identifier: Apache-2.0
// The table of keys: what is honoured, what has no effect and says so, what is refused, where a
// value comes from, and the page made of it (QuorumPeerConfig.parseProperties).
#include "config/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

#include "config/load.hpp"

namespace troupe::config {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr auto alone = "dataDir=/d\nclientPort=2181\n";

using files = std::map<std::string, std::string>;

tl::expected<loaded, std::string> parse_with(const std::string& text, const files& others = {},
                                             const std::vector<std::string>& set = {}) {
  std::vector<setting> settings;
  for (const auto& x : set) settings.push_back(setting::parse(x).value());
  auto read = [&others](const std::string& path) -> std::optional<std::string> {
    auto at = others.find(path);
    return at == others.end() ? std::nullopt : std::optional{at->second};
  };
  return parse(text, "zoo.cfg", read, settings);
}

loaded good(const std::string& text, const files& others = {},
            const std::vector<std::string>& set = {}) {
  auto result = parse_with(text, others, set);
  EXPECT_TRUE(result.has_value()) << result.error();
  return result.value_or(loaded{});
}

std::string bad(const std::string& text, const files& others = {},
                const std::vector<std::string>& set = {}) {
  auto result = parse_with(text, others, set);
  EXPECT_FALSE(result.has_value());
  return result ? std::string{} : result.error();
}

std::vector<std::string> warned(const std::string& line) {
  return good(std::string{alone} + line).warnings;
}

// -- the table -----------------------------------------------------------------------------------

TEST(Keys, EveryRowIsWholeAndNoNameStandsTwice) {
  std::set<std::string_view> names;
  for (const auto& section : key_table())
    for (const auto& x : section.keys) {
      EXPECT_TRUE(names.insert(x.name).second) << x.name << " stands twice";
      EXPECT_FALSE(x.meaning.empty()) << x.name;
      EXPECT_TRUE(x.meaning.ends_with('.')) << x.name;
      EXPECT_FALSE(x.accepted.empty()) << x.name;
      EXPECT_TRUE(static_cast<bool>(x.read)) << x.name;
      EXPECT_EQ(x.how == key_class::honoured, x.why.empty()) << x.name;
      if (x.how == key_class::honoured) {
        EXPECT_TRUE(x.as_ours.empty()) << x.name;
      }
    }
}

TEST(Keys, DefaultInTheTableIsWhatAConfigHasThatSaysNothing) {
  auto cfg = good(alone).value;
  const std::set<std::string_view> in_words{"dataDir",
                                            "dataLogDir",
                                            "clientPort",
                                            "minSessionTimeout",
                                            "maxSessionTimeout",
                                            "enforce.auth.schemes",
                                            "java.security.auth.login.config",
                                            "SASLAuthenticationProvider.superPassword",
                                            "session.passwordSecretFile",
                                            "DigestAuthenticationProvider.superDigest"};
  for (const auto& section : key_table())
    for (const auto& x : section.keys)
      if (x.show && !in_words.contains(x.name)) {
        EXPECT_EQ(x.show(cfg), x.fallback) << x.name;
      }
}

TEST(Keys, AValueThatAsksForWhatIsDoneAnywayIsAcceptedInSilence) {
  for (const auto& section : key_table())
    for (const auto& x : section.keys) {
      if (x.as_ours.empty() || x.name.ends_with('.')) continue;
      auto line = std::string{x.name} + "=" + std::string{x.as_ours} + "\n";
      EXPECT_THAT(warned(line), IsEmpty()) << line;
    }
}

TEST(Keys, AnExactNameGoesBeforeTheBeginningOfMany) {
  EXPECT_EQ(find_key("nio.sessionlessCnxnTimeout")->how, key_class::honoured);
  EXPECT_EQ(find_key("nio.numWorkerThreads")->name, "nio.");
  EXPECT_EQ(find_key("connection_throttle_tokens")->how, key_class::no_effect);
  EXPECT_EQ(find_key("server.17")->name, "server.N");
  EXPECT_EQ(find_key("tickTimes"), nullptr);
  EXPECT_EQ(find_key("ssl"), nullptr);
}

// -- not honoured --------------------------------------------------------------------------------

TEST(Keys, AKeyWithoutEffectIsNamedWithTheReason) {
  EXPECT_THAT(warned("nio.numWorkerThreads=4"),
              ElementsAre("zoo.cfg:3: nio.numWorkerThreads: accepted, without effect: actors share "
                          "a pool of threads that fits the machine"));
  EXPECT_THAT(warned("admin.serverPort=8080\nflushDelay=5\n"),
              ElementsAre(HasSubstr("zoo.cfg:3: admin.serverPort: accepted, without effect: "),
                          HasSubstr("zoo.cfg:4: flushDelay: accepted, without effect: ")));
}

TEST(Keys, ASecuritySettingThatCannotBeKeptStopsTheStart) {
  for (auto line :
       {"secureClientPort=2281", "sslQuorum=true", "portUnification=true",
        "client.portUnification=true", "quorum.auth.enableSasl=true",
        "quorum.auth.serverRequireSasl=true", "letAnySaslUserDoX=anyone",
        "audit.impl.class=com.example.Log", "DigestAuthenticationProvider.digestAlg=SHA3-256",
        "ssl.keyStore.location=/k.p12", "ssl.quorum.trustStore.type=PEM",
        "X509AuthenticationProvider.superUser=CN=a", "authProvider.sasl=com.example.Auth",
        "metricsProvider.className=com.example.Metrics", "oraclePath=/oracle",
        "serverCnxnFactory=com.example.Factory", "electionAlg=2"})
    EXPECT_THAT(bad(std::string{alone} + line),
                AllOf(StartsWith("zoo.cfg:3: "), HasSubstr(line), HasSubstr(": refused: "),
                      HasSubstr("; accepted: ")))
        << line;
}

TEST(Keys, ASecretOfARefusedKeyIsNotRepeated) {
  EXPECT_THAT(bad(std::string{alone} + "ssl.keyStore.password=geheim"),
              AllOf(StartsWith("zoo.cfg:3: ssl.keyStore.password: refused: there is no TLS yet"),
                    Not(HasSubstr("geheim"))));
}

TEST(Keys, SecretsArePrintedNowhere) {
  const auto text = std::string{alone} +
                    "DigestAuthenticationProvider.superDigest=super:abcd=\n"
                    "SASLAuthenticationProvider.superPassword=geheim\n"
                    "quorum.auth.server.password=geheim\nssl_password=geheim\n";
  auto from = good(text);
  const auto printed = print_with_sources(from);
  EXPECT_THAT(printed, AllOf(Not(HasSubstr("abcd")), Not(HasSubstr("geheim"))));
  EXPECT_THAT(printed, HasSubstr("# zoo.cfg:3\n# DigestAuthenticationProvider.superDigest=***"));
  EXPECT_THAT(from.warnings, Each(Not(HasSubstr("geheim"))));
  from.value.super_digest.clear();
  from.value.sasl_super_password.clear();
  EXPECT_EQ(good(printed).value, from.value) << "a mask is no value";
  EXPECT_THAT(bad(std::string{alone} + "DigestAuthenticationProvider.superDigest=abcd"),
              AllOf(HasSubstr("accepted"), Not(HasSubstr("abcd"))));
}

TEST(Keys, PlaceOfAPasswordIsNone) {
  EXPECT_TRUE(is_secret("zookeeper.ssl.keyStore.password"));
  EXPECT_FALSE(is_secret("ssl.keyStore.passwordPath"));
  EXPECT_FALSE(is_secret("session.passwordSecretFile"));
  EXPECT_FALSE(is_secret("snapCount"));
}

TEST(Keys, ClassesOfJavasThatNameWhatIsBuiltInAreTaken) {
  EXPECT_THAT(
      warned("authProvider.1=org.apache.zookeeper.server.auth.DigestAuthenticationProvider\n"
             "authProvider.2=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n"
             "metricsProvider.className=org.apache.zookeeper.metrics.impl."
             "DefaultMetricsProvider\n"
             "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory\n"),
      IsEmpty());
}

TEST(Keys, EnforcedAuthenticationNeedsToKnowWhichSchemes) {
  EXPECT_THAT(bad(std::string{alone} + "enforce.auth.enabled=true\n"),
              AllOf(StartsWith("zoo.cfg:3: enforce.auth.enabled=true: "),
                    HasSubstr("enforce.auth.schemes is missing")));
  EXPECT_THAT(
      good(std::string{alone} + "enforce.auth.schemes=digest\n").value.required_auth_schemes,
      IsEmpty());
}

// -- names and places ----------------------------------------------------------------------------

TEST(Keys, TheJavaPropertyOfAKeyIsTheKey) {
  EXPECT_EQ(good(std::string{alone} + "zookeeper.snapCount=17\n").value.snap_count, 17);
  EXPECT_EQ(good(std::string{alone} + "zookeeper.tickTime=18\n").value.tick_ms, 18);
  auto both = good(std::string{alone} + "snapCount=17\nzookeeper.snapCount=18\n");
  EXPECT_EQ(both.value.snap_count, 18);
  EXPECT_THAT(both.warnings,
              ElementsAre("zoo.cfg:4: zookeeper.snapCount: said before in line 3; this line wins"));
  EXPECT_THAT(bad(std::string{alone} + "zookeeper.ssl.keyStore.location=/k"), HasSubstr("refused"));
  EXPECT_THAT(warned("zookeeper.nonsense=1"), ElementsAre(HasSubstr("unknown key")));
}

TEST(Keys, WhatTheCommandLineSaysStandsAboveTheFile) {
  auto from = good("dataDir=/d\nclientPort=2181\ntickTime=nonsense\n", {},
                   {"zookeeper.tickTime=700", "clientPort=2182", "snapCount=44"});
  EXPECT_EQ(from.value.tick_ms, 700);
  EXPECT_EQ(from.value.client_port, 2182);
  EXPECT_EQ(from.value.snap_count, 44);
  EXPECT_THAT(from.warnings, IsEmpty());
  EXPECT_EQ(from.said_keys.at("tickTime"), (loaded::said{"700", "--set"}));
  EXPECT_EQ(from.said_keys.at("dataDir"), (loaded::said{"/d", "zoo.cfg:1"}));
}

TEST(Keys, AMistakeOnTheCommandLineIsAnError) {
  EXPECT_THAT(bad(alone, {}, {"tickTime=0"}),
              StartsWith("--set: tickTime=0: not valid; accepted: "));
  EXPECT_THAT(bad(alone, {}, {"tickTme=5"}),
              AllOf(StartsWith("--set tickTme: unknown key"), HasSubstr("tickTime")));
  EXPECT_THAT(bad(alone, {}, {"sslQuorum=true"}), HasSubstr("refused"));
  EXPECT_FALSE(setting::parse("tickTime"));
  EXPECT_FALSE(setting::parse("=5"));
  EXPECT_EQ(setting::parse("a=b=c")->value, "b=c");
}

TEST(Keys, PrintedSourcesSayWhereEachValueComesFromAndReadBackTheSame) {
  const auto text = std::string{"dataDir=/d\ninitLimit=10\nsyncLimit=5\nclientPort=2181\n"} +
                    "nio.numWorkerThreads=4\nserver.1=h1:1:2\nserver.2=h2:1:2\n";
  const files myid{{"/d/myid", "2\n"}};
  auto from = good(text, myid, {"tickTime=1500"});
  auto printed = print_with_sources(from);
  EXPECT_THAT(printed, StartsWith("# This server: 2, one of an ensemble\n"));
  EXPECT_THAT(printed, HasSubstr("\n# zoo.cfg:1\ndataDir=/d\n"));
  EXPECT_THAT(printed, HasSubstr("\n# --set\ntickTime=1500\n"));
  EXPECT_THAT(printed, HasSubstr("\n# zoo.cfg:5, without effect: actors share"));
  EXPECT_THAT(printed, HasSubstr("\n# zoo.cfg:7\nserver.2=h2:1:2:participant\n"));
  auto defaults = printed.substr(printed.find("\n# Defaults\n"));
  EXPECT_THAT(defaults, HasSubstr("\nmaxSessionTimeout=30000\n"));
  EXPECT_THAT(defaults, Not(HasSubstr("tickTime")));
  EXPECT_EQ(good(printed, myid).value, from.value) << printed;
}

// -- dynamicConfigFile ---------------------------------------------------------------------------

TEST(Keys, MembersMayStandInAFileOfTheirOwn) {
  const files others{{"/d/myid", "2\n"},
                     {"/c/zoo.cfg.dynamic.1a",
                      "server.1=h1:1:2;2181\nserver.2=h2:1:2;2182\n"
                      "server.3=h3:1:2:observer;2183\n"}};
  auto from = good(
      "dataDir=/d\ninitLimit=10\nsyncLimit=5\ndynamicConfigFile=/c/zoo.cfg.dynamic.1a\n", others);
  ASSERT_EQ(from.value.servers.size(), 3U);
  EXPECT_EQ(from.value.client_port, 2182);
  EXPECT_EQ(from.value.membership_version, zxid{0x1a});
  EXPECT_THAT(print_with_sources(from),
              AllOf(HasSubstr("\n# /c/zoo.cfg.dynamic.1a:2\nserver.2=h2:1:2:participant;2182\n"),
                    HasSubstr("\n# zoo.cfg:4\n# dynamicConfigFile=/c/zoo.cfg.dynamic.1a\n")));
}

TEST(Keys, MembersStandInOnePlaceAndTheirFileHoldsNothingElse) {
  const std::string base = "dataDir=/d\nclientPort=1\ndynamicConfigFile=/c/dyn\n";
  EXPECT_THAT(bad(base + "server.1=h1:1:2\n", {{"/c/dyn", "server.1=h1:1:2\n"}}),
              StartsWith("zoo.cfg:4: server.1: the server, group and weight lines have to be in "
                         "/c/dyn"));
  EXPECT_THAT(bad(base, {{"/c/dyn", "\nversion=5\n"}}), StartsWith("/c/dyn:2: version: not valid"));
  EXPECT_THAT(bad(base, {{"/c/dyn", "server.1=h1\n"}}),
              StartsWith("/c/dyn:1: server.1=h1: not valid; accepted: "));
  EXPECT_THAT(bad(base), StartsWith("zoo.cfg:3: dynamicConfigFile=/c/dyn: cannot be read"));
  EXPECT_EQ(good(base, {{"/c/dyn", ""}}).value.membership_version, zxid{});
}

// -- the page ------------------------------------------------------------------------------------

TEST(Keys, DocsConfigurationIsWhatTheTableSays) {
  std::ifstream in{std::string{TROUPE_SOURCE_DIR} + "/docs/configuration.md"};
  ASSERT_TRUE(in.is_open());
  std::string page{std::istreambuf_iterator<char>{in}, {}};
  EXPECT_TRUE(page == markdown())
      << "docs/configuration.md is not made of the present table; "
         "actor-node print-config --markdown > docs/configuration.md makes it anew";
}

}  // namespace
}  // namespace troupe::config
