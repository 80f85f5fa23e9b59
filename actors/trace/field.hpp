// SPDX-License-Identifier: Apache-2.0
/// One `key=value` of a log line or of a traced message.
/// Owns: nothing, and formats nothing before it is appended, so a line below the threshold costs
/// next to nothing. It lives no longer than the call it is an argument of.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "messages/ids.hpp"

namespace troupe::log {

class field {
 public:
  field(std::string_view key, std::same_as<bool> auto x) : key_(key), value_(x) {}
  template <std::integral T>
  requires(!std::same_as<T, bool>) field(std::string_view key, T x) : key_(key) {
    if constexpr (std::is_signed_v<T>) {
      value_ = static_cast<std::int64_t>(x);
    } else {
      value_ = static_cast<std::uint64_t>(x);
    }
  }
  field(std::string_view key, std::floating_point auto x)
      : key_(key), value_(static_cast<double>(x)) {}
  template <class T>
  requires std::convertible_to<const T&, std::string_view> field(std::string_view key, const T& x)
      : key_(key), value_(std::string_view(x)) {}

  template <class Tag, class Rep>
  field(std::string_view key, scalar<Tag, Rep> x)
      : field(key, static_cast<std::int64_t>(x.value)) {}
  field(std::string_view key, zxid x) : key_(key), value_(hex{x.value}) {}
  field(std::string_view key, session_id x) : key_(key), value_(hex{x.value}) {}

  /// Whatever else has a to_string(), enumerations above all.
  template <class T>
  requires(!std::is_arithmetic_v<T> && !std::convertible_to<const T&, std::string_view>) &&
      requires(const T& x) {
    std::string(to_string(x));
  }
  field(std::string_view key, const T& x) : key_(key), value_(other{&x, &text_of_other<T>}) {}

  /// Appends `key=value`; a value that is empty or has blanks, quotes, '=' or control characters is
  /// quoted and escaped, so that a line stays a line.
  void append_to(std::string& line) const;

 private:
  struct hex {
    std::int64_t value;
  };
  struct other {
    const void* value;
    std::string (*text)(const void*);
  };
  template <class T>
  static std::string text_of_other(const void* x) {
    return std::string(to_string(*static_cast<const T*>(x)));
  }

  std::string_view key_;
  std::variant<std::int64_t, std::uint64_t, double, bool, hex, std::string_view, other> value_;
};

using fields = std::initializer_list<field>;

/// The fields in the order given, with one blank between them: what a trace_fields() returns.
[[nodiscard]] std::string text_of(fields which);

}  // namespace troupe::log
