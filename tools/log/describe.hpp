// SPDX-License-Identifier: Apache-2.0
/// Txns, znodes and access lists as text for people and as JSON for programs.
/// In JSON, zxids and session ids are texts such as "0x1000000a2"; data is `data` when it is UTF-8
/// and `data_base64` when it is not.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "actors/core/tree.hpp"
#include "messages/txn.hpp"

namespace troupe::log_tool {

using json = nlohmann::ordered_json;

/// ZooKeeper's own word for a txn's type: "create", "setData", ...; "type 99" for others.
[[nodiscard]] std::string word_of(op_code type);

/// "2026-11-22T17:00:00.123Z".
[[nodiscard]] std::string time_text(std::int64_t ms);
/// Bytes as a quoted text, what cannot be printed as \xNN, at most `bytes_max` of them.
[[nodiscard]] std::string quoted(std::string_view bytes, std::size_t bytes_max);
/// "world:anyone:cdrwa,digest:bob:...:r".
[[nodiscard]] std::string acl_text(const std::vector<acl_entry>& acl);
/// `3 bytes "two"`, or `null`.
[[nodiscard]] std::string data_text(const jute::buffer& data, std::size_t bytes_max);

[[nodiscard]] std::string txn_text(const txn& x, std::size_t data_bytes_max);
[[nodiscard]] json txn_json(const txn& x);

[[nodiscard]] std::string znode_text(const core::tree& in, const std::string& path,
                                     const core::znode& node, std::size_t data_bytes_max);
/// With the Stat as a client sees it; `cversion_stored` is the number in the file.
[[nodiscard]] json znode_json(const core::tree& in, const std::string& path,
                              const core::znode& node);

/// Bytes that are no UTF-8 (a damaged file may hold any) are replaced.
[[nodiscard]] std::string dump(const json& value, int indent = -1);

}  // namespace troupe::log_tool
