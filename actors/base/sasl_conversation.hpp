// SPDX-License-Identifier: Apache-2.0
/// One client's proof that it knows a password, DIGEST-MD5 (RFC 2831), spoken by libsasl2: what
/// ZooKeeperSaslServer is to one ServerCnxn.
/// Errors: the library's own words. A conversation that failed or is complete takes no more tokens,
/// as Java's SaslServer, and holds nothing of the library's.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace troupe {

class sasl_conversation {
 public:
  using users = std::map<std::string, std::string>;  // password by name

  /// Longer than any that DIGEST-MD5 has (RFC 2831: 4096 bytes at most).
  static constexpr std::size_t token_bytes_max = 8 * 1024;

  explicit sasl_conversation(std::shared_ptr<const users> known);
  ~sasl_conversation();
  sasl_conversation(const sasl_conversation&) = delete;
  sasl_conversation& operator=(const sasl_conversation&) = delete;

  /// Why this machine cannot speak DIGEST-MD5; nothing if it can.
  [[nodiscard]] static std::optional<std::string> unavailable();

  /// The client's token, answered by ours. Its first says nothing, whatever it is.
  [[nodiscard]] tl::expected<std::string, std::string> answer(std::string_view token);

  /// Who the client proved to be, once it has.
  [[nodiscard]] const std::optional<std::string>& user() const { return user_; }

 private:
  struct library_state;
  [[nodiscard]] tl::expected<std::string, std::string> step(std::string_view token);

  std::unique_ptr<library_state> library_;
  std::optional<std::string> user_;
};

}  // namespace troupe
