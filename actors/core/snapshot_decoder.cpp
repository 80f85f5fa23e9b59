// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "actors/core/path.hpp"
#include "actors/core/snapshot_codec.hpp"
#include "actors/core/snapshot_format.hpp"

namespace troupe::core {

/// Reads one item from bytes that may end in the middle of it: short and malformed are two things.
class snapshot_decoder::piece {
 public:
  explicit piece(std::string_view in) : in_(in), size_(in.size()) {}

  [[nodiscard]] std::size_t used() const { return size_ - in_.size(); }
  [[nodiscard]] progress outcome() const {
    if (bad_) return progress::malformed;
    return short_ ? progress::short_of_bytes : progress::taken;
  }
  [[nodiscard]] bool ok() const { return !bad_ && !short_; }

  std::int32_t i32() { return jute::reader{take(4)}.i32(); }
  std::int64_t i64() { return jute::reader{take(8)}.i64(); }
  /// nullopt: null, or not there.
  std::optional<std::string_view> bytes() {
    auto size = i32();
    if (!ok() || size == -1) return std::nullopt;
    if (size < 0 || size > snapshot_format::item_bytes_max) {
      bad_ = true;
      return std::nullopt;
    }
    auto out = take(static_cast<std::size_t>(size));
    return ok() ? std::optional{out} : std::nullopt;
  }
  /// The next `n` bytes, which stay where they are; short when they are not all there.
  std::string_view peek(std::size_t n) {
    if (in_.size() < n) short_ = true;
    return ok() ? in_.substr(0, n) : std::string_view{};
  }
  std::string text() { return std::string{bytes().value_or(std::string_view{})}; }
  /// A list's count of items of at least `item_bytes` each.
  std::int32_t count(std::int32_t item_bytes) {
    auto n = i32();
    if (ok() && (n < 0 || n > snapshot_format::item_bytes_max / item_bytes)) bad_ = true;
    return ok() ? n : 0;
  }
  stat_persisted stats() {
    stat_persisted out;
    jute::reader r{take(60)};
    r(out);
    return out;
  }

 private:
  std::string_view take(std::size_t n) {
    if (!ok() || in_.size() < n) {
      short_ = true;
      return {};
    }
    auto out = in_.substr(0, n);
    in_.remove_prefix(n);
    return out;
  }

  std::string_view in_;
  std::size_t size_;
  bool short_ = false;
  bool bad_ = false;
};

snapshot_decoder::snapshot_decoder() : data_(tree::empty_tag{}) {}

bool snapshot_decoder::feed(std::string_view chunk) {
  if (!fault_.empty()) return false;
  pending_.append(chunk);
  std::string_view rest{pending_};
  while (!rest.empty() && fault_.empty()) {
    piece in{rest};
    auto went = take(in);
    if (went == progress::short_of_bytes) break;
    if (went == progress::malformed) {
      if (fault_.empty()) malformed("a length that cannot be");
      return false;
    }
    adler_ = snapshot_format::checksum(adler_, rest.substr(0, in.used()));
    offset_ += in.used();
    rest.remove_prefix(in.used());
  }
  pending_.erase(0, pending_.size() - rest.size());
  return fault_.empty();
}

tl::expected<image, std::string> snapshot_decoder::finish() {
  if (!fault_.empty()) return tl::unexpected{fault_};
  // Each version of ZooKeeper added a section behind the last seal; it may end at any of them.
  bool at_an_end = stage_ == stage::digest || stage_ == stage::last_zxid || stage_ == stage::end;
  if (!at_an_end || !pending_.empty()) {
    malformed("it ends in the middle");
    return tl::unexpected{fault_};
  }
  data_.set_up_quotas();
  return image{std::move(data_), digest_, last_zxid_};
}

snapshot_decoder::progress snapshot_decoder::malformed(std::string what) {
  fault_ = "snapshot malformed at byte " + std::to_string(offset_) + ": " + std::move(what);
  return progress::malformed;
}

snapshot_decoder::progress snapshot_decoder::take(piece& in) {
  switch (stage_) {
    case stage::header:
      return take_header(in);
    case stage::sessions:
      return take_session(in);
    case stage::acls:
      return take_acl(in);
    case stage::nodes:
      return take_node(in);
    case stage::seal:
      return take_seal(in, stage::digest);
    case stage::digest:
      return take_digest(in);
    case stage::digest_seal:
      return take_seal(in, stage::last_zxid);
    case stage::last_zxid:
      return take_last_zxid(in);
    case stage::last_seal:
      return take_seal(in, stage::end);
    case stage::end:
      break;
  }
  return malformed("bytes after the last seal");
}

snapshot_decoder::progress snapshot_decoder::take_header(piece& in) {
  auto magic = in.i32();
  auto version = in.i32();
  in.i64();
  auto sessions = in.count(12);
  if (!in.ok()) return in.outcome();
  if (magic != snapshot_format::magic) return malformed("no ZKSN at the beginning");
  if (version != snapshot_format::version)
    return malformed("version " + std::to_string(version) + " is not 2");
  left_ = sessions;
  stage_ = stage::sessions;
  return progress::taken;
}

snapshot_decoder::progress snapshot_decoder::take_session(piece& in) {
  if (left_ == 0) {
    left_ = in.count(12);
    if (in.ok()) stage_ = stage::acls;
    return in.outcome();
  }
  session_id id{in.i64()};
  auto timeout_ms = in.i32();
  if (!in.ok()) return in.outcome();
  data_.sessions_[id] = timeout_ms;
  --left_;
  return progress::taken;
}

snapshot_decoder::progress snapshot_decoder::take_acl(piece& in) {
  if (left_ == 0) {
    stage_ = stage::nodes;
    return take_node(in);
  }
  auto id = in.i64();
  acl_list acl;
  for (auto n = in.count(12); n > 0 && in.ok(); --n) {
    auto& entry = acl.emplace_back();
    entry.perms = in.i32();
    entry.id.scheme = in.text();
    entry.id.id = in.text();
  }
  if (!in.ok()) return in.outcome();
  if (!data_.acls_.restore(id, std::move(acl)))
    return malformed("access list " + std::to_string(id) + " twice or not positive");
  --left_;
  return progress::taken;
}

snapshot_decoder::progress snapshot_decoder::take_node(piece& in) {
  auto path = in.bytes();
  if (!in.ok()) return in.outcome();
  if (!path) return malformed("a znode without a path");
  if (*path == snapshot_format::end_mark) {
    if (!data_.root_) return malformed("no root znode");
    data_.acls_.drop_unused();
    stage_ = stage::seal;
    return progress::taken;
  }
  auto data = in.bytes();
  auto acl_id = in.i64();
  auto stats = in.stats();
  if (!in.ok()) return in.outcome();
  if (!data_.acls_.contains(acl_id)) acl_id = acl_cache::nobody_id;
  auto content = data ? jute::buffer{std::in_place, *data} : std::nullopt;
  if (path->empty()) {
    if (data_.root_) return malformed("a second root znode");
    data_.set_root(content, acl_id, stats);
  } else {
    if (!is_valid_path(*path))
      return malformed("znode \"" + std::string{*path} + "\": " + *path_fault(*path));
    auto parent = parent_of(*path);
    if (!parent) return malformed("znode " + std::string{*path} + " comes without its parent");
    if (data_.find(*path)) return malformed("znode " + std::string{*path} + " twice");
    data_.add_child(*parent, *path, content, acl_id, stats);
  }
  data_.acls_.retain(acl_id);
  return progress::taken;
}

znode* snapshot_decoder::parent_of(std::string_view path) {
  auto over = parent_path(path);
  if (!parent_ || over != parent_path_) {
    parent_ = data_.root_ ? data_.find_mutable(over) : nullptr;
    parent_path_ = over;
  }
  return parent_;
}

snapshot_decoder::progress snapshot_decoder::take_seal(piece& in, stage after) {
  auto stored = in.i64();
  auto mark = in.bytes();
  if (!in.ok()) return in.outcome();
  if (stored != static_cast<std::int64_t>(adler_))
    return malformed("seal " + to_hex(stored) + " where the bytes give " + to_hex(adler_));
  if (mark != snapshot_format::end_mark) return malformed("a seal without its mark");
  stage_ = after;
  return progress::taken;
}

snapshot_decoder::progress snapshot_decoder::take_last_zxid(piece& in) {
  last_zxid_ = zxid{in.i64()};
  if (in.ok()) stage_ = stage::last_seal;
  return in.outcome();
}

/// Whether these 21 bytes are the last section of a file that has no digest (ZooKeeper 3.9 with
/// digest.enabled=false): sections have no name, but this one ends with a seal that is right.
bool snapshot_decoder::is_last_zxid_section(std::string_view bytes) const {
  if (bytes.empty()) return false;
  auto sum = snapshot_format::checksum(adler_, bytes.substr(0, 8));
  jute::reader r{bytes.substr(8)};
  return r.i64() == static_cast<std::int64_t>(sum) && r.bytes() == snapshot_format::end_mark;
}

snapshot_decoder::progress snapshot_decoder::take_digest(piece& in) {
  constexpr std::size_t last_section_bytes = 8 + 8 + 5;  // and a digest's is longer
  if (auto next = in.peek(last_section_bytes); in.ok() && is_last_zxid_section(next))
    return take_last_zxid(in);
  if (!in.ok()) return in.outcome();
  zxid_digest read;
  read.at.value = in.i64();
  read.version = in.i32();
  if (in.ok() && read.version < digest_version)
    in.bytes();  // a hexadecimal text, of a sum that nobody computes any more
  else
    read.value = in.i64();
  if (!in.ok()) return in.outcome();
  digest_ = read;
  stage_ = stage::digest_seal;
  return progress::taken;
}

}  // namespace troupe::core
