// SPDX-License-Identifier: Apache-2.0
/// What is a znode's path, and its parts (ZooKeeper's PathUtils). Paths are raw bytes, UTF-8 as
/// clients send them; they are judged by the characters they decode to and never re-encoded.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace troupe::core {

inline constexpr std::string_view root_path = "/";
inline constexpr std::string_view zookeeper_path = "/zookeeper";
inline constexpr std::string_view quota_path = "/zookeeper/quota";
inline constexpr std::string_view config_path = "/zookeeper/config";

/// Why `path` names no znode, with the byte it fails at; nullopt when it is well formed.
[[nodiscard]] std::optional<std::string> path_fault(std::string_view path);
[[nodiscard]] inline bool is_valid_path(std::string_view path) { return !path_fault(path); }

/// "/a/b" -> "/a", "/a" -> "/", "/" -> "/". Without any slash: "".
[[nodiscard]] std::string_view parent_path(std::string_view path);
/// "/a/b" -> "b", "/" -> "".
[[nodiscard]] std::string_view base_name(std::string_view path);

/// The znodes that no client may delete (DataTree.isSpecialPath).
[[nodiscard]] bool is_special_path(std::string_view path);

}  // namespace troupe::core
