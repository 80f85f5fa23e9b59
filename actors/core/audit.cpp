// SPDX-License-Identifier: Apache-2.0
#include "actors/core/audit.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "messages/in_steps.hpp"
#include "messages/printable.hpp"

namespace troupe::core {
namespace {

// AuditConstants.
constexpr const char* create_word = "create";
constexpr const char* delete_word = "delete";
constexpr const char* set_data_word = "setData";
constexpr const char* set_acl_word = "setAcl";
constexpr const char* multi_word = "multiOperation";
constexpr const char* reconfig_word = "reconfig";
constexpr const char* end_of_session_word = "ephemeralZNodeDeletionOnSessionCloseOrExpire";

/// CreateMode's name in small letters; nullopt for flags that no mode has.
std::optional<std::string> type_of_flags(std::int32_t flags) {
  switch (flags) {
    case create_flag::persistent:
      return "persistent";
    case create_flag::persistent | create_flag::sequential:
      return "persistent_sequential";
    case create_flag::ephemeral:
      return "ephemeral";
    case create_flag::ephemeral_sequential:
      return "ephemeral_sequential";
    case create_flag::container:
      return "container";
    case create_flag::ttl:
      return "persistent_with_ttl";
    case create_flag::ttl_sequential:
      return "persistent_sequential_with_ttl";
    default:
      return std::nullopt;
  }
}

std::string permissions_text(std::int32_t perms) {
  std::string out;
  for (auto [bit, letter] : {std::pair{permission::create, 'c'}, std::pair{permission::remove, 'd'},
                             std::pair{permission::read, 'r'}, std::pair{permission::write, 'w'},
                             std::pair{permission::admin, 'a'}})
    if ((perms & bit) != 0) out.push_back(letter);
  return out;
}

/// ZKUtil.aclToString, which puts nothing between the entries.
std::string acl_text(const acl_list& acl) {
  std::string out;
  for (const auto& x : acl) out += x.id.scheme + ":" + x.id.id + ":" + permissions_text(x.perms);
  return out;
}

const char* word_for(op_code op) {
  switch (op) {
    case op_code::create:
    case op_code::create2:
    case op_code::create_container:
    case op_code::create_ttl:
      return create_word;
    case op_code::remove:
    case op_code::delete_container:
      return delete_word;
    case op_code::set_data:
      return set_data_word;
    case op_code::set_acl:
      return set_acl_word;
    case op_code::multi:
      return multi_word;
    case op_code::reconfig:
      return reconfig_word;
    default:
      return nullptr;
  }
}

bool note(audited_write& out, const create_op& op) {
  out.path = op.request.path;
  out.znode_type = type_of_flags(op.request.flags);
  return out.znode_type.has_value();
}
bool note(audited_write& out, const set_acl_request& op) {
  out.path = op.path;
  out.acl = acl_text(op.acl);
  return true;
}
template <class Request>
bool note(audited_write& out, const Request& op) {
  out.path = op.path;
  return true;
}

/// A create with a TTL is not among them, in ZooKeeper neither.
bool note_multi(audited_write& out, const multi_request& asked, const pace& at) {
  for (const auto& op : asked.ops) {
    at.step();
    const auto* one = std::get_if<create_op>(&op);
    if (one == nullptr || one->type == op_code::create_ttl) continue;
    auto type = type_of_flags(one->request.flags);
    if (!type) return false;
    out.types.insert_or_assign(one->request.path, *std::move(type));
  }
  return true;
}

std::vector<audit_record> records_of_multi(const audited_write& asked, const applied& done,
                                           const pace& at) {
  std::vector<audit_record> out;
  for (const auto& one : done.multi) {
    at.step();
    const auto* word = word_for(one.type);  // a check has none
    if (word == nullptr) continue;
    audit_record record{.operation = word, .znode = one.path};
    if (auto type = asked.types.find(one.path); word == create_word && type != asked.types.end())
      record.znode_type = type->second;
    out.push_back(std::move(record));
  }
  if (std::ranges::any_of(done.multi, [](const auto& x) { return x.type == op_code::error; }))
    out.push_back({.operation = multi_word, .result = audit_result::failure});
  return out;
}

void say(std::string& out, std::string_view key, const std::optional<std::string>& value) {
  if (!value) return;
  if (!out.empty()) out.push_back('\t');
  out.append(key);
  out.push_back('=');
  append_printable(out, *value);
}

}  // namespace

std::string to_text(const audit_record& x) {
  constexpr const char* results[] = {"success", "failure", "invoked"};
  std::string out;
  say(out, "session", x.session);
  say(out, "user", x.user);
  say(out, "ip", x.ip);
  say(out, "operation", x.operation);
  say(out, "znode", x.znode);
  say(out, "znode_type", x.znode_type);
  say(out, "acl", x.acl);
  say(out, "result", results[static_cast<int>(x.result)]);
  return out;
}

std::optional<audited_write> audited(op_code op, std::string_view body, pace at) {
  if (word_for(op) == nullptr) return std::nullopt;
  auto request = decode_write(op, body, [&at] { at.step(); });
  if (!request) return std::nullopt;
  audited_write out{.op = op};
  bool is_told = true;
  if (const auto* one = std::get_if<write_op>(&*request)) {
    is_told = std::visit([&out](const auto& x) { return note(out, x); }, *one);
  } else if (auto* many = std::get_if<multi_request>(&*request)) {
    is_told = note_multi(out, *many, at);
    free_in_steps(many->ops, [&at] { at.step(); });
  }
  return is_told ? std::optional{std::move(out)} : std::nullopt;
}

std::vector<audit_record> records_of(const audited_write& asked, const applied& done, pace at) {
  const bool was_refused = done.header.type == op_code::error;
  if (asked.op == op_code::multi && !was_refused) return records_of_multi(asked, done, at);
  audit_record out{.operation = word_for(asked.op),
                   .znode_type = asked.znode_type,
                   .acl = asked.acl,
                   .result = was_refused || done.result.err != error_code::ok
                                 ? audit_result::failure
                                 : audit_result::success};
  if (!was_refused)
    out.znode = done.result.path;
  else if (asked.op != op_code::multi && asked.op != op_code::reconfig)
    out.znode = asked.path;
  return {std::move(out)};
}

std::vector<audit_record> records_of_end(const applied& done, const std::string& user, pace at) {
  std::vector<audit_record> out;
  for (const auto& trigger : done.triggers) {
    at.step();
    if (trigger.type == event_type::node_deleted)
      out.push_back({.session = session_text(done.header.client),
                     .user = user,
                     .operation = end_of_session_word,
                     .znode = trigger.path});
  }
  return out;
}

std::optional<std::string> users_of(const identities& shown) {
  std::string out;
  for (const auto& id : shown) {
    const auto name = user_name(id);
    if (name.find_first_not_of(' ') == std::string::npos) continue;
    if (!out.empty()) out.push_back(',');
    append_printable(out, name, ",\\");
  }
  return out.empty() ? std::nullopt : std::optional{std::move(out)};
}

std::string session_text(session_id id) {
  char digits[16];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, static_cast<std::uint64_t>(id.value), 16).ptr;
  return "0x" + std::string{digits, end};
}

}  // namespace troupe::core
