// SPDX-License-Identifier: Apache-2.0
#include "actors/core/replies.hpp"

#include <algorithm>
#include <utility>

#include "actors/core/path.hpp"
#include "messages/in_steps.hpp"

namespace troupe::core {
namespace {

void write_result(jute::writer& out, op_code type, const op_result& done) {
  switch (type) {
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

void write_multi(jute::writer& out, const std::vector<op_result>& results,
                 const std::vector<std::size_t>& with_stat, const pace& at) {
  auto next_with_stat = with_stat.begin();
  for (std::size_t i = 0; i < results.size(); ++i) {
    at.step();
    const auto& done = results[i];
    auto type = type_in_multi(done.type);
    if (next_with_stat != with_stat.end() && *next_with_stat == i) {
      ++next_with_stat;
      if (type == op_code::create) type = op_code::create2;
    }
    if (type == op_code::error) {
      out(multi_header{op_code::error, false, static_cast<std::int32_t>(done.err)}, done.err);
    } else {
      out(multi_header{type, false, 0});
      write_result(out, type, done);
    }
  }
  out(multi_header{op_code::error, true, -1});
}

read_reply refused(error_code why) { return {why, {}, std::nullopt}; }

read_reply too_long() { return {error_code::bad_arguments, {}, std::nullopt, true}; }

bool may(const asker& who, std::int32_t permissions, const acl_list& acl) {
  return who.skip_acl || is_allowed(acl, permissions, who.shown);
}

read_reply answer_exists(const read_request& asked, const asker& who, const tree& now) {
  if (asked.path.find('\0') != std::string::npos) return refused(error_code::bad_arguments);
  read_reply out;
  if (asked.watch) out.watch = watch_request{watch_kind::exist, asked.path};
  auto node = now.find(asked.path);
  if (!node) {
    out.err = error_code::no_node;  // and watched all the same
    return out;
  }
  if (!may(who, permission::read, *now.acl_of(*node))) return refused(error_code::no_auth);
  if (out.watch) out.watch->kind = watch_kind::data;
  out.body = jute::encode(now.stat_of(*node));
  return out;
}

/// The body is at most `bytes_max` long, but for a stat.
read_reply answer_node(op_code op, const read_request& asked, const asker& who, const tree& now,
                       std::size_t bytes_max, const pace& at) {
  auto node = now.find(asked.path);
  if (!node) return refused(error_code::no_node);
  if (!may(who, permission::read, *now.acl_of(*node))) return refused(error_code::no_auth);
  read_reply out;
  if (asked.watch)
    out.watch =
        watch_request{op == op_code::get_data ? watch_kind::data : watch_kind::child, asked.path};
  jute::writer body{out.body};
  if (op == op_code::get_data) {
    if (node->data.view().size() > bytes_max) return too_long();
    at.step(node->data.size() / bytes_per_step);
    node->data.is_null() ? body.null() : body.bytes(node->data.view());
  } else {
    body(node->num_children());
    if (node->children) {
      for (const auto& child : *node->children) {
        at.step();
        body(child.name);
        if (out.body.size() > bytes_max) return too_long();
      }
    }
  }
  if (op != op_code::get_children) body(now.stat_of(*node));
  return out;
}

read_reply answer_acl(const path_request& asked, const asker& who, const tree& now) {
  auto node = now.find(asked.path);
  if (!node) return refused(error_code::no_node);
  const auto& acl = *now.acl_of(*node);
  if (!may(who, permission::read | permission::admin, acl)) return refused(error_code::no_auth);
  read_reply out;
  jute::writer body{out.body};
  body(may(who, permission::admin, acl) ? acl : mask_digests(acl), now.stat_of(*node));
  return out;
}

/// Every znode below, to any depth; an empty path is below nothing, and so all are below it.
read_reply answer_number_below(const path_request& asked, const asker& who, const tree& now,
                               const pace& at) {
  auto node = now.find(asked.path);
  if (!node) return refused(error_code::no_node);
  if (!may(who, permission::read, *now.acl_of(*node))) return refused(error_code::no_auth);
  auto all = now.node_count();  // the root twice
  auto number = asked.path.empty()    ? all - 1
                : node == &now.root() ? all - 2
                                      : count_below(*node, at);
  read_reply out;
  jute::writer{out.body}.i32(static_cast<std::int32_t>(number));
  return out;
}

/// One by one, each as if it had been asked alone (FinalRequestProcessor, multiRead), until no more
/// fits.
read_reply answer_multi_read(const std::vector<multi_read_op>& asked, const asker& who,
                             const tree& now, const pace& at) {
  const auto bytes_max = who.limits.multi_read_bytes_max;
  read_reply out;
  jute::writer body{out.body};
  for (const auto& op : asked) {
    at.step(2);
    const auto left = out.is_cut ? 0 : bytes_max - std::min(bytes_max, out.body.size());
    auto one = left == 0 ? too_long() : answer_node(op.type, op.request, who, now, left, at);
    out.is_cut = out.is_cut || one.is_cut;
    if (one.err == error_code::ok) {
      body(multi_header{op.type, false, 0});
      body.raw(one.body);
    } else {
      body(multi_header{op_code::error, false, static_cast<std::int32_t>(one.err)}, one.err);
    }
  }
  body(multi_header{op_code::error, true, -1});
  return out;
}

bool is_blank(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

read_reply answer_ephemerals(std::string_view asked, const asker& who, const tree& now,
                             const pace& at) {
  auto request = jute::decode<get_ephemerals_request>(asked);
  if (!request) return refused(error_code::marshalling_error);
  auto paths = now.ephemerals(who.session, at);
  auto prefix = std::string_view{request->prefix};
  auto core = prefix;  // without blanks around it
  while (!core.empty() && is_blank(core.substr(0, 1))) core.remove_prefix(1);
  while (!core.empty() && is_blank(core.substr(core.size() - 1))) core.remove_suffix(1);
  if (!core.empty() && core != root_path)
    std::erase_if(paths, [&](const std::string& path) {
      at.step();
      return !path.starts_with(prefix);
    });
  read_reply out;
  jute::writer body{out.body};
  body.i32(static_cast<std::int32_t>(paths.size()));
  for (const auto& path : paths) {
    at.step();
    body.bytes(path);
    if (out.body.size() > who.limits.bytes_max) return too_long();
  }
  return out;
}

read_reply answer_who_am_i(const asker& who) {
  read_reply out;
  jute::writer body{out.body};
  body.i32(static_cast<std::int32_t>(who.shown.size()));
  for (const auto& id : who.shown) body(auth_id{id.scheme, user_name(id)});
  return out;
}

reply add_watch(const add_watch_request& asked, watcher_key watcher, watches& table) {
  auto kind = watch_kind::persistent;
  switch (asked.mode) {
    case add_watch_mode::persistent:
      break;
    case add_watch_mode::persistent_recursive:
      kind = watch_kind::persistent_recursive;
      break;
    default:
      return {error_code::marshalling_error, {}};
  }
  if (!table.has_room(watcher, kind, asked.path)) return {error_code::bad_arguments, {}};
  table.add(kind, asked.path, watcher);
  reply out;
  jute::writer{out.body}(error_code::ok);  // an ErrorResponse, of no error
  return out;
}

}  // namespace

reply reply_to_write(const applied& done, const std::vector<std::size_t>& with_stat, pace at) {
  reply out;
  jute::writer body{out.body};
  if (done.header.type == op_code::multi) {
    write_multi(body, done.multi, with_stat, at);
  } else {
    out.err = done.result.err;
    if (out.err == error_code::ok) write_result(body, done.result.type, done.result);
  }
  return out;
}

read_reply answer_read(op_code op, std::string_view body, const asker& who, const tree& now,
                       pace at) {
  switch (op) {
    case op_code::exists:
    case op_code::get_data:
    case op_code::get_children:
    case op_code::get_children2: {
      auto asked = decode_request<read_request>(body);
      if (!asked) return refused(asked.error());
      return op == op_code::exists ? answer_exists(*asked, who, now)
                                   : answer_node(op, *asked, who, now, who.limits.bytes_max, at);
    }
    case op_code::get_acl:
    case op_code::get_all_children_number: {
      auto asked = decode_request<path_request>(body);
      if (!asked) return refused(asked.error());
      return op == op_code::get_acl ? answer_acl(*asked, who, now)
                                    : answer_number_below(*asked, who, now, at);
    }
    case op_code::multi_read: {
      const auto step = [&at] { at.step(); };
      auto asked = decode_multi_read(body, step);
      if (!asked) return refused(asked.error());
      auto out = answer_multi_read(*asked, who, now, at);
      free_in_steps(*asked, step);
      return out;
    }
    case op_code::get_ephemerals:
      return answer_ephemerals(body, who, now, at);
    case op_code::who_am_i:
      return answer_who_am_i(who);
    default:
      return refused(error_code::unimplemented);
  }
}

bool may_be_long(op_code op, std::string_view body, const tree& now) {
  constexpr std::size_t short_bytes_max = 64 * 1024;
  constexpr std::int32_t short_children_max = 256;
  switch (op) {
    case op_code::get_data:
    case op_code::get_children:
    case op_code::get_children2: {
      auto asked = decode_request<read_request>(body);
      const auto* node = asked ? now.find(asked->path) : nullptr;
      if (node == nullptr) return false;
      return op == op_code::get_data ? node->data.view().size() > short_bytes_max
                                     : node->num_children() > short_children_max;
    }
    case op_code::get_acl:
    case op_code::get_ephemerals:
    case op_code::multi_read:
    case op_code::set_watches:
    case op_code::set_watches2:
      return true;
    default:
      return false;
  }
}

reply answer_watch_op(op_code op, std::string_view body, watcher_key watcher, watches& table) {
  const reply malformed{error_code::marshalling_error, {}};
  if (op == op_code::add_watch) {
    auto asked = jute::decode<add_watch_request>(body);
    return asked ? add_watch(*asked, watcher, table) : malformed;
  }
  auto asked = jute::decode<watches_request>(body);
  if (!asked || asked->type < watcher_type::children ||
      asked->type > watcher_type::persistent_recursive)
    return malformed;
  bool found = op == op_code::check_watches ? table.contains(asked->type, asked->path, watcher)
                                            : table.remove(asked->type, asked->path, watcher);
  return {found ? error_code::ok : error_code::no_watcher, {}};
}

}  // namespace troupe::core
