// SPDX-License-Identifier: Apache-2.0
#include "tests/history/history.hpp"

#include <algorithm>
#include <array>

namespace troupe::history {
namespace {

std::string change_text(const change& c) {
  std::string out{to_string(c.kind)};
  if (c.ephemeral) out += " ephemeral";
  if (c.sequential) out += " sequential";
  if (!c.path.empty()) out += " " + c.path;
  if (c.data) out += " \"" + c.data->substr(0, 40) + "\"";
  if (c.version != -1) out += " if version " + std::to_string(c.version);
  return out;
}

std::string stat_text(const node_stat& s) {
  std::string out;
  if (s.version) out += " version " + std::to_string(*s.version);
  if (s.czxid) out += " czxid " + std::to_string(*s.czxid);
  if (s.mzxid) out += " mzxid " + std::to_string(*s.mzxid);
  return out;
}

}  // namespace

std::string_view to_string(op_kind kind) {
  switch (kind) {
    case op_kind::create:
      return "create";
    case op_kind::remove:
      return "delete";
    case op_kind::set:
      return "set";
    case op_kind::get:
      return "get";
    case op_kind::exists:
      return "exists";
    case op_kind::children:
      return "children";
    case op_kind::sync:
      return "sync";
    case op_kind::multi:
      return "multi";
    case op_kind::close:
      return "close";
  }
  return "?";
}

bool tells_no_outcome(std::string_view answer) {
  constexpr std::array<std::string_view, 6> all{"unknown",           "connection_loss",
                                                "operation_timeout", "request_timeout",
                                                "session_expired",   "session_moved"};
  return std::find(all.begin(), all.end(), answer) != all.end();
}

bool operation::is_write() const {
  return asked.kind == op_kind::create || asked.kind == op_kind::remove ||
         asked.kind == op_kind::set || asked.kind == op_kind::multi;
}

bool operation::is_unknown() const { return !heard_us || tells_no_outcome(answer); }

bool operation::was_decided() const {
  constexpr std::array<std::string_view, 6> decided{
      "ok", "no_node", "node_exists", "bad_version", "not_empty", "no_children_for_ephemerals"};
  return !is_unknown() && std::find(decided.begin(), decided.end(), answer) != decided.end();
}

bool operation::proves_its_session() const {
  return was_decided() && (is_write() || asked.kind == op_kind::sync);
}

std::int64_t operation::done_us() const { return is_unknown() ? never : *heard_us; }

std::optional<std::int64_t> operation::write_zxid() const {
  if (!is_write() || is_unknown()) return {};
  if (is_ok() && stat && asked.kind == op_kind::create && stat->czxid) return stat->czxid;
  if (is_ok() && stat && asked.kind == op_kind::set && stat->mzxid) return stat->mzxid;
  return zxid;
}

std::string operation::text() const {
  std::string out = "[" + std::to_string(sent_us) + ", ";
  out += heard_us ? std::to_string(*heard_us) + "]" : "never heard]";
  out += " client " + std::to_string(client) + " " + change_text(asked);
  for (const auto& c : multi) out += " (" + change_text(c) + ")";
  if (synced_from_us) out += " synced from " + std::to_string(*synced_from_us);
  out += " -> " + answer;
  if (!created.empty()) out += " " + created;
  if (data_read) out += " \"" + data_read->substr(0, 40) + "\"";
  if (stat) out += stat_text(*stat);
  if (zxid) out += " at zxid " + std::to_string(*zxid);
  if (line != 0) out += " (line " + std::to_string(line) + ")";
  return out;
}

std::string bad_history::text(std::string_view file) const {
  return std::string{file} + ":" + std::to_string(line) + ": " + what;
}

}  // namespace troupe::history
