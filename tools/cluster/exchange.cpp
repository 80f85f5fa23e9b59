// SPDX-License-Identifier: Apache-2.0
#include "tools/cluster/exchange.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>

#include "actors/node/connector.hpp"
#include "config/server_line.hpp"

namespace troupe::cluster {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t secret_bytes_min = 16;

std::string hex_of(std::string_view bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string out;
  for (unsigned char x : bytes) {
    out += digits[x >> 4];
    out += digits[x & 15];
  }
  return out;
}

/// An object from outside, or null: what is no JSON is no exception.
json parsed(std::string_view line) {
  auto out = json::parse(line, nullptr, false);
  return out.is_object() ? out : json{};
}

std::string text_in(const json& from, const char* key) {
  auto it = from.find(key);
  return it != from.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

std::string sealed(const std::string& body, const std::string& mac) {
  return json{{"body", body}, {"mac", mac}}.dump();
}

int left_ms(steady_clock::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
  return left > 0 ? static_cast<int>(left) : 0;
}

/// A connection to a host, read by lines.
class talk {
 public:
  talk(int fd, steady_clock::time_point deadline) : fd_(fd), deadline_(deadline) {}
  talk(const talk&) = delete;
  talk& operator=(const talk&) = delete;
  ~talk() { ::close(fd_); }

  [[nodiscard]] bool say(std::string line) {
    line += '\n';
    for (std::string_view rest = line; !rest.empty();) {
      const auto sent = ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent > 0)
        rest.remove_prefix(static_cast<std::size_t>(sent));
      else if (errno != EINTR && (errno != EAGAIN || !wait(POLLOUT)))
        return false;
    }
    return true;
  }

  [[nodiscard]] tl::expected<std::string, std::string> hear() {
    for (;;) {
      if (const auto end = got_.find('\n'); end != std::string::npos) {
        auto line = got_.substr(0, end);
        got_.erase(0, end + 1);
        return line;
      }
      if (!wait(POLLIN)) return tl::unexpected(std::string{"no answer in time"});
      char block[4096];
      const auto size = ::recv(fd_, block, sizeof block, 0);
      if (size < 0 && (errno == EINTR || errno == EAGAIN)) continue;
      if (size <= 0) return tl::unexpected(std::string{"it hung up"});
      got_.append(block, static_cast<std::size_t>(size));
      if (got_.size() > line_bytes_max) return tl::unexpected(std::string{"it talks too much"});
    }
  }

 private:
  bool wait(short what) {
    pollfd waiting{fd_, what, 0};
    return ::poll(&waiting, 1, left_ms(deadline_)) > 0;
  }

  int fd_;
  steady_clock::time_point deadline_;
  std::string got_;
};

}  // namespace

tl::expected<secret, std::string> secret::load(const std::string& path) {
  const std::string how = "; `openssl rand -hex 32 > " + path + " && chmod 600 " + path +
                          "` makes one, to be copied to every host and client";
  struct stat found {};
  if (path.empty()) return tl::unexpected(std::string{"no secret: --secret-file FILE names it"});
  if (::stat(path.c_str(), &found) != 0)
    return tl::unexpected(path + ": " + std::strerror(errno) + how);
  if ((found.st_mode & 077) != 0)
    return tl::unexpected(path +
                          ": others than its owner may read or write this secret; chmod 600 " +
                          path + " keeps them out");
  std::ifstream file{path};
  std::stringstream content;
  content << file.rdbuf();
  auto bytes = content.str();
  while (!bytes.empty() && std::isspace(static_cast<unsigned char>(bytes.back()))) bytes.pop_back();
  if (!file || bytes.size() < secret_bytes_min)
    return tl::unexpected(path + ": a secret has at least " + std::to_string(secret_bytes_min) +
                          " bytes" + how);
  return secret{std::move(bytes)};
}

std::string secret::mac(std::initializer_list<std::string_view> parts) const {
  std::string whole;
  for (auto part : parts) {
    whole += std::to_string(part.size()) + ":";
    whole += part;
  }
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (::HMAC(EVP_sha256(), bytes_.data(), static_cast<int>(bytes_.size()),
             reinterpret_cast<const unsigned char*>(whole.data()), whole.size(), digest,
             &size) == nullptr)
    throw std::runtime_error{"HMAC-SHA256 cannot be computed"};
  return hex_of({reinterpret_cast<const char*>(digest), size});
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0');
  if (::RAND_bytes(reinterpret_cast<unsigned char*>(raw.data()), static_cast<int>(bytes)) != 1)
    throw std::runtime_error{"the system gives no random bytes"};
  return hex_of(raw);
}

bool is_same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string challenge_line(const std::string& nonce) {
  return json{{"troupe-cluster", 1}, {"nonce", nonce}}.dump();
}

tl::expected<std::string, std::string> read_challenge(std::string_view line) {
  const auto said = parsed(line);
  if (auto nonce = text_in(said, "nonce"); said.contains("troupe-cluster") && !nonce.empty())
    return nonce;
  return tl::unexpected(std::string{"that is no host of actor-cluster"});
}

std::string question_line(const secret& shared, const std::string& nonce, const json& question) {
  const auto body = question.dump();
  return sealed(body, shared.mac({"ask", nonce, body}));
}

tl::expected<json, std::string> read_question(const secret& shared, const std::string& nonce,
                                              std::string_view line) {
  const auto said = parsed(line);
  const auto body = text_in(said, "body");
  if (!is_same(text_in(said, "mac"), shared.mac({"ask", nonce, body})))
    return tl::unexpected(
        std::string{"refused: who asks does not know this host's secret; --secret-file of client "
                    "and host must name the same one"});
  auto question = parsed(body);
  if (question.is_null()) return tl::unexpected(std::string{"the question is no JSON object"});
  return question;
}

std::string answer_line(const secret& shared, const std::string& nonce, const json& question,
                        const json& answer) {
  const auto body = answer.dump(-1, ' ', false, json::error_handler_t::replace);
  return sealed(body, shared.mac({"answer", nonce, text_in(question, "nonce"), body}));
}

tl::expected<json, std::string> read_answer(const secret& shared, const std::string& nonce,
                                            const json& question, std::string_view line) {
  const auto said = parsed(line);
  if (const auto refusal = text_in(said, "error"); !refusal.empty()) return tl::unexpected(refusal);
  const auto body = text_in(said, "body");
  if (!is_same(text_in(said, "mac"),
               shared.mac({"answer", nonce, text_in(question, "nonce"), body})))
    return tl::unexpected(
        std::string{"its answer is not sealed with our secret; it is not trusted"});
  auto answer = parsed(body);
  if (auto error = text_in(answer, "error"); !error.empty()) return tl::unexpected(error);
  return answer;
}

tl::expected<address, std::string> parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port = colon == std::string_view::npos
                        ? std::nullopt
                        : config::parse_number(text.substr(colon + 1), 0, 65'535);
  const auto host = text.substr(0, port ? colon : 0);
  if (host.empty() || host.find_first_of(":/ ,") != std::string_view::npos)
    return tl::unexpected("'" + std::string{text} +
                          "' is no address; accepted: HOST:PORT such as 127.0.0.1:7711");
  return address{std::string{host}, static_cast<std::uint16_t>(*port)};
}

tl::expected<json, std::string> ask(const address& host, const secret& shared, json question,
                                    int timeout_ms) {
  auto failed = [&host](const std::string& why) {
    return tl::unexpected("host " + host.text() + ": " + why);
  };
  const auto deadline = steady_clock::now() + milliseconds{timeout_ms};
  connect_options with;
  with.connect_limit = std::min(with.connect_limit, milliseconds{timeout_ms});
  auto fd = connect_within(host.host, host.port, with);
  if (!fd) return failed(fd.error() + "; is `actor-cluster host` running there?");
  talk line{*fd, deadline};
  question["nonce"] = random_hex(16);
  auto nonce = line.hear().and_then([](const std::string& x) { return read_challenge(x); });
  if (!nonce) return failed(nonce.error());
  if (!line.say(question_line(shared, *nonce, question))) return failed("it hung up");
  auto answer = line.hear().and_then(
      [&](const std::string& x) { return read_answer(shared, *nonce, question, x); });
  if (!answer) return failed(answer.error());
  return answer;
}

}  // namespace troupe::cluster
