// SPDX-License-Identifier: Apache-2.0
#include "actors/core/replies.hpp"

#include <utility>

namespace troupe::core {
namespace {

void write_result(jute::writer& out, const op_result& done) {
  switch (done.type) {
    case op_code::create:
      out(done.path);
      break;
    case op_code::create2:
    case op_code::create_container:
    case op_code::create_ttl:
      out(done.path, done.node_stat.value_or(stat{}));
      break;
    case op_code::reconfig:
      out(done.data, done.node_stat.value_or(stat{}));
      break;
    case op_code::set_data:
    case op_code::set_acl:
      out(done.node_stat.value_or(stat{}));
      break;
    default:
      break;
  }
}

/// In a multi's answer every create that returns a stat calls itself create2.
op_code type_in_multi(op_code type) {
  return type == op_code::create_container || type == op_code::create_ttl ? op_code::create2 : type;
}

void write_multi(jute::writer& out, const std::vector<op_result>& results) {
  for (const auto& done : results) {
    if (done.type == op_code::error) {
      out(multi_header{op_code::error, false, static_cast<std::int32_t>(done.err)}, done.err);
    } else {
      out(multi_header{type_in_multi(done.type), false, 0});
      write_result(out, done);
    }
  }
  out(multi_header{op_code::error, true, -1});
}

read_reply refused(error_code why) { return {why, {}, std::nullopt}; }

read_reply answer_exists(const read_request& asked, const identities& shown, const tree& now) {
  if (asked.path.find('\0') != std::string::npos) return refused(error_code::bad_arguments);
  read_reply out;
  if (asked.watch) out.watch = watch_request{watch_kind::exist, asked.path};
  auto node = now.find(asked.path);
  if (!node) {
    out.err = error_code::no_node;  // and watched all the same
    return out;
  }
  if (!is_allowed(*now.acl_of(*node), permission::read, shown)) return refused(error_code::no_auth);
  if (out.watch) out.watch->kind = watch_kind::data;
  out.body = jute::encode(now.stat_of(*node));
  return out;
}

read_reply answer_node(op_code op, const read_request& asked, const identities& shown,
                       const tree& now) {
  auto node = now.find(asked.path);
  if (!node) return refused(error_code::no_node);
  if (!is_allowed(*now.acl_of(*node), permission::read, shown)) return refused(error_code::no_auth);
  read_reply out;
  if (asked.watch)
    out.watch =
        watch_request{op == op_code::get_data ? watch_kind::data : watch_kind::child, asked.path};
  jute::writer body{out.body};
  if (op == op_code::get_data) {
    node->data.is_null() ? body.null() : body.bytes(node->data.view());
  } else {
    body(node->num_children());
    if (node->children)
      for (const auto& child : *node->children) body(child.name);
  }
  if (op != op_code::get_children) body(now.stat_of(*node));
  return out;
}

read_reply answer_acl(const path_request& asked, const identities& shown, const tree& now) {
  auto node = now.find(asked.path);
  if (!node) return refused(error_code::no_node);
  const auto& acl = *now.acl_of(*node);
  if (!is_allowed(acl, permission::read | permission::admin, shown))
    return refused(error_code::no_auth);
  read_reply out;
  jute::writer body{out.body};
  body(is_allowed(acl, permission::admin, shown) ? acl : mask_digests(acl), now.stat_of(*node));
  return out;
}

}  // namespace

reply reply_to_write(const applied& done) {
  reply out;
  jute::writer body{out.body};
  if (done.header.type == op_code::multi) {
    write_multi(body, done.multi);
  } else {
    out.err = done.result.err;
    if (out.err == error_code::ok) write_result(body, done.result);
  }
  return out;
}

read_reply answer_read(op_code op, std::string_view body, const identities& shown,
                       const tree& now) {
  switch (op) {
    case op_code::exists:
    case op_code::get_data:
    case op_code::get_children:
    case op_code::get_children2: {
      auto asked = decode_request<read_request>(body);
      if (!asked) return refused(asked.error());
      return op == op_code::exists ? answer_exists(*asked, shown, now)
                                   : answer_node(op, *asked, shown, now);
    }
    case op_code::get_acl: {
      auto asked = decode_request<path_request>(body);
      return asked ? answer_acl(*asked, shown, now) : refused(asked.error());
    }
    default:
      return refused(error_code::unimplemented);
  }
}

}  // namespace troupe::core
