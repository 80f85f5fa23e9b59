// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <ostream>

#include "actors/core/path.hpp"
#include "tools/cli/commands.hpp"
#include "tools/cli/quota_text.hpp"
#include "tools/cli/texts.hpp"

namespace troupe::cli {
namespace {

constexpr std::string_view limits_name = "zookeeper_limits";
const std::vector<acl_entry> open_to_all{{permission::all, {"world", "anyone"}}};

struct quota_kind {
  std::string_view letter;
  std::string_view key;
  bool counts;  // znodes, not bytes
};
constexpr quota_kind kinds[] = {{"n", quota_key::count, true},
                                {"b", quota_key::bytes, false},
                                {"N", quota_key::count_hard, true},
                                {"B", quota_key::bytes_hard, false}};

tl::expected<quota_text, failure> limits_of(const parsed_words& given) {
  quota_text limits;
  for (const auto& x : kinds) limits.set(x.key, -1);
  for (const auto& x : kinds) {
    const auto* text = given.value(x.letter);
    if (text == nullptr) continue;
    auto number = parse_number<std::int64_t>(*text);
    if (!number || (x.counts && *number > INT32_MAX))
      return fail("the quota must be a number, which this is not: " + *text);
    if (x.counts && *number <= 0) return fail("the num quota must be greater than zero");
    if (*number < 0) return fail("the bytes quota must be greater than or equal to zero");
    limits.set(x.key, *number);
  }
  return limits;
}

/// ZooKeeper looks at one quota for a path, so none may be above or below another.
outcome check_no_other_quota(client& zk, const std::string& path) {
  auto below = visit_tree(zk, quota_node(path), false, [&](const std::string& each) -> outcome {
    if (core::base_name(each) != limits_name || each == limits_node(path)) return {};
    return fail(path + " has a child " +
                std::string{core::parent_path(each).substr(core::quota_path.size())} +
                " which has a quota");
  });
  // That there is none below is fine.
  if (!below && below.error().text != failure_text(error_code::no_node, quota_node(path)))
    return below;
  for (auto slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const auto above = path.substr(0, slash);
    auto found = zk.exists(limits_node(above), false);
    if (found) return fail(path + " has a parent " + above + " which has a quota");
    if (found.error() != error_code::no_node) return refused(found.error(), limits_node(above));
  }
  return {};
}

result<void> make(client& zk, const std::string& path, const jute::buffer& data) {
  auto done = zk.create(path, data, open_to_all, create_flag::persistent, -1);
  if (!done && done.error() != error_code::node_exists) return tl::unexpected{done.error()};
  return {};
}

/// The nodes from /zookeeper/quota down to the one of `path`.
outcome make_quota_nodes(client& zk, const std::string& path) {
  const auto whole = quota_node(path);
  for (auto slash = whole.find('/', 1);; slash = whole.find('/', slash + 1)) {
    const auto part = whole.substr(0, slash);
    if (auto found = zk.exists(part, false); !found && found.error() == error_code::no_node) {
      if (auto done = make(zk, part, {}); !done) return refused(done.error(), part);
    } else if (!found) {
      return refused(found.error(), part);
    }
    if (slash == std::string::npos) return {};
  }
}

void warn_if_exceeded(console& io, const quota_text& limits, const quota_text& used) {
  auto below = [&](std::string_view key, std::string_view of) {
    return limits.get(key) > -1 && limits.get(key) < used.get(of);
  };
  if (below(quota_key::count, quota_key::count) || below(quota_key::count_hard, quota_key::count))
    io.out() << "[Warning]: the count quota you create is less than the existing count:"
             << used.get(quota_key::count) << "\n";
  if (below(quota_key::bytes, quota_key::bytes) || below(quota_key::bytes_hard, quota_key::bytes))
    io.out() << "[Warning]: the bytes quota you create is less than the existing bytes:"
             << used.get(quota_key::bytes) << "\n";
}

tl::expected<quota_text, failure> read(client& zk, const std::string& path) {
  auto found = zk.get(path, false);
  if (!found) return refused(found.error(), path);
  return quota_text{found->data.value_or("")};
}

}  // namespace

outcome run_set_quota(context& to, const parsed_words& given) {
  const auto& path = given.words[1];
  if (path.starts_with(core::quota_path))
    return fail("cannot set a quota under the path: " + std::string{core::quota_path});
  auto limits = limits_of(given);
  if (!limits) return tl::unexpected(limits.error());
  if (auto is_path = check_path(path); !is_path) return is_path;
  auto& zk = to.link.zk();
  auto there = zk.exists(path, false);
  if (!there && there.error() == error_code::no_node) return fail(path + " does not exist.");
  if (!there) return refused(there.error(), path);
  if (auto alone = check_no_other_quota(zk, path); !alone) return alone;
  if (auto made = make_quota_nodes(zk, path); !made) return made;

  const auto at = limits_node(path);
  if (zk.exists(at, false)) {
    auto old = read(zk, at);
    if (!old) return tl::unexpected(old.error());
    for (const auto& x : kinds)
      if (limits->get(x.key) > -1) old->set(x.key, limits->get(x.key));
    auto used = read(zk, stats_node(path));
    if (!used) return tl::unexpected(used.error());
    warn_if_exceeded(to.io, *old, *used);
    if (auto done = zk.set(at, old->text(), -1); !done) return refused(done.error(), at);
    return {};
  }
  if (auto done = make(zk, at, limits->text()); !done) return refused(done.error(), at);
  quota_text nothing;
  nothing.set(quota_key::count, 0);
  nothing.set(quota_key::bytes, 0);
  if (auto done = make(zk, stats_node(path), nothing.text()); !done)
    return refused(done.error(), stats_node(path));
  // The server has put what is there into it by now.
  auto used = read(zk, stats_node(path));
  if (!used) return tl::unexpected(used.error());
  warn_if_exceeded(to.io, *limits, *used);
  return {};
}

outcome run_list_quota(context& to, const parsed_words& given) {
  const auto& path = given.words[1];
  to.io.err() << "absolute path is " << limits_node(path) << "\n";
  if (auto is_path = check_path(limits_node(path)); !is_path) return is_path;
  auto& zk = to.link.zk();
  auto limits = zk.get(limits_node(path), false);
  auto used = zk.get(stats_node(path), false);
  for (const auto* x : {&limits, &used}) {
    if (*x) continue;
    if (x->error() != error_code::no_node) return refused(x->error(), limits_node(path));
    to.io.err() << "quota for " << path << " does not exist.\n";
    return {};
  }
  to.io.out() << "Output quota for " << path << " " << quota_text{limits->data.value_or("")}.text()
              << "\n"
              << "Output stat for " << path << " " << quota_text{used->data.value_or("")}.text()
              << "\n";
  return {};
}

outcome run_del_quota(context& to, const parsed_words& given) {
  const auto& path = given.words[1];
  const auto at = limits_node(path);
  if (auto is_path = check_path(at); !is_path) return is_path;
  auto& zk = to.link.zk();
  auto found = zk.get(at, false);
  if (!found && found.error() == error_code::no_node) {
    to.io.out() << "Quota does not exist for " << path << "\n";
    return {};
  }
  if (!found) return refused(found.error(), at);
  if (!given.options.empty()) {
    quota_text limits{found->data.value_or("")};
    for (const auto& x : kinds)
      if (given.has(x.letter)) limits.set(x.key, -1);
    if (auto done = zk.set(at, limits.text(), -1); !done) return refused(done.error(), at);
    return {};
  }
  for (const auto& node : {at, stats_node(path)})
    if (auto done = zk.remove(node, -1); !done && done.error() != error_code::no_node)
      return refused(done.error(), node);
  // And what was made for it above, as far as nothing else is there.
  for (std::string node = quota_node(path); node != core::quota_path;
       node = core::parent_path(node)) {
    auto children = zk.children(node, false);
    if (!children) return refused(children.error(), node);
    if (!children->names.empty()) break;
    if (auto done = zk.remove(node, -1); !done) return refused(done.error(), node);
  }
  return {};
}

}  // namespace troupe::cli
