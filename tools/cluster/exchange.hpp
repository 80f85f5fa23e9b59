// SPDX-License-Identifier: Apache-2.0
/// How a client proves to a host of a test cluster that it may ask for something: both know a
/// secret. One connection carries one question, in lines of JSON:
///   host    {"troupe-cluster":1,"nonce":N}        N: new for each connection
///   client  {"body":B,"mac":HMAC-SHA256(secret, "ask" N B)}         B, a text, holds a nonce M too
///   host    {"body":C,"mac":HMAC-SHA256(secret, "answer" N M C)}
/// So a question is good for one connection, an answer for one question, and neither side learns
/// the secret from the other.
///
/// Threat model. Kept off: whoever reaches the port and does not know the secret, also when he has
/// heard all that was said before; he gets no server, no file and no process touched. Not kept off:
/// whoever reads the secret's file; listening along (nothing is encrypted); and what any server's
/// peer and client ports allow, which is what ZooKeeper's allow. Test clusters belong on loopback
/// or a network of their own. Errors: one line that says what and where.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace troupe::cluster {

inline constexpr std::size_t line_bytes_max = 1 << 20;

/// Bytes that client and host share. Not printed, not in any state file.
class secret {
 public:
  /// The file's content without blanks at its end: 16 bytes or more, readable by its owner alone.
  [[nodiscard]] static tl::expected<secret, std::string> load(const std::string& path);
  explicit secret(std::string bytes) : bytes_(std::move(bytes)) {}

  /// HMAC-SHA256 in hex over the parts, each with its length before it.
  [[nodiscard]] std::string mac(std::initializer_list<std::string_view> parts) const;

 private:
  std::string bytes_;
};

/// From the system's generator, in hex.
[[nodiscard]] std::string random_hex(std::size_t bytes);

/// Takes as long wherever they differ.
[[nodiscard]] bool is_same(std::string_view a, std::string_view b);

// The four lines' texts, without line ends.
[[nodiscard]] std::string challenge_line(const std::string& nonce);
[[nodiscard]] tl::expected<std::string, std::string> read_challenge(std::string_view line);
[[nodiscard]] std::string question_line(const secret& shared, const std::string& nonce,
                                        const nlohmann::json& question);
/// The question, if it comes from one who knows the secret and was asked on this nonce.
[[nodiscard]] tl::expected<nlohmann::json, std::string> read_question(const secret& shared,
                                                                      const std::string& nonce,
                                                                      std::string_view line);
[[nodiscard]] std::string answer_line(const secret& shared, const std::string& nonce,
                                      const nlohmann::json& question, const nlohmann::json& answer);
[[nodiscard]] tl::expected<nlohmann::json, std::string> read_answer(const secret& shared,
                                                                    const std::string& nonce,
                                                                    const nlohmann::json& question,
                                                                    std::string_view line);

struct address {
  std::string host;
  std::uint16_t port = 0;
  [[nodiscard]] std::string text() const { return host + ":" + std::to_string(port); }
};

/// "127.0.0.1:7711"; IPv6 in brackets is not taken.
[[nodiscard]] tl::expected<address, std::string> parse_address(std::string_view text);

/// Asks a host and waits for its answer, which is an object without "error".
[[nodiscard]] tl::expected<nlohmann::json, std::string> ask(const address& host,
                                                            const secret& shared,
                                                            nlohmann::json question,
                                                            int timeout_ms);

}  // namespace troupe::cluster
