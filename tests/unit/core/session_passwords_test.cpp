// SPDX-License-Identifier: Apache-2.0
#include "actors/core/session_passwords.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messages/client/session_password.hpp"

namespace troupe::core {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr session_id somebody{0x0100000000000abc};
constexpr session_id another{0x0100000000000abd};

session_passwords made_of(std::string_view text) {
  auto out = session_passwords::parse(text);
  EXPECT_TRUE(out) << (out ? "" : out.error());
  return out.value_or(session_passwords{});
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (unsigned char c : bytes) {
    out += "0123456789abcdef"[c >> 4];
    out += "0123456789abcdef"[c & 15];
  }
  return out;
}

TEST(SessionPasswords, WithoutASecretTheyAreZooKeepers) {
  session_passwords none;
  EXPECT_FALSE(none.has_secret());
  EXPECT_EQ(none.of(somebody), session_password(somebody));
  EXPECT_TRUE(none.accepts(somebody, session_password(somebody)));
  EXPECT_FALSE(none.accepts(somebody, session_password(another)));
  EXPECT_FALSE(none.accepts(somebody, ""));
}

TEST(SessionPasswords, SecretMakesAnotherOneForEachSession) {
  const auto secret = made_of("0123456789abcdef0123");
  EXPECT_TRUE(secret.has_secret());
  EXPECT_EQ(secret.of(somebody).size(), 16u);
  // openssl dgst -sha256 -hmac 0123456789abcdef0123 over the words and the id's eight bytes.
  EXPECT_EQ(hex(secret.of(somebody)), "0ecc5451ab0385027dd9d3606f31f8b8");
  EXPECT_NE(secret.of(somebody), secret.of(another));
  EXPECT_NE(secret.of(somebody), made_of("0123456789abcdef0124").of(somebody));
  EXPECT_TRUE(secret.accepts(somebody, secret.of(somebody)));
  EXPECT_FALSE(secret.accepts(somebody, secret.of(another)));
}

TEST(SessionPasswords, WhoKnowsTheIdAloneIsRefused) {
  const auto secret = made_of("0123456789abcdef0123");
  EXPECT_FALSE(secret.accepts(somebody, session_password(somebody)));
  EXPECT_FALSE(secret.accepts(somebody, std::string(16, '\0')));
  EXPECT_FALSE(secret.accepts(somebody, secret.of(somebody).substr(0, 15)));
  EXPECT_FALSE(secret.accepts(somebody, secret.of(somebody) + "x"));
}

TEST(SessionPasswords, FirstSecretMakesThemAndAllAreAccepted) {
  const auto before = made_of("the former secret");
  const auto both = made_of("the newer secret\nthe former secret\n");
  EXPECT_EQ(both.of(somebody), made_of("the newer secret").of(somebody));
  EXPECT_TRUE(both.accepts(somebody, both.of(somebody)));
  EXPECT_TRUE(both.accepts(somebody, before.of(somebody)));
  EXPECT_FALSE(both.accepts(somebody, session_password(somebody)));
}

TEST(SessionPasswords, ZooKeepersOwnMayBeAmongThem) {
  const auto leaving = made_of("the newer secret\nzookeeper\n");
  EXPECT_EQ(leaving.of(somebody), made_of("the newer secret").of(somebody));
  EXPECT_TRUE(leaving.accepts(somebody, session_password(somebody)));
  const auto coming = made_of("zookeeper\nthe newer secret\n");
  EXPECT_EQ(coming.of(somebody), session_password(somebody));
  EXPECT_TRUE(coming.accepts(somebody, leaving.of(somebody)));
  EXPECT_FALSE(made_of("zookeeper").has_secret());
}

TEST(SessionPasswords, LineEndsAreNoPartOfASecret) {
  const auto plain = made_of("0123456789abcdef");
  for (const auto* text : {"0123456789abcdef\n", "0123456789abcdef\r\n", "\n0123456789abcdef\n\n"})
    EXPECT_EQ(made_of(text).of(somebody), plain.of(somebody));
  EXPECT_NE(made_of("0123456789abcdef ").of(somebody), plain.of(somebody));
}

TEST(SessionPasswords, WhatIsNoSecretIsRefusedWithoutBeingShown) {
  const auto too_long = std::string(1025, 'x');
  const auto too_many = [] {
    std::string out;
    for (int i = 0; i < 9; ++i) out += "a secret, number " + std::to_string(i) + "\n";
    return out;
  }();
  for (const auto& text : {std::string{}, std::string{"\n\n"}, std::string{"123456789012345"},
                           std::string{"a secret, number 1\nshort\n"}, too_long, too_many}) {
    auto refused = session_passwords::parse(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error(), HasSubstr("accepted: a secret a line, of 16 to 1024 bytes"));
    EXPECT_THAT(refused.error(), Not(HasSubstr("123456789012345")));
    EXPECT_THAT(refused.error(), Not(HasSubstr("short\n")));
  }
  EXPECT_THAT(session_passwords::parse("a secret, number 1\nshort\n").error(),
              HasSubstr("line 2: a secret of 5 bytes is too short"));
  EXPECT_TRUE(session_passwords::parse(std::string(1024, 'x')));
}

TEST(SessionPasswords, RefusalSaysWhatIsProbablyTheMatter) {
  const auto secret = made_of("0123456789abcdef0123");
  EXPECT_EQ(session_passwords{}.why_refused(somebody, "x"), "wrong password");
  EXPECT_THAT(std::string{secret.why_refused(somebody, session_password(somebody))},
              HasSubstr("ZooKeeper's kind"));
  EXPECT_THAT(std::string{secret.why_refused(somebody, std::string(16, 'x'))},
              HasSubstr("not in session.passwordSecretFile"));
}

TEST(SessionPasswords, FingerprintIsOfTheSetAndOfNothingElse) {
  const auto one = made_of("the former secret\nthe newer secret").fingerprint();
  EXPECT_EQ(one.size(), 8u);
  EXPECT_EQ(one, made_of("the newer secret\nthe former secret\n").fingerprint());
  EXPECT_NE(one, made_of("the newer secret").fingerprint());
}

}  // namespace
}  // namespace troupe::core
