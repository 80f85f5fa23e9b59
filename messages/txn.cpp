// SPDX-License-Identifier: Apache-2.0
#include "messages/txn.hpp"

#include "messages/in_steps.hpp"

namespace troupe {
namespace {

void say(const step_teller& step) {
  if (step) step();
}

/// Behind its own length, which is known only when it is written.
template <class Write>
void append_with_length(std::string& out, Write write) {
  const auto at = out.size();
  jute::writer{out}.i32(0);
  write();
  std::string length;
  jute::writer{length}.i32(static_cast<std::int32_t>(out.size() - at - sizeof(std::int32_t)));
  out.replace(at, length.size(), length);
}

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
void write_body(jute::meter& m, const multi_txn& t) {
  m(std::int32_t{0});
  for (const auto& op : t.ops) {
    m(op.type, std::int32_t{0});  // and the length of the body
    std::visit([&m](const auto& body) { write_body(m, body); }, op.body);
  }
}

void measure_txn(jute::meter& m, const txn& x) {
  m(x.header.client, x.header.cx, x.header.id, x.header.time_ms, x.header.type);
  std::visit([&m](const auto& body) { write_body(m, body); }, x.body);
  if (x.digest) m(x.digest->version, x.digest->tree);
}

constexpr std::size_t digest_bytes = sizeof(std::int32_t) + sizeof(std::int64_t);

/// What a txn is written with: its bytes so far, and who hears of the steps.
struct writing {
  std::string& out;
  const step_teller& step;
  jute::writer w{out};
};

template <class Body>
void write_parts(writing& to, const Body& body) {
  write_body(to.w, body);
}
void write_parts(writing& to, const close_session_txn& t) {
  if (!t.paths) return;
  to.w.i32(static_cast<std::int32_t>(t.paths->size()));
  for (const auto& path : *t.paths) {
    say(to.step);
    to.w(path);
  }
}
void write_parts(writing& to, const multi_txn& t) {
  // A string that grows moves all that it has, and that is no step.
  auto bytes = to.out.size() + sizeof(std::int32_t) + digest_bytes;
  for (const auto& op : t.ops) {
    say(to.step);
    bytes += encoded_bytes(op);
  }
  to.out.reserve(bytes);
  to.w.i32(static_cast<std::int32_t>(t.ops.size()));
  for (const auto& op : t.ops) {
    say(to.step);
    to.w(op.type);
    append_with_length(
        to.out, [&] { std::visit([&to](const auto& body) { write_body(to.w, body); }, op.body); });
  }
}

std::string write_txn(const txn& x, const step_teller& step) {
  std::string out;
  writing to{out, step};
  to.w(x.header.client, x.header.cx, x.header.id, x.header.time_ms, x.header.type);
  std::visit([&to](const auto& body) { write_parts(to, body); }, x.body);
  if (x.digest) to.w(x.digest->version, x.digest->tree);
  return out;
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

/// Takes the room for so many at once, if that may be: a vector that grows moves all it has, and
/// that is no step. A count is believed only as far as so many parts of `bytes_min` may still come.
template <class Part>
bool make_room(std::vector<Part>& all, std::int32_t count, const jute::reader& r,
               std::size_t bytes_min) {
  if (count <= 0) return true;
  const auto parts = static_cast<std::size_t>(count);
  if (parts > r.rest().size() / bytes_min) return false;
  all.reserve(parts);
  return true;
}

bool read_multi(jute::reader& r, multi_txn& out, const step_teller& step) {
  constexpr std::size_t op_bytes_min = 8;  // a type and a length
  auto count = r.i32();
  if (!make_room(out.ops, count, r, op_bytes_min)) return false;
  for (std::int32_t i = 0; i < count && r.ok(); ++i) {
    say(step);
    auto& op = out.ops.emplace_back();
    r(op.type);
    jute::reader inner{r.bytes().value_or(std::string_view{})};
    if (!r.ok() || !read_plain(inner, op.type, op.body) || !inner.ok()) return false;
  }
  return r.ok();
}

bool read_paths(jute::reader& r, std::vector<std::string>& out, const step_teller& step) {
  constexpr std::size_t path_bytes_min = 4;
  auto count = r.i32();
  if (!make_room(out, count, r, path_bytes_min)) return false;
  for (std::int32_t i = 0; i < count && r.ok(); ++i) {
    say(step);
    r(out.emplace_back());
  }
  return r.ok();
}

/// With closeSessionTxn.enabled=false ZooKeeper writes no paths, and the digest follows at once.
/// Two paths, as the digest's version 2 would read, do not fit into what is there.
bool is_digest_alone(const jute::reader& r) {
  constexpr std::size_t digest_bytes = 12;
  return r.rest().size() == digest_bytes && jute::reader{r.rest()}.i32() == txn_digest{}.version;
}

bool read_body(jute::reader& r, op_code type, txn_body& out, const step_teller& step) {
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
        if (!read_paths(r, t.paths.emplace(), step)) return false;
      }
      out = std::move(t);
      return r.ok();
    }
    case op_code::multi: {
      multi_txn t;
      if (!read_multi(r, t, step)) return false;
      out = std::move(t);
      return true;
    }
    default:
      return read_plain(r, type, out) && r.ok();
  }
}

/// The bytes are read where they are.
std::optional<txn> read_txn(std::string_view bytes, const step_teller& step) {
  jute::reader r{bytes};
  txn x;
  r(x.header.client, x.header.cx, x.header.id, x.header.time_ms, x.header.type);
  if (!r.ok() || !read_body(r, x.header.type, x.body, step)) return std::nullopt;
  if (!r.at_end()) {
    txn_digest d;
    r(d.version, d.tree);
    if (!r.ok()) return std::nullopt;
    x.digest = d;
  }
  return x;
}

}  // namespace

std::string encode_txn(const txn& x) { return write_txn(x, {}); }

std::size_t encoded_bytes(const txn& x) {
  jute::meter m;
  measure_txn(m, x);
  return m.bytes();
}

std::size_t encoded_bytes(const multi_op& op) {
  jute::meter m;
  m(op.type, std::int32_t{0});  // and the length of the body
  std::visit([&m](const auto& body) { write_body(m, body); }, op.body);
  return m.bytes();
}

std::optional<txn> decode_txn(std::string_view bytes) { return read_txn(bytes, {}); }

txn_ptr make_logged(txn value) { return make_logged(std::move(value), {}); }

txn_ptr make_logged(txn value, const step_teller& step) {
  auto bytes = write_txn(value, step);
  return std::make_shared<const logged_txn>(logged_txn{std::move(value), std::move(bytes)});
}

txn_ptr parse_logged(std::string bytes) { return parse_logged(std::move(bytes), {}); }

txn_ptr parse_logged(std::string bytes, const step_teller& step) {
  auto value = read_txn(bytes, step);
  if (!value) return nullptr;
  return std::make_shared<const logged_txn>(logged_txn{std::move(*value), std::move(bytes)});
}

}  // namespace troupe
