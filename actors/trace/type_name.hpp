// SPDX-License-Identifier: Apache-2.0
/// The readable name of a message's type, made once per type.
#pragma once

#include <caf/atom.hpp>
#include <string>
#include <string_view>
#include <typeinfo>

namespace troupe::trace {

/// What was handled last on this thread, by an actor whose handlers are traced(); for whoever finds
/// that it took long.
inline constinit thread_local std::string_view handled_last{};

namespace detail {

/// Demangled, without our own namespace in front.
[[nodiscard]] std::string demangle(const std::type_info& type);

template <class T>
struct name_of {
  static std::string make() { return demangle(typeid(T)); }
};
template <>
struct name_of<std::string> {
  static std::string make() { return "string"; }
};
template <caf::atom_value Value>
struct name_of<caf::atom_constant<Value>> {
  static std::string make() { return caf::to_string(Value); }
};

}  // namespace detail

/// "append", "ok" for caf::ok_atom; "a,b" for a message of several parts. Of static storage.
template <class... Parts>
[[nodiscard]] std::string_view type_name() {
  static const std::string name = [] {
    std::string all;
    ((all.append(all.empty() ? "" : ",").append(detail::name_of<Parts>::make())), ...);
    return all;
  }();
  return name;
}

}  // namespace troupe::trace
