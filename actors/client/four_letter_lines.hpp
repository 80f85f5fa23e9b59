// SPDX-License-Identifier: Apache-2.0
/// How the answers to four-letter words are put together: lines, and the words that list
/// connections, sessions and watches. For four_letter*.cpp alone.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <utility>

#include "actors/client/four_letter.hpp"
#include "messages/printable.hpp"

namespace troupe::four_letter {

/// Builds lines that may be shown (messages/printable.hpp): `name: value`, `key=value` and
/// `zk_name<tab>value` lines.
class lines {
 public:
  void put(std::string_view text) {
    append_printable(out_, text, {}, "\t");
    out_.push_back('\n');
  }
  template <class Value>
  void field(std::string_view name, const Value& value) {
    out_.append(name).append(": ").append(printed(value)).push_back('\n');
  }
  template <class Value>
  void setting(std::string_view key, const Value& value) {
    out_.append(key).append("=").append(printed(value)).push_back('\n');
  }
  template <class Value>
  void figure(std::string_view key, const Value& value) {
    out_.append("zk_").append(key).append("\t").append(printed(value)).push_back('\n');
  }
  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  static std::string printed(std::string_view x) { return printable(x); }
  static std::string printed(double x) { return java_double(x); }
  static std::string printed(std::integral auto x) { return std::to_string(x); }

  std::string out_;
};

[[nodiscard]] std::string full_version();

/// A line for each connection; all figures of it when not `brief` (ServerCnxn.dumpConnectionInfo).
void put_connections(lines& out, const situation& now, bool brief);

[[nodiscard]] std::string cons(const situation& now);
[[nodiscard]] std::string dump(const config::node_config& cfg, const situation& now);
[[nodiscard]] std::string wchs(const situation& now);
[[nodiscard]] std::string wchp(const situation& now);
[[nodiscard]] std::string wchc(const situation& now);
[[nodiscard]] std::string dirs(const situation& now);
[[nodiscard]] std::string hash(const situation& now);
[[nodiscard]] std::string envi(const situation& now);

}  // namespace troupe::four_letter
