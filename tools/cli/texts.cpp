// SPDX-License-Identifier: Apache-2.0
#include "tools/cli/texts.hpp"

#include <openssl/evp.h>

#include <charconv>
#include <ctime>

#include "actors/core/path.hpp"
#include "config/properties.hpp"
#include "config/server_line.hpp"

namespace troupe::cli {

std::string date_text(std::int64_t ms) {
  // Whole seconds, towards the past as Java does.
  const auto seconds = static_cast<std::time_t>(ms / 1000 - (ms % 1000 < 0 ? 1 : 0));
  std::tm local{};
  if (::localtime_r(&seconds, &local) == nullptr) return std::to_string(ms) + " ms since 1970";
  char out[64];
  return {out, std::strftime(out, sizeof out, "%a %b %d %H:%M:%S %Z %Y", &local)};
}

std::string stat_text(const stat& x) {
  std::string out;
  auto line = [&out](std::string_view name, const std::string& value) {
    out.append(name).append(" = ").append(value).append("\n");
  };
  line("cZxid", to_string(x.czxid));
  line("ctime", date_text(x.ctime));
  line("mZxid", to_string(x.mzxid));
  line("mtime", date_text(x.mtime));
  line("pZxid", to_string(x.pzxid));
  line("cversion", std::to_string(x.cversion));
  line("dataVersion", std::to_string(x.version));
  line("aclVersion", std::to_string(x.aversion));
  line("ephemeralOwner", to_string(x.ephemeral_owner));
  line("dataLength", std::to_string(x.data_length));
  line("numChildren", std::to_string(x.num_children));
  return out;
}

std::string perms_text(std::int32_t perms) {
  std::string out;
  if ((perms & permission::create) != 0) out += 'c';
  if ((perms & permission::remove) != 0) out += 'd';
  if ((perms & permission::read) != 0) out += 'r';
  if ((perms & permission::write) != 0) out += 'w';
  if ((perms & permission::admin) != 0) out += 'a';
  return out;
}

std::string acl_text(const std::vector<acl_entry>& acl) {
  std::string out;
  for (const auto& x : acl)
    out += "'" + x.id.scheme + ",'" + x.id.id + "\n: " + perms_text(x.perms) + "\n";
  return out;
}

std::string list_text(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& x : names) out.append(&x == &names.front() ? "" : ", ").append(x);
  return "[" + out + "]";
}

namespace {

std::int32_t parse_perms(std::string_view letters, std::vector<std::string>& complaints) {
  std::int32_t perms = 0;
  for (char c : letters) {
    switch (c) {
      case 'r':
        perms |= permission::read;
        break;
      case 'w':
        perms |= permission::write;
        break;
      case 'c':
        perms |= permission::create;
        break;
      case 'd':
        perms |= permission::remove;
        break;
      case 'a':
        perms |= permission::admin;
        break;
      default:
        complaints.push_back(std::string{"Unknown perm type: "} + c);
    }
  }
  return perms;
}

}  // namespace

read_acl parse_acl(std::string_view text) {
  read_acl out;
  while (!text.empty()) {
    auto entry = text.substr(0, text.find(','));
    text.remove_prefix(std::min(entry.size() + 1, text.size()));
    auto first = entry.find(':');
    auto last = entry.rfind(':');
    if (first == last) {  // also when there is none
      out.complaints.push_back(std::string{entry} + " does not have the form scheme:id:perm");
      continue;
    }
    out.acl.push_back({parse_perms(entry.substr(last + 1), out.complaints),
                       {std::string{entry.substr(0, first)},
                        std::string{entry.substr(first + 1, last - first - 1)}}});
  }
  return out;
}

std::optional<std::string> path_fault(std::string_view path, bool sequential) {
  const auto whole = std::string{path} + (sequential ? "1" : "");
  auto why = core::path_fault(whole);
  if (!why) return std::nullopt;
  if (whole.empty()) return "Path length must be > 0";
  if (whole.front() != '/') return "Path must start with / character";
  if (whole.back() == '/') return "Path must not end with / character";
  return "Invalid path string \"" + whole + "\" caused by " + *why;
}

namespace {

std::string code_name(error_code code) {
  switch (code) {
    case error_code::ok:
      return "ok";
    case error_code::system_error:
      return "SystemError";
    case error_code::runtime_inconsistency:
      return "RuntimeInconsistency";
    case error_code::data_inconsistency:
      return "DataInconsistency";
    case error_code::connection_loss:
      return "ConnectionLoss";
    case error_code::marshalling_error:
      return "MarshallingError";
    case error_code::new_config_no_quorum:
      return "NewConfigNoQuorum";
    case error_code::reconfig_in_progress:
      return "ReconfigInProgress";
    case error_code::unimplemented:
      return "Unimplemented";
    case error_code::operation_timeout:
      return "OperationTimeout";
    case error_code::bad_arguments:
      return "BadArguments";
    case error_code::api_error:
      return "APIError";
    case error_code::no_node:
      return "NoNode";
    case error_code::no_auth:
      return "NoAuth";
    case error_code::bad_version:
      return "BadVersion";
    case error_code::no_children_for_ephemerals:
      return "NoChildrenForEphemerals";
    case error_code::node_exists:
      return "NodeExists";
    case error_code::invalid_acl:
      return "InvalidACL";
    case error_code::auth_failed:
      return "AuthFailed";
    case error_code::not_empty:
      return "Directory not empty";
    case error_code::session_expired:
      return "Session expired";
    case error_code::invalid_callback:
      return "Invalid callback";
    case error_code::session_moved:
      return "Session moved";
    case error_code::not_read_only:
      return "Not a read-only call";
    case error_code::ephemeral_on_local_session:
      return "Ephemeral node on local session";
    case error_code::no_watcher:
      return "No such watcher";
    case error_code::reconfig_disabled:
      return "Reconfig is disabled";
    case error_code::session_closed_require_sasl_auth:
      return "Session closed because client failed to authenticate";
    case error_code::quota_exceeded:
      return "Quota has exceeded";
    case error_code::throttled_op:
      return "Op throttled due to high load";
    default:
      return "Unknown error " + std::to_string(static_cast<std::int32_t>(code));
  }
}

}  // namespace

std::string exception_text(error_code code, std::string_view path) {
  return "KeeperErrorCode = " + code_name(code) + (path.empty() ? "" : " for " + std::string{path});
}

std::string failure_text(error_code code, std::string_view path) {
  const std::string of{path};
  if (code == interrupted) return "Interrupted" + (of.empty() ? "" : ": " + of);
  switch (code) {
    case error_code::no_node:
      return "Node does not exist: " + of;
    case error_code::no_children_for_ephemerals:
      return "Ephemerals cannot have children: " + of;
    case error_code::node_exists:
      return "Node already exists: " + of;
    case error_code::not_empty:
      return "Node not empty: " + of;
    case error_code::not_read_only:
      return "Not a read-only call: " + of;
    case error_code::invalid_acl:
      return "Acl is not valid : " + of;
    case error_code::no_auth:
      return "Insufficient permission : " + of;
    case error_code::bad_arguments:
      return "Arguments are not valid : " + of;
    case error_code::bad_version:
      return "version No is not valid : " + of;
    case error_code::reconfig_in_progress:
      return "Another reconfiguration is in progress -- concurrent reconfigs not supported (yet)";
    case error_code::new_config_no_quorum:
      return "No quorum of new config is connected and up-to-date with the leader of last "
             "committed config - try invoking reconfiguration after new servers are connected "
             "and synced";
    case error_code::quota_exceeded:
      return "Quota has exceeded : " + of;
    default:
      return exception_text(code, path);
  }
}

std::string event_text(const event& x) {
  return "WatchedEvent state:" + x.state + " type:" + x.type + " path:" + x.path.value_or("null");
}

std::string event_type_name(std::int32_t type) {
  switch (type) {
    case -1:
      return "None";
    case 1:
      return "NodeCreated";
    case 2:
      return "NodeDeleted";
    case 3:
      return "NodeDataChanged";
    case 4:
      return "NodeChildrenChanged";
    case 5:
      return "DataWatchRemoved";
    case 6:
      return "ChildWatchRemoved";
    case 7:
      return "PersistentWatchRemoved";
    default:
      return std::to_string(type);
  }
}

std::string base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');  // OpenSSL ends it with a NUL
  const auto n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                 reinterpret_cast<const unsigned char*>(bytes.data()),
                                 static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string padded{text};  // Java takes it without its padding too
  while (padded.size() % 4 != 0) padded += '=';
  std::string out(padded.size() / 4 * 3, '\0');
  const auto n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                 reinterpret_cast<const unsigned char*>(padded.data()),
                                 static_cast<int>(padded.size()));
  // OpenSSL skips blanks at both ends and counts padding as bytes.
  if (n < 0 || static_cast<std::size_t>(n) != out.size()) return std::nullopt;
  const auto end = padded.find_last_not_of('=');
  const auto padding = padded.size() - (end == std::string::npos ? 0 : end + 1);
  if (padding > 2 && !text.empty()) return std::nullopt;
  out.resize(out.size() - std::min(padding, out.size()));
  return out;
}

std::string client_addresses(std::string_view config) {
  auto lines = config::parse_properties(config);
  if (!lines) return {};
  std::string version;
  std::string list;
  for (const auto& x : *lines) {
    if (x.key == "version") version = x.value;
    if (!x.key.starts_with("server.")) continue;
    auto server = config::parse_server_line({}, x.value);
    if (!server || !server->client_port) continue;
    auto host = server->client_address.value_or("0.0.0.0");
    list += (list.empty() ? "" : ",") + host + ":" + std::to_string(*server->client_port);
  }
  return version + " " + list;
}

template <class Int>
std::optional<Int> parse_number(std::string_view text, int base) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  Int n = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return n;
}
template std::optional<std::int32_t> parse_number(std::string_view, int);
template std::optional<std::int64_t> parse_number(std::string_view, int);

}  // namespace troupe::cli
