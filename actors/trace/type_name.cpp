// SPDX-License-Identifier: Apache-2.0
#include "actors/trace/type_name.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>

namespace troupe::trace::detail {

std::string demangle(const std::type_info& type) {
  int status = 0;
  std::unique_ptr<char, decltype(&std::free)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  std::string name = status == 0 ? text.get() : type.name();
  constexpr std::string_view ours = "troupe::";
  if (name.starts_with(ours)) name.erase(0, ours.size());
  return name;
}

}  // namespace troupe::trace::detail
