// SPDX-License-Identifier: Apache-2.0
// A history to lines of JSON.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "tests/history/history.hpp"

namespace troupe::history {
namespace {

using json = nlohmann::ordered_json;

template <typename T>
void put(json& to, const char* name, const std::optional<T>& value) {
  if (value) to[name] = *value;
}

void put_stat(json& to, const std::optional<node_stat>& s) {
  if (!s) return;
  auto& out = to["stat"] = json::object();
  put(out, "czxid", s->czxid);
  put(out, "mzxid", s->mzxid);
  put(out, "version", s->version);
  put(out, "cversion", s->cversion);
  put(out, "ephemeralOwner", s->owner);
}

void put_change(json& to, const change& c) {
  to["op"] = to_string(c.kind);
  if (!c.path.empty()) to["path"] = c.path;
  put(to, "data", c.data);
  if (c.version != -1) to["version"] = c.version;
  if (c.ephemeral) to["ephemeral"] = true;
  if (c.sequential) to["sequential"] = true;
}

void put_multi(json& to, const operation& op) {
  to["ops"] = json::array();
  for (const auto& c : op.multi) put_change(to["ops"].emplace_back(json::object()), c);
  if (op.results.empty()) return;
  to["results"] = json::array();
  for (const auto& r : op.results) {
    auto& out = to["results"].emplace_back(json{{"answer", r.answer}});
    if (!r.created.empty()) out["created"] = r.created;
    put_stat(out, r.stat);
  }
}

json of(const operation& op) {
  json out{{"client", op.client}, {"session", op.session}};
  put(out, "xid", op.xid);
  put_change(out, op.asked);
  if (op.asked.kind == op_kind::multi) put_multi(out, op);
  if (op.watch) out["watch"] = true;
  if (op.synced_from_us) {
    out["synced"] = true;
    out["synced_from"] = *op.synced_from_us;
  }
  out["sent"] = op.sent_us;
  put(out, "heard", op.heard_us);
  out["answer"] = op.answer;
  if (!op.created.empty()) out["created"] = op.created;
  put(out, "data_read", op.data_read);
  if (op.asked.kind == op_kind::children && op.is_ok()) out["children"] = op.children;
  put_stat(out, op.stat);
  put(out, "zxid", op.zxid);
  if (!op.key.empty()) out["key"] = op.key;
  return out;
}

json of(const watch_event& e) {
  return {{"client", e.client},
          {"session", e.session},
          {"event", e.event},
          {"path", e.path},
          {"heard", e.heard_us}};
}

json of(const state_change& s) {
  return {{"client", s.client}, {"session", s.session}, {"state", s.state}, {"heard", s.heard_us}};
}

json of(const tenure& t) {
  json out{{"lock", t.lock}, {"client", t.client}, {"session", t.session}, {"token", t.token}};
  out["held_from"] = t.from_us;
  put(out, "held_to", t.to_us);
  return out;
}

json of(const fault& f) {
  json out{{"fault", f.what}, {"began", f.began_us}};
  put(out, "ended", f.ended_us);
  return out;
}

json of(const final_value& f) {
  json value;
  if (auto* number = std::get_if<std::int64_t>(&f.value)) value = *number;
  if (auto* text = std::get_if<std::string>(&f.value)) value = *text;
  if (auto* list = std::get_if<std::vector<std::string>>(&f.value)) value = *list;
  json out{{"final", {{f.key, value}}}};
  if (f.heard_us != never) out["heard"] = f.heard_us;
  return out;
}

/// Lines of several kinds, to be put into one order: by time, then as they stand in the history.
struct line_at {
  std::int64_t time_us;
  std::size_t place;  // the line it was read from or is to have among its like; 0: any
  json line;
};

template <typename T>
void add(std::vector<line_at>& to, const std::vector<T>& from) {
  for (const auto& each : from) {
    std::int64_t time_us = never;
    if constexpr (std::is_same_v<T, operation>)
      time_us = each.heard_us.value_or(never);
    else
      time_us = each.heard_us;
    to.push_back({time_us, each.line, of(each)});
  }
}

}  // namespace

void write_history(std::ostream& out, const history& h) {
  auto say = [&out](const json& line) {
    out << line.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  };
  json head{{"history", 1}, {"source", h.source}, {"unit", "us"}};
  if (!h.starts_empty) head["initial"] = "unknown";
  say(head);
  for (const auto& f : h.faults) say(of(f));
  std::vector<line_at> lines;
  add(lines, h.operations);
  add(lines, h.events);
  add(lines, h.states);
  std::stable_sort(lines.begin(), lines.end(), [](const auto& a, const auto& b) {
    return std::pair{a.time_us, a.place} < std::pair{b.time_us, b.place};
  });
  for (const auto& each : lines) say(each.line);
  for (const auto& t : h.tenures) say(of(t));
  for (const auto& f : h.finals) say(of(f));
}

}  // namespace troupe::history
