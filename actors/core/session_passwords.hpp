// SPDX-License-Identifier: Apache-2.0
/// The passwords by which clients come back to their sessions. ZooKeeper's follow from the
/// session's id alone, so whoever reads an ephemeralOwner can make one
/// (messages/client/session_password.hpp). With a secret they are HMAC-SHA256 over the id, cut to
/// 16 bytes: nobody without the secret can, and every server that has it knows them all without
/// having been told. Several are for a change without a lost session: the first makes passwords,
/// all are accepted.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "messages/ids.hpp"

namespace troupe::core {

class session_passwords {
 public:
  static constexpr std::size_t secret_bytes_min = 16, secret_bytes_max = 1024;
  static constexpr std::size_t secrets_max = 8;
  /// In a secret's place: ZooKeeper's own passwords.
  static constexpr std::string_view zookeepers = "zookeeper";

  /// ZooKeeper's own.
  session_passwords() = default;

  /// From the text of a file: a secret a line, `zookeeper` for ZooKeeper's own passwords. The error
  /// says what is accepted, and shows nothing of what is there.
  [[nodiscard]] static tl::expected<session_passwords, std::string> parse(std::string_view text);

  [[nodiscard]] std::string of(session_id session) const;
  /// Takes as long whatever was shown.
  [[nodiscard]] bool accepts(session_id session, std::string_view shown) const;

  /// Why `shown` may have been refused, for whoever runs the servers.
  [[nodiscard]] std::string_view why_refused(session_id session, std::string_view shown) const;

  [[nodiscard]] bool has_secret() const;
  /// Servers that show the same accept each other's passwords. Gives no secret away.
  [[nodiscard]] std::string fingerprint() const;

 private:
  std::vector<std::string> secrets_ = {std::string{zookeepers}};  // the first one makes passwords
};

}  // namespace troupe::core
