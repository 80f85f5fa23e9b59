// SPDX-License-Identifier: Apache-2.0
/// Our side of DIGEST-MD5 against the client side of libsasl2.
#include "actors/base/sasl_conversation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/actor/sasl_client.hpp"

namespace troupe {
namespace {

using test::sasl_client;
using testing::HasSubstr;

std::shared_ptr<const sasl_conversation::users> some_users() {
  return std::make_shared<sasl_conversation::users>(
      sasl_conversation::users{{"super", "s3cret"}, {"bob", "builder"}, {"bob@home", "other"}});
}

TEST(SaslConversation, DigestMd5IsAvailable) {
  EXPECT_EQ(sasl_conversation::unavailable(), std::nullopt);
}

TEST(SaslConversation, WhoKnowsThePasswordIsThatUser) {
  for (const auto* name : {"bob", "super"}) {
    sasl_conversation server{some_users()};
    sasl_client client{name, some_users()->at(name)};
    auto challenge = server.answer("");
    ASSERT_TRUE(challenge) << challenge.error();
    EXPECT_THAT(*challenge, HasSubstr("realm=\"zk-sasl-md5\""));
    EXPECT_EQ(server.user(), std::nullopt);
    auto proof = server.answer(client.answer(*challenge));
    ASSERT_TRUE(proof) << proof.error();
    EXPECT_EQ(server.user(), name);
    EXPECT_THAT(*proof, HasSubstr("rspauth="));
    (void)client.answer(*proof);
    EXPECT_EQ(client.last, SASL_OK);
    EXPECT_FALSE(server.answer("once more"));
  }
}

TEST(SaslConversation, AWrongPasswordIsRefused) {
  sasl_conversation server{some_users()};
  sasl_client client{"bob", "destroyer"};
  auto challenge = server.answer("");
  ASSERT_TRUE(challenge);
  auto proof = server.answer(client.answer(*challenge));
  ASSERT_FALSE(proof);
  EXPECT_THAT(proof.error(), testing::Not(testing::IsEmpty()));
  EXPECT_FALSE(server.answer(""));
  EXPECT_EQ(server.user(), std::nullopt);
}

TEST(SaslConversation, AnUnknownUserIsRefused) {
  sasl_conversation server{some_users()};
  sasl_client client{"mallory", "builder"};
  auto challenge = server.answer("");
  ASSERT_TRUE(challenge);
  EXPECT_FALSE(server.answer(client.answer(*challenge)));
}

/// As the genuine server: it brings no proof of an earlier login.
TEST(SaslConversation, AFirstTokenIsAnsweredByAChallengeWhateverItIs) {
  sasl_conversation server{some_users()};
  auto challenge = server.answer("username=\"bob\"");
  ASSERT_TRUE(challenge);
  EXPECT_THAT(*challenge, HasSubstr("nonce="));
  EXPECT_EQ(server.user(), std::nullopt);
}

TEST(SaslConversation, WhoWouldLikeToBeAnotherIsStillWhoItProvesToBe) {
  sasl_conversation server{some_users()};
  sasl_client client{"bob", "builder", "super"};
  auto challenge = server.answer("");
  ASSERT_TRUE(challenge);
  auto proof = server.answer(client.answer(*challenge));
  ASSERT_TRUE(proof) << proof.error();
  EXPECT_EQ(server.user(), "bob");
}

TEST(SaslConversation, GarbageIsRefused) {
  for (const std::string garbage : {"x", "username=", "=,=,", "\xff\xfe"}) {
    sasl_conversation server{some_users()};
    ASSERT_TRUE(server.answer(""));
    EXPECT_FALSE(server.answer(garbage)) << garbage;
    EXPECT_EQ(server.user(), std::nullopt);
  }
}

TEST(SaslConversation, TwoAtATimeDoNotMeetEachOthersUsers) {
  auto few = std::make_shared<sasl_conversation::users>(
      sasl_conversation::users{{"bob", "from another house"}});
  sasl_conversation here{some_users()};
  sasl_conversation there{few};
  sasl_client one{"bob", "builder"};
  sasl_client two{"bob", "builder"};
  auto from_here = here.answer("");
  auto from_there = there.answer("");
  ASSERT_TRUE(from_here && from_there);
  EXPECT_TRUE(here.answer(one.answer(*from_here)));
  EXPECT_FALSE(there.answer(two.answer(*from_there)));
}

}  // namespace
}  // namespace troupe
