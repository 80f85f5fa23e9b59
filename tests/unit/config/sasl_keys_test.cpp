// SPDX-License-Identifier: Apache-2.0
// What zoo.cfg says of SASL: the JAAS file and who its users are, what has to be shown, and how a
// start that cannot keep it fails (ServerCnxnFactory.configureSaslLogin, AuthenticationHelper).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "config/load.hpp"

namespace troupe::config {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

const std::string alone = "dataDir=/d\nclientPort=2181\n";
const std::string provider =
    "authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider\n";
const std::string named = "java.security.auth.login.config=/jaas.conf\n";
const std::string module = "org.apache.zookeeper.server.auth.DigestLoginModule required ";
const std::string users = "Server { " + module + "user_super=\"s\" user_bob=\"b\"; };\nOther { " +
                          module + "user_ann=\"a\"; };\n";

tl::expected<loaded, std::string> read(const std::string& text,
                                       const std::optional<std::string>& jaas = users) {
  return parse(alone + text, "zoo.cfg",
               [&](const std::string& path) { return path == "/jaas.conf" ? jaas : std::nullopt; });
}

node_config good(const std::string& text) {
  auto from = read(text);
  EXPECT_TRUE(from.has_value()) << from.error();
  if (!from) return {};
  EXPECT_THAT(from->warnings, IsEmpty());
  // What is printed says the same, but for the passwords of the file.
  auto printed = print(from->value);
  EXPECT_THAT(printed, Not(HasSubstr("user_")));
  auto again = parse(printed, "printed", [](const std::string& path) {
    return path == "/jaas.conf" ? std::optional{users} : std::nullopt;
  });
  EXPECT_TRUE(again.has_value() && again->value == from->value) << printed;
  return from->value;
}

std::string bad(const std::string& text, const std::optional<std::string>& jaas = users) {
  auto from = read(text, jaas);
  EXPECT_FALSE(from.has_value());
  return from ? std::string{} : from.error();
}

TEST(SaslKeys, SuperUsersKeyThatNeedsEscapesIsPrintedWithThem) {
  auto cfg = good("superUser.a\\=b\\:c\\\\d\\ e\\tf=who\n");
  EXPECT_EQ(cfg.sasl_super_users.at(".a=b:c\\d e\tf"), "who");
}

TEST(SaslKeys, WithoutAFileThereAreNoUsersAndNoSchemeSasl) {
  auto cfg = good("");
  EXPECT_FALSE(cfg.sasl_in_acls);
  EXPECT_THAT(cfg.sasl_users, IsEmpty());
}

TEST(SaslKeys, UsersAreThoseOfTheNamedEntry) {
  EXPECT_THAT(good(named).sasl_users, ElementsAre(Pair("bob", "b"), Pair("super", "s")));
  EXPECT_THAT(good("zookeeper.sasl.serverconfig=Other\n" + named).sasl_users,
              ElementsAre(Pair("ann", "a")));
}

TEST(SaslKeys, ProviderUnderAnyNumberMakesSaslAScheme) {
  EXPECT_TRUE(good(provider).sasl_in_acls);
  EXPECT_TRUE(good("authProvider.sasl=org.apache.zookeeper.server.auth.SASLAuthenticationProvider")
                  .sasl_in_acls);
  EXPECT_FALSE(good("authProvider.2=org.apache.zookeeper.server.auth.IPAuthenticationProvider")
                   .sasl_in_acls);
}

TEST(SaslKeys, SuperUsersMayBeSeveral) {
  auto cfg = good("superUser=bob\nzookeeper.superUser.2=ann\n");
  EXPECT_THAT(cfg.sasl_super_users, ElementsAre(Pair("", "bob"), Pair(".2", "ann")));
}

TEST(SaslKeys, PasswordOfSuperStandsAboveTheFile) {
  auto said = "SASLAuthenticationProvider.superPassword=other\n";
  EXPECT_EQ(good(said + named).sasl_users.at("super"), "other");
  auto from = read("sasl.serverconfig=Other\n" + named + said);
  ASSERT_TRUE(from) << from.error();
  EXPECT_THAT(from->warnings, ElementsAre(AllOf(HasSubstr("superPassword: without effect: "),
                                                Not(HasSubstr("other")))));
  EXPECT_FALSE(from->value.sasl_users.contains("super"));
}

TEST(SaslKeys, RequiredSaslStandsAboveEnforcedSchemes) {
  auto cfg = good(provider + named +
                  "sessionRequireClientSASLAuth=true\nenforce.auth.enabled=true\n"
                  "enforce.auth.schemes=digest\n");
  EXPECT_THAT(cfg.required_auth_schemes, ElementsAre("sasl"));
  EXPECT_TRUE(cfg.session_requires_sasl);
  cfg = good(provider + named + "enforce.auth.enabled=true\nenforce.auth.schemes=digest,sasl\n");
  EXPECT_THAT(cfg.required_auth_schemes, ElementsAre("digest", "sasl"));
}

TEST(SaslKeys, WhatNobodyCouldShowStopsTheStart) {
  EXPECT_THAT(bad(named + "sessionRequireClientSASLAuth=true\n"),
              AllOf(StartsWith("zoo.cfg:4: sessionRequireClientSASLAuth: "),
                    HasSubstr("accepted: with a line authProvider.1=org.apache")));
  EXPECT_THAT(bad("enforce.auth.enabled=true\nenforce.auth.schemes=digest,sasl\n"),
              StartsWith("zoo.cfg:4: enforce.auth.schemes: "));
  EXPECT_THAT(bad(provider + "sessionRequireClientSASLAuth=true\n"),
              AllOf(StartsWith("zoo.cfg:4: "), HasSubstr("nobody could log in"),
                    HasSubstr("accepted: with a line java.security.auth.login.config=")));
}

TEST(SaslKeys, AJaasFileThatIsMissingOrIllFormedStopsTheStartWithItsPlace) {
  EXPECT_THAT(bad(named, std::nullopt),
              "zoo.cfg:3: java.security.auth.login.config=/jaas.conf: cannot be read; accepted: a "
              "JAAS file");
  EXPECT_THAT(bad(named, "Server {\n" + module + "user_bob };\n"),
              "/jaas.conf:2: '=' is expected, not '}'");
  EXPECT_THAT(bad(named, "Client { " + module + "; };\n"),
              "/jaas.conf: there is no entry 'Server' (zoo.cfg:3: java.security.auth.login.config "
              "names this file)");
}

TEST(SaslKeys, WhatIsOfKerberosHasNoEffectAndSaysSo) {
  auto from = read(
      "jaasLoginRenew=3600000\nkerberos.removeHostFromPrincipal=true\n"
      "requireClientAuthScheme=sasl\n");
  ASSERT_TRUE(from);
  EXPECT_THAT(from->warnings,
              ElementsAre(HasSubstr("without effect: DIGEST-MD5 alone"), HasSubstr("DIGEST-MD5"),
                          HasSubstr("ZooKeeper does not read it either")));
}

}  // namespace
}  // namespace troupe::config
