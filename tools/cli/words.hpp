// SPDX-License-Identifier: Apache-2.0
/// A command line as zkCli.sh reads it: words with quotes (ZooKeeperMain.parseCommand), and options
/// anywhere among them (as commons-cli's DefaultParser finds them). Pure.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace troupe::cli {

/// Breaks a line at its blanks. 'a b' and "a b" are one word each, without the quotes; a quote
/// inside a word belongs to it; one that is never closed is passed over.
[[nodiscard]] std::vector<std::string> split_words(std::string_view line);

struct option {
  std::string_view name;  // of one letter or several, without its dash
  bool takes_value = false;
  std::string_view what = {};  // what it is, for error texts
};

struct option_list {
  std::span<const option> options = {};
  bool exclusive = false;  // at most one of them may be given
  bool required = false;   // and one has to be
};

/// The words of a command without its options; words[0] is the command's name.
struct parsed_words {
  std::vector<std::string> words;
  std::map<std::string, std::string, std::less<>> options;  // an option without a value has ""

  [[nodiscard]] bool has(std::string_view name) const { return options.contains(name); }
  /// nullptr when the option was not given.
  [[nodiscard]] const std::string* value(std::string_view name) const {
    auto found = options.find(name);
    return found == options.end() ? nullptr : &found->second;
  }
};

/// -s -v 5, -sv 5, -v5 and -v=5 are all understood; what follows `--` is no option. A word that
/// begins with a dash and is none of the options is an error, as in zkCli.sh.
[[nodiscard]] tl::expected<parsed_words, std::string> parse_words(
    const std::vector<std::string>& words, const option_list& known);

}  // namespace troupe::cli
