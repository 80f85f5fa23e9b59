// SPDX-License-Identifier: Apache-2.0
#include "messages/client/requests.hpp"

#include <optional>
#include <utility>

namespace troupe {
namespace {

const auto malformed = tl::unexpected{error_code::marshalling_error};

template <class Request>
bool read(jute::reader& in, Request& out) {
  if (begins_with_null(in.rest())) return false;
  in(out);
  return in.ok();
}

/// One op of a multi or a request by itself. nullopt: does not decode.
std::optional<write_op> read_op(jute::reader& in, op_code type) {
  auto as = [&in](auto request) -> std::optional<write_op> {
    if (!read(in, request)) return std::nullopt;
    return write_op{std::move(request)};
  };
  switch (type) {
    case op_code::create:
    case op_code::create2: {
      create_op op{type, {}};
      if (!read(in, op.request)) return std::nullopt;
      return op;
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

tl::expected<decoded_write, error_code> read_multi(std::string_view body) {
  multi_request out;
  jute::reader in{body};
  for (;;) {
    multi_header header;
    in(header);
    if (!in.ok()) return malformed;
    if (header.done) return out;
    if (header.type == op_code::create_container || header.type == op_code::create_ttl)
      return tl::unexpected{error_code::unimplemented};
    if (header.type == op_code::set_acl) return malformed;  // ZooKeeper has no such op in a multi
    auto op = read_op(in, header.type);
    if (!op) return malformed;
    if (auto create = std::get_if<create_op>(&*op);
        create &&
        (create->request.flags < 0 || create->request.flags > create_flag::ttl_sequential))
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
    case op_code::delete_container:
    case op_code::set_data:
    case op_code::set_acl:
    case op_code::multi:
    case op_code::reconfig:
    case op_code::create_session:
    case op_code::close_session:
      return true;
    default:
      return false;
  }
}

tl::expected<decoded_write, error_code> decode_write(op_code op, std::string_view body) {
  jute::reader in{body};
  switch (op) {
    case op_code::create:
    case op_code::create2:
    case op_code::remove:
    case op_code::set_data:
    case op_code::set_acl: {
      auto decoded = read_op(in, op);
      if (!decoded) return malformed;
      return std::move(*decoded);
    }
    case op_code::multi:
      return read_multi(body);
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

tl::expected<set_watches2_request, error_code> decode_set_watches(op_code op,
                                                                  std::string_view body) {
  set_watches2_request out;
  jute::reader in{body};
  if (op == op_code::set_watches2)
    in(out);
  else
    in(out.one_shot);
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
