// SPDX-License-Identifier: Apache-2.0
#include "actors/core/session_passwords.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

#include "messages/client/session_password.hpp"

namespace troupe::core {
namespace {

constexpr std::size_t password_bytes = 16;
constexpr std::size_t fingerprint_bytes = 4;

std::string hmac(std::string_view secret, std::string_view of) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(of.data()), of.size(), out.data(),
           &size) == nullptr)
    throw std::runtime_error("HMAC-SHA256 is not there");
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string password_by(std::string_view secret, session_id session) {
  if (secret == session_passwords::zookeepers) return session_password(session);
  std::string text = "session password ";
  const auto id = static_cast<std::uint64_t>(session.value);
  for (int shift = 56; shift >= 0; shift -= 8) text.push_back(static_cast<char>(id >> shift));
  return hmac(secret, text).substr(0, password_bytes);
}

bool is_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string accepted_form() {
  return "accepted: a secret a line, of " + std::to_string(session_passwords::secret_bytes_min) +
         " to " + std::to_string(session_passwords::secret_bytes_max) +
         " bytes, or the word zookeeper; at most " +
         std::to_string(session_passwords::secrets_max) + " lines, the first in use";
}

}  // namespace

tl::expected<session_passwords, std::string> session_passwords::parse(std::string_view text) {
  session_passwords out;
  out.secrets_.clear();
  for (std::size_t number = 1; !text.empty(); ++number) {
    const auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto refuse = [&](const std::string& why) {
      return tl::unexpected("line " + std::to_string(number) + ": " + why + "; " + accepted_form());
    };
    if (line != zookeepers && line.size() < secret_bytes_min)
      return refuse("a secret of " + std::to_string(line.size()) + " bytes is too short");
    if (line.size() > secret_bytes_max)
      return refuse("a secret of " + std::to_string(line.size()) + " bytes is too long");
    if (out.secrets_.size() == secrets_max) return refuse("one too many");
    out.secrets_.emplace_back(line);
  }
  if (out.secrets_.empty()) return tl::unexpected("there is no secret in it; " + accepted_form());
  return out;
}

std::string session_passwords::of(session_id session) const {
  return password_by(secrets_.front(), session);
}

bool session_passwords::accepts(session_id session, std::string_view shown) const {
  bool is_right = false;
  for (const auto& secret : secrets_)
    is_right = is_same(password_by(secret, session), shown) || is_right;
  return is_right;
}

std::string_view session_passwords::why_refused(session_id session, std::string_view shown) const {
  if (!has_secret()) return "wrong password";
  if (is_same(session_password(session), shown))
    return "a password of ZooKeeper's kind, which session.passwordSecretFile does not accept";
  return "wrong password, or made with a secret that is not in session.passwordSecretFile";
}

bool session_passwords::has_secret() const {
  return std::ranges::any_of(secrets_, [](const auto& x) { return x != zookeepers; });
}

std::string session_passwords::fingerprint() const {
  auto sorted = secrets_;
  std::ranges::sort(sorted);
  std::string all;
  for (const auto& secret : sorted) all += hmac(secret, "fingerprint");
  std::string out;
  for (const char c : hmac(all, "fingerprint").substr(0, fingerprint_bytes)) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    out += {digits[byte >> 4], digits[byte & 15]};
  }
  return out;
}

}  // namespace troupe::core
