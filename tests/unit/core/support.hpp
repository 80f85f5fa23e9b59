// SPDX-License-Identifier: Apache-2.0
/// What the tests of core share: short makers of requests and txns, a database with its prep, and
/// files recorded from a genuine ZooKeeper (data/record.py).
#pragma once

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "actors/core/prep.hpp"
#include "actors/core/replies.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/core/tree.hpp"

namespace troupe::core::testing {

inline std::string recorded(const std::string& name) {
  std::ifstream in{TROUPE_SOURCE_DIR "/tests/unit/core/data/" + name, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

inline acl_list open_to_all() { return *open_acl(); }

inline std::string body_of_create(std::string path, std::string data = "", std::int32_t flags = 0,
                                  acl_list acl = open_to_all()) {
  return jute::encode(create_request{std::move(path), std::move(data), std::move(acl), flags});
}
inline std::string body_of_delete(std::string path, std::int32_t version = -1) {
  return jute::encode(delete_request{std::move(path), version});
}
inline std::string body_of_set(std::string path, std::string data, std::int32_t version = -1) {
  return jute::encode(set_data_request{std::move(path), std::move(data), version});
}
inline std::string body_of_set_acl(std::string path, acl_list acl, std::int32_t version = -1) {
  return jute::encode(set_acl_request{std::move(path), std::move(acl), version});
}
inline std::string body_of_check(std::string path, std::int32_t version) {
  return jute::encode(check_request{std::move(path), version});
}
inline std::string body_of_multi(const std::vector<std::pair<op_code, std::string>>& ops) {
  std::string out;
  jute::writer w{out};
  for (const auto& [type, body] : ops) {
    w(multi_header{type, false, -1});
    w.raw(body);
  }
  w(multi_header{op_code::error, true, -1});
  return out;
}
inline std::string body_of_timeout(std::int32_t timeout_ms) {
  std::string out;
  jute::writer{out}.i32(timeout_ms);
  return out;
}

/// The bytes of the whole database, in slices of a size that cuts through everything.
inline std::string encode_all(const tree& source, std::size_t slice = 1 << 20,
                              snapshot_options options = {}) {
  snapshot_encoder encoder{source, options};
  std::string out;
  while (!encoder.done()) out += encoder.next(slice);
  return out;
}

inline tl::expected<image, std::string> decode_all(std::string_view bytes,
                                                   std::size_t slice = 1 << 20) {
  snapshot_decoder decoder;
  for (std::size_t i = 0; i < bytes.size(); i += slice)
    if (!decoder.feed(bytes.substr(i, slice))) break;
  return decoder.finish();
}

/// A leading server's database: what is planned is applied at once, or when told.
struct database {
  tree data;
  prep planner{data};
  std::int64_t now_ms = 1'000'000;
  session_id client{0x100};
  identities shown;

  database() { planner.begin(zxid{0x100000001}); }

  txn plan(op_code op, std::string body) {
    return planner.plan({client, cxid{1}, op, std::move(body), shown}, ++now_ms);
  }
  applied apply(const txn& x) {
    auto done = data.apply(x);
    planner.applied(x.header.id);
    return done;
  }
  applied write(op_code op, std::string body) { return apply(plan(op, std::move(body))); }
  error_code err(op_code op, std::string body) { return write(op, std::move(body)).result.err; }
  error_code create(std::string path, std::string content = "", std::int32_t flags = 0,
                    acl_list acl = open_to_all()) {
    return err(op_code::create,
               body_of_create(std::move(path), std::move(content), flags, std::move(acl)));
  }
  error_code remove(std::string path, std::int32_t version = -1) {
    return err(op_code::remove, body_of_delete(std::move(path), version));
  }
  error_code set(std::string path, std::string content, std::int32_t version = -1) {
    return err(op_code::set_data, body_of_set(std::move(path), std::move(content), version));
  }
  stat stat_of(std::string_view path) { return data.stat_of(*data.find(path)); }
};

}  // namespace troupe::core::testing
