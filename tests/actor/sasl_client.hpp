// SPDX-License-Identifier: Apache-2.0
/// A client's side of DIGEST-MD5, that of libsasl2.
#pragma once

#include <gtest/gtest.h>
#include <sasl/sasl.h>

#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace troupe::test {

template <class Function>
inline int (*erased(Function f))() {
  return reinterpret_cast<int (*)()>(reinterpret_cast<void (*)()>(f));
}

class sasl_client {
 public:
  sasl_client(std::string user, std::string password, std::string wishes_to_be = {})
      : user_{std::move(user)}, wish_{wishes_to_be.empty() ? user_ : std::move(wishes_to_be)} {
    secret_.resize(sizeof(sasl_secret_t) + password.size());
    auto* secret = reinterpret_cast<sasl_secret_t*>(secret_.data());
    secret->len = password.size();
    std::memcpy(secret->data, password.data(), password.size());
    callbacks_ = {{{SASL_CB_USER, erased(&say_wish), this},
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

  /// What a client says to the server's token.
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
  static int say_wish(void* context, int, const char** result, unsigned* size) {
    auto* self = static_cast<sasl_client*>(context);
    *result = self->wish_.c_str();
    if (size != nullptr) *size = static_cast<unsigned>(self->wish_.size());
    return SASL_OK;
  }
  static int say_password(sasl_conn_t*, void* context, int, sasl_secret_t** secret) {
    *secret = reinterpret_cast<sasl_secret_t*>(static_cast<sasl_client*>(context)->secret_.data());
    return SASL_OK;
  }

  std::string user_, wish_;
  std::vector<char> secret_;
  std::array<sasl_callback_t, 4> callbacks_{};
  sasl_conn_t* connection_ = nullptr;
};

}  // namespace troupe::test
