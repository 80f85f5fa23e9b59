// SPDX-License-Identifier: Apache-2.0
// Lines of JSON to a history. What a field may be is said where it is read; a field that nobody
// asks for is passed over, so that newer writers can be read.
#include <istream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/history/history.hpp"

namespace troupe::history {
namespace {

using json = nlohmann::json;

/// Thrown inside this file only; read_history makes a value of it.
struct unreadable {
  std::string what;
};

const std::map<std::string, op_kind, std::less<>> kinds{
    {"create", op_kind::create}, {"delete", op_kind::remove}, {"set", op_kind::set},
    {"get", op_kind::get},       {"exists", op_kind::exists}, {"children", op_kind::children},
    {"sync", op_kind::sync},     {"multi", op_kind::multi},   {"close", op_kind::close}};

/// The fields of one object; whatever is wrong is told with the field's name.
class fields {
 public:
  explicit fields(const json& from, std::string where = "")
      : from_(from), where_(std::move(where)) {
    if (!from.is_object())
      throw unreadable{(where_.empty() ? "the line" : where_) + " is " + shown(from) +
                       ", an object is accepted"};
  }

  [[nodiscard]] bool has(const char* name) const { return from_.contains(name); }

  [[nodiscard]] std::optional<std::int64_t> maybe_number(const char* name) const {
    auto at = from_.find(name);
    if (at == from_.end() || at->is_null()) return {};
    if (!at->is_number_integer()) refuse(name, *at, "an integer");
    return at->get<std::int64_t>();
  }
  [[nodiscard]] std::int64_t number(const char* name) const {
    auto value = maybe_number(name);
    if (!value) throw unreadable{name_of(name) + " is missing, an integer is accepted"};
    return *value;
  }
  [[nodiscard]] std::optional<std::int32_t> maybe_version(const char* name) const {
    auto value = maybe_number(name);
    if (value && (*value < INT32_MIN || *value > INT32_MAX))
      refuse(name, from_[name], "a version, an integer of 32 bits");
    return value ? std::optional{static_cast<std::int32_t>(*value)} : std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> maybe_text(const char* name) const {
    auto at = from_.find(name);
    if (at == from_.end() || at->is_null()) return {};
    if (!at->is_string()) refuse(name, *at, "a string");
    return at->get<std::string>();
  }
  [[nodiscard]] std::string text(const char* name) const {
    auto value = maybe_text(name);
    if (!value) throw unreadable{name_of(name) + " is missing, a string is accepted"};
    return *value;
  }
  [[nodiscard]] bool flag(const char* name) const {
    auto at = from_.find(name);
    if (at == from_.end() || at->is_null()) return false;
    if (!at->is_boolean()) refuse(name, *at, "true or false");
    return at->get<bool>();
  }
  [[nodiscard]] std::vector<std::string> texts(const char* name) const {
    std::vector<std::string> out;
    for (const auto& each : list(name)) {
      if (!each.is_string()) refuse(name, each, "a list of strings");
      out.push_back(each.get<std::string>());
    }
    return out;
  }
  [[nodiscard]] const json& list(const char* name) const {
    static const json empty = json::array();
    auto at = from_.find(name);
    if (at == from_.end() || at->is_null()) return empty;
    if (!at->is_array()) refuse(name, *at, "a list");
    return *at;
  }
  [[nodiscard]] const json& raw(const char* name) const { return from_.at(name); }

  [[noreturn]] void refuse(const char* name, const json& value, const std::string& accepted) const {
    throw unreadable{name_of(name) + " is " + shown(value) + ", accepted is " + accepted};
  }

 private:
  [[nodiscard]] std::string name_of(const char* name) const {
    return "field \"" + (where_.empty() ? std::string{name} : where_ + "." + name) + "\"";
  }
  [[nodiscard]] static std::string shown(const json& value) {
    auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    return text.size() > 60 ? text.substr(0, 60) + "..." : text;
  }

  const json& from_;
  std::string where_;
};

std::string hex(std::int64_t number) {
  std::ostringstream out;
  out << "0x" << std::hex << static_cast<std::uint64_t>(number);
  return out.str();
}

node_stat read_stat(const json& from, const std::string& where) {
  fields in{from, where};
  node_stat out;
  out.czxid = in.maybe_number("czxid");
  out.mzxid = in.maybe_number("mzxid");
  out.version = in.maybe_version("version");
  out.cversion = in.maybe_version("cversion");
  if (in.has("ephemeralOwner") && in.raw("ephemeralOwner").is_number_integer())
    out.owner = hex(in.number("ephemeralOwner"));
  else
    out.owner = in.maybe_text("ephemeralOwner");
  return out;
}

std::optional<node_stat> maybe_stat(const fields& in, const std::string& where) {
  if (!in.has("stat") || in.raw("stat").is_null()) return {};
  return read_stat(in.raw("stat"), where);
}

change read_change(const fields& in) {
  change out;
  auto name = in.text("op");
  auto kind = kinds.find(name);
  if (kind == kinds.end()) {
    std::string accepted;
    for (const auto& [each, value] : kinds) accepted += (accepted.empty() ? "" : ", ") + each;
    in.refuse("op", in.raw("op"), accepted);
  }
  out.kind = kind->second;
  bool names_a_path =
      out.kind != op_kind::multi && out.kind != op_kind::close && out.kind != op_kind::sync;
  out.path = names_a_path ? in.text("path") : in.maybe_text("path").value_or("");
  out.data = in.maybe_text("data");
  out.version = in.maybe_version("version").value_or(-1);
  out.ephemeral = in.flag("ephemeral");
  out.sequential = in.flag("sequential");
  return out;
}

void read_multi(const fields& in, operation& out) {
  for (const auto& each : in.list("ops")) out.multi.push_back(read_change(fields{each, "ops"}));
  for (const auto& each : in.list("results")) {
    fields result{each, "results"};
    out.results.push_back({result.maybe_text("answer").value_or("ok"),
                           result.maybe_text("created").value_or(""),
                           maybe_stat(result, "results.stat")});
  }
}

operation read_operation(const fields& in) {
  operation out;
  out.client = static_cast<int>(in.number("client"));
  out.session = in.maybe_text("session").value_or("");
  out.asked = read_change(in);
  if (out.asked.kind == op_kind::multi) read_multi(in, out);
  out.sent_us = in.number("sent");
  out.heard_us = in.maybe_number("heard");
  out.answer = in.maybe_text("answer").value_or("unknown");
  if (out.heard_us && *out.heard_us < out.sent_us)
    in.refuse("heard", in.raw("heard"), "a time not before \"sent\"");
  if (!out.heard_us && !tells_no_outcome(out.answer))
    in.refuse("answer", in.raw("answer"), "\"unknown\" where \"heard\" is missing");
  out.created = in.maybe_text("created").value_or("");
  out.data_read = in.maybe_text("data_read");
  out.children = in.texts("children");
  out.stat = maybe_stat(in, "stat");
  out.zxid = in.maybe_number("zxid");
  out.xid = in.maybe_number("xid");
  if (in.flag("synced")) {
    out.synced_from_us = in.number("synced_from");
    if (*out.synced_from_us > out.sent_us)
      in.refuse("synced_from", in.raw("synced_from"), "a time not behind \"sent\"");
  }
  out.watch = in.flag("watch");
  out.key = in.maybe_text("key").value_or("");
  return out;
}

final_value::value_type read_final(const fields& in, const json& value) {
  if (value.is_null()) return std::monostate{};
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_string()) return value.get<std::string>();
  std::vector<std::string> out;
  if (!value.is_array())
    in.refuse("final", value, "null, an integer, a string or a list of strings");
  for (const auto& each : value) {
    if (!each.is_string() && !each.is_number_integer())
      in.refuse("final", each, "a list of strings");
    out.push_back(each.is_string() ? each.get<std::string>() : each.dump());
  }
  return out;
}

void read_head(const fields& in, history& out) {
  if (!in.has("history"))
    throw unreadable{"the first line has to be {\"history\":1,\"source\":\"...\",\"unit\":\"us\"}"};
  if (in.number("history") != 1) in.refuse("history", in.raw("history"), "1");
  if (in.maybe_text("unit").value_or("us") != "us") in.refuse("unit", in.raw("unit"), "\"us\"");
  out.source = in.maybe_text("source").value_or("");
  auto initial = in.maybe_text("initial").value_or("empty");
  if (initial != "empty" && initial != "unknown")
    in.refuse("initial", in.raw("initial"), "\"empty\" or \"unknown\"");
  out.starts_empty = initial == "empty";
}

void read_line(const fields& in, std::size_t line, history& out) {
  if (in.has("op")) {
    out.operations.push_back(read_operation(in));
    out.operations.back().line = line;
  } else if (in.has("event")) {
    out.events.push_back({static_cast<int>(in.number("client")),
                          in.maybe_text("session").value_or(""), in.text("event"), in.text("path"),
                          in.number("heard"), line});
  } else if (in.has("state")) {
    out.states.push_back({static_cast<int>(in.number("client")),
                          in.maybe_text("session").value_or(""), in.text("state"),
                          in.number("heard"), line});
  } else if (in.has("lock")) {
    out.tenures.push_back({in.text("lock"), static_cast<int>(in.number("client")),
                           in.maybe_text("session").value_or(""), in.number("token"),
                           in.number("held_from"), in.maybe_number("held_to"), line});
    const auto& held = out.tenures.back();
    if (held.to_us && *held.to_us < held.from_us)
      in.refuse("held_to", in.raw("held_to"), "a time not before \"held_from\"");
  } else if (in.has("fault")) {
    out.faults.push_back({in.text("fault"), in.number("began"), in.maybe_number("ended")});
  } else if (in.has("final")) {
    fields values{in.raw("final"), "final"};
    auto heard_us = in.maybe_number("heard").value_or(never);
    for (const auto& [key, value] : in.raw("final").items())
      out.finals.push_back({key, read_final(in, value), heard_us, line});
  } else {
    throw unreadable{
        "no field says what the line is: accepted are op, event, state, lock, fault and final"};
  }
}

}  // namespace

std::variant<history, bad_history> read_history(std::istream& in) {
  history out;
  std::string text;
  std::size_t line = 0;
  bool has_head = false;
  while (std::getline(in, text)) {
    ++line;
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    try {
      auto parsed = json::parse(text);
      fields each{parsed};
      if (has_head)
        read_line(each, line, out);
      else
        read_head(each, out);
      has_head = true;
    } catch (const unreadable& e) {
      return bad_history{line, e.what};
    } catch (const json::exception& e) {
      return bad_history{line, std::string{"the line is no JSON: "} + e.what()};
    }
  }
  if (!has_head)
    return bad_history{line, "the file is empty, a history is at least its first line"};
  return out;
}

}  // namespace troupe::history
