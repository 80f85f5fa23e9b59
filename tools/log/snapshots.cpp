// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "actors/core/tree_walk.hpp"
#include "actors/storage/survey.hpp"
#include "messages/printable.hpp"
#include "tools/log/commands.hpp"
#include "tools/log/describe.hpp"
#include "tools/log/source.hpp"

namespace troupe::log_tool {
namespace {

void tell_notes(const loaded& from, const terminal& term) {
  for (const auto& note : from.notes)
    term.err << "actor-log: " << from.title << ": " << note << "\n";
}

json session_json(const core::tree& tree, session_id id, std::int32_t timeout_ms) {
  return {
      {"session", to_string(id)}, {"timeout_ms", timeout_ms}, {"ephemerals", tree.ephemerals(id)}};
}

json head_json(const loaded& from) {
  const auto& tree = from.image->data;
  auto holds = storage::count(tree);
  json out{{"read", from.title},
           {"zxid", to_string(from.last)},
           {"znodes", holds.znodes},
           {"sessions", holds.sessions},
           {"ephemerals", holds.ephemerals},
           {"containers", holds.containers},
           {"ttl_znodes", holds.ttl_znodes},
           {"data_bytes", holds.data_bytes},
           {"digest", to_hex(tree.digest())}};
  if (from.image->digest)
    out["digest_written"] = {{"zxid", to_string(from.image->digest->at)},
                             {"version", from.image->digest->version},
                             {"value", to_hex(from.image->digest->value)}};
  return out;
}

void print_head(const loaded& from, std::ostream& out) {
  auto holds = storage::count(from.image->data);
  out << from.title << ": zxid " << to_string(from.last) << ", " << holds.znodes << " znodes ("
      << holds.ephemerals << " ephemerals, " << holds.containers << " containers, "
      << holds.ttl_znodes << " TTL znodes), " << holds.sessions << " sessions, " << holds.data_bytes
      << " bytes of paths and data, digest " << to_hex(from.image->data.digest()) << "\n";
}

/// A subtree, or what stands directly at a summary's depth.
struct subtree {
  std::string path;
  std::uint64_t znodes = 0, data_bytes = 0;
  std::size_t deepest = 0;  // levels below it
};

std::size_t level_of(const std::string& path) {
  if (path == "/") return 0;
  return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/'));
}

/// Every znode down to `depth` levels below `top`, with what is at and below it.
std::vector<subtree> subtrees(const core::znode& top, const std::string& path, std::size_t depth) {
  std::vector<subtree> out;
  std::vector<std::size_t> open;  // those above the present znode, in out
  auto base = level_of(path);
  core::walk(top, path, [&](const std::string& here, const core::znode& node) {
    auto level = level_of(here) - base;
    open.resize(std::min({open.size(), level, depth + 1}));
    if (level <= depth) {
      open.push_back(out.size());
      out.push_back({here, 0, 0, 0});
    }
    for (std::size_t i = 0; i < open.size(); ++i) {
      auto& over = out[open[i]];
      ++over.znodes;
      over.data_bytes += node.data.size();
      over.deepest = std::max(over.deepest, level - i);
    }
  });
  return out;
}

std::string stat_difference(const core::tree& left, const core::znode& a, const core::tree& right,
                            const core::znode& b) {
  std::string out;
  auto differs = [&out](std::string_view what, const std::string& x, const std::string& y) {
    if (x != y) out += (out.empty() ? "" : ", ") + std::string{what} + " " + x + " / " + y;
  };
  const auto& s = a.stats;
  const auto& t = b.stats;
  if (a.data.is_null() != b.data.is_null() || a.data.view() != b.data.view())
    differs("data", data_text(a.data.to_buffer(), 24), data_text(b.data.to_buffer(), 24) + " ");
  differs("acl", acl_text(*left.acl_of(a)), acl_text(*right.acl_of(b)));
  differs("czxid", to_string(s.czxid), to_string(t.czxid));
  differs("mzxid", to_string(s.mzxid), to_string(t.mzxid));
  differs("pzxid", to_string(s.pzxid), to_string(t.pzxid));
  differs("ctime", time_text(s.ctime), time_text(t.ctime));
  differs("mtime", time_text(s.mtime), time_text(t.mtime));
  differs("version", std::to_string(s.version), std::to_string(t.version));
  differs("cversion", std::to_string(s.cversion), std::to_string(t.cversion));
  differs("aversion", std::to_string(s.aversion), std::to_string(t.aversion));
  differs("owner", to_string(s.ephemeral_owner), to_string(t.ephemeral_owner));
  return out;
}

struct difference {
  char kind;  // '-' only left, '+' only right, '!' both, and not the same
  std::string path, what;
};

std::vector<difference> differences(const core::tree& left, const core::tree& right) {
  std::vector<difference> out;
  core::walk(left, [&](const std::string& path, const core::znode& node) {
    auto other = right.find(path);
    if (!other) {
      out.push_back({'-', path, {}});
    } else if (auto what = stat_difference(left, node, right, *other); !what.empty()) {
      out.push_back({'!', path, std::move(what)});
    }
  });
  core::walk(right, [&](const std::string& path, const core::znode&) {
    if (!left.find(path)) out.push_back({'+', path, {}});
  });
  auto sessions = [&out](const core::tree& here, const core::tree& there, char kind) {
    for (const auto& [id, timeout_ms] : here.sessions())
      if (!there.sessions().contains(id)) out.push_back({kind, "session " + to_string(id), {}});
  };
  sessions(left, right, '-');
  sessions(right, left, '+');
  for (const auto& [id, timeout_ms] : left.sessions())
    if (auto other = right.sessions().find(id);
        other != right.sessions().end() && other->second != timeout_ms)
      out.push_back({'!', "session " + to_string(id),
                     "timeout " + std::to_string(timeout_ms) + " / " +
                         std::to_string(other->second) + " ms"});
  return out;
}

}  // namespace

int print_snapshot(storage::disk& d, const std::string& path, const common_options& options,
                   const terminal& term) {
  progress told{term};
  auto from = load(d, path, options, told);
  told.clear();
  if (!from) return fail(term, from.error().text());
  tell_notes(*from, term);
  const auto& tree = from->image->data;
  if (options.json)
    term.out << dump(head_json(*from)) << "\n";
  else
    print_head(*from, term.out);
  for (const auto& [id, timeout_ms] : tree.sessions())
    if (options.json)
      term.out << dump(session_json(tree, id, timeout_ms)) << "\n";
    else
      term.out << "session " << to_string(id) << " timeout " << timeout_ms << " ms, "
               << tree.ephemerals(id).size() << " ephemerals\n";
  core::walk(tree, [&](const std::string& here, const core::znode& node) {
    if (options.json)
      term.out << dump(znode_json(tree, here, node)) << "\n";
    else
      term.out << znode_text(tree, here, node, options.data_bytes_shown);
  });
  return exit_code::fine;
}

int summarise(storage::disk& d, const std::string& path, const summary_options& what,
              const common_options& options, const terminal& term) {
  progress told{term};
  auto from = load(d, path, options, told);
  told.clear();
  if (!from) return fail(term, from.error().text());
  tell_notes(*from, term);
  auto top = from->image->data.find(what.top);
  if (!top) return fail(term, "there is no " + what.top + " in " + path);
  auto rows = subtrees(*top, what.top, what.depth);
  if (what.by_bytes)
    std::stable_sort(rows.begin(), rows.end(),
                     [](const auto& a, const auto& b) { return a.data_bytes > b.data_bytes; });
  if (options.json) {
    auto out = head_json(*from);
    out["subtrees"] = json::array();
    for (const auto& row : rows)
      out["subtrees"].push_back({{"path", row.path},
                                 {"znodes", row.znodes},
                                 {"data_bytes", row.data_bytes},
                                 {"depth", row.deepest}});
    term.out << dump(out, 2) << "\n";
    return exit_code::fine;
  }
  print_head(*from, term.out);
  auto column = [](std::string text, std::size_t width) {
    return std::string(text.size() < width ? width - text.size() : 0, ' ') + text + "  ";
  };
  term.out << column("znodes", 10) << column("data bytes", 14) << column("depth", 5) << "path\n";
  for (const auto& row : rows)
    term.out << column(std::to_string(row.znodes), 10) << column(std::to_string(row.data_bytes), 14)
             << column(std::to_string(row.deepest), 5) << printable(row.path) << "\n";
  return exit_code::fine;
}

int diff(storage::disk& d, const std::string& left, const std::string& right,
         const common_options& options, const terminal& term) {
  progress told{term};
  auto a = load(d, left, options, told);
  if (!a) return fail(term, a.error().text());
  auto b = load(d, right, options, told);
  told.clear();
  if (!b) return fail(term, b.error().text());
  tell_notes(*a, term);
  tell_notes(*b, term);
  auto found = differences(a->image->data, b->image->data);
  if (options.json) {
    json out{{"left", head_json(*a)}, {"right", head_json(*b)}};
    out["differences"] = json::array();
    for (const auto& x : found)
      out["differences"].push_back({{"kind", x.kind == '-'   ? "left_only"
                                             : x.kind == '+' ? "right_only"
                                                             : "changed"},
                                    {"where", x.path},
                                    {"what", x.what}});
    term.out << dump(out, 2) << "\n";
  } else {
    for (const auto& x : found)
      term.out << x.kind << " " << printable(x.path) << (x.what.empty() ? "" : ": ") << x.what
               << "\n";
    if (found.empty()) term.out << "the same\n";
  }
  return found.empty() ? exit_code::fine : exit_code::found;
}

}  // namespace troupe::log_tool
