// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/words.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace troupe::cli {
namespace {

constexpr std::string_view blanks = " \t\n\v\f\r";

/// Sorts words into options, their values and the rest.
class word_parser {
 public:
  explicit word_parser(const option_list& known) : known_(known) {}

  /// Empty, or what is wrong.
  [[nodiscard]] std::string take(const std::string& word) {
    if (only_words_) {
      out_.words.push_back(word);
    } else if (word == "--") {
      only_words_ = true;
    } else if (pending_ != nullptr && !looks_like_option(word)) {
      set(*std::exchange(pending_, nullptr), word);
    } else if (word.size() > 1 && word.front() == '-') {
      return take_option(word);
    } else {
      out_.words.push_back(word);
    }
    return {};
  }

  [[nodiscard]] tl::expected<parsed_words, std::string> finish() {
    if (auto problem = missing_value(); !problem.empty()) return tl::unexpected(problem);
    if (known_.required && out_.options.empty())
      return tl::unexpected("Missing required option: " + listed());
    return std::move(out_);
  }

 private:
  [[nodiscard]] const option* find(std::string_view name) const {
    auto found = std::ranges::find(known_.options, name, &option::name);
    return found == known_.options.end() ? nullptr : &*found;
  }

  [[nodiscard]] bool looks_like_option(std::string_view word) const {
    if (word.size() < 2 || word.front() != '-') return false;
    auto name = word.substr(1, word.find('=') - 1);
    return find(name) != nullptr || find(name.substr(0, 1)) != nullptr;
  }

  [[nodiscard]] std::string take_option(const std::string& word) {
    std::string_view text = std::string_view{word}.substr(1);
    if (const auto* whole = find(text)) return choose(*whole);
    if (auto equal = text.find('='); equal != std::string_view::npos) {
      const auto* named = find(text.substr(0, equal));
      if (named == nullptr || !named->takes_value) return unknown(word);
      auto problem = choose(*named);
      pending_ = nullptr;
      if (problem.empty()) set(*named, text.substr(equal + 1));
      return problem;
    }
    for (std::size_t i = 0; i < text.size(); ++i) {
      const auto* letter = find(text.substr(i, 1));
      if (letter == nullptr) return unknown(word);
      if (auto problem = choose(*letter); !problem.empty()) return problem;
      if (letter->takes_value && i + 1 < text.size()) {
        pending_ = nullptr;
        set(*letter, text.substr(i + 1));
        break;
      }
    }
    return {};
  }

  [[nodiscard]] std::string choose(const option& x) {
    if (auto problem = missing_value(); !problem.empty()) return problem;
    if (known_.exclusive && !chosen_.empty() && chosen_ != x.name)
      return "The option '" + std::string{x.name} +
             "' was specified but an option from this group has already been selected: '" +
             std::string{chosen_} + "'";
    chosen_ = x.name;
    if (x.takes_value)
      pending_ = &x;
    else
      set(x, {});
    return {};
  }

  /// The first value of an option that is given twice is the one that counts.
  void set(const option& x, std::string_view value) {
    out_.options.emplace(std::string{x.name}, std::string{value});
  }

  [[nodiscard]] std::string missing_value() const {
    return pending_ == nullptr ? "" : "Missing argument for option: " + std::string{pending_->name};
  }

  static std::string unknown(const std::string& word) { return "Unrecognized option: " + word; }

  [[nodiscard]] std::string listed() const {
    std::string out;
    for (const auto& x : known_.options)
      out += (out.empty() ? "[-" : ", -") + std::string{x.name} + " " + std::string{x.what};
    return out + "]";
  }

  const option_list& known_;
  parsed_words out_;
  const option* pending_ = nullptr;  // still without its value
  std::string_view chosen_;          // the option given last
  bool only_words_ = false;
};

}  // namespace

std::vector<std::string> split_words(std::string_view line) {
  std::vector<std::string> words;
  for (;;) {
    auto begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const char first = line.front();
    if (first == '"' || first == '\'') {
      auto end = line.find(first, 1);
      if (end != std::string_view::npos) words.emplace_back(line.substr(1, end - 1));
      line.remove_prefix(end == std::string_view::npos ? 1 : end + 1);
      continue;
    }
    auto word = line.substr(0, line.find_first_of(blanks));
    words.emplace_back(word);
    line.remove_prefix(word.size());
  }
}

tl::expected<parsed_words, std::string> parse_words(const std::vector<std::string>& words,
                                                    const option_list& known) {
  word_parser parser{known};
  for (const auto& word : words)
    if (auto problem = parser.take(word); !problem.empty()) return tl::unexpected(problem);
  return parser.finish();
}

}  // namespace troupe::cli
