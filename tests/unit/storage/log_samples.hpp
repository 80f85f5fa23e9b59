// SPDX-License-Identifier: Apache-2.0
/// Txns and logs for storage's tests, and the checked-in files that a genuine ZooKeeper 3.8.0
/// wrote.
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "actors/storage/txn_log.hpp"
#include "messages/txn.hpp"

namespace troupe::storage {

inline constexpr zxid at(std::int64_t era, std::int64_t counter) { return {(era << 32) | counter}; }

inline txn_ptr sample_txn(zxid id, std::size_t data_bytes = 20) {
  txn t;
  t.header = {session_id{0x1000}, cxid{7}, id, 1'700'000'000'000, op_code::set_data};
  t.body = set_data_txn{"/node", std::string(data_bytes, 'x'), 3};
  return make_logged(std::move(t));
}

/// A file's bytes from tests/unit/storage/data.
inline std::string genuine_file(const std::string& name) {
  std::ifstream in{std::string{TROUPE_GENUINE_FILES} + "/" + name, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The bytes of a log file that holds these txns, without padding.
inline std::string log_bytes(const std::vector<zxid>& ids) {
  auto out = encode_log_header();
  for (auto id : ids) append_entry(out, sample_txn(id)->bytes);
  return out;
}

struct read_back {
  std::vector<zxid> ids;
  std::string refusal;  // empty: read to the end
};
inline read_back read_all(disk& d, const std::string& directory, zxid from = {0}) {
  read_back out;
  auto reader = log_reader::open(d, directory, from);
  if (!reader) return {{}, reader.error().text()};
  for (;;) {
    auto t = reader->next();
    if (!t) {
      out.refusal = t.error().text();
      return out;
    }
    if (!*t) return out;
    out.ids.push_back((*t)->id());
  }
}

inline log_options options_for(std::string directory, std::int64_t prealloc_bytes = 16384) {
  log_options o;
  o.directory = std::move(directory);
  o.prealloc_bytes = prealloc_bytes;
  return o;
}

}  // namespace troupe::storage
