// SPDX-License-Identifier: Apache-2.0
/// One change of the database, as every server logs and applies it: header + body, in ZooKeeper's
/// own txn bytes. The bytes are encoded once, on the leading server, and are the same on the wire,
/// in the log and in the committed window. `version` fields hold the version after the change, so
/// applying twice is harmless.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "messages/client/records.hpp"
#include "messages/ids.hpp"

namespace troupe {

struct create_txn {  // op_code::create and create2
  std::string path;
  jute::buffer data;
  std::vector<acl_entry> acl;
  bool ephemeral = false;
  std::int32_t parent_cversion = -1;  // -1: written by a version before 3.4; count it yourself
  friend bool operator==(const create_txn&, const create_txn&) = default;
};
struct create_container_txn {
  std::string path;
  jute::buffer data;
  std::vector<acl_entry> acl;
  std::int32_t parent_cversion = -1;
  friend bool operator==(const create_container_txn&, const create_container_txn&) = default;
};
struct create_ttl_txn {
  std::string path;
  jute::buffer data;
  std::vector<acl_entry> acl;
  std::int32_t parent_cversion = -1;
  std::int64_t ttl_ms = 0;
  friend bool operator==(const create_ttl_txn&, const create_ttl_txn&) = default;
};
struct delete_txn {  // op_code::remove and delete_container
  std::string path;
  friend bool operator==(const delete_txn&, const delete_txn&) = default;
};
struct set_data_txn {
  std::string path;
  jute::buffer data;
  std::int32_t version = 0;
  friend bool operator==(const set_data_txn&, const set_data_txn&) = default;
};
struct set_acl_txn {
  std::string path;
  std::vector<acl_entry> acl;
  std::int32_t version = 0;
  friend bool operator==(const set_acl_txn&, const set_acl_txn&) = default;
};
struct check_version_txn {
  std::string path;
  std::int32_t version = 0;
  friend bool operator==(const check_version_txn&, const check_version_txn&) = default;
};
struct create_session_txn {
  std::int32_t timeout_ms = 0;
  friend bool operator==(const create_session_txn&, const create_session_txn&) = default;
};
/// `paths` are the session's ephemerals; nullopt: they go by their owner, as in every log from
/// before 3.6, and where their paths would make the txn too long. Such a txn carries no digest:
/// ZooKeeper would read the digest's bytes as paths.
struct close_session_txn {
  std::optional<std::vector<std::string>> paths;
  friend bool operator==(const close_session_txn&, const close_session_txn&) = default;
};
struct error_txn {
  error_code err = error_code::ok;
  friend bool operator==(const error_txn&, const error_txn&) = default;
};

/// The changes that may stand inside a multi. An error_txn there means that nothing of the multi
/// happened.
struct multi_op {
  op_code type = op_code::error;
  std::variant<create_txn, create_container_txn, create_ttl_txn, delete_txn, set_data_txn,
               set_acl_txn, check_version_txn, error_txn>
      body;
  friend bool operator==(const multi_op&, const multi_op&) = default;
};
struct multi_txn {
  std::vector<multi_op> ops;
  friend bool operator==(const multi_txn&, const multi_txn&) = default;
};

using txn_body = std::variant<create_txn, create_container_txn, create_ttl_txn, delete_txn,
                              set_data_txn, set_acl_txn, check_version_txn, create_session_txn,
                              close_session_txn, error_txn, multi_txn>;

struct txn_header {
  session_id client;
  cxid cx;
  zxid id;
  std::int64_t time_ms = 0;
  op_code type = op_code::error;
  friend bool operator==(const txn_header&, const txn_header&) = default;
};

/// The tree's digest after this txn, which newer ZooKeepers append to log entries (TxnDigest).
struct txn_digest {
  std::int32_t version = 2;
  std::int64_t tree = 0;
  friend bool operator==(const txn_digest&, const txn_digest&) = default;
};

/// The longest txn that any server plans, sends, logs and reads, in bytes. A constant of the
/// format: what one server may plan every other can log, whatever its own configuration.
inline constexpr std::size_t txn_bytes_max = std::size_t{1} << 29;

struct txn {
  txn_header header;
  txn_body body;
  std::optional<txn_digest> digest;
  friend bool operator==(const txn&, const txn&) = default;
};

/// The bytes of a log entry's payload: header, body, digest if there is one.
[[nodiscard]] std::string encode_txn(const txn& x);
/// How many they are, without making them.
[[nodiscard]] std::size_t encoded_bytes(const txn& x);
/// What one operation adds to the bytes of its multi.
[[nodiscard]] std::size_t encoded_bytes(const multi_op& op);

/// nullopt when the bytes are no txn of a type known here.
[[nodiscard]] std::optional<txn> decode_txn(std::string_view bytes);

/// A txn together with its bytes. Immutable and shared between the actors of one process.
struct logged_txn {
  txn value;
  std::string bytes;

  [[nodiscard]] zxid id() const { return value.header.id; }
};
using txn_ptr = std::shared_ptr<const logged_txn>;

[[nodiscard]] txn_ptr make_logged(txn value);
/// Null when the bytes are no txn.
[[nodiscard]] txn_ptr parse_logged(std::string bytes);

}  // namespace troupe
