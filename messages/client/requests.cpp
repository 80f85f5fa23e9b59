// SPDX-License-Identifier: Apache-2.0
#include "messages/client/requests.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <utility>

#include "messages/in_steps.hpp"

namespace troupe {
namespace {

const auto malformed = tl::unexpected{error_code::marshalling_error};

template <class Request>
bool read(jute::reader& in, Request& out) {
  if (begins_with_null(in.rest())) return false;
  in(out);
  return in.ok();
}

/// Of the access list that comes behind so many strings; `in` is a copy. Only where ZooKeeper looks
/// at the id: an entry of the scheme auth needs none, and clients send none.
bool has_null_id(jute::reader in, int strings_before) {
  while (strings_before-- > 0) in.bytes();
  bool found = false;
  for (auto n = in.i32(); n > 0 && in.ok() && !found; --n) {
    in.i32();
    const auto scheme = in.bytes();
    found = !in.bytes() && (scheme == "world" || scheme == "digest" || scheme == "ip");
  }
  return found && in.ok();
}

template <class Request>
tl::expected<decoded_write, error_code> read_any(jute::reader& in) {
  Request request;
  in(request);
  if (!in.ok()) return malformed;
  return write_op{std::move(request)};
}

/// One op of a multi or a request by itself. nullopt: does not decode.
std::optional<write_op> read_op(jute::reader& in, op_code type) {
  auto as = [&in](auto request) -> std::optional<write_op> {
    if (!read(in, request)) return std::nullopt;
    return write_op{std::move(request)};
  };
  switch (type) {
    case op_code::create:
    case op_code::create2:
    case op_code::create_container: {
      create_op op{type, {}};
      op.has_path = !begins_with_null(in.rest());
      op.request.has_null_id = has_null_id(in, 2);
      in(op.request);
      if (!in.ok()) return std::nullopt;
      return op;
    }
    case op_code::create_ttl: {
      create_ttl_request request;
      bool has_path = !begins_with_null(in.rest());
      request.plain.has_null_id = has_null_id(in, 2);
      in(request);
      if (!in.ok()) return std::nullopt;
      return create_op{type, std::move(request.plain), request.ttl_ms, has_path};
    }
    case op_code::remove:
      return as(delete_request{});
    case op_code::set_data:
      return as(set_data_request{});
    case op_code::set_acl:
      return as(set_acl_request{});
    case op_code::check:
      return as(check_request{});
    default:
      return std::nullopt;
  }
}

/// In a multi the flags say what kind of create it is, whatever its header says
/// (MultiOperationRecord.deserialize, Op.Create). False: the header's record cannot hold that kind.
bool settle_kind(create_op& op) {
  auto flags = op.request.flags;
  bool is_ttl = flags == create_flag::ttl || flags == create_flag::ttl_sequential;
  if (op.type == op_code::create_ttl) {
    if (!is_ttl) op = {op_code::create, std::move(op.request)};
  } else if (is_ttl || flags < create_flag::persistent || flags > create_flag::ttl_sequential) {
    return false;
  } else if (op.type == op_code::create_container) {
    op.type = op_code::create;
  }
  if (flags == create_flag::container) op.type = op_code::create_container;
  return true;
}

void say(const step_teller& step) {
  if (step) step();
}

/// Passes over one op of a multi without copying anything of it.
void skip_op(jute::reader& in, op_code type) {
  switch (type) {
    case op_code::create:
    case op_code::create2:
    case op_code::create_container:
    case op_code::create_ttl:
      in.bytes();
      in.bytes();
      for (auto n = in.i32(); n > 0 && in.ok(); --n) {
        in.i32();
        in.bytes();
        in.bytes();
      }
      in.i32();
      if (type == op_code::create_ttl) in.i64();
      return;
    case op_code::set_data:
      in.bytes();
      [[fallthrough]];
    case op_code::remove:
    case op_code::check:
      in.bytes();
      in.i32();
      return;
    default:
      in.fail();
  }
}

/// A vector that grows moves all that it has, and that is no step: so they are counted first.
std::size_t count_ops(std::string_view body, const step_teller& step) {
  jute::reader in{body};
  for (std::size_t count = 0;; ++count) {
    say(step);
    multi_header header;
    in(header);
    if (!in.ok() || header.done) return count;
    skip_op(in, header.type);
  }
}

tl::expected<decoded_write, error_code> read_multi(std::string_view body, const step_teller& step) {
  multi_request out;
  out.ops.reserve(count_ops(body, step));
  jute::reader in{body};
  for (;;) {
    say(step);
    multi_header header;
    in(header);
    if (!in.ok()) return malformed;
    if (header.done) return out;
    if (header.type == op_code::set_acl) return malformed;  // ZooKeeper has no such op in a multi
    auto op = read_op(in, header.type);
    if (!op) return malformed;
    if (auto create = std::get_if<create_op>(&*op);
        create && (!create->has_path || create->request.has_null_id || !settle_kind(*create)))
      return malformed;
    out.ops.push_back(std::move(*op));
  }
}

}  // namespace

bool is_write(op_code op) {
  switch (op) {
    case op_code::create:
    case op_code::create2:
    case op_code::create_container:
    case op_code::create_ttl:
    case op_code::remove:
    case op_code::set_data:
    case op_code::set_acl:
    case op_code::multi:
    case op_code::reconfig:
    case op_code::close_session:
      return true;
    default:
      return false;
  }
}

tl::expected<decoded_write, error_code> decode_write(op_code op, std::string_view body) {
  return decode_write(op, body, {});
}

tl::expected<decoded_write, error_code> decode_write(op_code op, std::string_view body,
                                                     const step_teller& step) {
  jute::reader in{body};
  switch (op) {
    case op_code::create:
    case op_code::create2:
    case op_code::create_container:
    case op_code::create_ttl:
    case op_code::remove: {
      auto decoded = read_op(in, op);
      if (!decoded) return malformed;
      return std::move(*decoded);
    }
    // A null path is for prep to refuse here, as no path (PathUtils.validatePath).
    case op_code::set_data:
      return read_any<set_data_request>(in);
    case op_code::set_acl: {
      set_acl_request request;
      request.has_null_id = has_null_id(in, 1);
      in(request);
      if (!in.ok()) return malformed;
      return write_op{std::move(request)};
    }
    case op_code::multi:
      return read_multi(body, step);
    case op_code::reconfig: {
      auto request = jute::decode<reconfig_request>(body);
      if (!request) return malformed;
      return std::move(*request);
    }
    case op_code::create_session: {
      create_session_request request{in.i32()};
      if (!in.ok()) return malformed;
      return request;
    }
    case op_code::close_session:
      return close_session_request{};
    default:  // check stands in a multi only; containers are the leading server's to delete
      return tl::unexpected{error_code::unimplemented};
  }
}

std::vector<std::size_t> create2_positions(std::string_view multi_body, const step_teller& step) {
  std::vector<std::size_t> out;
  jute::reader in{multi_body};
  for (std::size_t at = 0;; ++at) {
    say(step);
    multi_header header;
    in(header);
    if (!in.ok() || header.done) return out;
    if (header.type == op_code::create2) out.push_back(at);
    skip_op(in, header.type);
  }
}

bool creates_ephemeral(op_code op, std::string_view body, const step_teller& step) {
  if (op != op_code::create && op != op_code::create2 && op != op_code::multi) return false;
  auto decoded = decode_write(op, body, step);
  if (!decoded) return false;
  auto is_ephemeral = [](const write_op& x) {
    const auto* create = std::get_if<create_op>(&x);
    return create != nullptr && (create->request.flags == create_flag::ephemeral ||
                                 create->request.flags == create_flag::ephemeral_sequential);
  };
  if (const auto* one = std::get_if<write_op>(&*decoded)) return is_ephemeral(*one);
  auto* many = std::get_if<multi_request>(&*decoded);
  if (many == nullptr) return false;
  const bool out = std::ranges::any_of(many->ops, is_ephemeral);
  free_in_steps(many->ops, step);
  return out;
}

tl::expected<std::vector<multi_read_op>, error_code> decode_multi_read(std::string_view body) {
  return decode_multi_read(body, {});
}

tl::expected<std::vector<multi_read_op>, error_code> decode_multi_read(std::string_view body,
                                                                       const step_teller& step) {
  std::vector<multi_read_op> out;
  jute::reader in{body};
  for (;;) {
    say(step);
    multi_header header;
    in(header);
    if (!in.ok()) return malformed;
    if (header.done) return out;
    if (header.type != op_code::get_data && header.type != op_code::get_children) return malformed;
    multi_read_op op{header.type, {}};
    if (!read(in, op.request)) return malformed;
    op.request.watch = false;  // ZooKeeper's Op has no place for it
    out.push_back(std::move(op));
  }
}

namespace {

/// As a reader reads a list of strings.
void read_strings(jute::reader& in, std::vector<std::string>& out, const step_teller& step) {
  const auto count = in.i32();
  if (count > 0 && static_cast<std::size_t>(count) > in.rest().size()) in.fail();
  // A vector that grows moves all that it has, and that is no step.
  constexpr std::size_t string_bytes_min = 4;
  if (count > 0 && in.ok())
    out.reserve(std::min(static_cast<std::size_t>(count), in.rest().size() / string_bytes_min));
  for (std::int32_t i = 0; i < count && in.ok(); ++i) {
    say(step);
    in(out.emplace_back());
  }
}

}  // namespace

tl::expected<set_watches2_request, error_code> decode_set_watches(op_code op,
                                                                  std::string_view body) {
  return decode_set_watches(op, body, {});
}

tl::expected<set_watches2_request, error_code> decode_set_watches(op_code op, std::string_view body,
                                                                  const step_teller& step) {
  set_watches2_request out;
  jute::reader in{body};
  in(out.one_shot.relative_zxid);
  auto lists = {&out.one_shot.data, &out.one_shot.exist, &out.one_shot.child, &out.persistent,
                &out.persistent_recursive};
  std::size_t count = op == op_code::set_watches2 ? 5 : 3;
  for (auto list : std::span{lists.begin(), count}) {
    out.is_cut = out.is_cut || begins_with_null(in.rest());
    read_strings(in, *list, step);
    if (out.is_cut) list->clear();
  }
  if (!in.ok()) return malformed;
  return out;
}

op_code type_of(const write_op& op) {
  struct {
    op_code operator()(const create_op& x) const { return x.type; }
    op_code operator()(const delete_request&) const { return op_code::remove; }
    op_code operator()(const set_data_request&) const { return op_code::set_data; }
    op_code operator()(const set_acl_request&) const { return op_code::set_acl; }
    op_code operator()(const check_request&) const { return op_code::check; }
  } type;
  return std::visit(type, op);
}

}  // namespace troupe
