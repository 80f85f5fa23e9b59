// SPDX-License-Identifier: Apache-2.0
#include "config/jaas.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace troupe::config {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;

constexpr const char* usual = R"(
// what an installation has
Server {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  user_super="super \"secret\""
  user_jaasuser="jaas_password";
};
/* and beside it */
Client {
  org.apache.zookeeper.server.auth.DigestLoginModule required
  username="jaasuser" password="jaas_password";
};
)";

TEST(Jaas, UsersOfTheEntryAreReadAndOtherEntriesAreNot) {
  auto users = read_jaas_users(usual, "Server");
  ASSERT_TRUE(users) << users.error().text;
  EXPECT_THAT(*users, UnorderedElementsAre(Pair("super", "super \"secret\""),
                                           Pair("jaasuser", "jaas_password")));
}

TEST(Jaas, AnEntryThatIsNotThereIsNamed) {
  auto users = read_jaas_users(usual, "QuorumServer");
  ASSERT_FALSE(users);
  EXPECT_THAT(users.error().text, HasSubstr("there is no entry 'QuorumServer'"));
}

TEST(Jaas, AnEntryWithoutUsersIsRefused) {
  auto users = read_jaas_users(usual, "Client");
  ASSERT_FALSE(users);
  EXPECT_THAT(users.error().text, HasSubstr("names no user"));
}

TEST(Jaas, AnotherLoginModuleIsRefusedInOurEntryAlone) {
  const std::string text =
      "Client { com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true; };\n"
      "Server { com.sun.security.auth.module.Krb5LoginModule required; };";
  auto users = read_jaas_users(text, "Server");
  ASSERT_FALSE(users);
  EXPECT_EQ(users.error().line, 2);
  EXPECT_THAT(users.error().text, HasSubstr("the login module com.sun.security"));
  EXPECT_THAT(users.error().text, HasSubstr("accepted: org.apache.zookeeper"));
}

struct broken {
  std::string text;
  int line;  // 0: the file as a whole
  std::string says;
};

class BrokenJaas : public testing::TestWithParam<broken> {};

TEST_P(BrokenJaas, SaysLineAndWhatIsExpected) {
  auto users = read_jaas_users(GetParam().text, "Server");
  ASSERT_FALSE(users);
  EXPECT_EQ(users.error().line, GetParam().line);
  EXPECT_THAT(users.error().text, HasSubstr(GetParam().says));
}

const std::string module = "org.apache.zookeeper.server.auth.DigestLoginModule";

INSTANTIATE_TEST_SUITE_P(
    Each, BrokenJaas,
    testing::Values(broken{"", 0, "there is no entry 'Server'"},
                    broken{"Server\n{", 2, "a login module or '}' is expected, not the end"},
                    broken{"Server = x", 1, "'{' is expected, not '='"},
                    broken{"Server { " + module + " }", 1, "'required' or another flag"},
                    broken{"Server { " + module + " required user_a }", 1,
                           "'=' is expected, not '}'"},
                    broken{"Server { " + module + " required user_a=\"b }; };", 1,
                           "a value in quotes is expected, not the end of the file"},
                    broken{"Server { " + module + " required\n\nuser_a=\"b\"; }", 3,
                           "';' behind '}' is expected, not the end of the file"},
                    broken{"/* Server {", 0, "there is no entry"}));

}  // namespace
}  // namespace troupe::config
