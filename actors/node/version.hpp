// SPDX-License-Identifier: Apache-2.0
/// Who we say we are. The number is that of CMakeLists.txt; tests/tidy compares them.
#pragma once

#include <string_view>

namespace troupe {

inline constexpr std::string_view version = "0.1.0";
/// The ZooKeeper whose wire protocol and files these are.
inline constexpr std::string_view protocol_version = "3.8";

}  // namespace troupe
