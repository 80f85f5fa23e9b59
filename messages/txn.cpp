// SPDX-License-Identifier: Apache-2.0
#include "messages/txn.hpp"

namespace troupe {
namespace {

template <class Archive>
void write_body(Archive& w, const create_txn& t) {
  w(t.path, t.data, t.acl, t.ephemeral, t.parent_cversion);
}
template <class Archive>
void write_body(Archive& w, const create_container_txn& t) {
  w(t.path, t.data, t.acl, t.parent_cversion);
}
template <class Archive>
void write_body(Archive& w, const create_ttl_txn& t) {
  w(t.path, t.data, t.acl, t.parent_cversion, t.ttl_ms);
}
template <class Archive>
void write_body(Archive& w, const delete_txn& t) {
  w(t.path);
}
template <class Archive>
void write_body(Archive& w, const set_data_txn& t) {
  w(t.path, t.data, t.version);
}
template <class Archive>
void write_body(Archive& w, const set_acl_txn& t) {
  w(t.path, t.acl, t.version);
}
template <class Archive>
void write_body(Archive& w, const check_version_txn& t) {
  w(t.path, t.version);
}
template <class Archive>
void write_body(Archive& w, const create_session_txn& t) {
  w(t.timeout_ms);
}
template <class Archive>
void write_body(Archive& w, const close_session_txn& t) {
  if (t.paths) w(*t.paths);
}
template <class Archive>
void write_body(Archive& w, const error_txn& t) {
  w(t.err);
}
void write_body(jute::writer& w, const multi_txn& t) {
  w.i32(static_cast<std::int32_t>(t.ops.size()));
  for (const auto& op : t.ops) {
    std::string inner;
    jute::writer iw{inner};
    std::visit([&iw](const auto& body) { write_body(iw, body); }, op.body);
    w(op.type, inner);
  }
}
void write_body(jute::meter& m, const multi_txn& t) {
  m(std::int32_t{0});
  for (const auto& op : t.ops) {
    m(op.type, std::int32_t{0});  // and the length of the body
    std::visit([&m](const auto& body) { write_body(m, body); }, op.body);
  }
}

template <class Archive>
void write_txn(Archive& w, const txn& x) {
  w(x.header.client, x.header.cx, x.header.id, x.header.time_ms, x.header.type);
  std::visit([&w](const auto& body) { write_body(w, body); }, x.body);
  if (x.digest) w(x.digest->version, x.digest->tree);
}

/// What may stand both alone and in a multi. False: the type is none of these.
template <class Variant>
bool read_plain(jute::reader& r, op_code type, Variant& out) {
  switch (type) {
    case op_code::create:
    case op_code::create2: {
      create_txn t;
      r(t.path, t.data, t.acl, t.ephemeral);
      if (r.ok() && !r.at_end()) r(t.parent_cversion);
      out = std::move(t);
      return true;
    }
    case op_code::create_container: {
      create_container_txn t;
      r(t.path, t.data, t.acl, t.parent_cversion);
      out = std::move(t);
      return true;
    }
    case op_code::create_ttl: {
      create_ttl_txn t;
      r(t.path, t.data, t.acl, t.parent_cversion, t.ttl_ms);
      out = std::move(t);
      return true;
    }
    case op_code::remove:
    case op_code::delete_container: {
      delete_txn t;
      r(t.path);
      out = std::move(t);
      return true;
    }
    case op_code::set_data:
    case op_code::reconfig: {
      set_data_txn t;
      r(t.path, t.data, t.version);
      out = std::move(t);
      return true;
    }
    case op_code::set_acl: {
      set_acl_txn t;
      r(t.path, t.acl, t.version);
      out = std::move(t);
      return true;
    }
    case op_code::check: {
      check_version_txn t;
      r(t.path, t.version);
      out = std::move(t);
      return true;
    }
    case op_code::error: {
      error_txn t;
      r(t.err);
      out = std::move(t);
      return true;
    }
    default:
      return false;
  }
}

bool read_multi(jute::reader& r, multi_txn& out) {
  auto count = r.i32();
  if (count > 0 && static_cast<std::size_t>(count) > r.rest().size()) return false;
  for (std::int32_t i = 0; i < count && r.ok(); ++i) {
    multi_op op;
    std::string inner;
    r(op.type, inner);
    jute::reader ir{inner};
    if (!r.ok() || !read_plain(ir, op.type, op.body) || !ir.ok()) return false;
    out.ops.push_back(std::move(op));
  }
  return r.ok();
}

/// With closeSessionTxn.enabled=false ZooKeeper writes no paths, and the digest follows at once.
/// Two paths, as the digest's version 2 would read, do not fit into what is there.
bool is_digest_alone(const jute::reader& r) {
  constexpr std::size_t digest_bytes = 12;
  return r.rest().size() == digest_bytes && jute::reader{r.rest()}.i32() == txn_digest{}.version;
}

bool read_body(jute::reader& r, op_code type, txn_body& out) {
  switch (type) {
    case op_code::create_session: {
      create_session_txn t;
      r(t.timeout_ms);
      out = t;
      return r.ok();
    }
    case op_code::close_session: {
      close_session_txn t;
      if (!r.at_end() && !is_digest_alone(r)) {
        t.paths.emplace();
        r(*t.paths);
      }
      out = std::move(t);
      return r.ok();
    }
    case op_code::multi: {
      multi_txn t;
      if (!read_multi(r, t)) return false;
      out = std::move(t);
      return true;
    }
    default:
      return read_plain(r, type, out) && r.ok();
  }
}

}  // namespace

std::string encode_txn(const txn& x) {
  std::string out;
  jute::writer w{out};
  write_txn(w, x);
  return out;
}

std::size_t encoded_bytes(const txn& x) {
  jute::meter m;
  write_txn(m, x);
  return m.bytes();
}

std::size_t encoded_bytes(const multi_op& op) {
  jute::meter m;
  m(op.type, std::int32_t{0});  // and the length of the body
  std::visit([&m](const auto& body) { write_body(m, body); }, op.body);
  return m.bytes();
}

std::optional<txn> decode_txn(std::string_view bytes) {
  jute::reader r{bytes};
  txn x;
  r(x.header.client, x.header.cx, x.header.id, x.header.time_ms, x.header.type);
  if (!r.ok() || !read_body(r, x.header.type, x.body)) return std::nullopt;
  if (!r.at_end()) {
    txn_digest d;
    r(d.version, d.tree);
    if (!r.ok()) return std::nullopt;
    x.digest = d;
  }
  return x;
}

txn_ptr make_logged(txn value) {
  auto bytes = encode_txn(value);
  return std::make_shared<const logged_txn>(logged_txn{std::move(value), std::move(bytes)});
}

txn_ptr parse_logged(std::string bytes) {
  auto value = decode_txn(bytes);
  if (!value) return nullptr;
  return std::make_shared<const logged_txn>(logged_txn{std::move(*value), std::move(bytes)});
}

}  // namespace troupe
