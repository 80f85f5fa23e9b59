// SPDX-License-Identifier: Apache-2.0
/// Our side of DIGEST-MD5 against the client side of libsasl2.
#include "actors/sasl_conversation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sasl/sasl.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace troupe {
namespace {

using testing::HasSubstr;

template <class Function>
int (*erased(Function f))() {
  return reinterpret_cast<int (*)()>(reinterpret_cast<void (*)()>(f));
}

class sasl_client {
 public:
  sasl_client(std::string user, std::string password) : user_{std::move(user)} {
    secret_.resize(sizeof(sasl_secret_t) + password.size());
    auto* secret = reinterpret_cast<sasl_secret_t*>(secret_.data());
    secret->len = password.size();
    std::memcpy(secret->data, password.data(), password.size());
    callbacks_ = {{{SASL_CB_USER, erased(&say_user), this},
                   {SASL_CB_AUTHNAME, erased(&say_user), this},
                   {SASL_CB_PASS, erased(&say_password), this},
                   {SASL_CB_LIST_END, nullptr, nullptr}}};
    static const int initialized = sasl_client_init(nullptr);
    EXPECT_EQ(initialized, SASL_OK);
    EXPECT_EQ(sasl_client_new("zookeeper", "zk-sasl-md5", nullptr, nullptr, callbacks_.data(), 0,
                              &connection_),
              SASL_OK);
    const char* first = nullptr;
    unsigned size = 0;
    const char* chosen = nullptr;
    EXPECT_EQ(sasl_client_start(connection_, "DIGEST-MD5", nullptr, &first, &size, &chosen),
              SASL_CONTINUE);
  }
  ~sasl_client() { sasl_dispose(&connection_); }
  sasl_client(const sasl_client&) = delete;
  sasl_client& operator=(const sasl_client&) = delete;

  std::string answer(const std::string& token) {
    const char* out = nullptr;
    unsigned size = 0;
    last = sasl_client_step(connection_, token.data(), static_cast<unsigned>(token.size()), nullptr,
                            &out, &size);
    return out == nullptr ? std::string{} : std::string{out, size};
  }

  int last = SASL_CONTINUE;

 private:
  static int say_user(void* context, int, const char** result, unsigned* size) {
    auto* self = static_cast<sasl_client*>(context);
    *result = self->user_.c_str();
    if (size != nullptr) *size = static_cast<unsigned>(self->user_.size());
    return SASL_OK;
  }
  static int say_password(sasl_conn_t*, void* context, int, sasl_secret_t** secret) {
    *secret = reinterpret_cast<sasl_secret_t*>(static_cast<sasl_client*>(context)->secret_.data());
    return SASL_OK;
  }

  std::string user_;
  std::vector<char> secret_;
  std::array<sasl_callback_t, 4> callbacks_{};
  sasl_conn_t* connection_ = nullptr;
};

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
  EXPECT_EQ(server.user(), std::nullopt);
}

TEST(SaslConversation, AnUnknownUserIsRefused) {
  sasl_conversation server{some_users()};
  sasl_client client{"mallory", "builder"};
  auto challenge = server.answer("");
  ASSERT_TRUE(challenge);
  EXPECT_FALSE(server.answer(client.answer(*challenge)));
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
