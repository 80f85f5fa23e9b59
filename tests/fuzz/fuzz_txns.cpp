// SPDX-License-Identifier: Apache-2.0
/// Txn bodies as a learner gets them and a log holds them: each reads back, and a tree takes it,
/// whatever it says; what an honest leader made of the tree survives its snapshot.
///     input = (length in 2 bytes | txn)*
#include <algorithm>

#include "actors/core/path.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "tests/fuzz/checks.hpp"

namespace {

using namespace troupe;
using fuzz::require;

constexpr int txns_max = 64;

std::string encoded(std::int64_t id, op_code type, txn_body body,
                    std::optional<txn_digest> digest = {}) {
  const auto bytes = encode_txn(
      {{session_id{77}, cxid{1}, zxid{id}, 1'700'000'000'000, type}, std::move(body), digest});
  return fuzz::number(bytes.size(), 2) + bytes;
}

/// Whether the txn makes znodes only where a leading server would let it.
bool is_honest(const txn& x) {
  const auto makes_well = [](const auto& body) {
    if constexpr (requires { body.acl, body.data; }) return core::is_valid_path(body.path);
    return true;
  };
  const auto* several = std::get_if<multi_txn>(&x.body);
  if (several == nullptr) return std::visit(makes_well, x.body);
  return std::ranges::all_of(several->ops,
                             [&](const multi_op& op) { return std::visit(makes_well, op.body); });
}

std::string snapshot_of(const core::tree& from) {
  core::snapshot_encoder encoder{from};
  std::string out;
  while (!encoder.done()) out += encoder.next(4096);
  return out;
}

}  // namespace

std::vector<std::string> fuzz::seeds() {
  const std::vector<acl_entry> open = {{permission::all, {"world", "anyone"}}};
  multi_txn several;
  several.ops.push_back({op_code::create, create_txn{"/m", "data", open, true, 3}});
  several.ops.push_back({op_code::remove, delete_txn{"/m"}});
  several.ops.push_back({op_code::set_data, set_data_txn{"/a", std::nullopt, 7}});
  several.ops.push_back({op_code::check, check_version_txn{"/a", 7}});
  multi_txn failed;
  failed.ops.push_back({op_code::error, error_txn{error_code::no_node}});
  std::vector<std::string> each{
      encoded(1, op_code::create_session, create_session_txn{30'000}),
      encoded(2, op_code::create, create_txn{"/a", "data", open, false, 1}),
      encoded(3, op_code::create, create_txn{"/a/e", std::nullopt, open, true, 1}),
      encoded(4, op_code::create_container, create_container_txn{"/c", "", open, 2}),
      encoded(5, op_code::create_ttl, create_ttl_txn{"/t", "x", open, 3, 1000}),
      encoded(6, op_code::set_data, set_data_txn{"/a", "more", 1}, txn_digest{2, 5}),
      encoded(7, op_code::set_acl, set_acl_txn{"/a", {{1, {"ip", "10.0.0.1"}}}, 1}),
      encoded(8, op_code::check, check_version_txn{"/a", 1}),
      encoded(9, op_code::multi, several),
      encoded(10, op_code::multi, failed),
      encoded(11, op_code::error, error_txn{error_code::bad_version}),
      encoded(12, op_code::reconfig,
              set_data_txn{"/zookeeper/config", "server.1=a:1:2:participant\nversion=c", -1}),
      encoded(13, op_code::remove, delete_txn{"/t"}),
      encoded(14, op_code::close_session, close_session_txn{{{"/a/e"}}}),
      encoded(15, op_code::close_session, close_session_txn{})};
  std::string all;
  for (const auto& x : each) all += x;
  each.push_back(all);
  return each;
}

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  core::tree content;
  bool are_honest = true;
  for (int n = 0; n < txns_max && !in.empty(); ++n) {
    const auto length = in.number(2);
    const auto change = fuzz::check_txn(in.take(length));
    if (!change) continue;
    (void)content.apply(*change);
    are_honest = are_honest && is_honest(*change);
  }
  if (!are_honest) return 0;
  content.set_last_processed(zxid{INT64_MAX});  // no znode is younger than the snapshot
  core::snapshot_decoder decoder;
  decoder.feed(snapshot_of(content));
  const auto copy = decoder.finish();
  require(copy.has_value(), copy ? "" : "the snapshot of a tree is refused: " + copy.error());
  require(copy->data.digest() == content.digest(), "a tree is another after its snapshot");
  return 0;
}
