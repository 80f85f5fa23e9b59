// SPDX-License-Identifier: Apache-2.0
#include "config/jaas.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace troupe::config {
namespace {

constexpr std::string_view digest_module = "org.apache.zookeeper.server.auth.DigestLoginModule";
constexpr std::string_view user_prefix = "user_";

struct token {
  enum class kind { word, quoted, sign, end };
  kind what = kind::end;
  std::string text;
  int line = 1;

  [[nodiscard]] bool is(char sign) const { return what == kind::sign && text.front() == sign; }
  [[nodiscard]] std::string shown() const {
    return what == kind::end ? "the end of the file" : "'" + text + "'";
  }
};

class tokens {
 public:
  explicit tokens(std::string_view text) : rest_{text} {}

  /// A text without its closing quote or a comment without its end reads as the end of the file.
  token next() {
    skip_blanks();
    token t;
    t.line = line_;
    if (rest_.empty()) return t;
    if (rest_.front() == '"') return quoted(std::move(t));
    if (is_word(rest_.front())) {
      std::size_t n = 0;
      while (n < rest_.size() && is_word(rest_[n])) ++n;
      t.what = token::kind::word;
      t.text = take(n);
      return t;
    }
    t.what = token::kind::sign;
    t.text = take(1);
    return t;
  }

 private:
  static bool is_word(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '$' ||
           c == '.' || c == '*' || static_cast<unsigned char>(c) >= 0x80;
  }

  std::string take(std::size_t n) {
    std::string out{rest_.substr(0, n)};
    for (char c : out) line_ += c == '\n';
    rest_.remove_prefix(n);
    return out;
  }

  void skip_blanks() {
    for (;;) {
      std::size_t n = 0;
      while (n < rest_.size() && std::isspace(static_cast<unsigned char>(rest_[n])) != 0) ++n;
      take(n);
      if (rest_.starts_with("//")) {
        take(std::min(rest_.find('\n'), rest_.size()));
      } else if (rest_.starts_with("/*")) {
        auto end = rest_.find("*/", 2);
        take(end == std::string_view::npos ? rest_.size() : end + 2);
      } else {
        return;
      }
    }
  }

  token quoted(token t) {
    take(1);
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\' && rest_.size() > 1) take(1);
      t.text += take(1);
    }
    if (rest_.empty()) return t;
    take(1);
    t.what = token::kind::quoted;
    return t;
  }

  std::string_view rest_;
  int line_ = 1;
};

tl::unexpected<syntax_error> expected_there(std::string_view what, const token& found) {
  return tl::unexpected(
      syntax_error{found.line, std::string{what} + " is expected, not " + found.shown()});
}

tl::unexpected<syntax_error> of_the_whole(std::string text) {
  return tl::unexpected(syntax_error{0, std::move(text)});
}

/// `module flag name="value" ...;`, its first word read already. `users` is null for an entry that
/// is not ours.
std::optional<syntax_error> read_module(tokens& in, const token& module, sasl_users* users) {
  if (users != nullptr && module.text != digest_module)
    return syntax_error{module.line,
                        "the login module " + module.text +
                            " cannot be used; accepted: " + std::string{digest_module}};
  if (auto flag = in.next(); flag.what != token::kind::word)
    return expected_there("'required' or another flag", flag).value();
  for (auto name = in.next(); !name.is(';'); name = in.next()) {
    if (name.what != token::kind::word) return expected_there("an option or ';'", name).value();
    if (auto equals = in.next(); !equals.is('=')) return expected_there("'='", equals).value();
    auto value = in.next();
    if (value.what != token::kind::quoted && value.what != token::kind::word)
      return expected_there("a value in quotes", value).value();
    if (users != nullptr && name.text.starts_with(user_prefix))
      users->insert_or_assign(name.text.substr(user_prefix.size()), value.text);
  }
  return std::nullopt;
}

}  // namespace

tl::expected<sasl_users, syntax_error> read_jaas_users(std::string_view text,
                                                       std::string_view section) {
  tokens in{text};
  std::optional<sasl_users> found;
  for (auto name = in.next(); name.what != token::kind::end; name = in.next()) {
    if (name.what == token::kind::sign) return expected_there("the name of an entry", name);
    if (auto brace = in.next(); !brace.is('{')) return expected_there("'{'", brace);
    const bool ours = name.text == section;
    if (ours) found.emplace();
    for (auto module = in.next(); !module.is('}'); module = in.next()) {
      if (module.what != token::kind::word) return expected_there("a login module or '}'", module);
      if (auto fault = read_module(in, module, ours ? &*found : nullptr))
        return tl::unexpected(*std::move(fault));
    }
    if (auto end = in.next(); !end.is(';')) return expected_there("';' behind '}'", end);
  }
  if (!found) return of_the_whole("there is no entry '" + std::string{section} + "'");
  if (found->empty())
    return of_the_whole("the entry '" + std::string{section} +
                        "' names no user; accepted: user_NAME=\"PASSWORD\"");
  return *std::move(found);
}

}  // namespace troupe::config
