// SPDX-License-Identifier: Apache-2.0
#include "tools/log/describe.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>

#include "messages/printable.hpp"

namespace troupe::log_tool {
namespace {

bool is_utf8(const std::string& bytes) {
  try {
    (void)json(bytes).dump();
    return true;
  } catch (const json::type_error&) {  // thrown for nothing else by a string
    return false;
  }
}

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // and a zero behind it
  auto size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(bytes.data()),
                                static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

void put_data(json& to, const jute::buffer& data) {
  if (!data)
    to["data"] = nullptr;
  else if (is_utf8(*data))
    to["data"] = *data;
  else
    to["data_base64"] = base64(*data);
}

json acl_json(const std::vector<acl_entry>& acl) {
  auto out = json::array();
  for (const auto& entry : acl)
    out.push_back({{"perms", entry.perms}, {"scheme", entry.id.scheme}, {"id", entry.id.id}});
  return out;
}

/// A body's fields, one overload a kind: as text behind the type's word, and into JSON.
struct fields_text {
  std::size_t data_max;

  [[nodiscard]] std::string path(const std::string& p) const { return " path=" + quoted(p, 4096); }
  [[nodiscard]] std::string content(const jute::buffer& data,
                                    const std::vector<acl_entry>& acl) const {
    return " data=" + data_text(data, data_max) + " acl=" + acl_text(acl);
  }
  std::string operator()(const create_txn& t) const {
    return path(t.path) + content(t.data, t.acl) + (t.ephemeral ? " ephemeral" : "") +
           " parent_cversion=" + std::to_string(t.parent_cversion);
  }
  std::string operator()(const create_container_txn& t) const {
    return path(t.path) + content(t.data, t.acl) +
           " parent_cversion=" + std::to_string(t.parent_cversion);
  }
  std::string operator()(const create_ttl_txn& t) const {
    return path(t.path) + content(t.data, t.acl) +
           " parent_cversion=" + std::to_string(t.parent_cversion) +
           " ttl_ms=" + std::to_string(t.ttl_ms);
  }
  std::string operator()(const delete_txn& t) const { return path(t.path); }
  std::string operator()(const set_data_txn& t) const {
    return path(t.path) + " data=" + data_text(t.data, data_max) +
           " version=" + std::to_string(t.version);
  }
  std::string operator()(const set_acl_txn& t) const {
    return path(t.path) + " acl=" + acl_text(t.acl) + " version=" + std::to_string(t.version);
  }
  std::string operator()(const check_version_txn& t) const {
    return path(t.path) + " version=" + std::to_string(t.version);
  }
  std::string operator()(const create_session_txn& t) const {
    return " timeout_ms=" + std::to_string(t.timeout_ms);
  }
  std::string operator()(const close_session_txn& t) const {
    if (!t.paths) return " (its ephemerals go by their owner)";
    std::string out = " paths=[";
    for (const auto& p : *t.paths) out += (out.back() == '[' ? "" : " ") + quoted(p, 4096);
    return out + "]";
  }
  std::string operator()(const error_txn& t) const {
    return " err=" + std::to_string(static_cast<std::int32_t>(t.err)) + " (" +
           std::string{to_string(t.err)} + ")";
  }
  std::string operator()(const multi_txn& t) const {
    std::string out = " of " + std::to_string(t.ops.size());
    for (const auto& op : t.ops) out += "\n    " + word_of(op.type) + std::visit(*this, op.body);
    return out;
  }
};

struct fields_json {
  json& to;

  template <class Create>
  void create(const Create& t) const {
    to["path"] = t.path;
    put_data(to, t.data);
    to["acl"] = acl_json(t.acl);
    to["parent_cversion"] = t.parent_cversion;
  }
  void operator()(const create_txn& t) const {
    create(t);
    to["ephemeral"] = t.ephemeral;
  }
  void operator()(const create_container_txn& t) const { create(t); }
  void operator()(const create_ttl_txn& t) const {
    create(t);
    to["ttl_ms"] = t.ttl_ms;
  }
  void operator()(const delete_txn& t) const { to["path"] = t.path; }
  void operator()(const set_data_txn& t) const {
    to["path"] = t.path;
    put_data(to, t.data);
    to["version"] = t.version;
  }
  void operator()(const set_acl_txn& t) const {
    to["path"] = t.path;
    to["acl"] = acl_json(t.acl);
    to["version"] = t.version;
  }
  void operator()(const check_version_txn& t) const {
    to["path"] = t.path;
    to["version"] = t.version;
  }
  void operator()(const create_session_txn& t) const { to["timeout_ms"] = t.timeout_ms; }
  void operator()(const close_session_txn& t) const {
    if (t.paths) to["paths"] = *t.paths;
  }
  void operator()(const error_txn& t) const { to["err"] = static_cast<std::int32_t>(t.err); }
  void operator()(const multi_txn& t) const {
    auto ops = json::array();
    for (const auto& op : t.ops) {
      json inner{{"type", word_of(op.type)}};
      std::visit(fields_json{inner}, op.body);
      ops.push_back(std::move(inner));
    }
    to["ops"] = std::move(ops);
  }
};

std::string_view kind_word(core::owner_kind kind) {
  switch (kind) {
    case core::owner_kind::session:
      return "ephemeral";
    case core::owner_kind::container:
      return "container";
    case core::owner_kind::ttl:
      return "ttl";
    case core::owner_kind::none:
      break;
  }
  return "persistent";
}

}  // namespace

std::string word_of(op_code type) {
  switch (type) {
    case op_code::create:
      return "create";
    case op_code::create2:
      return "create2";
    case op_code::create_container:
      return "createContainer";
    case op_code::create_ttl:
      return "createTTL";
    case op_code::remove:
      return "delete";
    case op_code::delete_container:
      return "deleteContainer";
    case op_code::set_data:
      return "setData";
    case op_code::reconfig:
      return "reconfig";
    case op_code::set_acl:
      return "setACL";
    case op_code::check:
      return "check";
    case op_code::multi:
      return "multi";
    case op_code::create_session:
      return "createSession";
    case op_code::close_session:
      return "closeSession";
    case op_code::error:
      return "error";
    default:
      return "type " + std::to_string(static_cast<std::int32_t>(type));
  }
}

std::string time_text(std::int64_t ms) {
  auto part = ((ms % 1000) + 1000) % 1000;
  auto seconds = static_cast<std::time_t>((ms - part) / 1000);
  std::tm utc{};
  char text[64];
  if (::gmtime_r(&seconds, &utc) == nullptr ||
      std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
    return std::to_string(ms) + "ms";
  auto fraction = std::to_string(1000 + part).substr(1);
  return std::string{text} + "." + fraction + "Z";
}

std::string quoted(std::string_view bytes, std::size_t bytes_max) {
  const auto shown = clipped(bytes, bytes_max);
  std::string out = "\"";
  for (std::size_t begin = 0; begin < shown.size();) {
    const auto end = std::min(shown.find_first_of("\"\\", begin), shown.size());
    append_printable(out, shown.substr(begin, end - begin));
    if (end < shown.size()) out.append(1, '\\').append(1, shown[end]);
    begin = end + 1;
  }
  return out + (shown.size() < bytes.size() ? "\"..." : "\"");
}

std::string acl_text(const std::vector<acl_entry>& acl) {
  constexpr std::pair<std::int32_t, char> letters[] = {{permission::create, 'c'},
                                                       {permission::remove, 'd'},
                                                       {permission::read, 'r'},
                                                       {permission::write, 'w'},
                                                       {permission::admin, 'a'}};
  std::string out;
  for (const auto& entry : acl) {
    out += (out.empty() ? "" : ",") + printable(entry.id.scheme + ":" + entry.id.id) + ":";
    for (auto [bit, letter] : letters)
      if ((entry.perms & bit) != 0) out += letter;
  }
  return out.empty() ? "none" : out;
}

std::string data_text(const jute::buffer& data, std::size_t bytes_max) {
  if (!data) return "null";
  if (data->empty()) return "empty";
  return std::to_string(data->size()) + (data->size() == 1 ? " byte " : " bytes ") +
         quoted(*data, bytes_max);
}

std::string txn_text(const txn& x, std::size_t data_bytes_max) {
  const auto& h = x.header;
  auto out = time_text(h.time_ms) + " zxid " + to_string(h.id) + " session " + to_string(h.client) +
             " cxid " + to_hex(static_cast<std::uint32_t>(h.cx.value)) + " " + word_of(h.type) +
             std::visit(fields_text{data_bytes_max}, x.body);
  if (x.digest) out += " digest=" + to_hex(x.digest->tree);
  return out;
}

json txn_json(const txn& x) {
  const auto& h = x.header;
  json out{{"zxid", to_string(h.id)},
           {"time_ms", h.time_ms},
           {"session", to_string(h.client)},
           {"cxid", h.cx.value},
           {"type", word_of(h.type)}};
  std::visit(fields_json{out}, x.body);
  if (x.digest) out["digest"] = {{"version", x.digest->version}, {"tree", to_hex(x.digest->tree)}};
  return out;
}

std::string znode_text(const core::tree& in, const std::string& path, const core::znode& node,
                       std::size_t data_bytes_max) {
  auto s = in.stat_of(node);
  auto out = printable(path) + "\n  " +
             std::string{kind_word(core::kind_of_owner(node.stats.ephemeral_owner, true))};
  if (node.stats.ephemeral_owner.value != 0) out += " of " + to_string(node.stats.ephemeral_owner);
  out += " created " + to_string(s.czxid) + " " + time_text(s.ctime) + " modified " +
         to_string(s.mzxid) + " " + time_text(s.mtime) + " children " + to_string(s.pzxid);
  out += "\n  version " + std::to_string(s.version) + " cversion " + std::to_string(s.cversion) +
         " aversion " + std::to_string(s.aversion) + " children " + std::to_string(s.num_children);
  out += "\n  acl " + acl_text(*in.acl_of(node));
  return out + "\n  data " + data_text(node.data.to_buffer(), data_bytes_max) + "\n";
}

json znode_json(const core::tree& in, const std::string& path, const core::znode& node) {
  auto s = in.stat_of(node);
  json out{{"path", path},
           {"kind", kind_word(core::kind_of_owner(node.stats.ephemeral_owner, true))},
           {"czxid", to_string(s.czxid)},
           {"mzxid", to_string(s.mzxid)},
           {"pzxid", to_string(s.pzxid)},
           {"ctime_ms", s.ctime},
           {"mtime_ms", s.mtime},
           {"version", s.version},
           {"cversion", s.cversion},
           {"cversion_stored", node.stats.cversion},
           {"aversion", s.aversion},
           {"ephemeral_owner", to_string(node.stats.ephemeral_owner)},
           {"children", s.num_children},
           {"acl", acl_json(*in.acl_of(node))}};
  put_data(out, node.data.to_buffer());
  return out;
}

std::string dump(const json& value, int indent) {
  auto out = value.dump(indent, ' ', false, json::error_handler_t::replace);
  if (printable(out, "\n") == out) return out;
  return value.dump(indent, ' ', true, json::error_handler_t::replace);  // \u for all but ASCII
}

}  // namespace troupe::log_tool
