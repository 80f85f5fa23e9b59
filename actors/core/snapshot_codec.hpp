// SPDX-License-Identifier: Apache-2.0
/// A database as bytes: ZooKeeper's snapshot format (FileSnap, SerializeUtils, SnapStream), written
/// and read in slices. The same bytes are a snapshot file and what a learner gets in SNAP.
///
/// Fuzzy: txns may be applied between two slices. The copy then holds some of their effects, and
/// replaying every txn after `at` over it ends in the true tree (tree.hpp). The encoder's place is
/// a path in depth-first order, so deleting the znode it stands on, or one above, does not disturb
/// it. Left out: znodes created after `at`, since replay creates them. An access list that came
/// after the table was written is named -2 (acl_cache.hpp): its set_acl is in the replay, and until
/// then nobody passes.
/// A close that names no paths (txn.hpp) tells the replay nothing of an ephemeral that the copy has
/// not got, and its parent, if that is in the copy as it was before, would keep its old pzxid
/// (ZOOKEEPER-3145). So before_close() is called before such a txn is applied.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

#include "actors/core/tree.hpp"

namespace troupe::core {

struct snapshot_options {
  bool write_last_zxid = false;  // the third section, which ZooKeeper 3.9 and later write
};

class snapshot_encoder {
 public:
  /// Takes sessions and access lists as they are now; `source` must outlive the encoder. The
  /// snapshot's name is the tree's last processed zxid at this moment: at().
  explicit snapshot_encoder(const tree& source, snapshot_options options = {});

  /// The next bytes: at least one byte until done(), at most one item (a znode) beyond bytes_max.
  [[nodiscard]] std::string next(std::size_t bytes_max);
  /// The ephemerals of `owner` are about to go, by their owner. Where a parent is in the copy and
  /// none of them below it, one goes into the copy at once, without its data: it is what makes the
  /// replay of the close come to that parent, and nothing else is left of them by then.
  void before_close(session_id owner, pace at = {});
  [[nodiscard]] bool done() const { return stage_ == stage::done; }
  [[nodiscard]] zxid at() const { return at_; }
  [[nodiscard]] std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  enum class stage { header, sessions, acls, nodes, seals, done };
  void put_sessions(std::string& out, std::size_t bytes_max);
  void put_acls(std::string& out, std::size_t bytes_max);
  void put_nodes(std::string& out, std::size_t bytes_max);
  enum class content { all, no_data };
  void put_node(std::string& out, const znode& node, content what = content::all) const;
  void put_seals(std::string& out);

  const tree* source_;
  snapshot_options options_;
  zxid at_;
  stage stage_ = stage::header;
  std::vector<std::pair<session_id, std::int32_t>> sessions_;
  std::vector<std::pair<std::int64_t, acl_ptr>> acls_;
  std::size_t index_ = 0;              // into sessions_ or acls_
  std::optional<std::string> cursor_;  // path of the znode visited last
  std::vector<std::string> owed_;      // znodes that are written before the walk goes on
  std::uint32_t adler_ = 1;
  std::uint64_t bytes_written_ = 0;
};

/// A whole snapshot as read. The file's name, not its content, tells the zxid it stands for: the
/// caller says so with data.set_last_processed(), then data.expect_digest(*digest) if there is one,
/// which is false when the copy is not fuzzy and not what was written.
struct image {
  tree data;
  std::optional<zxid_digest> digest;  // absent before ZooKeeper 3.6
  std::optional<zxid> last_zxid;      // only in files of ZooKeeper 3.9 and later
};

class snapshot_decoder {
 public:
  snapshot_decoder();

  /// Takes bytes cut anywhere. False: malformed, and finish() will say where.
  bool feed(std::string_view chunk);
  /// The end of the bytes. Checks that the seals are there and right. The text names the byte.
  [[nodiscard]] tl::expected<image, std::string> finish();

 private:
  enum class stage {
    header,
    sessions,
    acls,
    nodes,
    seal,
    digest,
    digest_seal,
    last_zxid,
    last_seal,
    end
  };
  class piece;
  enum class progress { taken, short_of_bytes, malformed };
  progress take(piece& in);
  progress take_header(piece& in);
  progress take_session(piece& in);
  progress take_acl(piece& in);
  progress take_node(piece& in);
  progress take_seal(piece& in, stage after);
  progress take_digest(piece& in);
  progress take_last_zxid(piece& in);
  [[nodiscard]] bool is_last_zxid_section(std::string_view bytes) const;
  progress malformed(std::string what);
  znode* parent_of(std::string_view path);

  tree data_;
  std::optional<zxid_digest> digest_;
  std::optional<zxid> last_zxid_;
  stage stage_ = stage::header;
  std::int64_t left_ = 0;     // items of a counted section still to come
  std::string pending_;       // bytes of an item that is not whole yet
  std::uint64_t offset_ = 0;  // of pending_'s first byte
  std::uint32_t adler_ = 1;   // of all bytes before offset_
  std::string parent_path_;   // of the znode read last, and where that parent is
  znode* parent_ = nullptr;
  std::string fault_;
};

}  // namespace troupe::core
